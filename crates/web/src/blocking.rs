//! Work on large bodies, on threads that serve no request.

use std::{
    sync::{Arc, LazyLock},
    thread::available_parallelism,
};

use tokio::{sync::Semaphore, task::spawn_blocking};

use crate::problem::Problem;

/// The size of a body from which on it is large: to parse, to render or to encode it takes longer than to change the thread.
pub const LARGE: usize = 64 << 10;

/// One thread fewer than there are cores, so that requests are served meanwhile.
static THREADS: LazyLock<Arc<Semaphore>> = LazyLock::new(|| {
    let cores = available_parallelism().map_or(1, std::num::NonZero::get);
    Arc::new(Semaphore::new(cores.saturating_sub(1).max(1)))
});

/// Runs work on a body of this size, on another thread if it is large.
pub async fn run<T: Send + 'static>(size: usize, work: impl FnOnce() -> T + Send + 'static) -> Result<T, Problem> {
    if size < LARGE {
        return Ok(work());
    }
    let permit = Arc::clone(&THREADS).acquire_owned().await.map_err(Problem::internal)?;
    let run = move || {
        // Also if the request is gone, the thread is busy until here.
        let _permit = permit;
        work()
    };
    spawn_blocking(run).await.map_err(Problem::internal)
}
