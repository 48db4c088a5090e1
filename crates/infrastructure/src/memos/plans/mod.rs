//! How the databases find memos: the plans of the statements that lists really run.

mod filled;
mod mysql;
mod postgres;
mod sqlite;

use memo_domain::{
    MemoCursor, MemoFilter, MemoScope, MemoSort, PageStart, SearchQuery, SortField, Tag, Timestamp, UserId, Visibility,
};
use sea_orm::{DbBackend, QueryTrait, Statement};

use super::{
    grams::Wanted,
    query::{self, Rows},
    search::{Plan, Start},
};

/// What a page of 20 asks for.
const MOST: u64 = 21;

/// A kind of list that has an index in each of some orders.
struct Kind {
    /// By which its indexes are called.
    name: &'static str,
    filter: MemoFilter,
    fields: &'static [SortField],
}

impl Kind {
    /// The orders by name, and the index of each.
    fn sorts(&self) -> impl Iterator<Item = (&'static str, MemoSort, String)> {
        let sorts = MemoSort::NAMES.into_iter().filter(|(_, sort)| self.fields.contains(&sort.field));
        sorts.map(|(order, sort)| {
            let column = match sort.field {
                SortField::CreatedAt => "created_at",
                SortField::Title => "title_key",
                _ => "updated_at",
            };
            (order, sort, format!("memos_{}_{column}", self.name))
        })
    }
}

/// All kinds, as a member reads them; one that asks for a tag, and one that asks for a time in other orders, too.
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

/// What a member has in use.
fn mine(viewer: UserId) -> MemoFilter {
    MemoFilter { archived: Some(false), ..MemoFilter::of(viewer) }
}

fn tag(text: &str) -> Tag {
    Tag::new(text).expect("a valid tag")
}

fn wanted(query: &str) -> Wanted {
    Wanted::of(&SearchQuery::parse(query).expect("no text is an error").expect("it asks for something"))
}

fn list(
    filter: &MemoFilter,
    sort: MemoSort,
    start: &PageStart<MemoCursor>,
    by: &Plan,
    backend: DbBackend,
) -> Statement {
    query::list(filter, &Rows { sort, start, most: MOST }, by, backend).expect("a list").build(backend)
}
