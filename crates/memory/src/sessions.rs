use std::sync::Arc;

use async_trait::async_trait;
use memo_domain::{Conflict, SecretDigest, Session, SessionId, SessionRepository, StoreError, Timestamp, UserId};

use crate::{
    state::{State, remove_some, require},
    store::Unit,
};

#[async_trait]
impl SessionRepository for Unit {
    async fn lookup(&mut self, id: SessionId) -> Result<Option<Session>, StoreError> {
        Ok(self.state.sessions.get(&id).map(|session| Session::clone(session)))
    }

    async fn find_by_cookie(&mut self, digest: &SecretDigest) -> Result<Option<Session>, StoreError> {
        let found = self.state.sessions.values().find(|session| session.cookie.as_ref() == Some(digest));
        Ok(found.map(|session| Session::clone(session)))
    }

    async fn list_live(&mut self, user: UserId, now: Timestamp) -> Result<Vec<Session>, StoreError> {
        let newest_first = self.state.sessions.values().rev();
        let live = newest_first.filter(|session| session.user_id == user && session.is_live(now));
        Ok(live.map(|session| Session::clone(session)).collect())
    }

    async fn end_all(
        &mut self,
        user: UserId,
        except: Option<SessionId>,
        at: Timestamp,
    ) -> Result<Vec<SessionId>, StoreError> {
        self.write(|state| {
            let all = state.sessions.values_mut();
            let others = all.filter(|session| session.user_id == user && Some(session.id) != except);
            let ended = others.filter(|session| session.ended_at.is_none()).map(|session| {
                Arc::make_mut(session).ended_at = Some(at);
                session.id
            });
            Ok(ended.collect())
        })
    }

    async fn remove_before(&mut self, time: Timestamp, most: u32) -> Result<u64, StoreError> {
        self.write(|state| {
            let State { sessions, refresh_tokens, .. } = state;
            let removed = remove_some(sessions, most, |session| {
                session.expires_at < time || session.ended_at.is_some_and(|ended| ended < time)
            });
            refresh_tokens.retain(|_, token| sessions.contains_key(&token.session_id));
            Ok(removed)
        })
    }

    async fn insert(&mut self, session: &Session) -> Result<(), StoreError> {
        self.write(|state| {
            require(!state.sessions.contains_key(&session.id), Conflict::Id)?;
            require(cookie_is_free(state, session), Conflict::Id)?;
            require(state.users.contains_key(&session.user_id), Conflict::Parent)?;
            state.sessions.insert(session.id, Arc::new(session.clone()));
            Ok(())
        })
    }

    async fn update(&mut self, session: &Session) -> Result<(), StoreError> {
        self.write(|state| {
            let free = cookie_is_free(state, session);
            let kept = state.sessions.get_mut(&session.id).ok_or(StoreError::Stale)?;
            require(free, Conflict::Id)?;
            *kept = Arc::new(session.clone());
            Ok(())
        })
    }
}

/// Whether no other sign-in has the cookie of this one.
fn cookie_is_free(state: &State, session: &Session) -> bool {
    session.cookie.is_none()
        || state.sessions.values().all(|other| other.id == session.id || other.cookie != session.cookie)
}
