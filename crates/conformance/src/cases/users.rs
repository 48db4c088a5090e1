use std::sync::Arc;

use memo_domain::{Access, Conflict, Store, StoreError, User, Version};
use tokio::task::JoinSet;

use crate::{
    samples::{at, awkward_users, email, user, user_id},
    steps::{add_user, add_users, assert_conflict, assert_stale, begin, find_user, let_others_run, retry},
};

/// Emails compare equal ignoring case, but the case must be preserved, so it is compared separately.
fn assert_same(stored: Option<&User>, expected: &User) {
    assert_eq!(stored, Some(expected));
    assert_eq!(stored.map(|user| user.email.as_str()), Some(expected.email.as_str()));
}

async fn insert(store: &dyn Store, user: &User) -> Result<(), StoreError> {
    let mut uow = store.begin(Access::Write).await?;
    uow.users().insert(user).await?;
    let_others_run().await;
    uow.commit().await
}

async fn update(store: &dyn Store, user: &User, from: Version) -> Result<(), StoreError> {
    let mut uow = store.begin(Access::Write).await?;
    uow.users().update(user, from).await?;
    uow.commit().await
}

pub(crate) async fn a_user_reads_back_equal(store: Arc<dyn Store>) {
    let mut users = awkward_users();
    add_users(&*store, &users).await;
    for user in &users {
        assert_same(find_user(&*store, user.id).await.as_ref(), user);
    }
    assert_eq!(find_user(&*store, user_id(99)).await, None);

    // Each field can be set and cleared by an update. Emails stay: exchanging them would make two users share one.
    let others: Vec<_> = users.iter().rev().cloned().collect();
    for (user, other) in users.iter_mut().zip(others) {
        let from = user.version;
        *user = User { id: user.id, email: user.email.clone(), created_at: user.created_at, ..other };
        user.version = Version::new(from.get() / 2 + 1);
        update(&*store, user, from).await.expect("the user is changed");
    }
    for access in [Access::Read, Access::Snapshot, Access::Write] {
        let mut uow = begin(&*store, access).await;
        for user in &users {
            assert_same(uow.users().lookup(user.id).await.expect("users are read").as_ref(), user);
            assert_same(uow.users().find_by_email(&user.email).await.expect("users are read").as_ref(), user);
        }
    }
}

pub(crate) async fn an_insert_with_a_taken_user_id_conflicts(store: Arc<dyn Store>) {
    let first = user(0);
    add_users(&*store, std::slice::from_ref(&first)).await;
    let second = User { id: first.id, ..user(1) };
    assert_conflict(insert(&*store, &second).await, Conflict::Id);
    assert_same(find_user(&*store, first.id).await.as_ref(), &first);
}

pub(crate) async fn an_email_is_unique_ignoring_case(store: Arc<dyn Store>) {
    let holder = User { email: email("Jos\u{e9}@Example.com"), ..user(0) };
    let other = user(1);
    add_users(&*store, &[holder.clone(), other.clone()]).await;
    for text in ["Jos\u{e9}@Example.com", "JOS\u{c9}@example.COM", "jose\u{301}@example.com"] {
        let newcomer = User { email: email(text), ..user(2) };
        assert_conflict(insert(&*store, &newcomer).await, Conflict::Email);
        assert_eq!(find_user(&*store, newcomer.id).await, None);

        let mut mover = User { email: email(text), ..other.clone() };
        mover.touch(at(1));
        assert_conflict(update(&*store, &mover, other.version).await, Conflict::Email);
        assert_same(find_user(&*store, other.id).await.as_ref(), &other);
    }

    // A released address is free again.
    let mut moved = User { email: email("new@example.com"), ..holder.clone() };
    moved.touch(at(1));
    update(&*store, &moved, holder.version).await.expect("the address is changed");
    insert(&*store, &User { email: holder.email, ..user(3) }).await.expect("the address is free");
}

pub(crate) async fn an_email_with_another_accent_is_a_different_one(store: Arc<dyn Store>) {
    let texts = ["jose@example.com", "jos\u{e9}@example.com", "jo_e@example.com", "jo%@example.com", "strasse@a.com"];
    let texts = texts.into_iter().chain(["stra\u{df}e@a.com", "\u{304b}@a.com", "\u{30ab}@a.com"]);
    let users: Vec<_> = (0..).zip(texts).map(|(n, text)| User { email: email(text), ..user(n) }).collect();
    add_users(&*store, &users).await;
    let mut uow = begin(&*store, Access::Read).await;
    for user in &users {
        assert_same(uow.users().find_by_email(&user.email).await.expect("users are read").as_ref(), user);
    }
}

pub(crate) async fn a_user_may_change_the_case_of_their_email(store: Arc<dyn Store>) {
    add_user(&*store, 0).await;
    let mut changed = User { email: email("USER0@Example.com"), ..user(0) };
    changed.touch(at(1));
    update(&*store, &changed, Version::FIRST).await.expect("a change of case is not a conflict");
    assert_same(find_user(&*store, changed.id).await.as_ref(), &changed);
}

pub(crate) async fn a_user_is_found_by_email_ignoring_case(store: Arc<dyn Store>) {
    let user = User { email: email("J\u{fc}rgen.\u{d55c}@Example.com"), ..user(0) };
    add_users(&*store, &[user.clone(), crate::samples::user(1)]).await;
    let mut uow = begin(&*store, Access::Read).await;
    for text in ["j\u{fc}rgen.\u{d55c}@example.com", "JU\u{308}RGEN.\u{1112}\u{1161}\u{11ab}@EXAMPLE.COM"] {
        let found = uow.users().find_by_email(&email(text)).await.expect("users are read");
        assert_same(found.as_ref(), &user);
    }
    for text in ["jurgen.\u{d55c}@example.com", "j\u{fc}rgen.\u{d55c}@example.co", "%@example.com"] {
        assert_eq!(uow.users().find_by_email(&email(text)).await.expect("users are read"), None, "{text}");
    }
}

pub(crate) async fn a_user_update_from_another_version_is_stale(store: Arc<dyn Store>) {
    let stored = User { version: Version::new(7), ..user(0) };
    add_users(&*store, std::slice::from_ref(&stored)).await;
    let changed = User { email_verified: true, version: Version::new(8), updated_at: at(1), ..stored.clone() };
    for from in [Version::FIRST, Version::new(6), changed.version] {
        assert_stale(update(&*store, &changed, from).await);
        assert_same(find_user(&*store, stored.id).await.as_ref(), &stored);
    }
    assert_stale(update(&*store, &user(1), Version::FIRST).await);
    update(&*store, &changed, stored.version).await.expect("the user is changed");
    assert_same(find_user(&*store, stored.id).await.as_ref(), &changed);
}

pub(crate) async fn one_of_many_concurrent_sign_ups_gets_the_email(store: Arc<dyn Store>) {
    let mut tasks = JoinSet::new();
    for n in 0..10 {
        let store = Arc::clone(&store);
        let address = if n % 2 == 0 { "taken@example.com" } else { "TAKEN@example.com" };
        let user = User { email: email(address), ..user(n) };
        tasks.spawn(async move { (user.id, retry(|| insert(&*store, &user)).await) });
    }
    let mut winners = Vec::new();
    for (id, result) in tasks.join_all().await {
        match result {
            Ok(()) => winners.push(id),
            failed => assert_conflict(failed, Conflict::Email),
        }
    }
    assert_eq!(winners.len(), 1);
    let found = begin(&*store, Access::Read).await.users().find_by_email(&email("taken@example.com")).await;
    assert_eq!(found.expect("users are read").map(|user| user.id), Some(winners[0]));
}
