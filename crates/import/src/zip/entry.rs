use memo_domain::Timestamp;

use super::{
    CENTRAL_HEADER, CENTRAL_HEADER_BYTES, DIRECTORY_ENCRYPTED, ENCRYPTED, LOCAL_HEADER_BYTES, STRONGLY_ENCRYPTED,
    TIME_EXTRA, UTF_8, ZIP64_EXTRA, u16_at, u32_at, u64_at,
};
use crate::{
    ImportError,
    input::{Input, read_at},
    name::decode_name,
};

/// An entry as the directory describes it.
#[derive(Debug)]
pub struct Entry {
    pub name: String,
    pub kind: EntryKind,
    pub is_encrypted: bool,
    pub method: u16,
    pub checksum: u32,
    /// The size of the compressed data in bytes.
    pub compressed: u64,
    /// The position of its local header, counted from the beginning of the archive.
    pub offset: u64,
    /// The size of its local header and data in bytes, at least.
    pub extent: u64,
    pub modified_at: Option<Timestamp>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EntryKind {
    File,
    Folder,
    Link,
}

/// Reads the entry of the directory at `position`, and moves `position` to the next one.
///
/// # Errors
/// [`ImportError::Truncated`] or [`ImportError::Malformed`].
pub fn read_entry(input: &mut dyn Input, position: &mut u64) -> Result<Entry, ImportError> {
    let mut header = [0; CENTRAL_HEADER_BYTES];
    read_at(input, *position, &mut header)?;
    if !header.starts_with(&CENTRAL_HEADER) {
        return Err(ImportError::malformed("an entry of the directory is missing"));
    }
    let [name_bytes, extra_bytes, comment_bytes] = [28, 30, 32].map(|at| usize::from(u16_at(&header, at)));
    let mut variable = vec![0; name_bytes + extra_bytes];
    read_at(input, *position + CENTRAL_HEADER_BYTES as u64, &mut variable)?;
    *position += (CENTRAL_HEADER_BYTES + variable.len() + comment_bytes) as u64;
    let (name, extra) = variable.split_at(name_bytes);

    let flags = u16_at(&header, 8);
    let [compressed, unpacked, offset] = [20, 24, 42].map(|at| u64::from(u32_at(&header, at)));
    let (compressed, offset) = large_numbers(extra, compressed, unpacked, offset);
    let name = if flags & UTF_8 == 0 { decode_name(name) } else { String::from_utf8_lossy(name).into_owned() };
    Ok(Entry {
        kind: kind(&name, u16_at(&header, 4), u32_at(&header, 38)),
        name,
        is_encrypted: flags & (ENCRYPTED | STRONGLY_ENCRYPTED | DIRECTORY_ENCRYPTED) != 0,
        method: u16_at(&header, 10),
        checksum: u32_at(&header, 16),
        compressed,
        offset,
        extent: compressed.saturating_add((LOCAL_HEADER_BYTES + name_bytes) as u64),
        modified_at: universal_time(extra).or_else(|| dos_time(u16_at(&header, 14), u16_at(&header, 12))),
    })
}

/// By the slash at the end, or the mode of Unix in the external attributes.
fn kind(name: &str, made_by: u16, attributes: u32) -> EntryKind {
    const UNIX: u16 = 3;
    const TYPE: u32 = 0o170_000;
    const LINK: u32 = 0o120_000;
    if name.ends_with(['/', '\\']) {
        EntryKind::Folder
    } else if made_by >> 8 == UNIX && (attributes >> 16) & TYPE == LINK {
        EntryKind::Link
    } else {
        EntryKind::File
    }
}

/// The data of an extra field.
fn extra_field(mut extra: &[u8], wanted: u16) -> Option<&[u8]> {
    while let Some((header, rest)) = extra.split_at_checked(4) {
        let (data, next) = rest.split_at_checked(usize::from(u16_at(header, 2)))?;
        if u16_at(header, 0) == wanted {
            return Some(data);
        }
        extra = next;
    }
    None
}

/// The compressed size and the offset. The ZIP64 field has those that do not fit in 32 bits, in the order unpacked size,
/// compressed size, offset.
fn large_numbers(extra: &[u8], compressed: u64, unpacked: u64, offset: u64) -> (u64, u64) {
    let is_large = |number: u64| number == u64::from(u32::MAX);
    let data = extra_field(extra, ZIP64_EXTRA).unwrap_or_default();
    let mut at = if is_large(unpacked) { 8 } else { 0 };
    let mut large = |number: u64| {
        if is_large(number) && data.len() >= at + 8 {
            at += 8;
            u64_at(data, at - 8)
        } else {
            number
        }
    };
    (large(compressed), large(offset))
}

/// The time of the last change of the field "extended timestamp" of Info-ZIP.
fn universal_time(extra: &[u8]) -> Option<Timestamp> {
    let (flags, data) = extra_field(extra, TIME_EXTRA)?.split_first()?;
    let seconds = i32::from_le_bytes(*data.first_chunk()?);
    (flags & 1 == 1).then(|| Timestamp::from_micros(i64::from(seconds) * 1_000_000))
}

/// The time in the form of MS-DOS, which has no time zone: taken as UTC.
fn dos_time(date: u16, time: u16) -> Option<Timestamp> {
    let (year, month, day) = (1980 + (date >> 9), date >> 5 & 15, date & 31);
    let (hour, minute, second) = (time >> 11, time >> 5 & 63, (time & 31) * 2);
    Timestamp::parse(&format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_of_entries() {
        let date = (46 << 9) | (1 << 5) | 31;
        let time = (9 << 11) | (30 << 5) | 2;
        assert_eq!(dos_time(date, time).map(|time| time.to_string()).as_deref(), Some("2026-01-31T09:30:04Z"));
        assert_eq!(dos_time(0, 0), None);
        let extra = [b"xx\x01\0a".as_slice(), b"UT\x05\0\x01\x0a\0\0\0"].concat();
        assert_eq!(universal_time(&extra), Some(Timestamp::from_micros(10_000_000)));
        assert_eq!(universal_time(&extra[..12]), None);
    }

    #[test]
    fn large_numbers_come_from_the_extra_field() {
        let max = u64::from(u32::MAX);
        let extra =
            [b"\x01\0\x18\0".as_slice(), &7_u64.to_le_bytes(), &8_u64.to_le_bytes(), &9_u64.to_le_bytes()].concat();
        assert_eq!(large_numbers(&extra, max, max, max), (8, 9));
        assert_eq!(large_numbers(&extra, 5, 6, max), (5, 7));
        assert_eq!(large_numbers(&[], max, max, 3), (max, 3));
    }
}
