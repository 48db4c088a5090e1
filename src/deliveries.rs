//! What sends webhooks beside requests and other jobs: a receiver that is slow delays neither mail nor other receivers.

use std::{
    convert::Infallible,
    sync::Arc,
    time::{Duration, Instant},
};

use memo_application::{JobWorker, Ports, WebhookHandler};
use memo_domain::{Causes, Events, WebhookSender};
use tokio::{
    sync::Notify,
    time::{sleep, timeout},
};

use crate::background::{JobLoop, WakeUps};

/// How many messages a node sends at once. A webhook gets one at a time, and a user has up to 10 webhooks and 5 messages that
/// were asked for: one user alone cannot hold up all others.
const AT_ONCE: usize = 64;
/// How often webhooks with changes to send are looked for, if this node does not know of any: another node may have crashed
/// after the commit of a change.
const PERIOD: Duration = Duration::from_secs(5);
/// The shortest time between two looks.
const MIN_PAUSE: Duration = Duration::from_millis(100);
/// A look is followed by a pause of this many times its duration, up to [`PERIOD`]: however many webhooks there are, it costs little.
const PAUSES: u32 = 20;

/// Sends to webhooks.
pub struct Deliveries {
    handler: Arc<WebhookHandler>,
    jobs: JobLoop,
    changes: Arc<Notify>,
}

impl Deliveries {
    /// Sends by this sender.
    pub fn new(ports: &Arc<Ports>, sender: Arc<dyn WebhookSender>, wake_ups: WakeUps) -> Self {
        let handler = Arc::new(WebhookHandler::new(ports.clone(), sender));
        let worker = JobWorker::new(ports.clone(), vec![handler.clone()]);
        Self { handler, jobs: JobLoop::new(worker, wake_ups.deliveries).at_once(AT_ONCE), changes: wake_ups.changes }
    }

    /// Sends until the loop is closed.
    pub async fn run(&self) {
        self.jobs.run().await;
    }

    /// Wakes the loop when another node has inserted a job. It may be dropped at any time.
    pub async fn listen(&self, events: &dyn Events) -> Infallible {
        self.jobs.listen(events).await
    }

    /// Looks for webhooks with changes to send: after changes on this node, and from time to time. It may be dropped at any time.
    #[expect(clippy::disallowed_methods, reason = "waits for the next look")]
    pub async fn schedule(&self) -> Infallible {
        loop {
            let begin = Instant::now();
            if let Err(error) = self.handler.schedule().await {
                tracing::warn!(error = %Causes(&error), "webhooks could not be scheduled");
            }
            sleep(begin.elapsed().saturating_mul(PAUSES).clamp(MIN_PAUSE, PERIOD)).await;
            drop(timeout(PERIOD, self.changes.notified()).await);
        }
    }

    /// Ends the loop after the messages that are being sent.
    pub fn close(&self) {
        self.jobs.close();
    }
}
