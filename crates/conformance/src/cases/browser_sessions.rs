use std::{sync::Arc, time::Duration};

use memo_domain::{BrowserSessions, Session, SessionId, Store, Timestamp, UserId};
use tokio::task::JoinSet;

use crate::{
    TestStore,
    samples::{at, digest_of, full_session, session, user},
    steps::{add_session, add_user, begin, commit, dropped, find_session, write},
};

type Fixture = (Box<dyn TestStore>, Arc<dyn BrowserSessions>);

/// Long enough that no session expires during a case, even if an adapter uses the real clock.
const HOUR: Duration = Duration::from_hours(1);

/// A session that expires an hour after [`at`] 0, unless it is used.
fn browser_session(n: u32, user: UserId) -> Session {
    Session { cookie: Some(digest_of(n)), expires_at: at(0) + HOUR, ..session(n, user) }
}

/// Prepares and inserts sessions.
async fn sign_in(store: &dyn Store, sessions: &dyn BrowserSessions, new: &[Session]) {
    for session in new {
        let stored = sessions.prepare(session).await.expect("the session is prepared");
        add_session(store, &stored).await;
    }
}

async fn find(sessions: &dyn BrowserSessions, session: &Session) -> Option<Session> {
    sessions.find_by_cookie(&session.cookie.expect("the session has a cookie")).await.expect("sessions are read")
}

async fn touch(sessions: &dyn BrowserSessions, session: &Session, at: Timestamp, until: Timestamp) -> bool {
    sessions.touch(&session.cookie.expect("the session has a cookie"), at, until).await.expect("the touch succeeds")
}

async fn end(store: &dyn Store, id: SessionId, ended_at: Timestamp) {
    write(store, async |uow| {
        let session = uow.sessions().lookup(id).await?.expect("the session exists");
        uow.sessions().update(&Session { ended_at: Some(ended_at), ..session }).await
    })
    .await;
}

pub(crate) async fn a_browser_session_is_found_by_its_cookie((test_store, sessions): Fixture) {
    let store = test_store.store();
    let user = add_user(&*store, 0).await;
    let new = [
        browser_session(0, user),
        Session { ended_at: None, expires_at: at(1) + HOUR, ..full_session(1, user, "Ｆｕｌｌ 회의 🦀") },
        Session { expires_at: at(0) + Session::MAX_AGE, ..browser_session(2, user) },
    ];
    sign_in(&*store, &*sessions, &new).await;
    for session in &new {
        assert_eq!(find(&*sessions, session).await.as_ref(), Some(session));
    }
    assert_eq!(find(&*sessions, &browser_session(9, user)).await, None);
}

pub(crate) async fn a_session_without_a_cookie_is_in_the_store_only((test_store, sessions): Fixture) {
    let store = test_store.store();
    let user = add_user(&*store, 0).await;
    let session = session(0, user);
    assert_eq!(sessions.prepare(&session).await.expect("the session is prepared"), session);
    add_session(&*store, &session).await;
    assert_eq!(sessions.list_live(user, at(1)).await.expect("sessions are listed"), [session]);
}

pub(crate) async fn a_browser_session_missing_from_the_store_is_not_found((test_store, sessions): Fixture) {
    let store = test_store.store();
    let user_id = add_user(&*store, 0).await;
    let (rolled_back, removed) = (browser_session(0, user_id), browser_session(1, user_id));
    let stored = sessions.prepare(&rolled_back).await.expect("the session is prepared");
    assert_eq!(find(&*sessions, &rolled_back).await, None, "before it is in the store");
    dropped(&*store, async |uow| uow.sessions().insert(&stored).await).await;
    assert_eq!(find(&*sessions, &rolled_back).await, None);
    assert!(!touch(&*sessions, &rolled_back, at(1), at(1) + HOUR).await);

    sign_in(&*store, &*sessions, std::slice::from_ref(&removed)).await;
    write(&*store, async |uow| uow.users().remove(user_id, user(0).version).await).await;
    assert_eq!(find(&*sessions, &removed).await, None);
    assert_eq!(sessions.list_live(user_id, at(1)).await.expect("sessions are listed"), []);
    assert!(!touch(&*sessions, &removed, at(1), at(1) + HOUR).await);
}

pub(crate) async fn a_browser_session_that_ended_is_found_as_ended((test_store, sessions): Fixture) {
    let store = test_store.store();
    let user = add_user(&*store, 0).await;
    let new: Vec<_> = (0..3).map(|n| browser_session(n, user)).collect();
    sign_in(&*store, &*sessions, &new).await;
    end(&*store, new[0].id, at(5)).await;
    for (session, ended_at) in new.iter().zip([Some(at(5)), None, None]) {
        assert_eq!(find(&*sessions, session).await, Some(Session { ended_at, ..session.clone() }));
    }
    write(&*store, async |uow| uow.sessions().end_all(user, Some(new[2].id), at(6)).await).await;
    for (session, ended_at) in new.iter().zip([Some(at(5)), Some(at(6)), None]) {
        assert_eq!(find(&*sessions, session).await, Some(Session { ended_at, ..session.clone() }));
    }
    assert_eq!(sessions.list_live(user, at(7)).await.expect("sessions are listed"), [new[2].clone()]);
}

