use std::{
    collections::{HashMap, hash_map::Entry},
    mem, slice,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use memo_domain::{CountedRequest, Usage, UsageCounters, UsageKey, UserId};

/// In how many parts the counts are divided, so that threads rarely wait for each other. A user's counts are in one.
const SHARDS: usize = 8;
/// How many keys a shard has at most. A key takes 4 KiB.
const CAPACITY: usize = 512;
/// With this number of keys, a shard should be stored soon.
const CROWDED: usize = CAPACITY / 2;

type Shard = HashMap<UsageKey, UsageCounters>;

/// What was counted and is not stored yet.
#[derive(Default)]
pub struct Counts {
    shards: [Mutex<Shard>; SHARDS],
    /// How often storing began or ended: odd while it runs.
    turns: AtomicU64,
    /// The number of requests that found no room.
    lost: AtomicU64,
}

impl Counts {
    /// Counts a request. Returns whether the counts should be stored soon. If there is no room for a new key, the request is
    /// lost.
    pub fn count(&self, key: UsageKey, request: &CountedRequest) -> bool {
        let mut shard = self.shard(key.user_id);
        let length = shard.len();
        match shard.entry(key) {
            Entry::Occupied(known) => {
                known.into_mut().count(request);
                false
            }
            Entry::Vacant(new) if length < CAPACITY => {
                new.insert(UsageCounters::default()).count(request);
                length + 1 == CROWDED
            }
            Entry::Vacant(_) => {
                self.lost.fetch_add(1, Ordering::Relaxed);
                true
            }
        }
    }

    /// Adds usage that belongs to earlier requests. Returns whether there was room.
    pub fn add(&self, key: UsageKey, counters: &UsageCounters) -> bool {
        let mut shard = self.shard(key.user_id);
        let length = shard.len();
        match shard.entry(key) {
            Entry::Occupied(known) => known.into_mut().add(counters),
            Entry::Vacant(new) if length < CAPACITY => new.insert(UsageCounters::default()).add(counters),
            Entry::Vacant(_) => {
                self.lost.fetch_add(counters.requests, Ordering::Relaxed);
                return false;
            }
        }
        true
    }

    /// Adds bytes to a request that was counted before.
    pub fn add_bytes_out(&self, key: UsageKey, bytes_out: u64) {
        self.add(key, &UsageCounters { bytes_out, ..UsageCounters::default() });
    }

    /// What was counted of a user, or of all, under the keys that are wanted.
    pub fn find(&self, user: Option<UserId>, is_wanted: impl Fn(&UsageKey) -> bool) -> Vec<Usage> {
        let shards = match user {
            Some(user) => slice::from_ref(self.shard_of(user)),
            None => &self.shards[..],
        };
        let mut found = Vec::new();
        for shard in shards {
            let shard = lock(shard);
            let wanted = shard.iter().filter(|(key, _)| user.is_none_or(|user| key.user_id == user) && is_wanted(key));
            found.extend(wanted.map(|(key, counters)| Usage { key: key.clone(), counters: counters.clone() }));
        }
        found
    }

    /// How often storing began or ended: odd while it runs.
    pub fn turn(&self) -> u64 {
        self.turns.load(Ordering::SeqCst)
    }

    /// The number of requests that found no room, since the last call.
    pub fn take_lost(&self) -> u64 {
        self.lost.swap(0, Ordering::Relaxed)
    }

    /// Takes all counts to store them; `None` if that is being done already.
    pub fn take(&self) -> Option<Taken<'_>> {
        let turn = self.turn();
        let is_free = turn.is_multiple_of(2)
            && self.turns.compare_exchange(turn, turn + 1, Ordering::SeqCst, Ordering::SeqCst).is_ok();
        if !is_free {
            return None;
        }
        let taken = self.shards.iter().flat_map(|shard| mem::take(&mut *lock(shard)));
        let mut usage: Vec<_> = taken.map(|(key, counters)| Usage { key, counters }).collect();
        usage.sort_by(|one, other| one.key.cmp(&other.key));
        Some(Taken { counts: self, usage })
    }

    fn shard(&self, user: UserId) -> MutexGuard<'_, Shard> {
        lock(self.shard_of(user))
    }

    fn shard_of(&self, user: UserId) -> &Mutex<Shard> {
        // The end of an id is random.
        let number = user.as_uuid().as_u128() % SHARDS as u128;
        &self.shards[usize::try_from(number).unwrap_or(0)]
    }
}

