//! How a URL becomes pools of connections.

mod group_writer;
mod readers;
mod sqlite;
mod sqlite_log;

use memo_domain::StoreError;
use sea_orm::{ConnectOptions, DatabaseConnection};
use thiserror::Error;

pub use group_writer::{GroupWriter, Turn};
pub use readers::Readers;

use super::StoreOptions;

/// The connections that reads and writes use.
#[derive(Debug)]
pub struct Pools {
    /// Single statements that read.
    pub readers: Readers,
    /// Transactions that read.
    pub reader: DatabaseConnection,
    pub writer: GroupWriter,
}

#[derive(Debug, Error)]
#[error("the URL of the database is not one of a SQLite file, as in sqlite:memo.db or sqlite:///var/lib/memo.db")]
struct UnknownUrl;

impl From<UnknownUrl> for StoreError {
    fn from(error: UnknownUrl) -> Self {
        Self::Other { source: error.into() }
    }
}

/// Opens the connections; the scheme of the URL says to what.
pub async fn connect(options: &StoreOptions) -> Result<Pools, StoreError> {
    match options.url.split_once(':') {
        Some(("sqlite", _)) => sqlite::connect(options).await,
        _ => Err(UnknownUrl.into()),
    }
}

fn pool_options(options: &StoreOptions, connections: u32) -> ConnectOptions {
    let mut pool = ConnectOptions::new(&options.url);
    pool.max_connections(connections).acquire_timeout(options.acquire_timeout).sqlx_logging(options.log_sql);
    pool
}
