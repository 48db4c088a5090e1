//! Stores the usage that this node has counted.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use memo_application::UsageCounter;
use tokio::{
    sync::Notify,
    time::{sleep, timeout},
};

/// The pause after storing, also if much waits: a store that fails is not asked all the time.
const PAUSE: Duration = Duration::from_millis(250);
/// How long usage is in the memory of this process alone after that, unless much waits.
const PERIOD: Duration = Duration::from_millis(3_750);
/// How often the last usage is tried to be stored.
const ATTEMPTS: usize = 3;

/// Stores usage until it is closed.
pub struct UsageLoop {
    counter: Arc<UsageCounter>,
    crowded: Arc<Notify>,
    is_closed: AtomicBool,
    closed: Notify,
}

impl UsageLoop {
    /// A loop that does not wait for its period when it is notified.
    pub fn new(counter: Arc<UsageCounter>, crowded: Arc<Notify>) -> Self {
        Self { counter, crowded, is_closed: AtomicBool::new(false), closed: Notify::new() }
    }

    /// Stores usage every few seconds, until the loop is closed. It is not dropped before, since it is unknown then whether some
    /// is stored.
    #[expect(clippy::disallowed_methods, reason = "waits for the next time")]
    pub async fn run(&self) {
        while !self.is_closed.load(Ordering::Relaxed) {
            let next = async {
                sleep(PAUSE).await;
                // Without a notification, the period is over.
                drop(timeout(PERIOD, self.crowded.notified()).await);
            };
            tokio::select! {
                () = next => drop(self.counter.store().await),
                () = self.closed.notified() => {}
            }
        }
    }

    /// Stores what was counted until the end, in a few attempts: what is not stored then is lost.
    #[expect(clippy::disallowed_methods, reason = "waits for the next attempt")]
    pub async fn finish(&self) {
        for _ in 1..ATTEMPTS {
            if self.counter.store().await {
                return;
            }
            sleep(PAUSE).await;
        }
        self.counter.store().await;
    }

    /// Ends the loop, after what is being stored.
    pub fn close(&self) {
        self.is_closed.store(true, Ordering::Relaxed);
        self.closed.notify_one();
    }
}
