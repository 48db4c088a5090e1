//! What runs beside requests: tasks that no request waits for, and the job worker.

use std::{
    convert::Infallible,
    panic::AssertUnwindSafe,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use futures_util::{FutureExt, future::join_all};
use memo_application::{Background, Error, JobWorker, Timer, Work};
use memo_domain::{Causes, Events, Topic};
use tokio::{
    runtime::Handle,
    sync::{Mutex, Notify},
    time::{sleep, timeout},
};

/// Spawns tasks on the runtime of the caller, and wakes the loops of this node.
#[derive(Default)]
pub struct Tasks {
    wake_up: WakeUps,
    crowded: Arc<Notify>,
}

/// What wakes the loops of a node.
#[derive(Default, Clone)]
pub struct WakeUps {
    /// Notified when a job was committed on this node, other than those that send to webhooks.
    pub jobs: Arc<Notify>,
    /// Notified when one of those was.
    pub deliveries: Arc<Notify>,
    /// Notified when the clock of a test was moved, so that reminders may be due.
    pub reminders: Arc<Notify>,
    /// Notified when changes of memos were committed on this node.
    pub changes: Arc<Notify>,
}

impl Tasks {
    /// What is notified.
    pub fn wake_ups(&self) -> WakeUps {
        self.wake_up.clone()
    }

    /// Notified when many requests were counted on this node.
    pub fn crowded(&self) -> Arc<Notify> {
        self.crowded.clone()
    }
}

impl Background for Tasks {
    fn run(&self, work: Work) {
        // Without a runtime the process is ending.
        if let Ok(runtime) = Handle::try_current() {
            runtime.spawn(work);
        }
    }

    fn jobs_wait(&self) {
        self.wake_up.jobs.notify_one();
    }

    fn deliveries_wait(&self) {
        self.wake_up.deliveries.notify_one();
    }

    fn changes_wait(&self) {
        self.wake_up.changes.notify_one();
    }

    fn usage_waits(&self) {
        self.crowded.notify_one();
    }
}

/// Waits by the timer of tokio.
pub struct TokioTimer;

impl Timer for TokioTimer {
    #[expect(clippy::disallowed_methods, reason = "the timer itself")]
    fn sleep(&self, duration: Duration) -> Work {
        Box::pin(sleep(duration))
    }
}

/// How often the queue is polled while no job is due: failed jobs become due again, and events of other nodes may be lost.
const POLL_INTERVAL: Duration = Duration::from_millis(500);

/// How many jobs run at once, so that a mail server that hangs in one delivery does not hold up all mail.
const AT_ONCE: usize = 4;

/// Runs the job worker until it is closed. If it is dropped while jobs run, the outcome of those jobs is unknown.
pub struct JobLoop {
    worker: JobWorker,
    wake_up: Arc<Notify>,
    at_once: usize,
    is_closed: AtomicBool,
}

impl JobLoop {
    /// A loop that does not wait for the next poll when it is notified.
    pub const fn new(worker: JobWorker, wake_up: Arc<Notify>) -> Self {
        Self { worker, wake_up, at_once: AT_ONCE, is_closed: AtomicBool::new(false) }
    }

    /// Runs this many jobs at once.
    pub fn at_once(self, at_once: usize) -> Self {
        Self { at_once, ..self }
    }

    /// Runs jobs until the loop is closed.
    pub async fn run(&self) {
        let lease = async || self.worker.lease().await;
        let run = async |job| self.worker.run(job).await;
        work(&self.wake_up, &self.is_closed, (POLL_INTERVAL, self.at_once), lease, run).await;
    }

    /// Wakes the loop when another node has inserted a job. It may be dropped at any time.
    pub async fn listen(&self, events: &dyn Events) -> Infallible {
        listen(events, &self.wake_up).await
    }

    /// Ends the loop after the jobs that are running.
    pub fn close(&self) {
        self.is_closed.store(true, Ordering::Relaxed);
        self.wake_up.notify_one();
    }
}

async fn listen(events: &dyn Events, wake_up: &Notify) -> Infallible {
    let mut subscription = events.subscribe(&[Topic::Jobs]);
    loop {
        // If events were missed, jobs may wait as well.
        subscription.next().await;
        wake_up.notify_one();
    }
}

/// Runs jobs, some of them at once.
async fn work<J>(
    wake_up: &Notify,
    is_closed: &AtomicBool,
    (interval, at_once): (Duration, usize),
    lease: impl AsyncFn() -> Result<Option<J>, Error>,
    run: impl AsyncFn(J) -> Result<(), Error>,
) {
    // The runner that has the turn polls the queue, and passes the turn on before it runs a job.
    let turn = Mutex::new(());
    let next = async || {
        let _turn = turn.lock().await;
        poll(wake_up, is_closed, interval, &lease).await
    };
    let runner = async || {
        while let Some(job) = next().await {
            // A fault in one job must not end all others: its lease ends, and it is tried again.
            match AssertUnwindSafe(run(job)).catch_unwind().await {
                Ok(Ok(())) => {}
                Ok(Err(error)) => tracing::warn!(error = %Causes(&error), "the outcome of a job was not recorded"),
                Err(_) => tracing::error!("a job has panicked; it is tried again after its lease"),
            }
        }
    };
    join_all((0..at_once).map(|_| runner())).await;
}

/// Returns the next job, or `None` once the loop is closed.
#[expect(clippy::disallowed_methods, reason = "waits until the store may answer again")]
async fn poll<J>(
    wake_up: &Notify,
    is_closed: &AtomicBool,
    interval: Duration,
    lease: &impl AsyncFn() -> Result<Option<J>, Error>,
) -> Option<J> {
    while !is_closed.load(Ordering::Relaxed) {
        match lease().await {
            Ok(Some(job)) => return Some(job),
            Ok(None) => drop(timeout(interval, wake_up.notified()).await),
            Err(error) => {
                tracing::warn!(error = %Causes(&error), "the queue of jobs is unavailable");
                sleep(interval * 4).await;
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicUsize;

    use memo_domain::Event;
    use memo_memory::MemoryEvents;
    use tokio::sync::Semaphore;

    use super::*;

    /// Longer than any test.
    const EVER: Duration = Duration::from_hours(1);

    /// A queue of jobs, and how many of them are running.
    #[derive(Default)]
    struct Queue {
        waiting: AtomicUsize,
        running: AtomicUsize,
    }

    impl Queue {
        fn lease(&self) -> Option<()> {
            self.waiting.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |jobs| jobs.checked_sub(1)).ok().map(drop)
        }
    }

    #[tokio::test]
    async fn a_job_of_this_node_does_not_wait_for_the_next_poll() {
        let (tasks, is_closed) = (Tasks::default(), AtomicBool::new(false));
        let (wake_up, queue, done) = (tasks.wake_ups().jobs, Queue::default(), Semaphore::new(0));
        let lease = async || Ok(queue.lease());
        let run = async |()| {
            done.add_permits(1);
            Ok(())
        };
        let insert = async {
            for jobs in [1, 3] {
                queue.waiting.fetch_add(jobs, Ordering::Relaxed);
                tasks.jobs_wait();
                let all = u32::try_from(jobs).expect("few");
                done.acquire_many(all).await.expect("they are done").forget();
            }
        };
        tokio::select! {
            () = work(&wake_up, &is_closed, (EVER, AT_ONCE), lease, run) => panic!("it was not closed"),
            () = insert => {}
        }
    }

    #[test]
    fn a_loop_is_woken_for_its_own_jobs_only() {
        let tasks = Tasks::default();
        let woken = || {
            let WakeUps { jobs, deliveries, .. } = tasks.wake_ups();
            [jobs, deliveries].map(|loop_| loop_.notified().now_or_never().is_some())
        };
        tasks.jobs_wait();
        assert_eq!(woken(), [true, false]);
        tasks.deliveries_wait();
        assert_eq!(woken(), [false, true]);
        assert_eq!(woken(), [false, false], "once");
    }

    #[tokio::test]
    async fn a_job_of_another_node_does_not_wait_for_the_next_poll() {
        let (events, wake_up, is_closed) = (MemoryEvents::new(), Notify::new(), AtomicBool::new(false));
        let (polls, done) = (AtomicUsize::new(0), Semaphore::new(0));
        let lease = async || {
            // The first poll finds nothing; then the other node inserts a job.
            let is_any = polls.fetch_add(1, Ordering::Relaxed) == 1;
            if !is_any {
                events.publish(&Event::JobsWaiting).await.expect("published");
            }
            Ok(is_any.then_some(()))
        };
        let run = async |()| {
            done.add_permits(1);
            Ok(())
        };
        tokio::select! {
            biased;
            never = listen(&events, &wake_up) => match never {},
            () = work(&wake_up, &is_closed, (EVER, AT_ONCE), lease, run) => panic!("it was not closed"),
            acquired = done.acquire() => drop(acquired.expect("it is done")),
        }
    }

    #[tokio::test]
    async fn jobs_that_hang_do_not_hold_up_the_next_ones() {
        let (wake_up, is_closed) = (Notify::new(), AtomicBool::new(false));
        let (queue, begun, go_on) = (Queue::default(), Notify::new(), Semaphore::new(0));
        queue.waiting.store(AT_ONCE + 2, Ordering::Relaxed);
        let lease = async || Ok(queue.lease());
        let run = async |()| {
            queue.running.fetch_add(1, Ordering::Relaxed);
            begun.notify_one();
            go_on.acquire().await.expect("it goes on").forget();
            queue.running.fetch_sub(1, Ordering::Relaxed);
            Ok(())
        };
        let check = async {
            while queue.running.load(Ordering::Relaxed) < AT_ONCE {
                begun.notified().await;
            }
            assert_eq!(queue.waiting.load(Ordering::Relaxed), 2, "no more than that are leased");
            // One of them ends, and makes room for one.
            go_on.add_permits(1);
            while queue.waiting.load(Ordering::Relaxed) > 1 {
                begun.notified().await;
            }
            is_closed.store(true, Ordering::Relaxed);
            go_on.add_permits(AT_ONCE);
        };
        tokio::join!(work(&wake_up, &is_closed, (EVER, AT_ONCE), lease, run), check);
        assert_eq!(queue.waiting.load(Ordering::Relaxed), 1, "no other job is started");
    }

    #[tokio::test]
    async fn a_job_that_panics_does_not_end_the_others() {
        let (wake_up, is_closed) = (Notify::new(), AtomicBool::new(false));
        let queue = Queue::default();
        queue.waiting.store(2, Ordering::Relaxed);
        let lease = async || Ok(queue.lease());
        let run = async |()| {
            let is_last = queue.waiting.load(Ordering::Relaxed) == 0;
            is_closed.store(is_last, Ordering::Relaxed);
            assert!(is_last, "a fault of the first job");
            Ok(())
        };
        work(&wake_up, &is_closed, (EVER, 1), lease, run).await;
        assert_eq!(queue.waiting.load(Ordering::Relaxed), 0);
    }

    #[tokio::test]
    async fn running_jobs_end_before_the_loop_does() {
        let (wake_up, is_closed) = (Notify::new(), AtomicBool::new(false));
        let (begun, go_on, done) = (Notify::new(), Notify::new(), AtomicUsize::new(0));
        let queue = Queue::default();
        queue.waiting.store(1, Ordering::Relaxed);
        let lease = async || Ok(queue.lease());
        let run = async |()| {
            begun.notify_one();
            go_on.notified().await;
            done.fetch_add(1, Ordering::Relaxed);
            Ok(())
        };
        let close = async {
            begun.notified().await;
            is_closed.store(true, Ordering::Relaxed);
            wake_up.notify_one();
            assert_eq!(done.load(Ordering::Relaxed), 0);
            go_on.notify_one();
        };
        tokio::join!(work(&wake_up, &is_closed, (EVER, AT_ONCE), lease, run), close);
        assert_eq!(done.load(Ordering::Relaxed), 1);
    }
}
