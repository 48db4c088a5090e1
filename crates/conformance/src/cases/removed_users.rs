use std::sync::Arc;

use memo_domain::{
    Access, AuditEvent, ChangeKind, Conflict, Job, JobKind, Limit, LinkTarget, MemoFilter, MemoId, MemoLink, MemoScope,
    NewChange, OneTimeToken, PageRequest, RefreshToken, Revision, Role, SearchQuery, Session, Store, StoreError,
    TokenPurpose, UnitOfWork, User, UserFilter, UserId, Version, Visibility,
};

use crate::{
    cases::usage::ALL_DAYS,
    everything::Everything,
    samples::{
        LATEST, api_key, api_key_id, at, audit_event, content, digest, digest_of, full_memo, idempotent_response,
        identity, job, memo, memo_id, one_time_token, refresh_token, revision, second_factor, session, session_id,
        tags, usage, user, user_id, webhook, webhook_delivery, webhook_delivery_id, webhook_id,
    },
    steps::{
        BY_CHANGE, add_user, add_users, assert_conflict, assert_stale, begin, committed, concurrently, dropped, feed,
        find_user, ids, last_change, list, read, try_write, write,
    },
};

async fn remove(store: &dyn Store, id: UserId, from: Version) -> Result<(), StoreError> {
    let mut uow = store.begin(Access::Write).await?;
    uow.users().remove(id, from).await?;
    committed(uow, ()).await
}

/// The number of the memo that the memos of [`add_more`] link to. It need not exist.
const LINKED: u32 = 900;

/// The public memos outside the trash that link to [`LINKED`], by id.
async fn backlinks(uow: &mut dyn UnitOfWork, viewer: UserId) -> Result<Vec<MemoId>, StoreError> {
    let page = uow.links().list_backlinks(&memo(LINKED, viewer), viewer, &PageRequest::default()).await?;
    let mut found: Vec<_> = page.items.into_iter().map(|view| view.memo.id).collect();
    found.sort();
    Ok(found)
}

async fn revisions(uow: &mut dyn UnitOfWork, n: u32) -> Result<Vec<Revision>, StoreError> {
    uow.revisions().list_down_to(memo_id(n), Version::new(u32::MAX), Version::new(0), 9).await
}

/// Inserts several of each entity, in every state, with numbers from `100 * first` and digests from `10 * first`.
async fn add_more(uow: &mut dyn UnitOfWork, first: u8, user: UserId) -> Result<(), StoreError> {
    let numbers = 100 * u32::from(first)..;
    for (n, digest_number) in numbers.zip(10 * first..10 * first + 3) {
        let mut memo = if n % 2 == 0 { memo(n, user) } else { full_memo(n, user) };
        memo.state.tags = tags(["Work", "한글"]);
        memo.state.visibility = Visibility::Public;
        memo.state.content = content("content with 회의록");
        memo.version = Version::FIRST;
        uow.memos().insert(&memo, &memo.search_text()).await?;
        uow.revisions().insert(&revision(1, memo.id)).await?;
        uow.links().insert_all(&[(memo.id, LinkTarget::of(user, &MemoLink::Id(memo_id(LINKED))))]).await?;
        uow.changes().append(user, &[NewChange::of(&memo, ChangeKind::Created, at(0)); 3]).await?;
        let ended_at = (n % 2 == 0).then_some(at(1));
        let session = Session { cookie: Some(digest_of(n)), ended_at, expires_at: LATEST, ..session(n, user) };
        uow.sessions().insert(&session).await?;
        uow.refresh_tokens().insert(&refresh_token(digest_number, session.id)).await?;
        uow.refresh_tokens().insert(&RefreshToken { digest: digest_of(n), ..refresh_token(0, session.id) }).await?;
        uow.identities().insert(&identity(n, user)).await?;
        let (purpose, _) = TokenPurpose::NAMES[usize::from(digest_number) % 3];
        uow.one_time_tokens().insert(&OneTimeToken { purpose, ..one_time_token(digest_number, user) }).await?;
        uow.api_keys().insert(&api_key(n, user)).await?;
        uow.jobs().insert(&job(n, user)).await?;
        uow.audit().append(&audit_event(n, user)).await?;
        uow.webhooks().insert(&webhook(n, user)).await?;
        uow.webhooks().insert_delivery(&webhook_delivery(n, webhook_id(n))).await?;
        uow.idempotency().insert(&idempotent_response(n, user)).await?;
        uow.usage().add(&[usage(user, n.into(), n, 2)]).await?;
    }
    Ok(())
}

