//! Repeats a unit of work that lost a race.

use crate::Error;

/// How often a unit of work is begun at most.
const ATTEMPTS: usize = 4;

/// Runs `work` until it gives something else than a conflict with another unit of work, at most four times.
///
/// `work` must begin its own unit of work each time and leave nothing behind when it fails.
pub async fn repeat<T>(mut work: impl AsyncFnMut() -> Result<T, Error>) -> Result<T, Error> {
    let mut attempt = 1;
    loop {
        match work().await {
            Err(Error::StoreUnavailable { source: memo_domain::StoreError::Stale }) if attempt < ATTEMPTS => {
                attempt += 1;
            }
            result => return result,
        }
    }
}
