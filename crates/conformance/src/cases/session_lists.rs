use std::{collections::BTreeSet, sync::Arc};

use memo_domain::{Access, Session, SessionId, Store, StoreError, Timestamp, UserId};

use crate::{
    samples::{EARLIEST, LATEST, at, full_session, refresh_token, session, session_id, user_id},
    steps::{
        add_refresh_token, add_session, add_user, committed, concurrently, dropped, find_refresh_token, find_session,
        read, write,
    },
};

async fn live(store: &dyn Store, user: UserId, now: Timestamp) -> Vec<Session> {
    read(store, Access::Read, async |uow| uow.sessions().list_live(user, now).await).await
}

/// Removes old sessions and returns how many.
async fn remove_before(store: &dyn Store, time: Timestamp, most: u32) -> u64 {
    write(store, async |uow| uow.sessions().remove_before(time, most).await).await
}

async fn try_end_all(
    store: &dyn Store,
    user: UserId,
    except: Option<SessionId>,
    at: Timestamp,
) -> Result<Vec<SessionId>, StoreError> {
    let mut uow = store.begin(Access::Write).await?;
    let ended = uow.sessions().end_all(user, except, at).await?;
    committed(uow, ended).await
}

/// Ends sessions and returns their ids, in any order.
async fn end_all(store: &dyn Store, user: UserId, except: Option<SessionId>, at: Timestamp) -> BTreeSet<SessionId> {
    let ended = try_end_all(store, user, except, at).await.expect("sessions are ended");
    let ids = ended.iter().copied().collect::<BTreeSet<_>>();
    assert_eq!(ids.len(), ended.len(), "each id is returned once");
    ids
}

/// Inserts sessions of a user with these expiry and end times.
async fn add_ending(
    store: &dyn Store,
    user: UserId,
    first: u32,
    ends: &[(Timestamp, Option<Timestamp>)],
) -> Vec<Session> {
    let mut sessions = Vec::new();
    for (n, (expires_at, ended_at)) in (first..).zip(ends.iter().copied()) {
        sessions.push(Session { expires_at, ended_at, ..session(n, user) });
    }
    for session in &sessions {
        add_session(store, session).await;
    }
    sessions
}

pub(crate) async fn live_sessions_are_listed_newest_first(store: Arc<dyn Store>) {
    let (user, other) = (add_user(&*store, 0).await, add_user(&*store, 1).await);
    let ends = [
        (LATEST, None),
        (at(10), None),
        (at(11), None),
        (at(9), None),
        (EARLIEST, None),
        (LATEST, Some(EARLIEST)),
        // An end in the future counts as ended, too.
        (LATEST, Some(LATEST)),
        (at(20), Some(at(5))),
    ];
    let mut all = add_ending(&*store, user, 0, &ends).await;
    all.push(Session { ended_at: None, ..full_session(50, user, "everything") });
    add_session(&*store, &all[8]).await;
    let others = add_ending(&*store, other, 100, &[(LATEST, None), (at(10), None)]).await;
    for (user, mut sessions) in [(user, all), (other, others), (user_id(9), vec![])] {
        sessions.sort_by_key(|session| std::cmp::Reverse(session.id));
        for now in [EARLIEST, at(0), at(9), at(10), at(11), LATEST] {
            let expected: Vec<_> = sessions.iter().filter(|session| session.is_live(now)).cloned().collect();
            assert_eq!(live(&*store, user, now).await, expected, "at {now}");
        }
    }

    // The list has no limit.
    let many = [(LATEST, None); 150];
    add_ending(&*store, other, 1_000, &many).await;
    assert_eq!(live(&*store, other, at(10)).await.len(), 151);
}

