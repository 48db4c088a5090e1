//! Tar archives (POSIX.1-2017, `pax` interchange format; also the older `ustar` and that of GNU), read as streams.

use std::io::SeekFrom;

use crate::{
    ImportError, Limits,
    input::{Input, read_at},
};

const BLOCK: u64 = 512;
const HEADER_BYTES: usize = 512;
/// The maximum size of a header with a long name or with extended attributes, in bytes.
const MAX_HEADER: u64 = 64 << 10;

/// Reads the entries of an archive in order.
pub struct TarReader<'i> {
    input: &'i mut dyn Input,
    expected: &'static str,
    length: u64,
    position: u64,
    headers: u64,
    max_headers: u64,
}

/// A file of an archive.
#[derive(Debug, PartialEq, Eq)]
pub struct TarEntry {
    pub name: String,
    pub size: u64,
    pub is_link: bool,
    data: u64,
}

impl<'i> TarReader<'i> {
    /// # Errors
    /// [`ImportError::Io`].
    pub fn new(input: &'i mut dyn Input, limits: &Limits, expected: &'static str) -> Result<Self, ImportError> {
        let length = input.seek(SeekFrom::End(0))?;
        Ok(Self { input, expected, length, position: 0, headers: 0, max_headers: limits.entries })
    }

    /// Begins again with the first entry.
    pub const fn rewind(&mut self) {
        (self.position, self.headers) = (0, 0);
    }

    /// The next file or link; `None` at the end of the archive.
    ///
    /// # Errors
    /// [`ImportError::NotAnArchive`], [`ImportError::Truncated`], [`ImportError::TooManyEntries`] or [`ImportError::Malformed`].
    pub fn next_entry(&mut self) -> Result<Option<TarEntry>, ImportError> {
        let (mut long_name, mut long_size) = (None, None);
        loop {
            let mut header = [0; HEADER_BYTES];
            match read_at(self.input, self.position, &mut header) {
                Err(ImportError::Truncated) if self.headers == 0 => return Err(self.not_an_archive()),
                read => read?,
            }
            if header.iter().all(|byte| *byte == 0) && self.headers > 0 {
                return Ok(None);
            }
            if octal(&header[148..156]) != Some(checksum(&header)) {
                let is_first = self.headers == 0;
                let damaged = ImportError::malformed("the header of an entry is wrong");
                return Err(if is_first { self.not_an_archive() } else { damaged });
            }
            self.headers += 1;
            if self.headers > self.max_headers {
                return Err(ImportError::TooManyEntries { max: self.max_headers });
            }
            let kind = header[156];
            let declared = number(&header[124..136]).ok_or_else(|| ImportError::malformed("a size is no number"))?;
            let size = long_size.filter(|_| !matches!(kind, b'x' | b'g' | b'L' | b'K')).unwrap_or(declared);
            let data = self.position + BLOCK;
            let end = data.checked_add(size).filter(|end| *end <= self.length).ok_or(ImportError::Truncated)?;
            self.position = end.next_multiple_of(BLOCK);
            match kind {
                b'x' => {
                    let attributes = self.extended(data, size)?;
                    long_name = attribute(&attributes, "path").map(decode).or(long_name);
                    let size = attribute(&attributes, "size").map(|size| decode(size).parse());
                    long_size = size.transpose().map_err(|_| ImportError::malformed("a size is no number"))?;
                }
                b'L' => {
                    let name = self.extended(data, size)?;
                    long_name = Some(decode(&name).trim_end_matches('\0').to_owned());
                }
                // Attributes of all entries, the long name of a link, folders.
                b'g' | b'K' | b'5' => {}
                b'0' | 0 | b'7' | b'1' | b'2' => {
                    let name = long_name.unwrap_or_else(|| short_name(&header));
                    return Ok(Some(TarEntry { name, size, is_link: matches!(kind, b'1' | b'2'), data }));
                }
                // Devices, and extensions that a program may skip.
                _ => (long_name, long_size) = (None, None),
            }
        }
    }

