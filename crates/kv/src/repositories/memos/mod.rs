mod query;
mod record;

use async_trait::async_trait;
use memo_domain::{
    DisplayName, Memo, MemoCursor, MemoFilter, MemoId, MemoRepository, MemoSort, MemoView, Page, PageRequest,
    SearchText, StoreError, Sweep, Tag, TagCount, Timestamp, UserId, Version, Visibility,
};

use super::{
    likes::{self, like_count},
    links, revisions, shares,
    users::{display_name, require_user},
};
use crate::{
    Direction,
    keys::{Hashed, key},
    store::Unit,
    transaction::{Transaction, range},
};
use query::{count, list};
use record::{MEMO_BY_CREATION, MEMO_BY_TAG, MEMO_BY_TITLE, MEMO_BY_TRASHING, MEMO_BY_UPDATE, MemoList, SearchForms};

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

fn remove_memo(tx: &mut Transaction, memo: &Memo) -> Result<(), StoreError> {
    likes::remove_of_memo(tx, memo.id)?;
    shares::remove_of_memo(tx, memo.id)?;
    revisions::remove_of_memo(tx, memo.id)?;
    tx.remove(memo);
    tx.remove_key::<SearchForms>(&key![memo.id]);
    links::remove_of_memo(tx, memo.id)
}

/// Removes memos of a user, as a [`Step`](super::Step).
pub fn remove_of_user(tx: &mut Transaction, user: UserId, limit: usize) -> Result<usize, StoreError> {
    remove_some(tx, user, Sweep::All, limit)
}

/// Removes memos of a user, up to a limit. Returns how many it removed.
pub fn remove_some(tx: &mut Transaction, user: UserId, what: Sweep, limit: usize) -> Result<usize, StoreError> {
    let is_swept = |memo: &Memo| what == Sweep::All || memo.state.visibility == Visibility::Public;
    let mut removed = 0;
    for trashed in [false, true] {
        let memos = range::<Memo>(MEMO_BY_UPDATE, &key![MemoList::Own(user, trashed)]);
        let memos = tx.scan::<Memo>(MEMO_BY_UPDATE, &memos, Direction::Ascending);
        let memos = memos.filter(|memo| memo.as_ref().map_or(true, is_swept)).take(limit - removed);
        for memo in memos.collect::<Result<Vec<_>, _>>()? {
            remove_memo(tx, &memo)?;
            removed += 1;
        }
    }
    Ok(removed)
}

fn forms(memo: &Memo, text: &SearchText) -> SearchForms {
    SearchForms { memo_id: memo.id, title: text.title().to_owned(), content: text.content().to_owned() }
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
