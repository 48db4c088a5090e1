//! What runs beside requests: tasks that no request waits for, and the job worker.

use std::{
    convert::Infallible,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use memo_application::{Background, Error, JobWorker, Timer, Work};
use memo_domain::{Events, Topic};
use tokio::{
    runtime::Handle,
    sync::Notify,
    time::{sleep, timeout},
};

/// Spawns tasks on the runtime of the caller, and wakes the job worker of this node.
#[derive(Default)]
pub struct Tasks {
    wake_up: Arc<Notify>,
}

impl Tasks {
    /// Notified when a job was committed on this node.
    pub fn wake_up(&self) -> Arc<Notify> {
        self.wake_up.clone()
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
        self.wake_up.notify_one();
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

/// Runs the job worker until it is closed. If it is dropped while a job runs, the outcome of that job is unknown.
pub struct JobLoop {
    worker: JobWorker,
    wake_up: Arc<Notify>,
    is_closed: AtomicBool,
}

impl JobLoop {
    /// A loop that does not wait for the next poll when it is notified.
    pub const fn new(worker: JobWorker, wake_up: Arc<Notify>) -> Self {
        Self { worker, wake_up, is_closed: AtomicBool::new(false) }
    }

    /// Runs jobs until the loop is closed.
    pub async fn run(&self) {
        poll(&self.wake_up, &self.is_closed, POLL_INTERVAL, async || self.worker.run_next().await).await;
    }

    /// Wakes the loop when another node has inserted a job. It may be dropped at any time.
    pub async fn listen(&self, events: &dyn Events) -> Infallible {
        listen(events, &self.wake_up).await
    }

    /// Ends the loop after the job that is running.
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

#[expect(clippy::disallowed_methods, reason = "waits until the store may answer again")]
async fn poll(
    wake_up: &Notify,
    is_closed: &AtomicBool,
    interval: Duration,
    run_next: impl AsyncFn() -> Result<usize, Error>,
) {
    while !is_closed.load(Ordering::Relaxed) {
        match run_next().await {
            Ok(0) => drop(timeout(interval, wake_up.notified()).await),
            Ok(_) => {}
            Err(error) => {
                tracing::warn!(error = &error as &dyn std::error::Error, "the queue of jobs is unavailable");
                sleep(interval * 4).await;
            }
        }
    }
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

    #[tokio::test]
    async fn a_job_of_this_node_does_not_wait_for_the_next_poll() {
        let (tasks, is_closed) = (Tasks::default(), AtomicBool::new(false));
        let (wake_up, waiting, done) = (tasks.wake_up(), AtomicUsize::new(0), Semaphore::new(0));
        let run_next = async || {
            let is_any = waiting.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |jobs| jobs.checked_sub(1)).is_ok();
            done.add_permits(usize::from(is_any));
            Ok(usize::from(is_any))
        };
        let insert = async {
            for jobs in [1, 3] {
                waiting.fetch_add(jobs, Ordering::Relaxed);
                tasks.jobs_wait();
                let all = u32::try_from(jobs).expect("few");
                done.acquire_many(all).await.expect("they are done").forget();
            }
        };
        tokio::select! {
            () = poll(&wake_up, &is_closed, EVER, run_next) => panic!("it was not closed"),
            () = insert => {}
        }
    }

    #[tokio::test]
    async fn a_job_of_another_node_does_not_wait_for_the_next_poll() {
        let (events, wake_up, is_closed) = (MemoryEvents::new(), Notify::new(), AtomicBool::new(false));
        let (polls, done) = (AtomicUsize::new(0), Semaphore::new(0));
        let run_next = async || {
            // The first poll finds nothing; then the other node inserts a job.
            let is_any = polls.fetch_add(1, Ordering::Relaxed) == 1;
            if !is_any {
                events.publish(&Event::JobsWaiting).await.expect("published");
            }
            done.add_permits(usize::from(is_any));
            Ok(usize::from(is_any))
        };
        tokio::select! {
            biased;
            never = listen(&events, &wake_up) => match never {},
            () = poll(&wake_up, &is_closed, EVER, run_next) => panic!("it was not closed"),
            acquired = done.acquire() => drop(acquired.expect("it is done")),
        }
    }

    #[tokio::test]
    async fn a_running_job_ends_before_the_loop_does() {
        let (wake_up, is_closed) = (Notify::new(), AtomicBool::new(false));
        let (begun, go_on, done) = (Notify::new(), Notify::new(), AtomicUsize::new(0));
        let run_next = async || {
            begun.notify_one();
            go_on.notified().await;
            done.fetch_add(1, Ordering::Relaxed);
            Ok(1)
        };
        let close = async {
            begun.notified().await;
            is_closed.store(true, Ordering::Relaxed);
            wake_up.notify_one();
            assert_eq!(done.load(Ordering::Relaxed), 0);
            go_on.notify_one();
        };
        tokio::join!(poll(&wake_up, &is_closed, EVER, run_next), close);
        assert_eq!(done.load(Ordering::Relaxed), 1, "and no other job is started");
    }
}
