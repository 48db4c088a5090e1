//! What a writer sees of writers that are not committed yet.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use memo_domain::{Access, Memo, MemoId, Store, StoreError, User, UserId, Version};
use tokio::task::JoinSet;

use crate::{
    samples::{at, content, display_name, memo, user},
    steps::{add_memos, add_user, begin, let_others_run, retry},
    waiting::pause,
};

/// How long a writer is observed before it is dropped.
const OBSERVED: Duration = Duration::from_millis(100);

/// Looks up users in a unit of work that may write, and commits it.
async fn seen(store: &dyn Store, ids: [UserId; 2]) -> Result<[Option<User>; 2], StoreError> {
    let mut uow = store.begin(Access::Write).await?;
    let users = [uow.users().lookup(ids[0]).await?, uow.users().lookup(ids[1]).await?];
    uow.commit().await?;
    Ok(users)
}

pub(crate) async fn a_writer_sees_nothing_of_a_dropped_writer(store: Arc<dyn Store>) {
    let kept = user(0);
    add_user(&*store, 0).await;
    for n in 1..=3 {
        let new = user(n);
        let mut renamed = kept.clone();
        renamed.display_name = display_name("Renamed");
        renamed.touch(at(1));
        let mut writer = begin(&*store, Access::Write).await;
        writer.users().insert(&new).await.expect("the user is inserted");
        writer.users().update(&renamed, Version::FIRST).await.expect("the user is renamed");
        let observer = tokio::spawn({
            let (store, ids) = (Arc::clone(&store), [kept.id, new.id]);
            async move { retry(|| seen(&*store, ids)).await.expect("a writer passes in the end") }
        });
        // Long enough for the observer to read, if nothing makes it wait.
        let begun = Instant::now();
        while !observer.is_finished() && begun.elapsed() < OBSERVED {
            pause(Duration::from_millis(1)).await;
        }
        drop(writer);
        assert_eq!(observer.await.expect("the observer passes"), [Some(kept.clone()), None]);
    }
}

/// Reads a number from the text of a memo and writes the next one.
async fn count_up(store: &dyn Store, id: MemoId) -> Result<(), StoreError> {
    let mut uow = store.begin(Access::Write).await?;
    let mut memo = uow.memos().lookup(id).await?.expect("the memo is there").memo;
    let from = memo.version;
    memo.state.content = content(&(number(&memo) + 1).to_string());
    memo.version = from.next();
    uow.memos().update(&memo, from, Some(&memo.search_text())).await?;
    let_others_run().await;
    uow.commit().await
}

/// Reads the number in a unit of work that may write and writes nothing; returns it when its commit has returned.
async fn observe(store: &dyn Store, id: MemoId) -> Result<u32, StoreError> {
    let mut uow = store.begin(Access::Write).await?;
    let memo = uow.memos().lookup(id).await?.expect("the memo is there").memo;
    uow.commit().await?;
    Ok(number(&memo))
}

fn number(memo: &Memo) -> u32 {
    memo.state.content.as_str().parse().expect("a number")
}

pub(crate) async fn what_a_writer_saw_is_committed_with_it(store: Arc<dyn Store>) {
    let owner = add_user(&*store, 0).await;
    let mut counter = memo(0, owner);
    counter.state.content = content("0");
    add_memos(&*store, std::slice::from_ref(&counter)).await;
    let id = counter.id;
    let mut tasks = JoinSet::new();
    for _ in 0..4 {
        let (writing, observing) = (Arc::clone(&store), Arc::clone(&store));
        tasks.spawn(async move {
            for _ in 0..25 {
                retry(|| count_up(&*writing, id)).await.expect("a writer passes in the end");
            }
        });
        tasks.spawn(async move {
            for _ in 0..25 {
                let seen = retry(|| observe(&*observing, id)).await.expect("an observer passes in the end");
                let mut reader = begin(&*observing, Access::Read).await;
                let committed =
                    reader.memos().lookup(id).await.expect("memos are read").expect("the memo is there").memo;
                assert!(number(&committed) >= seen, "a writer saw {seen}, {} is committed", number(&committed));
            }
        });
    }
    tasks.join_all().await;
}
