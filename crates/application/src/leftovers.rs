//! Removes what nobody needs any more.

use std::{sync::Arc, time::Duration};

use memo_domain::Access;

use crate::{Error, Ports};

/// How long a sign-in that has ended is kept: a refresh token that is used late is still known.
const SESSIONS: Duration = Duration::from_hours(7 * 24);
/// How long security events are kept.
const AUDIT: Duration = Duration::from_hours(400 * 24);
/// How many rows one unit of work removes, so that it keeps nobody waiting.
const AT_ONCE: u32 = 500;

/// What is left of sign-ins, links and security events.
pub struct Leftovers {
    ports: Arc<Ports>,
}

impl Leftovers {
    #[must_use]
    pub const fn new(ports: Arc<Ports>) -> Self {
        Self { ports }
    }

    /// Removes them. How many they were.
    ///
    /// # Errors
    /// Those of the store alone.
    pub async fn sweep(&self) -> Result<u64, Error> {
        let mut removed = 0;
        loop {
            let now = self.ports.now();
            let mut unit = self.ports.store.begin(Access::Write).await?;
            let some = [
                unit.sessions().remove_before(now - SESSIONS, AT_ONCE).await?,
                unit.one_time_tokens().remove_before(now, AT_ONCE).await?,
                unit.audit().remove_before(now - AUDIT, AT_ONCE).await?,
            ];
            unit.commit().await?;
            removed += some.iter().sum::<u64>();
            if some.iter().all(|some| *some < u64::from(AT_ONCE)) {
                return Ok(removed);
            }
        }
    }
}
