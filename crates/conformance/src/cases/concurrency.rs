use std::sync::Arc;

use memo_domain::{
    Access, Memo, MemoFilter, MemoId, MemoScope, MemoSort, SearchQuery, Store, StoreError, Timestamp, TokenPurpose,
    UserId, Version, Visibility,
};
use tokio::task::JoinSet;

use crate::{
    samples::{at, content, digest, memo, memo_id, session, user},
    steps::{BY_CHANGE, add_memos, add_user, begin, count, find_memo, ids, let_others_run, list, retry},
};

/// Changes each memo in one unit of work.
async fn change_each(store: &dyn Store, ids: &[MemoId], change: impl Fn(&mut Memo)) -> Result<(), StoreError> {
    let mut uow = store.begin(Access::Write).await?;
    for id in ids {
        let mut memo = uow.memos().lookup(*id).await?.expect("the memo exists").memo;
        let from = memo.version;
        change(&mut memo);
        memo.version = from.next();
        let_others_run().await;
        uow.memos().update(&memo, from, Some(&memo.search_text())).await?;
    }
    uow.commit().await
}

/// Increments the number in the content of a memo.
fn increment(memo: &mut Memo) {
    let number: u32 = memo.state.content.as_str().parse().expect("the content is a number");
    memo.state.content = content(&(number + 1).to_string());
}

/// A memo with the number 0 as its content.
fn counter(n: u32, owner: UserId) -> Memo {
    let mut memo = memo(n, owner);
    memo.state.content = content("0");
    memo
}

pub(crate) async fn writers_wait_for_each_other(store: Arc<dyn Store>) {
    let owner = add_user(&*store, 0).await;
    let shared = counter(0, owner);
    add_memos(&*store, std::slice::from_ref(&shared)).await;
    let mut tasks = JoinSet::new();
    for _ in 0..8 {
        let (store, ids) = (Arc::clone(&store), [shared.id]);
        tasks.spawn(async move {
            for _ in 0..25 {
                retry(|| change_each(&*store, &ids, increment)).await.expect("a writer succeeds eventually");
            }
        });
    }
    tasks.join_all().await;
    let stored = find_memo(&*store, shared.id).await.expect("the memo");
    assert_eq!(stored.state.content.as_str(), "200", "no update is lost");
    assert_eq!(stored.version, Version::new(201));
}

pub(crate) async fn concurrent_inserts_all_succeed(store: Arc<dyn Store>) {
    let owner = add_user(&*store, 0).await;
    let mut tasks = JoinSet::new();
    for n in 0..100 {
        let store = Arc::clone(&store);
        let memo = memo(n, owner);
        tasks.spawn(async move {
            let insert = async || {
                let mut uow = store.begin(Access::Write).await?;
                uow.memos().insert(&memo, &memo.search_text()).await?;
                let_others_run().await;
                uow.commit().await
            };
            retry(insert).await.expect("a writer succeeds eventually");
        });
    }
    tasks.join_all().await;
    let mut expected: Vec<_> = (0..100).map(memo_id).collect();
    expected.sort();
    expected.reverse();
    assert_eq!(ids(&list(&*store, &MemoFilter::of(owner), BY_CHANGE).await), expected);
    assert_eq!(count(&*store, &MemoFilter::of(owner)).await, 100);
}

/// A write that matches nothing, as the first one of its unit of work. Each kind must report that.
async fn write_matching_nothing(store: &dyn Store, stored: &Memo, kind: u32) -> Result<(), StoreError> {
    let mut uow = store.begin(Access::Write).await?;
    let from = stored.version.next();
    let found = |is_there: bool| if is_there { Ok(()) } else { Err(StoreError::Stale) };
    let owner = stored.owner_id;
    let result = match kind % 10 {
        0 => uow.memos().update(&Memo { version: from.next(), ..stored.clone() }, from, None).await,
        1 => uow.memos().remove(stored.id, from).await,
        2 => uow.users().update(&user(9), Version::FIRST).await,
        3 => uow.sessions().update(&session(9, owner)).await,
        4 => found(uow.refresh_tokens().claim(&digest(9), at(0)).await?),
        5 => uow.users().remove(owner, Version::new(9)).await,
        6 => found(uow.identities().remove(owner, "absent").await?),
        7 => found(uow.one_time_tokens().take(&digest(9), TokenPurpose::VerifyEmail).await?.is_some()),
        8 => found(uow.second_factors().claim_step(owner, 1).await?),
        _ => found(uow.second_factors().claim_code(owner, &digest(9)).await?),
    };
    match result {
        Err(StoreError::Stale) => Ok(()),
        Err(error) => Err(error),
        Ok(()) => panic!("a write of kind {} matches nothing and must report it", kind % 10),
    }
}

