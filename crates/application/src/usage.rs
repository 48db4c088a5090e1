//! Usage: the requests of users, counted in memory and stored together every few seconds.

mod counter;
mod counts;

use std::{cmp::Reverse, collections::BTreeMap, mem, sync::Arc, time::Duration};

pub use counter::UsageCounter;
use memo_domain::{ApiKeyId, Day, OperationName, Usage, UsageCounters, UsageKey, UsageRange, UserId};

use crate::{Error, Ports, Transactions, roles::require_administrator};

/// How many rows one statement reads.
const READ_AT_ONCE: u32 = 500;
/// How many rows a report adds up: some seconds of work.
const MAX_ROWS: usize = 500_000;
/// How many items a report has: those with the most requests.
const MAX_ITEMS: usize = 1_000;
/// How many groups one user may have in it: those of API keys that were removed count as well, and each has a histogram of 4 kB.
const MAX_GROUPS: usize = 5_000;
/// How long a report waits for the usage that is being stored at the moment.
const PATIENCE: Duration = Duration::from_secs(1);
/// How often it looks meanwhile.
const LOOK: Duration = Duration::from_millis(5);
/// How often a page is read again, if some was stored meanwhile.
const ATTEMPTS: usize = 3;

/// By what a report adds up requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UsageGrouping {
    /// The day.
    Day,
    /// The operation.
    Operation,
    /// The API key; the requests of sessions together.
    ApiKey,
    /// The user, for administrators.
    User,
}

/// The requests that an item of a report adds up.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum UsageGroup {
    /// Those of a day.
    Day(Day),
    /// Those with an operation.
    Operation(OperationName),
    /// Those of all sessions.
    Sessions,
    /// Those with an API key, which may have been removed.
    ApiKey(ApiKeyId),
    /// Those of a user.
    User(UserId),
}

impl UsageGrouping {
    fn group(self, key: &UsageKey) -> UsageGroup {
        match (self, key.api_key_id) {
            (Self::Day, _) => UsageGroup::Day(key.day),
            (Self::Operation, _) => UsageGroup::Operation(key.operation.clone()),
            (Self::ApiKey, None) => UsageGroup::Sessions,
            (Self::ApiKey, Some(id)) => UsageGroup::ApiKey(id),
            (Self::User, _) => UsageGroup::User(key.user_id),
        }
    }
}

/// Reports of usage, which include what this node has counted and not stored yet.
pub struct UsageReports {
    ports: Arc<Ports>,
    counter: Arc<UsageCounter>,
    max_rows: usize,
    max_groups: usize,
}

impl UsageReports {
    #[must_use]
    pub const fn new(ports: Arc<Ports>, counter: Arc<UsageCounter>) -> Self {
        Self { ports, counter, max_rows: MAX_ROWS, max_groups: MAX_GROUPS }
    }

    /// Adds up this number of rows at most, and this number of groups of a user.
    #[must_use]
    pub fn with_limits(self, max_rows: usize, max_groups: usize) -> Self {
        Self { max_rows, max_groups, ..self }
    }

    /// Returns today, in UTC.
    #[must_use]
    pub fn today(&self) -> Day {
        Day::of(self.ports.now())
    }

    /// Returns the usage of a user: days in their order, others by the number of requests, at most 1,000.
    ///
    /// # Errors
    /// [`Error::TooMuchUsage`].
    pub async fn own(
        &self,
        user: UserId,
        range: UsageRange,
        grouping: UsageGrouping,
    ) -> Result<Vec<(UsageGroup, UsageCounters)>, Error> {
        let transactions = self.ports.transactions.on_behalf_of(user);
        self.report(&transactions, Some(user), range, grouping).await
    }

    /// Returns the usage of one user, or of all, for an administrator, like [`own`](Self::own).
    ///
    /// # Errors
    /// [`Error::NotAdministrator`]; [`Error::TooMuchUsage`] if more than 500,000 rows are stored of these days.
    pub async fn all(
        &self,
        administrator: UserId,
        user: Option<UserId>,
        range: UsageRange,
        grouping: UsageGrouping,
    ) -> Result<Vec<(UsageGroup, UsageCounters)>, Error> {
        let transactions = self.ports.transactions.on_behalf_of(administrator);
        transactions.read(async |unit| require_administrator(unit, administrator).await.map(drop)).await?;
        self.report(&transactions, user, range, grouping).await
    }

    /// Adds up the usage of one user or of all.
    async fn report(
        &self,
        transactions: &Transactions,
        user: Option<UserId>,
        range: UsageRange,
        grouping: UsageGrouping,
    ) -> Result<Vec<(UsageGroup, UsageCounters)>, Error> {
        let (mut sums, mut of_user) = (Sums::new(grouping), Sums::new(grouping));
        let (mut current, mut after, mut rows) = (None, None, 0);
        loop {
            let (page, last) = self.page(transactions, user, range, after.as_ref()).await?;
            rows += page.len();
            if rows > self.max_rows {
                return Err(Error::TooMuchUsage { max: self.max_rows });
            }
            for usage in &page {
                if current.replace(usage.key.user_id).is_some_and(|user| user != usage.key.user_id) {
                    sums.add_all(mem::replace(&mut of_user, Sums::new(grouping)));
                }
                of_user.add(usage);
            }
            if of_user.groups.len() > self.max_groups {
                return Err(Error::TooMuchUsage { max: self.max_groups });
            }
            after = last;
            if after.is_none() {
                sums.add_all(of_user);
                return Ok(sums.into_items());
            }
        }
    }

