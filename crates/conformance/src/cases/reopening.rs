use memo_domain::{Access, Change, ChangeKind, Memo, MemoFilter, NewChange, SearchQuery, Version};

use crate::{
    TestStore,
    everything::Everything,
    samples::{at, awkward_memos, awkward_users, content, full_session, memo, memo_id, refresh_token},
    steps::{
        BY_CHANGE, add_memos, add_refresh_token, add_session, add_users, append, begin, commit, count, feed, find_memo,
        find_refresh_token, find_session, find_user, last_change, list,
    },
};

pub(crate) async fn committed_writes_survive_reopening(mut test_store: Box<dyn TestStore>) {
    let store = test_store.store();
    let users = awkward_users();
    let owner = users[0].id;
    let memos = awkward_memos(owner);
    let session = full_session(0, owner, "device");
    let token = refresh_token(0, session.id);
    add_users(&*store, &users).await;
    add_memos(&*store, &memos).await;
    add_session(&*store, &session).await;
    add_refresh_token(&*store, &token).await;
    let mut found = memo(999, owner);
    found.state.content = content("다시 열어도 찾는 회의록");
    add_memos(&*store, std::slice::from_ref(&found)).await;
    let created = NewChange::of(&found, ChangeKind::Created, at(1));
    append(&*store, owner, &[created, NewChange { at: at(5), ..created }]).await;
    let mut uow = begin(&*store, Access::Write).await;
    assert_eq!(uow.changes().remove_before(at(2), 9).await.expect("changes are removed"), 1);
    uow.changes().append(users[1].id, &[created]).await.expect("the change is appended");
    assert_eq!(uow.changes().remove_before(at(2), 9).await.expect("changes are removed"), 1);
    commit(uow).await;
    let unchanged = Everything::add(&*store, 200).await;
    let changed = Everything::add(&*store, 201).await.changed();
    let removed = Everything::add(&*store, 202).await;
    let mut uow = begin(&*store, Access::Write).await;
    changed.update(&mut *uow).await;
    uow.users().remove(removed.user.id, removed.user.version).await.expect("the user is removed");
    commit(uow).await;
    let uncommitted = Memo { id: memo_id(1_000), ..found.clone() };
    let mut uow = begin(&*store, Access::Write).await;
    uow.memos().insert(&uncommitted, &uncommitted.search_text()).await.expect("the memo is added");
    uow.changes().append(owner, &[created]).await.expect("the change is appended");
    unchanged.changed().update(&mut *uow).await;
    drop(uow);
    drop(store);

    let Some(store) = test_store.reopen().await else {
        println!("committed_writes_survive_reopening: skipped, the store is not durable");
        return;
    };
    store.check().await.expect("the store is in order");
    for user in &users {
        assert_eq!(find_user(&*store, user.id).await.as_ref(), Some(user));
    }
    for memo in &memos {
        assert_eq!(find_memo(&*store, memo.id).await.as_ref(), Some(memo));
    }
    assert_eq!(find_session(&*store, session.id).await, Some(session));
    assert_eq!(find_refresh_token(&*store, token.digest).await, Some(token));
    assert_eq!(find_memo(&*store, uncommitted.id).await, None);
    for everything in [&unchanged, &changed] {
        assert_eq!(everything.read_back(&*store, Access::Read).await.as_ref(), Some(everything));
    }
    assert_eq!(removed.read_back(&*store, Access::Read).await, None);
    let search = SearchQuery::parse("회의 \"찾는 회의\"").expect("a short query");
    let filter = MemoFilter { search, ..MemoFilter::of(owner) };
    assert_eq!(list(&*store, &filter, BY_CHANGE).await, [found.clone()]);
    assert_eq!(count(&*store, &filter).await, 1);
    let stored = Change::new(2, NewChange { at: at(5), ..created });
    assert_eq!(feed(&*store, owner).await, [stored]);
    assert_eq!(last_change(&*store, users[1].id).await, 1, "the number of a removed change");

    // The reopened store accepts writes.
    let changed = Memo { version: Version::new(2), updated_at: at(9), ..memos[0].clone() };
    let mut uow = begin(&*store, Access::Write).await;
    uow.memos().update(&changed, memos[0].version, Some(&changed.search_text())).await.expect("the memo is changed");
    uow.commit().await.expect("the unit of work commits");
    assert_eq!(find_memo(&*store, changed.id).await, Some(changed));
    let from = found.version;
    found.version = from.next();
    found.state.content = content("다시 열고 바꾼 글");
    let mut uow = begin(&*store, Access::Write).await;
    uow.memos().update(&found, from, Some(&found.search_text())).await.expect("the memo is changed");
    uow.changes().append(owner, &[created]).await.expect("the change is appended");
    commit(uow).await;
    let store = test_store.store();
    assert_eq!(count(&*store, &filter).await, 0, "the changed memo no longer matches");
    assert_eq!(feed(&*store, owner).await, [stored, Change::new(3, created)]);
}
