use std::sync::Arc;

use memo_domain::{
    Access, Conflict, OneTimeToken, Scopes, SecretDigest, Store, StoreError, Timestamp, TokenPurpose, UserId,
};

use crate::{
    samples::{EARLIEST, LATEST, at, awkward_users, digest, digest_of, one_time_token, user_id},
    steps::{add_user, assert_conflict, begin, committed, concurrently, dropped, try_write, write},
};

const VERIFY: TokenPurpose = TokenPurpose::VerifyEmail;
const RESET: TokenPurpose = TokenPurpose::ResetPassword;
const SECOND: TokenPurpose = TokenPurpose::SecondFactor;

async fn add(store: &dyn Store, tokens: &[OneTimeToken]) {
    for token in tokens {
        write(store, async |uow| uow.one_time_tokens().insert(token).await).await;
    }
}

/// Looks up a token by every purpose. At most one may find it.
async fn find(store: &dyn Store, digest: SecretDigest) -> Option<OneTimeToken> {
    let mut uow = begin(store, Access::Read).await;
    let mut found = Vec::new();
    for (purpose, _) in TokenPurpose::NAMES {
        found.extend(uow.one_time_tokens().lookup(&digest, purpose).await.expect("tokens are read"));
    }
    assert!(found.len() <= 1, "the token has one purpose");
    found.pop()
}

async fn take(
    store: &dyn Store,
    digest: SecretDigest,
    purpose: TokenPurpose,
) -> Result<Option<OneTimeToken>, StoreError> {
    let mut uow = store.begin(Access::Write).await?;
    let taken = uow.one_time_tokens().take(&digest, purpose).await?;
    committed(uow, taken).await
}

async fn count_try(store: &dyn Store, digest: SecretDigest) -> Result<u32, StoreError> {
    let mut uow = store.begin(Access::Write).await?;
    let sum = uow.one_time_tokens().count_try(&digest).await?;
    committed(uow, sum).await
}

/// Tokens of a user, one for each purpose.
fn of_each_purpose(first: u8, user: UserId) -> [OneTimeToken; 3] {
    let mut n = first;
    TokenPurpose::NAMES.map(|(purpose, _)| {
        n += 1;
        OneTimeToken { purpose, ..one_time_token(n, user) }
    })
}

pub(crate) async fn a_one_time_token_reads_back_equal(store: Arc<dyn Store>) {
    let user = add_user(&*store, 0).await;
    let mut tokens = of_each_purpose(0, user).to_vec();
    tokens.extend([
        OneTimeToken { scopes: Some(Scopes::all()), tries: 5, ..one_time_token(10, user) },
        OneTimeToken {
            purpose: SECOND,
            scopes: Some(Scopes::parse("memos:read account:write").expect("valid scopes")),
            tries: u32::MAX,
            created_at: EARLIEST,
            expires_at: LATEST,
            ..one_time_token(11, user)
        },
    ]);
    for bytes in [[0; 32], [0xff; 32], [b' '; 32], [b'a'; 32], [b'A'; 32]] {
        tokens.push(OneTimeToken { digest: SecretDigest::new(bytes), purpose: RESET, ..one_time_token(0, user) });
    }
    for (n, user_of_key) in (1_000..).zip(awkward_users()) {
        let email_key = Some(user_of_key.email.key().to_owned());
        tokens.push(OneTimeToken { digest: digest_of(n), email_key, ..one_time_token(0, user) });
    }
    add(&*store, &tokens).await;
    for access in [Access::Read, Access::Snapshot, Access::Write] {
        let mut uow = begin(&*store, access).await;
        for token in &tokens {
            for (purpose, _) in TokenPurpose::NAMES {
                let found = uow.one_time_tokens().lookup(&token.digest, purpose).await.expect("tokens are read");
                assert_eq!(found.as_ref(), Some(token).filter(|token| token.purpose == purpose), "{access:?}");
            }
        }
    }
    assert_eq!(find(&*store, digest(99)).await, None);
}

