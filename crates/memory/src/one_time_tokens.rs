use std::sync::Arc;

use async_trait::async_trait;
use memo_domain::{
    Conflict, OneTimeToken, OneTimeTokenRepository, SecretDigest, StoreError, Timestamp, TokenPurpose, UserId,
};

use crate::{
    state::{remove_some, require},
    store::Unit,
};

#[async_trait]
impl OneTimeTokenRepository for Unit {
    async fn lookup(
        &mut self,
        digest: &SecretDigest,
        purpose: TokenPurpose,
    ) -> Result<Option<OneTimeToken>, StoreError> {
        let kept = self.state.one_time_tokens.get(digest).filter(|token| token.purpose == purpose);
        Ok(kept.map(|token| OneTimeToken::clone(token)))
    }

    async fn insert(&mut self, token: &OneTimeToken) -> Result<(), StoreError> {
        self.write(|state| {
            require(!state.one_time_tokens.contains_key(&token.digest), Conflict::Id)?;
            require(state.users.contains_key(&token.user_id), Conflict::Parent)?;
            state.one_time_tokens.insert(token.digest, Arc::new(token.clone()));
            Ok(())
        })
    }

    async fn take(&mut self, digest: &SecretDigest, purpose: TokenPurpose) -> Result<Option<OneTimeToken>, StoreError> {
        self.write(|state| {
            if state.one_time_tokens.get(digest).is_none_or(|token| token.purpose != purpose) {
                return Ok(None);
            }
            Ok(state.one_time_tokens.remove(digest).map(Arc::unwrap_or_clone))
        })
    }

    async fn count_try(&mut self, digest: &SecretDigest) -> Result<u32, StoreError> {
        self.write(|state| {
            let Some(token) = state.one_time_tokens.get_mut(digest).map(Arc::make_mut) else { return Ok(0) };
            token.tries = token.tries.saturating_add(1);
            Ok(token.tries)
        })
    }

    async fn remove_all(&mut self, user: UserId, purpose: TokenPurpose) -> Result<(), StoreError> {
        self.write(|state| {
            state.one_time_tokens.retain(|_, token| token.user_id != user || token.purpose != purpose);
            Ok(())
        })
    }

    async fn remove_before(&mut self, time: Timestamp, most: u32) -> Result<u64, StoreError> {
        self.write(|state| Ok(remove_some(&mut state.one_time_tokens, most, |token| token.expires_at < time)))
    }
}
