//! How many requests this node is handling.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

/// The number of requests that this node is handling, but for those that wait for their clients.
#[derive(Debug, Clone, Default)]
pub struct Load(Arc<AtomicUsize>);

impl Load {
    /// Counts one more request until the answer is dropped; `None` if there are `capacity` already.
    pub fn enter(&self, capacity: usize) -> Option<Handled> {
        let handled = Handled(self.clone());
        if self.0.fetch_add(1, Ordering::Relaxed) < capacity { Some(handled) } else { None }
    }

    /// Does not count a request until the answer is dropped: it waits for its client.
    pub fn pause(&self) -> Paused {
        self.0.fetch_sub(1, Ordering::Relaxed);
        Paused(self.clone())
    }
}

/// A request that is counted.
#[derive(Debug)]
pub struct Handled(Load);

impl Drop for Handled {
    fn drop(&mut self) {
        self.0.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// A request that is not counted for a while.
#[derive(Debug)]
pub struct Paused(Load);

impl Drop for Paused {
    fn drop(&mut self) {
        self.0.0.fetch_add(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_many_requests_as_fit_are_counted() {
        let load = Load::default();
        let (first, second) = (load.enter(2).expect("room"), load.enter(2).expect("room"));
        assert!(load.enter(2).is_none() && load.enter(2).is_none());
        let paused = load.pause();
        let third = load.enter(2).expect("room");
        assert!(load.enter(2).is_none());
        // One that goes on after a pause is never refused.
        drop(paused);
        assert!(load.enter(3).is_none());
        drop((first, second, third));
        assert!(load.enter(1).is_some());
    }
}
