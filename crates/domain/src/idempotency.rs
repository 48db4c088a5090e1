use async_trait::async_trait;
use sha2::{Digest, Sha256};

use crate::{SecretDigest, StoreError, Timestamp, UserId};

/// A request that names a key, so that it has its effect once however often it is sent
/// (draft-ietf-httpapi-idempotency-key-header).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IdempotentRequest {
    /// The user who sends it. Each user has their own keys.
    pub user_id: UserId,
    /// The SHA-256 of the user and the key.
    pub id: SecretDigest,
    /// The SHA-256 of the request: another request with the same key has another one.
    pub fingerprint: SecretDigest,
}

impl IdempotentRequest {
    /// The request of a user with this key. `parts` are what tells it from another request.
    #[must_use]
    pub fn new(user_id: UserId, key: &str, parts: &[&[u8]]) -> Self {
        let id = digest(&[user_id.as_uuid().as_bytes(), key.as_bytes()]);
        Self { user_id, id, fingerprint: digest(parts) }
    }
}

/// Each part after its length, so that no two lists of parts are the same bytes.
fn digest(parts: &[&[u8]]) -> SecretDigest {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(part.len().to_be_bytes());
        hash.update(part);
    }
    SecretDigest::new(hash.finalize().into())
}

/// The first response to an [`IdempotentRequest`], which is sent again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdempotentResponse {
    /// The request.
    pub request: IdempotentRequest,
    /// The status code.
    pub status: u16,
    /// Where the created thing is.
    pub location: Option<String>,
    /// The version of the created thing.
    pub etag: Option<String>,
    /// The body.
    pub body: Vec<u8>,
    /// When the request was answered.
    pub created_at: Timestamp,
}

/// Stores responses to requests with a key, each in the unit of work of its effect.
///
/// # Contract
/// * `an_idempotent_response_reads_back_equal`: what was inserted MUST read back equal.
/// * `a_taken_idempotency_key_conflicts`: [`insert`](Self::insert) MUST fail with
///   [`Conflict::Id`](crate::Conflict::Id) if there is a response to a request with this id.
/// * `one_of_many_concurrent_inserts_gets_the_key`: of concurrent inserts with one id, one MUST commit at most.
/// * `an_idempotent_response_needs_its_user`: [`insert`](Self::insert) MUST fail with
///   [`Conflict::Parent`](crate::Conflict::Parent) if the user does not exist.
/// * `an_expired_idempotency_key_is_free`: [`remove_expired`](Self::remove_expired) MUST remove the response to a request
///   with this id if it is from before that time, and return whether it did.
/// * `old_idempotent_responses_are_removed`: [`remove_before`](Self::remove_before) MUST remove responses from before that
///   time, at most `most`, and return how many.
#[async_trait]
pub trait IdempotencyRepository: Send {
    /// Returns the response to a request with this id.
    async fn lookup(&mut self, id: &SecretDigest) -> Result<Option<IdempotentResponse>, StoreError>;

    /// Adds a response.
    async fn insert(&mut self, response: &IdempotentResponse) -> Result<(), StoreError>;

    /// Removes the response to a request with this id, if it is from before a time. Returns whether it did.
    async fn remove_expired(&mut self, id: &SecretDigest, time: Timestamp) -> Result<bool, StoreError>;

    /// Removes up to `most` responses from before a time. Returns how many.
    async fn remove_before(&mut self, time: Timestamp, most: u32) -> Result<u64, StoreError>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_differ_by_user_key_and_each_part() {
        let user = |n| UserId::new(crate::Uuid::from_u128(n));
        let request = IdempotentRequest::new(user(1), "a", &[b"POST", b"/memos"]);
        assert_eq!(request, IdempotentRequest::new(user(1), "a", &[b"POST", b"/memos"]));
        assert_ne!(request.id, IdempotentRequest::new(user(2), "a", &[]).id);
        assert_ne!(request.id, IdempotentRequest::new(user(1), "b", &[]).id);
        let parts: [&[&[u8]]; 4] = [&[b"POST/", b"memos"], &[b"POST/memos"], &[b"POST", b"/memos", b""], &[]];
        for other in parts {
            let other = IdempotentRequest::new(user(1), "a", other);
            assert_eq!(other.id, request.id);
            assert_ne!(other.fingerprint, request.fingerprint);
        }
    }
}
