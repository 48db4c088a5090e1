use std::{
    future::poll_fn,
    sync::Arc,
    task::Poll,
    time::{Duration, Instant},
};

use memo_domain::{HashError, Password, PasswordHash, PasswordHasher};
use tokio::task::JoinSet;

fn password(text: &str) -> Password {
    Password::new(text).expect("a valid password")
}

async fn hash(hasher: &dyn PasswordHasher, text: &str) -> PasswordHash {
    hasher.hash(&password(text)).await.expect("the password is hashed")
}

async fn verify(hasher: &dyn PasswordHasher, text: &str, hash: Option<&PasswordHash>) -> bool {
    hasher.verify(&password(text), hash).await.expect("the password is checked")
}

pub(crate) async fn a_password_verifies_against_its_own_hash(hasher: Arc<dyn PasswordHasher>) {
    let one = hash(&*hasher, "correct horse").await;
    assert!(verify(&*hasher, "correct horse", Some(&one)).await);
    for wrong in ["wrong horse", "Correct horse", "correct horse ", "correct  horse"] {
        assert!(!verify(&*hasher, wrong, Some(&one)).await, "{wrong}");
    }
    let other = hash(&*hasher, "battery staple").await;
    assert!(!verify(&*hasher, "correct horse", Some(&other)).await);
}

pub(crate) async fn every_character_of_a_password_counts(hasher: Arc<dyn PasswordHasher>) {
    // Both are longer than the 72 bytes that bcrypt reads; the second one is as long as a password may be.
    for long in ["x".repeat(100), "가".repeat(Password::MAX)] {
        let hash = hash(&*hasher, &long).await;
        assert!(verify(&*hasher, &long, Some(&hash)).await);
        let last = long.chars().count() - 1;
        for changed in [0, last / 2, last] {
            let other: String =
                long.chars().enumerate().map(|(n, char)| if n == changed { '!' } else { char }).collect();
            assert!(!verify(&*hasher, &other, Some(&hash)).await, "character {changed} of {last}");
        }
        let shorter: String = long.chars().take(last).collect();
        assert!(!verify(&*hasher, &shorter, Some(&hash)).await, "without the last character");
    }
}

pub(crate) async fn two_hashes_of_a_password_differ(hasher: Arc<dyn PasswordHasher>) {
    let (one, other) = (hash(&*hasher, "correct horse").await, hash(&*hasher, "correct horse").await);
    assert_ne!(one.as_str(), other.as_str());
}

pub(crate) async fn a_new_hash_is_not_outdated(hasher: Arc<dyn PasswordHasher>) {
    assert!(!hasher.is_outdated(&hash(&*hasher, "correct horse").await));
    assert!(hasher.is_outdated(&PasswordHash::new("no hash at all".to_owned())));
}

pub(crate) async fn hashing_does_not_block(hasher: Arc<dyn PasswordHasher>) {
    let (password, known) = (password("correct horse"), hash(&*hasher, "correct horse").await);
    // Work that ends within the first poll was done by the thread that polls. Another thread is faster than that now and
    // then, but not every time.
    let (mut hashed_inline, mut verified_inline) = (0, 0);
    for _ in 0..20 {
        let mut hashing = hasher.hash(&password);
        match poll_fn(|context| Poll::Ready(hashing.as_mut().poll(context))).await {
            Poll::Ready(_) => hashed_inline += 1,
            Poll::Pending => drop(hashing.await.expect("the password is hashed")),
        }
        let mut verifying = hasher.verify(&password, Some(&known));
        match poll_fn(|context| Poll::Ready(verifying.as_mut().poll(context))).await {
            Poll::Ready(_) => verified_inline += 1,
            Poll::Pending => assert!(verifying.await.expect("the password is checked")),
        }
    }
    assert!(hashed_inline < 20 && verified_inline < 20, "a password was hashed by the thread that polls");
}

pub(crate) async fn waiting_hashes_are_bounded(hasher: Arc<dyn PasswordHasher>) {
    let mut tasks = JoinSet::new();
    for _ in 0..1_000 {
        let hasher = hasher.clone();
        tasks.spawn(async move { hasher.hash(&password("correct horse")).await });
    }
    let (mut done, mut refused) = (0, 0);
    for result in tasks.join_all().await {
        match result {
            Ok(_) => done += 1,
            Err(HashError::Busy { retry_after }) => {
                assert!(retry_after > Duration::ZERO);
                refused += 1;
            }
            Err(error) => panic!("{error:?}"),
        }
    }
    assert!(done > 0 && refused > 0, "{done} hashed, {refused} refused");
    hash(&*hasher, "correct horse").await;
}

pub(crate) async fn a_missing_hash_takes_as_long_as_a_wrong_password(hasher: Arc<dyn PasswordHasher>) {
    let known = hash(&*hasher, "correct horse").await;
    let time = async |hash| {
        let begin = Instant::now();
        assert!(!verify(&*hasher, "wrong horse", hash).await);
        begin.elapsed()
    };
    // The shortest of many times is what the work itself takes, whatever else the machine does.
    let (mut with, mut without) = (Duration::MAX, Duration::MAX);
    for _ in 0..10 {
        for _ in 0..20 {
            (with, without) = (with.min(time(Some(&known)).await), without.min(time(None).await));
        }
        if with < without * 2 && without < with * 2 {
            return;
        }
    }
    panic!("{with:?} with a hash, {without:?} without");
}
