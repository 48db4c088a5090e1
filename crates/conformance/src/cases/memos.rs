use std::sync::Arc;

use memo_domain::{
    Access, Conflict, Memo, MemoFilter, MemoScope, PageRequest, Store, StoreError, UserId, Version, Visibility,
};

use crate::{
    everything::search_for,
    samples::{EARLIEST, LATEST, at, awkward_memos, display_name, full_memo, memo, memo_id, tags, user_id},
    steps::{
        BY_CHANGE, add_memos, add_user, assert_conflict, assert_stale, begin, commit, count, find_memo, find_user, ids,
        list,
    },
};

async fn replace(store: &dyn Store, memo: &Memo, from: Version) {
    let mut uow = begin(store, Access::Write).await;
    uow.memos().update(memo, from, Some(&memo.search_text())).await.expect("the memo is changed");
    commit(uow).await;
}

pub(crate) async fn a_memo_reads_back_equal(store: Arc<dyn Store>) {
    let owner = add_user(&*store, 0).await;
    let (plain, full) = (memo(1, owner), full_memo(2, owner));
    add_memos(&*store, &[plain.clone(), full.clone()]).await;
    assert_eq!(find_memo(&*store, plain.id).await.as_ref(), Some(&plain));
    assert_eq!(find_memo(&*store, full.id).await.as_ref(), Some(&full));
    assert_eq!(find_memo(&*store, memo_id(3)).await, None);

    // Each field can be set and cleared by an update.
    let filled = Memo { id: plain.id, version: Version::new(2), ..full.clone() };
    let emptied = Memo { id: full.id, version: Version::new(8), ..plain.clone() };
    replace(&*store, &filled, plain.version).await;
    replace(&*store, &emptied, full.version).await;
    for access in [Access::Read, Access::Snapshot, Access::Write] {
        let mut uow = begin(&*store, access).await;
        for memo in [&filled, &emptied] {
            let stored = uow.memos().lookup(memo.id).await.expect("memos are read").map(|view| view.memo);
            assert_eq!(stored.as_ref(), Some(memo), "{access:?}");
        }
    }
}

pub(crate) async fn a_memo_of_awkward_text_reads_back_equal(store: Arc<dyn Store>) {
    let owner = add_user(&*store, 0).await;
    let mut memos = awkward_memos(owner);
    add_memos(&*store, &memos).await;
    for memo in &memos {
        assert_eq!(find_memo(&*store, memo.id).await.as_ref(), Some(memo), "after an insert");
    }

    let states: Vec<_> = memos.iter().map(|memo| memo.state.clone()).collect();
    let mut uow = begin(&*store, Access::Write).await;
    for (memo, state) in memos.iter_mut().zip(states.into_iter().rev()) {
        let from = memo.version;
        memo.state = state;
        memo.version = Version::new(from.get() / 2);
        memo.deleted_at = None;
        uow.memos().update(memo, from, Some(&memo.search_text())).await.expect("the memo is changed");
    }
    commit(uow).await;
    let listed = list(&*store, &MemoFilter::of(owner), BY_CHANGE).await;
    assert_eq!(listed.len(), memos.len());
    for memo in &memos {
        assert_eq!(find_memo(&*store, memo.id).await.as_ref(), Some(memo), "after an update");
        assert!(listed.contains(memo), "{:?} is the same in a list", memo.id);
    }
}

pub(crate) async fn an_update_by_another_owner_is_stale(store: Arc<dyn Store>) {
    let (owner, other) = (add_user(&*store, 0).await, add_user(&*store, 1).await);
    let stored = full_memo(0, owner);
    add_memos(&*store, std::slice::from_ref(&stored)).await;
    let mut uow = begin(&*store, Access::Write).await;
    let result = uow.memos().update(&Memo { owner_id: other, ..stored.clone() }, stored.version, None).await;
    assert!(matches!(result, Err(StoreError::Stale)), "{result:?}");
    drop(uow);
    assert_eq!(find_memo(&*store, stored.id).await, Some(stored));
}

pub(crate) async fn an_update_replaces_all_but_the_creation_time(store: Arc<dyn Store>) {
    let owner = add_user(&*store, 0).await;
    let old = full_memo(0, owner);
    add_memos(&*store, std::slice::from_ref(&old)).await;
    let mut new = memo(0, owner);
    new.state.tags = tags(["한글", "b", "WORK"]);
    new.version = Version::new(8);
    new.created_at = at(5);
    new.updated_at = at(6);
    replace(&*store, &new, old.version).await;
    let expected = Memo { created_at: old.created_at, ..new };
    assert_eq!(find_memo(&*store, old.id).await, Some(expected));
}

