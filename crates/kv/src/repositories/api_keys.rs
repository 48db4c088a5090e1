use async_trait::async_trait;
use memo_domain::{ApiKey, ApiKeyId, ApiKeyRepository, StoreError, Timestamp, UserId};

use crate::{keys::key, records::API_KEY_BY_USER, repositories::users::require_user, store::Unit};

#[async_trait]
impl ApiKeyRepository for Unit {
    async fn lookup(&mut self, id: ApiKeyId) -> Result<Option<ApiKey>, StoreError> {
        self.read(move |tx| tx.get(&key![id])).await
    }

    async fn list_by_user(&mut self, user: UserId) -> Result<Vec<ApiKey>, StoreError> {
        self.read(move |tx| {
            let mut keys = tx.all::<ApiKey>(API_KEY_BY_USER, &key![user])?;
            keys.reverse();
            Ok(keys)
        })
        .await
    }

    async fn insert(&mut self, key: &ApiKey) -> Result<(), StoreError> {
        let key = key.clone();
        self.write(move |tx| {
            tx.insert(&key)?;
            require_user(tx, key.user_id)
        })
        .await
    }

    async fn update(&mut self, key: &ApiKey) -> Result<(), StoreError> {
        let key = key.clone();
        self.write(move |tx| {
            let old = tx.get::<ApiKey>(&key![key.id])?.ok_or(StoreError::Stale)?;
            let last_used_at = old.last_used_at;
            tx.replace(&old, &ApiKey { last_used_at, ..key })
        })
        .await
    }

    async fn touch(&mut self, id: ApiKeyId, at: Timestamp) -> Result<bool, StoreError> {
        self.write(move |tx| {
            let key = tx.get::<ApiKey>(&key![id])?.filter(|key| key.last_used_at.is_none_or(|last| last < at));
            let Some(key) = key else { return Ok(false) };
            tx.replace(&key, &ApiKey { last_used_at: Some(at), ..key.clone() })?;
            Ok(true)
        })
        .await
    }

    async fn remove(&mut self, id: ApiKeyId) -> Result<bool, StoreError> {
        self.write(move |tx| Ok(tx.get::<ApiKey>(&key![id])?.map(|key| tx.remove(&key)).is_some())).await
    }
}