pub(crate) async fn a_first_write_that_matches_nothing_is_stale(store: Arc<dyn Store>) {
    let owner = add_user(&*store, 0).await;
    let stored = memo(1_000, owner);
    add_memos(&*store, std::slice::from_ref(&stored)).await;
    let mut tasks = JoinSet::new();
    for n in 0..60 {
        // Each directly after another writer, in what may be the same database transaction.
        let (writing_store, other_store, stored) = (Arc::clone(&store), Arc::clone(&store), stored.clone());
        tasks.spawn(async move {
            let insert = async || {
                let mut uow = writing_store.begin(Access::Write).await?;
                uow.memos().insert(&memo(n, owner), &memo(n, owner).search_text()).await?;
                let_others_run().await;
                uow.commit().await
            };
            retry(insert).await.expect("a writer succeeds eventually");
        });
        tasks.spawn(async move {
            retry(|| write_matching_nothing(&*other_store, &stored, n)).await.expect("a writer succeeds eventually");
        });
    }
    tasks.join_all().await;
    assert_eq!(find_memo(&*store, stored.id).await, Some(stored));
    assert_eq!(count(&*store, &MemoFilter::of(owner)).await, 61);
}

pub(crate) async fn snapshots_see_whole_commits_among_writers(store: Arc<dyn Store>) {
    const LAST: i64 = 60;
    let owner = add_user(&*store, 0).await;
    let pair = [counter(0, owner), counter(1, owner)];
    let ids = [pair[0].id, pair[1].id];
    add_memos(&*store, &pair).await;
    let writer = {
        let store = Arc::clone(&store);
        tokio::spawn(async move {
            for n in 1..=LAST {
                let both = |memo: &mut Memo| memo.updated_at = at(n);
                retry(|| change_each(&*store, &ids, both)).await.expect("a writer succeeds eventually");
            }
        })
    };
    loop {
        let seen = times(&*store, &ids).await;
        assert_eq!(seen[0], seen[1], "both memos are from one commit");
        assert_eq!(seen[0], seen[2], "the first memo reads the same again");
        if seen[0] == at(LAST) || writer.is_finished() {
            break;
        }
    }
    writer.await.expect("the writer completes");
    assert_eq!(times(&*store, &ids).await, [at(LAST); 3]);
}

/// When the first, the second, and again the first of two memos were changed, in one snapshot.
async fn times(store: &dyn Store, ids: &[MemoId; 2]) -> [Timestamp; 3] {
    let mut uow = begin(store, Access::Snapshot).await;
    let mut times = [at(0); 3];
    for (time, id) in times.iter_mut().zip([ids[0], ids[1], ids[0]]) {
        let view = uow.memos().lookup(id).await.expect("memos are read").expect("the memo exists");
        *time = view.memo.updated_at;
        let_others_run().await;
    }
    times
}

pub(crate) async fn a_list_among_writers_has_matching_memos_only(store: Arc<dyn Store>) {
    const CHANGES: i64 = 60;
    let (owner, viewer) = (add_user(&*store, 0).await, add_user(&*store, 1).await);
    let toggle_secret = |memo: &mut Memo, n: i64| {
        let is_secret = n % 2 == 1;
        memo.state.visibility = if is_secret { Visibility::Private } else { Visibility::Public };
        memo.state.content = content(if is_secret { "a secret" } else { "an apple" });
    };
    let mut memos: Vec<_> = (0..10).map(|n| memo(n, owner)).collect();
    for memo in &mut memos {
        toggle_secret(memo, 0);
    }
    let ids = [memos[0].id, memos[1].id];
    add_memos(&*store, &memos).await;
    let writer = {
        let store = Arc::clone(&store);
        tokio::spawn(async move {
            for n in 1..=CHANGES {
                let both = |memo: &mut Memo| toggle_secret(memo, n);
                retry(|| change_each(&*store, &ids, both)).await.expect("a writer succeeds eventually");
            }
        })
    };
    let public = MemoFilter { scope: MemoScope::Public, ..MemoFilter::of(viewer) };
    let search = SearchQuery::parse("apple").expect("no text is an error");
    while !writer.is_finished() {
        for filter in [&public, &MemoFilter { search: search.clone(), ..public.clone() }] {
            for sort in MemoSort::ALL {
                for memo in list(&*store, filter, sort).await {
                    assert!(filter.matches(&memo), "{sort:?}: {:?}", memo.state);
                }
            }
        }
    }
    writer.await.expect("the writer completes");
}
