//! A semaphore that is fair between keys, e.g. between the users who share a pool of connections; and threads for long
//! computations, to which other threads go first.
//!
//! However many callers of one key wait, those of another key do not wait for all of them: free permits are handed out round
//! robin by key. No key holds more than its share, and the number of waiting callers is bounded.

#![deny(missing_docs)]

#[cfg(test)]
mod tests;
mod threads;

use std::{
    collections::{HashMap, VecDeque},
    fmt,
    hash::Hash,
    mem,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    thread::{self, ThreadId},
};

use tokio::sync::oneshot;

pub use threads::{LongWork, Panicked};

/// How often the first waiter of a key is overtaken by others of this key, which wait on the thread that returns a permit: to wake
/// another thread takes longer than the work that many permits are for.
const MAX_OVERTAKEN: usize = 16;

/// The capacity of a [`FairSemaphore`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Capacity {
    /// The number of permits.
    pub permits: usize,
    /// The maximum number of permits that one key holds.
    pub permits_per_key: usize,
    /// The maximum number of waiting callers.
    pub waiting: usize,
    /// The maximum number of waiting callers of one key.
    pub waiting_per_key: usize,
}

/// Too many callers are waiting, in all or with this key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QueueFull;

impl fmt::Display for QueueFull {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("too many callers are waiting")
    }
}

impl std::error::Error for QueueFull {}

/// Hands out permits round robin by key. Clones share the permits.
#[derive(Debug)]
pub struct FairSemaphore<K: Eq + Hash + Clone>(Arc<Shared<K>>);

impl<K: Eq + Hash + Clone> Clone for FairSemaphore<K> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

#[derive(Debug)]
struct Shared<K> {
    capacity: Capacity,
    /// The key that may hold all permits.
    exempt: Option<K>,
    state: Mutex<State<K>>,
}

#[derive(Debug)]
struct State<K> {
    free: usize,
    /// The number of waiters of all keys.
    waiting: usize,
    last_waiter: u64,
    /// The keys that hold permits or have waiters.
    keys: HashMap<K, Share>,
    /// The keys that have waiters and hold less than their share, in the order of their turns.
    turns: VecDeque<K>,
}

/// The permits that a key holds and waits for.
#[derive(Debug, Default)]
struct Share {
    held: usize,
    waiters: VecDeque<Waiter>,
    /// How often the first waiter has been overtaken.
    overtaken: usize,
    has_turn: bool,
}

impl Share {
    /// Takes out the next waiter: one of this thread, or the one that has waited longest.
    fn next_waiter(&mut self) -> Option<Waiter> {
        let here = thread::current().id();
        let of_thread = self.waiters.iter().take(MAX_OVERTAKEN).position(|waiter| waiter.thread == here);
        let index = of_thread.filter(|_| self.overtaken < MAX_OVERTAKEN).unwrap_or_default();
        self.overtaken = if index == 0 { 0 } else { self.overtaken + 1 };
        self.waiters.remove(index)
    }
}

#[derive(Debug)]
struct Waiter {
    id: u64,
    thread: ThreadId,
    granted: oneshot::Sender<()>,
}

/// A permit. Dropping it returns it.
#[derive(Debug)]
pub struct Permit<K: Eq + Hash + Clone> {
    key: K,
    shared: Arc<Shared<K>>,
}

impl<K: Eq + Hash + Clone> FairSemaphore<K> {
    /// A semaphore with all its permits.
    #[must_use]
    pub fn new(capacity: Capacity) -> Self {
        Self::with_exempt(capacity, None)
    }

    /// Like [`new`](Self::new), but one key may hold all permits, e.g. that of the server itself.
    #[must_use]
    pub fn with_exempt(capacity: Capacity, exempt: Option<K>) -> Self {
        let (keys, turns) = (HashMap::new(), VecDeque::new());
        let state = State { free: capacity.permits, waiting: 0, last_waiter: 0, keys, turns };
        Self(Arc::new(Shared { capacity, exempt, state: Mutex::new(state) }))
    }

    /// Returns a permit if one is free, the key holds less than its share, and no other caller of the key waits.
    #[must_use]
    pub fn try_acquire(&self, key: &K) -> Option<Permit<K>> {
        let mut state = self.0.lock();
        let (held, waits) = state.keys.get(key).map_or((0, false), |share| (share.held, !share.waiters.is_empty()));
        if state.free == 0 || waits || held >= self.0.share_of(key) {
            return None;
        }
        state.free -= 1;
        state.keys.entry(key.clone()).or_default().held += 1;
        Some(Permit { key: key.clone(), shared: self.0.clone() })
    }

