use std::sync::Arc;

use async_trait::async_trait;
use memo_domain::{Access, BrowserSessions, SecretDigest, Session, Store, StoreError, Timestamp, UserId};

/// Keeps the sign-ins of browsers where everything else is kept.
pub struct StoredBrowserSessions {
    store: Arc<dyn Store>,
}

impl StoredBrowserSessions {
    #[must_use]
    pub fn new(store: Arc<dyn Store>) -> Self {
        Self { store }
    }
}

#[async_trait]
impl BrowserSessions for StoredBrowserSessions {
    async fn prepare(&self, session: &Session) -> Result<Session, StoreError> {
        Ok(session.clone())
    }

    async fn find_by_cookie(&self, cookie: &SecretDigest) -> Result<Option<Session>, StoreError> {
        self.store.begin(Access::Read).await?.sessions().find_by_cookie(cookie).await
    }

    async fn list_live(&self, user: UserId, now: Timestamp) -> Result<Vec<Session>, StoreError> {
        self.store.begin(Access::Read).await?.sessions().list_live(user, now).await
    }

    async fn touch(&self, cookie: &SecretDigest, at: Timestamp, expires_at: Timestamp) -> Result<bool, StoreError> {
        let mut unit = self.store.begin(Access::Write).await?;
        let found = unit.sessions().find_by_cookie(cookie).await?;
        let Some(session) = found.filter(|session| session.is_live(at)) else { return Ok(false) };
        unit.sessions().update(&Session { last_seen_at: at, expires_at, ..session }).await?;
        unit.commit().await?;
        Ok(true)
    }
}
