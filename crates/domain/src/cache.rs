use std::time::Duration;

use async_trait::async_trait;
use thiserror::Error;

use crate::Source;

/// Why the cache gave no answer.
#[derive(Debug, Error)]
#[error("the cache is unavailable")]
pub struct CacheError {
    /// What the driver said.
    #[from]
    pub source: Source,
}

/// What all nodes share for a while, and nobody misses after.
///
/// # Contract
/// * `a_name_is_claimed_once`: of any number of [`claim`](Self::claim)s of one name, one after the other or at once,
///   exactly one MUST give `true`.
/// * `names_are_claimed_apart`: a claim MUST NOT be in the way of another name's.
/// * A name MUST be free again some time after its claim's end, and not before.
#[async_trait]
pub trait Cache: Send + Sync {
    /// Whether it answers.
    async fn check(&self) -> Result<(), CacheError>;

    /// Takes a name for this long. Whether it was free.
    async fn claim(&self, name: &str, lasting: Duration) -> Result<bool, CacheError>;
}
