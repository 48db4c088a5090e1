//! Tests of the query plans that the databases choose for lists of memos.

mod filled;
mod mysql;
mod postgres;
pub mod sqlite;

use memo_domain::{
    MemoCursor, MemoFilter, MemoScope, MemoSort, PageStart, SearchQuery, SortDirection, SortField, Tag, Timestamp,
    UserId, Visibility,
};
use sea_orm::{DbBackend, QueryTrait, Statement};

use super::{
    plan::{Plan, Start},
    query::{self, Rows},
};
use crate::grams::GramQuery;

/// The number of rows that a page of 20 selects.
const PAGE_ROWS: u64 = 21;

/// A kind of list with an index for each of some orders.
struct Kind {
    /// The part of the names of its indexes.
    name: &'static str,
    filter: MemoFilter,
    fields: &'static [SortField],
}

impl Kind {
    /// The orders, with the names of their indexes.
    fn sorts(&self) -> impl Iterator<Item = (MemoSort, String)> {
        let directions = [SortDirection::Ascending, SortDirection::Descending];
        let sorts =
            self.fields.iter().flat_map(move |&field| directions.map(|direction| MemoSort { field, direction }));
        sorts.map(|sort| {
            let column = match sort.field {
                SortField::CreatedAt => "created_at",
                SortField::Title => "title_key",
                _ => "updated_at",
            };
            (sort, format!("memos_{}_{column}", self.name))
        })
    }
}

/// All kinds of lists of a user, including one with a tag and one with bounds of a time.
fn kinds(viewer: UserId, tag: &Tag, before: Timestamp) -> [Kind; 8] {
    const EVERY: &[SortField] = &[SortField::UpdatedAt, SortField::CreatedAt, SortField::Title];
    const CHANGE: &[SortField] = &[SortField::UpdatedAt];
    let mine = || mine(viewer);
    [
        ("active", MemoFilter { created_before: Some(before), ..mine() }, EVERY),
        ("active", mine(), EVERY),
        ("active", MemoFilter { tags: vec![tag.clone()], ..mine() }, EVERY),
        ("public", MemoFilter { scope: MemoScope::Public, ..mine() }, EVERY),
        ("archived", MemoFilter { archived: Some(true), ..mine() }, CHANGE),
        ("trashed", MemoFilter { trashed: true, ..mine() }, CHANGE),
        ("pinned", MemoFilter { pinned: Some(true), ..mine() }, CHANGE),
        ("shown", MemoFilter { visibility: Some(Visibility::Public), ..mine() }, CHANGE),
    ]
    .map(|(name, filter, fields)| Kind { name, filter, fields })
}

/// A user's memos that are neither archived nor in the trash.
fn mine(viewer: UserId) -> MemoFilter {
    MemoFilter { archived: Some(false), ..MemoFilter::of(viewer) }
}

fn tag(text: &str) -> Tag {
    Tag::new(text).expect("a valid tag")
}

fn gram_query(query: &str) -> GramQuery {
    GramQuery::new(&SearchQuery::parse(query).expect("a valid query").expect("a query with terms"))
}

fn list(
    filter: &MemoFilter,
    sort: MemoSort,
    start: &PageStart<MemoCursor>,
    plan: &Plan,
    backend: DbBackend,
) -> Statement {
    query::list(filter, &Rows { sort, start, limit: PAGE_ROWS }, plan, backend).expect("a list").build(backend)
}
