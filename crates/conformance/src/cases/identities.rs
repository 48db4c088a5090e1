use std::sync::Arc;

use memo_domain::{Access, Conflict, Identity, Sealed, Store, StoreError, UserId};

use crate::{
    samples::{AWKWARD, EARLIEST, LATEST, identity, sealed, user_id},
    steps::{add_user, assert_conflict, begin, commit_before, committed, concurrently, dropped, read},
};

async fn find(store: &dyn Store, issuer: &str, subject: &str) -> Option<Identity> {
    read(store, Access::Read, async |uow| uow.identities().find_by_subject(issuer, subject).await).await
}

async fn list_by_user(store: &dyn Store, user: UserId) -> Vec<Identity> {
    read(store, Access::Read, async |uow| uow.identities().list_by_user(user).await).await
}

async fn insert(store: &dyn Store, identity: &Identity) -> Result<(), StoreError> {
    let mut uow = store.begin(Access::Write).await?;
    uow.identities().insert(identity).await?;
    committed(uow, ()).await
}

async fn remove(store: &dyn Store, user: UserId, provider: &str) -> Result<bool, StoreError> {
    let mut uow = store.begin(Access::Write).await?;
    let removed = uow.identities().remove(user, provider).await?;
    committed(uow, removed).await
}

/// Removes an identity unless it is the last one.
async fn remove_unless_last(store: &dyn Store, user: UserId, provider: &str) -> Result<bool, StoreError> {
    let mut uow = store.begin(Access::Write).await?;
    if uow.identities().list_by_user(user).await?.len() == 1 {
        return Ok(false);
    }
    let removed = uow.identities().remove(user, provider).await?;
    committed(uow, removed).await
}

pub(crate) async fn an_identity_is_found_by_issuer_and_subject(store: Arc<dyn Store>) {
    let user = add_user(&*store, 0).await;
    let longest = "x".repeat(255);
    // Texts that a store may confuse.
    let alike =
        ["sub", "Sub", "SUB", "sub ", " sub", "s\u{fc}b", "su\u{308}b", "s%b", "s_b", "ß", "ss", "1", "01", "1.0"];
    let texts: Vec<_> = AWKWARD.into_iter().chain(alike).chain([&*longest, &longest[1..]]).collect();
    let mut identities: Vec<_> = (0..)
        .zip(&texts)
        .flat_map(|(n, text)| {
            let (text, plain) = ((*text).to_owned(), identity(n, user));
            [
                Identity { subject: text.clone(), email: Some(text.clone()), ..plain.clone() },
                Identity { provider: format!("other{n}"), issuer: text.clone(), created_at: EARLIEST, ..plain.clone() },
                Identity {
                    provider: format!("third{n}"),
                    issuer: text.clone(),
                    subject: text,
                    created_at: LATEST,
                    ..plain
                },
            ]
        })
        .collect();
    for one in &mut identities {
        // One issuer has all subjects, and one subject exists at all issuers.
        if one.issuer.starts_with("https") {
            "https://issuer.example.com".clone_into(&mut one.issuer);
        }
    }
    for identity in &identities {
        insert(&*store, identity).await.expect("the identity is added");
    }
    for access in [Access::Read, Access::Snapshot, Access::Write] {
        let mut uow = begin(&*store, access).await;
        for identity in &identities {
            let found = uow
                .identities()
                .find_by_subject(&identity.issuer, &identity.subject)
                .await
                .expect("identities are read");
            assert_eq!(found.as_ref(), Some(identity), "{access:?}");
        }
    }
    for (issuer, subject) in [("sub", "Sub"), ("", ""), ("sub", "%"), ("sub", "https://issuer.example.com")] {
        assert_eq!(find(&*store, issuer, subject).await, None, "{subject} of {issuer}");
    }
    assert_eq!(find(&*store, "https://issuer.example.com", "sUB").await, None);
    assert_eq!(find(&*store, "https://issuer.example.COM", "sub").await, None);
    assert_eq!(find(&*store, &longest[2..], &longest).await, None);
}

