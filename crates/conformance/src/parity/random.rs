//! Deterministic random choices.

/// A `SplitMix64` generator: its only state is the seed.
pub(super) struct Random(u64);

impl Random {
    pub(super) const fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ mixed >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ mixed >> 31
    }

    /// A number below `end`.
    pub(super) fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() % end as u64).expect("it is below a usize")
    }

    /// `true` in `often` of 100 cases.
    pub(super) fn percent(&mut self, often: usize) -> bool {
        self.below(100) < often
    }

    pub(super) fn one_of<T: Clone>(&mut self, items: &[T]) -> T {
        items[self.below(items.len())].clone()
    }

    /// Mostly one of the last items, so that many steps concern the same few; `None` if there are no items.
    pub(super) fn recent<T: Clone>(&mut self, items: &[T]) -> Option<T> {
        let reach = if self.percent(80) { 12 } else { items.len() };
        let reach = reach.min(items.len());
        (reach > 0).then(|| items[items.len() - 1 - self.below(reach)].clone())
    }

    /// `Some` in `often` of 100 cases.
    pub(super) fn maybe<T>(&mut self, often: usize, make: impl FnOnce(&mut Self) -> T) -> Option<T> {
        self.percent(often).then(|| make(self))
    }
}
