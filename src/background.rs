//! What runs beside requests: work that nobody waits for, and the post.

use std::{convert::Infallible, time::Duration};

use memo_application::{Background, Outbox, Work};
use tokio::{runtime::Handle, time::sleep};

/// Runs work on the runtime of whoever asks.
pub struct Spawned;

impl Background for Spawned {
    fn run(&self, work: Work) {
        // Without a runtime the process is ending.
        if let Ok(runtime) = Handle::try_current() {
            runtime.spawn(work);
        }
    }
}

/// How long the post waits when there was nothing to send.
const IDLE: Duration = Duration::from_millis(500);

/// Sends mail, again and again. It may be dropped at any time.
pub async fn post(outbox: &Outbox) -> Infallible {
    loop {
        match outbox.deliver().await {
            Ok(0) => sleep(IDLE).await,
            Ok(_) => {}
            Err(error) => {
                tracing::warn!(error = &error as &dyn std::error::Error, "mail could not be taken out of the outbox");
                sleep(IDLE * 4).await;
            }
        }
    }
}
