//! Stores on servers for tests whose servers close them: they stay open for the next test, as to connect and to prepare
//! statements costs more than many a test.

use memo_conformance::{SharedStore, TestStore};

/// A database on the PostgreSQL server; `None` if it is absent.
pub async fn postgres() -> Option<Box<dyn TestStore>> {
    Some(SharedStore::of(crate::postgres().await?).boxed())
}

/// A database on the MySQL server; `None` if it is absent.
pub async fn mysql() -> Option<Box<dyn TestStore>> {
    Some(SharedStore::of(crate::mysql().await?).boxed())
}
