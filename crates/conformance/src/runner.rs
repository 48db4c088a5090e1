use std::{pin::Pin, thread, time::Duration};

use tokio::{runtime::Builder, time::timeout};

use crate::clauses;

/// A future of a case: boxed, so that nothing of a case is compiled in the crates that run it.
pub type Boxed<T> = Pin<Box<dyn Future<Output = T>>>;

/// A case that takes longer hangs: a unit of work waits for another one that does not end.
pub const PATIENCE: Duration = Duration::from_mins(2);

/// Runs one case over what the factory makes. [`conformance_tests!`](crate::conformance_tests) expands to calls of this.
///
/// The name is that of a clause, after its module.
///
/// # Panics
/// If the case fails, or takes more than two minutes.
pub fn run<T: 'static>(name: &'static str, factory: fn() -> Boxed<Option<T>>, case: fn(T) -> Boxed<()>) {
    run_within(PATIENCE, name, factory, case);
}

/// Like [`run`], with another time limit.
///
/// # Panics
/// If the case fails, or takes longer.
pub fn run_within<T: 'static>(
    patience: Duration,
    name: &'static str,
    factory: fn() -> Boxed<Option<T>>,
    case: impl FnOnce(T) -> Boxed<()> + 'static,
) {
    block_on(patience, name, Box::pin(async move { factory().await.map(case) }));
}

fn block_on(patience: Duration, name: &'static str, case: Boxed<Option<Boxed<()>>>) {
    // A runtime for each test, as an attribute macro would make it: the crate of an adapter needs no tokio.
    let runtime = Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime");
    let _reading_aid = Failure(name);
    runtime.block_on(async {
        match case.await {
            Some(case) => timeout(patience, case).await.expect("the case ends in time"),
            None => println!("{name}: skipped, its service is absent"),
        }
    });
}

/// Prints the clause of a case that fails.
struct Failure(&'static str);

impl Drop for Failure {
    fn drop(&mut self) {
        if !thread::panicking() {
            return;
        }
        let name = self.0.rsplit(':').next().unwrap_or(self.0);
        if let Some(clause) = clauses::all().get(name) {
            eprintln!("\nThe clause: {clause}");
            eprintln!(
                "In a comparison, `left` is the answer of the store under test, and `right` is what the clause requires."
            );
        }
    }
}
