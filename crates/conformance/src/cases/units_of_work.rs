use std::{future::poll_fn, sync::Arc, task::Poll};

use memo_domain::{Access, Conflict, MemoFilter, Store, User, Version};
use tokio::sync::oneshot;

use crate::{
    everything::{Everything, search_for},
    samples::{at, content, display_name, memo, tag, user},
    steps::{add_memos, add_user, assert_conflict, begin, commit, count, find_memo, let_others_run, without_waiting},
};

const ALL: [Access; 3] = [Access::Read, Access::Snapshot, Access::Write];

pub(crate) async fn an_open_store_passes_its_check(store: Arc<dyn Store>) {
    store.check().await.expect("the store is in order");
}

pub(crate) async fn committed_writes_are_seen(store: Arc<dyn Store>) {
    // Repeated, since a store that shows commits late may be on time by chance.
    for n in 0..20 {
        let stored = Everything::add(&*store, n).await;
        let access = ALL[usize::from(n) % 3];
        assert_eq!(stored.read_back(&*store, access).await.as_ref(), Some(&stored), "{access:?}");
        let changed = stored.changed();
        let mut uow = begin(&*store, Access::Write).await;
        changed.update(&mut *uow).await;
        commit(uow).await;
        assert_eq!(stored.read_back(&*store, access).await, Some(changed), "{access:?}");
    }
    // A unit of work that has written nothing can be committed, too.
    for access in ALL {
        commit(begin(&*store, access).await).await;
    }
}

pub(crate) async fn a_dropped_unit_of_work_leaves_nothing(store: Arc<dyn Store>) {
    let stored = Everything::add(&*store, 0).await;
    let new = Everything::new(1);
    let removed = memo(2, stored.user.id);
    let mut uow = begin(&*store, Access::Write).await;
    new.insert(&mut *uow).await;
    stored.changed().update(&mut *uow).await;
    assert_eq!(new.seen_by(&mut *uow).await.as_ref(), Some(&new));
    drop(uow);
    for access in ALL {
        assert_eq!(new.read_back(&*store, access).await, None, "{access:?}");
        assert_eq!(stored.read_back(&*store, access).await.as_ref(), Some(&stored), "{access:?}");
    }

    // A removal is rolled back as well, and the store is free for the next writer.
    let mut uow = begin(&*store, Access::Write).await;
    uow.users().remove(stored.user.id, stored.user.version).await.expect("the user is removed");
    drop(uow);
    assert_eq!(stored.read_back(&*store, Access::Read).await.as_ref(), Some(&stored));
    add_memos(&*store, std::slice::from_ref(&removed)).await;
    let mut uow = begin(&*store, Access::Write).await;
    uow.memos().remove(removed.id, removed.version).await.expect("the memo is removed");
    drop(uow);
    assert_eq!(find_memo(&*store, removed.id).await, Some(removed));
    let added = Everything::add(&*store, 1).await;
    assert_eq!(added.read_back(&*store, Access::Read).await, Some(new));
}

pub(crate) async fn a_failed_unit_of_work_leaves_nothing(store: Arc<dyn Store>) {
    let stored = Everything::add(&*store, 0).await;
    let new = Everything::new(1);
    for failure in [Conflict::Id, Conflict::Email, Conflict::Parent] {
        let mut uow = begin(&*store, Access::Write).await;
        new.insert(&mut *uow).await;
        let result = match failure {
            Conflict::Id => uow.memos().insert(&stored.memo, &stored.memo.search_text()).await.map(drop),
            Conflict::Email => uow.users().insert(&User { email: stored.user.email.clone(), ..user(2) }).await,
            Conflict::Parent => {
                uow.memos().insert(&memo(2, user(3).id), &memo(2, user(3).id).search_text()).await.map(drop)
            }
        };
        assert_conflict(result, failure);
        drop(uow);
        assert_eq!(new.read_back(&*store, Access::Read).await, None, "{failure:?}");
        assert_eq!(stored.read_back(&*store, Access::Read).await.as_ref(), Some(&stored), "{failure:?}");
    }
    let added = Everything::add(&*store, 1).await;
    assert_eq!(added.read_back(&*store, Access::Read).await, Some(new));
}

pub(crate) async fn a_cancelled_unit_of_work_leaves_nothing(store: Arc<dyn Store>) {
    let new = Everything::new(0);
    for _ in 0..5 {
        let (wrote, written) = oneshot::channel();
        let task = tokio::spawn({
            let (store, new) = (Arc::clone(&store), new.clone());
            async move {
                let mut uow = begin(&*store, Access::Write).await;
                new.insert(&mut *uow).await;
                wrote.send(()).expect("the case is waiting");
                std::future::pending::<()>().await;
                commit(uow).await;
            }
        });
        written.await.expect("the task has written");
        // Another unit of work is cancelled while it waits for its turn, or just after it got it.
        let waiting = tokio::spawn({
            let store = Arc::clone(&store);
            async move { begin(&*store, Access::Write).await }
        });
        tokio::task::yield_now().await;
        waiting.abort();
        task.abort();
        assert!(task.await.is_err_and(|error| error.is_cancelled()));
        drop(waiting.await);
        assert_eq!(new.read_back(&*store, Access::Read).await, None);
    }
    without_waiting(Everything::add(&*store, 0)).await;
}