    /// Waits for a permit. A caller whose future is dropped no longer waits.
    ///
    /// # Errors
    /// [`QueueFull`], at once, if too many callers are waiting.
    pub async fn acquire(&self, key: K) -> Result<Permit<K>, QueueFull> {
        if let Some(permit) = self.try_acquire(&key) {
            return Ok(permit);
        }
        let (mut place, granted) = self.0.enqueue(key)?;
        // The sender stays in the queue until it grants the permit.
        let _ = granted.await;
        place.is_waiting = false;
        Ok(Permit { key: place.key.clone(), shared: self.0.clone() })
    }

    /// The number of waiting callers.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.0.lock().waiting
    }
}

impl<K: Eq + Hash + Clone> Drop for Permit<K> {
    fn drop(&mut self) {
        self.shared.release(&self.key);
    }
}

/// The place of a caller in the queue; given up if it is dropped while the caller waits.
struct Place<K: Eq + Hash + Clone> {
    id: u64,
    key: K,
    shared: Arc<Shared<K>>,
    is_waiting: bool,
}

impl<K: Eq + Hash + Clone> Drop for Place<K> {
    fn drop(&mut self) {
        if self.is_waiting && !self.shared.dequeue(&self.key, self.id) {
            // The permit was granted, but the caller has not received it.
            self.shared.release(&self.key);
        }
    }
}

impl<K: Eq + Hash + Clone> Shared<K> {
    fn lock(&self) -> MutexGuard<'_, State<K>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The number of permits that a key may hold.
    fn share_of(&self, key: &K) -> usize {
        if self.exempt.as_ref() == Some(key) { self.capacity.permits } else { self.capacity.permits_per_key }
    }

    fn enqueue(self: &Arc<Self>, key: K) -> Result<(Place<K>, oneshot::Receiver<()>), QueueFull> {
        let mut state = self.lock();
        let waiting = state.keys.get(&key).map_or(0, |share| share.waiters.len());
        if waiting >= self.capacity.waiting_per_key || state.waiting >= self.capacity.waiting {
            return Err(QueueFull);
        }
        let (sender, granted) = oneshot::channel();
        state.waiting += 1;
        state.last_waiter += 1;
        let id = state.last_waiter;
        let share = state.keys.entry(key.clone()).or_default();
        share.waiters.push_back(Waiter { id, thread: thread::current().id(), granted: sender });
        state.take_turn(&key, self.share_of(&key));
        // The permit may have been returned since it was asked for.
        state.hand_out(|key| self.share_of(key));
        Ok((Place { id, key, shared: self.clone(), is_waiting: true }, granted))
    }

    /// Removes a waiter from the queue. Returns `false` if it is no longer there, since its permit was granted.
    fn dequeue(&self, key: &K, id: u64) -> bool {
        let mut state = self.lock();
        let state = &mut *state;
        let Some(share) = state.keys.get_mut(key) else { return false };
        let Some(index) = share.waiters.iter().position(|waiter| waiter.id == id) else { return false };
        share.waiters.remove(index);
        // Without waiters, a turn would stay until it comes: the next waiter of the key would have it beside its own.
        if share.waiters.is_empty() && mem::take(&mut share.has_turn) {
            state.turns.retain(|other| other != key);
        }
        state.waiting -= 1;
        state.forget_idle(key);
        true
    }

    fn release(&self, key: &K) {
        let mut state = self.lock();
        state.free += 1;
        if let Some(share) = state.keys.get_mut(key) {
            share.held -= 1;
        }
        state.take_turn(key, self.share_of(key));
        state.hand_out(|key| self.share_of(key));
        state.forget_idle(key);
    }
}

impl<K: Eq + Hash + Clone> State<K> {
    /// Adds a key to the end of the turns, if it waits and may hold one more permit.
    fn take_turn(&mut self, key: &K, share_of_key: usize) {
        if let Some(share) = self.keys.get_mut(key)
            && !share.has_turn
            && !share.waiters.is_empty()
            && share.held < share_of_key
        {
            share.has_turn = true;
            self.turns.push_back(key.clone());
        }
    }

    fn hand_out(&mut self, share_of: impl Fn(&K) -> usize) {
        while self.free > 0
            && let Some(key) = self.turns.pop_front()
        {
            let Some(share) = self.keys.get_mut(&key) else { continue };
            share.has_turn = false;
            if let Some(waiter) = share.next_waiter() {
                share.held += 1;
                self.free -= 1;
                self.waiting -= 1;
                // A caller that is gone returns the permit itself.
                let _ = waiter.granted.send(());
            }
            self.take_turn(&key, share_of(&key));
        }
    }

    fn forget_idle(&mut self, key: &K) {
        if self.keys.get(key).is_some_and(|share| share.held == 0 && share.waiters.is_empty()) {
            self.keys.remove(key);
        }
    }
}
