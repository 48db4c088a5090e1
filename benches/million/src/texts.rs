//! Korean texts that are the same in each run: words of two to four syllables, some of them in every tenth memo and most of
//! them in few, as in a language.

/// A small generator of numbers (xorshift64*): no more is asked of it than to be the same everywhere.
pub struct Chance(u64);

impl Chance {
    pub const fn new(seed: u64) -> Self {
        Self(seed | 1)
    }

    /// A number below a bound.
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
        let mut chance = Chance::new(7);
        let syllables: Vec<char> = ('가'..='힣').step_by(13).collect();
        let word = |chance: &mut Chance| {
            (0..2 + chance.below(3)).map(|_| syllables[chance.below(syllables.len())]).collect::<String>()
        };
        Self((0..WORDS).map(|_| word(&mut chance)).collect())
    }

    /// The word of a rank: the first ones are frequent.
    pub fn word(&self, rank: usize) -> &str {
        &self.0[rank % WORDS]
    }

    /// So many words. The product of two chances makes few of them frequent.
    pub fn text(&self, chance: &mut Chance, words: usize) -> String {
        let words: Vec<_> = (0..words).map(|_| self.word(chance.below(WORDS) * chance.below(WORDS) / WORDS)).collect();
        words.join(" ")
    }
}