/// Asserts that nothing that [`add_more`] inserted is found in any way.
async fn assert_no_data(uow: &mut dyn UnitOfWork, first: u8, user: UserId) -> Result<(), StoreError> {
    for (n, digest_number) in (100 * u32::from(first)..).zip(10 * first..10 * first + 3) {
        assert_eq!(uow.memos().lookup(memo_id(n)).await?, None);
        assert_eq!(revisions(uow, n).await?, []);
        assert_eq!(uow.sessions().lookup(session_id(n)).await?, None);
        assert_eq!(uow.sessions().find_by_cookie(&digest_of(n)).await?, None);
        for digest in [digest(digest_number), digest_of(n)] {
            assert_eq!(uow.refresh_tokens().lookup(&digest).await?, None);
            assert!(!uow.refresh_tokens().claim(&digest, at(1)).await?);
        }
        assert_eq!(uow.idempotency().lookup(&digest_of(n)).await?, None);
        assert_eq!(uow.usage().list(user, ALL_DAYS, None, 9).await?, []);
        let identity = identity(n, user);
        assert_eq!(uow.identities().find_by_subject(&identity.issuer, &identity.subject).await?, None);
        assert!(!uow.identities().remove(user, &identity.provider).await?);
        for (purpose, _) in TokenPurpose::NAMES {
            assert_eq!(uow.one_time_tokens().lookup(&digest(digest_number), purpose).await?, None);
            assert_eq!(uow.one_time_tokens().take(&digest(digest_number), purpose).await?, None);
        }
        assert_eq!(uow.one_time_tokens().count_try(&digest(digest_number)).await?, 0);
        assert_eq!(uow.api_keys().lookup(api_key_id(n)).await?, None);
        assert!(!uow.api_keys().touch(api_key_id(n), at(9)).await?);
        assert_eq!(uow.webhooks().lookup(webhook_id(n)).await?, None);
        assert_eq!(uow.webhooks().lookup_delivery(webhook_delivery_id(n)).await?, None);
    }
    assert_eq!(uow.users().lookup(user).await?, None);
    assert_eq!(uow.changes().lookup_stamp(user).await?, None);
    assert_eq!(uow.changes().last_seq(user).await?, 0);
    assert_eq!(uow.changes().list(user, 0, Limit::default()).await?, []);
    assert_eq!(uow.memos().count(&MemoFilter::of(user)).await?, 0);
    assert_eq!(uow.sessions().list_live(user, at(0)).await?, []);
    assert_eq!(uow.sessions().end_all(user, None, at(0)).await?, []);
    assert_eq!(uow.identities().list_by_user(user).await?, []);
    assert_eq!(uow.second_factors().lookup(user).await?, None);
    assert_eq!(uow.second_factors().count_codes(user).await?, 0);
    assert!(!uow.second_factors().claim_code(user, &digest_of(2_000)).await?);
    assert!(!uow.second_factors().claim_step(user, i64::MAX).await?);
    assert!(!uow.second_factors().remove(user).await?);
    assert_eq!(uow.api_keys().list_by_user(user).await?, []);
    assert_eq!(uow.webhooks().list_by_user(user).await?, []);
    assert_eq!(uow.audit().list(Some(user), &PageRequest::default()).await?.items, []);
    Ok(())
}

