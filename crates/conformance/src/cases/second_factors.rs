use std::sync::Arc;

use memo_domain::{Access, Conflict, Sealed, SecondFactor, SecretDigest, Store, StoreError, UserId};

use crate::{
    samples::{EARLIEST, LATEST, at, digest_of, second_factor, user_id},
    steps::{add_user, assert_conflict, begin, committed, concurrently, dropped, read, try_write, write},
};

async fn upsert(store: &dyn Store, factor: &SecondFactor) {
    write(store, async |uow| uow.second_factors().upsert(factor).await).await;
}

async fn replace_codes(store: &dyn Store, user: UserId, codes: &[SecretDigest]) {
    write(store, async |uow| uow.second_factors().replace_codes(user, codes).await).await;
}

async fn find(store: &dyn Store, user: UserId) -> Option<SecondFactor> {
    read(store, Access::Read, async |uow| uow.second_factors().lookup(user).await).await
}

async fn count_codes(store: &dyn Store, user: UserId) -> u64 {
    read(store, Access::Read, async |uow| uow.second_factors().count_codes(user).await).await
}

async fn remove(store: &dyn Store, user: UserId) -> bool {
    write(store, async |uow| uow.second_factors().remove(user).await).await
}

async fn claim_step(store: &dyn Store, user: UserId, step: i64) -> Result<bool, StoreError> {
    let mut uow = store.begin(Access::Write).await?;
    let claimed = uow.second_factors().claim_step(user, step).await?;
    committed(uow, claimed).await
}

async fn claim_code(store: &dyn Store, user: UserId, code: SecretDigest) -> Result<bool, StoreError> {
    let mut uow = store.begin(Access::Write).await?;
    let claimed = uow.second_factors().claim_code(user, &code).await?;
    committed(uow, claimed).await
}

pub(crate) async fn a_second_factor_reads_back_equal(store: Arc<dyn Store>) {
    let (user, other) = (add_user(&*store, 0).await, add_user(&*store, 1).await);
    assert_eq!(find(&*store, user).await, None);
    let stored = SecondFactor { secret: Sealed::new(vec![7]), last_step: 3, ..second_factor(other) };
    upsert(&*store, &stored).await;
    let plain = second_factor(user);
    let factors = [
        plain.clone(),
        SecondFactor { confirmed_at: Some(at(7)), last_step: 58_995_000, ..plain.clone() },
        SecondFactor {
            secret: Sealed::new(vec![0; 64]),
            confirmed_at: Some(LATEST),
            last_step: i64::MAX,
            created_at: EARLIEST,
            ..plain.clone()
        },
        SecondFactor { secret: Sealed::new(vec![0xff]), last_step: i64::MIN, created_at: LATEST, ..plain.clone() },
        SecondFactor {
            secret: Sealed::new(b"a\0'\\".repeat(60)),
            confirmed_at: Some(EARLIEST),
            last_step: -1,
            ..plain
        },
    ];
    for factor in &factors {
        upsert(&*store, factor).await;
        // Replacing by an equal value is not an error, although some databases count no affected row.
        upsert(&*store, factor).await;
        for access in [Access::Read, Access::Snapshot, Access::Write] {
            let found = read(&*store, access, async |uow| uow.second_factors().lookup(user).await).await;
            assert_eq!(found.as_ref(), Some(factor), "{access:?}");
        }
    }
    dropped(&*store, async |uow| uow.second_factors().upsert(&factors[0]).await).await;
    assert_eq!(find(&*store, user).await.as_ref(), factors.last());
    assert_eq!(find(&*store, other).await, Some(stored));
    assert_eq!(find(&*store, user_id(9)).await, None);
}

pub(crate) async fn a_second_factor_needs_its_user(store: Arc<dyn Store>) {
    add_user(&*store, 0).await;
    let orphan = second_factor(user_id(9));
    assert_conflict(try_write(&*store, async |uow| uow.second_factors().upsert(&orphan).await).await, Conflict::Parent);
    assert_eq!(find(&*store, orphan.user_id).await, None);
}