fn lock(shard: &Mutex<Shard>) -> MutexGuard<'_, Shard> {
    shard.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Counts that are being stored. Those that are left when it is dropped are counted again.
pub struct Taken<'c> {
    counts: &'c Counts,
    usage: Vec<Usage>,
}

impl Taken<'_> {
    /// The last of the usage that is left, at most a number of rows.
    pub fn last(&self, most: usize) -> &[Usage] {
        &self.usage[self.usage.len().saturating_sub(most)..]
    }

    /// Forgets the last of the usage: it is stored.
    pub fn forget_last(&mut self, number: usize) {
        self.usage.truncate(self.usage.len().saturating_sub(number));
    }
}

impl Drop for Taken<'_> {
    fn drop(&mut self) {
        for Usage { key, counters } in self.usage.drain(..) {
            self.counts.add(key, &counters);
        }
        self.counts.turns.fetch_add(1, Ordering::SeqCst);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use memo_domain::{Day, OperationName, Uuid};

    use super::*;

    const REQUEST: CountedRequest =
        CountedRequest { is_error: false, bytes_in: 1, bytes_out: 2, latency: Duration::from_millis(3) };

    fn of_user(counts: &Counts, user: UserId) -> Vec<Usage> {
        counts.find(Some(user), |_| true)
    }

    fn key(user: u128, day: i64) -> UsageKey {
        let operation = OperationName::new("get_me").expect("a name");
        UsageKey {
            user_id: UserId::new(Uuid::from_u128(user)),
            day: Day::from_number(day),
            operation,
            api_key_id: None,
        }
    }

    #[test]
    fn counts_are_bounded_and_announced_in_time() {
        let counts = Counts::default();
        let mut announced = 0;
        for n in 0..10_000 {
            announced += u64::from(counts.count(key(n % 5_000, 0), &REQUEST));
        }
        let taken = counts.take().expect("it is free");
        assert_eq!(taken.usage.len(), SHARDS * CAPACITY);
        assert!(taken.usage.iter().all(|usage| usage.counters.requests == 2));
        let lost = 10_000 - 2 * (SHARDS * CAPACITY) as u64;
        assert_eq!((counts.take_lost(), counts.take_lost()), (lost, 0));
        // Once for each shard that gets crowded, and for each request that is lost.
        assert_eq!(announced, SHARDS as u64 + lost);
    }

    #[test]
    fn counts_that_are_not_stored_are_kept() {
        let counts = Counts::default();
        for n in 0..10 {
            counts.count(key(1, n), &REQUEST);
        }
        let user = key(1, 0).user_id;
        assert_eq!((counts.turn(), of_user(&counts, user).len()), (0, 10));
        let mut taken = counts.take().expect("it is free");
        assert!(counts.take().is_none(), "one at a time");
        assert_eq!((counts.turn(), of_user(&counts, user).len(), taken.last(100).len()), (1, 0, 10));
        assert_eq!(taken.last(3).iter().map(|usage| usage.key.day.number()).collect::<Vec<_>>(), [7, 8, 9]);
        taken.forget_last(3);
        counts.count(key(1, 0), &REQUEST);
        drop(taken);
        let mut left = of_user(&counts, user);
        left.sort_by(|one, other| one.key.cmp(&other.key));
        assert_eq!(left.iter().map(|usage| usage.counters.requests).collect::<Vec<_>>(), [2, 1, 1, 1, 1, 1, 1]);
        assert_eq!((counts.turn(), of_user(&counts, key(2, 0).user_id).len()), (2, 0));
        counts.count(key(2, 6), &REQUEST);
        let on_day = |user, day| counts.find(user, |key| key.day == Day::from_number(day)).len();
        assert_eq!((on_day(None, 6), on_day(Some(user), 6), on_day(None, 8)), (2, 1, 0));
    }

    #[test]
    fn bytes_that_come_later_count_for_their_request() {
        let counts = Counts::default();
        counts.count(key(1, 0), &REQUEST);
        counts.add_bytes_out(key(1, 0), 40);
        counts.add_bytes_out(key(1, 1), 5);
        let mut all = of_user(&counts, key(1, 0).user_id);
        all.sort_by(|one, other| one.key.cmp(&other.key));
        let numbers: Vec<_> = all.iter().map(|usage| (usage.counters.requests, usage.counters.bytes_out)).collect();
        assert_eq!(numbers, [(1, 42), (0, 5)]);
    }
}
