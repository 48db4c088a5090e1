//! Password hashes by bcrypt, computed on separate threads.

use std::{
    net::IpAddr,
    ops::Range,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU32, Ordering},
        mpsc::{Receiver, Sender, channel},
    },
    thread,
    time::Duration,
};

use async_trait::async_trait;
use base64::{Engine, engine::general_purpose::STANDARD};
use bcrypt::HashParts;
use hmac::{Hmac, KeyInit, Mac};
use memo_domain::{
    Causes, HashError, HashLane, HashPurpose, Password, PasswordHash, PasswordHasher, Secret, SecretGenerator,
};
use memo_fair::{Capacity, FairSemaphore};
use sha2::Sha256;
use tokio::sync::oneshot;

/// Cost and capacity of a [`BcryptHasher`].
#[derive(Debug, Clone, Copy)]
pub struct BcryptSettings {
    /// 4 to 31; each step doubles the work.
    pub cost: u32,
    /// Number of threads.
    pub threads: usize,
    /// How many passwords of one purpose may wait for a thread; those of one client may take half of these places.
    pub queue: usize,
}

impl BcryptSettings {
    /// Returns settings that leave one core free. At the default cost, the last of a full queue waits 15 seconds, half of
    /// the time limit of a request, and twice as long if the other queue is full, too.
    #[must_use]
    pub fn with_cost(cost: u32) -> Self {
        let cores = thread::available_parallelism().map_or(1, usize::from);
        let threads = cores.saturating_sub(1).max(1);
        Self { cost, threads, queue: 48 * threads }
    }
}

/// Hashes `base64(HMAC-SHA-256(pepper, password))` with bcrypt.
///
/// The input has 44 characters, so that bcrypt, which ignores all but the first 72 bytes, ignores nothing; and hashes are
/// useless without the pepper.
///
/// Any bcrypt can read a hash. Its salt identifies the pepper: twelve of its sixteen bytes are random, the last four are an
/// HMAC of them under the pepper, which reveals nothing without it.
pub struct BcryptHasher {
    cost: u32,
    peppers: Arc<[Secret]>,
    /// What the threads do next. A job has a permit of its purpose until it is done, so there are at most two per thread.
    jobs: Sender<Job>,
    sign_ups: FairSemaphore<Option<IpAddr>>,
    sign_ins: FairSemaphore<Option<IpAddr>>,
    /// The highest cost of any hash that was checked, and of new ones: each check does as much work as with this one, so that
    /// its duration tells neither whether there is a hash nor how old it is.
    slowest: AtomicU32,
    secrets: Arc<dyn SecretGenerator>,
}

/// Number of random bytes of a salt, of sixteen.
const RANDOM: usize = 12;

type Job = Box<dyn FnOnce() + Send>;

impl BcryptHasher {
    /// Starts the threads; they end with the hasher. The first pepper hashes, all of them verify. Salts are taken from
    /// `secrets`.
    #[must_use]
    pub fn new(settings: BcryptSettings, peppers: Vec<Secret>, secrets: Arc<dyn SecretGenerator>) -> Self {
        let (jobs, waiting) = channel();
        let waiting = Arc::new(Mutex::new(waiting));
        for number in 0..settings.threads {
            let waiting = waiting.clone();
            let started = thread::Builder::new().name(format!("bcrypt-{number}")).spawn(move || work(&waiting));
            if let Err(error) = started {
                tracing::error!(error = %Causes(&error), "a thread that hashes passwords can't be started");
            }
        }
        let slowest = AtomicU32::new(settings.cost);
        let capacity = Capacity {
            permits: settings.threads,
            permits_per_key: settings.threads,
            waiting: settings.queue,
            waiting_per_key: settings.queue / 2,
        };
        let [sign_ups, sign_ins] = [(); 2].map(|()| FairSemaphore::new(capacity));
        Self { cost: settings.cost, peppers: peppers.into(), jobs, sign_ups, sign_ins, slowest, secrets }
    }

    async fn run<T: Send + 'static>(
        &self,
        lane: HashLane,
        job: impl FnOnce() -> Result<T, bcrypt::BcryptError> + Send + 'static,
    ) -> Result<T, HashError> {
        let queue = match lane.purpose {
            HashPurpose::SignUp => &self.sign_ups,
            HashPurpose::SignIn => &self.sign_ins,
        };
        let permit = queue.acquire(lane.client).await;
        let permit = permit.map_err(|_| HashError::Busy { retry_after: Duration::from_secs(5) })?;
        let (reply, answer) = oneshot::channel();
        let job = Box::new(move || {
            // The caller may have been cancelled while this waited.
            if !reply.is_closed() {
                let _ = reply.send(job());
            }
            drop(permit);
        });
        self.jobs.send(job).map_err(|_| HashError::Failed { source: "no thread hashes passwords".into() })?;
        match answer.await {
            Ok(result) => result.map_err(|source| HashError::Failed { source: source.into() }),
            Err(_) => Err(HashError::Failed { source: "a thread that hashed a password has ended".into() }),
        }
    }

    /// Returns the costs of the decoys that are checked in addition to a hash of this cost, or instead of one. The work of a
    /// cost is twice that of the next lower one: together they are as much as one check of the slowest hash.
    fn decoys(&self, cost: Option<u32>) -> Range<u32> {
        if let Some(cost) = cost {
            return cost..self.slowest.fetch_max(cost, Ordering::Relaxed).max(cost);
        }
        let slowest = self.slowest.load(Ordering::Relaxed);
        slowest..slowest + 1
    }

    /// Returns the pepper that a hash names; the first one if there is no hash, and all if it names none of them.
    fn peppers_of(&self, hash: Option<&PasswordHash>) -> impl Iterator<Item = &Secret> {
        let named = match hash {
            Some(hash) => self.peppers.iter().position(|pepper| names(hash, pepper)),
            None => Some(0),
        };
        self.peppers
            .iter()
            .enumerate()
            .filter(move |(place, _)| named.is_none_or(|named| named == *place))
            .map(|(_, pepper)| pepper)
    }

    /// Returns a new salt that identifies the pepper.
    fn salt(&self, pepper: &Secret) -> [u8; 16] {
        let secret = self.secrets.next();
        let mut salt = [0; 16];
        let (random, tag) = salt.split_at_mut(RANDOM);
        // The last bytes: those of a generator for tests differ there.
        random.copy_from_slice(&secret.expose()[32 - RANDOM..]);
        tag.copy_from_slice(&pepper_tag(pepper, random));
        salt
    }
}

