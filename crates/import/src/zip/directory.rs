use std::io::SeekFrom;

use super::{
    CENTRAL_HEADER_BYTES, END, END_BYTES, LOCAL_HEADER, ZIP64_END, ZIP64_END_BYTES, ZIP64_LOCATOR, ZIP64_LOCATOR_BYTES,
    u16_at, u32_at, u64_at,
};
use crate::{
    ImportError,
    input::{Input, read_at},
};

/// The maximum length of the comment at the end of an archive.
const MAX_COMMENT: u64 = u16::MAX as u64;

/// Where the directory of an archive is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Directory {
    /// Its position in the file.
    pub start: u64,
    /// The position in the file of what the archive calls 0: not 0 if something stands before the archive.
    pub base: u64,
    /// The number of entries.
    pub entries: u64,
}

impl Directory {
    /// Finds the directory by the record at the end of the file.
    ///
    /// # Errors
    /// [`ImportError::NotAnArchive`], [`ImportError::Truncated`], [`ImportError::TooManyEntries`] or [`ImportError::Malformed`].
    pub fn find(input: &mut dyn Input, max_entries: u64, expected: &'static str) -> Result<Self, ImportError> {
        let length = input.seek(SeekFrom::End(0))?;
        let tail_start = length.saturating_sub(END_BYTES as u64 + MAX_COMMENT);
        let mut tail = vec![0; usize::try_from(length - tail_start).unwrap_or_default()];
        read_at(input, tail_start, &mut tail)?;
        let Some(at) = find_end(&tail) else {
            let mut begin = [0; 4];
            let is_zip = length >= 4 && read_at(input, 0, &mut begin).is_ok() && begin == LOCAL_HEADER;
            return Err(if is_zip { ImportError::Truncated } else { ImportError::NotAnArchive { expected } });
        };
        let end = &tail[at..];
        let position = tail_start + at as u64;
        let (disk, disk_of_directory) = (u16_at(end, 4), u16_at(end, 6));
        let entries = u64::from(u16_at(end, 10));
        let (size, offset) = (u32_at(end, 12), u32_at(end, 16));
        let is_zip64 = entries == u64::from(u16::MAX) || size == u32::MAX || offset == u32::MAX;
        let large = if is_zip64 { Self::find_zip64(input, position)? } else { None };
        let (position, entries, size, offset) =
            large.unwrap_or((position, entries, u64::from(size), u64::from(offset)));
        if large.is_none() && (disk != 0 || disk_of_directory != 0) {
            return Err(ImportError::malformed("it is one part of several"));
        }
        if entries > max_entries {
            return Err(ImportError::TooManyEntries { max: max_entries });
        }
        if entries.saturating_mul(CENTRAL_HEADER_BYTES as u64) > size {
            return Err(ImportError::malformed("the directory is smaller than its entries"));
        }
        // A directory that begins before the file: the beginning is missing.
        let start = position.checked_sub(size).ok_or(ImportError::Truncated)?;
        let base = start.checked_sub(offset).ok_or(ImportError::Truncated)?;
        Ok(Self { start, base, entries })
    }

    /// Finds the record with the numbers that are too large for the usual one: its position, and these numbers.
    fn find_zip64(input: &mut dyn Input, end: u64) -> Result<Option<(u64, u64, u64, u64)>, ImportError> {
        let Some(locator_at) = end.checked_sub(ZIP64_LOCATOR_BYTES as u64) else { return Ok(None) };
        let mut locator = [0; ZIP64_LOCATOR_BYTES];
        read_at(input, locator_at, &mut locator)?;
        if !locator.starts_with(&ZIP64_LOCATOR) {
            return Ok(None);
        }
        // Right before the locator, or, if it is longer than usual, where the locator says.
        for position in [locator_at.saturating_sub(ZIP64_END_BYTES as u64), u64_at(&locator, 8)] {
            let mut record = [0; ZIP64_END_BYTES];
            if position < locator_at {
                read_at(input, position, &mut record)?;
                if record.starts_with(&ZIP64_END) {
                    return Ok(Some((position, u64_at(&record, 32), u64_at(&record, 40), u64_at(&record, 48))));
                }
            }
        }
        Err(ImportError::malformed("the end record is missing"))
    }
}

/// The last end record whose comment fits in the file.
fn find_end(tail: &[u8]) -> Option<usize> {
    let last = tail.len().checked_sub(END_BYTES)?;
    (0..=last).rev().find(|at| {
        let end = &tail[*at..];
        end.starts_with(&END) && END_BYTES + usize::from(u16_at(end, 20)) <= end.len()
    })
}
