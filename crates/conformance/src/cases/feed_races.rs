//! The change feed under concurrent writers.

use std::{collections::BTreeMap, sync::Arc};

use memo_domain::{Access, Change, ChangeKind, Limit, NewChange, Store, StoreError, UserId, Version};
use tokio::task::JoinSet;

use crate::{
    samples::{at, memo_id},
    steps::{add_user, begin, feed, last_change, let_others_run, retry},
};

/// Units of work per writer. Every fourth is dropped instead of committed.
const ROUNDS: u32 = 6;

/// The changes of one unit of work: one to three, which identify the writer, the round and their position.
fn changes(writer: u32, round: u32) -> Vec<NewChange> {
    let kind = ChangeKind::Updated;
    (1..=1 + (writer + round) % 3)
        .map(|place| NewChange { kind, memo_id: memo_id(writer), version: Version::new(place), at: at(round.into()) })
        .collect()
}

fn is_committed(writer: u32, round: u32) -> bool {
    !(writer + round).is_multiple_of(4)
}

async fn attempt(store: &dyn Store, owner: UserId, writer: u32, round: u32) -> Result<(), StoreError> {
    let mut uow = store.begin(Access::Write).await?;
    let changes = changes(writer, round);
    let (first, rest) = changes.split_at(1);
    uow.changes().append(owner, first).await?;
    // If numbers are assigned before the commit, another writer can now overtake this one.
    let_others_run().await;
    uow.changes().append(owner, rest).await?;
    let_others_run().await;
    if is_committed(writer, round) { uow.commit().await } else { Ok(()) }
}

fn spawn_writers(tasks: &mut JoinSet<()>, store: &Arc<dyn Store>, owner: UserId, writers: std::ops::Range<u32>) {
    for writer in writers {
        let store = Arc::clone(store);
        tasks.spawn(async move {
            for round in 0..ROUNDS {
                let result = retry(|| attempt(&*store, owner, writer, round)).await;
                result.expect("a writer succeeds eventually");
            }
        });
    }
}

/// A client that follows a feed: it asks for changes after the last number it has seen.
struct Follower {
    owner: UserId,
    since: u64,
    seen: Vec<Change>,
}

impl Follower {
    fn new(owner: UserId) -> Self {
        Self { owner, since: 0, seen: Vec::new() }
    }

    async fn poll(&mut self, store: &dyn Store, access: Access, limit: u64) {
        let mut uow = begin(store, access).await;
        let limit = Limit::new(limit).expect("a valid limit");
        let listed = uow.changes().list(self.owner, self.since, limit).await.expect("changes are read");
        for change in &listed {
            self.since += 1;
            assert_eq!(change.seq, self.since, "no number is missing in {listed:?}");
        }
        let last = uow.changes().last_seq(self.owner).await.expect("changes are read");
        assert!(last >= self.since, "the greatest number is not below one that was seen");
        if access == Access::Snapshot && listed.len() < usize::from(limit.get()) {
            assert_eq!(last, self.since, "list and last number are from one snapshot");
        }
        self.seen.extend(listed);
    }

    /// Asserts that the changes of every committed unit of work were seen once, in order and contiguous.
    async fn finish(mut self, store: &dyn Store, writers: std::ops::Range<u32>) {
        while self.since < last_change(store, self.owner).await {
            let since = self.since;
            self.poll(store, Access::Read, 100).await;
            assert!(self.since > since, "changes after {since} are available");
        }
        assert_eq!(self.seen, feed(store, self.owner).await, "the follower has seen the whole feed");
        let mut rounds: BTreeMap<u32, Vec<u32>> = writers.clone().map(|writer| (writer, Vec::new())).collect();
        let mut rest = self.seen.iter().map(|Change { kind, memo_id, version, at, .. }| NewChange {
            kind: *kind,
            memo_id: *memo_id,
            version: *version,
            at: *at,
        });
        while let Some(first) = rest.next() {
            let writer = writers.clone().find(|writer| memo_id(*writer) == first.memo_id).expect("a writer");
            let round = (0..ROUNDS).find(|round| at((*round).into()) == first.at).expect("a round");
            let expected = changes(writer, round);
            let unit: Vec<_> = std::iter::once(first).chain(rest.by_ref().take(expected.len() - 1)).collect();
            assert_eq!(unit, expected, "the changes of one unit of work are contiguous");
            rounds.get_mut(&writer).expect("a writer").push(round);
        }
        for (writer, found) in rounds {
            let expected: Vec<_> = (0..ROUNDS).filter(|round| is_committed(writer, *round)).collect();
            assert_eq!(found, expected, "exactly the commits of writer {writer}, in commit order");
        }
    }
}

pub(crate) async fn no_reader_sees_a_gap_while_writers_run(store: Arc<dyn Store>) {
    let owner = add_user(&*store, 0).await;
    let mut tasks = JoinSet::new();
    spawn_writers(&mut tasks, &store, owner, 0..16);
    let mut followers = [Access::Read, Access::Snapshot].map(|access| (access, Follower::new(owner)));
    while !tasks.is_empty() {
        for (access, follower) in &mut followers {
            follower.poll(&*store, *access, 100).await;
        }
        while let Some(ended) = tasks.try_join_next() {
            ended.expect("the writer completes");
        }
        let_others_run().await;
    }
    for (_, follower) in followers {
        follower.finish(&*store, 0..16).await;
    }
}

pub(crate) async fn feeds_are_numbered_per_user(store: Arc<dyn Store>) {
    const USERS: u32 = 4;
    let mut tasks = JoinSet::new();
    let mut followers = Vec::new();
    for n in 0..USERS {
        let owner = add_user(&*store, n).await;
        followers.push((n * 4..n * 4 + 4, Follower::new(owner)));
    }
    for (writers, follower) in &followers {
        spawn_writers(&mut tasks, &store, follower.owner, writers.clone());
    }
    while !tasks.is_empty() {
        for (writers, follower) in &mut followers {
            let access = if writers.start == 0 { Access::Snapshot } else { Access::Read };
            follower.poll(&*store, access, 3).await;
        }
        while let Some(ended) = tasks.try_join_next() {
            ended.expect("the writer completes");
        }
        let_others_run().await;
    }
    for (writers, follower) in followers {
        follower.finish(&*store, writers).await;
    }
}
