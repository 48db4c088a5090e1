use std::sync::Arc;

use memo_domain::{
    Access, ApiKey, ApiKeyId, ApiKeyName, ApiKeyNote, ApiKeySecret, Conflict, Networks, Scope, Scopes, Store,
    StoreError, UserId,
};

use crate::{
    samples::{AWKWARD, EARLIEST, LATEST, api_key, api_key_id, at, sealed, user_id},
    steps::{
        add_user, assert_conflict, assert_stale, begin, commit_before, committed, concurrently, dropped, read,
        try_write, write,
    },
};

async fn insert(store: &dyn Store, keys: &[ApiKey]) {
    for key in keys {
        write(store, async |uow| uow.api_keys().insert(key).await).await;
    }
}

async fn lookup(store: &dyn Store, id: ApiKeyId) -> Option<ApiKey> {
    read(store, Access::Read, async |uow| uow.api_keys().lookup(id).await).await
}

async fn list(store: &dyn Store, user: UserId) -> Vec<ApiKey> {
    read(store, Access::Read, async |uow| uow.api_keys().list_by_user(user).await).await
}

/// A key in whose texts, bytes and times stores may err.
fn unusual(n: u32, user: UserId, text: &str) -> ApiKey {
    let longest = "𠮷".repeat(ApiKeyName::MAX);
    ApiKey {
        name: ApiKeyName::new(text).or_else(|_| ApiKeyName::new(longest)).expect("a valid name"),
        note: Some(ApiKeyNote::new(text).expect("a valid note")),
        secret: ApiKeySecret::Sealed(sealed()),
        scopes: Scopes::from_iter([Scope::EventsRead]),
        networks: Networks::parse("10.0.0.0/8 2001:db8::/32 ::1/128").expect("valid networks"),
        created_at: EARLIEST,
        expires_at: Some(LATEST),
        ..api_key(n, user)
    }
}

pub(crate) async fn an_api_key_reads_back_equal(store: Arc<dyn Store>) {
    let user = add_user(&*store, 0).await;
    let longest = "𠮷".repeat(ApiKeyNote::MAX);
    let texts = AWKWARD.into_iter().filter(|text| !text.contains('\0')).chain([&*longest, ""]);
    let mut keys: Vec<_> = (1..).zip(texts).map(|(n, text)| unusual(n, user, text)).collect();
    keys.push(api_key(0, user));
    keys.push(ApiKey { last_used_at: Some(LATEST), ..api_key(100, user) });
    insert(&*store, &keys).await;
    for access in [Access::Read, Access::Snapshot, Access::Write] {
        for key in &keys {
            let found = read(&*store, access, async |uow| uow.api_keys().lookup(key.id).await).await;
            assert_eq!(found.as_ref(), Some(key), "{access:?}");
        }
    }
    assert_eq!(lookup(&*store, api_key_id(999)).await, None);

    let changed = unusual(0, user, "changed");
    dropped(&*store, async |uow| uow.api_keys().update(&changed).await).await;
    assert_eq!(lookup(&*store, changed.id).await, Some(api_key(0, user)));
    write(&*store, async |uow| uow.api_keys().update(&changed).await).await;
    assert_eq!(lookup(&*store, changed.id).await, Some(changed));
    let plain = api_key(1, user);
    write(&*store, async |uow| uow.api_keys().update(&plain).await).await;
    assert_eq!(lookup(&*store, plain.id).await, Some(plain));
}

pub(crate) async fn an_insert_with_a_taken_api_key_id_conflicts(store: Arc<dyn Store>) {
    let (user, other) = (add_user(&*store, 0).await, add_user(&*store, 1).await);
    let key = api_key(0, user);
    insert(&*store, std::slice::from_ref(&key)).await;
    for taken in [key.clone(), unusual(0, other, "other")] {
        assert_conflict(try_write(&*store, async |uow| uow.api_keys().insert(&taken).await).await, Conflict::Id);
    }
    assert_eq!(lookup(&*store, key.id).await, Some(key));
}

pub(crate) async fn an_api_key_needs_its_user(store: Arc<dyn Store>) {
    add_user(&*store, 0).await;
    let orphan = api_key(0, user_id(9));
    assert_conflict(try_write(&*store, async |uow| uow.api_keys().insert(&orphan).await).await, Conflict::Parent);
    assert_eq!(lookup(&*store, orphan.id).await, None);
}

pub(crate) async fn an_update_of_an_absent_api_key_is_stale(store: Arc<dyn Store>) {
    let user = add_user(&*store, 0).await;
    insert(&*store, &[api_key(0, user)]).await;
    let absent = api_key(1, user);
    assert_stale(try_write(&*store, async |uow| uow.api_keys().update(&absent).await).await);
    assert_eq!(list(&*store, user).await, [api_key(0, user)]);
}

