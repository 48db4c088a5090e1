//! Stores on servers for tests whose servers close them: they stay open for the next test, as to connect and to prepare
//! statements costs more than many a test.

use std::sync::Arc;

use async_trait::async_trait;
use memo_conformance::TestStore;
use memo_domain::{Access, Store, StoreError, UnitOfWork, UserId};

struct Kept(Box<dyn TestStore>);

impl TestStore for Kept {
    fn store(&self) -> Arc<dyn Store> {
        Arc::new(Unclosed(self.0.store()))
    }
}

/// A store that ignores being closed.
struct Unclosed(Arc<dyn Store>);

#[async_trait]
impl Store for Unclosed {
    async fn begin_for(&self, access: Access, user: Option<UserId>) -> Result<Box<dyn UnitOfWork>, StoreError> {
        self.0.begin_for(access, user).await
    }

    async fn check(&self) -> Result<(), StoreError> {
        self.0.check().await
    }

    async fn close(&self) {}
}

/// A database on the PostgreSQL server; `None` if it is absent.
pub async fn postgres() -> Option<Box<dyn TestStore>> {
    Some(Box::new(Kept(crate::postgres().await?)))
}

/// A database on the MySQL server; `None` if it is absent.
pub async fn mysql() -> Option<Box<dyn TestStore>> {
    Some(Box::new(Kept(crate::mysql().await?)))
}
