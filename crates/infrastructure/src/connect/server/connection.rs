//! A single connection to a database server.

use std::{str::FromStr, time::Duration};

use log::LevelFilter;
use memo_domain::Access;
use sea_orm::{
    DatabaseConnection, DbBackend, QueryResult, SqlxMySqlConnector, SqlxPostgresConnector, Statement,
    sqlx::{
        self, AssertSqlSafe, ConnectOptions, Connection as _,
        mysql::{MySqlConnectOptions, MySqlConnection, MySqlPoolOptions},
        postgres::{PgConnectOptions, PgConnection, PgPoolOptions},
    },
};

use crate::{connect::query, dialect, options::StoreOptions};

/// The address of a server and the options of connections to it.
#[derive(Clone)]
pub struct Address {
    driver: DriverOptions,
    statement_limit: Duration,
    /// Whether a pooler is in between, which gives each transaction another connection of the server.
    is_pooled: bool,
}

#[derive(Clone)]
enum DriverOptions {
    Postgres(PgConnectOptions),
    MySql(MySqlConnectOptions),
}

pub struct Connection {
    driver: Driver,
    /// The limit of statements, if each transaction must set it, as it has another connection of the server.
    limit_behind_pooler: Option<Duration>,
    is_in_transaction: bool,
}

enum Driver {
    Postgres(PgConnection),
    MySql(MySqlConnection),
}

