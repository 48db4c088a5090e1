use async_trait::async_trait;
use memo_domain::{BrowserSessions, SecretDigest, Session, StoreError, Timestamp, UserId};

use crate::{Error, Transactions};

/// Sessions of browsers in the store.
pub struct StoredBrowserSessions {
    transactions: Transactions,
}

impl StoredBrowserSessions {
    #[must_use]
    pub const fn new(transactions: Transactions) -> Self {
        Self { transactions }
    }
}

#[async_trait]
impl BrowserSessions for StoredBrowserSessions {
    async fn prepare(&self, session: &Session) -> Result<Session, StoreError> {
        Ok(session.clone())
    }

    async fn find_by_cookie(&self, cookie: &SecretDigest) -> Result<Option<Session>, StoreError> {
        let found = self.transactions.read_boxed(*cookie, |unit, cookie| {
            Box::pin(async move { Ok(unit.sessions().find_by_cookie(cookie).await?) })
        });
        found.await.map_err(store_error)
    }

    async fn list_live(&self, user: UserId, now: Timestamp) -> Result<Vec<Session>, StoreError> {
        let transactions = self.transactions.on_behalf_of(user);
        let sessions = transactions.read_boxed((user, now), |unit, (user, now)| {
            Box::pin(async move { Ok(unit.sessions().list_live(*user, *now).await?) })
        });
        sessions.await.map_err(store_error)
    }

    async fn touch(&self, cookie: &SecretDigest, at: Timestamp, expires_at: Timestamp) -> Result<bool, StoreError> {
        let touched = self.transactions.write_boxed((*cookie, at, expires_at), |tx, (cookie, at, expires_at)| {
            Box::pin(async move {
                let found = tx.sessions().find_by_cookie(cookie).await?;
                let Some(mut session) = found.filter(|session| session.is_live(*at)) else { return Ok(false) };
                session.touch(*at, *expires_at);
                tx.sessions().update(&session).await?;
                Ok(true)
            })
        });
        touched.await.map_err(store_error)
    }
}

fn store_error(error: Error) -> StoreError {
    match error {
        Error::Store(error) => error,
        error => StoreError::Other { source: error.into() },
    }
}
