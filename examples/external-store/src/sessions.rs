//! Sign-ins, and the refresh tokens that carry them on.

use std::sync::Arc;

use async_trait::async_trait;
use memo_domain::{
    Conflict, RefreshToken, RefreshTokenRepository, SecretDigest, Session, SessionId, SessionRepository, StoreError,
    Timestamp,
};

use crate::{
    state::{Row, require},
    store::Unit,
};

#[async_trait]
impl SessionRepository for Unit {
    async fn lookup(&mut self, id: SessionId) -> Result<Option<Session>, StoreError> {
        Ok(self.state.sessions.get(&id).map(|session| Session::clone(session)))
    }

    async fn insert(&mut self, session: &Session) -> Result<(), StoreError> {
        self.write(|state| {
            require(!state.sessions.contains_key(&session.id), Conflict::Id)?;
            require(state.users.contains_key(&session.user_id), Conflict::Parent)?;
            Ok(vec![Row::Session(Arc::new(session.clone()))])
        })?;
        Ok(())
    }

    async fn update(&mut self, session: &Session) -> Result<(), StoreError> {
        self.write(|state| {
            state.sessions.get(&session.id).ok_or(StoreError::Stale)?;
            Ok(vec![Row::Session(Arc::new(session.clone()))])
        })?;
        Ok(())
    }
}

#[async_trait]
impl RefreshTokenRepository for Unit {
    async fn lookup(&mut self, digest: &SecretDigest) -> Result<Option<RefreshToken>, StoreError> {
        Ok(self.state.refresh_tokens.get(digest).map(|token| RefreshToken::clone(token)))
    }

    async fn insert(&mut self, token: &RefreshToken) -> Result<(), StoreError> {
        self.write(|state| {
            require(!state.refresh_tokens.contains_key(&token.digest), Conflict::Id)?;
            require(state.sessions.contains_key(&token.session_id), Conflict::Parent)?;
            Ok(vec![Row::RefreshToken(Arc::new(token.clone()))])
        })?;
        Ok(())
    }

    async fn claim(&mut self, digest: &SecretDigest, at: Timestamp) -> Result<bool, StoreError> {
        let claimed = self.write(|state| {
            let unused = state.refresh_tokens.get(digest).filter(|token| token.used_at.is_none());
            let used = unused.map(|token| RefreshToken { used_at: Some(at), ..RefreshToken::clone(token) });
            Ok(used.map(|token| Row::RefreshToken(Arc::new(token))).into_iter().collect())
        })?;
        Ok(claimed == 1)
    }
}
