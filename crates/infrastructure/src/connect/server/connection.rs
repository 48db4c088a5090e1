//! A single connection to a database server.

use std::{str::FromStr, time::Duration};

use log::LevelFilter;
use sea_orm::{
    DatabaseConnection, DbBackend, QueryResult, SqlxMySqlConnector, SqlxPostgresConnector, Statement,
    sqlx::{
        self, ConnectOptions, Connection as _,
        mysql::{MySqlConnectOptions, MySqlConnection, MySqlPoolOptions},
        postgres::{PgConnectOptions, PgConnection, PgPoolOptions},
    },
};

use crate::{connect::query, dialect};

/// The address of a server and the options of connections to it.
#[derive(Clone)]
pub enum Address {
    Postgres(PgConnectOptions),
    MySql(MySqlConnectOptions),
}

pub enum Connection {
    Postgres(PgConnection),
    MySql(MySqlConnection),
}

impl Address {
    pub fn parse(backend: DbBackend, url: &str, log_sql: bool) -> Result<Self, sqlx::Error> {
        let level = log_sql.then_some(LevelFilter::Info);
        if backend == DbBackend::Postgres {
            return Ok(Self::Postgres(logging(PgConnectOptions::from_str(url)?, level)));
        }
        // `mysql_settings` sets these on each connection.
        let options = MySqlConnectOptions::from_str(url)?.pipes_as_concat(false).no_engine_substitution(false);
        Ok(Self::MySql(logging(options.timezone(None).set_names(false), level)))
    }

    pub const fn backend(&self) -> DbBackend {
        match self {
            Self::Postgres(_) => DbBackend::Postgres,
            Self::MySql(_) => DbBackend::MySql,
        }
    }

    /// Opens a connection. Without a limit, statements may take any time.
    pub async fn connect(&self, statement_limit: Option<Duration>) -> Result<Connection, sqlx::Error> {
        match self {
            Self::Postgres(options) => {
                let options = options.clone().options(dialect::postgres_settings(statement_limit));
                options.connect().await.map(Connection::Postgres)
            }
            Self::MySql(options) => {
                let mut connection = options.connect().await?;
                let settings = sqlx::AssertSqlSafe(dialect::mysql_settings(statement_limit));
                sqlx::raw_sql(settings).execute(&mut connection).await?;
                Ok(Connection::MySql(connection))
            }
        }
    }

    /// Opens the driver's own pool with two connections, as a lease is renewed while a statement runs: migrations need SeaORM's
    /// `DatabaseConnection`.
    pub async fn connect_by_pool(&self, acquire_timeout: Duration) -> Result<DatabaseConnection, sqlx::Error> {
        Ok(match self {
            Self::Postgres(options) => {
                let options = options.clone().options(dialect::postgres_settings(None));
                let pool = PgPoolOptions::new().max_connections(2).acquire_timeout(acquire_timeout);
                SqlxPostgresConnector::from_sqlx_postgres_pool(pool.connect_with(options).await?)
            }
            Self::MySql(options) => {
                let settings = dialect::mysql_settings(None);
                let pool = MySqlPoolOptions::new().max_connections(2).acquire_timeout(acquire_timeout);
                let pool = pool.after_connect(move |connection, _| {
                    let settings = sqlx::AssertSqlSafe(settings.clone());
                    Box::pin(async move { sqlx::raw_sql(settings).execute(connection).await.map(drop) })
                });
                SqlxMySqlConnector::from_sqlx_mysql_pool(pool.connect_with(options.clone()).await?)
            }
        })
    }
}

/// Host and port, without the user and the password.
impl std::fmt::Display for Address {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Postgres(options) => write!(f, "{}:{}", options.get_host(), options.get_port()),
            Self::MySql(options) => write!(f, "{}:{}", options.get_host(), options.get_port()),
        }
    }
}

fn logging<T: ConnectOptions>(options: T, level: Option<LevelFilter>) -> T {
    match level {
        Some(level) => options.log_statements(level),
        None => options.disable_statement_logging(),
    }
}

impl Connection {
    pub async fn query_one(&mut self, statement: &Statement) -> Result<Option<QueryResult>, sqlx::Error> {
        Ok(match self {
            Self::Postgres(connection) => query(statement).fetch_optional(connection).await?.map(QueryResult::from),
            Self::MySql(connection) => query(statement).fetch_optional(connection).await?.map(QueryResult::from),
        })
    }

    pub async fn query_all(&mut self, statement: &Statement) -> Result<Vec<QueryResult>, sqlx::Error> {
        Ok(match self {
            Self::Postgres(connection) => results(query(statement).fetch_all(connection).await?),
            Self::MySql(connection) => results(query(statement).fetch_all(connection).await?),
        })
    }

    /// Runs a statement that returns no rows, and returns how many it changed.
    pub async fn execute(&mut self, statement: &Statement) -> Result<u64, sqlx::Error> {
        Ok(match self {
            Self::Postgres(connection) => query(statement).execute(connection).await?.rows_affected(),
            Self::MySql(connection) => query(statement).execute(connection).await?.rows_affected(),
        })
    }

    /// Runs a statement that begins or ends a transaction.
    pub async fn control(&mut self, statement: &'static str) -> Result<(), sqlx::Error> {
        match self {
            Self::Postgres(connection) => sqlx::raw_sql(statement).execute(connection).await.map(drop),
            Self::MySql(connection) => sqlx::raw_sql(statement).execute(connection).await.map(drop),
        }
    }

    pub async fn ping(&mut self) -> Result<(), sqlx::Error> {
        match self {
            Self::Postgres(connection) => connection.ping().await,
            Self::MySql(connection) => connection.ping().await,
        }
    }

    /// Closes the connection by the protocol. If it is only dropped, the server may log an error.
    pub async fn close(self) -> Result<(), sqlx::Error> {
        match self {
            Self::Postgres(connection) => connection.close().await,
            Self::MySql(connection) => connection.close().await,
        }
    }
}

fn results<T: Into<QueryResult>>(rows: Vec<T>) -> Vec<QueryResult> {
    rows.into_iter().map(Into::into).collect()
}
