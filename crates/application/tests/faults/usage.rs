//! Usage is counted in memory, and stored together.

use std::time::Duration;

use memo_application::{Credential, Error, Principal, UsageCounter, UsageGroup, UsageGrouping};
use memo_conformance::faults::Fault;
use memo_domain::{
    Access, ApiKeyId, Conflict, CountedRequest, Day, OperationName, Store, StoreError, UsageCounters, UsageRange,
    UserId, Uuid,
};

use crate::world::{MAX_GROUPS, MAX_ROWS, World};

const REQUEST: CountedRequest =
    CountedRequest { is_error: false, bytes_in: 1, bytes_out: 10, latency: Duration::from_millis(2) };

fn count(world: &World, times: usize) {
    let operation = OperationName::new("get_me").expect("a name");
    for _ in 0..times {
        world.usage_counter.count(&world.principal, operation.clone(), &REQUEST);
    }
}

async fn stored(world: &World, user: UserId) -> u64 {
    let day = Day::of(memo_domain::Clock::now(&*world.clock));
    let mut unit = world.store.begin(Access::Read).await.expect("a unit of work");
    let range = UsageRange { from: day.plus(-9), to: day };
    let usage = unit.usage().list(user, range, None, 100).await.expect("usage is read");
    usage.iter().map(|usage| usage.counters.requests).sum()
}

async fn shown(world: &World) -> Vec<(UsageGroup, UsageCounters)> {
    let today = world.usage.today();
    let range = UsageRange { from: today, to: today };
    world.usage.own(world.alice, range, UsageGrouping::Operation).await.expect("usage is read")
}

#[tokio::test]
async fn usage_is_stored_together_and_not_lost_by_a_failure() {
    let world = World::later(Duration::ZERO).await;
    world.store.plan([]);
    count(&world, 3);
    assert!(world.store.calls().is_empty(), "counting waits for no store");
    let mut total = 3;
    for kind in crate::KINDS {
        for (number, call) in ["begin.write", "usage.add", "commit"].into_iter().enumerate() {
            let before = stored(&world, world.alice).await;
            let what = format!("{:?} instead of {call}", kind());
            count(&world, 1);
            total += 1;
            world.store.plan([Fault::before(number, kind())]);
            world.usage_counter.store().await;
            assert_eq!((world.store.calls()[number], world.store.pending()), (call, 0), "{what}");
            world.store.plan([]);
            assert_eq!(shown(&world).await[0].1.requests, total, "{what}");
            let is_inserted = matches!(kind(), StoreError::Conflict { what: Conflict::Id }) && number > 0;
            let is_retried = kind().is_lost_race() || is_inserted;
            assert_eq!(stored(&world, world.alice).await, if is_retried { total } else { before }, "{what}");
            world.usage_counter.store().await;
            assert_eq!(stored(&world, world.alice).await, total, "{what}");
        }
    }
}

#[tokio::test]
async fn usage_is_stored_once_and_shown_with_what_is_not_stored_yet() {
    let world = World::later(Duration::ZERO).await;
    for times in 1..4 {
        count(&world, 1);
        assert_eq!(stored(&world, world.alice).await, times - 1);
        let items = shown(&world).await;
        assert_eq!((items.len(), items[0].1.requests, items[0].1.bytes_out), (1, times, 10 * times));
        for _ in 0..2 {
            world.usage_counter.store().await;
            assert_eq!((stored(&world, world.alice).await, shown(&world).await[0].1.requests), (times, times));
        }
    }
}

#[tokio::test]
async fn usage_that_is_stored_while_a_report_reads_is_seen_once() {
    let world = World::later(Duration::ZERO).await;
    count(&world, 5);
    let (items, _) = tokio::join!(shown(&world), world.usage_counter.store());
    assert_eq!(items[0].1.requests, 5);
    count(&world, 2);
    let (_, items) = tokio::join!(world.usage_counter.store(), shown(&world));
    assert_eq!(items[0].1.requests, 7);
}

