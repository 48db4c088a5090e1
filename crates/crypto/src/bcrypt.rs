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
    /// How many passwords of one purpose may wait for a thread; those of one client may take two thirds of these places.
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
            waiting_per_key: settings.queue * 2 / 3,
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
mod tests;
