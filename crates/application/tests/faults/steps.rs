//! What concerns many rows is done in steps, each of which is one transaction.

use std::time::Duration;

use memo_application::{BatchOperation, Device, Error, Operation, OperationStatus, Precondition, TagChanged};
use memo_conformance::faults::Fault;
use memo_domain::{
    Access, Email, JobId, Limit, MemoChange, MemoFilter, MemoScope, MemoSort, MemoState, PageRequest, PageStart, Store,
    StoreError, Tag, Tags, Visibility,
};

use crate::world::{CREATED, PASSWORD, World, state, tag};

/// More than are changed at once.
const MEMOS: u64 = 520;

/// A world in which Alice has many memos with a tag, and no job waits.
async fn world() -> World {
    let world = World::later(Duration::ZERO).await;
    while world.run_next().await.expect("mail is sent") > 0 {}
    for first in (0..MEMOS).step_by(100) {
        let memo = |n: u64| {
            let tags = Tags::new([tag("many"), tag("other")]).expect("few tags");
            BatchOperation::Create { id: None, state: MemoState { tags, ..state(&n.to_string()) } }
        };
        let memos: Vec<_> = (first..MEMOS.min(first + 100)).map(memo).collect();
        world.memos.batch(world.alice, &memos, None).await.expect("memos are created");
    }
    world
}

async fn count(world: &World, tag: Tag) -> u64 {
    let filter = MemoFilter { tags: vec![tag], ..MemoFilter::of(world.alice) };
    world.store.begin(Access::Read).await.expect("a unit of work").memos().count(&filter).await.expect("a count")
}

async fn last_change(world: &World) -> u64 {
    let mut unit = world.store.begin(Access::Read).await.expect("a unit of work");
    unit.changes().last_seq(world.alice).await.expect("a number")
}

async fn rename(world: &World, from: &str, to: &str) -> JobId {
    match world.memos.rename_tag(world.alice, &tag(from), &tag(to)).await.expect("it begins") {
        TagChanged::Running(id) => id,
        TagChanged::Done(done) => panic!("it is done at once: {done:?}"),
    }
}

async fn operation(world: &World, id: JobId) -> Operation {
    world.memos.operation(world.alice, id).await.expect("an operation")
}

#[tokio::test]
async fn a_change_of_many_memos_is_done_in_steps() {
    let world = world().await;
    let before = last_change(&world).await;
    let id = rename(&world, "many", "Most").await;
    let mut done = 0;
    loop {
        let Operation { status, done: now, total, .. } = operation(&world, id).await;
        assert!(now >= done && now - done <= 200 && total == MEMOS, "{done}, {now} of {total}");
        assert_eq!((count(&world, tag("most")).await, count(&world, tag("many")).await), (now, MEMOS - now));
        assert_eq!(last_change(&world).await, before + now, "each change is in the feed");
        if status != OperationStatus::Running {
            assert_eq!((status, now), (OperationStatus::Done, MEMOS));
            break;
        }
        done = now;
        // Until then, no other change of these tags begins; one of another tag does.
        for (from, to) in [("many", "x"), ("other", "most"), ("most", "x"), ("other", "MANY")] {
            let changed = world.memos.rename_tag(world.alice, &tag(from), &tag(to)).await;
            assert!(matches!(changed, Err(Error::OperationRunning)), "{from} to {to}: {changed:?}");
        }
        assert!(matches!(world.memos.remove_tag(world.alice, &tag("many")).await, Err(Error::OperationRunning)));
        assert_eq!(world.run_next().await.expect("it runs"), 1);
    }
    assert_eq!(world.run_next().await.expect("nothing runs"), 0);
    // Other users do not see it, and it is kept for an hour.
    assert!(matches!(world.memos.operation(world.carol, id).await, Err(Error::NotFound(_))));
    world.clock.advance(Duration::from_mins(59));
    world.retention.sweep().await.expect("it is swept");
    assert_eq!(operation(&world, id).await.status, OperationStatus::Done);
    world.clock.advance(Duration::from_mins(2));
    world.retention.sweep().await.expect("it is swept");
    assert!(matches!(world.memos.operation(world.alice, id).await, Err(Error::NotFound(_))));
    assert!(matches!(world.memos.remove_tag(world.alice, &tag("most")).await, Ok(TagChanged::Running(_))));
}

#[tokio::test]
async fn another_spelling_of_a_tag_reaches_every_memo_once() {
    let world = world().await;
    let before = last_change(&world).await;
    let id = rename(&world, "many", "MANY").await;
    while world.run_next().await.expect("it runs") > 0 {}
    assert_eq!((operation(&world, id).await.done, last_change(&world).await), (MEMOS, before + MEMOS));
    let found = world.memos.tag(world.alice, &tag("many")).await.expect("a tag");
    assert_eq!((found.tag.as_str(), found.count), ("MANY", MEMOS));
}