pub(crate) async fn an_upsert_keeps_the_recovery_codes(store: Arc<dyn Store>) {
    let user = add_user(&*store, 0).await;
    upsert(&*store, &second_factor(user)).await;
    let codes = [digest_of(1), digest_of(2)];
    replace_codes(&*store, user, &codes).await;
    let confirmed = SecondFactor { secret: Sealed::new(vec![9]), confirmed_at: Some(at(1)), ..second_factor(user) };
    upsert(&*store, &confirmed).await;
    assert_eq!(count_codes(&*store, user).await, 2);
    for code in codes {
        assert!(claim_code(&*store, user, code).await.expect("the claim succeeds"));
    }
    assert_eq!(find(&*store, user).await, Some(confirmed));
}

pub(crate) async fn recovery_codes_need_a_second_factor(store: Arc<dyn Store>) {
    let (user, other) = (add_user(&*store, 0).await, add_user(&*store, 1).await);
    upsert(&*store, &second_factor(other)).await;
    for codes in [&[digest_of(1)][..], &[]] {
        for user in [user, user_id(9)] {
            let replaced = try_write(&*store, async |uow| uow.second_factors().replace_codes(user, codes).await).await;
            assert_conflict(replaced, Conflict::Parent);
            assert_eq!(count_codes(&*store, user).await, 0);
        }
    }
    remove(&*store, other).await;
    let replaced = try_write(&*store, async |uow| uow.second_factors().replace_codes(other, &[digest_of(1)]).await);
    assert_conflict(replaced.await, Conflict::Parent);
}

pub(crate) async fn equal_recovery_codes_count_once(store: Arc<dyn Store>) {
    let (user, other) = (add_user(&*store, 0).await, add_user(&*store, 1).await);
    let [one, two] = [digest_of(1), digest_of(2)];
    for user in [user, other] {
        // Two users may have equal codes.
        upsert(&*store, &second_factor(user)).await;
        replace_codes(&*store, user, &[one, two, one, one]).await;
        assert_eq!(count_codes(&*store, user).await, 2);
    }
    assert!(claim_code(&*store, user, one).await.expect("the claim succeeds"));
    assert!(!claim_code(&*store, user, one).await.expect("the claim succeeds"));
    assert_eq!((count_codes(&*store, user).await, count_codes(&*store, other).await), (1, 2));
}

pub(crate) async fn a_step_may_be_any_number(store: Arc<dyn Store>) {
    let user = add_user(&*store, 0).await;
    upsert(&*store, &SecondFactor { last_step: i64::MIN, ..second_factor(user) }).await;
    for (step, expected) in [(i64::MIN, false), (i64::MIN + 1, true), (-1, true), (0, true), (0, false)] {
        assert_eq!(claim_step(&*store, user, step).await.expect("the claim succeeds"), expected, "{step}");
    }
    for (step, expected) in [(i64::MAX, true), (i64::MAX, false), (i64::MIN, false)] {
        assert_eq!(claim_step(&*store, user, step).await.expect("the claim succeeds"), expected, "{step}");
    }
    assert_eq!(find(&*store, user).await.map(|factor| factor.last_step), Some(i64::MAX));
}

