use async_trait::async_trait;
use memo_domain::{
    Change, ChangeKind, ChangeRepository, Limit, NewChange, Source, Stamp, StoreError, Timestamp, User, UserId,
};

use super::users::require_user;
use crate::{
    Direction,
    codec::{Codec, Input, enums, record},
    entity::{Entity, PRIMARY},
    keys::key,
    store::Unit,
    transaction::{Transaction, range},
};

enums! {
    ChangeKind { Created = 1, Updated = 2, Trashed = 3, Restored = 4, Deleted = 5, Liked = 6, Unliked = 7, Reminded = 8 }
}

/// The greatest number that a change of a user's memos ever had.
pub struct Feed {
    pub owner: UserId,
    pub last_seq: u64,
}

record!(Feed, 1, { owner, last_seq });

impl Entity for Feed {
    const TABLE: u8 = 5;

    fn key(&self) -> Vec<u8> {
        key![self.owner]
    }
}

/// A change of a user's memos.
pub struct FeedEntry {
    pub owner: UserId,
    pub change: Change,
}

record!(FeedEntry, 1, { owner, change });
record!(Change, 1, { seq, kind, memo_id, version, at });

const CHANGE_BY_TIME: u8 = 1;

impl Entity for FeedEntry {
    const TABLE: u8 = 6;

    fn key(&self) -> Vec<u8> {
        key![self.owner, self.change.seq]
    }

    fn indexes(&self) -> Vec<(u8, Vec<u8>)> {
        vec![(CHANGE_BY_TIME, key![self.change.at, self.owner, self.change.seq])]
    }
}

#[async_trait]
impl ChangeRepository for Unit {
    async fn append(&mut self, owner: UserId, changes: &[NewChange]) -> Result<(), StoreError> {
        if changes.is_empty() {
            return Ok(());
        }
        let changes = changes.to_vec();
        self.write(move |tx| {
            require_user(tx, owner)?;
            // There is one writer at a time: no other can take these numbers.
            let old = Feed { owner, last_seq: last_seq(tx, owner)? };
            let mut new = Feed { ..old };
            for change in changes {
                new.last_seq += 1;
                tx.insert(&FeedEntry { owner, change: Change::new(new.last_seq, change) })?;
            }
            tx.replace(&old, &new)
        })
        .await
    }

    async fn list(&mut self, owner: UserId, since: u64, limit: Limit) -> Result<Vec<Change>, StoreError> {
        self.read(move |tx| {
            let newer = range::<FeedEntry>(PRIMARY, &key![owner]).after(&key![since], Direction::Ascending);
            let entries = tx.scan::<FeedEntry>(PRIMARY, &newer, Direction::Ascending);
            entries.take(limit.get().into()).map(|entry| Ok(entry?.change)).collect()
        })
        .await
    }

    async fn last_seq(&mut self, owner: UserId) -> Result<u64, StoreError> {
        self.read(move |tx| last_seq(tx, owner)).await
    }

    async fn lookup_stamp(&mut self, owner: UserId) -> Result<Option<Stamp>, StoreError> {
        self.read(move |tx| {
            let last_change = last_seq(tx, owner)?;
            Ok(tx.get::<User>(&key![owner])?.map(|user| Stamp { last_change, user: user.version }))
        })
        .await
    }

    async fn remove_before(&mut self, time: Timestamp, most: u32) -> Result<u64, StoreError> {
        self.write(move |tx| tx.remove_below::<FeedEntry>(CHANGE_BY_TIME, &key![time], most)).await
    }
}

fn last_seq(tx: &Transaction, owner: UserId) -> Result<u64, StoreError> {
    Ok(tx.get::<Feed>(&key![owner])?.map_or(0, |feed| feed.last_seq))
}

/// Removes changes of a user, as a [`Step`](super::Step).
pub fn remove_of_user(tx: &mut Transaction, user: UserId, limit: usize) -> Result<usize, StoreError> {
    tx.remove_some::<FeedEntry>(PRIMARY, &key![user], limit)
}

/// Removes the last number of a user's changes, after which they would begin again.
pub fn remove_feed(tx: &mut Transaction, user: UserId) -> Result<(), StoreError> {
    tx.remove_all::<Feed>(PRIMARY, &key![user])
}
