//! The bigrams of the full-text index: pairs of neighbouring characters inside words.
//!
//! A bigram is a 32-bit number: the first character in the high half, the second in the low half. Characters above U+FFFF
//! do not fit into a half, and share the 1,024 values from U+D800 to U+DBFF, which are no characters. Numbers whose high half
//! is from U+DC00 to U+DFFF stand for an owner, so that one lookup finds the memos of one user.

use std::collections::BTreeSet;

use memo_domain::{SearchQuery, SearchText, UserId};

/// A pair of characters, or an owner, as a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Gram(u32);

impl Gram {
    fn pair((first, second): (char, char)) -> Self {
        Self(half(first) << 16 | half(second))
    }

    /// The number of an owner. Several owners may share it, so statements compare the owner's id as well.
    pub fn owner(owner: UserId) -> Self {
        // The last bytes of an id are random; the first ones are a time.
        let [.., a, b, c, d] = *owner.as_uuid().as_bytes();
        Self(0xdc00_0000 | u32::from_be_bytes([a, b, c, d]) & 0x03ff_ffff)
    }

    pub const fn number(self) -> u32 {
        self.0
    }
}

fn half(char: char) -> u32 {
    let code = u32::from(char);
    if code <= 0xffff { code } else { 0xd800 | code & 0x3ff }
}

/// The distinct bigrams of a memo's texts, and the number of its owner.
pub fn of_memo(owner: UserId, text: &SearchText) -> Vec<Gram> {
    let bigrams = text.bigrams().iter().copied().map(Gram::pair);
    let mut grams: Vec<_> = std::iter::once(Gram::owner(owner)).chain(bigrams).collect();
    // Only characters above U+FFFF are in another order, and may share a number.
    grams.sort_unstable();
    grams.dedup();
    grams
}

/// The part of a search query that the index can answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GramQuery {
    /// The bigrams that every matching memo contains.
    pub grams: BTreeSet<Gram>,
    /// Whether every memo with all these bigrams matches. If not, the texts of the memos decide.
    pub is_exact: bool,
}

impl GramQuery {
    /// Collects the bigrams of the required terms.
    pub fn new(query: &SearchQuery) -> Self {
        let mut grams = Self { grams: BTreeSet::new(), is_exact: true };
        for term in query.terms() {
            let is_plain = term.as_str().chars().all(|char| u32::from(char) <= 0xffff && char != ' ');
            grams.is_exact &= is_plain && !term.is_excluded() && term.as_str().chars().count() == 2;
            if !term.is_excluded() {
                grams.grams.extend(term.bigrams().map(Gram::pair));
            }
        }
        grams
    }

    /// Whether there is no bigram to look up.
    pub fn is_empty(&self) -> bool {
        self.grams.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use memo_domain::{Content, Title, UserId};
    use proptest::prelude::*;
    use uuid::Uuid;

    use super::*;

    fn gram_query(query: &str) -> GramQuery {
        GramQuery::new(&SearchQuery::parse(query).expect("a valid query").expect("a query with terms"))
    }

    fn text(content: &str) -> SearchText {
        SearchText::of(&Title::new("-").expect("a valid title"), &Content::new(content).expect("valid content"))
    }

    fn grams(content: &str) -> BTreeSet<Gram> {
        of_memo(UserId::new(Uuid::nil()), &text(content)).into_iter().collect()
    }

    #[test]
    fn only_queries_of_two_character_terms_are_exact() {
        assert!(gram_query("회의 ab").is_exact);
        for query in ["회의록", "a", "\"a b\"", "-회의", "🎉🎂", "🎉"] {
            assert!(!gram_query(query).is_exact, "{query}");
        }
        for query in ["-회의", "a", "\"a b\""] {
            assert!(gram_query(query).is_empty(), "{query}");
        }
        assert_eq!(gram_query("\"ab c\"").grams, BTreeSet::from([Gram::pair(('a', 'b'))]));
    }

    #[test]
    fn bigrams_and_owners_never_share_a_number() {
        let owner = Gram::owner(UserId::new(Uuid::from_u128(u128::MAX)));
        assert_eq!(owner.number() >> 26, 0xdc00_0000 >> 26);
        for gram in grams("가나 \u{10ffff}\u{1f389} \u{ffff}a").into_iter().skip_while(|gram| *gram == owner) {
            assert!(gram.number() >> 26 != owner.number() >> 26 || gram == Gram::owner(UserId::new(Uuid::nil())));
        }
    }

    proptest! {
        #[test]
        fn memos_that_match_a_query_contain_all_its_bigrams(
            content in "[a-c가-다🎉🎂 ]{0,12}",
            query in "[a-c가-다🎉🎂 \"-]{1,4}",
        ) {
            let Some(query) = SearchQuery::parse(&query).expect("a valid query") else { return Ok(()) };
            let matches = query.matches(&text(&content));
            let gram_query = GramQuery::new(&query);
            let grams = grams(&content);
            let contains_all = gram_query.grams.is_subset(&grams);
            prop_assert!(contains_all || !matches);
            prop_assert!(matches || !contains_all || !gram_query.is_exact);
        }
    }
}
