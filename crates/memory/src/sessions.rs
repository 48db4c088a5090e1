use std::sync::Arc;

use async_trait::async_trait;
use memo_domain::{Conflict, Session, SessionId, SessionRepository, StoreError};

use crate::{state::require, store::Unit};

#[async_trait]
impl SessionRepository for Unit {
    async fn lookup(&mut self, id: SessionId) -> Result<Option<Session>, StoreError> {
        Ok(self.state.sessions.get(&id).map(|session| Session::clone(session)))
    }

    async fn insert(&mut self, session: &Session) -> Result<(), StoreError> {
        self.write(|state| {
            require(!state.sessions.contains_key(&session.id), Conflict::Id)?;
            require(state.users.contains_key(&session.user_id), Conflict::Parent)?;
            state.sessions.insert(session.id, Arc::new(session.clone()));
            Ok(())
        })
    }

    async fn update(&mut self, session: &Session) -> Result<(), StoreError> {
        self.write(|state| {
            let kept = state.sessions.get_mut(&session.id).ok_or(StoreError::Stale)?;
            *kept = Arc::new(session.clone());
            Ok(())
        })
    }
}
