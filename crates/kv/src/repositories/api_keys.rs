use async_trait::async_trait;
use memo_domain::{
    ApiKey, ApiKeyId, ApiKeyName, ApiKeyNote, ApiKeyRepository, ApiKeySecret, Source, StoreError, Timestamp, UserId,
};

use super::users::require_user;
use crate::{
    codec::{Codec, Input, record, texts},
    entity::Entity,
    keys::key,
    store::Unit,
    transaction::Transaction,
};

texts!(ApiKeyName ApiKeyNote);

impl Codec for ApiKeySecret {
    fn write(&self, out: &mut Vec<u8>) {
        match self {
            Self::Digest(digest) => {
                out.push(1);
                digest.write(out);
            }
            Self::Sealed(sealed) => {
                out.push(2);
                sealed.write(out);
            }
        }
    }

    fn read(input: &mut Input<'_>) -> Result<Self, Source> {
        match u8::read(input)? {
            1 => Codec::read(input).map(Self::Digest),
            2 => Codec::read(input).map(Self::Sealed),
            number => Err(format!("no kind of an API key has number {number}").into()),
        }
    }
}

record!(ApiKey, 1, {
    id, user_id, name, note, secret, scopes, networks, created_at, expires_at, last_used_at
});

const API_KEY_BY_USER: u8 = 1;

impl Entity for ApiKey {
    const TABLE: u8 = 23;

    fn key(&self) -> Vec<u8> {
        key![self.id]
    }

    fn indexes(&self) -> Vec<(u8, Vec<u8>)> {
        vec![(API_KEY_BY_USER, key![self.user_id, self.id])]
    }
}

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

/// Removes the API keys of a user.
pub fn remove_of_user(tx: &mut Transaction, user: UserId) -> Result<(), StoreError> {
    tx.remove_all::<ApiKey>(API_KEY_BY_USER, &key![user])
}
