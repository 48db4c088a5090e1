//! The meaning of full-text queries.

use super::search_text::{SearchText, bigrams};
use crate::{
    Content, InvalidValue, Title,
    text::{check_length, check_no_nul, nfc, search_form},
};

/// A run of characters that a memo must contain, or must not contain, compared in the form of a
/// [`SearchText`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SearchTerm {
    text: String,
    excluded: bool,
}

impl SearchTerm {
    /// The run of characters in the form of a [`SearchText`], never empty. A phrase may contain single spaces.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The pairs of neighbouring characters inside its words: each memo that contains the term has these
    /// [`bigrams`](SearchText::bigrams).
    pub fn bigrams(&self) -> impl Iterator<Item = (char, char)> {
        bigrams(&self.text)
    }

    /// Whether a memo must not contain the term.
    #[must_use]
    pub const fn is_excluded(&self) -> bool {
        self.excluded
    }
}

/// A full-text query of at least one term. A memo matches if it contains all required terms and no excluded term.
///
/// Terms are separated by white space; `"a phrase"` is one term; `-term` and `-"a phrase"` exclude. Text that does not
/// parse (an unmatched quotation mark, a lone minus sign) is searched literally, so no query is a syntax error.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SearchQuery(Vec<SearchTerm>);

impl SearchQuery {
    /// The maximum length in characters (Unicode scalar values).
    pub const MAX: usize = 200;

    /// Parses a query; `None` if the text is blank.
    ///
    /// # Errors
    /// [`InvalidValue::TooLong`] or [`InvalidValue::NulCharacter`].
    pub fn parse(text: &str) -> Result<Option<Self>, InvalidValue> {
        check_no_nul(text)?;
        let sent = text.chars().count();
        // As it was sent, or composed: programs that decompose texts send up to three characters for a syllable.
        let text = nfc(text);
        if sent > Self::MAX {
            check_length(&text, 0, Self::MAX)?;
        }
        // Divided before it is folded: some characters stand for several, with spaces between them.
        let text: String = text.chars().filter_map(divider).collect();
        let mut rest = text.trim_start_matches(' ');
        let mut terms = Vec::new();
        while !rest.is_empty() {
            let (SearchTerm { text, excluded }, remainder) = next_term(rest);
            let text = search_form(&text);
            if !text.is_empty() {
                terms.push(SearchTerm { text, excluded });
            }
            rest = remainder.trim_start_matches(' ');
        }
        Ok(if terms.is_empty() { None } else { Some(Self(terms)) })
    }

    /// The terms in order.
    #[must_use]
    pub fn terms(&self) -> &[SearchTerm] {
        &self.0
    }

    /// The required terms in order.
    pub fn required(&self) -> impl Iterator<Item = &SearchTerm> {
        self.0.iter().filter(|term| !term.excluded)
    }

    /// Whether a memo matches. A term may be in the title or in the content, but not across both.
    #[must_use]
    pub fn matches(&self, text: &SearchText) -> bool {
        let found = |term: &SearchTerm| text.title().contains(&term.text) || text.content().contains(&term.text);
        self.0.iter().all(|term| found(term) != term.excluded)
    }

    /// The [`relevance`](Self::relevance) of a memo with this title.
    #[must_use]
    pub fn relevance_of_title(&self, title: &Title) -> u32 {
        self.relevance(&SearchText::of(title, &Content::default()))
    }

    /// The relevance of a memo: the number of required terms that its title contains.
    #[must_use]
    pub fn relevance(&self, text: &SearchText) -> u32 {
        self.required().map(|term| u32::from(text.title().contains(&term.text))).sum()
    }
}

/// What separates or marks terms, in the form that does; another character as it is. `None` if it is not shown.
fn divider(char: char) -> Option<char> {
    if char.is_whitespace() {
        return Some(' ');
    }
    match &*search_form(char.encode_utf8(&mut [0; 4])) {
        "" => None,
        "\"" => Some('"'),
        "-" => Some('-'),
        _ => Some(char),
    }
}

