//! Moves long work from the threads that serve requests to those that may block.

use actix_web::web::block;

use crate::problem::Problem;

/// The size in bytes of a body that is parsed or encoded on the thread that serves the request: that takes less than a
/// millisecond. A longer one would keep the other requests of the thread waiting.
const MAX_INLINE: usize = 64 << 10;

/// Parses or encodes a body of this size, on the thread that calls it or on another one.
pub async fn offload<T: Send + 'static>(
    size: usize,
    work: impl FnOnce() -> Result<T, Problem> + Send + 'static,
) -> Result<T, Problem> {
    if size <= MAX_INLINE { work() } else { block(work).await.map_err(Problem::internal)? }
}