pub(crate) async fn an_identity_is_linked_once(store: Arc<dyn Store>) {
    let (user, other) = (add_user(&*store, 0).await, add_user(&*store, 1).await);
    let linked = identity(0, user);
    insert(&*store, &linked).await.expect("the identity is added");
    let taken = [
        // For another user, for the same one by another provider, and another subject at the same provider.
        Identity { user_id: other, ..linked.clone() },
        Identity { provider: "other".to_owned(), ..linked.clone() },
        Identity { subject: "another".to_owned(), ..linked.clone() },
        linked.clone(),
    ];
    for identity in &taken {
        assert_conflict(insert(&*store, identity).await, Conflict::Id);
        assert_eq!(list_by_user(&*store, other).await, []);
        assert_eq!(list_by_user(&*store, user).await, std::slice::from_ref(&linked));
    }
    let free = [
        Identity { user_id: other, subject: "another".to_owned(), ..linked.clone() },
        Identity { provider: "other".to_owned(), issuer: "https://other.example.com".to_owned(), ..linked.clone() },
    ];
    for identity in &free {
        insert(&*store, identity).await.expect("the identity is added");
        assert_eq!(find(&*store, &identity.issuer, &identity.subject).await.as_ref(), Some(identity));
    }

    // An unlinked identity can be linked by another user.
    assert!(remove(&*store, user, &linked.provider).await.expect("it is removed"));
    let moved = Identity { user_id: other, provider: "third".to_owned(), ..linked };
    insert(&*store, &moved).await.expect("the identity is free");

    // Of many users who link one identity concurrently, one gets it.
    for n in 10..20 {
        add_user(&*store, n).await;
    }
    let results = concurrently(&store, 10, |store, n| async move {
        let claimed = Identity { subject: "claimed by many".to_owned(), ..identity(100, user_id(10 + n)) };
        insert(&*store, &claimed).await.map(|()| claimed)
    });
    let (won, lost): (Vec<_>, Vec<_>) = results.await.into_iter().partition(Result::is_ok);
    for failed in lost {
        assert_conflict(failed, Conflict::Id);
    }
    let [Ok(winner)] = won.as_slice() else { panic!("exactly one user gets the identity: {won:?}") };
    assert_eq!(find(&*store, &winner.issuer, &winner.subject).await.as_ref(), Some(winner));
}

pub(crate) async fn an_identity_needs_its_user(store: Arc<dyn Store>) {
    add_user(&*store, 0).await;
    let orphan = identity(0, user_id(9));
    assert_conflict(insert(&*store, &orphan).await, Conflict::Parent);
    assert_eq!(find(&*store, &orphan.issuer, &orphan.subject).await, None);
}

pub(crate) async fn identities_are_listed_by_provider(store: Arc<dyn Store>) {
    let (user, other) = (add_user(&*store, 0).await, add_user(&*store, 1).await);
    let mut providers = ["google", "a-b", "apple", "a_b", "ab", "naver", "a.b", "github2", "github10", "github", "a b"];
    let linked = |provider: &str, user| {
        let plain = identity(0, user);
        Identity { provider: provider.to_owned(), subject: format!("{provider} {}", plain.subject), ..plain }
    };
    for provider in providers {
        for user in [user, other] {
            insert(&*store, &linked(provider, user)).await.expect("the identity is added");
        }
    }
    assert!(remove(&*store, other, "ab").await.expect("it is removed"));
    providers.sort_unstable();
    for access in [Access::Read, Access::Snapshot, Access::Write] {
        let listed = read(&*store, access, async |uow| uow.identities().list_by_user(user).await).await;
        assert_eq!(listed, providers.map(|provider| linked(provider, user)), "{access:?}");
    }
    assert_eq!(list_by_user(&*store, other).await.len(), providers.len() - 1);
    assert_eq!(list_by_user(&*store, user_id(9)).await, []);

    // Decisions based on the list stay valid until the commit.
    let new = linked("new", user);
    for inserts in [true, false] {
        let mut uow = begin(&*store, Access::Write).await;
        let before = uow.identities().list_by_user(user).await.expect("identities are read");
        let new = new.clone();
        commit_before(uow, &store, move |store| {
            let new = new.clone();
            async move {
                if inserts { insert(&*store, &new).await } else { remove(&*store, user, &new.provider).await.map(drop) }
            }
        })
        .await;
        assert_eq!(before.len(), providers.len() + usize::from(!inserts));
    }
    assert_eq!(list_by_user(&*store, user).await.len(), providers.len());
}

