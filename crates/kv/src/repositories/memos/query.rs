//! Lists and counts of memos.

use std::{
    cmp::Ordering,
    collections::{HashMap, hash_map::Entry},
    time::Instant,
};

use memo_domain::{
    DisplayName, Like, Memo, MemoCursor, MemoFilter, MemoScope, MemoSort, MemoView, Page, PageRequest, PageStart,
    SearchText, SortDirection, SortField, SortPosition, StoreError, UserId,
};

use super::{ID, MEMO_BY_CREATION, MEMO_BY_TITLE, MEMO_BY_UPDATE, MemoList, SearchForms, view_by};
use crate::{
    Direction,
    keys::{KeyRange, Prefix, key},
    repositories::{likes::LIKE_BY_USER, users::display_name},
    transaction::{Transaction, range},
};

/// Returns the score of a memo that matches a filter, or `None`. The deadline is that of a search.
fn score(
    tx: &Transaction,
    filter: &MemoFilter,
    memo: &Memo,
    deadline: Option<Instant>,
) -> Result<Option<u32>, StoreError> {
    if !filter.matches_without_search(memo) {
        return Ok(None);
    }
    let Some(query) = &filter.search else { return Ok(Some(0)) };
    if deadline.is_some_and(|deadline| Instant::now() > deadline) {
        return Err(StoreError::Timeout { source: "the search reached its deadline".into() });
    }
    let forms = tx.get::<SearchForms>(&key![memo.id])?;
    let SearchForms { title, content, .. } = forms.ok_or_else(|| StoreError::corrupt("a memo has no search text"))?;
    let text = SearchText::from_forms(title, content);
    Ok(query.matches(&text).then(|| query.relevance(&text)))
}

/// Counts the memos that match a filter.
pub fn count(tx: &Transaction, filter: &MemoFilter, deadline: Option<Instant>) -> Result<u64, StoreError> {
    if filter.scope == MemoScope::Liked {
        return Ok(liked(tx, filter, deadline)?.len() as u64);
    }
    let Some(list) = list_of(filter) else { return Ok(0) };
    let all = range::<Memo>(MEMO_BY_UPDATE, &key![list]);
    let mut count = 0;
    if is_whole_list(filter) {
        for entry in tx.walk(all.as_range(), Direction::Ascending) {
            entry?;
            count += 1;
        }
        return Ok(count);
    }
    for memo in tx.scan::<Memo>(MEMO_BY_UPDATE, &all, Direction::Ascending) {
        count += u64::from(score(tx, filter, &memo?, deadline)?.is_some());
    }
    Ok(count)
}

/// Those of the memos that the viewer likes that match a filter, with their scores.
fn liked(tx: &Transaction, filter: &MemoFilter, deadline: Option<Instant>) -> Result<Vec<(Memo, u32)>, StoreError> {
    let mut found = Vec::new();
    let likes = range::<Like>(LIKE_BY_USER, &key![filter.viewer]);
    for like in tx.scan::<Like>(LIKE_BY_USER, &likes, Direction::Ascending) {
        let memo = tx.indexed::<Memo>(&key![like?.memo_id])?;
        if let Some(score) = score(tx, filter, &memo, deadline)? {
            found.push((memo, score));
        }
    }
    Ok(found)
}

/// The list that has all memos of a filter; `None` if no list has them.
fn list_of(filter: &MemoFilter) -> Option<MemoList> {
    match filter.scope {
        MemoScope::Mine => Some(MemoList::Own(filter.viewer, filter.trashed)),
        MemoScope::Public => (!filter.trashed).then_some(MemoList::Public),
        MemoScope::Liked => None,
    }
}

/// Whether all memos of its list match a filter.
fn is_whole_list(filter: &MemoFilter) -> bool {
    *filter == MemoFilter { scope: filter.scope, trashed: filter.trashed, ..MemoFilter::of(filter.viewer) }
}

