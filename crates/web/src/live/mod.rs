//! `/api/v1/events` and `/api/v1/ws`: the change feed as it grows.

mod events;
mod follower;
mod frames;
mod liveness;
mod socket;

use std::time::Duration;

use follower::Follow;

use crate::routing::Operations;

/// The maximum time without a byte: only something that is sent shows that a client is gone.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// The operations.
pub fn operations() -> Operations {
    Operations::all([events::operations(), socket::operations()])
}

/// The maximum time without a byte, for clients and proxies that wait for this long.
fn keep_alive(request_timeout: Duration) -> Duration {
    KEEP_ALIVE.min(request_timeout / 2)
}