/// The owners of all public memos, of all claimable jobs and of all audit events.
async fn owners(store: &dyn Store, viewer: UserId) -> [Vec<UserId>; 3] {
    let mut memos = Vec::new();
    for (search, tagged) in
        [(None, vec![]), (SearchQuery::parse("회의록").expect("a short query"), vec![]), (None, vec!["WORK"])]
    {
        let tags = tags(tagged).iter().cloned().collect();
        let filter = MemoFilter { scope: MemoScope::Public, search, tags, ..MemoFilter::of(viewer) };
        memos.push(list(store, &filter, BY_CHANGE).await.into_iter().map(|memo| memo.owner_id).collect::<Vec<_>>());
    }
    assert!(memos.iter().all(|found| found.len() == memos[0].len()), "each list has the same memos: {memos:?}");
    let jobs = dropped(store, async |uow| uow.jobs().claim(&[JobKind::MAIL], at(9), at(10), 100).await).await;
    let request = PageRequest { limit: Limit::new(100).expect("a valid limit"), ..PageRequest::default() };
    let events = read(store, Access::Read, async |uow| uow.audit().list(None, &request).await).await.items;
    let mut owners = [
        memos.swap_remove(0),
        jobs.iter().filter_map(|job| job.owner).collect(),
        events.iter().map(|event| event.user_id).collect(),
    ];
    for owners in &mut owners {
        owners.sort();
        owners.dedup();
    }
    owners
}

pub(crate) async fn a_removed_user_leaves_no_data(store: Arc<dyn Store>) {
    let (removed, other) = (Everything::add(&*store, 0).await, Everything::add(&*store, 1).await);
    let (removed_id, other_id) = (removed.user.id, other.user.id);
    write(&*store, async |uow| {
        add_more(uow, 1, removed_id).await?;
        add_more(uow, 2, other_id).await?;
        // An event belongs to the account that it concerns, not to its actor.
        uow.audit().append(&AuditEvent { actor_id: Some(other_id), ..audit_event(900, removed_id) }).await?;
        uow.audit().append(&AuditEvent { actor_id: Some(removed_id), ..audit_event(901, other_id) }).await
    })
    .await;
    let mut both = vec![removed_id, other_id];
    both.sort();
    assert_eq!(owners(&*store, other_id).await, [both.clone(), both.clone(), both]);
    let sorted = |numbers: &[u32]| {
        let mut ids: Vec<_> = numbers.iter().map(|n| memo_id(*n)).collect();
        ids.sort();
        ids
    };
    let linking = async |viewer| read(&*store, Access::Read, async |uow| backlinks(uow, viewer).await).await;
    assert_eq!(linking(other_id).await, sorted(&[100, 102, 200, 202]));
    let before = data_of(&*store, other_id).await;

    // A rolled back removal changes nothing.
    let rolled_back_removal = dropped(&*store, async |uow| {
        uow.users().remove(removed_id, Version::FIRST).await?;
        assert_no_data(uow, 1, removed_id).await
    });
    rolled_back_removal.await;
    assert_eq!(last_change(&*store, removed_id).await, 10);
    assert_eq!(list(&*store, &MemoFilter::of(removed_id), BY_CHANGE).await.len(), 3);

    remove(&*store, removed_id, Version::FIRST).await.expect("the user is removed");
    write(&*store, async |uow| assert_no_data(uow, 1, removed_id).await).await;
    assert_eq!(owners(&*store, other_id).await, [vec![other_id], vec![other_id], vec![other_id]]);
    let dead =
        read(&*store, Access::Read, async |uow| uow.jobs().list_dead(&JobKind::MAIL, None, Limit::default()).await)
            .await;
    assert_eq!(dead, std::slice::from_ref(&other.job));
    assert_eq!(data_of(&*store, other_id).await, before, "other users lose nothing");
    assert_eq!(linking(other_id).await, sorted(&[200, 202]));
    let all_users = read(&*store, Access::Read, async |uow| uow.users().count(&UserFilter::default()).await).await;
    assert_eq!(all_users, 1);

    // Ids and address are free, and a user who signs up again inherits nothing.
    write(&*store, async |uow| {
        removed.insert(uow).await;
        Ok(())
    })
    .await;
    for access in [Access::Read, Access::Snapshot, Access::Write] {
        assert_eq!(removed.read_back(&*store, access).await.as_ref(), Some(&removed), "{access:?}");
    }
    // Nor does a memo with the id of a removed one.
    let reused = memo(100, removed_id);
    let inherited = dropped(&*store, async |uow| {
        uow.memos().insert(&reused, &reused.search_text()).await?;
        Ok((revisions(uow, 100).await?, backlinks(uow, removed_id).await?))
    });
    assert_eq!(inherited.await, (vec![], sorted(&[200, 202])));
    write(&*store, async |uow| {
        removed.changed().update(uow).await;
        add_more(uow, 1, removed_id).await
    })
    .await;
    assert_eq!(last_change(&*store, removed_id).await, 11);
}

