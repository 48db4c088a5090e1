use std::{future::poll_fn, task::Poll};

use memo_memory::SequentialSecrets;

use super::*;

const LANE: HashLane = HashLane { purpose: HashPurpose::SignIn, client: None };

fn hasher(queue: usize, peppers: &[u8]) -> BcryptHasher {
    let settings = BcryptSettings { cost: 4, threads: 1, queue };
    let peppers = peppers.iter().map(|byte| Secret::new([*byte; 32])).collect();
    BcryptHasher::new(settings, peppers, Arc::new(SequentialSecrets::new()))
}

fn password(text: &str) -> Password {
    Password::new(text).expect("a valid password")
}

#[tokio::test]
async fn only_the_right_password_verifies() {
    let hasher = hasher(8, &[1]);
    let hash = hasher.hash(&password("correct horse"), LANE).await.expect("hashed");
    assert!(hash.as_str().starts_with("$2b$04$"));
    assert!(hasher.verify(&password("correct horse"), Some(&hash), LANE).await.expect("verified"));
    assert!(!hasher.verify(&password("wrong horse"), Some(&hash), LANE).await.expect("verified"));
    assert!(!hasher.verify(&password("correct horse"), None, LANE).await.expect("verified"));
}

#[tokio::test]
async fn a_long_password_is_hashed_whole() {
    let hasher = hasher(8, &[1]);
    let long = "가".repeat(64);
    let hash = hasher.hash(&password(&long), LANE).await.expect("hashed");
    assert!(hasher.verify(&password(&long), Some(&hash), LANE).await.expect("verified"));
    let other = format!("{}나", "가".repeat(63));
    assert!(!hasher.verify(&password(&other), Some(&hash), LANE).await.expect("verified"));
}

#[tokio::test]
async fn an_older_pepper_still_verifies_and_a_lost_one_does_not() {
    let hash = hasher(8, &[1]).hash(&password("correct horse"), LANE).await.expect("hashed");
    let rotated = hasher(8, &[2, 1]);
    assert!(rotated.verify(&password("correct horse"), Some(&hash), LANE).await.expect("verified"));
    let lost = hasher(8, &[2]);
    assert!(!lost.verify(&password("correct horse"), Some(&hash), LANE).await.expect("verified"));
}

#[tokio::test]
async fn a_hash_of_another_cost_pepper_or_scheme_is_outdated() {
    let today = hasher(8, &[2, 1]);
    let hash = today.hash(&password("correct horse"), LANE).await.expect("hashed");
    assert!(!today.is_outdated(&hash));
    let older = hasher(8, &[1]).hash(&password("correct horse"), LANE).await.expect("hashed");
    assert!(today.is_outdated(&older), "an older pepper");
    assert!(hasher(8, &[1, 2]).is_outdated(&hash), "another pepper is the first");
    let settings = BcryptSettings { cost: 5, threads: 1, queue: 8 };
    let other = BcryptHasher::new(settings, vec![Secret::new([2; 32])], Arc::new(SequentialSecrets::new()));
    assert!(other.is_outdated(&hash), "another cost");
    let without_name = bcrypt::non_truncating_hash("whatever", 4).expect("hashed");
    for other in
        [without_name, hash.as_str().replacen("2b", "2y", 1), "$argon2id$v=19$m=1$c2FsdA$aGFzaA".into(), String::new()]
    {
        assert!(today.is_outdated(&PasswordHash::new(other.clone())), "{other}");
    }
}

