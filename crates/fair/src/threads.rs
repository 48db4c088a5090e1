//! Threads for long computations.

use std::{
    error::Error,
    fmt, io,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc, Mutex, PoisonError,
        mpsc::{Receiver, Sender, channel},
    },
    thread,
};

use tokio::sync::oneshot;

/// How much lower their priority is than that of the other threads: requests are served first, and yet a computation that
/// others wait for ends soon.
const NICENESS: i32 = 5;

type Job = Box<dyn FnOnce() + Send>;

/// Threads for computations of some milliseconds and more, at a lower priority than those that serve requests: those would
/// otherwise get only their share of the cores. They end with this.
#[derive(Debug)]
pub struct LongWork(Sender<Job>);

/// A computation has panicked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Panicked;

impl fmt::Display for Panicked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a long computation has panicked")
    }
}

impl Error for Panicked {}

impl LongWork {
    /// Starts the threads.
    ///
    /// # Errors
    /// If a thread can't be started.
    pub fn start(name: &str, threads: usize) -> io::Result<Self> {
        let (jobs, waiting) = channel();
        let waiting = Arc::new(Mutex::new(waiting));
        for number in 0..threads {
            let waiting = Arc::clone(&waiting);
            thread::Builder::new().name(format!("{name}-{number}")).spawn(move || work(&waiting))?;
        }
        Ok(Self(jobs))
    }

    /// Computes something after what was asked for before. It runs to its end, also if the caller is cancelled meanwhile.
    ///
    /// # Errors
    /// [`Panicked`].
    pub async fn run<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T, Panicked> {
        let (reply, result) = oneshot::channel();
        let job = Box::new(move || {
            if let Ok(result) = catch_unwind(AssertUnwindSafe(work)) {
                // The caller may have been cancelled.
                let _ = reply.send(result);
            }
        });
        // The threads end after this.
        let _ = self.0.send(job);
        result.await.map_err(|_| Panicked)
    }
}

fn work(jobs: &Mutex<Receiver<Job>>) {
    #[cfg(target_os = "linux")]
    // Without it, the work is done all the same.
    let _ = rustix::process::setpriority_process(Some(rustix::thread::gettid()), NICENESS);
    loop {
        let job = jobs.lock().unwrap_or_else(PoisonError::into_inner).recv();
        match job {
            Ok(job) => job(),
            Err(_) => return,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_panic_is_the_end_of_one_computation_alone() {
        let threads = LongWork::start("test", 1).expect("a thread starts");
        assert_eq!(threads.run(|| -> u8 { panic!("a fault") }).await, Err(Panicked));
        assert_eq!(threads.run(|| 7).await, Ok(7));
    }

    #[cfg(target_os = "linux")]
    #[tokio::test]
    async fn threads_have_a_lower_priority() {
        let threads = LongWork::start("test", 1).expect("a thread starts");
        let niceness = || rustix::process::getpriority_process(Some(rustix::thread::gettid())).expect("a priority");
        assert_eq!(threads.run(niceness).await, Ok(NICENESS));
    }
}
