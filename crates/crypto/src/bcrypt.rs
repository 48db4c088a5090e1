//! Password hashes by bcrypt, computed on separate threads.

use std::{
    net::IpAddr,
    sync::{
        Arc, Mutex, PoisonError,
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
    /// Checked if there is no hash: it fits no password, and takes the same time.
    decoy: Arc<str>,
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
        let decoy = format!("$2b${:02}${}", settings.cost, ".".repeat(53)).into();
        let capacity = Capacity {
            permits: settings.threads,
            permits_per_key: settings.threads,
            waiting: settings.queue,
            waiting_per_key: settings.queue / 2,
        };
        let [sign_ups, sign_ins] = [(); 2].map(|()| FairSemaphore::new(capacity));
        Self { cost: settings.cost, peppers: peppers.into(), jobs, sign_ups, sign_ins, decoy, secrets }
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
        let inputs: Vec<_> = self.peppers.iter().map(|pepper| peppered(pepper, password)).collect();
        let exists = hash.is_some();
        let hash = hash.map_or_else(|| self.decoy.to_string(), |hash| hash.as_str().to_owned());
        let right = self.run(lane, move || {
            for input in inputs {
                if bcrypt::non_truncating_verify(input, &hash)? {
                    return Ok(true);
                }
            }
            Ok(false)
        });
        Ok(right.await? && exists)
    }

    fn is_outdated(&self, hash: &PasswordHash) -> bool {
        let is_new = || {
            let parts: HashParts = hash.as_str().parse().ok()?;
            let salt = parts.get_salt_raw();
            let (random, tag) = salt.split_first_chunk::<RANDOM>()?;
            let is_new = hash.as_str().starts_with("$2b$")
                && parts.get_cost() == self.cost
                && tag == pepper_tag(self.peppers.first()?, random);
            Some(is_new)
        };
        !is_new().unwrap_or(false)
    }
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