pub(crate) async fn an_insert_with_a_taken_one_time_digest_conflicts(store: Arc<dyn Store>) {
    let (user, other) = (add_user(&*store, 0).await, add_user(&*store, 1).await);
    let token = one_time_token(0, user);
    add(&*store, std::slice::from_ref(&token)).await;
    for taken in [token.clone(), OneTimeToken { purpose: RESET, expires_at: LATEST, ..one_time_token(0, other) }] {
        let inserted = try_write(&*store, async |uow| uow.one_time_tokens().insert(&taken).await).await;
        assert_conflict(inserted, Conflict::Id);
    }
    assert_eq!(find(&*store, token.digest).await, Some(token.clone()));
    // A digest that was taken is free again.
    assert_eq!(take(&*store, token.digest, VERIFY).await.expect("the take succeeds").as_ref(), Some(&token));
    add(&*store, &[token]).await;
}

pub(crate) async fn a_one_time_token_needs_its_user(store: Arc<dyn Store>) {
    add_user(&*store, 0).await;
    let orphan = one_time_token(0, user_id(9));
    let inserted = try_write(&*store, async |uow| uow.one_time_tokens().insert(&orphan).await).await;
    assert_conflict(inserted, Conflict::Parent);
    assert_eq!(find(&*store, orphan.digest).await, None);
}

pub(crate) async fn a_one_time_token_is_taken_once(store: Arc<dyn Store>) {
    let user = add_user(&*store, 0).await;
    let tokens =
        [OneTimeToken { tries: 2, scopes: Some(Scopes::all()), ..one_time_token(0, user) }, one_time_token(1, user)];
    add(&*store, &tokens).await;
    let [token, other] = &tokens;
    for purpose in [RESET, SECOND] {
        assert_eq!(take(&*store, token.digest, purpose).await.expect("the take succeeds"), None, "for another purpose");
    }
    assert_eq!(take(&*store, digest(9), VERIFY).await.expect("the take succeeds"), None);

    // A rollback restores a taken token.
    let twice = async |uow: &mut dyn memo_domain::UnitOfWork| {
        let first = uow.one_time_tokens().take(&token.digest, VERIFY).await?;
        let second = uow.one_time_tokens().take(&token.digest, VERIFY).await?;
        Ok([first, second, uow.one_time_tokens().lookup(&token.digest, VERIFY).await?])
    };
    let expected = [Some(token.clone()), None, None];
    assert_eq!(dropped(&*store, twice).await, expected, "in one unit of work");
    assert_eq!(find(&*store, token.digest).await.as_ref(), Some(token));
    assert_eq!(write(&*store, twice).await, expected);
    assert_eq!(take(&*store, token.digest, VERIFY).await.expect("the take succeeds"), None, "in another");
    assert_eq!(find(&*store, token.digest).await, None);
    assert_eq!(find(&*store, other.digest).await.as_ref(), Some(other));
}

pub(crate) async fn one_of_many_concurrent_takes_gets_the_token(store: Arc<dyn Store>) {
    let user = add_user(&*store, 0).await;
    for round in 0..5 {
        let token = one_time_token(round, user);
        add(&*store, std::slice::from_ref(&token)).await;
        let digest = token.digest;
        let results =
            concurrently(&store, 20, move |store, _| async move { take(&*store, digest, VERIFY).await }).await;
        let given: Vec<_> = results.into_iter().filter_map(|taken| taken.expect("the take succeeds")).collect();
        assert_eq!(given, [token], "exactly one taker gets the token");
        assert_eq!(find(&*store, digest).await, None);
    }
}

pub(crate) async fn tries_are_counted(store: Arc<dyn Store>) {
    let user = add_user(&*store, 0).await;
    let [token, other] = [OneTimeToken { purpose: SECOND, ..one_time_token(0, user) }, one_time_token(1, user)];
    add(&*store, &[token.clone(), other.clone()]).await;
    assert_eq!(count_try(&*store, digest(9)).await.expect("a try is counted"), 0, "no such token");
    assert_eq!(find(&*store, digest(9)).await, None);
    for sum in 1..4 {
        assert_eq!(count_try(&*store, token.digest).await.expect("a try is counted"), sum);
        let dropped_sum = dropped(&*store, async |uow| uow.one_time_tokens().count_try(&token.digest).await).await;
        assert_eq!(dropped_sum, sum + 1, "a dropped count is not stored");
    }
    let twice = async |uow: &mut dyn memo_domain::UnitOfWork| {
        let first = uow.one_time_tokens().count_try(&token.digest).await?;
        Ok([first, uow.one_time_tokens().count_try(&token.digest).await?])
    };
    assert_eq!(write(&*store, twice).await, [4, 5], "in one unit of work");
    assert_eq!(find(&*store, token.digest).await, Some(OneTimeToken { tries: 5, ..token.clone() }));
    assert_eq!(find(&*store, other.digest).await, Some(other));
    let tries = take(&*store, token.digest, SECOND).await.expect("the take succeeds").map(|taken| taken.tries);
    assert_eq!(tries, Some(5));
    assert_eq!(count_try(&*store, token.digest).await.expect("a try is counted"), 0, "the token was taken");
}

