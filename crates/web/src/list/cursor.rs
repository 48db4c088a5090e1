use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use memo_domain::{Id, MemoCursor, MemoId, SortPosition, Tag, Timestamp, Version};
use uuid::Uuid;
use xxhash_rust::xxh3::{xxh3_64, xxh3_64_with_seed};

/// A position in a list that has a text form.
pub trait Cursor: Sized + 'static {
    /// Appends the binary form.
    fn write(&self, bytes: &mut Vec<u8>);

    /// Reads the binary form.
    fn read(bytes: &[u8]) -> Option<Self>;
}

impl<T: 'static> Cursor for Id<T> {
    fn write(&self, bytes: &mut Vec<u8>) {
        bytes.extend(self.as_uuid().as_bytes());
    }

    fn read(bytes: &[u8]) -> Option<Self> {
        Uuid::from_slice(bytes).ok().map(Self::new)
    }
}

impl Cursor for Version {
    fn write(&self, bytes: &mut Vec<u8>) {
        bytes.extend(self.get().to_be_bytes());
    }

    fn read(bytes: &[u8]) -> Option<Self> {
        Some(Self::new(u32::from_be_bytes(bytes.try_into().ok()?)))
    }
}

impl Cursor for Tag {
    fn write(&self, bytes: &mut Vec<u8>) {
        bytes.extend(self.as_str().as_bytes());
    }

    fn read(bytes: &[u8]) -> Option<Self> {
        Self::new(std::str::from_utf8(bytes).ok()?).ok()
    }
}

/// The id, the kind of position, the position.
impl Cursor for MemoCursor {
    fn write(&self, bytes: &mut Vec<u8>) {
        bytes.extend(self.id.as_uuid().as_bytes());
        match &self.position {
            SortPosition::Time(time) => {
                bytes.push(b't');
                bytes.extend(time.as_micros().to_be_bytes());
            }
            SortPosition::Text(text) => {
                bytes.push(b's');
                bytes.extend(text.as_bytes());
            }
            SortPosition::Relevance { score, updated_at } => {
                bytes.push(b'r');
                bytes.extend(score.to_be_bytes());
                bytes.extend(updated_at.as_micros().to_be_bytes());
            }
        }
    }

    fn read(bytes: &[u8]) -> Option<Self> {
        let (id, rest) = bytes.split_first_chunk::<16>()?;
        let (kind, rest) = rest.split_first()?;
        let position = match kind {
            b't' => SortPosition::Time(time(rest)?),
            b's' => SortPosition::Text(String::from_utf8(rest.to_vec()).ok().filter(|text| !text.contains('\0'))?),
            b'r' => {
                let (score, rest) = rest.split_first_chunk()?;
                SortPosition::Relevance { score: u32::from_be_bytes(*score), updated_at: time(rest)? }
            }
            _ => return None,
        };
        Some(Self { position, id: MemoId::new(Uuid::from_bytes(*id)) })
    }
}

fn time(bytes: &[u8]) -> Option<Timestamp> {
    Some(Timestamp::from_micros(i64::from_be_bytes(bytes.try_into().ok()?)))
}

/// Writes and reads the cursors of one list. Those of another caller, filter or order are refused, and so is a changed one.
pub struct CursorCodec {
    list: u64,
}

impl CursorCodec {
    /// For the list that this text identifies.
    pub fn new(list: &str) -> Self {
        Self { list: xxh3_64(list.as_bytes()) }
    }

    /// The text form: base64url of a checksum, the number of items before the position, the position.
    pub fn write(&self, cursor: &impl Cursor, before: u64) -> String {
        let mut bytes = vec![0; 8];
        bytes.extend(before.to_be_bytes());
        cursor.write(&mut bytes);
        let checksum = self.checksum(&bytes[8..]);
        bytes[..8].copy_from_slice(&checksum);
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// Reads the text form; `None` if it was not written for this list.
    pub fn read<C: Cursor>(&self, text: &str) -> Option<(C, u64)> {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        let (checksum, content) = bytes.split_first_chunk::<8>()?;
        let (before, position) = content.split_first_chunk::<8>()?;
        let cursor = C::read(position)?;
        (*checksum == self.checksum(content)).then_some((cursor, u64::from_be_bytes(*before)))
    }

    /// Of the list and of what follows the checksum.
    fn checksum(&self, content: &[u8]) -> [u8; 8] {
        xxh3_64_with_seed(content, self.list).to_be_bytes()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn cursors() -> impl Strategy<Value = MemoCursor> {
        let position = prop_oneof![
            any::<i64>().prop_map(|micros| SortPosition::Time(Timestamp::from_micros(micros))),
            "[^\0]{0,200}".prop_map(SortPosition::Text),
            any::<(u32, i64)>().prop_map(|(score, micros)| SortPosition::Relevance {
                score,
                updated_at: Timestamp::from_micros(micros),
            }),
        ];
        (position, any::<u128>())
            .prop_map(|(position, id)| MemoCursor { position, id: MemoId::new(Uuid::from_u128(id)) })
    }

    proptest! {
        #[test]
        fn cursor_is_accepted_by_its_own_list_only(cursor in cursors(), before: u64) {
            let text = CursorCodec::new("list").write(&cursor, before);
            prop_assert_eq!(CursorCodec::new("list").read(&text), Some((cursor, before)));
            prop_assert_eq!(CursorCodec::new("other list").read::<MemoCursor>(&text), None);
        }

        #[test]
        fn garbage_is_refused(text in ".{0,100}") {
            prop_assert_eq!(CursorCodec::new("list").read::<MemoCursor>(&text), None);
        }

        #[test]
        fn changed_cursor_is_refused(cursor in cursors(), at in any::<prop::sample::Index>(), to in "[A-Za-z0-9_-]") {
            let text = CursorCodec::new("list").write(&cursor, 20);
            let mut changed = text.clone();
            let at = at.index(text.len());
            changed.replace_range(at..=at, &to);
            prop_assert_eq!(CursorCodec::new("list").read::<MemoCursor>(&changed).is_some(), changed == text);
        }
    }
}
