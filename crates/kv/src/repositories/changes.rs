use async_trait::async_trait;
use memo_domain::{Change, ChangeRepository, Limit, NewChange, Stamp, StoreError, Timestamp, User, UserId};

use crate::{
    Direction,
    keys::key,
    records::{CHANGE_BY_TIME, Feed, FeedEntry, PRIMARY},
    repositories::users::require_user,
    store::Unit,
    transaction::{Transaction, range},
};

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
