//! Requests with a key: their effect takes place once, and their first response is sent again
//! (draft-ietf-httpapi-idempotency-key-header).
//!
//! The response is stored in the transaction of the effect, so that there is never one without the other. A request that fails
//! stores nothing: it may be sent again with its key.

use std::{
    collections::{HashMap, hash_map::Entry},
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use memo_domain::{Conflict, IdempotentRequest, IdempotentResponse, SecretDigest, StoreError};

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
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.keys.running().remove(&self.id);
    }
}

impl Idempotency {
    #[must_use]
    pub fn new(ports: Arc<Ports>) -> Self {
        Self { ports, running: Mutex::default() }
    }

    /// Begins a request with a key.
    ///
    /// # Errors
    /// [`Error::IdempotencyKeyReused`] if another request had the key; [`Error::IdempotencyKeyInUse`] if the same request is
    /// still running.
    pub async fn begin(&self, request: &IdempotentRequest) -> Result<Begun<'_>, Error> {
        let running = self.claim(request)?;
        Ok(self.find(request).await?.map_or(Begun::First(running), Begun::Answered))
    }

    /// Returns the answer to an earlier request with the same key.
    ///
    /// # Errors
    /// [`Error::IdempotencyKeyReused`] if it was another request.
    pub async fn find(&self, request: &IdempotentRequest) -> Result<Option<Answer>, Error> {
        let transactions = self.ports.transactions.on_behalf_of(request.user_id);
        let found = transactions.read(async |unit| Ok(unit.idempotency().lookup(&request.id).await?)).await?;
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
                Ok(Running { keys: self, id: request.id })
            }
            Entry::Occupied(entry) if *entry.get() == request.fingerprint => Err(Error::IdempotencyKeyInUse),
            Entry::Occupied(_) => Err(Error::IdempotencyKeyReused),
        }
    }

    fn running(&self) -> MutexGuard<'_, HashMap<SecretDigest, SecretDigest>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
