use std::{
    cmp::Ordering,
    collections::{HashMap, hash_map::Entry},
    time::Instant,
};

use async_trait::async_trait;
use memo_domain::{
    DisplayName, Like, Memo, MemoCursor, MemoFilter, MemoId, MemoRepository, MemoScope, MemoSort, MemoView, Page,
    PageRequest, PageStart, SearchText, SortDirection, SortField, SortPosition, StoreError, Tag, TagCount, Timestamp,
    UserId, Version,
};

use crate::{
    Direction,
    keys::{Hashed, KeyRange, Prefix, key},
    records::{
        LIKE_BY_USER, Link, MEMO_BY_CREATION, MEMO_BY_TAG, MEMO_BY_TITLE, MEMO_BY_TRASHING, MEMO_BY_UPDATE, MemoList,
        PRIMARY, SearchForms,
    },
    repositories::{
        likes::{self, like_count},
        revisions, shares,
        users::{display_name, require_user},
    },
    store::Unit,
    transaction::{Transaction, range},
};

/// The length of an id in a key.
const ID: usize = 16;

#[async_trait]
impl MemoRepository for Unit {
    async fn lookup(&mut self, id: MemoId) -> Result<Option<MemoView>, StoreError> {
        self.read(move |tx| tx.get(&key![id])?.map(|memo| view(tx, memo)).transpose()).await
    }

    async fn list(
        &mut self,
        filter: &MemoFilter,
        sort: MemoSort,
        page: &PageRequest<MemoCursor>,
    ) -> Result<Page<MemoView, MemoCursor>, StoreError> {
        let (filter, page) = (filter.clone(), page.clone());
        if filter.search.is_some() {
            return self.search(move |tx, deadline| list(tx, &filter, sort, &page, Some(deadline))).await;
        }
        self.read(move |tx| list(tx, &filter, sort, &page, None)).await
    }

    async fn count(&mut self, filter: &MemoFilter) -> Result<u64, StoreError> {
        let filter = filter.clone();
        if filter.search.is_some() {
            return self.search(move |tx, deadline| count(tx, &filter, Some(deadline))).await;
        }
        self.read(move |tx| count(tx, &filter, None)).await
    }

    async fn list_tags(&mut self, owner: UserId, after: Option<&Tag>, limit: u32) -> Result<Vec<TagCount>, StoreError> {
        let after = after.cloned();
        self.read(move |tx| {
            let mut tags = count_tags(tx, owner, &[])?;
            tags.retain(|one| after.as_ref().is_none_or(|after| one.tag.key() > after.key()));
            tags.truncate(limit as usize);
            Ok(tags)
        })
        .await
    }

    async fn count_tags(&mut self, owner: UserId) -> Result<u64, StoreError> {
        self.read(move |tx| {
            let all = range::<Memo>(MEMO_BY_TAG, &key![owner]);
            let (prefix, mut rest, mut count) = (all.prefix_len(), all.clone(), 0);
            while let Some(entry) = tx.walk(rest.as_range(), Direction::Ascending).next() {
                // The hash of the tag: all of its entries are skipped.
                let hash = entry?.0[prefix..prefix + 32].to_vec();
                rest = all.clone().after(&hash, Direction::Ascending);
                count += 1;
            }
            Ok(count)
        })
        .await
    }

    async fn has_tags(&mut self, owner: UserId, tags: &[Tag]) -> Result<bool, StoreError> {
        let tags = tags.to_vec();
        self.read(move |tx| {
            for tag in tags {
                let found = range::<Memo>(MEMO_BY_TAG, &key![owner, Hashed(&[tag.key()])]);
                if tx.walk(found.as_range(), Direction::Ascending).next().transpose()?.is_none() {
                    return Ok(false);
                }
            }
            Ok(true)
        })
        .await
    }

    async fn find_tag(&mut self, owner: UserId, tag: &Tag) -> Result<Option<TagCount>, StoreError> {
        let key = key![Hashed(&[tag.key()])];
        self.read(move |tx| Ok(count_tags(tx, owner, &key)?.pop())).await
    }