pub(crate) async fn api_keys_are_listed_newest_first(store: Arc<dyn Store>) {
    let (user, other) = (add_user(&*store, 0).await, add_user(&*store, 1).await);
    // The order is by id: the times are in another order.
    let key = |n: u32| {
        let owner = if n.is_multiple_of(3) { other } else { user };
        ApiKey { created_at: at(i64::from(n * 7 % 5)), ..api_key(n, owner) }
    };
    let mut keys: Vec<_> = (0..12).map(key).collect();
    insert(&*store, &keys).await;
    dropped(&*store, async |uow| uow.api_keys().insert(&key(50)).await).await;
    keys.sort_by_key(|key| std::cmp::Reverse(key.id));
    for owner in [user, other, user_id(9)] {
        let expected: Vec<_> = keys.iter().filter(|key| key.user_id == owner).cloned().collect();
        assert_eq!(list(&*store, owner).await, expected);
    }
}

pub(crate) async fn a_use_of_an_api_key_is_never_set_back(store: Arc<dyn Store>) {
    let user = add_user(&*store, 0).await;
    insert(&*store, &[api_key(0, user), api_key(1, user)]).await;
    let id = api_key_id(0);
    let touch = async |at| {
        let is_later = write(&*store, async |uow| uow.api_keys().touch(id, at).await).await;
        (is_later, lookup(&*store, id).await.expect("the key is there").last_used_at)
    };
    assert_eq!(touch(at(5)).await, (true, Some(at(5))));
    assert_eq!(touch(at(5)).await, (false, Some(at(5))));
    assert_eq!(touch(at(4)).await, (false, Some(at(5))));
    assert!(dropped(&*store, async |uow| uow.api_keys().touch(id, at(9)).await).await);
    assert_eq!(touch(LATEST).await, (true, Some(LATEST)));
    // An update has an older value, or none.
    write(&*store, async |uow| uow.api_keys().update(&api_key(0, user)).await).await;
    assert_eq!(lookup(&*store, id).await, Some(ApiKey { last_used_at: Some(LATEST), ..api_key(0, user) }));
    assert_eq!(lookup(&*store, api_key_id(1)).await, Some(api_key(1, user)), "no other key");
    assert!(!write(&*store, async |uow| uow.api_keys().touch(api_key_id(2), at(1)).await).await);
}

pub(crate) async fn an_api_key_is_removed_once(store: Arc<dyn Store>) {
    let user = add_user(&*store, 0).await;
    insert(&*store, &[api_key(0, user), api_key(1, user)]).await;
    let id = api_key_id(0);
    assert!(dropped(&*store, async |uow| uow.api_keys().remove(id).await).await);
    let removed = concurrently(&store, 8, move |store, _| async move {
        let mut uow = store.begin(Access::Write).await?;
        let removed = uow.api_keys().remove(id).await?;
        committed(uow, removed).await
    });
    let removed: Vec<_> = removed.await.into_iter().map(|removed| removed.expect("it succeeds eventually")).collect();
    assert_eq!(removed.iter().filter(|removed| **removed).count(), 1, "{removed:?}");
    assert_eq!(list(&*store, user).await, [api_key(1, user)]);
    assert!(!write(&*store, async |uow| uow.api_keys().remove(id).await).await);
}

pub(crate) async fn a_looked_up_api_key_does_not_change_until_the_commit(store: Arc<dyn Store>) {
    let user = add_user(&*store, 0).await;
    insert(&*store, &[api_key(0, user), api_key(1, user)]).await;
    // Neither changed nor removed by others.
    for n in 0..2 {
        let mut uow = begin(&*store, Access::Write).await;
        assert_eq!(uow.api_keys().lookup(api_key_id(n)).await.expect("it is read"), Some(api_key(n, user)));
        commit_before(uow, &store, move |store| async move {
            let mut uow = store.begin(Access::Write).await?;
            if n == 0 {
                uow.api_keys().update(&api_key(0, user)).await?;
            } else {
                uow.api_keys().remove(api_key_id(1)).await?;
            }
            committed(uow, ()).await
        })
        .await;
    }
    // Each adds a digit to those that it has read: no digit is lost.
    let results = concurrently(&store, 5, move |store, n| async move {
        let mut uow = store.begin(Access::Write).await?;
        let key = uow.api_keys().lookup(api_key_id(0)).await?.ok_or(StoreError::Stale)?;
        let note = key.note.as_ref().map_or("", ApiKeyNote::as_str);
        let note = ApiKeyNote::new(format!("{note}{n}")).map_err(StoreError::corrupt)?;
        uow.api_keys().update(&ApiKey { note: Some(note), ..key }).await?;
        committed(uow, ()).await
    });
    for result in results.await {
        result.expect("all of them succeed eventually");
    }
    let note = lookup(&*store, api_key_id(0)).await.and_then(|key| key.note).expect("a note");
    let mut digits: Vec<_> = note.as_str().chars().collect();
    digits.sort_unstable();
    assert_eq!(digits, ['0', '1', '2', '3', '4']);
}
