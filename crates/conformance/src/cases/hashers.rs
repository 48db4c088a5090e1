use std::{
    future::poll_fn,
    net::IpAddr,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    task::Poll,
    time::{Duration, Instant},
};

use memo_domain::{HashError, HashLane, HashPurpose, Password, PasswordHash, PasswordHasher};
use tokio::task::JoinSet;

const LANE: HashLane = HashLane { purpose: HashPurpose::SignIn, client: None };

fn password(text: &str) -> Password {
    Password::new(text).expect("a valid password")
}

async fn hash(hasher: &dyn PasswordHasher, text: &str) -> PasswordHash {
    hasher.hash(&password(text), LANE).await.expect("the password is hashed")
}

async fn verify(hasher: &dyn PasswordHasher, text: &str, hash: Option<&PasswordHash>) -> bool {
    hasher.verify(&password(text), hash, LANE).await.expect("the password is checked")
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
        let mut hashing = hasher.hash(&password, LANE);
        match poll_fn(|context| Poll::Ready(hashing.as_mut().poll(context))).await {
            Poll::Ready(_) => hashed_inline += 1,
            Poll::Pending => drop(hashing.await.expect("the password is hashed")),
        }
        let mut verifying = hasher.verify(&password, Some(&known), LANE);
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
        tasks.spawn(async move { hasher.hash(&password("correct horse"), LANE).await });
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

/// Passwords of sign-ups, more than may wait, that are hashed in the background.
struct Flood {
    tasks: JoinSet<()>,
    completed: Arc<AtomicU32>,
    refused: u32,
}

impl Flood {
    /// Starts hashing a password of each of these clients, and returns once all of them wait or were refused.
    async fn start(hasher: &Arc<dyn PasswordHasher>, client: impl Fn(u32) -> IpAddr) -> Self {
        let counters = || Arc::new(AtomicU32::new(0));
        let (started, completed, refused) = (counters(), counters(), counters());
        let mut tasks = JoinSet::new();
        for number in 0..1_000 {
            let lane = HashLane { purpose: HashPurpose::SignUp, client: Some(client(number)) };
            let (hasher, started, completed, refused) =
                (hasher.clone(), started.clone(), completed.clone(), refused.clone());
            tasks.spawn(async move {
                let password = password("correct horse");
                let mut hashing = hasher.hash(&password, lane);
                let first = poll_fn(|context| Poll::Ready(hashing.as_mut().poll(context))).await;
                started.fetch_add(1, Ordering::Relaxed);
                let result = match first {
                    Poll::Ready(result) => result,
                    Poll::Pending => hashing.await,
                };
                let counter = if result.is_ok() { &completed } else { &refused };
                counter.fetch_add(1, Ordering::Relaxed);
            });
        }
        while started.load(Ordering::Relaxed) < 1_000 {
            tokio::task::yield_now().await;
        }
        Self { tasks, completed, refused: refused.load(Ordering::Relaxed) }
    }

    /// The number of passwords that were not refused.
    const fn accepted(&self) -> u32 {
        1_000 - self.refused
    }

    /// Waits for all of them, and returns how many were not refused.
    async fn end(self) -> u32 {
        let accepted = self.accepted();
        drop(self.tasks.join_all().await);
        accepted
    }

    /// Asserts that a password of this lane is completed and checked while most of the others still wait.
    async fn assert_is_overtaken_by(self, hasher: &dyn PasswordHasher, lane: HashLane) {
        assert!(self.refused > 0, "the queue is full");
        let hash = hasher.hash(&password("battery staple"), lane).await.expect("there is room in the queue");
        assert!(hasher.verify(&password("battery staple"), Some(&hash), lane).await.expect("there is room"));
        let completed = self.completed.load(Ordering::Relaxed);
        drop(self.tasks.join_all().await);
        assert!(completed < self.completed.load(Ordering::Relaxed), "it waited for all of the others");
    }
}

pub(crate) async fn clients_share_a_queue(hasher: Arc<dyn PasswordHasher>) {
    // The places of a queue, as many clients fill them. Some passwords are completed meanwhile.
    let many = Flood::start(&hasher, |number| IpAddr::from(number.to_be_bytes())).await.end().await;
    let flood = Flood::start(&hasher, |_| [192, 0, 2, 1].into()).await;
    let one = flood.accepted();
    assert!(one * 4 < many * 3 + 16, "one client has {one} places, many have {many}");
    let other = HashLane { purpose: HashPurpose::SignUp, client: Some([192, 0, 2, 2].into()) };
    flood.assert_is_overtaken_by(&*hasher, other).await;
}

pub(crate) async fn each_purpose_has_a_queue_of_its_own(hasher: Arc<dyn PasswordHasher>) {
    let flood = Flood::start(&hasher, |number| IpAddr::from(number.to_be_bytes())).await;
    let lane = HashLane { purpose: HashPurpose::SignIn, client: Some([0, 0, 0, 1].into()) };
    flood.assert_is_overtaken_by(&*hasher, lane).await;
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