#[async_trait]
impl PasswordHasher for BcryptHasher {
    async fn hash(&self, password: &Password, lane: HashLane) -> Result<PasswordHash, HashError> {
        let Some(pepper) = self.peppers.first() else {
            return Err(HashError::Failed { source: "no pepper".into() });
        };
        let (cost, input, salt) = (self.cost, peppered(pepper, password), self.salt(pepper));
        let hash = move || Ok(bcrypt::non_truncating_hash_with_salt(input, cost, salt)?.to_string());
        self.run(lane, hash).await.map(PasswordHash::new)
    }

    async fn verify(
        &self,
        password: &Password,
        hash: Option<&PasswordHash>,
        lane: HashLane,
    ) -> Result<bool, HashError> {
        let inputs: Vec<_> = self.peppers_of(hash).map(|pepper| peppered(pepper, password)).collect();
        let exists = hash.is_some();
        let mut hashes: Vec<_> = self.decoys(hash.and_then(cost_of)).map(decoy).collect();
        if let Some(hash) = hash {
            hashes.insert(0, hash.as_str().to_owned());
        }
        let right = self.run(lane, move || {
            let mut is_right = false;
            for (number, hash) in hashes.iter().enumerate() {
                for input in &inputs {
                    is_right |= bcrypt::non_truncating_verify(input, hash)? && number == 0;
                }
            }
            Ok(is_right)
        });
        Ok(right.await? && exists)
    }

    fn is_outdated(&self, hash: &PasswordHash) -> bool {
        let is_new = hash.as_str().starts_with("$2b$")
            && cost_of(hash) == Some(self.cost)
            && self.peppers.first().is_some_and(|pepper| names(hash, pepper));
        !is_new
    }
}

fn cost_of(hash: &PasswordHash) -> Option<u32> {
    Some(hash.as_str().parse::<HashParts>().ok()?.get_cost())
}

/// Whether the salt of a hash identifies this pepper.
fn names(hash: &PasswordHash, pepper: &Secret) -> bool {
    let salt = hash.as_str().parse::<HashParts>().ok().map(|parts| parts.get_salt_raw());
    let salt = salt.as_ref().and_then(|salt| salt.split_first_chunk::<RANDOM>());
    salt.is_some_and(|(random, tag)| tag == pepper_tag(pepper, random))
}

/// A hash of this cost that fits no password.
fn decoy(cost: u32) -> String {
    format!("$2b${cost:02}${}", ".".repeat(53))
}

fn peppered(pepper: &Secret, password: &Password) -> String {
    STANDARD.encode(hmac(pepper, &[password.expose().as_bytes()]))
}

/// The bytes that identify a pepper in a salt that begins with these random bytes.
fn pepper_tag(pepper: &Secret, random: &[u8]) -> [u8; 16 - RANDOM] {
    let mut tag = [0; 16 - RANDOM];
    // Never the HMAC of a password: no password contains a NUL.
    tag.copy_from_slice(&hmac(pepper, &[b"memo salt\0", random])[..16 - RANDOM]);
    tag
}

fn hmac(pepper: &Secret, parts: &[&[u8]]) -> [u8; 32] {
    let mut mac = Hmac::<Sha256>::new_from_slice(pepper.expose()).expect("HMAC takes a key of any length");
    for part in parts {
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}

/// Runs jobs until the hasher is dropped, at the lowest priority, so that many sign-ins do not slow other requests down.
fn work(jobs: &Mutex<Receiver<Job>>) {
    #[cfg(target_os = "linux")]
    if let Err(error) = rustix::process::setpriority_process(Some(rustix::thread::gettid()), 19) {
        tracing::debug!(error = %Causes(&error), "the priority of a thread that hashes passwords can't be lowered");
    }
    loop {
        let job = jobs.lock().unwrap_or_else(PoisonError::into_inner).recv();
        match job {
            Ok(job) => job(),
            Err(_) => return,
        }
    }
}

#[cfg(test)]
mod tests {
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
        for other in [
            without_name,
            hash.as_str().replacen("2b", "2y", 1),
            "$argon2id$v=19$m=1$c2FsdA$aGFzaA".into(),
            String::new(),
        ] {
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
            (HashPurpose::SignUp, 1, false), // Half of the places are taken.
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
}
