//! Server-Sent Events (HTML Living Standard, section 9.2), as chat APIs send them: one line of data each.

use memo_domain::ModelError;

use crate::failed;

/// The maximum length of a line, in bytes.
pub const MAX_LINE: usize = 256 << 10;

/// The lines of a body, as they arrive.
#[derive(Debug, Default)]
pub struct Lines {
    buffer: Vec<u8>,
    /// Where the next line begins.
    start: usize,
    /// Before this place, no line ends.
    searched: usize,
}

impl Lines {
    /// Appends what has arrived.
    pub fn push(&mut self, bytes: &[u8]) {
        self.buffer.drain(..self.start);
        self.searched -= self.start;
        self.start = 0;
        self.buffer.extend_from_slice(bytes);
    }

    /// Returns the data of the next event, if it has arrived. Comments and other fields are skipped.
    ///
    /// # Errors
    /// [`ModelError::Failed`] if a line is too long.
    pub fn next_data(&mut self) -> Result<Option<&[u8]>, ModelError> {
        loop {
            let rest = &self.buffer[self.searched..];
            let Some(length) = rest.iter().position(|byte| *byte == b'\n') else {
                self.searched = self.buffer.len();
                if self.searched - self.start > MAX_LINE {
                    return Err(failed(format!("a line has more than {MAX_LINE} bytes")));
                }
                return Ok(None);
            };
            let (start, end) = (self.start, self.searched + length);
            (self.start, self.searched) = (end + 1, end + 1);
            if self.buffer[start..end].starts_with(b"data:") {
                return Ok(Some(self.buffer[start + b"data:".len()..end].trim_ascii()));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn data(lines: &mut Lines) -> Vec<String> {
        let mut found = Vec::new();
        while let Some(data) = lines.next_data().expect("short lines") {
            found.push(String::from_utf8_lossy(data).into_owned());
        }
        found
    }

    #[test]
    fn lines_are_found_wherever_they_are_cut() {
        let text = "data: {\"a\": 1}\r\n\r\n: comment\nevent: x\ndata:회의\n\ndata: [DONE]\n\ndata: cut";
        for size in 1..text.len() {
            let mut lines = Lines::default();
            let mut found = Vec::new();
            for part in text.as_bytes().chunks(size) {
                lines.push(part);
                found.extend(data(&mut lines));
            }
            assert_eq!(found, ["{\"a\": 1}", "회의", "[DONE]"], "{size}");
        }
    }

    #[test]
    fn long_line_is_refused() {
        let mut lines = Lines::default();
        let mut is_accepted = |size: usize| {
            lines.push(&vec![b'x'; size]);
            lines.next_data().map(|data| assert!(data.is_none())).is_ok()
        };
        assert!((0..MAX_LINE >> 10).all(|_| is_accepted(1 << 10)) && !is_accepted(1));
        // Many lines are no long one.
        let (mut lines, line) = (Lines::default(), [&[b'x'; 999][..], b"\n"].concat());
        for _ in 0..1_000 {
            lines.push(&line);
            assert!(data(&mut lines).is_empty() && lines.buffer.len() < 2 * line.len());
        }
    }
}