/// Everything that the other user has.
async fn data_of(store: &dyn Store, user: UserId) -> impl PartialEq + std::fmt::Debug {
    let memos = list(store, &MemoFilter::of(user), BY_CHANGE).await;
    let changes = feed(store, user).await;
    let mut uow = begin(store, Access::Read).await;
    let live = uow.sessions().list_live(user, at(0)).await.expect("sessions are read");
    let mut tokens = Vec::new();
    let mut one_time = Vec::new();
    for n in [1, 20, 21, 22] {
        tokens.extend(uow.refresh_tokens().lookup(&digest(n)).await.expect("tokens are read"));
        for (purpose, _) in TokenPurpose::NAMES {
            one_time.extend(uow.one_time_tokens().lookup(&digest(n), purpose).await.expect("tokens are read"));
        }
    }
    assert_eq!((tokens.len(), one_time.len()), (4, 4));
    let mut texts = Vec::new();
    for n in 200..203 {
        texts.extend(revisions(&mut *uow, n).await.expect("revisions are read"));
    }
    assert_eq!(texts.len(), 3);
    let identities = uow.identities().list_by_user(user).await.expect("identities are read");
    let factor = uow.second_factors().lookup(user).await.expect("factors are read");
    let codes = uow.second_factors().count_codes(user).await.expect("codes are counted");
    let events = uow.audit().list(Some(user), &PageRequest::default()).await.expect("events are read").items;
    let events: Vec<_> = events.into_iter().map(|event| event.id).collect();
    (ids(&memos), texts, changes, live, (tokens, one_time), identities, factor, codes, events)
}

pub(crate) async fn a_removal_from_another_version_is_stale(store: Arc<dyn Store>) {
    let stored = Everything::add(&*store, 0).await;
    let changed = stored.changed();
    write(&*store, async |uow| {
        changed.update(uow).await;
        Ok(())
    })
    .await;
    for from in [Version::FIRST, Version::new(3), Version::new(u32::MAX)] {
        assert_stale(remove(&*store, changed.user.id, from).await);
        assert_eq!(changed.read_back(&*store, Access::Read).await.as_ref(), Some(&changed), "{from:?}");
    }
    assert_stale(remove(&*store, user_id(9), Version::FIRST).await);
    remove(&*store, changed.user.id, changed.user.version).await.expect("the user is removed");
    assert_stale(remove(&*store, changed.user.id, changed.user.version).await);
    assert_eq!(changed.read_back(&*store, Access::Read).await, None);
}

pub(crate) async fn an_insert_for_a_removed_user_conflicts(store: Arc<dyn Store>) {
    let removed = User { role: Role::Admin, ..user(0) };
    add_users(&*store, std::slice::from_ref(&removed)).await;
    add_user(&*store, 1).await;
    remove(&*store, removed.id, removed.version).await.expect("the user is removed");
    for kind in 0..KINDS {
        let added = try_add_one(&*store, kind, kind, removed.id).await;
        assert_conflict(added, Conflict::Parent);
    }
    assert_eq!(read(&*store, Access::Write, async |uow| uow.users().lock_administrators().await).await, []);
    let found = read(&*store, Access::Read, async |uow| uow.users().find_by_email(&removed.email).await).await;
    assert_eq!(found, None);
    let updated = try_write(&*store, async |uow| uow.users().update(&removed, removed.version).await).await;
    assert_stale(updated);
    // The address is free for another user.
    let newcomer = User { email: removed.email, ..user(2) };
    add_users(&*store, std::slice::from_ref(&newcomer)).await;
    assert_eq!(find_user(&*store, newcomer.id).await, Some(newcomer));
}

const KINDS: u32 = 11;