/// A page of the memos that match a filter.
pub fn list(
    tx: &Transaction,
    filter: &MemoFilter,
    sort: MemoSort,
    page: &PageRequest<MemoCursor>,
    deadline: Option<Instant>,
) -> Result<Page<MemoView, MemoCursor>, StoreError> {
    let (skipped, after) = match &page.start {
        PageStart::Offset(offset) => (usize::try_from(*offset).unwrap_or(usize::MAX), None),
        PageStart::After(cursor) => (0, Some(cursor)),
    };
    let wanted = usize::from(page.limit.get()) + 1;
    let mut views = Views { tx, names: HashMap::new() };
    // First the places of all that may be on the page, then their memos.
    let mut places = match (filter.scope, list_of(filter)) {
        (MemoScope::Liked, _) => {
            let places = liked(tx, filter, deadline)?.into_iter().map(|(memo, score)| sort.cursor(&memo, score));
            places.filter(|place| after.is_none_or(|after| compare(sort, place, after).is_gt())).collect()
        }
        (_, Some(list)) => {
            let enough = skipped.saturating_add(wanted);
            first_places(tx, filter, &Order { list, sort }, after, enough, deadline)?
        }
        (_, None) => Vec::new(),
    };
    places.sort_unstable_by(|a, b| compare(sort, a, b));
    let on_page = places.into_iter().skip(skipped).take(wanted);
    let items = on_page.map(|place| Ok((views.of(tx.indexed(&key![place.id])?)?, place))).collect::<Result<_, _>>()?;
    let Page { items, next } = Page::from_overfetched(items, page.limit, |(_, place): &(_, MemoCursor)| place.clone());
    Ok(Page { items: items.into_iter().map(|(view, _)| view).collect(), next })
}

/// The places of the matching memos of a list after a cursor: the first ones, at least as many as are enough, in no order.
fn first_places(
    tx: &Transaction,
    filter: &MemoFilter,
    order: &Order,
    after: Option<&MemoCursor>,
    enough: usize,
    deadline: Option<Instant>,
) -> Result<Vec<MemoCursor>, StoreError> {
    let mut places = Vec::new();
    let mut last_run = Vec::new();
    for entry in tx.walk(order.range_after(after).as_range(), order.direction()) {
        let (key, id) = entry?;
        if places.len() >= enough && order.run(&key).is_some_and(|run| run != last_run) {
            break;
        }
        let memo = tx.indexed::<Memo>(&id)?;
        let Some(score) = score(tx, filter, &memo, deadline)? else { continue };
        let place = order.sort.cursor(&memo, score);
        if after.is_none_or(|after| compare(order.sort, &place, after).is_gt()) {
            last_run = order.run(&key).unwrap_or_default().to_vec();
            places.push(place);
        }
    }
    Ok(places)
}

fn compare(sort: MemoSort, a: &MemoCursor, b: &MemoCursor) -> Ordering {
    match sort.direction {
        SortDirection::Ascending => a.cmp(b),
        SortDirection::Descending => b.cmp(a),
    }
}

/// A list in an order, and the index that has it.
struct Order {
    list: MemoList,
    sort: MemoSort,
}

impl Order {
    fn direction(&self) -> Direction {
        match self.sort.direction {
            SortDirection::Ascending => Direction::Ascending,
            SortDirection::Descending => Direction::Descending,
        }
    }

    fn range(&self) -> KeyRange {
        let index = match self.sort.field {
            SortField::UpdatedAt | SortField::Relevance => MEMO_BY_UPDATE,
            SortField::CreatedAt => MEMO_BY_CREATION,
            SortField::Title => MEMO_BY_TITLE,
        };
        range::<Memo>(index, &key![self.list])
    }

    /// The entries that may come after a place.
    fn range_after(&self, cursor: Option<&MemoCursor>) -> KeyRange {
        let Some(MemoCursor { position, id }) = cursor else { return self.range() };
        match (self.sort.field, position) {
            (SortField::UpdatedAt | SortField::CreatedAt, SortPosition::Time(time)) => {
                self.range().after(&key![*time, *id], self.direction())
            }
            (SortField::Title, SortPosition::Text(title)) => self.range().from(&key![Prefix(title)], self.direction()),
            _ => self.range(),
        }
    }

    /// What is equal in the keys of neighbours that may be in another order than the list. `None` if the whole index is.
    fn run<'a>(&self, key: &'a [u8]) -> Option<&'a [u8]> {
        let is_cut = || key.len() == self.range().prefix_len() + Prefix::MAX + 1 + ID;
        match self.sort.field {
            SortField::Relevance => None,
            SortField::Title if is_cut() => Some(&key[..key.len() - ID]),
            _ => Some(key),
        }
    }
}

/// Adds the names of the owners, each of which is read once.
struct Views<'a> {
    tx: &'a Transaction,
    names: HashMap<UserId, DisplayName>,
}

impl Views<'_> {
    fn of(&mut self, memo: Memo) -> Result<MemoView, StoreError> {
        let owner_name = match self.names.entry(memo.owner_id) {
            Entry::Occupied(name) => name.get().clone(),
            Entry::Vacant(place) => place.insert(display_name(self.tx, memo.owner_id)?).clone(),
        };
        view_by(self.tx, owner_name, memo)
    }
}