    /// Returns the next usage after a key: what is stored, and what this node has counted since. The second value is the last
    /// key, unless there is no more.
    async fn page(
        &self,
        transactions: &Transactions,
        user: Option<UserId>,
        range: UsageRange,
        after: Option<&UsageKey>,
    ) -> Result<(Vec<Usage>, Option<UsageKey>), Error> {
        let mut attempts = 0;
        loop {
            attempts += 1;
            let turn = self.settled().await;
            let read = transactions.read(async |unit| {
                Ok(match user {
                    Some(user) => unit.usage().list(user, range, after, READ_AT_ONCE).await?,
                    None => unit.usage().list_all(range, after, READ_AT_ONCE).await?,
                })
            });
            let mut page = read.await?;
            let is_full = page.len() >= READ_AT_ONCE as usize;
            let last = page.last().map(|usage| usage.key.clone()).filter(|_| is_full);
            let counted = self.counter.counts().find(user, |key| {
                range.contains(key.day)
                    && after.is_none_or(|after| key > after)
                    && last.as_ref().is_none_or(|last| key <= last)
            });
            // If some was stored meanwhile, it may have been seen in both places, or in neither.
            if self.counter.counts().turn() == turn || attempts == ATTEMPTS {
                page.extend(counted);
                page.sort_by(|one, other| one.key.cmp(&other.key));
                return Ok((page, last));
            }
        }
    }

    /// Waits while usage is being stored. Returns how often that began or ended.
    async fn settled(&self) -> u64 {
        let mut waited = Duration::ZERO;
        loop {
            let turn = self.counter.counts().turn();
            if turn.is_multiple_of(2) || waited >= PATIENCE {
                return turn;
            }
            self.ports.timer.sleep(LOOK).await;
            waited += LOOK;
        }
    }
}

/// The groups of a report.
struct Sums {
    grouping: UsageGrouping,
    groups: BTreeMap<UsageGroup, UsageCounters>,
}

impl Sums {
    const fn new(grouping: UsageGrouping) -> Self {
        Self { grouping, groups: BTreeMap::new() }
    }

    fn add(&mut self, usage: &Usage) {
        self.groups.entry(self.grouping.group(&usage.key)).or_default().add(&usage.counters);
    }

    /// Adds all usage of one user. Groups of users and API keys are complete then: only those with the most requests stay.
    fn add_all(&mut self, of_user: Self) {
        for (group, counters) in of_user.groups {
            self.groups.entry(group).or_default().add(&counters);
        }
        if self.groups.len() > 2 * MAX_ITEMS {
            let mut requests: Vec<_> = self.groups.values().map(|counters| counters.requests).collect();
            requests.sort_unstable_by_key(|requests| Reverse(*requests));
            let least = requests[MAX_ITEMS - 1];
            let mut left = MAX_ITEMS;
            self.groups.retain(|group, counters| {
                let stays = *group == UsageGroup::Sessions || counters.requests >= least && left > 0;
                left -= usize::from(stays && left > 0);
                stays
            });
        }
    }

    fn into_items(self) -> Vec<(UsageGroup, UsageCounters)> {
        let mut items: Vec<_> = self.groups.into_iter().collect();
        if self.grouping != UsageGrouping::Day {
            items.sort_by_key(|(_, counters)| Reverse(counters.requests));
            items.truncate(MAX_ITEMS);
        }
        items
    }
}

#[cfg(test)]
mod tests {
    use memo_domain::Uuid;

    use super::*;

    #[test]
    fn report_of_many_users_has_those_with_the_most_requests() {
        let mut sums = Sums::new(UsageGrouping::User);
        let operation = OperationName::new("get_me").expect("a name");
        for n in 0..5_000_u64 {
            let user_id = UserId::new(Uuid::from_u128(u128::from(n)));
            let key = UsageKey { user_id, day: Day::from_number(0), operation: operation.clone(), api_key_id: None };
            let counters = UsageCounters { requests: 1 + n * 7 % 5_000, ..UsageCounters::default() };
            let mut of_user = Sums::new(UsageGrouping::User);
            of_user.add(&Usage { key, counters });
            sums.add_all(of_user);
            assert!(sums.groups.len() <= 2 * MAX_ITEMS);
        }
        let requests: Vec<_> = sums.into_items().into_iter().map(|(_, counters)| counters.requests).collect();
        assert_eq!(requests, (4_001..=5_000).rev().collect::<Vec<_>>());
    }
}
