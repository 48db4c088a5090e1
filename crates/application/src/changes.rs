use std::{sync::Arc, time::Duration};

use memo_domain::{Access, Change, Clock, Limit, Store, UserId};

use crate::Error;

/// How long a change is kept.
const KEPT: Duration = Duration::from_hours(180 * 24);
/// How many changes are removed in one unit of work: others wait for it.
const REMOVED_AT_ONCE: u32 = 1_000;

/// Some of the changes of a member, in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangePage {
    /// The changes behind the number asked for.
    pub items: Vec<Change>,
    /// What to ask for next: the number of the last of them, or the one asked for.
    pub next_since: u64,
}

/// Members follow what becomes of their memos.
pub struct Changes {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
}

impl Changes {
    #[must_use]
    pub fn new(store: Arc<dyn Store>, clock: Arc<dyn Clock>) -> Self {
        Self { store, clock }
    }

    /// The changes behind a number, as many as the limit; none where there are no more yet.
    ///
    /// # Errors
    /// [`Error::ResyncRequired`] where the feed can't be followed from there: a change behind the number is older than 180
    /// days, or the number is one that no change has had.
    pub async fn list(&self, owner: UserId, since: u64, limit: Limit) -> Result<ChangePage, Error> {
        match self.follow(owner, since, limit, Access::Read).await {
            // What was read at two moments may only seem to have a gap.
            Err(Error::ResyncRequired { .. }) => self.follow(owner, since, limit, Access::Snapshot).await,
            result => result,
        }
    }

    async fn follow(&self, owner: UserId, since: u64, limit: Limit, access: Access) -> Result<ChangePage, Error> {
        let mut unit = self.store.begin(access).await?;
        let items = unit.changes().list(owner, since, limit).await?;
        let kept_from = self.clock.now() - KEPT;
        let goes_on = match items.first() {
            Some(first) => first.at >= kept_from && has_no_gap(since, &items),
            // The end of the feed; or a place that was never in it, or one behind which all was removed.
            None => unit.changes().last_seq(owner).await? == since,
        };
        if !goes_on {
            return Err(Error::ResyncRequired { next_since: unit.changes().last_seq(owner).await? });
        }
        let next_since = items.last().map_or(since, |last| last.seq);
        Ok(ChangePage { items, next_since })
    }

    /// Removes the changes that are kept no longer. How many they were.
    ///
    /// # Errors
    /// Those of the store alone.
    pub async fn sweep(&self) -> Result<u64, Error> {
        let mut removed = 0;
        loop {
            let mut unit = self.store.begin(Access::Write).await?;
            let some = unit.changes().remove_before(self.clock.now() - KEPT, REMOVED_AT_ONCE).await?;
            unit.commit().await?;
            removed += some;
            if some < u64::from(REMOVED_AT_ONCE) {
                return Ok(removed);
            }
        }
    }
}

fn has_no_gap(since: u64, items: &[Change]) -> bool {
    (since..).zip(items).all(|(before, change)| change.seq - 1 == before)
}