#[tokio::test]
async fn a_step_that_fails_is_repeated_and_changes_nothing_twice() {
    let world = world().await;
    let before = last_change(&world).await;
    let id = rename(&world, "many", "most").await;
    // Each third attempt fails somewhere in the claim, in the step or at its commit; the process may have crashed.
    for call in [2, 5, 40, 100, 203, 308] {
        for fault in [Fault::before, Fault::after] {
            let away = StoreError::Unavailable { source: "planned".into() };
            world.store.plan([fault(call, away)]);
            let _ = world.run_next().await;
            world.store.plan([]);
            world.clock.advance(Duration::from_hours(5));
            let done = operation(&world, id).await.done;
            assert_eq!((count(&world, tag("most")).await, last_change(&world).await), (done, before + done));
        }
    }
    while world.run_next().await.expect("it runs") > 0 {}
    let ended = operation(&world, id).await;
    assert_eq!((ended.status, ended.done), (OperationStatus::Done, MEMOS));
    assert_eq!((count(&world, tag("many")).await, last_change(&world).await), (0, before + MEMOS));
}

#[tokio::test]
async fn a_withdrawn_user_is_removed_in_steps() {
    let world = world().await;
    rename(&world, "many", "most").await;
    let change = MemoChange { visibility: Some(Visibility::Public), ..MemoChange::default() };
    world.memos.change(world.alice, world.memo, change, &Precondition::None).await.expect("it is changed");
    let device = Device::default();
    let withdrawn = world.accounts.withdraw(&world.principal, Some(PASSWORD), &device);
    withdrawn.await.expect("she withdraws");
    world.accounts.hide_memos(world.alice).await;
    // At once: no session, no address, no public memo.
    let address = Email::new("alice@example.com").expect("an address");
    let left = async || {
        let mut unit = world.store.begin(Access::Read).await.expect("a unit of work");
        assert_eq!(unit.users().find_by_email(&address).await.expect("users are read"), None);
        assert_eq!(unit.sessions().list_live(world.alice, CREATED).await.expect("sessions are read"), []);
        let public = MemoFilter { scope: MemoScope::Public, ..MemoFilter::of(world.carol) };
        assert_eq!(unit.memos().count(&public).await.expect("memos are counted"), 0);
        let memos = unit.memos().count(&MemoFilter::of(world.alice)).await.expect("memos are counted");
        (memos, unit.users().lookup(world.alice).await.expect("users are read").is_some())
    };
    assert!(world.sign_in.authenticate(&world.grant.access_token).await.is_err());
    // The rest in steps.
    let mut before = left().await;
    assert!(before.0 > 500 && before.1, "{before:?}");
    while world.run_next().await.expect("it runs") > 0 {
        let now = left().await;
        assert!(before.0 - now.0 <= 200 && (now.1 || now.0 == 0), "{before:?}, {now:?}");
        before = now;
    }
    assert_eq!(before, (0, false));
}

#[tokio::test]
async fn likes_of_a_withdrawn_user_are_taken_back_in_steps() {
    const LIKES: u64 = 250;
    let world = world().await;
    for n in 0..LIKES {
        let shown = MemoState { visibility: Visibility::Public, ..state(&n.to_string()) };
        let memo = world.memos.create(world.carol, shown, None).await.expect("it is created").memo.id;
        for user in [world.alice, world.carol] {
            world.likes.like(user, memo).await.expect("it is liked");
        }
    }
    let device = Device::default();
    let withdrawn = world.accounts.withdraw(&world.principal, Some(PASSWORD), &device);
    withdrawn.await.expect("she withdraws");
    let taken_back = async || {
        let mut unit = world.store.begin(Access::Read).await.expect("a unit of work");
        let (mut likes, mut page) =
            (0, PageRequest { limit: Limit::new(100).expect("a limit"), ..PageRequest::default() });
        loop {
            let found = unit.memos().list(&MemoFilter::of(world.carol), MemoSort::default(), &page).await;
            let found = found.expect("memos are listed");
            likes += found.items.iter().map(|view| view.like_count).sum::<u64>();
            let Some(next) = found.next else { break };
            page.start = PageStart::After(next);
        }
        // Each change of a count is in the feed of its owner.
        let changes = unit.changes().last_seq(world.carol).await.expect("a number");
        assert_eq!(2 * LIKES - likes, changes - 3 * LIKES);
        2 * LIKES - likes
    };
    let mut before = taken_back().await;
    assert_eq!(before, 0);
    while world.run_next().await.expect("it runs") > 0 {
        let now = taken_back().await;
        assert!(now - before <= 100, "{before}, {now}");
        before = now;
    }
    assert_eq!(before, LIKES);
}
