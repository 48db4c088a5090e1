use std::sync::Arc;

use memo_domain::{Access, Page, PageRequest, Role, Store, StoreError, UnitOfWork, User, UserFilter, UserId, Version};

use crate::{
    samples::{AWKWARD, at, awkward_users, display_name, email, session, user, user_id},
    steps::{add_users, assert_pages, begin, commit_before, committed, concurrently, read, write},
};

async fn page(
    store: &dyn Store,
    access: Access,
    filter: &UserFilter,
    request: PageRequest<UserId>,
) -> Page<User, UserId> {
    read(store, access, async |uow| uow.users().list(filter, &request).await).await
}

async fn count(store: &dyn Store, filter: &UserFilter) -> u64 {
    read(store, Access::Read, async |uow| uow.users().count(filter).await).await
}

async fn administrators(store: &dyn Store) -> Vec<UserId> {
    let mut ids = read(store, Access::Write, async |uow| uow.users().lock_administrators().await).await;
    ids.sort();
    ids
}

fn matching(users: &[User], filter: &UserFilter) -> Vec<User> {
    let mut found: Vec<_> = users.iter().filter(|user| filter.matches(user)).cloned().collect();
    found.sort_by_key(|user| user.id);
    found
}

fn administrator(n: u32) -> User {
    User { role: Role::Admin, ..user(n) }
}

/// Users of every combination of role and state.
fn users_of_every_kind() -> Vec<User> {
    let change = |n: u32| {
        let role = if n.is_multiple_of(2) { Role::Member } else { Role::Admin };
        User { role, disabled_at: (n % 3 == 1).then_some(at(5)), ..user(n) }
    };
    (100..112).map(change).collect()
}

pub(crate) async fn users_are_listed_oldest_first(store: Arc<dyn Store>) {
    let all_users = UserFilter::default();
    assert_eq!(
        page(&*store, Access::Read, &all_users, PageRequest::default()).await,
        Page { items: vec![], next: None }
    );
    let users = [awkward_users(), users_of_every_kind()].concat();
    add_users(&*store, &users).await;
    let mut filters = vec![all_users.clone().with_text("example.com").expect("a valid text"), all_users.clone()];
    for role in [None, Some(Role::Member), Some(Role::Admin)] {
        for disabled in [None, Some(true), Some(false)] {
            for text in ["", "SER1"] {
                let mut filter = all_users.clone().with_text(text).expect("a valid text");
                (filter.role, filter.disabled) = (role, disabled);
                filters.push(filter);
            }
        }
    }
    for filter in &filters {
        let expected = matching(&users, filter);
        let ask = async |request| page(&*store, Access::Read, filter, request).await;
        assert_pages(&expected, |user| user.id, ask).await;
        assert_eq!(count(&*store, filter).await, expected.len() as u64, "{filter:?}");
    }
    let sorted = matching(&users, &all_users);
    for access in [Access::Read, Access::Snapshot, Access::Write] {
        let items = page(&*store, access, &all_users, PageRequest::default()).await.items;
        assert_eq!(items, sorted[..20], "{access:?}");
        // Emails compare equal ignoring case, but the case must be preserved.
        let texts = |users: &[User]| users.iter().map(|user| user.email.as_str().to_owned()).collect::<Vec<_>>();
        assert_eq!(texts(&items), texts(&sorted[..20]));
    }
    // A cursor may be the id of a user that was removed or never existed.
    write(&*store, async |uow| uow.users().remove(sorted[4].id, sorted[4].version).await).await;
    for cursor in [sorted[4].id, user_id(1_000), user_id(1_001)] {
        let start = memo_domain::PageStart::After(cursor);
        let listed = page(&*store, Access::Read, &all_users, PageRequest { start, ..PageRequest::default() }).await;
        let expected: Vec<_> = sorted.iter().filter(|user| user.id > cursor).take(20).cloned().collect();
        assert_eq!(listed.items, expected, "after {cursor}");
    }
}

pub(crate) async fn a_user_is_found_by_any_part_of_their_name_or_address(store: Arc<dyn Store>) {
    let names =
        ["100% of_it\\", "ΣΊΣΥΦΟΣ", "İstanbul Straße", "가나다 한글", "Jose\u{301}", "it's \"quoted\"", "[a-z]*?"];
    let by_name = (200..).zip(names).map(|(n, name)| User { display_name: display_name(name), ..user(n) });
    let mut users: Vec<_> = by_name.collect();
    users.extend(awkward_users());
    users.push(User { email: email("O'Neil_100%@Example.ORG"), ..user(300) });
    add_users(&*store, &users).await;
    let texts = [
        "",
        " ",
        "user",
        "USER 1",
        "r 1",
        "@",
        "example.org",
        "%",
        "_",
        "\\",
        "100%",
        "f_i",
        "o_eil",
        "'",
        "\"",
        "*",
        "?",
        "[",
        "a-z]",
        "σίσυφο",
        "ΣΊΣΥΦΟΣ",
        "ΦΟΣ",
        "φος",
        "\u{130}",
        "i\u{307}",
        "i",
        "ß",
        "ss",
        "STRASSE",
        "한글",
        "\u{1112}\u{1161}\u{11ab}",
        "하",
        "jos\u{e9}",
        "JOSE\u{301}",
        "jose",
        "  Jos\u{e9} ",
        "𠮷",
        "👩\u{200d}👩",
        "nobody at all",
        "--",
        "$1",
        ":a",
    ];
    for text in texts.into_iter().chain(AWKWARD) {
        let filter = UserFilter::default().with_text(text).expect("a valid text");
        let expected = matching(&users, &filter);
        let limit = memo_domain::Limit::new(100).expect("a valid limit");
        let found = page(&*store, Access::Read, &filter, PageRequest { limit, ..PageRequest::default() }).await;
        assert_eq!(found, Page { items: expected.clone(), next: None }, "{text:?}");
        assert_eq!(count(&*store, &filter).await, expected.len() as u64, "{text:?}");
    }

    // Search uses the current names and addresses.
    let mut renamed = users[0].clone();
    renamed.display_name = display_name("Renamed");
    renamed.email = email("moved@example.com");
    renamed.touch(at(1));
    write(&*store, async |uow| uow.users().update(&renamed, Version::FIRST).await).await;
    for (text, number) in [("renamed", 1), ("MOVED@", 1), ("of_it", 0), ("user200", 0)] {
        assert_eq!(
            count(&*store, &UserFilter::default().with_text(text).expect("a valid text")).await,
            number,
            "{text}"
        );
    }
}

