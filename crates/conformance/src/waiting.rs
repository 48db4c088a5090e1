use std::time::Duration;

use tokio::time::{Instant, sleep};

/// Longer than anything takes that a test waits for.
const PATIENCE: Duration = Duration::from_secs(20);
/// The first interval, which grows, and the longest: what is awaited runs on the same cores.
const INTERVALS: [Duration; 2] = [Duration::from_millis(10), Duration::from_millis(100)];

/// Returns the first value that `poll` has, for work that runs in the background and announces its end nowhere.
///
/// # Panics
/// If it does not happen within 20 s; `what` names it.
pub async fn eventually<T>(what: &str, mut poll: impl AsyncFnMut() -> Option<T>) -> T {
    let start = Instant::now();
    let [mut interval, longest] = INTERVALS;
    loop {
        if let Some(value) = poll().await {
            return value;
        }
        assert!(start.elapsed() < PATIENCE, "not within {PATIENCE:?}: {what}");
        pause(interval).await;
        interval = longest.min(interval * 3 / 2);
    }
}

/// Lets real time pass, for a server whose own time matters. Prefer [`eventually`], or a clock that the test moves.
#[expect(clippy::disallowed_methods, reason = "the one place where tests wait")]
pub async fn pause(time: Duration) {
    sleep(time).await;
}
