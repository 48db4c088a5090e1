//! What belongs to an account: social identities, one-time tokens and the second factor.

use async_trait::async_trait;
use memo_domain::{
    Conflict, Identity, IdentityRepository, OneTimeToken, OneTimeTokenRepository, Sealed, SecondFactor,
    SecondFactorRepository, SecretDigest, Source, StoreError, Timestamp, TokenPurpose, UserId,
};

use super::users::require_user;
use crate::{
    codec::{Codec, Input, enums, record},
    entity::{Entity, PRIMARY},
    keys::{Hashed, key},
    store::Unit,
    transaction::{Transaction, require},
};

enums! {
    TokenPurpose { VerifyEmail = 1, ResetPassword = 2, SecondFactor = 3 }
}

record!(Identity, 2, {
    user_id, provider, issuer, subject, email, created_at, message_tokens: since 2, None
});

const IDENTITY_BY_SUBJECT: u8 = 1;

impl Entity for Identity {
    const TABLE: u8 = 7;

    fn key(&self) -> Vec<u8> {
        key![self.user_id, Hashed(&[&self.provider])]
    }

    fn indexes(&self) -> Vec<(u8, Vec<u8>)> {
        vec![(IDENTITY_BY_SUBJECT, key![Hashed(&[&self.issuer, &self.subject])])]
    }
}

record!(OneTimeToken, 1, { digest, user_id, purpose, email_key, scopes, tries, created_at, expires_at });

const ONE_TIME_TOKEN_BY_USER: u8 = 1;
const ONE_TIME_TOKEN_BY_END: u8 = 2;

impl Entity for OneTimeToken {
    const TABLE: u8 = 8;

    fn key(&self) -> Vec<u8> {
        key![self.digest]
    }

    fn indexes(&self) -> Vec<(u8, Vec<u8>)> {
        vec![
            (ONE_TIME_TOKEN_BY_USER, key![self.user_id, self.purpose, self.digest]),
            (ONE_TIME_TOKEN_BY_END, key![self.expires_at, self.digest]),
        ]
    }
}

record!(SecondFactor, 1, { user_id, secret, confirmed_at, last_step, created_at });

impl Entity for SecondFactor {
    const TABLE: u8 = 9;

    fn key(&self) -> Vec<u8> {
        key![self.user_id]
    }
}

/// A recovery code of a user's second factor.
pub struct RecoveryCode {
    pub user: UserId,
    pub digest: SecretDigest,
}

record!(RecoveryCode, 1, { user, digest });

impl Entity for RecoveryCode {
    const TABLE: u8 = 10;

    fn key(&self) -> Vec<u8> {
        key![self.user, self.digest]
    }
}

#[async_trait]
impl IdentityRepository for Unit {
    async fn find_by_subject(&mut self, issuer: &str, subject: &str) -> Result<Option<Identity>, StoreError> {
        let place = key![Hashed(&[issuer, subject])];
        self.read(move |tx| tx.find(IDENTITY_BY_SUBJECT, &place)).await
    }

    async fn list_by_user(&mut self, user: UserId) -> Result<Vec<Identity>, StoreError> {
        self.read(move |tx| {
            let mut identities = tx.all::<Identity>(PRIMARY, &key![user])?;
            identities.sort_by(|a, b| a.provider.cmp(&b.provider));
            Ok(identities)
        })
        .await
    }

    async fn insert(&mut self, identity: &Identity) -> Result<(), StoreError> {
        let identity = identity.clone();
        self.write(move |tx| {
            tx.insert(&identity)?;
            require_user(tx, identity.user_id)
        })
        .await
    }

    async fn set_message_tokens(
        &mut self,
        user: UserId,
        provider: &str,
        tokens: Option<&Sealed>,
    ) -> Result<bool, StoreError> {
        let (place, tokens) = (key![user, Hashed(&[provider])], tokens.cloned());
        self.write(move |tx| {
            let Some(old) = tx.get::<Identity>(&place)? else { return Ok(false) };
            tx.replace(&old, &Identity { message_tokens: tokens, ..old.clone() })?;
            Ok(true)
        })
        .await
    }

    async fn remove(&mut self, user: UserId, provider: &str) -> Result<bool, StoreError> {
        let place = key![user, Hashed(&[provider])];
        self.write(move |tx| {
            let identity = tx.get::<Identity>(&place)?;
            Ok(identity.map(|identity| tx.remove(&identity)).is_some())
        })
        .await
    }
}

#[async_trait]
impl OneTimeTokenRepository for Unit {
    async fn lookup(
        &mut self,
        digest: &SecretDigest,
        purpose: TokenPurpose,
    ) -> Result<Option<OneTimeToken>, StoreError> {
        let digest = *digest;
        self.read(move |tx| find_token(tx, digest, purpose)).await
    }

