use std::{
    collections::HashSet,
    hash::{BuildHasher, RandomState},
    io::{self, BufReader, Read, SeekFrom},
};

use flate2::bufread::DeflateDecoder;
use memo_domain::Timestamp;

use super::{
    DEFLATED, LOCAL_HEADER, LOCAL_HEADER_BYTES, STORED,
    directory::Directory,
    entry::{Entry, EntryKind, read_entry},
    u16_at,
};
use crate::{
    ImportError, Limits, Reason,
    collector::Collector,
    input::{Input, read_at},
    name::{clean_name, display_name},
};

/// A file of an archive.
pub struct File {
    /// Its path in the archive, with slashes.
    pub name: String,
    pub modified_at: Option<Timestamp>,
    pub bytes: Vec<u8>,
}

/// What to do with a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wanted {
    /// It is a note.
    Read,
    /// It is of no interest to a user.
    Ignore,
    /// It is an attachment, which the report lists.
    Report,
}

/// Hands each file that is wanted to `handle`, in the order of the directory.
///
/// # Errors
/// [`ImportError`] if the archive as a whole cannot be read, or an error of `handle`.
pub fn for_each_file(
    input: &mut dyn Input,
    collector: &mut Collector<'_>,
    wanted: &dyn Fn(&str) -> Wanted,
    handle: &mut dyn FnMut(&mut Collector<'_>, File) -> Result<(), ImportError>,
) -> Result<(), ImportError> {
    let limits = collector.limits;
    let directory = Directory::find(input, limits.entries, collector.source.format())?;
    check_entries(input, directory)?;
    // Hashes, since the names may be long.
    let (mut names, hasher) = (HashSet::new(), RandomState::new());
    let mut budget = limits.total_bytes;
    let mut position = directory.start;
    for _ in 0..directory.entries {
        let entry = read_entry(input, &mut position)?;
        let reason = match entry.kind {
            EntryKind::Folder => continue,
            EntryKind::Link => Reason::Link,
            EntryKind::File => match clean_name(&entry.name) {
                None => Reason::UnsafeName,
                Some(name) => match wanted(&name) {
                    Wanted::Ignore => continue,
                    Wanted::Report => Reason::Attachment,
                    Wanted::Read if !names.insert(hasher.hash_one(&name)) => Reason::SameName,
                    Wanted::Read => match unpack(input, directory, &entry, &limits, &mut budget)? {
                        Ok(bytes) => {
                            handle(collector, File { name, modified_at: entry.modified_at, bytes })?;
                            continue;
                        }
                        Err(reason) => reason,
                    },
                },
            },
        };
        collector.drop(&entry.name, reason);
    }
    Ok(())
}

/// Checks the whole directory before anything is unpacked: nothing is encrypted, nothing lies outside of the archive, and no data
/// belong to two entries, with which a small archive could be unpacked to any size.
fn check_entries(input: &mut dyn Input, directory: Directory) -> Result<(), ImportError> {
    let mut extents = Vec::new();
    let mut position = directory.start;
    for _ in 0..directory.entries {
        let entry = read_entry(input, &mut position)?;
        if entry.is_encrypted {
            return Err(ImportError::Encrypted { name: display_name(&entry.name) });
        }
        let end = entry.offset.checked_add(entry.extent).and_then(|end| end.checked_add(directory.base));
        if end.is_none_or(|end| end > directory.start) {
            return Err(ImportError::malformed("an entry reaches beyond the archive"));
        }
        extents.push((entry.offset, entry.offset + entry.extent));
    }
    extents.sort_unstable();
    if extents.windows(2).any(|pair| pair[0].1 > pair[1].0) {
        return Err(ImportError::malformed("entries overlap"));
    }
    Ok(())
}

/// Unpacks an entry, or says why it is dropped. `budget` is what may still be unpacked of the archive, in bytes.
fn unpack(
    input: &mut dyn Input,
    directory: Directory,
    entry: &Entry,
    limits: &Limits,
    budget: &mut u64,
) -> Result<Result<Vec<u8>, Reason>, ImportError> {
    let mut header = [0; LOCAL_HEADER_BYTES];
    let start = directory.base + entry.offset;
    read_at(input, start, &mut header)?;
    if !header.starts_with(&LOCAL_HEADER) {
        return Err(ImportError::malformed(format!(
            "“{}” is not at the position that the directory says",
            display_name(&entry.name)
        )));
    }
    let [name_bytes, extra_bytes] = [26, 28].map(|at| u64::from(u16_at(&header, at)));
    let data = start + LOCAL_HEADER_BYTES as u64 + name_bytes + extra_bytes;
    if data + entry.compressed > directory.start {
        return Err(ImportError::malformed("an entry reaches beyond the archive"));
    }
    input.seek(SeekFrom::Start(data))?;
    let packed = BufReader::new(input.take(entry.compressed));
    let ratio_limit = entry.compressed.saturating_mul(limits.ratio).max(Limits::MIN_RATIO_BYTES);
    let unpacked = match entry.method {
        STORED => read_some(packed, limits.entry_bytes, u64::MAX, budget),
        DEFLATED => read_some(DeflateDecoder::new(packed), limits.entry_bytes, ratio_limit, budget),
        _ => return Ok(Err(Reason::Method)),
    };
    Ok(match unpacked {
        Ok(Unpacked::Whole(bytes)) if crc32fast::hash(&bytes) == entry.checksum => Ok(bytes),
        Ok(Unpacked::Whole(_)) => Err(Reason::Damaged),
        Ok(Unpacked::TooLarge) => Err(Reason::TooLarge { max: limits.entry_bytes }),
        Ok(Unpacked::OverBudget) => return Err(ImportError::TooLarge { max: limits.total_bytes }),
        Ok(Unpacked::Bomb) => {
            return Err(ImportError::Ratio { name: display_name(&entry.name), max: limits.ratio });
        }
        Err(error) if is_decoding_error(&error) => Err(Reason::Damaged),
        Err(error) => return Err(ImportError::Io(error)),
    })
}

enum Unpacked {
    Whole(Vec<u8>),
    /// Larger than an entry may be.
    TooLarge,
    /// Larger than its compressed form allows.
    Bomb,
    /// Larger than what is left for the archive.
    OverBudget,
}

fn read_some(mut packed: impl Read, max: u64, ratio_limit: u64, budget: &mut u64) -> io::Result<Unpacked> {
    let mut bytes = Vec::new();
    let mut chunk = [0; 16 << 10];
    loop {
        let count = match packed.read(&mut chunk) {
            Ok(0) => return Ok(Unpacked::Whole(bytes)),
            Ok(count) => count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        bytes.extend_from_slice(&chunk[..count]);
        let length = bytes.len() as u64;
        let Some(left) = budget.checked_sub(count as u64) else { return Ok(Unpacked::OverBudget) };
        *budget = left;
        if length > ratio_limit {
            return Ok(Unpacked::Bomb);
        }
        if length > max {
            return Ok(Unpacked::TooLarge);
        }
    }
}

/// Whether an error is one of the decoder. That the file has these bytes is known from its length.
fn is_decoding_error(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof)
}
