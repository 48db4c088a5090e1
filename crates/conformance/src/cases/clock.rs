use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use memo_domain::Clock;

pub(crate) async fn the_clock_does_not_block(clock: Arc<dyn Clock>) {
    let begin = Instant::now();
    for _ in 0..10_000 {
        clock.now();
    }
    assert!(begin.elapsed() < Duration::from_secs(1), "10,000 readings took {:?}", begin.elapsed());
}
