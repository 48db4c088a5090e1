//! Stores on servers that stay open for the next test: to connect and to prepare statements costs more than many a test.

use std::sync::Arc;

use async_trait::async_trait;
use memo_conformance::TestStore;
use memo_domain::{Access, Store, StoreError, UnitOfWork, UserId};
use memo_infrastructure::SeaOrmStore;

use crate::{Server, TestDatabase, keeper::WithStore};

struct Kept(TestDatabase);

impl TestStore for Kept {
    fn store(&self) -> Arc<dyn Store> {
        Arc::new(Unclosed(self.0.store().expect("it was leased with a store")))
    }
}

/// A store that ignores being closed by the server of a test.
struct Unclosed(Arc<SeaOrmStore>);

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

/// A database on the PostgreSQL server, whose store can't be closed; `None` if the server is absent.
pub async fn postgres() -> Option<Box<dyn TestStore>> {
    lease(Server::Postgres).await
}

/// A database on the MySQL server, whose store can't be closed; `None` if the server is absent.
pub async fn mysql() -> Option<Box<dyn TestStore>> {
    lease(Server::MySql).await
}

async fn lease(server: Server) -> Option<Box<dyn TestStore>> {
    Some(Box::new(Kept(server.lease_with(WithStore::Yes).await?)))
}
