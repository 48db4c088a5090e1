use async_trait::async_trait;
use memo_domain::{IdempotencyRepository, IdempotentResponse, SecretDigest, StoreError, Timestamp};

use crate::{keys::key, records::IDEMPOTENT_RESPONSE_BY_TIME, repositories::users::require_user, store::Unit};

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
