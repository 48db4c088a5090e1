use memo_domain::{Access, Memo, Version};

use crate::{
    TestStore,
    samples::{at, awkward_memos, awkward_users, full_session, memo, refresh_token},
    steps::{
        add_memos, add_refresh_token, add_session, add_users, begin, find_memo, find_refresh_token, find_session,
        find_user,
    },
};

pub(crate) async fn what_was_committed_survives_reopening(mut test_store: Box<dyn TestStore>) {
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
    let uncommitted = memo(1_000, owner);
    let mut uow = begin(&*store, Access::Write).await;
    uow.memos().insert(&uncommitted).await.expect("the memo is added");
    drop(uow);
    drop(store);

    let Some(store) = test_store.reopen().await else {
        println!("what_was_committed_survives_reopening: skipped, the store is not durable");
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

    // It is open for more.
    let changed = Memo { version: Version::new(2), updated_at: at(9), ..memos[0].clone() };
    let mut uow = begin(&*store, Access::Write).await;
    uow.memos().update(&changed, memos[0].version).await.expect("the memo is changed");
    uow.commit().await.expect("the unit of work commits");
    assert_eq!(find_memo(&*test_store.store(), changed.id).await, Some(changed));
}