pub(crate) async fn a_removed_memo_is_not_found(store: Arc<dyn Store>) {
    let owner = add_user(&*store, 0).await;
    let memos = [full_memo(0, owner), full_memo(1, owner)];
    add_memos(&*store, &memos).await;
    let mut uow = begin(&*store, Access::Write).await;
    uow.memos().remove(memos[0].id, memos[0].version).await.expect("the memo is removed");
    commit(uow).await;
    let trash = MemoFilter { trashed: true, ..MemoFilter::of(owner) };
    assert_eq!(find_memo(&*store, memos[0].id).await, None);
    assert_eq!(ids(&list(&*store, &trash, BY_CHANGE).await), [memos[1].id]);
    assert_eq!(count(&*store, &trash).await, 1);

    // A new memo with the same id inherits nothing.
    let plain = memo(0, owner);
    add_memos(&*store, std::slice::from_ref(&plain)).await;
    assert_eq!(find_memo(&*store, plain.id).await, Some(plain));
    assert_eq!(find_memo(&*store, memos[1].id).await.as_ref(), Some(&memos[1]));
}

pub(crate) async fn an_insert_with_a_taken_memo_id_conflicts(store: Arc<dyn Store>) {
    let (owner, other) = (add_user(&*store, 0).await, add_user(&*store, 1).await);
    let first = full_memo(0, owner);
    add_memos(&*store, std::slice::from_ref(&first)).await;
    for second in [first.clone(), memo(0, other)] {
        let mut uow = begin(&*store, Access::Write).await;
        assert_conflict(uow.memos().insert(&second, &second.search_text()).await, Conflict::Id);
        drop(uow);
    }
    assert_eq!(find_memo(&*store, first.id).await.as_ref(), Some(&first));

    // The same within one unit of work.
    let mut uow = begin(&*store, Access::Write).await;
    uow.memos().insert(&memo(1, owner), &memo(1, owner).search_text()).await.expect("the memo is added");
    assert_conflict(uow.memos().insert(&full_memo(1, owner), &full_memo(1, owner).search_text()).await, Conflict::Id);
}

pub(crate) async fn a_memo_needs_its_owner(store: Arc<dyn Store>) {
    let unknown = user_id(9);
    for memo in [memo(0, unknown), full_memo(1, unknown)] {
        let mut uow = begin(&*store, Access::Write).await;
        assert_conflict(uow.memos().insert(&memo, &memo.search_text()).await, Conflict::Parent);
        drop(uow);
        assert_eq!(find_memo(&*store, memo.id).await, None);
    }
    assert_eq!(count(&*store, &MemoFilter::of(unknown)).await, 0);
}

pub(crate) async fn memos_are_looked_up_together(store: Arc<dyn Store>) {
    let (owner, other) = (add_user(&*store, 0).await, add_user(&*store, 1).await);
    let memos = [full_memo(0, owner), memo(1, other), memo(2, owner)];
    add_memos(&*store, &memos).await;
    for access in [Access::Read, Access::Write] {
        let mut uow = begin(&*store, access).await;
        let found = uow.memos().lookup_all(&[memos[1].id, memo(3, owner).id, memos[0].id]).await.expect("memos");
        let mut found: Vec<_> = found.into_iter().map(|view| view.memo).collect();
        found.sort_unstable_by_key(|memo| memo.created_at.max(memo.updated_at));
        assert_eq!(found, [&memos[1], &memos[0]].map(Clone::clone));
        assert!(uow.memos().lookup_all(&[]).await.expect("no memos").is_empty());
    }
}

pub(crate) async fn memos_are_inserted_together(store: Arc<dyn Store>) {
    let owner = add_user(&*store, 0).await;
    let full = |n| Memo { deleted_at: None, ..full_memo(n, owner) };
    let memos: Vec<_> = (0..120).map(|n| if n % 2 == 0 { full(n) } else { memo(n, owner) }).collect();
    let texts: Vec<_> = memos.iter().map(Memo::search_text).collect();
    let new: Vec<_> = memos.iter().zip(&texts).collect();
    let mut uow = begin(&*store, Access::Write).await;
    uow.memos().insert_all(&new).await.expect("the memos are added");
    commit(uow).await;
    for memo in &memos {
        assert_eq!(find_memo(&*store, memo.id).await.as_ref(), Some(memo));
        let found = ids(&list(&*store, &search_for(memo), BY_CHANGE).await);
        assert!(found.contains(&memo.id), "{:?}", memo.id);
    }
    let unknown = memo(200, user_id(9));
    for (refused, conflict) in [(&memos[0], Conflict::Id), (&unknown, Conflict::Parent)] {
        let fresh = memo(201, owner);
        let mut uow = begin(&*store, Access::Write).await;
        let both = [(&fresh, &fresh.search_text()), (refused, &refused.search_text())];
        assert_conflict(uow.memos().insert_all(&both).await, conflict);
        drop(uow);
        assert_eq!(find_memo(&*store, fresh.id).await, None);
    }
}

