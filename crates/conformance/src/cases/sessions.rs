use std::sync::Arc;

use memo_domain::{Access, Conflict, Scope, Scopes, SecretDigest, Session, SessionId, Store};

use crate::{
    samples::{AWKWARD, EARLIEST, LATEST, at, digest, digest_of, full_session, session, session_id, user_id},
    steps::{
        add_session, add_user, assert_conflict, assert_stale, begin, commit, commit_before, committed, dropped,
        find_session, read, try_write, write,
    },
};

/// A copy of a session with this number and cookie.
fn with_cookie(n: u32, cookie: SecretDigest, of: &Session) -> Session {
    Session { id: session_id(n), cookie: Some(cookie), ..of.clone() }
}

async fn found(store: &dyn Store, access: Access, cookie: SecretDigest) -> Option<SessionId> {
    let found = read(store, access, async |uow| uow.sessions().find_by_cookie(&cookie).await).await;
    found.map(|session| session.id)
}

pub(crate) async fn a_session_reads_back_equal(store: Arc<dyn Store>) {
    let user_id = add_user(&*store, 0).await;
    let longest = "𠮷".repeat(200);
    let devices = AWKWARD.iter().copied().chain([longest.as_str(), ""]);
    let mut sessions: Vec<_> = (1..).zip(devices).map(|(n, device)| full_session(n, user_id, device)).collect();
    sessions.push(session(0, user_id));
    sessions.push(Session {
        created_at: EARLIEST,
        proved_at: Some(LATEST),
        last_seen_at: LATEST,
        expires_at: LATEST,
        ended_at: Some(LATEST),
        ..session(100, user_id)
    });
    for session in &sessions {
        add_session(&*store, session).await;
        assert_eq!(find_session(&*store, session.id).await.as_ref(), Some(session));
    }
    assert_eq!(find_session(&*store, session_id(101)).await, None);

    // Each field can be set and cleared by an update.
    let others: Vec<_> = sessions.iter().rev().cloned().collect();
    let mut uow = begin(&*store, Access::Write).await;
    for (session, other) in sessions.iter_mut().zip(others) {
        // Cookies stay: exchanging them would make two sessions share one for a moment.
        *session = Session { id: session.id, created_at: session.created_at, cookie: session.cookie, ..other };
        uow.sessions().update(session).await.expect("the session is changed");
    }
    commit(uow).await;
    for access in [Access::Read, Access::Snapshot, Access::Write] {
        let mut uow = begin(&*store, access).await;
        for session in &sessions {
            let stored = uow.sessions().lookup(session.id).await.expect("sessions are read");
            assert_eq!(stored.as_ref(), Some(session), "{access:?}");
        }
    }
}

pub(crate) async fn every_set_of_scopes_reads_back_equal(store: Arc<dyn Store>) {
    let user_id = add_user(&*store, 0).await;
    let sessions: Vec<_> = (1..1_u32 << Scope::ALL.len())
        .map(|set| {
            let scopes: Scopes = Scope::ALL
                .into_iter()
                .enumerate()
                .filter_map(|(n, scope)| (set >> n & 1 == 1).then_some(scope))
                .collect();
            Session { scopes, ..session(set, user_id) }
        })
        .collect();
    let mut uow = begin(&*store, Access::Write).await;
    for session in &sessions {
        uow.sessions().insert(session).await.expect("the session is added");
    }
    commit(uow).await;
    for session in &sessions {
        assert_eq!(find_session(&*store, session.id).await.as_ref(), Some(session));
    }
}

pub(crate) async fn an_insert_with_a_taken_session_id_conflicts(store: Arc<dyn Store>) {
    let user_id = add_user(&*store, 0).await;
    let first = session(0, user_id);
    add_session(&*store, &first).await;
    let mut uow = begin(&*store, Access::Write).await;
    assert_conflict(uow.sessions().insert(&full_session(0, user_id, "other")).await, Conflict::Id);
    drop(uow);
    assert_eq!(find_session(&*store, first.id).await, Some(first));
}

pub(crate) async fn a_session_needs_its_user(store: Arc<dyn Store>) {
    let mut uow = begin(&*store, Access::Write).await;
    assert_conflict(uow.sessions().insert(&session(0, user_id(9))).await, Conflict::Parent);
    drop(uow);
    assert_eq!(find_session(&*store, session_id(0)).await, None);
}

pub(crate) async fn an_update_of_an_absent_session_is_stale(store: Arc<dyn Store>) {
    let user_id = add_user(&*store, 0).await;
    let stored = session(0, user_id);
    add_session(&*store, &stored).await;
    let mut uow = begin(&*store, Access::Write).await;
    assert_stale(uow.sessions().update(&full_session(1, user_id, "absent")).await);
    drop(uow);
    assert_eq!(find_session(&*store, session_id(1)).await, None);
    assert_eq!(find_session(&*store, stored.id).await.as_ref(), Some(&stored));

    // An update that changes nothing is not stale, although some databases count no affected row.
    let mut uow = begin(&*store, Access::Write).await;
    uow.sessions().update(&stored).await.expect("the session exists");
    commit(uow).await;
}