/// Demotes, disables or removes an administrator, depending on `way`.
async fn stop_administering(uow: &mut dyn UnitOfWork, way: u32, id: UserId) -> Result<(), StoreError> {
    let mut user = uow.users().lookup(id).await?.expect("the user exists");
    let from = user.version;
    match way % 3 {
        0 => user.role = Role::Member,
        1 => user.disabled_at = Some(at(1)),
        _ => return uow.users().remove(id, from).await,
    }
    user.touch(at(1));
    uow.users().update(&user, from).await
}

pub(crate) async fn locked_administrators_do_not_change_until_the_commit(store: Arc<dyn Store>) {
    assert_eq!(administrators(&*store).await, []);
    let users = users_of_every_kind();
    add_users(&*store, &users).await;
    let mut expected: Vec<_> = users
        .iter()
        .filter(|user| user.role == Role::Admin && user.disabled_at.is_none())
        .map(|user| user.id)
        .collect();
    expected.sort();
    assert_eq!(expected.len(), 4);
    assert_eq!(administrators(&*store).await, expected);

    // Decisions based on the list stay valid until the commit.
    for way in 0..3 {
        let mut uow = begin(&*store, Access::Write).await;
        let mut seen = uow.users().lock_administrators().await.expect("users are read");
        seen.sort();
        assert_eq!(seen, expected);
        let id = expected.remove(0);
        commit_before(uow, &store, move |store| async move {
            let mut uow = store.begin(Access::Write).await?;
            stop_administering(&mut *uow, way, id).await?;
            committed(uow, ()).await
        })
        .await;
    }
    assert_eq!(administrators(&*store).await, expected);

    // A unit of work sees its own changes of administrators.
    let mut uow = begin(&*store, Access::Write).await;
    stop_administering(&mut *uow, 0, expected[0]).await.expect("the user is changed");
    uow.users().insert(&administrator(50)).await.expect("the user is added");
    assert_eq!(uow.users().lock_administrators().await.expect("users are read"), [user_id(50)]);
    drop(uow);
    assert_eq!(administrators(&*store).await, expected);
}

pub(crate) async fn a_looked_up_user_does_not_change_until_the_commit(store: Arc<dyn Store>) {
    let users: Vec<_> = (0..3).map(user).collect();
    add_users(&*store, &users).await;
    for (way, stored) in (0..3).zip(&users) {
        let (id, other) = (stored.id, session(way, stored.id));
        let mut uow = begin(&*store, Access::Write).await;
        assert_eq!(uow.users().lookup(id).await.expect("users are read").as_ref(), Some(stored));
        // A session inserted now is seen by the transaction that changes the user.
        uow.sessions().insert(&other).await.expect("the session is added");
        commit_before(uow, &store, move |store| async move {
            let mut uow = store.begin(Access::Write).await?;
            stop_administering(&mut *uow, way, id).await?;
            uow.sessions().end_all(id, None, at(2)).await?;
            committed(uow, ()).await
        })
        .await;
        let live = read(&*store, Access::Read, async |uow| uow.sessions().list_live(id, at(0)).await).await;
        assert_eq!(live, []);
    }
}

pub(crate) async fn concurrent_demotions_leave_one_administrator(store: Arc<dyn Store>) {
    for round in 0..3 {
        let own_id = move |n| user_id(100 * round + n);
        write(&*store, async |uow| {
            // Demote the administrator left by the previous round.
            for id in uow.users().lock_administrators().await? {
                stop_administering(uow, 0, id).await?;
            }
            for n in 0..9 {
                uow.users().insert(&administrator(100 * round + n)).await?;
            }
            Ok(())
        })
        .await;
        let results = concurrently(&store, 9, move |store, n| async move {
            let mut uow = store.begin(Access::Write).await?;
            let others = uow.users().lock_administrators().await?.into_iter().filter(|id| *id != own_id(n)).count();
            if others > 0 {
                stop_administering(&mut *uow, n, own_id(n)).await?;
            }
            committed(uow, others > 0).await
        });
        let left = results.await.into_iter().filter(|left| *left.as_ref().expect("it succeeds eventually")).count();
        assert_eq!((left, administrators(&*store).await.len()), (8, 1));
    }
}