pub(crate) async fn a_step_is_claimed_once(store: Arc<dyn Store>) {
    let (user, other) = (add_user(&*store, 0).await, add_user(&*store, 1).await);
    let stored = SecondFactor { confirmed_at: Some(at(1)), last_step: 10, ..second_factor(user) };
    upsert(&*store, &stored).await;
    upsert(&*store, &second_factor(other)).await;
    for (step, is_new) in [(10, false), (9, false), (i64::MIN, false), (11, true), (11, false), (10, false), (20, true)]
    {
        assert_eq!(claim_step(&*store, user, step).await.expect("the claim succeeds"), is_new, "{step}");
    }
    assert!(dropped(&*store, async |uow| uow.second_factors().claim_step(user, 30).await).await);
    assert_eq!(
        find(&*store, user).await,
        Some(SecondFactor { last_step: 20, ..stored.clone() }),
        "only the step changes"
    );
    let several = write(&*store, async |uow| {
        let mut several = Vec::new();
        for step in [30, 30, 29, 31] {
            several.push(uow.second_factors().claim_step(user, step).await?);
        }
        Ok(several)
    });
    assert_eq!(several.await, [true, false, false, true], "in one unit of work");
    assert_eq!(find(&*store, user).await, Some(SecondFactor { last_step: 31, ..stored }));
    assert_eq!(find(&*store, other).await, Some(second_factor(other)));
    assert!(!claim_step(&*store, user_id(9), 1).await.expect("the claim succeeds"), "of an unknown user");
    assert_eq!(find(&*store, user_id(9)).await, None);
    assert!(remove(&*store, other).await);
    assert!(!claim_step(&*store, other, 1).await.expect("the claim succeeds"), "of a removed factor");
}

pub(crate) async fn one_of_many_concurrent_claims_gets_the_step(store: Arc<dyn Store>) {
    let user = add_user(&*store, 0).await;
    upsert(&*store, &second_factor(user)).await;
    for step in 1..6 {
        let claims =
            concurrently(&store, 20, move |store, _| async move { claim_step(&*store, user, step).await }).await;
        let claimed = claims.into_iter().filter(|claimed| *claimed.as_ref().expect("the claim succeeds")).count();
        assert_eq!(claimed, 1, "exactly one claim gets the step");
        assert_eq!(find(&*store, user).await.map(|factor| factor.last_step), Some(step));
    }
    // Of different steps, the last one wins. Each is claimed at most once.
    let claims = concurrently(&store, 20, move |store, n| async move {
        let step = 100 + i64::from(n) / 2;
        Ok((step, claim_step(&*store, user, step).await?))
    });
    let claims: Vec<_> = claims.await.into_iter().map(|claim| claim.expect("the claim succeeds")).collect();
    for step in 100..110 {
        let claimed = claims.iter().filter(|claim| **claim == (step, true)).count();
        assert!(claimed <= 1, "{step}");
        assert!(step < 109 || claimed == 1, "the last step is claimed");
    }
    assert_eq!(find(&*store, user).await.map(|factor| factor.last_step), Some(109));
}

pub(crate) async fn a_recovery_code_is_claimed_once(store: Arc<dyn Store>) {
    let (user, other) = (add_user(&*store, 0).await, add_user(&*store, 1).await);
    let odd = [[0; 32], [0xff; 32], [b' '; 32], [b'a'; 32], [b'A'; 32]].map(SecretDigest::new);
    upsert(&*store, &second_factor(user)).await;
    upsert(&*store, &second_factor(other)).await;
    replace_codes(&*store, user, &odd).await;
    replace_codes(&*store, other, &[digest_of(0), digest_of(1)]).await;
    assert_eq!((count_codes(&*store, user).await, count_codes(&*store, other).await), (5, 2));
    for (owner, code) in [(user, digest_of(0)), (other, odd[0]), (user_id(9), odd[0]), (user, digest_of(9))] {
        assert!(!claim_code(&*store, owner, code).await.expect("the claim succeeds"), "not a code of this user");
    }
    for (code, left) in odd.into_iter().zip([4, 3, 2, 1, 0]) {
        let twice = async |uow: &mut dyn memo_domain::UnitOfWork| {
            let first = uow.second_factors().claim_code(user, &code).await?;
            let second = uow.second_factors().claim_code(user, &code).await?;
            Ok((first, second, uow.second_factors().count_codes(user).await?))
        };
        assert_eq!(dropped(&*store, twice).await, (true, false, left), "in one unit of work");
        assert_eq!(count_codes(&*store, user).await, left + 1, "a dropped claim is undone");
        assert_eq!(write(&*store, twice).await, (true, false, left));
        assert!(!claim_code(&*store, user, code).await.expect("the claim succeeds"), "in another");
        assert_eq!(count_codes(&*store, user).await, left);
    }
    assert_eq!(count_codes(&*store, other).await, 2);
    assert_eq!(find(&*store, user).await, Some(second_factor(user)), "the factor stays");
}