pub(crate) async fn concurrent_tries_are_all_counted(store: Arc<dyn Store>) {
    let token = one_time_token(0, add_user(&*store, 0).await);
    add(&*store, std::slice::from_ref(&token)).await;
    let digest = token.digest;
    let sums = concurrently(&store, 30, move |store, _| async move { count_try(&*store, digest).await }).await;
    let mut sums: Vec<_> = sums.into_iter().map(|sum| sum.expect("a try is counted")).collect();
    sums.sort_unstable();
    assert!(sums.into_iter().eq(1..=30), "each sum is returned once");
    assert_eq!(find(&*store, digest).await, Some(OneTimeToken { tries: 30, ..token }));
}

pub(crate) async fn one_time_tokens_of_a_purpose_are_removed(store: Arc<dyn Store>) {
    let (user, other) = (add_user(&*store, 0).await, add_user(&*store, 1).await);
    let mut tokens: Vec<_> = [of_each_purpose(0, user), of_each_purpose(10, user), of_each_purpose(20, other)].concat();
    add(&*store, &tokens).await;
    dropped(&*store, async |uow| uow.one_time_tokens().remove_all(user, VERIFY).await).await;
    for (owner, purpose) in [(user_id(9), VERIFY), (user, RESET), (user, RESET), (other, VERIFY)] {
        write(&*store, async |uow| uow.one_time_tokens().remove_all(owner, purpose).await).await;
        for token in &tokens {
            let is_removed = token.user_id == owner && token.purpose == purpose;
            assert_eq!(find(&*store, token.digest).await.as_ref(), Some(token).filter(|_| !is_removed));
        }
        tokens.retain(|token| token.user_id != owner || token.purpose != purpose);
    }
    assert_eq!(tokens.len(), 6);
}

pub(crate) async fn expired_one_time_tokens_are_removed(store: Arc<dyn Store>) {
    let (user, other) = (add_user(&*store, 0).await, add_user(&*store, 1).await);
    let ends = [at(10), EARLIEST, at(9), at(11), LATEST, at(10), at(8)];
    let tokens: Vec<_> = (0..)
        .zip(ends)
        .map(|(n, expires_at)| {
            let (purpose, _) = TokenPurpose::NAMES[usize::from(n) % 3];
            let created_at = if n % 2 == 0 { EARLIEST } else { LATEST };
            OneTimeToken { purpose, expires_at, created_at, ..one_time_token(n, if n < 4 { user } else { other }) }
        })
        .collect();
    add(&*store, &tokens).await;
    let remove = async |time: Timestamp, most| {
        let removed = write(&*store, async |uow| uow.one_time_tokens().remove_before(time, most).await).await;
        let mut stored = Vec::new();
        for token in &tokens {
            let found = find(&*store, token.digest).await;
            assert!(found.as_ref().is_none_or(|found| found == token));
            stored.extend(found.map(|found| found.expires_at));
        }
        (removed, stored)
    };
    let all = ends.to_vec();
    assert_eq!(remove(EARLIEST, 100).await, (0, all.clone()), "a token that expires at exactly that time stays");
    assert_eq!(dropped(&*store, async |uow| uow.one_time_tokens().remove_before(at(9), 9).await).await, 2);
    assert_eq!(remove(at(9), 0).await, (0, all));
    assert_eq!(remove(at(9), 9).await, (2, vec![at(10), at(9), at(11), LATEST, at(10)]));
    // Removes at most `most` tokens; fewer mean that none are left to remove.
    let (removed, stored) = remove(at(11), 2).await;
    assert_eq!((removed, stored.len()), (2, 3));
    assert_eq!(remove(at(11), 2).await, (1, vec![at(11), LATEST]));
    assert_eq!(remove(LATEST, u32::MAX).await, (1, vec![LATEST]));
}
