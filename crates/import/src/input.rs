use std::{
    cell::Cell,
    io::{self, BufRead, BufReader, Read, Seek, SeekFrom},
    rc::Rc,
};

use crate::ImportError;

/// A file that can be read at any position.
pub trait Input: Read + Seek {}

impl<T: Read + Seek> Input for T {}

/// Fills a buffer from a position.
///
/// # Errors
/// [`ImportError::Truncated`] if the file ends before.
pub fn read_at(input: &mut dyn Input, position: u64, buffer: &mut [u8]) -> Result<(), ImportError> {
    input.seek(SeekFrom::Start(position))?;
    Ok(input.read_exact(buffer)?)
}

/// A reader that fails when more is read than is allowed until it is [renewed](Allowance::renew), for parsers that otherwise
/// read any amount into memory.
pub struct Metered<R> {
    inner: R,
    allowance: Allowance,
}

/// How much a [`Metered`] reader may still read.
#[derive(Clone)]
pub struct Allowance {
    bytes: u64,
    left: Rc<Cell<u64>>,
}

impl<'i> Metered<BufReader<&'i mut dyn Input>> {
    /// Reads a file, up to `bytes` between two renewals of the allowance.
    pub fn new(input: &'i mut dyn Input, bytes: u64) -> (Self, Allowance) {
        let allowance = Allowance { bytes, left: Rc::new(Cell::new(bytes)) };
        (Self { inner: BufReader::with_capacity(64 << 10, input), allowance: allowance.clone() }, allowance)
    }
}

impl Allowance {
    /// Allows the full amount again.
    pub fn renew(&self) {
        self.left.set(self.bytes);
    }

    /// Whether a reader failed for lack of it.
    pub fn is_used_up(&self) -> bool {
        self.left.get() == 0
    }
}

impl<R: BufRead> Read for Metered<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let available = self.fill_buf()?;
        let count = available.len().min(buffer.len());
        buffer[..count].copy_from_slice(&available[..count]);
        self.consume(count);
        Ok(count)
    }
}

impl<R: BufRead> BufRead for Metered<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        let left = usize::try_from(self.allowance.left.get()).unwrap_or(usize::MAX);
        let available = self.inner.fill_buf()?;
        if left == 0 && !available.is_empty() {
            return Err(io::Error::other("a part of the file is too large"));
        }
        Ok(&available[..available.len().min(left)])
    }

    fn consume(&mut self, count: usize) {
        self.inner.consume(count);
        self.allowance.left.set(self.allowance.left.get().saturating_sub(count as u64));
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    #[test]
    fn reader_fails_beyond_its_allowance_until_that_is_renewed() {
        let mut file = Cursor::new(b"abcdefgh".to_vec());
        let (mut reader, allowance) = Metered::new(&mut file, 5);
        let mut part = [0; 5];
        reader.read_exact(&mut part).expect("allowed");
        assert!(reader.read_exact(&mut part[..1]).is_err() && allowance.is_used_up());
        allowance.renew();
        let mut rest = String::new();
        reader.read_to_string(&mut rest).expect("allowed");
        assert_eq!((&part, &*rest), (b"abcde", "fgh"));
    }
}
