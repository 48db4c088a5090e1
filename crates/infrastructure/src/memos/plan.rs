//! How the memos that match a filter are found.

use memo_domain::{MemoFilter, MemoScope, Tag};

use crate::grams::GramQuery;

/// How to find the memos that match a filter.
#[derive(Debug, Default)]
pub struct Plan {
    /// The condition on the full-text index, if there is one.
    pub gram_query: Option<GramQuery>,
    /// Whether the bigrams do not decide, so that the texts of the memos must be compared with the query.
    pub texts_decide: bool,
    pub start: Start,
}

/// The condition by which memos are looked up.
#[derive(Debug, Default)]
pub enum Start {
    /// None: the memos are scanned in the order of the list.
    #[default]
    Order,
    Search,
    Tag(Tag),
    /// The likes of the viewer.
    Liked,
    /// The bounds of a time that the list is not sorted by.
    Time,
}

impl Plan {
    /// A scan that is worth a try, since it finds a page soon if many memos match, and where to start if it does not.
    pub fn scan(&self, filter: &MemoFilter) -> Option<(Self, Start)> {
        match (&self.start, &self.gram_query, &filter.search, filter.scope, filter.tags.first()) {
            // The texts alone: the index would first collect all memos that it finds.
            (Start::Order, Some(_), ..) => Some((Self { texts_decide: true, ..Self::default() }, Start::Order)),
            (Start::Order, None, None, MemoScope::Mine, Some(tag)) => Some((Self::default(), Start::Tag(tag.clone()))),
            _ => None,
        }
    }
}