#[tokio::test]
async fn a_check_is_the_same_work_whatever_the_cost_of_the_hash() {
    let hasher = |cost| {
        let settings = BcryptSettings { cost, threads: 1, queue: 8 };
        BcryptHasher::new(
            settings,
            vec![Secret::new([2; 32]), Secret::new([1; 32])],
            Arc::new(SequentialSecrets::new()),
        )
    };
    let work = |hasher: &BcryptHasher, cost: Option<u32>| -> u64 {
        let decoys = hasher.decoys(cost).map(|cost| 1_u64 << cost).sum::<u64>();
        cost.map_or(0, |cost| 1 << cost) + decoys
    };
    let today = hasher(12);
    for cost in [None, Some(4), Some(10), Some(11), Some(12)] {
        assert_eq!(work(&today, cost), 1 << 12, "{cost:?}");
    }
    // The cost was lowered: once such a hash was seen, each check is as slow as it.
    for cost in [Some(14), None, Some(4), Some(12), Some(14)] {
        assert_eq!(work(&today, cost), 1 << 14, "{cost:?}");
    }
    // One pepper is tried: that of the hash, or the first.
    let today = hasher(4);
    let old = super::tests::hasher(8, &[1]).hash(&password("correct horse"), LANE).await.expect("hashed");
    let peppers = |hash| today.peppers_of(hash).map(|pepper| pepper.expose()[0]).collect::<Vec<_>>();
    assert_eq!((peppers(Some(&old)), peppers(None)), (vec![1], vec![2]));
    assert!(hasher(6).verify(&password("correct horse"), Some(&old), LANE).await.expect("verified"), "with decoys");
    assert!(!hasher(6).verify(&password("wrong horse"), Some(&old), LANE).await.expect("verified"));
}

#[tokio::test]
async fn any_bcrypt_reads_a_hash_and_two_salts_differ() {
    let hasher = hasher(8, &[1]);
    let (one, other) =
        (hasher.hash(&password("correct horse"), LANE).await, hasher.hash(&password("correct horse"), LANE).await);
    let (one, other) = (one.expect("hashed"), other.expect("hashed"));
    assert_ne!(one.as_str()[..29], other.as_str()[..29]);
    let input = peppered(&Secret::new([1; 32]), &password("correct horse"));
    assert!(bcrypt::verify(input, one.as_str()).expect("a hash"));
}

#[tokio::test]
async fn each_queue_is_bounded_and_shared_by_its_clients() {
    let hasher = hasher(4, &[1]);
    let (release, blocked) = std::sync::mpsc::channel::<()>();
    let block = Box::new(move || {
        let _ = blocked.recv();
    });
    hasher.jobs.send(block).expect("the thread runs it");
    let password = password("correct horse");
    let mut waiting = Vec::new();
    for (purpose, client, is_accepted) in [
        (HashPurpose::SignUp, 1, true), // It has the permit.
        (HashPurpose::SignUp, 1, true),
        (HashPurpose::SignUp, 1, true),
        (HashPurpose::SignUp, 1, false), // Its share of the places is taken.
        (HashPurpose::SignUp, 2, true),
        (HashPurpose::SignUp, 3, true),
        (HashPurpose::SignUp, 4, false), // All places are taken.
        (HashPurpose::SignIn, 1, true),
        (HashPurpose::SignIn, 4, true),
    ] {
        let lane = HashLane { purpose, client: Some([192, 0, 2, client].into()) };
        let mut hashing = hasher.hash(&password, lane);
        match poll_fn(|context| Poll::Ready(hashing.as_mut().poll(context))).await {
            Poll::Pending => waiting.push(hashing),
            Poll::Ready(Err(HashError::Busy { .. })) => assert!(!is_accepted, "{purpose:?} {client}"),
            Poll::Ready(other) => panic!("{other:?}"),
        }
    }
    assert_eq!(waiting.len(), 7);
    // A caller that has gone gives its place up.
    drop(waiting.remove(1));
    drop(release);
    // All at once: a permit may go to any of them.
    let all_hashed = poll_fn(|context| {
        waiting.retain_mut(|hashing| match hashing.as_mut().poll(context) {
            Poll::Pending => true,
            Poll::Ready(hash) => {
                hash.expect("hashed");
                false
            }
        });
        if waiting.is_empty() { Poll::Ready(()) } else { Poll::Pending }
    });
    all_hashed.await;
}

#[tokio::test]
async fn the_salt_is_taken_from_the_generator_of_secrets() {
    let salt = |hash: PasswordHash| hash.as_str()[..29].to_owned();
    let [one, other] = [hasher(8, &[1]), hasher(8, &[1])];
    let first = salt(one.hash(&password("correct horse"), LANE).await.expect("hashed"));
    assert_eq!(salt(other.hash(&password("battery staple"), LANE).await.expect("hashed")), first);
    assert_ne!(salt(one.hash(&password("correct horse"), LANE).await.expect("hashed")), first);
}
