use crate::codec::Codec;

/// An index of the records themselves, by their key.
pub const PRIMARY: u8 = 0;

/// A record with a key. It is declared beside its repository.
///
/// The numbers of tables and indexes are part of what is stored: one that was used once keeps its meaning.
pub trait Entity: Codec {
    /// The number of the table, which no other record has.
    const TABLE: u8;

    /// The key, without the table.
    fn key(&self) -> Vec<u8>;

    /// The index entries that lead to it: the number of the index, and a key that no other record has there.
    fn indexes(&self) -> Vec<(u8, Vec<u8>)> {
        Vec::new()
    }
}