    async fn find_by_tag(
        &mut self,
        owner: UserId,
        tag: &Tag,
        after: Option<MemoId>,
        limit: u32,
    ) -> Result<Vec<MemoId>, StoreError> {
        let tag = tag.clone();
        self.read(move |tx| {
            let all = range::<Memo>(MEMO_BY_TAG, &key![owner, Hashed(&[tag.key()])]);
            let rest = match after {
                Some(id) => all.after(&key![id], Direction::Ascending),
                None => all,
            };
            let memos = tx.scan::<Memo>(MEMO_BY_TAG, &rest, Direction::Ascending);
            memos.take(limit as usize).map(|memo| Ok(memo?.id)).collect()
        })
        .await
    }

    async fn list_trashed(&mut self, before: Timestamp, limit: u32) -> Result<Vec<MemoId>, StoreError> {
        self.read(move |tx| {
            let trashed = range::<Memo>(MEMO_BY_TRASHING, &[]).below(&key![before]);
            let memos = tx.scan::<Memo>(MEMO_BY_TRASHING, &trashed, Direction::Ascending);
            memos.take(limit as usize).map(|memo| Ok(memo?.id)).collect()
        })
        .await
    }

    async fn insert(&mut self, memo: &Memo, text: &SearchText) -> Result<MemoView, StoreError> {
        let (memo, forms) = (memo.clone(), forms(memo, text));
        self.write(move |tx| {
            tx.insert(&memo)?;
            tx.insert(&forms)?;
            require_user(tx, memo.owner_id)?;
            view(tx, memo)
        })
        .await
    }

    async fn update(&mut self, memo: &Memo, from: Version, text: Option<&SearchText>) -> Result<(), StoreError> {
        let (memo, forms) = (memo.clone(), text.map(|text| forms(memo, text)));
        self.write(move |tx| {
            let old = in_version(tx, memo.id, from)?;
            if old.owner_id != memo.owner_id {
                return Err(StoreError::Stale);
            }
            let new = Memo { created_at: old.created_at, ..memo };
            if let Some(forms) = forms {
                tx.replace(&forms, &forms)?;
            }
            tx.replace(&old, &new)
        })
        .await
    }

    async fn remove(&mut self, id: MemoId, from: Version) -> Result<(), StoreError> {
        self.write(move |tx| {
            let memo = in_version(tx, id, from)?;
            remove_memo(tx, &memo)
        })
        .await
    }
}

/// The tags of a user's memos, or the one whose hash is given.
fn count_tags(tx: &Transaction, owner: UserId, hash: &[u8]) -> Result<Vec<TagCount>, StoreError> {
    let prefix = key![owner];
    // After the owner, the hash of the tag and the id.
    let spelling = range::<Memo>(MEMO_BY_TAG, &prefix).prefix_len() + 32 + ID;
    let found = range::<Memo>(MEMO_BY_TAG, &[&prefix, hash].concat());
    let tags = tx.walk(found.as_range(), Direction::Ascending).map(|entry| {
        let (key, _) = entry?;
        let text = std::str::from_utf8(&key[spelling..]).map_err(StoreError::corrupt)?;
        Ok((Tag::new(text).map_err(StoreError::corrupt)?, 1))
    });
    Ok(TagCount::join(tags.collect::<Result<Vec<_>, StoreError>>()?))
}

pub fn remove_memo(tx: &mut Transaction, memo: &Memo) -> Result<(), StoreError> {
    likes::remove_of_memo(tx, memo.id)?;
    shares::remove_of_memo(tx, memo.id)?;
    revisions::remove_of_memo(tx, memo.id)?;
    tx.remove(memo);
    tx.remove_key::<SearchForms>(&key![memo.id]);
    tx.remove_all::<Link>(PRIMARY, &key![memo.id])
}

fn forms(memo: &Memo, text: &SearchText) -> SearchForms {
    SearchForms { memo_id: memo.id, title: text.title().to_owned(), content: text.content().to_owned() }
}

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

fn count(tx: &Transaction, filter: &MemoFilter, deadline: Option<Instant>) -> Result<u64, StoreError> {
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

fn in_version(tx: &Transaction, id: MemoId, version: Version) -> Result<Memo, StoreError> {
    tx.get(&key![id])?.filter(|memo: &Memo| memo.version == version).ok_or(StoreError::Stale)
}

pub fn view(tx: &Transaction, memo: Memo) -> Result<MemoView, StoreError> {
    view_by(tx, display_name(tx, memo.owner_id)?, memo)
}

fn view_by(tx: &Transaction, owner_name: DisplayName, memo: Memo) -> Result<MemoView, StoreError> {
    Ok(MemoView { owner_name, like_count: like_count(tx, memo.id)?, liked: false, memo })
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

fn list(
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
