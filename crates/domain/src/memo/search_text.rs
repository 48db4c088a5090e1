//! The form in which the texts of memos are searched.

use std::sync::OnceLock;

use crate::{Content, Title, text::search_form_within};

/// The texts of a memo in the form that [`SearchQuery`](crate::SearchQuery) compares.
///
/// It is computed once, when the texts are written, and stored with the memo: a search folds nothing.
///
/// The form of a text may be longer than the text: a compatibility character stands for up to 18 others. It is cut at
/// [`MAX`](Self::MAX) bytes, or at four times the length of the text; what lies behind is not found.
#[derive(Debug, Clone)]
pub struct SearchText {
    title: String,
    content: String,
    bigrams: OnceLock<Vec<(char, char)>>,
}

impl SearchText {
    /// The maximum length of a form in bytes: that of the longest content of plain characters.
    pub const MAX: usize = 4 * Content::MAX;
    /// The length in bytes up to which a form is never cut.
    pub const NEVER_CUT: usize = 4_096;

    /// Computes the form of a memo's texts. Of long texts this takes some milliseconds.
    #[must_use]
    pub fn of(title: &Title, content: &Content) -> Self {
        let form = |text: &str| search_form_within(text, (4 * text.len()).clamp(Self::NEVER_CUT, Self::MAX));
        Self::from_forms(form(title.as_str()), form(content.as_str()))
    }

    /// Wraps forms that a store has kept.
    #[must_use]
    pub const fn from_forms(title: String, content: String) -> Self {
        Self { title, content, bigrams: OnceLock::new() }
    }

    /// The form of the title.
    #[must_use]
    pub fn title(&self) -> &str {
        &self.title
    }

    /// The form of the content.
    #[must_use]
    pub fn content(&self) -> &str {
        &self.content
    }

    /// The distinct pairs of neighbouring characters inside the words of both forms, sorted: what an index may look up.
    /// They are computed by the first call, which of long texts takes some milliseconds.
    pub fn bigrams(&self) -> &[(char, char)] {
        self.bigrams.get_or_init(|| {
            let mut bigrams: Vec<_> = [&self.title, &self.content].into_iter().flat_map(|form| bigrams(form)).collect();
            bigrams.sort_unstable();
            bigrams.dedup();
            bigrams
        })
    }
}

/// The pairs of neighbouring characters of a form, without those across words.
pub fn bigrams(form: &str) -> impl Iterator<Item = (char, char)> {
    let pairs = form.chars().zip(form.chars().skip(1));
    pairs.filter(|(first, second)| *first != ' ' && *second != ' ')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn content_form(content: String) -> String {
        let (title, content) = (Title::new("t").expect("a title"), Content::new(content).expect("a content"));
        SearchText::of(&title, &content).content
    }

    #[test]
    fn forms_are_bounded_and_cut_at_a_character() {
        // 33 bytes each.
        let ligatures = |count| content_form("\u{fdfa}".repeat(count));
        assert_eq!(ligatures(1).len(), 33);
        assert!((4 * 3_000 - 4..=4 * 3_000).contains(&ligatures(1_000).len()));
        for count in [34_000, Content::MAX] {
            assert!((SearchText::MAX - 4..=SearchText::MAX).contains(&ligatures(count).len()));
        }
        for plain in ["a", "회", "🎉"] {
            assert_eq!(content_form(plain.repeat(Content::MAX)), plain.repeat(Content::MAX), "plain texts are whole");
        }
    }

    #[test]
    fn bigrams_are_those_of_both_texts_inside_words() {
        let title = Title::new("Ab").expect("a title");
        let text = SearchText::of(&title, &Content::new("b c\u{ad}d cd").expect("a content"));
        assert_eq!(text.bigrams(), [('a', 'b'), ('c', 'd')]);
    }
}
