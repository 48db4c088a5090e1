//! What runs beside requests: work that nobody waits for, and the post.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use memo_application::{Background, Error, Outbox, Work};
use tokio::{
    runtime::Handle,
    sync::Notify,
    time::{sleep, timeout},
};

/// Runs work on the runtime of whoever asks, and tells the post of mail.
#[derive(Default)]
pub struct Spawned {
    bell: Arc<Notify>,
}

impl Spawned {
    /// What rings when there is mail.
    pub fn bell(&self) -> Arc<Notify> {
        self.bell.clone()
    }
}

impl Background for Spawned {
    fn run(&self, work: Work) {
        // Without a runtime the process is ending.
        if let Ok(runtime) = Handle::try_current() {
            runtime.spawn(work);
        }
    }

    fn mail_waits(&self) {
        self.bell.notify_one();
    }
}

/// How long the post waits when there was nothing to send and nobody rings: other nodes may have written mail.
const IDLE: Duration = Duration::from_millis(500);

/// Sends mail. It may be dropped at any time, but what it is just sending is then in doubt.
pub struct Post {
    outbox: Outbox,
    bell: Arc<Notify>,
    is_closed: AtomicBool,
}

impl Post {
    /// Of this outbox, woken by this bell.
    pub const fn new(outbox: Outbox, bell: Arc<Notify>) -> Self {
        Self { outbox, bell, is_closed: AtomicBool::new(false) }
    }

    /// Sends mail, again and again, until it is closed.
    pub async fn run(&self) {
        rounds(&self.bell, &self.is_closed, IDLE, async || self.outbox.deliver().await).await;
    }

    /// Has it end once what it is just sending is sent.
    pub fn close(&self) {
        self.is_closed.store(true, Ordering::Relaxed);
        self.bell.notify_one();
    }
}

async fn rounds(
    bell: &Notify,
    is_closed: &AtomicBool,
    idle: Duration,
    deliver: impl AsyncFn() -> Result<usize, Error>,
) {
    while !is_closed.load(Ordering::Relaxed) {
        match deliver().await {
            Ok(0) => drop(timeout(idle, bell.notified()).await),
            Ok(_) => {}
            Err(error) => {
                tracing::warn!(error = &error as &dyn std::error::Error, "mail could not be sent from the outbox");
                sleep(idle * 4).await;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicUsize;

    use tokio::sync::Semaphore;

    use super::*;

    /// Longer than any test.
    const EVER: Duration = Duration::from_hours(1);

    #[tokio::test]
    async fn mail_that_is_written_here_does_not_wait_for_the_next_look() {
        let (spawned, is_closed) = (Spawned::default(), AtomicBool::new(false));
        let (bell, waiting, sent) = (spawned.bell(), AtomicUsize::new(0), Semaphore::new(0));
        let deliver = async || {
            let is_any =
                waiting.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |mails| mails.checked_sub(1)).is_ok();
            sent.add_permits(usize::from(is_any));
            Ok(usize::from(is_any))
        };
        let write = async {
            for mails in [1, 3] {
                waiting.fetch_add(mails, Ordering::Relaxed);
                spawned.mail_waits();
                let all = u32::try_from(mails).expect("few");
                sent.acquire_many(all).await.expect("they are sent").forget();
            }
        };
        tokio::select! {
            () = rounds(&bell, &is_closed, EVER, deliver) => panic!("nobody has closed it"),
            () = write => {}
        }
    }

    #[tokio::test]
    async fn what_is_being_sent_is_sent_before_the_post_closes() {
        let (bell, is_closed) = (Notify::new(), AtomicBool::new(false));
        let (begun, go_on, sent) = (Notify::new(), Notify::new(), AtomicUsize::new(0));
        let deliver = async || {
            begun.notify_one();
            go_on.notified().await;
            sent.fetch_add(1, Ordering::Relaxed);
            Ok(1)
        };
        let close = async {
            begun.notified().await;
            is_closed.store(true, Ordering::Relaxed);
            bell.notify_one();
            assert_eq!(sent.load(Ordering::Relaxed), 0);
            go_on.notify_one();
        };
        tokio::join!(rounds(&bell, &is_closed, EVER, deliver), close);
        assert_eq!(sent.load(Ordering::Relaxed), 1, "and no other one is begun");
    }
}
