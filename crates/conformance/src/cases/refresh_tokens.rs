use std::sync::Arc;

use memo_domain::{Access, Conflict, RefreshToken, SecretDigest, Session, SessionId, Store, StoreError, Timestamp};
use tokio::task::JoinSet;

use crate::{
    samples::{EARLIEST, LATEST, at, digest, refresh_token, session, session_id},
    steps::{
        add_refresh_token, add_session, add_user, assert_conflict, begin, commit, find_refresh_token, find_session,
        let_others_run, retry, write,
    },
};

async fn add_session_of_new_user(store: &dyn Store) -> SessionId {
    let session = session(0, add_user(store, 0).await);
    add_session(store, &session).await;
    session.id
}

async fn claim(store: &dyn Store, digest: SecretDigest, at: Timestamp) -> Result<bool, StoreError> {
    let mut uow = store.begin(Access::Write).await?;
    let claimed = uow.refresh_tokens().claim(&digest, at).await?;
    let_others_run().await;
    uow.commit().await?;
    Ok(claimed)
}

pub(crate) async fn a_refresh_token_reads_back_equal(store: Arc<dyn Store>) {
    let session_id = add_session_of_new_user(&*store).await;
    let tokens = [
        refresh_token(0, session_id),
        RefreshToken { used_at: Some(at(7)), ..refresh_token(1, session_id) },
        RefreshToken { issued_at: EARLIEST, expires_at: LATEST, ..refresh_token(2, session_id) },
        RefreshToken { digest: SecretDigest::new([0; 32]), ..refresh_token(3, session_id) },
        RefreshToken { digest: SecretDigest::new([0xff; 32]), ..refresh_token(4, session_id) },
        RefreshToken { digest: SecretDigest::new([b' '; 32]), ..refresh_token(5, session_id) },
        RefreshToken { digest: SecretDigest::new([b'a'; 32]), ..refresh_token(6, session_id) },
        RefreshToken { digest: SecretDigest::new([b'A'; 32]), ..refresh_token(7, session_id) },
    ];
    for token in &tokens {
        add_refresh_token(&*store, token).await;
    }
    for access in [Access::Read, Access::Snapshot, Access::Write] {
        let mut uow = begin(&*store, access).await;
        for token in &tokens {
            let stored = uow.refresh_tokens().lookup(&token.digest).await.expect("tokens are read");
            assert_eq!(stored.as_ref(), Some(token), "{access:?}");
        }
    }
    assert_eq!(find_refresh_token(&*store, digest(9)).await, None);
}

pub(crate) async fn an_insert_with_a_taken_digest_conflicts(store: Arc<dyn Store>) {
    let session_id = add_session_of_new_user(&*store).await;
    let first = refresh_token(0, session_id);
    add_refresh_token(&*store, &first).await;
    let mut uow = begin(&*store, Access::Write).await;
    let second = RefreshToken { issued_at: at(1), used_at: Some(at(2)), ..first.clone() };
    assert_conflict(uow.refresh_tokens().insert(&second).await, Conflict::Id);
    drop(uow);
    assert_eq!(find_refresh_token(&*store, first.digest).await, Some(first));
}

pub(crate) async fn a_refresh_token_needs_its_session(store: Arc<dyn Store>) {
    add_session_of_new_user(&*store).await;
    let orphan = refresh_token(0, session_id(9));
    let mut uow = begin(&*store, Access::Write).await;
    assert_conflict(uow.refresh_tokens().insert(&orphan).await, Conflict::Parent);
    drop(uow);
    assert_eq!(find_refresh_token(&*store, orphan.digest).await, None);
}

pub(crate) async fn a_refresh_token_is_claimed_at_any_time(store: Arc<dyn Store>) {
    let session_id = add_session_of_new_user(&*store).await;
    for (n, time) in [(0, EARLIEST), (1, at(0)), (2, LATEST)] {
        let token = refresh_token(n, session_id);
        add_refresh_token(&*store, &token).await;
        assert!(claim(&*store, token.digest, time).await.expect("the claim succeeds"));
        assert!(!claim(&*store, token.digest, LATEST).await.expect("the claim succeeds"));
        let used = RefreshToken { used_at: Some(time), ..token };
        assert_eq!(find_refresh_token(&*store, used.digest).await, Some(used));
    }
}