/// Inserts one entity of a user, of this kind.
async fn add_one(uow: &mut dyn UnitOfWork, kind: u32, n: u32, user: UserId) -> Result<(), StoreError> {
    let token = OneTimeToken { digest: digest_of(n), ..one_time_token(0, user) };
    match kind % KINDS {
        0 => uow.memos().insert(&memo(n, user), &memo(n, user).search_text()).await.map(drop),
        1 => uow.changes().append(user, &[NewChange::of(&memo(n, user), ChangeKind::Created, at(0))]).await,
        2 => uow.sessions().insert(&session(n, user)).await,
        3 => uow.identities().insert(&identity(n, user)).await,
        4 => uow.one_time_tokens().insert(&token).await,
        5 => uow.second_factors().upsert(&second_factor(user)).await,
        6 => uow.jobs().insert(&job(n, user)).await,
        7 => uow.idempotency().insert(&idempotent_response(n, user)).await,
        8 => uow.api_keys().insert(&api_key(n, user)).await,
        9 => uow.webhooks().insert(&webhook(n, user)).await,
        _ => uow.audit().append(&audit_event(n, user)).await,
    }
}

async fn try_add_one(store: &dyn Store, kind: u32, n: u32, user: UserId) -> Result<(), StoreError> {
    let mut uow = store.begin(Access::Write).await?;
    add_one(&mut *uow, kind, n, user).await?;
    committed(uow, ()).await
}

pub(crate) async fn concurrent_removals_remove_a_user_once(store: Arc<dyn Store>) {
    let stored = Everything::add(&*store, 0).await;
    let id = stored.user.id;
    let removed = concurrently(&store, 8, move |store, n| async move {
        // Looks the user up first, as a use case does: a stale version would be retried forever.
        let mut uow = store.begin(Access::Write).await?;
        let Some(user) = uow.users().lookup(id).await? else { return Ok(None) };
        uow.users().remove(id, user.version).await?;
        committed(uow, Some(n)).await
    });
    let removed: Vec<_> =
        removed.await.into_iter().filter_map(|removed| removed.expect("it succeeds eventually")).collect();
    assert_eq!(removed.len(), 1, "exactly one removal succeeds");
    assert_eq!(stored.read_back(&*store, Access::Read).await, None);
}

pub(crate) async fn writes_concurrent_with_a_removal_leave_no_data(store: Arc<dyn Store>) {
    for round in 0..3 {
        let removed = user(round);
        let (id, from) = (removed.id, removed.version);
        add_users(&*store, &[removed]).await;
        let results = concurrently(&store, 4 * KINDS + 1, move |store, n| async move {
            if n == 2 * KINDS {
                return remove(&*store, id, from).await.map(|()| true);
            }
            match try_add_one(&*store, n, n, id).await {
                // The insert came after the removal.
                Err(StoreError::Conflict { what: Conflict::Parent }) => Ok(false),
                added => added.map(|()| true),
            }
        });
        for result in results.await {
            result.expect("all of them succeed eventually");
        }
        for kind in 0..KINDS {
            let n = 1_000 + kind;
            let added = try_add_one(&*store, kind, n, id).await;
            assert_conflict(added, Conflict::Parent);
        }
        let jobs: Vec<Job> =
            write(&*store, async |uow| uow.jobs().claim(&[JobKind::MAIL], at(9), at(10), 100).await).await;
        assert_eq!(jobs, []);
        assert_eq!(feed(&*store, id).await, []);
        let events =
            read(&*store, Access::Read, async |uow| uow.audit().list(None, &PageRequest::default()).await).await;
        assert_eq!(events.items, []);
        for n in 0..4 * KINDS {
            let identity = identity(n, id);
            let found = read(&*store, Access::Read, async |uow| {
                let memo = uow.memos().lookup(memo_id(n)).await?.is_some();
                let session = uow.sessions().lookup(session_id(n)).await?.is_some();
                let identity = uow.identities().find_by_subject(&identity.issuer, &identity.subject).await?.is_some();
                let token = uow.one_time_tokens().lookup(&digest_of(n), TokenPurpose::VerifyEmail).await?.is_some();
                let factor = uow.second_factors().lookup(id).await?.is_some();
                let key = uow.api_keys().lookup(api_key_id(n)).await?.is_some();
                let webhook = uow.webhooks().lookup(webhook_id(n)).await?.is_some();
                Ok([memo, session, identity, token, factor, key, webhook])
            });
            assert_eq!(found.await, [false; 7]);
        }
    }
}
