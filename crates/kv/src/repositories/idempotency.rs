use async_trait::async_trait;
use memo_domain::{
    IdempotencyRepository, IdempotentRequest, IdempotentResponse, SecretDigest, Source, StoreError, Timestamp, UserId,
};

use super::users::require_user;
use crate::{
    codec::{Codec, Input, record},
    entity::Entity,
    keys::key,
    store::Unit,
    transaction::Transaction,
};

record!(IdempotentResponse, 1, { request, status, location, etag, body, created_at });
record!(IdempotentRequest, 1, { user_id, id, fingerprint });

const IDEMPOTENT_RESPONSE_BY_USER: u8 = 1;
const IDEMPOTENT_RESPONSE_BY_TIME: u8 = 2;

impl Entity for IdempotentResponse {
    const TABLE: u8 = 31;

    fn key(&self) -> Vec<u8> {
        key![self.request.id]
    }

    fn indexes(&self) -> Vec<(u8, Vec<u8>)> {
        let IdempotentRequest { user_id, id, .. } = self.request;
        vec![(IDEMPOTENT_RESPONSE_BY_USER, key![user_id, id]), (IDEMPOTENT_RESPONSE_BY_TIME, key![self.created_at, id])]
    }
}

#[async_trait]
impl IdempotencyRepository for Unit {
    async fn lookup(&mut self, id: &SecretDigest) -> Result<Option<IdempotentResponse>, StoreError> {
        let id = *id;
        self.read(move |tx| tx.get(&key![id])).await
    }

    async fn insert(&mut self, response: &IdempotentResponse) -> Result<(), StoreError> {
        let response = response.clone();
        self.write(move |tx| {
            tx.insert(&response)?;
            require_user(tx, response.request.user_id)
        })
        .await
    }

    async fn remove_expired(&mut self, id: &SecretDigest, time: Timestamp) -> Result<bool, StoreError> {
        let id = *id;
        self.write(move |tx| {
            let expired = tx.get::<IdempotentResponse>(&key![id])?.filter(|response| response.created_at < time);
            Ok(expired.map(|response| tx.remove(&response)).is_some())
        })
        .await
    }

    async fn remove_before(&mut self, time: Timestamp, most: u32) -> Result<u64, StoreError> {
        self.write(move |tx| tx.remove_below::<IdempotentResponse>(IDEMPOTENT_RESPONSE_BY_TIME, &key![time], most))
            .await
    }
}

/// Removes responses of a user, as a [`Step`](super::Step).
pub fn remove_of_user(tx: &mut Transaction, user: UserId, limit: usize) -> Result<usize, StoreError> {
    tx.remove_some::<IdempotentResponse>(IDEMPOTENT_RESPONSE_BY_USER, &key![user], limit)
}
