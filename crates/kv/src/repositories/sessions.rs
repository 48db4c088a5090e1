use async_trait::async_trait;
use memo_domain::{
    Conflict, RefreshToken, RefreshTokenRepository, SecretDigest, Session, SessionId, SessionRepository, Source,
    StoreError, Timestamp, UserId,
};

use super::users::require_user;
use crate::{
    Direction,
    codec::{Codec, Input, record},
    entity::Entity,
    keys::{KeyRange, key},
    store::Unit,
    transaction::{Transaction, range, require},
};

record!(Session, 2, {
    id, user_id, scopes, cookie, provider, device, ip, created_at, last_seen_at, expires_at, ended_at,
    proved_at: since 2, None
});

const SESSION_BY_USER: u8 = 1;
const SESSION_BY_COOKIE: u8 = 2;
const SESSION_BY_END: u8 = 3;

impl Entity for Session {
    const TABLE: u8 = 2;

    fn key(&self) -> Vec<u8> {
        key![self.id]
    }

    fn indexes(&self) -> Vec<(u8, Vec<u8>)> {
        let end = self.ended_at.map_or(self.expires_at, |ended| ended.min(self.expires_at));
        let mut indexes = vec![(SESSION_BY_USER, key![self.user_id, self.id]), (SESSION_BY_END, key![end, self.id])];
        indexes.extend(self.cookie.map(|digest| (SESSION_BY_COOKIE, key![digest])));
        indexes
    }
}

record!(RefreshToken, 1, { digest, session_id, issued_at, expires_at, used_at });

const REFRESH_TOKEN_BY_SESSION: u8 = 1;

impl Entity for RefreshToken {
    const TABLE: u8 = 3;

    fn key(&self) -> Vec<u8> {
        key![self.digest]
    }

    fn indexes(&self) -> Vec<(u8, Vec<u8>)> {
        vec![(REFRESH_TOKEN_BY_SESSION, key![self.session_id, self.digest])]
    }
}

#[async_trait]
impl SessionRepository for Unit {
    async fn lookup(&mut self, id: SessionId) -> Result<Option<Session>, StoreError> {
        self.read(move |tx| tx.get(&key![id])).await
    }

    async fn find_by_cookie(&mut self, digest: &SecretDigest) -> Result<Option<Session>, StoreError> {
        let digest = *digest;
        self.read(move |tx| tx.find(SESSION_BY_COOKIE, &key![digest])).await
    }

    async fn list_live(&mut self, user: UserId, now: Timestamp) -> Result<Vec<Session>, StoreError> {
        self.read(move |tx| {
            let oldest_first = tx.all::<Session>(SESSION_BY_USER, &key![user])?;
            Ok(oldest_first.into_iter().rev().filter(|session| session.is_live(now)).collect())
        })
        .await
    }

    async fn end_all(
        &mut self,
        user: UserId,
        except: Option<SessionId>,
        at: Timestamp,
    ) -> Result<Vec<SessionId>, StoreError> {
        self.write(move |tx| {
            let mut sessions = tx.all::<Session>(SESSION_BY_USER, &key![user])?;
            sessions.retain(|session| session.ended_at.is_none() && Some(session.id) != except);
            for session in &sessions {
                tx.replace(session, &Session { ended_at: Some(at), ..session.clone() })?;
            }
            Ok(sessions.into_iter().map(|session| session.id).collect())
        })
        .await
    }

    async fn remove_before(&mut self, time: Timestamp, most: u32) -> Result<u64, StoreError> {
        self.write(move |tx| {
            let sessions = tx.first_below::<Session>(SESSION_BY_END, &key![time], most)?;
            for session in &sessions {
                remove_session(tx, session)?;
            }
            Ok(sessions.len() as u64)
        })
        .await
    }

    async fn insert(&mut self, session: &Session) -> Result<(), StoreError> {
        let session = session.clone();
        self.write(move |tx| {
            tx.insert(&session)?;
            require_user(tx, session.user_id)
        })
        .await
    }

    async fn update(&mut self, session: &Session) -> Result<(), StoreError> {
        let session = session.clone();
        self.write(move |tx| {
            let old = tx.get::<Session>(&key![session.id])?.ok_or(StoreError::Stale)?;
            tx.replace(&old, &session)
        })
        .await
    }
}

/// Removes a session with its refresh tokens.
fn remove_session(tx: &mut Transaction, session: &Session) -> Result<(), StoreError> {
    tx.remove_all::<RefreshToken>(REFRESH_TOKEN_BY_SESSION, &key![session.id])?;
    tx.remove(session);
    Ok(())
}

#[async_trait]
impl RefreshTokenRepository for Unit {
    async fn lookup(&mut self, digest: &SecretDigest) -> Result<Option<RefreshToken>, StoreError> {
        let digest = *digest;
        self.read(move |tx| tx.get(&key![digest])).await
    }

    async fn insert(&mut self, token: &RefreshToken) -> Result<(), StoreError> {
        let token = token.clone();
        self.write(move |tx| {
            tx.insert(&token)?;
            require(tx.contains::<Session>(&key![token.session_id])?, Conflict::Parent)
        })
        .await
    }

    async fn claim(&mut self, digest: &SecretDigest, at: Timestamp) -> Result<bool, StoreError> {
        let digest = *digest;
        self.write(move |tx| {
            let unused = tx.get(&key![digest])?.filter(|token: &RefreshToken| token.used_at.is_none());
            let Some(token) = unused else { return Ok(false) };
            tx.replace(&token, &RefreshToken { used_at: Some(at), ..token.clone() })?;
            Ok(true)
        })
        .await
    }

    async fn remove_of_ended(&mut self, time: Timestamp, most: u32) -> Result<u64, StoreError> {
        self.write(move |tx| {
            let ended = range::<Session>(SESSION_BY_END, &[]).below(&key![time]);
            Ok(remove_tokens(tx, SESSION_BY_END, &ended, most as usize)? as u64)
        })
        .await
    }
}

/// Removes refresh tokens of the sessions in a range.
fn remove_tokens(tx: &mut Transaction, index: u8, sessions: &KeyRange, limit: usize) -> Result<usize, StoreError> {
    let mut found = Vec::new();
    for session in tx.scan::<Session>(index, sessions, Direction::Ascending) {
        if found.len() >= limit {
            break;
        }
        let tokens = range::<RefreshToken>(REFRESH_TOKEN_BY_SESSION, &key![session?.id]);
        let tokens = tx.scan::<RefreshToken>(REFRESH_TOKEN_BY_SESSION, &tokens, Direction::Ascending);
        for token in tokens.take(limit - found.len()) {
            found.push(token?);
        }
    }
    for token in &found {
        tx.remove(token);
    }
    Ok(found.len())
}

/// Removes refresh tokens of a user, as a [`Step`](super::Step).
pub fn remove_tokens_of_user(tx: &mut Transaction, user: UserId, limit: usize) -> Result<usize, StoreError> {
    remove_tokens(tx, SESSION_BY_USER, &range::<Session>(SESSION_BY_USER, &key![user]), limit)
}

/// Removes sessions of a user, as a [`Step`](super::Step).
pub fn remove_of_user(tx: &mut Transaction, user: UserId, limit: usize) -> Result<usize, StoreError> {
    let sessions = range::<Session>(SESSION_BY_USER, &key![user]);
    let sessions = tx.scan::<Session>(SESSION_BY_USER, &sessions, Direction::Ascending).take(limit);
    let sessions = sessions.collect::<Result<Vec<_>, _>>()?;
    for session in &sessions {
        remove_session(tx, session)?;
    }
    Ok(sessions.len())
}
