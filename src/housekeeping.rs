//! What a node does by itself while it runs.

use std::{convert::Infallible, time::Duration};

use memo_application::{Changes, Retention};
use tokio::time::sleep;

/// How often. What is kept for days may stay for an hour more.
const PERIOD: Duration = Duration::from_hours(1);

/// Removes what is kept no longer. Every node may do it at the same time: who comes second finds nothing to do.
pub struct Housekeeping {
    changes: Changes,
    retention: Retention,
}

impl Housekeeping {
    /// Of the use cases that have something to do.
    pub const fn new(changes: Changes, retention: Retention) -> Self {
        Self { changes, retention }
    }

    /// Does it now, and again and again. It may be dropped at any time.
    pub async fn run(&self) -> Infallible {
        loop {
            self.once().await;
            sleep(PERIOD).await;
        }
    }

    /// A failure is for the log: the next time may go well.
    async fn once(&self) {
        for (what, swept) in [("changes", self.changes.sweep().await), ("leftovers", self.retention.sweep().await)] {
            match swept {
                Ok(removed) => tracing::debug!(what, removed, "what is old was removed"),
                Err(error) => {
                    tracing::warn!(what, error = &error as &dyn std::error::Error, "what is old could not be removed");
                }
            }
        }
    }
}
