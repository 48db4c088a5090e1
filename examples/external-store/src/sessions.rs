//! Sign-ins, and the refresh tokens that carry them on.

use std::sync::Arc;

use async_trait::async_trait;
use memo_domain::{
    Conflict, RefreshToken, RefreshTokenRepository, SecretDigest, Session, SessionId, SessionRepository, StoreError,
    Timestamp, UserId,
};

use crate::{
    state::{Row, State, require},
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
        let mut ended = Vec::new();
        self.write(|state| {
            let theirs = state.sessions.values().filter(|session| session.user_id == user);
            let others = theirs.filter(|session| Some(session.id) != except && session.ended_at.is_none());
            let rows = others.map(|session| {
                ended.push(session.id);
                Row::Session(Arc::new(Session { ended_at: Some(at), ..Session::clone(session) }))
            });
            Ok(rows.collect())
        })?;
        Ok(ended)
    }

    async fn remove_before(&mut self, time: Timestamp, most: u32) -> Result<u64, StoreError> {
        let removed = self.write(|state| {
            let was_over = |end: Timestamp| end < time;
            let over = |session: &&Arc<Session>| was_over(session.expires_at) || session.ended_at.is_some_and(was_over);
            let sessions = state.sessions.values().filter(over).take(most as usize);
            Ok(sessions.map(|session| Row::SessionGone(session.id)).collect())
        })?;
        Ok(removed as u64)
    }

    async fn insert(&mut self, session: &Session) -> Result<(), StoreError> {
        self.write(|state| {
            require(!state.sessions.contains_key(&session.id), Conflict::Id)?;
            require(cookie_is_free(state, session), Conflict::Id)?;
            require(state.users.contains_key(&session.user_id), Conflict::Parent)?;
            Ok(vec![Row::Session(Arc::new(session.clone()))])
        })?;
        Ok(())
    }

    async fn update(&mut self, session: &Session) -> Result<(), StoreError> {
        self.write(|state| {
            state.sessions.get(&session.id).ok_or(StoreError::Stale)?;
            require(cookie_is_free(state, session), Conflict::Id)?;
            Ok(vec![Row::Session(Arc::new(session.clone()))])
        })?;
        Ok(())
    }
}

/// Whether no other sign-in has the cookie of this one.
fn cookie_is_free(state: &State, session: &Session) -> bool {
    let mut others = state.sessions.values().filter(|other| other.id != session.id);
    session.cookie.is_none() || others.all(|other| other.cookie != session.cookie)
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
