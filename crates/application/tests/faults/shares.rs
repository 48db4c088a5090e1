//! The reads of shares are counted in memory, and stored together.

use std::{future::poll_fn, pin::pin, task::Poll, time::Duration};

use memo_application::NewShare;
use memo_conformance::faults::Fault;
use memo_domain::{Access, Store, StoreError};

use crate::world::World;

#[tokio::test]
async fn reads_of_a_share_are_stored_together_and_not_lost_by_a_failure() {
    let (world, device) = (World::later(Duration::ZERO).await, memo_application::Device::default());
    let (_, token) =
        world.shares.create(world.alice, world.memo, NewShare::default(), &device, None).await.expect("a share");
    let counts = async || {
        let mut unit = world.store.begin(Access::Read).await.expect("a unit of work");
        let stored = unit.shares().list(world.memo).await.expect("shares are read")[0].reads;
        (stored, world.shares.list(world.alice, world.memo).await.expect("shares are read")[0].reads)
    };
    world.store.plan([]);
    for is_counted in [true, true, true, false] {
        let shown = world.shares.read(&token, None, is_counted, &device).await.expect("the memo");
        assert_eq!(shown.memo.id, world.memo);
    }
    assert!(!world.store.calls().contains(&"begin.write"), "a reader writes nothing");
    assert_eq!(counts().await, (0, 3));
    world.store.plan([Fault::before(1, StoreError::Unavailable { source: "planned".into() })]);
    world.shares.store_reads().await;
    world.store.plan([]);
    assert_eq!(counts().await, (0, 3));
    // Dropped while it waits for the writer.
    let mut writer = world.kept.begin(Access::Write).await.expect("a unit of work");
    writer.users().lookup(world.alice).await.expect("it holds the writer");
    {
        let mut storing = pin!(world.shares.store_reads());
        assert!(poll_fn(|context| Poll::Ready(storing.as_mut().poll(context))).await.is_pending());
    }
    drop(writer);
    assert_eq!(counts().await, (0, 3));
    for _ in 0..2 {
        world.shares.store_reads().await;
        assert_eq!(counts().await, (3, 3));
    }
}
