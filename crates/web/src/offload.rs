//! Moves long work from the threads that serve requests to those that may block.

use std::{io, num::NonZero, sync::LazyLock, thread::available_parallelism};

use memo_fair::LongWork;
use tokio::task::spawn_blocking;

use crate::problem::Problem;

/// The size in bytes of a body that is parsed or encoded on the thread that serves the request: that takes less than a
/// millisecond. A longer one would keep the other requests of the thread waiting.
const MAX_INLINE: usize = 64 << 10;

/// The size of work that always runs on another thread.
pub const ALWAYS: usize = usize::MAX;

/// One fewer than there are cores, so that requests are served meanwhile.
static THREADS: LazyLock<io::Result<LongWork>> = LazyLock::new(|| {
    let cores = available_parallelism().map_or(1, NonZero::get);
    LongWork::start("offload", cores.saturating_sub(1).max(1))
});

/// Like [`offload`], while a transaction is open that others wait for: it waits for the work of none of them.
pub async fn offload_at_once<T: Send + 'static>(
    size: usize,
    work: impl FnOnce() -> Result<T, Problem> + Send + 'static,
) -> Result<T, Problem> {
    if size <= MAX_INLINE {
        return work();
    }
    spawn_blocking(work).await.map_err(Problem::internal)?
}

/// Parses or encodes a body of this size, on the thread that calls it or on another one.
pub async fn offload<T: Send + 'static>(
    size: usize,
    work: impl FnOnce() -> Result<T, Problem> + Send + 'static,
) -> Result<T, Problem> {
    if size <= MAX_INLINE {
        return work();
    }
    let threads = THREADS.as_ref().map_err(Problem::internal)?;
    threads.run(work).await.map_err(Problem::internal)?
}