#[tokio::test]
async fn old_usage_is_removed_in_steps() {
    let world = World::later(Duration::ZERO).await;
    // More rows than one step removes.
    for n in 0..1_200 {
        let operation = OperationName::new(format!("operation_{n}")).expect("a name");
        world.usage_counter.count(&world.principal, operation, &REQUEST);
        if n % 100 == 0 {
            world.usage_counter.store().await;
        }
    }
    world.usage_counter.store().await;
    assert_eq!(stored(&world, world.alice).await, 100);
    let sweep = async |counter: &UsageCounter| counter.sweep().await.expect("it is removed");
    world.clock.advance(Duration::from_hours(24));
    count(&world, 1);
    world.usage_counter.store().await;
    assert_eq!(sweep(&world.usage_counter).await, 0, "kept for a day");
    world.clock.advance(Duration::from_hours(24));
    assert_eq!(sweep(&world.usage_counter).await, 1_200);
    assert_eq!(stored(&world, world.alice).await, 1);
}

#[tokio::test]
async fn report_of_all_users_reads_pages_and_not_users() {
    let world = World::later(Duration::ZERO).await;
    let operation = OperationName::new("get_me").expect("a name");
    for user_id in [world.alice, world.carol, world.dave] {
        let caller = memo_application::Principal { user_id, ..world.principal };
        world.usage_counter.count(&caller, operation.clone(), &REQUEST);
    }
    world.usage_counter.store().await;
    // Not stored yet.
    count(&world, 2);
    world.store.plan([]);
    let today = world.usage.today();
    let range = UsageRange { from: today, to: today };
    let items = world.usage.all(world.dave, None, range, UsageGrouping::User).await.expect("usage is read");
    let lists = world.store.calls().iter().filter(|call| **call == "usage.list_all").count();
    assert_eq!((lists, world.store.calls().contains(&"usage.list")), (1, false));
    let requests: Vec<_> = items.iter().map(|(group, counters)| (group.clone(), counters.requests)).collect();
    assert_eq!(requests[0], (UsageGroup::User(world.alice), 3));
    assert_eq!(requests.iter().map(|(_, number)| number).sum::<u64>(), 5);
}

#[tokio::test]
async fn report_of_too_many_rows_is_refused_and_pages_add_up() {
    let world = World::later(Duration::ZERO).await;
    let today = world.usage.today();
    let range = UsageRange { from: today, to: today };
    let all = async || world.usage.all(world.dave, None, range, UsageGrouping::User).await;
    for n in 1..=MAX_ROWS {
        let operation = OperationName::new(format!("operation_{n}")).expect("a name");
        world.usage_counter.count(&world.principal, operation, &REQUEST);
        if n % 100 == 0 {
            world.usage_counter.store().await;
        }
    }
    let expected = u64::try_from(MAX_ROWS).expect("a small number");
    let items = all().await.expect("usage is read");
    assert_eq!(items.iter().map(|(_, counters)| counters.requests).collect::<Vec<_>>(), [expected]);
    count(&world, 1);
    for result in [all().await, world.usage.own(world.alice, range, UsageGrouping::Day).await] {
        assert!(matches!(result, Err(Error::TooMuchUsage { max: MAX_ROWS })), "{result:?}");
    }
}

#[tokio::test]
async fn report_of_too_many_groups_of_a_user_is_refused() {
    let world = World::later(Duration::ZERO).await;
    let today = world.usage.today();
    let range = UsageRange { from: today, to: today };
    let operation = OperationName::new("get_me").expect("a name");
    for n in 0..=MAX_GROUPS {
        let credential = Credential::ApiKey { key_id: ApiKeyId::new(Uuid::from_u128(n as u128)) };
        let caller = Principal { credential, ..world.principal };
        world.usage_counter.count(&caller, operation.clone(), &REQUEST);
        if n % 100 == 0 {
            world.usage_counter.store().await;
        }
    }
    let own = async |grouping| world.usage.own(world.alice, range, grouping).await;
    let refused = own(UsageGrouping::ApiKey).await;
    assert!(matches!(refused, Err(Error::TooMuchUsage { max: MAX_GROUPS })), "{refused:?}");
    assert_eq!(own(UsageGrouping::Day).await.expect("usage is read").len(), 1);
}
