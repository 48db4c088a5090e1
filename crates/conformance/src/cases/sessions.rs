use std::sync::Arc;

use memo_domain::{Access, Conflict, Scope, Scopes, Session, Store};

use crate::{
    samples::{AWKWARD, EARLIEST, LATEST, full_session, session, session_id, user_id},
    steps::{add_session, add_user, assert_conflict, assert_stale, begin, commit, find_session},
};

pub(crate) async fn a_session_reads_back_equal(store: Arc<dyn Store>) {
    let user_id = add_user(&*store, 0).await;
    let longest = "𠮷".repeat(200);
    let devices = AWKWARD.iter().copied().chain([longest.as_str(), ""]);
    let mut sessions: Vec<_> = (1..).zip(devices).map(|(n, device)| full_session(n, user_id, device)).collect();
    sessions.push(session(0, user_id));
    sessions.push(Session {
        created_at: EARLIEST,
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

    // Each value comes and goes in an update too.
    let others: Vec<_> = sessions.iter().rev().cloned().collect();
    let mut uow = begin(&*store, Access::Write).await;
    for (session, other) in sessions.iter_mut().zip(others) {
        *session = Session { id: session.id, created_at: session.created_at, ..other };
        uow.sessions().update(session).await.expect("the sign-in is changed");
    }
    commit(uow).await;
    for access in [Access::Read, Access::Snapshot, Access::Write] {
        let mut uow = begin(&*store, access).await;
        for session in &sessions {
            let kept = uow.sessions().lookup(session.id).await.expect("sign-ins are read");
            assert_eq!(kept.as_ref(), Some(session), "{access:?}");
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
        uow.sessions().insert(session).await.expect("the sign-in is added");
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
    let kept = session(0, user_id);
    add_session(&*store, &kept).await;
    let mut uow = begin(&*store, Access::Write).await;
    assert_stale(uow.sessions().update(&full_session(1, user_id, "absent")).await);
    drop(uow);
    assert_eq!(find_session(&*store, session_id(1)).await, None);
    assert_eq!(find_session(&*store, kept.id).await.as_ref(), Some(&kept));

    // One that changes nothing is no absent one, though some databases count no row.
    let mut uow = begin(&*store, Access::Write).await;
    uow.sessions().update(&kept).await.expect("the sign-in is there");
    commit(uow).await;
}