/// Splits the first term off a text that begins with one.
fn next_term(text: &str) -> (SearchTerm, &str) {
    let (excluded, body) = match text.strip_prefix('-') {
        Some(body) if !body.is_empty() && !body.starts_with(' ') => (true, body),
        _ => (false, text),
    };
    if let Some((phrase, remainder)) = body.strip_prefix('"').and_then(|body| body.split_once('"')) {
        let phrase = phrase.trim_matches(' ');
        if !phrase.is_empty() {
            return (SearchTerm { text: phrase.to_owned(), excluded }, remainder);
        }
    }
    let (word, remainder) = body.split_once(' ').unwrap_or((body, ""));
    (SearchTerm { text: word.to_owned(), excluded }, remainder)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use unicode_normalization::UnicodeNormalization;

    use super::*;
    use crate::{Content, Title};

    fn text(title: &str, content: &str) -> SearchText {
        SearchText::of(&Title::new(title).expect("a title"), &Content::new(content).expect("a content"))
    }

    fn query(text: &str) -> SearchQuery {
        SearchQuery::parse(text).expect("a valid query").expect("a query with terms")
    }

    fn terms(text: &str) -> Vec<String> {
        let sign = |term: &SearchTerm| if term.is_excluded() { "-" } else { "" };
        query(text).terms().iter().map(|term| format!("{}{}", sign(term), term.as_str())).collect()
    }

    fn finds(text: &str, content: &str) -> bool {
        query(text).matches(&self::text("-", content))
    }

    #[test]
    fn terms_phrases_and_exclusions_are_parsed() {
        assert_eq!(terms(r#"  주간 "Team  Sync" -초안 -"a b"c"#), ["주간", "team sync", "-초안", "-a b", "c"]);
        assert_eq!(terms("＂ａ　ｂ＂ －ｃ"), ["a b", "-c"]);
        // They stand for several characters, with spaces between them.
        assert_eq!(terms("-don\u{b4}t x"), ["-don \u{301}t", "x"]);
        assert!(finds("-don\u{b4}t", "hello") && !finds("-don\u{b4}t", "I don\u{b4}t"));
        assert!(finds("-\u{fdfa}", "hello") && !finds("-\u{fdfa}", "\u{fdfa}"));
        assert_eq!(terms("-\u{200b} \u{200b}a\u{ad}b \u{200b}"), ["-", "ab"]);
    }

    #[test]
    fn length_is_that_of_composed_characters() {
        let decomposed = "각".nfd().collect::<String>();
        assert_eq!(decomposed.chars().count(), 3);
        assert_eq!(terms(&decomposed.repeat(200)), ["각".repeat(200)]);
        assert_eq!(SearchQuery::parse(&decomposed.repeat(201)), Err(InvalidValue::TooLong { max: 200 }));
    }

    #[test]
    fn malformed_syntax_is_searched_as_text() {
        assert_eq!(terms(r#""open end"#), ["\"open", "end"]);
        assert_eq!(terms("- --x \"\" -"), ["-", "--x", "\"\"", "-"]);
        assert_eq!(terms("a-b c++ (NOT) NEAR/2 x*"), ["a-b", "c++", "(not)", "near/2", "x*"]);
        assert_eq!(SearchQuery::parse(" \u{3000}\n"), Ok(None));
        assert_eq!(SearchQuery::parse(&"가".repeat(201)), Err(InvalidValue::TooLong { max: 200 }));
    }

    #[test]
    fn runs_inside_words_are_found_in_any_unicode_form() {
        assert!(finds("회의", "주간회의록"));
        assert!(finds("회의", "주간\u{1112}\u{116c}\u{110b}\u{1174}록"));
        assert!(finds("\u{1112}\u{116c}\u{110b}\u{1174}", "주간회의록"));
        assert!(finds("ＭＥＭＯ", "a Memo server"));
        assert!(finds("strasse", "Hauptstraße"));
        assert!(finds("ΣΟΦΟΣ", "σοφος σοφός"));
        assert!(finds("ｶﾞﾗｽ", "窓ガラス"));
        assert!(finds("会議", "毎週の会議です"));
        assert!(finds("🎉", "Done 🎉🎂"));
        // The compatibility form of these characters begins with a space, which must not join two letters.
        assert!(finds("don", "I don\u{b4}t know") && finds("\u{b4}t", "don\u{b4}t") && finds("a\u{a8}b", "a\u{a8}b"));
        assert!(finds("\"صلى الله\"", "\u{fdfa}"));
        assert!(finds("ㅋ", "ㅋㅏㅋㅋ"));
        assert!(finds("의", "회의"));
        assert!(!finds("회 의", "회"));
        // Soft hyphen, zero-width space, joiner and non-joiner, BOM, bidi marks.
        for hidden in "\u{ad}\u{200b}\u{200c}\u{200d}\u{feff}\u{200e}\u{202e}".chars() {
            assert!(finds("회의", &format!("회{hidden}의")) && finds(&format!("회{hidden}의"), "회의"), "{hidden:?}");
        }
        assert!(finds("\"a b\"", "x a\n\tb y"));
        assert!(!finds("-회의 주간", "주간회의록"));
    }

    #[test]
    fn relevance_counts_required_terms_in_the_title() {
        let query = query("weekly 회의 -draft");
        assert_eq!(query.relevance(&text("Weekly 회의록", "")), 2);
        assert_eq!(query.relevance(&text("draft: weekly", "회의")), 1);
        assert_eq!(query.relevance(&text("other", "")), 0);
    }

    proptest! {
        #[test]
        fn every_text_is_a_valid_query(text in "[^\0]{0,200}") {
            let query = SearchQuery::parse(&text);
            prop_assert!(query.is_ok());
            prop_assert_eq!(query.ok().flatten().is_none(), search_form(&text).is_empty());
        }

        #[test]
        fn every_part_of_a_text_is_found(text in "[ -~가-힣ａ-ｚ\u{1100}-\u{1112}ㅋß🎉\n\u{a8}\u{b4}\u{fdfa}]{1,40}", from in 0..40_usize, length in 1..10_usize) {
            let form = search_form(&text);
            let part: String = form.chars().skip(from).take(length).collect();
            if let Some(query) = SearchQuery::parse(&part.replace(['"', '-'], " ")).expect("no error") {
                prop_assert!(query.matches(&super::tests::text("t", &text)));
            }
        }
    }
}