pub(crate) async fn a_touched_browser_session_expires_later((test_store, sessions): Fixture) {
    let store = test_store.store();
    let user = add_user(&*store, 0).await;
    let new = [browser_session(0, user), browser_session(1, user)];
    sign_in(&*store, &*sessions, &new).await;
    let end = new[0].expires_at;
    for time in [at(1), at(60), Timestamp::from_micros(end.as_micros() - 1), end + HOUR] {
        let expected = Session { last_seen_at: time, expires_at: time + HOUR + HOUR, ..new[0].clone() };
        assert!(touch(&*sessions, &new[0], time, expected.expires_at).await, "at {time}");
        assert_eq!(find(&*sessions, &new[0]).await.as_ref(), Some(&expected));
        let live = sessions.list_live(user, end).await.expect("sessions are listed");
        assert_eq!(live, if expected.expires_at > end { vec![expected] } else { vec![] });
        assert_eq!(find(&*sessions, &new[1]).await.as_ref(), Some(&new[1]));
    }
}

pub(crate) async fn an_expired_browser_session_is_not_touched((test_store, sessions): Fixture) {
    let store = test_store.store();
    let user = add_user(&*store, 0).await;
    let (expired, ended) = (browser_session(0, user), browser_session(1, user));
    sign_in(&*store, &*sessions, &[expired.clone(), ended.clone()]).await;
    end(&*store, ended.id, at(5)).await;
    let later = expired.expires_at + HOUR;
    assert!(!touch(&*sessions, &expired, expired.expires_at, later).await);
    assert!(!touch(&*sessions, &ended, at(6), later).await);
    assert!(!touch(&*sessions, &browser_session(9, user), at(6), later).await);
    assert_eq!(find(&*sessions, &expired).await.as_ref(), Some(&expired));
    assert_eq!(find(&*sessions, &ended).await, Some(Session { ended_at: Some(at(5)), ..ended }));
    assert!(find_session(&*store, expired.id).await.is_some_and(|session| session.ended_at.is_none()));
}

pub(crate) async fn live_browser_sessions_are_listed_newest_first((test_store, sessions): Fixture) {
    let store = test_store.store();
    let (alice, bob) = (add_user(&*store, 0).await, add_user(&*store, 1).await);
    let mut new = vec![session(3, alice), Session { expires_at: at(10), ..session(4, alice) }];
    // More than an adapter can request in one batch without care.
    new.extend((10..160).map(|n| browser_session(n, alice)));
    new.push(Session { expires_at: at(0) + HOUR + HOUR, ..browser_session(5, alice) });
    let bobs = [browser_session(200, bob), session(201, bob)];
    sign_in(&*store, &*sessions, &new).await;
    sign_in(&*store, &*sessions, &bobs).await;
    for (user, mut all) in [(alice, new), (bob, bobs.to_vec())] {
        all.sort_by_key(|session| std::cmp::Reverse(session.id));
        for now in [at(9), at(10), at(0) + HOUR, at(0) + HOUR + HOUR] {
            let expected: Vec<_> = all.iter().filter(|session| session.is_live(now)).cloned().collect();
            assert_eq!(sessions.list_live(user, now).await.expect("sessions are listed"), expected, "at {now}");
        }
    }
}

pub(crate) async fn concurrent_touches_of_a_browser_session_all_succeed((test_store, sessions): Fixture) {
    let store = test_store.store();
    let session = browser_session(0, add_user(&*store, 0).await);
    sign_in(&*store, &*sessions, std::slice::from_ref(&session)).await;
    let mut tasks = JoinSet::new();
    for n in 1..=20 {
        let (sessions, session) = (sessions.clone(), session.clone());
        tasks.spawn(async move { touch(&*sessions, &session, at(n), at(n) + HOUR).await });
    }
    assert_eq!(tasks.join_all().await, [true; 20]);
    let found = find(&*sessions, &session).await.expect("the session exists");
    assert!((1..=20).map(at).any(|seen_at| seen_at == found.last_seen_at), "{found:?}");
    let used = Session { last_seen_at: found.last_seen_at, expires_at: found.last_seen_at + HOUR, ..session };
    assert_eq!(found, used);
    // Writers are not blocked.
    commit(begin(&*store, memo_domain::Access::Write).await).await;
}
