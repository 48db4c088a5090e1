use std::{
    collections::hash_map::RandomState,
    hash::BuildHasher,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use memo_domain::{Clock, Stamp, Timestamp, UserId};
use quick_cache::sync::Cache;

/// How many stamps are remembered; the least used make room.
const CAPACITY: usize = 10_000;
/// The number of counters of changes. Users that share one make each other's stamps be read again.
const COUNTERS: usize = 4096;
/// A commit that has begun, in a counter; below it are the commits that are running.
const BEGUN: u64 = 1 << 20;
/// How long a stamp is trusted: by then a change of another process is noticed.
const TRUSTED: Duration = Duration::from_secs(1);

/// The remembered stamps.
pub struct Stamps {
    known: Cache<UserId, Known>,
    counters: Box<[AtomicU64]>,
    /// How many commits have ended.
    ended: AtomicU64,
    hasher: RandomState,
    clock: Arc<dyn Clock>,
}

/// A stamp, with the counter of its user and the time before it was read.
#[derive(Clone)]
struct Known {
    stamp: Stamp,
    count: u64,
    at: Timestamp,
}

/// The state before a stamp is read that may be remembered.
pub struct Watch {
    count: u64,
    at: Timestamp,
}

impl Stamps {
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        let counters = (0..COUNTERS).map(|_| AtomicU64::new(0)).collect();
        Self { known: Cache::new(CAPACITY), counters, ended: AtomicU64::new(0), hasher: RandomState::new(), clock }
    }

    /// How many commits have ended.
    pub fn ended(&self) -> u64 {
        self.ended.load(Ordering::SeqCst)
    }

    /// Returns the stamp of a user if it is remembered, for a unit of work that began when `ended` commits had ended. Otherwise
    /// returns what [`keep`](Self::keep) needs once it has been read, or `None` if it must not be remembered: a commit is
    /// running, or has ended since, and the unit of work may see the state before it or after it.
    pub fn look(&self, owner: UserId, ended: u64) -> Result<Stamp, Option<Watch>> {
        let count = self.counter(owner).load(Ordering::SeqCst);
        if !count.is_multiple_of(BEGUN) {
            return Err(None);
        }
        let now = self.clock.now();
        match self.known.get(&owner) {
            Some(known) if known.count == count && now >= known.at && now.since(known.at) < TRUSTED => Ok(known.stamp),
            _ => Err((self.ended() == ended).then_some(Watch { count, at: now })),
        }
    }

    /// Remembers a stamp that was read after `watch` was made. If a commit has begun since, it is never used.
    pub fn keep(&self, owner: UserId, stamp: Stamp, Watch { count, at }: Watch) {
        self.known.insert(owner, Known { stamp, count, at });
    }

    /// A commit that changes what these users read begins.
    pub fn begin(self: Arc<Self>, owners: Vec<UserId>) -> Running {
        for owner in &owners {
            self.counter(*owner).fetch_add(BEGUN + 1, Ordering::SeqCst);
        }
        Running { stamps: self, owners }
    }

    /// From now on nothing is remembered.
    pub fn close(&self) {
        for counter in &self.counters {
            counter.fetch_add(1, Ordering::SeqCst);
        }
    }

    fn counter(&self, owner: UserId) -> &AtomicU64 {
        #[expect(clippy::cast_possible_truncation, reason = "any part of the hash is as good")]
        let hash = self.hasher.hash_one(owner) as usize;
        &self.counters[hash % COUNTERS]
    }
}

/// A running commit. It has ended when this is dropped.
pub struct Running {
    stamps: Arc<Stamps>,
    owners: Vec<UserId>,
}

impl Drop for Running {
    fn drop(&mut self) {
        // First: who sees that it runs no more must also see that it has ended.
        self.stamps.ended.fetch_add(1, Ordering::SeqCst);
        for owner in &self.owners {
            self.stamps.counter(*owner).fetch_sub(1, Ordering::SeqCst);
        }
    }
}
