use std::{sync::Arc, time::Duration};

use memo_domain::{Access, Change, Limit, UserId};

use crate::{Error, Ports};

/// How long a change is kept.
const RETENTION: Duration = Duration::from_hours(180 * 24);
/// How many changes one transaction removes at most, so that other writers wait only for a moment.
const BATCH: u32 = 1_000;

/// Consecutive changes of a user's feed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangePage {
    /// The changes after the requested number.
    pub items: Vec<Change>,
    /// The number to continue with: that of the last change, or the requested one.
    pub next_since: u64,
}

/// The change feeds of users.
pub struct Changes {
    ports: Arc<Ports>,
}

impl Changes {
    #[must_use]
    pub const fn new(ports: Arc<Ports>) -> Self {
        Self { ports }
    }

    /// Returns the changes after a number, up to the limit.
    ///
    /// # Errors
    /// [`Error::ResyncRequired`] if the feed can't be followed from there: a change after the number is older than 180 days,
    /// or no change has had the number yet.
    pub async fn list(&self, owner: UserId, since: u64, limit: Limit) -> Result<ChangePage, Error> {
        match self.follow(owner, since, limit, Access::Read).await {
            // Two statements that see different states may only seem to leave a gap.
            Err(Error::ResyncRequired { .. }) => self.follow(owner, since, limit, Access::Snapshot).await,
            result => result,
        }
    }

    /// Returns the number after which new changes of a user follow: `since`, or that of the last change so far.
    ///
    /// # Errors
    /// As [`list`](Self::list).
    pub async fn position(&self, owner: UserId, since: Option<u64>) -> Result<u64, Error> {
        if let Some(since) = since {
            self.list(owner, since, Limit::default()).await?;
            return Ok(since);
        }
        let transactions = self.ports.transactions.on_behalf_of(owner);
        transactions.read(async |unit| Ok(unit.changes().last_seq(owner).await?)).await
    }

    /// Returns whether the feed of a user does not end with this number any more, in one small read.
    ///
    /// # Errors
    /// Only those of the store.
    pub async fn has_moved(&self, owner: UserId, since: u64) -> Result<bool, Error> {
        let transactions = self.ports.transactions.on_behalf_of(owner);
        let stamp = transactions.read(async |unit| Ok(unit.changes().lookup_stamp(owner).await?)).await?;
        Ok(stamp.is_some_and(|stamp| stamp.last_change != since))
    }

    async fn follow(&self, owner: UserId, since: u64, limit: Limit, access: Access) -> Result<ChangePage, Error> {
        let transactions = self.ports.transactions.on_behalf_of(owner);
        let page = transactions.read_with(access, async |unit| {
            let items = unit.changes().list(owner, since, limit).await?;
            let kept_from = self.ports.now() - RETENTION;
            let can_follow = match items.first() {
                Some(first) => first.at >= kept_from && has_no_gap(since, &items),
                // The end of the feed, unless the number was never reached or all later changes were removed.
                None => unit.changes().last_seq(owner).await? == since,
            };
            if !can_follow {
                return Err(Error::ResyncRequired { next_since: unit.changes().last_seq(owner).await? });
            }
            let next_since = items.last().map_or(since, |last| last.seq);
            Ok(ChangePage { items, next_since })
        });
        page.await
    }

    /// Removes the changes whose retention time is over, and returns how many that was.
    ///
    /// # Errors
    /// Only those of the store.
    pub async fn sweep(&self) -> Result<u64, Error> {
        let mut total = 0;
        loop {
            let removed = self.ports.transactions.write(async |tx| {
                let before = tx.now() - RETENTION;
                Ok(tx.changes().remove_before(before, BATCH).await?)
            });
            let removed = removed.await?;
            total += removed;
            if removed < u64::from(BATCH) {
                return Ok(total);
            }
        }
    }
}

fn has_no_gap(since: u64, items: &[Change]) -> bool {
    (since..).zip(items).all(|(before, change)| change.seq - 1 == before)
}