/// What a connection runs.
#[derive(Clone, Copy)]
pub enum Task<'s> {
    /// Selects rows.
    Query(&'s Statement),
    /// Changes rows.
    Execute(&'s Statement),
    /// Begins a transaction.
    Begin(Access),
    /// `COMMIT` or `ROLLBACK`.
    End(&'static str),
}

/// The selected rows, and the number of changed ones.
#[derive(Default)]
pub struct Outcome {
    pub rows: Vec<QueryResult>,
    pub changed: u64,
}

impl Address {
    pub fn parse(backend: DbBackend, url: &str, options: &StoreOptions) -> Result<Self, sqlx::Error> {
        let level = options.log_sql.then_some(LevelFilter::Info);
        let driver = if backend == DbBackend::Postgres {
            let mut driver = PgConnectOptions::from_str(url)?;
            if options.pooler {
                // Poolers reject a connection with a parameter that they do not know.
                driver = driver.extra_float_digits(None);
            }
            DriverOptions::Postgres(logging(driver, level))
        } else {
            // `mysql_settings` sets these.
            let driver = MySqlConnectOptions::from_str(url)?.pipes_as_concat(false).no_engine_substitution(false);
            DriverOptions::MySql(logging(driver.timezone(None).set_names(false), level))
        };
        Ok(Self { driver, statement_limit: options.statement_timeout, is_pooled: options.pooler })
    }

    pub const fn backend(&self) -> DbBackend {
        match self.driver {
            DriverOptions::Postgres(_) => DbBackend::Postgres,
            DriverOptions::MySql(_) => DbBackend::MySql,
        }
    }

    /// Opens a connection.
    pub async fn connect(&self) -> Result<Connection, sqlx::Error> {
        let driver = match &self.driver {
            DriverOptions::Postgres(options) => {
                Driver::Postgres(self.with_settings(options, Some(self.statement_limit)).connect().await?)
            }
            DriverOptions::MySql(options) => Driver::MySql(options.connect().await?),
        };
        let limit_behind_pooler = self.is_pooled.then_some(self.statement_limit);
        let mut connection = Connection { driver, limit_behind_pooler, is_in_transaction: false };
        if self.backend() == DbBackend::MySql && !self.is_pooled {
            connection.control(dialect::mysql_settings(Some(self.statement_limit))).await?;
        }
        Ok(connection)
    }

    /// Opens the driver's own pool with two connections, as a lease is renewed while a statement runs: migrations need SeaORM's
    /// `DatabaseConnection`. Their statements may take any time.
    pub async fn connect_by_pool(&self, acquire_timeout: Duration) -> Result<DatabaseConnection, sqlx::Error> {
        Ok(match &self.driver {
            DriverOptions::Postgres(options) => {
                let pool = PgPoolOptions::new().max_connections(2).acquire_timeout(acquire_timeout);
                let pool = pool.connect_with(self.with_settings(options, None)).await?;
                SqlxPostgresConnector::from_sqlx_postgres_pool(pool)
            }
            DriverOptions::MySql(options) => {
                let settings = dialect::mysql_settings(None);
                let pool = MySqlPoolOptions::new().max_connections(2).acquire_timeout(acquire_timeout);
                let pool = pool.after_connect(move |connection, _| {
                    let settings = AssertSqlSafe(settings.clone());
                    Box::pin(async move { sqlx::raw_sql(settings).execute(connection).await.map(drop) })
                });
                SqlxMySqlConnector::from_sqlx_mysql_pool(pool.connect_with(options.clone()).await?)
            }
        })
    }

    /// Adds the settings of a session. A pooler has none: there, each transaction sets them.
    fn with_settings(&self, options: &PgConnectOptions, statement_limit: Option<Duration>) -> PgConnectOptions {
        let options = options.clone();
        if self.is_pooled { options } else { options.options(dialect::postgres_settings(statement_limit)) }
    }
}

/// Host and port, without the user and the password.
impl std::fmt::Display for Address {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.driver {
            DriverOptions::Postgres(options) => write!(f, "{}:{}", options.get_host(), options.get_port()),
            DriverOptions::MySql(options) => write!(f, "{}:{}", options.get_host(), options.get_port()),
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
    pub async fn run(&mut self, task: Task<'_>) -> Result<Outcome, sqlx::Error> {
        match task {
            // The driver sends a statement and its parameters in two messages. Outside a transaction, a pooler may forward them
            // to two connections of the server.
            Task::Query(statement) if self.limit_behind_pooler.is_some() && !self.is_in_transaction => {
                self.begin(Access::Read).await?;
                let rows = self.query(statement).await?;
                self.end("COMMIT").await?;
                Ok(Outcome { rows, changed: 0 })
            }
            Task::Query(statement) => Ok(Outcome { rows: self.query(statement).await?, changed: 0 }),
            Task::Execute(statement) => Ok(Outcome { rows: Vec::new(), changed: self.execute(statement).await? }),
            Task::Begin(access) => self.begin(access).await.map(|()| Outcome::default()),
            Task::End(statement) => self.end(statement).await.map(|()| Outcome::default()),
        }
    }

    /// Whether a transaction was begun that has not ended yet.
    pub const fn is_in_transaction(&self) -> bool {
        self.is_in_transaction
    }

    pub async fn ping(&mut self) -> Result<(), sqlx::Error> {
        match &mut self.driver {
            Driver::Postgres(connection) => connection.ping().await,
            Driver::MySql(connection) => connection.ping().await,
        }
    }

    /// Closes the connection by the protocol. If it is only dropped, the server may log an error.
    pub async fn close(self) -> Result<(), sqlx::Error> {
        match self.driver {
            Driver::Postgres(connection) => connection.close().await,
            Driver::MySql(connection) => connection.close().await,
        }
    }

    async fn query(&mut self, statement: &Statement) -> Result<Vec<QueryResult>, sqlx::Error> {
        let is_kept = self.keeps_statements();
        Ok(match &mut self.driver {
            Driver::Postgres(connection) => results(query(statement).persistent(is_kept).fetch_all(connection).await?),
            Driver::MySql(connection) => results(query(statement).persistent(is_kept).fetch_all(connection).await?),
        })
    }

    async fn execute(&mut self, statement: &Statement) -> Result<u64, sqlx::Error> {
        let is_kept = self.keeps_statements();
        Ok(match &mut self.driver {
            Driver::Postgres(connection) => {
                query(statement).persistent(is_kept).execute(connection).await?.rows_affected()
            }
            Driver::MySql(connection) => {
                query(statement).persistent(is_kept).execute(connection).await?.rows_affected()
            }
        })
    }

    /// Whether a prepared statement is kept by its name for the next use.
    const fn keeps_statements(&self) -> bool {
        self.limit_behind_pooler.is_none()
    }

    async fn begin(&mut self, access: Access) -> Result<(), sqlx::Error> {
        let backend = match self.driver {
            Driver::Postgres(_) => DbBackend::Postgres,
            Driver::MySql(_) => DbBackend::MySql,
        };
        // Also if it fails: one of several statements may have begun it.
        self.is_in_transaction = true;
        self.control(match self.limit_behind_pooler {
            Some(limit) => dialect::begin_with_settings(backend, access, limit),
            None => dialect::begin(backend, access).to_owned(),
        })
        .await
    }

    async fn end(&mut self, statement: &'static str) -> Result<(), sqlx::Error> {
        self.control(statement.to_owned()).await?;
        self.is_in_transaction = false;
        Ok(())
    }

    /// Runs statements without parameters in one message.
    async fn control(&mut self, statements: String) -> Result<(), sqlx::Error> {
        let statements = sqlx::raw_sql(AssertSqlSafe(statements));
        match &mut self.driver {
            Driver::Postgres(connection) => statements.execute(connection).await.map(drop),
            Driver::MySql(connection) => statements.execute(connection).await.map(drop),
        }
    }
}

fn results<T: Into<QueryResult>>(rows: Vec<T>) -> Vec<QueryResult> {
    rows.into_iter().map(Into::into).collect()
}