pub(crate) async fn an_update_from_another_version_is_stale(store: Arc<dyn Store>) {
    let owner = add_user(&*store, 0).await;
    let stored = full_memo(0, owner);
    add_memos(&*store, std::slice::from_ref(&stored)).await;
    let changed = Memo { version: Version::new(9), ..memo(0, owner) };
    for from in [Version::FIRST, Version::new(6), Version::new(8), changed.version, Version::new(u32::MAX)] {
        let mut uow = begin(&*store, Access::Write).await;
        assert_stale(uow.memos().update(&changed, from, Some(&changed.search_text())).await);
        drop(uow);
        let mut uow = begin(&*store, Access::Write).await;
        assert_stale(uow.memos().remove(stored.id, from).await);
        drop(uow);
        assert_eq!(find_memo(&*store, stored.id).await.as_ref(), Some(&stored), "from {from:?}");
    }
    replace(&*store, &changed, stored.version).await;
    assert_eq!(find_memo(&*store, stored.id).await, Some(changed));
}

pub(crate) async fn an_update_of_an_absent_memo_is_stale(store: Arc<dyn Store>) {
    let owner = add_user(&*store, 0).await;
    let absent = memo(0, owner);
    let mut uow = begin(&*store, Access::Write).await;
    assert_stale(uow.memos().update(&absent, absent.version, Some(&absent.search_text())).await);
    drop(uow);
    let mut uow = begin(&*store, Access::Write).await;
    assert_stale(uow.memos().remove(absent.id, absent.version).await);
    drop(uow);
    assert_eq!(find_memo(&*store, absent.id).await, None);
}

pub(crate) async fn trashed_memos_are_listed_oldest_first(store: Arc<dyn Store>) {
    let (owner, other) = (add_user(&*store, 0).await, add_user(&*store, 1).await);
    let trashed = |n, owner, time| Memo { deleted_at: Some(at(time)), ..memo(n, owner) };
    let mut memos =
        [trashed(0, owner, 5), trashed(1, other, 3), trashed(2, owner, 3), memo(3, owner), trashed(4, owner, 7)];
    add_memos(&*store, &memos).await;
    let listed = async |before, limit| {
        let mut uow = begin(&*store, Access::Read).await;
        uow.memos().list_trashed(before, limit).await.expect("memos are listed")
    };
    let mut oldest = [memos[1].id, memos[2].id];
    oldest.sort();
    assert_eq!(listed(at(5), 10).await, oldest);
    assert_eq!(listed(at(6), 10).await, [&oldest[..], &[memos[0].id]].concat());
    assert_eq!(listed(LATEST, 1).await, oldest[..1]);
    assert!(listed(EARLIEST, 10).await.is_empty());
    // Out of the trash, and into it.
    memos[1].deleted_at = None;
    memos[3].deleted_at = Some(at(1));
    for index in [1, 3] {
        memos[index].version = Version::new(2);
        replace(&*store, &memos[index], Version::FIRST).await;
    }
    assert_eq!(listed(at(5), 10).await, [memos[3].id, memos[2].id]);
}

pub(crate) async fn a_view_has_the_owners_display_name(store: Arc<dyn Store>) {
    let (owner, other) = (add_user(&*store, 0).await, add_user(&*store, 1).await);
    let mut memos = [memo(0, owner), memo(1, other)];
    for memo in &mut memos {
        memo.state.visibility = Visibility::Public;
    }
    add_memos(&*store, &memos).await;
    assert_eq!(names(&*store, other).await, ["User 0", "User 1"]);

    let mut user = find_user(&*store, owner).await.expect("a user");
    let from = user.version;
    user.display_name = display_name("새 이름 👩\u{200d}👧");
    user.touch(at(1));
    let mut uow = begin(&*store, Access::Write).await;
    uow.users().update(&user, from).await.expect("the user is renamed");
    commit(uow).await;
    assert_eq!(names(&*store, other).await, ["User 1", "새 이름 👩\u{200d}👧"]);
}

/// The owner names in the public list. They must equal those of single lookups.
async fn names(store: &dyn Store, viewer: UserId) -> Vec<String> {
    let public = MemoFilter { scope: MemoScope::Public, ..MemoFilter::of(viewer) };
    let mut uow = begin(store, Access::Snapshot).await;
    let page = uow.memos().list(&public, BY_CHANGE, &PageRequest::default()).await;
    let views = page.expect("memos are listed").items;
    for view in &views {
        let single = uow.memos().lookup(view.memo.id).await.expect("memos are read");
        assert_eq!(single.as_ref(), Some(view));
    }
    let mut names: Vec<_> = views.iter().map(|view| view.owner_name.as_str().to_owned()).collect();
    names.sort();
    names
}
