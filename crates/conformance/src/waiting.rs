use std::time::Duration;

use tokio::time::{Instant, sleep};

/// Longer than anything takes that a test waits for.
const PATIENCE: Duration = Duration::from_secs(20);
const INTERVAL: Duration = Duration::from_millis(10);

/// Returns the first value that `poll` has, for work that runs in the background and announces its end nowhere.
///
/// # Panics
/// If it does not happen within 20 s; `what` names it.
pub async fn eventually<T>(what: &str, mut poll: impl AsyncFnMut() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        if let Some(value) = poll().await {
            return value;
        }
        assert!(start.elapsed() < PATIENCE, "not within {PATIENCE:?}: {what}");
        pause(INTERVAL).await;
    }
}

/// Lets real time pass, for a server whose own time matters. Prefer [`eventually`], or a clock that the test moves.
#[expect(clippy::disallowed_methods, reason = "the one place where tests wait")]
pub async fn pause(time: Duration) {
    sleep(time).await;
}