pub(crate) async fn concurrent_removals_leave_one_identity(store: Arc<dyn Store>) {
    for round in 0..3 {
        let user = add_user(&*store, round).await;
        for n in 0..8 {
            insert(&*store, &identity(n, user)).await.expect("the identity is added");
        }
        let results = concurrently(&store, 8, move |store, n| async move {
            remove_unless_last(&*store, user, &identity(n, user).provider).await
        });
        let removed = results.await.into_iter().filter(|removed| matches!(removed, Ok(true))).count();
        assert_eq!(removed, 7);
        assert_eq!(list_by_user(&*store, user).await.len(), 1);
    }
}

pub(crate) async fn message_tokens_are_replaced(store: Arc<dyn Store>) {
    let (user, other) = (add_user(&*store, 0).await, add_user(&*store, 1).await);
    let linked =
        [identity(0, user), Identity { message_tokens: Some(sealed()), ..identity(1, user) }, identity(0, other)];
    for identity in &linked {
        insert(&*store, identity).await.expect("the identity is added");
    }
    let set = async |user, provider: &str, tokens: Option<Sealed>| {
        let mut uow = begin(&*store, Access::Write).await;
        let is_set = uow.identities().set_message_tokens(user, provider, tokens.as_ref()).await.expect("they are set");
        committed(uow, is_set).await.expect("it is committed")
    };
    for (user, provider) in [(user, "absent"), (user, "PROVIDER0"), (user_id(9), "provider0")] {
        assert!(!set(user, provider, Some(sealed())).await);
    }
    let others = Sealed::new(vec![0, 1, 2]);
    // The same twice, another value, and none.
    for tokens in [Some(sealed()), Some(sealed()), Some(others), None, None] {
        assert!(set(user, "provider0", tokens.clone()).await);
        let [first, second, _] = linked.clone();
        let changed = Identity { message_tokens: tokens, ..first };
        assert_eq!(find(&*store, &changed.issuer, &changed.subject).await.as_ref(), Some(&changed));
        assert_eq!(list_by_user(&*store, user).await, [changed, second]);
        assert_eq!(list_by_user(&*store, other).await, linked[2..]);
    }
}

pub(crate) async fn an_identity_is_removed_once(store: Arc<dyn Store>) {
    let (user, other) = (add_user(&*store, 0).await, add_user(&*store, 1).await);
    let linked = [identity(0, user), identity(1, user), identity(0, other)];
    for identity in &linked {
        insert(&*store, identity).await.expect("the identity is added");
    }
    for (user, provider) in [(user, "absent"), (user, ""), (user, "PROVIDER0"), (user_id(9), "provider0")] {
        assert!(!remove(&*store, user, provider).await.expect("it is removed"));
    }
    assert!(dropped(&*store, async |uow| uow.identities().remove(user, "provider0").await).await);
    assert_eq!(list_by_user(&*store, user).await, linked[..2]);
    assert!(remove(&*store, user, "provider0").await.expect("it is removed"));
    assert!(!remove(&*store, user, "provider0").await.expect("it is removed"));
    assert_eq!(find(&*store, &linked[0].issuer, &linked[0].subject).await, None);
    assert_eq!(list_by_user(&*store, user).await, linked[1..2]);
    assert_eq!(list_by_user(&*store, other).await, linked[2..]);

    let results = concurrently(&store, 10, move |store, _| async move { remove(&*store, user, "provider1").await });
    let removed =
        results.await.into_iter().filter(|removed| *removed.as_ref().expect("it succeeds eventually")).count();
    assert_eq!(removed, 1, "exactly one of the concurrent removals succeeds");
}
