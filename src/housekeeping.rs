//! Periodic cleanup, on every node.

use std::{convert::Infallible, mem, sync::Arc, time::Duration};

use memo_application::{Changes, Retention, Shares, TrashHandler, UsageCounter};
use memo_domain::{Causes, Mailer};
use tokio::{
    sync::{Mutex, mpsc, oneshot},
    time::{sleep, timeout},
};

/// The interval. Data that is kept for days may stay for one more hour.
const PERIOD: Duration = Duration::from_hours(1);

/// The time before the first run: a server that has just started serves first.
const DELAY: Duration = Duration::from_secs(2);

/// How long reads of shares are counted in this process alone.
const READS: Duration = Duration::from_secs(10);

/// Removes data after its retention period. Nodes may do it at the same time: the second one finds nothing to do.
pub struct Housekeeping {
    changes: Changes,
    retention: Retention,
    shares: Arc<Shares>,
    trash: Arc<TrashHandler>,
    usage: Arc<UsageCounter>,
    mailer: Arc<dyn Mailer>,
    asked: (mpsc::UnboundedSender<oneshot::Sender<()>>, Mutex<mpsc::UnboundedReceiver<oneshot::Sender<()>>>),
}

/// Asks a server to clean up. Clones ask the same one.
#[derive(Debug, Clone)]
pub struct Cleaner(mpsc::UnboundedSender<oneshot::Sender<()>>);

impl Cleaner {
    /// Waits until the server has removed what is older than it is kept, or has ended.
    pub async fn clean_up(&self) {
        let (done, cleaned) = oneshot::channel();
        let _ = self.0.send(done);
        let _ = cleaned.await;
    }
}

impl Housekeeping {
    /// Cleanup by these use cases, and of the copies that this mailer keeps.
    pub fn new(
        changes: Changes,
        retention: Retention,
        trash: Arc<TrashHandler>,
        shares: Arc<Shares>,
        usage: Arc<UsageCounter>,
        mailer: Arc<dyn Mailer>,
    ) -> Self {
        let (sender, receiver) = mpsc::unbounded_channel();
        Self { changes, retention, shares, trash, usage, mailer, asked: (sender, Mutex::new(receiver)) }
    }

    /// What asks for a cleanup.
    pub fn cleaner(&self) -> Cleaner {
        Cleaner(self.asked.0.clone())
    }

    /// Stores the reads of shares.
    pub async fn store_reads(&self) {
        self.shares.store_reads().await;
    }

    /// Cleans up soon and once per interval, and stores reads of shares. It may be dropped at any time.
    #[expect(clippy::disallowed_methods, reason = "waits for the next run")]
    pub async fn run(&self) -> Infallible {
        let clean = async {
            let (mut delay, mut asked) = (DELAY, self.asked.1.lock().await);
            loop {
                let done = timeout(mem::replace(&mut delay, PERIOD), asked.recv()).await;
                self.once().await;
                if let Ok(Some(done)) = done {
                    let _ = done.send(());
                }
            }
        };
        let store = async {
            loop {
                sleep(READS).await;
                self.store_reads().await;
            }
        };
        tokio::select! {
            never = clean => never,
            never = store => never,
        }
    }

    /// Cleans up once. A failure is logged; the next run may succeed.
    async fn once(&self) {
        for (what, swept) in [
            ("changes", self.changes.sweep().await),
            ("retention", self.retention.sweep().await),
            ("usage", self.usage.sweep().await),
        ] {
            match swept {
                Ok(removed) => tracing::debug!(what, removed, "expired data removed"),
                Err(error) => {
                    tracing::warn!(what, error = %Causes(&error), "expired data could not be removed");
                }
            }
        }
        if let Err(error) = self.trash.schedule().await {
            tracing::warn!(error = %Causes(&error), "the trash could not be scheduled");
        }
        if let Err(error) = self.mailer.clean_up().await {
            tracing::warn!(error = %Causes(&error), "old mail could not be removed");
        }
    }
}