pub(crate) async fn a_refresh_token_is_claimed_once(store: Arc<dyn Store>) {
    let session_id = add_session_of_new_user(&*store).await;
    let (token, other) = (refresh_token(0, session_id), refresh_token(1, session_id));
    add_refresh_token(&*store, &token).await;
    add_refresh_token(&*store, &other).await;
    let mut uow = begin(&*store, Access::Write).await;
    assert!(uow.refresh_tokens().claim(&token.digest, at(5)).await.expect("the claim succeeds"));
    assert!(
        !uow.refresh_tokens().claim(&token.digest, at(6)).await.expect("the claim succeeds"),
        "in one unit of work"
    );
    commit(uow).await;
    for later in [at(5), at(7)] {
        assert!(!claim(&*store, token.digest, later).await.expect("the claim succeeds"), "in another");
    }
    let used = RefreshToken { used_at: Some(at(5)), ..token };
    assert_eq!(find_refresh_token(&*store, used.digest).await, Some(used));
    assert_eq!(find_refresh_token(&*store, other.digest).await, Some(other));

    let inserted_as_used = RefreshToken { used_at: Some(at(1)), ..refresh_token(2, session_id) };
    add_refresh_token(&*store, &inserted_as_used).await;
    assert!(!claim(&*store, inserted_as_used.digest, at(8)).await.expect("the claim succeeds"));
    assert_eq!(find_refresh_token(&*store, inserted_as_used.digest).await, Some(inserted_as_used));
}

pub(crate) async fn one_of_many_concurrent_claims_gets_the_token(store: Arc<dyn Store>) {
    let session_id = add_session_of_new_user(&*store).await;
    for round in 0..5 {
        let token = refresh_token(round, session_id);
        add_refresh_token(&*store, &token).await;
        let mut tasks = JoinSet::new();
        for n in 0..20 {
            let (store, digest) = (Arc::clone(&store), token.digest);
            tasks.spawn(async move { (at(n), retry(|| claim(&*store, digest, at(n))).await) });
        }
        let results = tasks.join_all().await;
        let winners: Vec<_> = results
            .into_iter()
            .filter_map(|(at, claimed)| claimed.expect("the claim succeeds").then_some(at))
            .collect();
        assert_eq!(winners.len(), 1, "exactly one claim gets the token");
        let stored = find_refresh_token(&*store, token.digest).await.expect("the token");
        assert_eq!(stored.used_at, Some(winners[0]));
    }
}

pub(crate) async fn an_absent_refresh_token_is_not_claimed(store: Arc<dyn Store>) {
    assert!(!claim(&*store, digest(0), at(0)).await.expect("the claim succeeds"));
    assert_eq!(find_refresh_token(&*store, digest(0)).await, None);
}

pub(crate) async fn a_rolled_back_claim_leaves_the_token_unused(store: Arc<dyn Store>) {
    let token = refresh_token(0, add_session_of_new_user(&*store).await);
    add_refresh_token(&*store, &token).await;
    let mut uow = begin(&*store, Access::Write).await;
    assert!(uow.refresh_tokens().claim(&token.digest, at(1)).await.expect("the claim succeeds"));
    drop(uow);
    assert_eq!(find_refresh_token(&*store, token.digest).await.as_ref(), Some(&token));
    assert!(claim(&*store, token.digest, at(2)).await.expect("the claim succeeds"));
}

pub(crate) async fn refresh_tokens_of_ended_sessions_are_removed(store: Arc<dyn Store>) {
    let user = add_user(&*store, 0).await;
    // Those of the last two stay.
    let ends = [(at(20), Some(at(5))), (at(5), None), (at(5), Some(at(5))), (at(10), None), (LATEST, Some(at(10)))];
    let mut digests = Vec::new();
    for (n, (expires_at, ended_at)) in (0..).zip(ends) {
        let session = Session { expires_at, ended_at, ..session(n, user) };
        add_session(&*store, &session).await;
        for token in 0..3 {
            let token = refresh_token(u8::try_from(n).expect("few") * 10 + token, session.id);
            add_refresh_token(&*store, &token).await;
            digests.push(token.digest);
        }
    }
    let remove =
        async |most| write(&*store, async |uow| uow.refresh_tokens().remove_of_ended(at(10), most).await).await;
    let count = async |digests: &[SecretDigest]| {
        let mut count = 0;
        for digest in digests {
            count += usize::from(find_refresh_token(&*store, *digest).await.is_some());
        }
        count
    };
    let (removed, kept) = digests.split_at(9);
    for (most, expected, left) in [(0, 0, 9), (2, 2, 7), (2, 2, 5), (4, 4, 1), (u32::MAX, 1, 0), (5, 0, 0)] {
        assert_eq!(remove(most).await, expected, "at most {most}");
        assert_eq!((count(removed).await, count(kept).await), (left, 6));
    }
    for n in 0..5 {
        assert!(find_session(&*store, session_id(n)).await.is_some(), "the sessions stay");
    }
}
