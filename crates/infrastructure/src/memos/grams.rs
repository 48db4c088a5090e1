//! What full-text search looks up: pairs of neighbouring characters inside words.
//!
//! A pair is a number: the first character in the high half, the second in the low half.
//! Characters past U+FFFF, which don't fit a half, share the 1,024 values that no character has (U+D800 to U+DBFF). The
//! other 1,024 (U+DC00 to U+DFFF) begin the number that stands for the owner, so that one look-up finds the memos of one
//! member.

use std::collections::BTreeSet;

use memo_domain::{Content, SearchQuery, Title, UserId, search_form};

/// A pair of characters, or an owner.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Gram(u32);

impl Gram {
    fn pair(first: char, second: char) -> Self {
        Self(half(first) << 16 | half(second))
    }

    /// That of an owner: many share it, and the statement compares the owner, too.
    pub fn owner(owner: UserId) -> Self {
        // The end of an id is random; its beginning is a time.
        let [.., a, b, c, d] = *owner.as_uuid().as_bytes();
        Self(0xdc00_0000 | u32::from_be_bytes([a, b, c, d]) & 0x03ff_ffff)
    }

    /// The number.
    pub const fn number(self) -> u32 {
        self.0
    }
}

fn half(char: char) -> u32 {
    let code = u32::from(char);
    if code <= 0xffff { code } else { 0xd800 | code & 0x3ff }
}

/// All pairs of a memo's texts, and its owner, each once.
pub fn of_memo(owner: UserId, title: &Title, content: &Content) -> Vec<Gram> {
    let mut grams = vec![Gram::owner(owner)];
    for text in [search_form(title.as_str()), search_form(content.as_str())] {
        grams.extend(pairs(&text));
    }
    grams.sort_unstable();
    grams.dedup();
    grams
}

/// The pairs inside the words of a text.
fn pairs(text: &str) -> impl Iterator<Item = Gram> {
    let pairs = text.chars().zip(text.chars().skip(1));
    pairs.filter(|(first, second)| *first != ' ' && *second != ' ').map(|(first, second)| Gram::pair(first, second))
}

/// What the memos that a query finds have in common.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// Pairs that each of them has.
    pub grams: BTreeSet<Gram>,
    /// Whether every memo that has all of them is found: otherwise the texts decide.
    pub is_exact: bool,
}

impl Wanted {
    /// Of the terms that are required.
    pub fn of(query: &SearchQuery) -> Self {
        let mut wanted = Self { grams: BTreeSet::new(), is_exact: true };
        for term in query.terms() {
            let is_plain = term.as_str().chars().all(|char| u32::from(char) <= 0xffff && char != ' ');
            wanted.is_exact &= is_plain && !term.is_excluded() && term.as_str().chars().count() == 2;
            if !term.is_excluded() {
                wanted.grams.extend(pairs(term.as_str()));
            }
        }
        wanted
    }

    /// Whether there is nothing to look up.
    pub fn is_empty(&self) -> bool {
        self.grams.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use memo_domain::UserId;
    use proptest::prelude::*;
    use uuid::Uuid;

    use super::*;

    fn wanted(query: &str) -> Wanted {
        Wanted::of(&SearchQuery::parse(query).expect("no text is an error").expect("a query"))
    }

    fn grams(content: &str) -> BTreeSet<Gram> {
        let title = Title::new("-").expect("a title");
        let content = Content::new(content).expect("a content");
        of_memo(UserId::new(Uuid::nil()), &title, &content).into_iter().collect()
    }

    #[test]
    fn only_pairs_are_exact() {
        assert!(wanted("회의 ab").is_exact);
        for query in ["회의록", "a", "\"a b\"", "-회의", "🎉🎂", "🎉"] {
            assert!(!wanted(query).is_exact, "{query}");
        }
        for query in ["-회의", "a", "\"a b\""] {
            assert!(wanted(query).is_empty(), "{query}");
        }
        assert_eq!(wanted("\"ab c\"").grams, BTreeSet::from([Gram::pair('a', 'b')]));
    }

    #[test]
    fn no_pair_is_an_owner() {
        let owner = Gram::owner(UserId::new(Uuid::from_u128(u128::MAX)));
        assert_eq!(owner.number() >> 26, 0xdc00_0000 >> 26);
        for gram in grams("가나 \u{10ffff}\u{1f389} \u{ffff}a").into_iter().skip_while(|gram| *gram == owner) {
            assert!(gram.number() >> 26 != owner.number() >> 26 || gram == Gram::owner(UserId::new(Uuid::nil())));
        }
    }

    proptest! {
        #[test]
        fn what_a_query_finds_has_all_that_is_looked_up(
            content in "[a-c가-다🎉🎂 ]{0,12}",
            query in "[a-c가-다🎉🎂 \"-]{1,4}",
        ) {
            let Some(query) = SearchQuery::parse(&query).expect("no text is an error") else { return Ok(()) };
            let title = Title::new("-").expect("a title");
            let found = query.matches(&title, &Content::new(content.clone()).expect("a content"));
            let wanted = Wanted::of(&query);
            let grams = grams(&content);
            let has_all = wanted.grams.is_subset(&grams);
            prop_assert!(has_all || !found);
            prop_assert!(found || !has_all || !wanted.is_exact);
        }
    }
}
