//! Plain text: without markup, with single spaces.

use crate::links::{Piece, Pieces, Run};

/// The beginning of a plain text.
pub struct Plain {
    text: String,
    /// How many characters may follow.
    left: usize,
    is_blank: bool,
}

impl Plain {
    /// An empty text that gets at most this number of characters.
    pub const fn new(max: usize) -> Self {
        Self { text: String::new(), left: max, is_blank: false }
    }

    /// Appends a text. A run of white space and control characters becomes a space between other characters.
    pub fn push(&mut self, text: &str) {
        for char in text.chars() {
            if self.left == 0 {
                return;
            }
            if char.is_whitespace() || char.is_control() {
                self.is_blank = true;
                continue;
            }
            if self.is_blank && !self.text.is_empty() {
                if self.left == 1 {
                    self.left = 0;
                    return;
                }
                self.text.push(' ');
                self.left -= 1;
            }
            self.is_blank = false;
            self.text.push(char);
            self.left -= 1;
        }
    }

    /// Appends a run, with links to memos as they are shown.
    pub fn push_run(&mut self, run: &mut Run) {
        let text = run.take();
        for piece in Pieces::of(&text) {
            match piece {
                Piece::Text(text) | Piece::Url(text) | Piece::Memo { shown: text, .. } => {
                    self.push(&Run::unmarked(text));
                }
            }
        }
    }

    /// Separates what follows.
    pub const fn space(&mut self) {
        self.is_blank = true;
    }

    /// The text, without white space at its ends.
    pub fn into_text(self) -> String {
        self.text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(max: usize, parts: &[&str]) -> String {
        let mut plain = Plain::new(max);
        for part in parts {
            plain.push(part);
        }
        plain.into_text()
    }

    #[test]
    fn white_space_is_collapsed() {
        assert_eq!(plain(9, &["  a", "b \r\n\u{3000}\t", "\u{7}c\u{a0}"]), "ab c");
        assert_eq!(plain(9, &["", " \n "]), "");
    }

    #[test]
    fn text_is_cut_after_a_number_of_characters_and_ends_without_a_space() {
        assert_eq!(plain(3, &["가나다라"]), "가나다");
        assert_eq!(plain(3, &["가나 다라"]), "가나");
        assert_eq!(plain(3, &["a ", "b", "c"]), "a b");
        assert_eq!(plain(0, &["a"]), "");
    }
}
