/// What an archive may cost. A size that an archive declares is never trusted: the bytes are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// The maximum number of entries of an archive, or of notes in a file without entries.
    pub entries: u64,
    /// The maximum size of one note, unpacked, in bytes.
    pub entry_bytes: u64,
    /// The maximum size of all notes, unpacked, in bytes.
    pub total_bytes: u64,
    /// How many times larger than its compressed form an entry may be, if it has more than [`Limits::MIN_RATIO_BYTES`].
    pub ratio: u64,
}

impl Limits {
    /// The default of [`Limits::entries`].
    pub const MAX_ENTRIES: u64 = 100_000;
    /// The default of [`Limits::entry_bytes`].
    pub const MAX_ENTRY_BYTES: u64 = 16 << 20;
    /// The default of [`Limits::total_bytes`].
    pub const MAX_TOTAL_BYTES: u64 = 1 << 30;
    /// The default of [`Limits::ratio`]. Text is compressed to a third or a tenth.
    pub const MAX_RATIO: u64 = 100;
    /// The unpacked size from which the ratio counts: a short text of one repeated character is harmless.
    pub const MIN_RATIO_BYTES: u64 = 1 << 20;
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            entries: Self::MAX_ENTRIES,
            entry_bytes: Self::MAX_ENTRY_BYTES,
            total_bytes: Self::MAX_TOTAL_BYTES,
            ratio: Self::MAX_RATIO,
        }
    }
}
