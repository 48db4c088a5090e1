//! Requests with a key: their effect takes place once, and their first response is sent again
//! (draft-ietf-httpapi-idempotency-key-header).
//!
//! The response is stored in the transaction of the effect, so that there is never one without the other. A request that fails
//! stores nothing: it may be sent again with its key.

use std::{
    collections::{HashMap, hash_map::Entry},
    num::NonZeroU32,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use memo_domain::{Conflict, IdempotentRequest, IdempotentResponse, Rate, SecretDigest, StoreError, Timestamp, UserId};

use crate::{Error, Ports, transaction::Transaction};

/// How long a response is sent again.
pub(crate) const RETENTION: Duration = Duration::from_hours(24);
/// The maximum size of a stored body: that of the largest batch of new memos, and less than a packet of MySQL.
const MAX_BODY: usize = 10 << 20;

/// A response to be stored, as it is sent again: without secrets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The status code.
    pub status: u16,
    /// Where the created thing is.
    pub location: Option<String>,
    /// The version of the created thing.
    pub etag: Option<String>,
    /// The body.
    pub body: Vec<u8>,
}

/// The future of an [`Answer`].
pub type Answering<'a> = Pin<Box<dyn Future<Output = Result<Answer, Error>> + 'a>>;

/// What a use case with the result `T` stores if its request has a key.
pub struct Once<'a, T> {
    request: IdempotentRequest,
    answer: &'a dyn Fn(T) -> Answering<'a>,
}

impl<'a, T> Once<'a, T> {
    /// Stores the answer that is made of the result.
    pub const fn new(request: IdempotentRequest, answer: &'a dyn Fn(T) -> Answering<'a>) -> Self {
        Self { request, answer }
    }
}

impl Transaction {
    /// Stores the response to a request with a key, if it has one.
    ///
    /// # Errors
    /// [`Error::IdempotencyKeyInUse`] if there is a response to a request with this key; [`Error::ResponseTooLarge`].
    pub async fn answer<T: Clone>(&mut self, once: Option<&Once<'_, T>>, result: &T) -> Result<(), Error> {
        let Some(Once { request, answer }) = once else { return Ok(()) };
        let Answer { status, location, etag, body } = answer(result.clone()).await?;
        if body.len() > MAX_BODY {
            return Err(Error::ResponseTooLarge { limit: MAX_BODY });
        }
        let request = *request;
        let response = IdempotentResponse { request, status, location, etag, body, created_at: self.now() };
        match self.idempotency().insert(&response).await {
            Err(StoreError::Conflict { what: Conflict::Id }) => Err(Error::IdempotencyKeyInUse),
            inserted => Ok(inserted?),
        }
    }
}

/// The keys of requests.
pub struct Idempotency {
    ports: Arc<Ports>,
    /// How many KiB of responses are stored of a user at once, and again in the time that they are kept.
    room: Rate,
    /// The requests of this node that are running, with their fingerprints.
    running: Mutex<HashMap<SecretDigest, SecretDigest>>,
}

/// What becomes of a request with a key.
pub enum Begun<'a> {
    /// It was answered before.
    Answered(Answer),
    /// It is the first one.
    First(Running<'a>),
}

/// A running request: until it is dropped, no other one with its key begins on this node.
pub struct Running<'a> {
    keys: &'a Idempotency,
    id: SecretDigest,
    user: UserId,
}

impl Running<'_> {
    /// To be called after the response was stored, with the size of its body.
    pub async fn stored(&self, bytes: usize) {
        self.keys.count(self.user, bytes).await;
    }
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.keys.running().remove(&self.id);
    }
}

impl Idempotency {
    #[must_use]
    pub fn new(ports: Arc<Ports>, max_bytes: usize) -> Self {
        Self { ports, room: Rate::new(kib(max_bytes), RETENTION), running: Mutex::default() }
    }