pub(crate) async fn a_session_is_found_by_its_cookie(store: Arc<dyn Store>) {
    let plain = session(0, add_user(&*store, 0).await);
    let ended = Session { ended_at: Some(at(1)), ..session(0, add_user(&*store, 1).await) };
    add_session(&*store, &plain).await;
    // Digests that a comparison as text would confuse.
    let odd = [[0; 32], [0xff; 32], [b' '; 32], [b'a'; 32], [b'A'; 32], *digest(3).as_bytes()].map(SecretDigest::new);
    let sessions: Vec<_> =
        (1..).zip(odd).map(|(n, cookie)| with_cookie(n, cookie, if n % 2 == 0 { &plain } else { &ended })).collect();
    for session in &sessions {
        add_session(&*store, session).await;
    }
    for access in [Access::Read, Access::Snapshot, Access::Write] {
        for session in &sessions {
            let cookie = session.cookie.expect("a cookie");
            let found = read(&*store, access, async |uow| uow.sessions().find_by_cookie(&cookie).await).await;
            assert_eq!(found.as_ref(), Some(session), "{access:?}");
        }
        assert_eq!(found(&*store, access, digest(4)).await, None);
    }

    // A cookie can be replaced, removed, and reused by another session.
    let (first, second) = (&sessions[0], &sessions[1]);
    let steps = [
        (with_cookie(1, digest(5), first), [None, first.cookie, second.cookie]),
        (Session { cookie: None, ..first.clone() }, [Some(digest(5)), first.cookie, None]),
        (with_cookie(2, odd[0], second), [second.cookie, Some(digest(5)), None]),
    ];
    for (changed, not_found) in steps {
        write(&*store, async |uow| uow.sessions().update(&changed).await).await;
        if let Some(cookie) = changed.cookie {
            assert_eq!(found(&*store, Access::Read, cookie).await, Some(changed.id));
        }
        for cookie in not_found.into_iter().flatten().filter(|cookie| *cookie != odd[1]) {
            assert_eq!(found(&*store, Access::Read, cookie).await, None);
        }
    }
}

pub(crate) async fn an_insert_with_a_taken_cookie_conflicts(store: Arc<dyn Store>) {
    let (one, other) = (add_user(&*store, 0).await, add_user(&*store, 1).await);
    let first = full_session(0, one, "the first");
    let plain = session(1, other);
    add_session(&*store, &first).await;
    add_session(&*store, &plain).await;
    // Even if the other session has ended, and for the same user.
    for user_id in [one, other] {
        let second = Session { cookie: first.cookie, ..session(2, user_id) };
        let inserted = try_write(&*store, async |uow| uow.sessions().insert(&second).await).await;
        assert_conflict(inserted, Conflict::Id);
        assert_eq!(find_session(&*store, second.id).await, None);
    }
    let changed = Session { cookie: first.cookie, last_seen_at: at(5), ..plain.clone() };
    assert_conflict(try_write(&*store, async |uow| uow.sessions().update(&changed).await).await, Conflict::Id);
    assert_eq!(find_session(&*store, plain.id).await.as_ref(), Some(&plain));

    // Keeping the own cookie, having none, and taking one that was released are not conflicts.
    let released = Session { cookie: None, ..first.clone() };
    let without_cookie = session(3, one);
    write(&*store, async |uow| uow.sessions().update(&first).await).await;
    dropped(&*store, async |uow| uow.sessions().update(&released).await).await;
    assert_conflict(try_write(&*store, async |uow| uow.sessions().update(&changed).await).await, Conflict::Id);
    let release_and_reuse = async |store: &dyn Store| {
        write(store, async |uow| {
            uow.sessions().update(&released).await?;
            uow.sessions().insert(&without_cookie).await?;
            uow.sessions().update(&changed).await
        })
        .await;
    };
    release_and_reuse(&*store).await;
    for session in [released, without_cookie, changed] {
        assert_eq!(find_session(&*store, session.id).await, Some(session));
    }
}

pub(crate) async fn a_looked_up_session_does_not_change_until_the_commit(store: Arc<dyn Store>) {
    let user_id = add_user(&*store, 0).await;
    for n in 0..4 {
        let stored = Session { ended_at: None, ..with_cookie(n, digest_of(n), &session(n, user_id)) };
        add_session(&*store, &stored).await;
        let mut uow = begin(&*store, Access::Write).await;
        let looked_up = if n % 2 == 0 {
            uow.sessions().lookup(stored.id).await
        } else {
            uow.sessions().find_by_cookie(&digest_of(n)).await
        };
        assert_eq!(looked_up.expect("sessions are read").as_ref(), Some(&stored));
        commit_before(uow, &store, move |store| async move {
            let mut uow = store.begin(Access::Write).await?;
            if n < 2 {
                uow.sessions().end_all(user_id, None, at(6)).await?;
            } else {
                let session = uow.sessions().lookup(session_id(n)).await?.expect("the session exists");
                uow.sessions().update(&Session { ended_at: Some(at(6)), ..session }).await?;
            }
            committed(uow, ()).await
        })
        .await;
        assert_eq!(find_session(&*store, stored.id).await, Some(Session { ended_at: Some(at(6)), ..stored }));
    }
}
