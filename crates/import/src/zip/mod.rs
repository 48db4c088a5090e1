//! Zip archives (APPNOTE.TXT 6.3.10, `.ZIP` File Format Specification), read and written as streams.
//!
//! The reader keeps no entry in memory but the current one, and trusts no size that the archive declares. The writer's output
//! need not be seekable, and an archive that was not finished has no directory, so that no reader takes it for a complete one.

mod directory;
mod entry;
mod reader;
mod writer;

pub use reader::{File, Wanted, for_each_file};
pub use writer::ZipWriter;

#[cfg(test)]
mod tests;

const LOCAL_HEADER: [u8; 4] = *b"PK\x03\x04";
const CENTRAL_HEADER: [u8; 4] = *b"PK\x01\x02";
const END: [u8; 4] = *b"PK\x05\x06";
const ZIP64_END: [u8; 4] = *b"PK\x06\x06";
const ZIP64_LOCATOR: [u8; 4] = *b"PK\x06\x07";

/// The sizes of the records, without what varies.
const LOCAL_HEADER_BYTES: usize = 30;
const CENTRAL_HEADER_BYTES: usize = 46;
const END_BYTES: usize = 22;
const ZIP64_END_BYTES: usize = 56;
const ZIP64_LOCATOR_BYTES: usize = 20;

/// Flags of an entry: encrypted; strong encryption; name in UTF-8; encrypted directory.
const ENCRYPTED: u16 = 1;
const STRONGLY_ENCRYPTED: u16 = 1 << 6;
const UTF_8: u16 = 1 << 11;
const DIRECTORY_ENCRYPTED: u16 = 1 << 13;

const STORED: u16 = 0;
const DEFLATED: u16 = 8;

/// Extra fields: ZIP64 sizes, and the time of the last change in seconds of UTC.
const ZIP64_EXTRA: u16 = 1;
const TIME_EXTRA: u16 = 0x5455;

/// Reads a number in little endian; 0 beyond the end.
fn u16_at(bytes: &[u8], at: usize) -> u16 {
    bytes.get(at..).and_then(<[u8]>::first_chunk).map_or(0, |chunk| u16::from_le_bytes(*chunk))
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    bytes.get(at..).and_then(<[u8]>::first_chunk).map_or(0, |chunk| u32::from_le_bytes(*chunk))
}

fn u64_at(bytes: &[u8], at: usize) -> u64 {
    bytes.get(at..).and_then(<[u8]>::first_chunk).map_or(0, |chunk| u64::from_le_bytes(*chunk))
}
