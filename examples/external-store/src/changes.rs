use std::ops::Bound::{Excluded, Included};

use async_trait::async_trait;
use memo_domain::{Change, ChangeRepository, Conflict, Limit, NewChange, Stamp, StoreError, Timestamp, UserId};

use crate::{
    state::{Row, require},
    store::Unit,
};

#[async_trait]
impl ChangeRepository for Unit {
    async fn append(&mut self, owner: UserId, changes: &[NewChange]) -> Result<(), StoreError> {
        self.write(|state| {
            require(state.users.contains_key(&owner), Conflict::Parent)?;
            // Nobody else can take these numbers: this is the only unit of work that writes, until it ends.
            let next = state.last_change.get(&owner).map_or(1, |last| last + 1);
            Ok((next..).zip(changes).map(|(seq, change)| Row::Change(owner, Change::new(seq, *change))).collect())
        })?;
        Ok(())
    }

    async fn list(&mut self, owner: UserId, since: u64, limit: Limit) -> Result<Vec<Change>, StoreError> {
        let behind = self.state.changes.range((Excluded((owner, since)), Included((owner, u64::MAX))));
        Ok(behind.map(|(_, change)| *change).take(limit.get().into()).collect())
    }

    async fn last_seq(&mut self, owner: UserId) -> Result<u64, StoreError> {
        Ok(self.state.last_change.get(&owner).copied().unwrap_or(0))
    }

    async fn lookup_stamp(&mut self, owner: UserId) -> Result<Option<Stamp>, StoreError> {
        let last_change = self.last_seq(owner).await?;
        Ok(self.state.users.get(&owner).map(|user| Stamp { last_change, member: user.version }))
    }

    async fn remove_before(&mut self, time: Timestamp, most: u32) -> Result<u64, StoreError> {
        let removed = self.write(|state| {
            let old = state.changes.iter().filter(|(_, change)| change.at < time).take(most as usize);
            Ok(old.map(|((owner, seq), _)| Row::ChangeGone(*owner, *seq)).collect())
        })?;
        Ok(removed as u64)
    }
}