    async fn insert(&mut self, token: &OneTimeToken) -> Result<(), StoreError> {
        let token = token.clone();
        self.write(move |tx| {
            tx.insert(&token)?;
            require_user(tx, token.user_id)
        })
        .await
    }

    async fn take(&mut self, digest: &SecretDigest, purpose: TokenPurpose) -> Result<Option<OneTimeToken>, StoreError> {
        let digest = *digest;
        self.write(move |tx| Ok(find_token(tx, digest, purpose)?.inspect(|token| tx.remove(token)))).await
    }

    async fn count_try(&mut self, digest: &SecretDigest) -> Result<u32, StoreError> {
        let digest = *digest;
        self.write(move |tx| {
            let Some(token) = tx.get::<OneTimeToken>(&key![digest])? else { return Ok(0) };
            let tries = token.tries.saturating_add(1);
            tx.replace(&token, &OneTimeToken { tries, ..token.clone() })?;
            Ok(tries)
        })
        .await
    }

    async fn remove_all(&mut self, user: UserId, purpose: TokenPurpose) -> Result<(), StoreError> {
        self.write(move |tx| tx.remove_all::<OneTimeToken>(ONE_TIME_TOKEN_BY_USER, &key![user, purpose])).await
    }

    async fn remove_before(&mut self, time: Timestamp, most: u32) -> Result<u64, StoreError> {
        self.write(move |tx| tx.remove_below::<OneTimeToken>(ONE_TIME_TOKEN_BY_END, &key![time], most)).await
    }
}

fn find_token(
    tx: &Transaction,
    digest: SecretDigest,
    purpose: TokenPurpose,
) -> Result<Option<OneTimeToken>, StoreError> {
    Ok(tx.get(&key![digest])?.filter(|token: &OneTimeToken| token.purpose == purpose))
}

#[async_trait]
impl SecondFactorRepository for Unit {
    async fn lookup(&mut self, user: UserId) -> Result<Option<SecondFactor>, StoreError> {
        self.read(move |tx| tx.get(&key![user])).await
    }

    async fn upsert(&mut self, factor: &SecondFactor) -> Result<(), StoreError> {
        let factor = factor.clone();
        self.write(move |tx| {
            require_user(tx, factor.user_id)?;
            tx.replace(&factor, &factor)
        })
        .await
    }

    async fn replace_codes(&mut self, user: UserId, codes: &[SecretDigest]) -> Result<(), StoreError> {
        let codes = codes.to_vec();
        self.write(move |tx| {
            require(tx.contains::<SecondFactor>(&key![user])?, Conflict::Parent)?;
            tx.remove_all::<RecoveryCode>(PRIMARY, &key![user])?;
            for digest in codes {
                let code = RecoveryCode { user, digest };
                tx.replace(&code, &code)?;
            }
            Ok(())
        })
        .await
    }

    async fn count_codes(&mut self, user: UserId) -> Result<u64, StoreError> {
        self.read(move |tx| Ok(tx.all::<RecoveryCode>(PRIMARY, &key![user])?.len() as u64)).await
    }

    async fn claim_step(&mut self, user: UserId, step: i64) -> Result<bool, StoreError> {
        self.write(move |tx| {
            let older = tx.get(&key![user])?.filter(|factor: &SecondFactor| factor.last_step < step);
            let Some(factor) = older else { return Ok(false) };
            tx.replace(&factor, &SecondFactor { last_step: step, ..factor.clone() })?;
            Ok(true)
        })
        .await
    }

    async fn claim_code(&mut self, user: UserId, code: &SecretDigest) -> Result<bool, StoreError> {
        let place = key![user, *code];
        self.write(move |tx| Ok(tx.get::<RecoveryCode>(&place)?.map(|code| tx.remove(&code)).is_some())).await
    }

    async fn remove(&mut self, user: UserId) -> Result<bool, StoreError> {
        self.write(move |tx| {
            tx.remove_all::<RecoveryCode>(PRIMARY, &key![user])?;
            Ok(tx.get::<SecondFactor>(&key![user])?.map(|factor| tx.remove(&factor)).is_some())
        })
        .await
    }
}

/// Removes the identities, tokens and second factor of a user.
pub fn remove_of_user(tx: &mut Transaction, user: UserId) -> Result<(), StoreError> {
    tx.remove_all::<Identity>(PRIMARY, &key![user])?;
    tx.remove_all::<OneTimeToken>(ONE_TIME_TOKEN_BY_USER, &key![user])?;
    tx.remove_all::<SecondFactor>(PRIMARY, &key![user])?;
    tx.remove_all::<RecoveryCode>(PRIMARY, &key![user])
}
