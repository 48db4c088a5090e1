use std::time::Duration;

use tokio::{runtime::Builder, time::timeout};

/// A case that takes longer hangs: a unit of work waits for one that will not end.
pub const PATIENCE: Duration = Duration::from_mins(2);

/// Runs one case over what the factory makes for it. What [`conformance_tests!`](crate::conformance_tests) expands to calls it.
///
/// # Panics
/// Where the store does not pass.
pub fn run<T, F: Future<Output = ()>>(name: &str, factory: impl AsyncFnOnce() -> Option<T>, case: impl FnOnce(T) -> F) {
    run_within(PATIENCE, name, factory, case);
}

/// As [`run`], with another time after which a case hangs.
///
/// # Panics
/// Where the store does not pass.
pub fn run_within<T, F: Future<Output = ()>>(
    patience: Duration,
    name: &str,
    factory: impl AsyncFnOnce() -> Option<T>,
    case: impl FnOnce(T) -> F,
) {
    // A runtime for each test, as an attribute macro makes it: the crate of the adapter need not know tokio.
    let runtime = Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime");
    runtime.block_on(async {
        match factory().await {
            Some(given) => {
                timeout(patience, case(given)).await.expect("the case ends in time");
            }
            None => println!("{name}: skipped, the service is not there"),
        }
    });
}