pub(crate) async fn all_sessions_but_one_are_ended(store: Arc<dyn Store>) {
    let (user, other) = (add_user(&*store, 0).await, add_user(&*store, 1).await);
    let ends = [(LATEST, None), (at(1), None), (LATEST, Some(at(2))), (LATEST, None), (at(9), Some(at(3)))];
    let sessions = add_ending(&*store, user, 0, &ends).await;
    let others = add_ending(&*store, other, 100, &ends).await;
    let ids = |indices: &[usize]| indices.iter().map(|index| sessions[*index].id).collect::<BTreeSet<_>>();

    // An expired session is not an ended one, and is ended as well.
    let rolled_back = dropped(&*store, async |uow| uow.sessions().end_all(user, None, at(5)).await).await;
    assert_eq!(BTreeSet::from_iter(rolled_back), ids(&[0, 1, 3]));
    assert_eq!(end_all(&*store, user, Some(sessions[3].id), at(6)).await, ids(&[0, 1]));
    // Unknown users, and an exception that belongs to another user, has ended, or does not exist.
    assert_eq!(end_all(&*store, user_id(9), None, at(7)).await, BTreeSet::new());
    assert_eq!(end_all(&*store, user, Some(sessions[3].id), at(8)).await, BTreeSet::new());
    let expected = [Some(at(6)), Some(at(6)), Some(at(2)), None, Some(at(3))];
    for (session, ended_at) in sessions.iter().zip(expected) {
        let expected = Session { ended_at, ..session.clone() };
        assert_eq!(find_session(&*store, session.id).await, Some(expected));
    }
    for excepted in [others[0].id, sessions[0].id, session_id(99)] {
        dropped(&*store, async |uow| {
            assert_eq!(uow.sessions().end_all(user, Some(excepted), at(9)).await?, [sessions[3].id]);
            Ok(())
        })
        .await;
    }
    for session in &others {
        assert_eq!(find_session(&*store, session.id).await.as_ref(), Some(session));
    }

    // Of concurrent calls, one ends each session.
    let ended =
        concurrently(&store, 8, move |store, n| async move { try_end_all(&*store, other, None, at(n.into())).await });
    let ended: Vec<_> = ended.await.into_iter().flat_map(|ended| ended.expect("it succeeds eventually")).collect();
    assert_eq!(ended.len(), 3);
    assert_eq!(BTreeSet::from_iter(ended), BTreeSet::from_iter([0, 1, 3].map(|index: usize| others[index].id)));
}

pub(crate) async fn long_expired_sessions_are_removed(store: Arc<dyn Store>) {
    let (user, other) = (add_user(&*store, 0).await, add_user(&*store, 1).await);
    let ends = [
        (LATEST, None),
        (at(10), None),
        (at(10), Some(at(20))),
        (at(20), Some(at(10))),
        (at(9), Some(at(9))),
        (at(20), None),
        (LATEST, Some(at(20))),
        (LATEST, Some(EARLIEST)),
    ];
    let mut sessions = add_ending(&*store, user, 0, &ends).await;
    sessions.extend(add_ending(&*store, other, 100, &ends[..2]).await);
    let tokens: Vec<_> = (0..).zip(&sessions).map(|(n, session)| refresh_token(n, session.id)).collect();
    for token in &tokens {
        add_refresh_token(&*store, token).await;
    }
    // The indices of the sessions that exist. A token exists exactly if its session does.
    let remaining = async || {
        let mut remaining = Vec::new();
        for (index, (session, token)) in sessions.iter().zip(&tokens).enumerate() {
            let found = find_session(&*store, session.id).await;
            assert_eq!(found.is_some(), find_refresh_token(&*store, token.digest).await.is_some());
            if found.is_some() {
                remaining.push(index);
            }
            assert!(found.is_none_or(|found| found == *session));
        }
        remaining
    };
    assert_eq!(remove_before(&*store, EARLIEST, 100).await, 0, "a session that ended at exactly that time stays");
    assert_eq!(remove_before(&*store, at(9), 100).await, 1);
    assert_eq!(remaining().await, [0, 1, 2, 3, 4, 5, 6, 8, 9]);
    assert_eq!(remove_before(&*store, at(10), 100).await, 1);
    assert_eq!(remaining().await, [0, 1, 2, 3, 5, 6, 8, 9]);
    let removed = dropped(&*store, async |uow| uow.sessions().remove_before(at(11), 100).await).await;
    assert_eq!(removed, 4, "of all users");
    assert_eq!(remaining().await.len(), 8);
    for (most, removed) in [(0, 0), (3, 3), (1, 1), (2, 0)] {
        assert_eq!(remove_before(&*store, at(11), most).await, removed, "at most {most}");
    }
    assert_eq!(remaining().await, [0, 5, 6, 8]);
    assert_eq!(remove_before(&*store, LATEST, u32::MAX).await, 2);
    assert_eq!(remaining().await, [0, 8]);
}
