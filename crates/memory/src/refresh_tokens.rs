use std::sync::Arc;

use async_trait::async_trait;
use memo_domain::{Conflict, RefreshToken, RefreshTokenRepository, SecretDigest, StoreError, Timestamp};

use crate::{state::require, store::Unit};

#[async_trait]
impl RefreshTokenRepository for Unit {
    async fn lookup(&mut self, digest: &SecretDigest) -> Result<Option<RefreshToken>, StoreError> {
        Ok(self.state.refresh_tokens.get(digest).map(|token| RefreshToken::clone(token)))
    }

    async fn insert(&mut self, token: &RefreshToken) -> Result<(), StoreError> {
        self.write(|state| {
            require(!state.refresh_tokens.contains_key(&token.digest), Conflict::Id)?;
            require(state.sessions.contains_key(&token.session_id), Conflict::Parent)?;
            state.refresh_tokens.insert(token.digest, Arc::new(token.clone()));
            Ok(())
        })
    }

    async fn claim(&mut self, digest: &SecretDigest, at: Timestamp) -> Result<bool, StoreError> {
        self.write(|state| match state.refresh_tokens.get_mut(digest) {
            Some(token) if token.used_at.is_none() => {
                Arc::make_mut(token).used_at = Some(at);
                Ok(true)
            }
            _ => Ok(false),
        })
    }
}