    /// Begins a request with a key.
    ///
    /// # Errors
    /// [`Error::IdempotencyKeyReused`] if another request had the key; [`Error::IdempotencyKeyInUse`] if the same request is
    /// still running; [`Error::StoredResponsesFull`] if it is a new one, and the responses to others take too much space.
    pub async fn begin(&self, request: &IdempotentRequest) -> Result<Begun<'_>, Error> {
        let running = self.claim(request)?;
        if let Some(answer) = self.find(request).await? {
            return Ok(Begun::Answered(answer));
        }
        let full = self.ports.counters.get(&full(request.user_id)).await.unwrap_or_default();
        let until = full.and_then(|until| Some(Timestamp::from_micros(i64::from_be_bytes(until.try_into().ok()?))));
        match until.map(|until| until.since(self.ports.now())) {
            Some(retry_after) if !retry_after.is_zero() => Err(Error::StoredResponsesFull { retry_after }),
            _ => Ok(Begun::First(running)),
        }
    }

    /// Counts a response that was stored. If it is more than there is room for, further ones are refused until there is.
    async fn count(&self, user: UserId, bytes: usize) {
        let counters = &self.ports.counters;
        let taken = counters.take(&format!("responses {user}"), &self.room, kib(bytes)).await;
        let wait = taken.map_or(Duration::ZERO, |taken| taken.retry_after);
        if !wait.is_zero() {
            let until = (self.ports.now() + wait).as_micros();
            let _ = counters.put(&full(user), &until.to_be_bytes(), wait).await;
        }
    }

    /// Returns the answer to an earlier request with the same key.
    async fn find(&self, request: &IdempotentRequest) -> Result<Option<Answer>, Error> {
        let transactions = self.ports.transactions.on_behalf_of(request.user_id);
        let found = transactions.read(async |unit| Ok(unit.idempotency().lookup(&request.id).await?)).await?;
        self.answer(request, found).await
    }

    /// Returns the answer to the same request, if its transaction has done what the present one saw: as a writer, it waits for that
    /// to be committed.
    ///
    /// # Errors
    /// [`Error::IdempotencyKeyReused`] if it was another request.
    pub async fn find_committed(&self, request: &IdempotentRequest) -> Result<Option<Answer>, Error> {
        let transactions = self.ports.transactions.on_behalf_of(request.user_id);
        let found = transactions.write(async |tx| Ok(tx.idempotency().lookup(&request.id).await?)).await?;
        self.answer(request, found).await
    }

    async fn answer(
        &self,
        request: &IdempotentRequest,
        found: Option<IdempotentResponse>,
    ) -> Result<Option<Answer>, Error> {
        let transactions = self.ports.transactions.on_behalf_of(request.user_id);
        let expired = self.ports.now() - RETENTION;
        match found {
            None => Ok(None),
            Some(response) if response.created_at < expired => {
                let remove =
                    async |tx: &mut Transaction| Ok(tx.idempotency().remove_expired(&request.id, expired).await?);
                transactions.write(remove).await?;
                Ok(None)
            }
            Some(response) if response.request.fingerprint != request.fingerprint => Err(Error::IdempotencyKeyReused),
            Some(IdempotentResponse { status, location, etag, body, .. }) => {
                Ok(Some(Answer { status, location, etag, body }))
            }
        }
    }

    fn claim(&self, request: &IdempotentRequest) -> Result<Running<'_>, Error> {
        match self.running().entry(request.id) {
            Entry::Vacant(entry) => {
                entry.insert(request.fingerprint);
                Ok(Running { keys: self, id: request.id, user: request.user_id })
            }
            Entry::Occupied(entry) if *entry.get() == request.fingerprint => Err(Error::IdempotencyKeyInUse),
            Entry::Occupied(_) => Err(Error::IdempotencyKeyReused),
        }
    }

    fn running(&self) -> MutexGuard<'_, HashMap<SecretDigest, SecretDigest>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A size in KiB, rounded up.
fn kib(bytes: usize) -> NonZeroU32 {
    NonZeroU32::new(u32::try_from(bytes.div_ceil(1024)).unwrap_or(u32::MAX)).unwrap_or(NonZeroU32::MIN)
}

/// The name of the time until which no further responses of a user are stored.
fn full(user: UserId) -> String {
    format!("responses of {user} are full")
}