    /// The data of an entry, whose size the caller has checked.
    ///
    /// # Errors
    /// [`ImportError::Truncated`] or [`ImportError::Io`].
    pub fn read(&mut self, entry: &TarEntry) -> Result<Vec<u8>, ImportError> {
        self.bytes(entry.data, entry.size)
    }

    fn extended(&mut self, data: u64, size: u64) -> Result<Vec<u8>, ImportError> {
        if size > MAX_HEADER {
            return Err(ImportError::malformed("a name is too long"));
        }
        self.bytes(data, size)
    }

    fn bytes(&mut self, position: u64, size: u64) -> Result<Vec<u8>, ImportError> {
        let mut bytes = vec![0; usize::try_from(size).map_err(|_| ImportError::Truncated)?];
        read_at(self.input, position, &mut bytes)?;
        Ok(bytes)
    }

    const fn not_an_archive(&self) -> ImportError {
        ImportError::NotAnArchive { expected: self.expected }
    }
}

/// The sum of all bytes of a header, with spaces for those of the checksum itself.
fn checksum(header: &[u8]) -> u64 {
    let sum: u64 = header.iter().map(|byte| u64::from(*byte)).sum();
    let own: u64 = header[148..156].iter().map(|byte| u64::from(*byte)).sum();
    sum - own + 8 * u64::from(b' ')
}

/// A number in octal digits, between spaces and NULs.
fn octal(field: &[u8]) -> Option<u64> {
    let text = std::str::from_utf8(field).ok()?.trim_matches([' ', '\0']);
    if text.is_empty() { Some(0) } else { u64::from_str_radix(text, 8).ok() }
}

/// A number in octal digits, or, with the first bit set, in binary (GNU).
fn number(field: &[u8]) -> Option<u64> {
    match field.split_first()? {
        (0x80, rest) => {
            let (high, low) = rest.split_last_chunk::<8>()?;
            high.iter().all(|byte| *byte == 0).then(|| u64::from_be_bytes(*low))
        }
        _ => octal(field),
    }
}

fn short_name(header: &[u8]) -> String {
    let text = |range: std::ops::Range<usize>| {
        let field = &header[range];
        decode(&field[..field.iter().position(|byte| *byte == 0).unwrap_or(field.len())])
    };
    let prefix = if header[257..263] == *b"ustar\0" { text(345..500) } else { String::new() };
    if prefix.is_empty() { text(0..100) } else { format!("{prefix}/{}", text(0..100)) }
}

fn decode(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// The value of an extended attribute: each is `length key=value` and a line break, and the last one of a key counts.
fn attribute<'a>(mut attributes: &'a [u8], key: &str) -> Option<&'a [u8]> {
    let mut found = None;
    while let Some(space) = attributes.iter().position(|byte| *byte == b' ') {
        let length =
            std::str::from_utf8(&attributes[..space]).ok()?.parse().ok().filter(|length| *length > space + 1)?;
        let (record, rest) = attributes.split_at_checked(length)?;
        let record = &record[space + 1..length - 1];
        if let Some(value) = record.strip_prefix(key.as_bytes()).and_then(|rest| rest.strip_prefix(b"=")) {
            found = Some(value);
        }
        attributes = rest;
    }
    found
}

#[cfg(test)]
pub mod tests {
    use std::io::Cursor;

    use super::*;

