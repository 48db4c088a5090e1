use std::sync::Arc;

use async_trait::async_trait;
use memo_domain::{Change, ChangeRepository, Conflict, Limit, NewChange, Stamp, StoreError, Timestamp, UserId};

use crate::{state::require, store::Unit};

/// The changes of one member that were not removed, in order, and the greatest number.
#[derive(Clone, Default)]
pub struct Feed {
    last: u64,
    kept: Vec<Change>,
}

#[async_trait]
impl ChangeRepository for Unit {
    async fn append(&mut self, owner: UserId, changes: &[NewChange]) -> Result<(), StoreError> {
        self.write(|state| {
            require(state.users.contains_key(&owner), Conflict::Parent)?;
            let feed = Arc::make_mut(state.feeds.entry(owner).or_default());
            for change in changes {
                feed.last += 1;
                feed.kept.push(Change::new(feed.last, *change));
            }
            Ok(())
        })
    }

    async fn list(&mut self, owner: UserId, since: u64, limit: Limit) -> Result<Vec<Change>, StoreError> {
        let Some(feed) = self.state.feeds.get(&owner) else { return Ok(Vec::new()) };
        let after = feed.kept.partition_point(|change| change.seq <= since);
        Ok(feed.kept[after..].iter().take(limit.get().into()).copied().collect())
    }

    async fn last_seq(&mut self, owner: UserId) -> Result<u64, StoreError> {
        Ok(self.state.feeds.get(&owner).map_or(0, |feed| feed.last))
    }

    async fn lookup_stamp(&mut self, owner: UserId) -> Result<Option<Stamp>, StoreError> {
        let last_change = self.last_seq(owner).await?;
        Ok(self.state.users.get(&owner).map(|user| Stamp { last_change, member: user.version }))
    }

    async fn remove_before(&mut self, time: Timestamp, most: u32) -> Result<u64, StoreError> {
        self.write(|state| {
            let mut left = u64::from(most);
            for feed in state.feeds.values_mut().map(Arc::make_mut) {
                feed.kept.retain(|change| {
                    let removed = left > 0 && change.at < time;
                    left -= u64::from(removed);
                    !removed
                });
            }
            Ok(u64::from(most) - left)
        })
    }
}
