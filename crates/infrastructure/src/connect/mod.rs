//! Connections to a database, and the sessions in which units of work run their statements.

mod file;
mod permits;
mod server;
mod session;
mod set;

use std::sync::Arc;

use memo_domain::{Access, StoreError};
use sea_orm::{
    DbBackend, DbErr, RuntimeErr, Statement,
    sea_query::Values,
    sqlx::{self, AssertSqlSafe, IntoArguments, query::Query},
};
use sea_query_sqlx::SqlxValues;
use thiserror::Error;

use permits::Owner;
pub use session::Session;

use super::options::StoreOptions;
pub use file::{File, IndexUpdate};
pub use server::{Server, Unprepared};

/// The connections to a database.
#[derive(Debug)]
pub enum Database {
    /// SQLite.
    File(Arc<File>),
    /// PostgreSQL, MySQL or MariaDB.
    Server(Server),
}

#[derive(Debug, Error)]
#[error(
    "the URL of the database is invalid: expected a SQLite file, e.g. sqlite:memo.db or sqlite:///var/lib/memo.db, or a \
     server, e.g. postgres://user:password@host/database or mysql://user:password@host/database"
)]
struct UnknownUrl;

impl From<UnknownUrl> for StoreError {
    fn from(error: UnknownUrl) -> Self {
        Self::Other { source: error.into() }
    }
}

/// What a statement costs. It matters for SQLite alone, whose statements run in this process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cost {
    /// It concerns few rows. It neither reads the full-text index nor removes memos.
    Small,
    /// It may take long, so it runs on a thread that may block.
    Large,
    /// Like `Large`, with connections and a time limit of its own.
    Search,
}

/// What became of a statement that may take only a few milliseconds.
pub enum Glance<T> {
    /// It has selected these rows.
    Rows(Vec<T>),
    /// It was interrupted.
    TooSlow,
    /// It did not run, since it could not be interrupted here.
    Untried,
}

/// Opens connections to the database that the scheme of the URL selects.
pub async fn connect(options: &StoreOptions) -> Result<Database, StoreError> {
    match backend_of(&options.url).ok_or(UnknownUrl)? {
        DbBackend::Sqlite => file::connect(options).await.map(Arc::new).map(Database::File),
        backend => server::connect(backend, options).await.map(Database::Server),
    }
}

/// The database that the scheme of a URL selects.
fn backend_of(url: &str) -> Option<DbBackend> {
    match url.split_once(':')?.0 {
        "sqlite" => Some(DbBackend::Sqlite),
        "postgres" | "postgresql" => Some(DbBackend::Postgres),
        "mysql" | "mariadb" => Some(DbBackend::MySql),
        _ => None,
    }
}

impl Database {
    pub fn backend(&self) -> DbBackend {
        match self {
            Self::File(_) => DbBackend::Sqlite,
            Self::Server(server) => server.backend(),
        }
    }

    /// Begins the session of a unit of work.
    pub async fn begin(&self, access: Access, owner: Owner) -> Result<Session, StoreError> {
        match self {
            Self::File(file) => file.begin(access, owner).await,
            Self::Server(server) => server.begin(access, owner).await,
        }
    }

    /// Waits for running statements and closes the connections.
    pub async fn close(&self) {
        match self {
            Self::File(file) => file.close().await,
            Self::Server(server) => server.close().await,
        }
    }
}

fn query<DB>(statement: &Statement) -> Query<'_, DB, SqlxValues>
where
    DB: sqlx::Database,
    SqlxValues: IntoArguments<DB>,
{
    let values = statement.values.clone().unwrap_or(Values(Vec::new()));
    sqlx::query_with(AssertSqlSafe(statement.sql.as_str()), SqlxValues(values))
}

fn driver_error(error: sqlx::Error) -> DbErr {
    DbErr::Query(RuntimeErr::SqlxError(error.into()))
}