pub(crate) async fn one_of_many_concurrent_claims_gets_the_code(store: Arc<dyn Store>) {
    let user = add_user(&*store, 0).await;
    upsert(&*store, &second_factor(user)).await;
    replace_codes(&*store, user, &[0, 1, 2, 3, 4].map(digest_of)).await;
    for round in 0..5 {
        let code = digest_of(round);
        let claims =
            concurrently(&store, 20, move |store, _| async move { claim_code(&*store, user, code).await }).await;
        let claimed = claims.into_iter().filter(|claimed| *claimed.as_ref().expect("the claim succeeds")).count();
        assert_eq!(claimed, 1, "exactly one claim gets the code");
        assert_eq!(count_codes(&*store, user).await, 4 - u64::from(round));
    }
}

pub(crate) async fn a_removed_second_factor_has_no_codes(store: Arc<dyn Store>) {
    let (user, other) = (add_user(&*store, 0).await, add_user(&*store, 1).await);
    let [first, second, third] = [0, 1, 2].map(digest_of);
    upsert(&*store, &second_factor(user)).await;
    upsert(&*store, &second_factor(other)).await;
    assert_eq!(count_codes(&*store, user).await, 0);
    replace_codes(&*store, user, &[first, second]).await;
    replace_codes(&*store, other, &[digest_of(10)]).await;
    replace_codes(&*store, user, &[third, second]).await;
    assert_eq!(count_codes(&*store, user).await, 2);
    assert!(!claim_code(&*store, user, first).await.expect("the claim succeeds"), "a replaced code");
    assert!(claim_code(&*store, user, second).await.expect("the claim succeeds"), "a code that was set again");
    replace_codes(&*store, user, &[second, third]).await;
    dropped(&*store, async |uow| uow.second_factors().replace_codes(user, &[]).await).await;
    assert_eq!(count_codes(&*store, user).await, 2);
    replace_codes(&*store, user, &[]).await;
    assert_eq!(count_codes(&*store, user).await, 0);
    assert!(!claim_code(&*store, user, third).await.expect("the claim succeeds"), "all codes were removed");

    replace_codes(&*store, user, &[first, second]).await;
    assert!(dropped(&*store, async |uow| uow.second_factors().remove(user).await).await);
    assert_eq!((find(&*store, user).await, count_codes(&*store, user).await), (Some(second_factor(user)), 2));
    let mut uow = begin(&*store, Access::Write).await;
    assert!(uow.second_factors().remove(user).await.expect("the factor is removed"));
    assert!(
        !uow.second_factors().claim_code(user, &first).await.expect("the claim succeeds"),
        "in the same unit of work"
    );
    uow.commit().await.expect("the unit of work commits");
    assert_eq!((find(&*store, user).await, count_codes(&*store, user).await), (None, 0));
    assert!(!claim_code(&*store, user, second).await.expect("the claim succeeds"));
    assert!(!remove(&*store, user).await, "the factor was removed");
    assert!(!remove(&*store, user_id(9)).await, "of an unknown user");

    // A new factor starts without codes.
    upsert(&*store, &second_factor(user)).await;
    assert_eq!(count_codes(&*store, user).await, 0);
    assert!(!claim_code(&*store, user, first).await.expect("the claim succeeds"));
    replace_codes(&*store, user, &[first]).await;
    assert!(claim_code(&*store, user, first).await.expect("the claim succeeds"));
    assert_eq!((find(&*store, other).await, count_codes(&*store, other).await), (Some(second_factor(other)), 1));
}
