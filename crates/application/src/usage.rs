//! Usage: the requests of users, counted in memory and stored together every few seconds.

mod counter;
mod counts;

use std::{cmp::Reverse, collections::BTreeMap, sync::Arc, time::Duration};

pub use counter::UsageCounter;
use memo_domain::{
    ApiKeyId, Day, Limit, OperationName, PageRequest, PageStart, Usage, UsageCounters, UsageKey, UsageRange,
    UserFilter, UserId,
};

use crate::{Error, Ports, Transactions, roles::require_administrator};

/// How many rows one statement reads.
const READ_AT_ONCE: u32 = 500;
/// How many items a report has: those with the most requests.
const MAX_ITEMS: usize = 1_000;
/// How long a report waits for the usage that is being stored at the moment.
const PATIENCE: Duration = Duration::from_secs(1);
/// How often it looks meanwhile.
const LOOK: Duration = Duration::from_millis(5);
/// How often a user's usage is read again, if some was stored meanwhile.
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
}

impl UsageReports {
    #[must_use]
    pub const fn new(ports: Arc<Ports>, counter: Arc<UsageCounter>) -> Self {
        Self { ports, counter }
    }

    /// Returns today, in UTC.
    #[must_use]
    pub fn today(&self) -> Day {
        Day::of(self.ports.now())
    }

    /// Returns the usage of a user: days in their order, others by the number of requests, at most 1,000.
    ///
    /// # Errors
    /// Only those of the store.
    pub async fn own(
        &self,
        user: UserId,
        range: UsageRange,
        grouping: UsageGrouping,
    ) -> Result<Vec<(UsageGroup, UsageCounters)>, Error> {
        let transactions = self.ports.transactions.on_behalf_of(user);
        let mut sums = Sums { grouping, groups: BTreeMap::new() };
        self.add_user(&transactions, user, range, &mut sums).await?;
        Ok(sums.into_items())
    }

    /// Returns the usage of one user, or of all, for an administrator, like [`own`](Self::own).
    ///
    /// # Errors
    /// [`Error::NotAdministrator`].
    pub async fn all(
        &self,
        administrator: UserId,
        user: Option<UserId>,
        range: UsageRange,
        grouping: UsageGrouping,
    ) -> Result<Vec<(UsageGroup, UsageCounters)>, Error> {
        let transactions = self.ports.transactions.on_behalf_of(administrator);
        transactions.read(async |unit| require_administrator(unit, administrator).await.map(drop)).await?;
        let mut sums = Sums { grouping, groups: BTreeMap::new() };
        if let Some(user) = user {
            self.add_user(&transactions, user, range, &mut sums).await?;
            return Ok(sums.into_items());
        }
        let limit = Limit::new(Limit::MAX as u64).unwrap_or_default();
        let mut next = Some(PageRequest { limit, start: PageStart::Offset(0) });
        while let Some(page) = next {
            let users =
                transactions.read(async |unit| Ok(unit.users().list(&UserFilter::default(), &page).await?)).await?;
            for user in users.items {
                self.add_user(&transactions, user.id, range, &mut sums).await?;
            }
            next = users.next.map(|last| PageRequest { limit, start: PageStart::After(last) });
        }
        Ok(sums.into_items())
    }

    /// Adds the usage of a user: what is stored, and what this node has counted since.
    async fn add_user(
        &self,
        transactions: &Transactions,
        user: UserId,
        range: UsageRange,
        sums: &mut Sums,
    ) -> Result<(), Error> {
        for attempt in 1.. {
            let turn = self.settled().await;
            let mut of_user = Sums { grouping: sums.grouping, groups: BTreeMap::new() };
            let mut after = None;
            loop {
                let read = transactions
                    .read(async |unit| Ok(unit.usage().list(user, range, after.as_ref(), READ_AT_ONCE).await?))
                    .await?;
                for usage in &read {
                    of_user.add(usage);
                }
                let is_full = read.len() >= READ_AT_ONCE as usize;
                after = read.into_iter().last().map(|usage| usage.key).filter(|_| is_full);
                if after.is_none() {
                    break;
                }
            }
            let counted = self.counter.counts().of_user(user);
            // If some was stored meanwhile, it may have been seen in both places, or in neither.
            if self.counter.counts().turn() == turn || attempt == ATTEMPTS {
                for usage in counted.iter().filter(|usage| range.contains(usage.key.day)) {
                    of_user.add(usage);
                }
                sums.add_all(of_user);
                break;
            }
        }
        Ok(())
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
        let mut sums = Sums { grouping: UsageGrouping::User, groups: BTreeMap::new() };
        let operation = OperationName::new("get_me").expect("a name");
        for n in 0..5_000_u64 {
            let user_id = UserId::new(Uuid::from_u128(u128::from(n)));
            let key = UsageKey { user_id, day: Day::from_number(0), operation: operation.clone(), api_key_id: None };
            let counters = UsageCounters { requests: 1 + n * 7 % 5_000, ..UsageCounters::default() };
            let mut of_user = Sums { grouping: UsageGrouping::User, groups: BTreeMap::new() };
            of_user.add(&Usage { key, counters });
            sums.add_all(of_user);
            assert!(sums.groups.len() <= 2 * MAX_ITEMS);
        }
        let requests: Vec<_> = sums.into_items().into_iter().map(|(_, counters)| counters.requests).collect();
        assert_eq!(requests, (4_001..=5_000).rev().collect::<Vec<_>>());
    }
}
