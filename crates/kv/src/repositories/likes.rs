use async_trait::async_trait;
use memo_domain::{Conflict, Like, LikeRepository, Liker, Memo, MemoId, Page, PageRequest, Source, StoreError, UserId};

use super::users::{display_name, require_user};
use crate::{
    Direction,
    codec::{Codec, Input, record},
    entity::{Entity, PRIMARY},
    keys::key,
    store::Unit,
    transaction::{Transaction, range, require},
};

record!(Like, 1, { memo_id, user_id, at });

pub const LIKE_BY_USER: u8 = 1;

impl Entity for Like {
    const TABLE: u8 = 16;

    fn key(&self) -> Vec<u8> {
        key![self.memo_id, self.user_id]
    }

    fn indexes(&self) -> Vec<(u8, Vec<u8>)> {
        vec![(LIKE_BY_USER, key![self.user_id, self.memo_id])]
    }
}

/// The number of likes of a memo, if it has any.
pub struct LikeCount {
    pub memo_id: MemoId,
    pub count: u64,
}

record!(LikeCount, 1, { memo_id, count });

impl Entity for LikeCount {
    const TABLE: u8 = 15;

    fn key(&self) -> Vec<u8> {
        key![self.memo_id]
    }
}

#[async_trait]
impl LikeRepository for Unit {
    async fn insert(&mut self, like: &Like) -> Result<bool, StoreError> {
        let like = *like;
        self.write(move |tx| {
            if tx.contains::<Like>(&key![like.memo_id, like.user_id])? {
                return Ok(false);
            }
            require(tx.contains::<Memo>(&key![like.memo_id])?, Conflict::Parent)?;
            require_user(tx, like.user_id)?;
            tx.insert(&like)?;
            let count = like_count(tx, like.memo_id)? + 1;
            set_count(tx, like.memo_id, count)?;
            Ok(true)
        })
        .await
    }

    async fn remove(&mut self, memo: MemoId, user: UserId) -> Result<bool, StoreError> {
        self.write(move |tx| {
            let Some(like) = tx.get::<Like>(&key![memo, user])? else { return Ok(false) };
            remove_like(tx, &like)?;
            Ok(true)
        })
        .await
    }

    async fn find_liked(&mut self, user: UserId, memos: &[MemoId]) -> Result<Vec<MemoId>, StoreError> {
        let memos = memos.to_vec();
        self.read(move |tx| {
            let mut liked = Vec::new();
            for memo in memos {
                if tx.contains::<Like>(&key![memo, user])? {
                    liked.push(memo);
                }
            }
            Ok(liked)
        })
        .await
    }

    async fn find_by_user(&mut self, user: UserId, limit: u32) -> Result<Vec<MemoId>, StoreError> {
        self.read(move |tx| {
            let likes = range::<Like>(LIKE_BY_USER, &key![user]);
            let likes = tx.scan::<Like>(LIKE_BY_USER, &likes, Direction::Ascending);
            likes.take(limit as usize).map(|like| Ok(like?.memo_id)).collect()
        })
        .await
    }

    async fn list_by_user(
        &mut self,
        user: UserId,
        page: &PageRequest<MemoId>,
    ) -> Result<Page<Like, MemoId>, StoreError> {
        let page = page.clone();
        self.read(move |tx| {
            let cursor = (|like: &Like| like.memo_id, |id: &MemoId| key![*id]);
            tx.page((LIKE_BY_USER, &key![user], Direction::Ascending), &page, cursor, |_| true)
        })
        .await
    }

    async fn list(&mut self, memo: MemoId, page: &PageRequest<UserId>) -> Result<Page<Liker, UserId>, StoreError> {
        let page = page.clone();
        self.read(move |tx| {
            let cursor = (|like: &Like| like.user_id, |id: &UserId| key![*id]);
            let Page { items, next } =
                tx.page((PRIMARY, &key![memo], Direction::Ascending), &page, cursor, |_| true)?;
            let liker = |Like { user_id, at, .. }| {
                Ok(Liker { user_id, display_name: display_name(tx, user_id)?, liked_at: at })
            };
            Ok(Page { items: items.into_iter().map(liker).collect::<Result<_, StoreError>>()?, next })
        })
        .await
    }
}

/// The number of users who like a memo.
pub fn like_count(tx: &Transaction, memo: MemoId) -> Result<u64, StoreError> {
    Ok(tx.get::<LikeCount>(&key![memo])?.map_or(0, |likes| likes.count))
}

fn set_count(tx: &mut Transaction, memo_id: MemoId, count: u64) -> Result<(), StoreError> {
    tx.remove_key::<LikeCount>(&key![memo_id]);
    if count > 0 { tx.insert(&LikeCount { memo_id, count }) } else { Ok(()) }
}

fn remove_like(tx: &mut Transaction, like: &Like) -> Result<(), StoreError> {
    tx.remove(like);
    let count = like_count(tx, like.memo_id)?.saturating_sub(1);
    set_count(tx, like.memo_id, count)
}

/// Removes the likes of a memo.
pub fn remove_of_memo(tx: &mut Transaction, memo: MemoId) -> Result<(), StoreError> {
    if like_count(tx, memo)? > 0 {
        tx.remove_all::<Like>(PRIMARY, &key![memo])?;
        set_count(tx, memo, 0)?;
    }
    Ok(())
}

/// Removes the likes of a user.
pub fn remove_of_user(tx: &mut Transaction, user: UserId) -> Result<(), StoreError> {
    for like in tx.all::<Like>(LIKE_BY_USER, &key![user])? {
        remove_like(tx, &like)?;
    }
    Ok(())
}
