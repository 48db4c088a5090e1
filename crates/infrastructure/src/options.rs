use std::time::Duration;

/// The options of [`SeaOrmStore::open`](crate::SeaOrmStore::open).
#[derive(Clone)]
pub struct StoreOptions {
    /// The URL of the database: `sqlite:file.db` (in the working directory), `sqlite:///folder/file.db`,
    /// `postgres://user:password@host/database` or `mysql://user:password@host/database`. The schemes `postgresql` and
    /// `mariadb` are accepted, too. Special characters must be percent-encoded.
    pub url: String,
    /// The URL of a replica of the server, which lists, searches and counts a user's own memos as soon as it has all changes of
    /// them. `None` on SQLite.
    pub read_url: Option<String>,
    /// Whether the server is reached through a pooler that gives each transaction another connection (`PgBouncer` in transaction
    /// mode): no prepared statement and no setting outlives a transaction. No effect on SQLite.
    pub pooler: bool,
    /// The maximum number of connections; on SQLite, of connections that read. `None` is the default of the database.
    pub max_connections: Option<u32>,
    /// How long opening the store retries to reach the server.
    pub connect_timeout: Duration,
    /// How long a unit of work waits for a connection, or a writer on SQLite for its turn.
    pub acquire_timeout: Duration,
    /// How long a statement may take on a server. SQLite, without a network in between, has no limit.
    pub statement_timeout: Duration,
    /// Whether each statement is logged.
    pub log_sql: bool,
}

impl StoreOptions {
    /// Creates options with default time limits of some seconds, without logging of statements.
    pub fn new(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            read_url: None,
            pooler: false,
            max_connections: None,
            connect_timeout: Duration::from_secs(10),
            acquire_timeout: Duration::from_secs(5),
            statement_timeout: Duration::from_secs(2),
            log_sql: false,
        }
    }
}

/// Omits the URLs, which may contain passwords.
impl std::fmt::Debug for StoreOptions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("StoreOptions")
            .field("pooler", &self.pooler)
            .field("max_connections", &self.max_connections)
            .field("connect_timeout", &self.connect_timeout)
            .field("acquire_timeout", &self.acquire_timeout)
            .field("statement_timeout", &self.statement_timeout)
            .finish_non_exhaustive()
    }
}