pub(crate) async fn a_dropped_commit_is_kept_whole_or_not_at_all(store: Arc<dyn Store>) {
    for n in 0..16 {
        let new = Everything::new(n);
        let mut uow = begin(&*store, Access::Write).await;
        new.insert(&mut *uow).await;
        let mut commit = uow.commit();
        for _ in 0..n / 2 {
            let is_over = poll_fn(|context| Poll::Ready(commit.as_mut().poll(context).is_ready())).await;
            if is_over {
                break;
            }
            let_others_run().await;
        }
        drop(commit);
        // It may still become visible, but then whole.
        let found = new.read_back(&*store, Access::Snapshot).await;
        assert!(found.is_none() || found.as_ref() == Some(&new), "after {} polls: {found:?}", n / 2);
        without_waiting(Everything::add(&*store, n + 100)).await;
    }
}

pub(crate) async fn two_repositories_commit_together(store: Arc<dyn Store>) {
    let stored = Everything::new(0);
    add_user(&*store, 0).await;
    let mut renamed = user(0);
    renamed.display_name = display_name("Renamed");
    renamed.touch(at(1));

    let mut uow = begin(&*store, Access::Write).await;
    stored.insert_all_but_the_user(&mut *uow).await;
    uow.users().update(&renamed, Version::FIRST).await.expect("the user is renamed");
    commit(uow).await;
    let mut expected = stored.clone();
    expected.user = renamed;
    assert_eq!(stored.read_back(&*store, Access::Read).await, Some(expected));
}

pub(crate) async fn uncommitted_writes_are_not_seen(store: Arc<dyn Store>) {
    let stored = Everything::add(&*store, 0).await;
    let (new, changed) = (Everything::new(1), stored.changed());
    let mut writer = begin(&*store, Access::Write).await;
    new.insert(&mut *writer).await;
    changed.update(&mut *writer).await;
    for access in [Access::Read, Access::Snapshot] {
        assert_eq!(without_waiting(new.read_back(&*store, access)).await, None, "{access:?}");
        assert_eq!(without_waiting(stored.read_back(&*store, access)).await.as_ref(), Some(&stored), "{access:?}");
    }
    commit(writer).await;
    for access in ALL {
        assert_eq!(new.read_back(&*store, access).await.as_ref(), Some(&new), "{access:?}");
        assert_eq!(stored.read_back(&*store, access).await.as_ref(), Some(&changed), "{access:?}");
    }
}

pub(crate) async fn a_unit_of_work_sees_its_own_writes(store: Arc<dyn Store>) {
    let new = Everything::new(0);
    let changed = new.changed();
    let mut uow = begin(&*store, Access::Write).await;
    assert_eq!(new.seen_by(&mut *uow).await, None);
    new.insert(&mut *uow).await;
    assert_eq!(new.seen_by(&mut *uow).await.as_ref(), Some(&new));
    changed.update(&mut *uow).await;
    assert_eq!(new.seen_by(&mut *uow).await.as_ref(), Some(&changed));

    let tagged = MemoFilter { tags: vec![tag("WORK")], pinned: Some(true), ..MemoFilter::of(new.user.id) };
    assert_eq!(uow.memos().count(&tagged).await.expect("memos are counted"), 1);
    uow.memos().remove(new.memo.id, Version::new(2)).await.expect("the memo is removed");
    assert_eq!(uow.memos().lookup(new.memo.id).await.expect("memos are read"), None);
    assert_eq!(uow.memos().count(&tagged).await.expect("memos are counted"), 0);
    commit(uow).await;
    assert_eq!(count(&*store, &tagged).await, 0);

    // A unit of work sees its own removal of a user, too.
    let stored = Everything::add(&*store, 1).await;
    let mut uow = begin(&*store, Access::Write).await;
    uow.users().remove(stored.user.id, Version::FIRST).await.expect("the user is removed");
    assert_eq!(stored.seen_by(&mut *uow).await, None);
    stored.insert(&mut *uow).await;
    assert_eq!(stored.seen_by(&mut *uow).await.as_ref(), Some(&stored));
    commit(uow).await;
    assert_eq!(stored.read_back(&*store, Access::Read).await.as_ref(), Some(&stored));
}

pub(crate) async fn a_snapshot_sees_one_state(store: Arc<dyn Store>) {
    let stored = Everything::add(&*store, 0).await;
    let other = user(1);

    // The first read concerns one repository only, but fixes the state of all.
    let mut snapshot = begin(&*store, Access::Snapshot).await;
    assert_eq!(snapshot.users().lookup(stored.user.id).await.expect("users are read").as_ref(), Some(&stored.user));
    let changed = stored.changed();
    let mut more = memo(5, stored.user.id);
    more.state.content = content("more");
    let commits = async {
        let mut writer = begin(&*store, Access::Write).await;
        changed.update(&mut *writer).await;
        commit(writer).await;
        let mut writer = begin(&*store, Access::Write).await;
        writer.users().insert(&other).await.expect("the user is added");
        writer.memos().insert(&more, &more.search_text()).await.expect("the memo is added");
        commit(writer).await;
    };
    without_waiting(commits).await;
    for _ in 0..2 {
        assert_eq!(stored.seen_by(&mut *snapshot).await.as_ref(), Some(&stored));
        assert_eq!(snapshot.users().lookup(other.id).await.expect("users are read"), None);
        assert_eq!(snapshot.memos().lookup(more.id).await.expect("memos are read"), None);
        for (memo, number) in [(&stored.memo, 1), (&changed.memo, 0), (&more, 0)] {
            let found = snapshot.memos().count(&search_for(memo)).await.expect("memos are counted");
            assert_eq!(found, number, "the search sees the same snapshot");
        }
    }
    commit(snapshot).await;

    let mut uow = begin(&*store, Access::Snapshot).await;
    assert_eq!(uow.memos().count(&MemoFilter::of(stored.user.id)).await.expect("memos are counted"), 2);
    assert_eq!(uow.users().lookup(stored.user.id).await.expect("users are read"), Some(changed.user));
    assert_eq!(uow.users().lookup(other.id).await.expect("users are read"), Some(other));
}
