//! What a node does by itself while it runs.

use std::{convert::Infallible, time::Duration};

use memo_application::Changes;
use tokio::time::sleep;

/// How often. What is kept for days may stay for an hour more.
const PERIOD: Duration = Duration::from_hours(1);

/// Removes what is kept no longer. Every node may do it at the same time: who comes second finds nothing to do.
pub struct Housekeeping {
    changes: Changes,
}

impl Housekeeping {
    /// Of the use cases that have something to do.
    pub const fn new(changes: Changes) -> Self {
        Self { changes }
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
        match self.changes.sweep().await {
            Ok(removed) => tracing::debug!(removed, "old changes were removed"),
            Err(error) => {
                tracing::warn!(error = &error as &dyn std::error::Error, "old changes could not be removed");
            }
        }
    }
}
