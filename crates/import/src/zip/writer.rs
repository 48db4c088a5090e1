use std::io::{self, Write};

use flate2::{Compression, write::DeflateEncoder};
use memo_domain::Timestamp;

use super::{
    CENTRAL_HEADER, DEFLATED, END, LOCAL_HEADER, TIME_EXTRA, UTF_8, ZIP64_END, ZIP64_END_BYTES, ZIP64_EXTRA,
    ZIP64_LOCATOR,
};

/// The version of the specification that a reader needs, times ten: deflated data; ZIP64.
const VERSION: u16 = 20;
const ZIP64_VERSION: u16 = 45;
/// Made by a system with the modes of Unix; a regular file that its owner alone can write.
const UNIX: u16 = 3 << 8;
const MODE: u32 = 0o100_644;

/// Writes a zip archive to an output that need not be seekable. The directory, about 60 bytes and the name of each file, is kept
/// in memory until the end.
pub struct ZipWriter<W> {
    output: W,
    encoder: DeflateEncoder<Vec<u8>>,
    /// The number of bytes written so far.
    pub(super) position: u64,
    directory: Vec<u8>,
    pub(super) entries: u64,
}

impl<W: Write> ZipWriter<W> {
    pub fn new(output: W) -> Self {
        // It allocates more than most files have, so there is one encoder for all.
        let encoder = DeflateEncoder::new(Vec::new(), Compression::default());
        Self { output, encoder, position: 0, directory: Vec::new(), entries: 0 }
    }

    /// The output, e.g. to take what was written so far out of a buffer.
    pub const fn output_mut(&mut self) -> &mut W {
        &mut self.output
    }

    /// Adds a file, which must have fewer than 4 GiB.
    ///
    /// # Errors
    /// Those of the output, after which the archive is incomplete; `InvalidInput` if the name or the data are too long.
    pub fn add(&mut self, name: &str, data: &[u8], modified_at: Timestamp) -> io::Result<()> {
        let too_long = |_| io::Error::from(io::ErrorKind::InvalidInput);
        let name_bytes = u16::try_from(name.len()).map_err(too_long)?;
        let unpacked = u32::try_from(data.len()).map_err(too_long)?;
        self.encoder.write_all(data)?;
        let packed = self.encoder.reset(Vec::new())?;
        let compressed = u32::try_from(packed.len()).map_err(too_long)?;
        let checksum = crc32fast::hash(data);
        let (day, time) = dos_time(modified_at);
        let start = self.position;

        let mut common = [VERSION, UTF_8, DEFLATED, time, day].map(u16::to_le_bytes).concat();
        common.extend([checksum, compressed, unpacked].map(u32::to_le_bytes).concat());
        // The form of MS-DOS has no time zone; this is UTC.
        let mut extra = Vec::new();
        if let Ok(seconds) = i32::try_from(modified_at.as_secs()) {
            extra.extend([TIME_EXTRA, 5].map(u16::to_le_bytes).concat());
            extra.push(1);
            extra.extend(seconds.to_le_bytes());
        }
        let lengths = |extra: &[u8]| {
            let extra_bytes = u16::try_from(extra.len()).unwrap_or_default();
            [name_bytes, extra_bytes].map(u16::to_le_bytes).concat()
        };

        self.write(&[&LOCAL_HEADER, &common, &lengths(&extra), name.as_bytes(), &extra, &packed])?;

        let offset = u32::try_from(start).unwrap_or(u32::MAX);
        if offset == u32::MAX {
            extra.extend([ZIP64_EXTRA, 8].map(u16::to_le_bytes).concat());
            extra.extend(start.to_le_bytes());
            common[..2].copy_from_slice(&ZIP64_VERSION.to_le_bytes());
        }
        self.directory.extend(CENTRAL_HEADER);
        self.directory.extend((UNIX | ZIP64_VERSION).to_le_bytes());
        self.directory.extend([common, lengths(&extra)].concat());
        // No comment, the first disk, internal attributes of a binary file.
        self.directory.extend([0; 6]);
        self.directory.extend((MODE << 16).to_le_bytes());
        self.directory.extend(offset.to_le_bytes());
        self.directory.extend([name.as_bytes(), &extra].concat());
        self.entries += 1;
        Ok(())
    }

    /// Writes the directory, and returns the output.
    ///
    /// # Errors
    /// Those of the output, after which the archive is incomplete.
    pub fn finish(mut self) -> io::Result<W> {
        let start = self.position;
        let directory = std::mem::take(&mut self.directory);
        self.write(&[&directory])?;
        let size = directory.len() as u64;
        let entries = u16::try_from(self.entries).unwrap_or(u16::MAX);
        let [size_32, start_32] = [size, start].map(|number| u32::try_from(number).unwrap_or(u32::MAX));
        if entries == u16::MAX || size_32 == u32::MAX || start_32 == u32::MAX {
            self.write_zip64_end(start, size)?;
        }
        let entries = entries.to_le_bytes();
        self.write(&[&END, &[0; 4], &entries, &entries, &size_32.to_le_bytes(), &start_32.to_le_bytes(), &[0; 2]])?;
        self.output.flush()?;
        Ok(self.output)
    }

    fn write_zip64_end(&mut self, start: u64, size: u64) -> io::Result<()> {
        let end = self.position;
        // The size of the record does not count its first 12 bytes.
        let length = (ZIP64_END_BYTES as u64 - 12).to_le_bytes();
        let versions = [UNIX | ZIP64_VERSION, ZIP64_VERSION].map(u16::to_le_bytes).concat();
        let numbers = [self.entries, self.entries, size, start].map(u64::to_le_bytes).concat();
        self.write(&[&ZIP64_END, &length, &versions, &[0; 8], &numbers])?;
        self.write(&[&ZIP64_LOCATOR, &[0; 4], &end.to_le_bytes(), &1_u32.to_le_bytes()])
    }

    fn write(&mut self, parts: &[&[u8]]) -> io::Result<()> {
        for part in parts {
            self.output.write_all(part)?;
            self.position += part.len() as u64;
        }
        Ok(())
    }
}

/// The date and the time in the form of MS-DOS, in UTC: the years 1980 to 2107, in steps of two seconds.
fn dos_time(time: Timestamp) -> (u16, u16) {
    let text = time.to_string();
    let number =
        |range: std::ops::Range<usize>| text.get(range).and_then(|digits| digits.parse::<u16>().ok()).unwrap_or(0);
    match number(0..4) {
        year @ 1980..=2107 => (
            (year - 1980) << 9 | number(5..7) << 5 | number(8..10),
            number(11..13) << 11 | number(14..16) << 5 | (number(17..19) / 2),
        ),
        year => (if year < 1980 { 1 << 5 | 1 } else { 127 << 9 | 12 << 5 | 31 }, 0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_outside_of_the_form_are_its_first_or_last_day() {
        let time = |text| dos_time(Timestamp::parse(text).expect("a time"));
        assert_eq!(time("2026-01-31T09:30:05Z"), ((46 << 9) | (1 << 5) | 31, (9 << 11) | (30 << 5) | 2));
        assert_eq!(time("1970-01-01T00:00:00Z"), (33, 0));
        assert_eq!(time("9999-01-01T00:00:00Z"), ((127 << 9) | (12 << 5) | 31, 0));
    }
}