    /// A header with its checksum, and the data.
    pub fn entry(name: &str, kind: u8, data: &[u8]) -> Vec<u8> {
        let mut block = vec![0; 512];
        block[..name.len()].copy_from_slice(name.as_bytes());
        block[124..135].copy_from_slice(format!("{:011o}", data.len()).as_bytes());
        block[156] = kind;
        block[257..265].copy_from_slice(b"ustar\x0000");
        block[148..156].fill(b' ');
        let sum: u32 = block.iter().map(|byte| u32::from(*byte)).sum();
        block[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
        block.extend(data);
        block.resize(block.len().next_multiple_of(512), 0);
        block
    }

    fn read(bytes: Vec<u8>, entries: u64) -> Result<Vec<(String, bool, Vec<u8>)>, ImportError> {
        let mut file = Cursor::new(bytes);
        let limits = Limits { entries, ..Limits::default() };
        let mut tar = TarReader::new(&mut file, &limits, "a tar archive")?;
        let mut found = Vec::new();
        while let Some(entry) = tar.next_entry()? {
            let data = tar.read(&entry)?;
            found.push((entry.name, entry.is_link, data));
        }
        Ok(found)
    }

    #[test]
    fn entries_of_all_formats_are_read() {
        let long = "가".repeat(100);
        let pax = format!("{} path={long}\n", 6 + 300 + 4);
        let mut archive = entry("a.md", b'0', b"hello");
        archive.extend(entry("folder/", b'5', b""));
        archive.extend(entry("././@LongLink", b'L', format!("{long}\0").as_bytes()));
        archive.extend(entry("short", b'0', &[7; 512]));
        archive.extend(entry("pax", b'x', pax.as_bytes()));
        archive.extend(entry("short", 0, b"x"));
        archive.extend(entry("link", b'2', b""));
        archive.extend([0; 1024]);
        let found = read(archive, 100).expect("read");
        assert_eq!(found[0], ("a.md".to_owned(), false, b"hello".to_vec()));
        assert_eq!(found[1], (long.clone(), false, vec![7; 512]));
        assert_eq!(found[2].0.chars().count(), 100, "{found:?}");
        assert_eq!(found[3], ("link".to_owned(), true, Vec::new()));
        assert_eq!(found.len(), 4);
    }

    #[test]
    fn other_files_and_incomplete_ones_are_refused() {
        let whole = [entry("a.md", b'0', b"hello"), entry("b.md", b'0', b"hello"), vec![0; 1024]].concat();
        assert_eq!(read(whole.clone(), 2).expect("read").len(), 2);
        assert!(matches!(read(whole.clone(), 1), Err(ImportError::TooManyEntries { max: 1 })));
        for length in [513, 1024, 1536, 2048] {
            assert!(matches!(read(whole[..length].to_vec(), 9), Err(ImportError::Truncated)), "{length}");
        }
        for bytes in [Vec::new(), b"PK\x03\x04".to_vec(), vec![0; 512], vec![b'a'; 2_000]] {
            assert!(matches!(read(bytes, 9), Err(ImportError::NotAnArchive { .. })));
        }
        let mut wrong = whole;
        wrong[1024] = b'x';
        assert!(matches!(read(wrong, 9), Err(ImportError::Malformed { .. })));
    }

    #[test]
    fn sizes_and_names_that_a_header_declares_are_not_trusted() {
        let mut huge = entry("a.md", b'0', b"");
        huge[124..136].copy_from_slice(b"\x80\0\0\0\xff\xff\xff\xff\xff\xff\xff\xff");
        huge[148..156].fill(b' ');
        let sum: u32 = huge.iter().map(|byte| u32::from(*byte)).sum();
        huge[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
        assert!(matches!(read(huge, 9), Err(ImportError::Truncated)));
        let long = [entry("a", b'L', &vec![b'a'; 65_537]), vec![0; 1024]].concat();
        assert!(matches!(read(long, 9), Err(ImportError::Malformed { .. })));
        for attributes in ["", "x", "3 a", "99 path=a\n", "0 path=a\n", "7 pat=a\n", "-1 path=a\n"] {
            assert_eq!(attribute(attributes.as_bytes(), "path"), None, "{attributes}");
        }
        assert_eq!(attribute(b"9 path=a\n12 path=bbb\n", "path"), Some(b"bbb".as_slice()));
    }
}
