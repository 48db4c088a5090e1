//! Random Korean texts that are the same in each run: words of two to four syllables, a few of them frequent and most of
//! them rare, as in a natural language.

/// A small random generator (xorshift64*) that gives the same numbers everywhere.
pub struct Random(u64);

impl Random {
    pub const fn new(seed: u64) -> Self {
        Self(seed | 1)
    }

    /// Returns a number below `bound`.
    pub const fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) as usize % bound
    }
}

const WORDS: usize = 5_000;

pub struct Language(Vec<String>);

impl Language {
    pub fn new() -> Self {
        let mut random = Random::new(7);
        let syllables: Vec<char> = ('가'..='힣').step_by(13).collect();
        let word = |random: &mut Random| {
            (0..2 + random.below(3)).map(|_| syllables[random.below(syllables.len())]).collect::<String>()
        };
        Self((0..WORDS).map(|_| word(&mut random)).collect())
    }

    /// Returns the word of a rank. Words of low rank are frequent.
    pub fn word(&self, rank: usize) -> &str {
        &self.0[rank % WORDS]
    }

    /// Returns a text. The product of two random numbers makes low ranks frequent.
    pub fn text(&self, random: &mut Random, words: usize) -> String {
        let words: Vec<_> = (0..words).map(|_| self.word(random.below(WORDS) * random.below(WORDS) / WORDS)).collect();
        words.join(" ")
    }
}
