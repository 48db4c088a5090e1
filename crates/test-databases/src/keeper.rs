//! The thread that creates, empties and removes the databases of this process. It has a runtime of its own: a failed test has
//! none left to remove its database, and stores that stay open from test to test need one that outlives them.

use std::{
    path::Path,
    sync::{Arc, mpsc},
    thread,
    time::Duration,
};

use memo_conformance::pause;
use memo_domain::{Access, Store as _};
use memo_infrastructure::{SeaOrmStore, StoreOptions};
use sea_orm::{ConnectOptions, ConnectionTrait, Database, DatabaseConnection, DbErr, Statement};
use tokio::{net::TcpStream, runtime::Builder, sync::oneshot, time::timeout};

use crate::{Server, server::url_of};

/// How often, and at which interval, to check whether connections have ended.
const CHECKS: u32 = 1_000;
const CHECK_INTERVAL: Duration = Duration::from_millis(5);

/// More than a test has concurrent units of work, and few enough for many parallel tests.
const CONNECTIONS: u32 = 3;

enum Job {
    Create(String, oneshot::Sender<()>),
    Remove(String, mpsc::Sender<()>),
    /// Leases a database of the pool, or a new one with this name.
    Lease(String, oneshot::Sender<Leased>),
    Return(Leased),
}

/// A database with the schema.
#[derive(Debug)]
pub struct Leased {
    pub name: String,
    /// Its connections, and what they have prepared, are kept for the next test, unless this one has closed it.
    pub store: Arc<SeaOrmStore>,
    /// All tables except those of the migrations.
    tables: Vec<String>,
}

/// The handle of the thread.
pub struct Keeper(mpsc::Sender<Job>);

impl Keeper {
    /// `None` if the server is absent.
    pub fn start(server: Server) -> Option<Self> {
        let (sender, jobs) = mpsc::channel();
        let (started, is_available) = mpsc::channel();
        let work = move || {
            let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("a runtime");
            let connection = runtime.block_on(prepare(server));
            started.send(connection.is_some()).expect("the starting thread waits");
            let Some(connection) = connection else { return };
            let mut pool = Pool { server, connection, free: Vec::new() };
            for job in jobs {
                runtime.block_on(pool.work(job));
            }
        };
        thread::Builder::new().name("databases".to_owned()).spawn(work).expect("a thread");
        is_available.recv().is_ok_and(|is_available| is_available).then_some(Self(sender))
    }

    pub async fn create(&self, name: String) {
        let (done, created) = oneshot::channel();
        self.0.send(Job::Create(name, done)).expect("the thread lives");
        created.await.expect("a database is created");
    }

    pub async fn lease(&self, name: String) -> Leased {
        let (done, leased) = oneshot::channel();
        self.0.send(Job::Lease(name, done)).expect("the thread lives");
        leased.await.expect("a database is leased")
    }

    /// Puts a database back into the pool. It is emptied before the next lease.
    pub fn put_back(&self, leased: Leased) {
        let _ = self.0.send(Job::Return(leased));
    }

    pub fn remove(&self, name: &str) {
        let (done, removed) = mpsc::channel();
        if self.0.send(Job::Remove(name.to_owned(), done)).is_ok() {
            let _ = removed.recv();
        }
    }
}

struct Pool {
    server: Server,
    connection: DatabaseConnection,
    free: Vec<Leased>,
}

impl Pool {
    async fn work(&mut self, job: Job) {
        match job {
            Job::Create(name, done) => {
                create(self.server, &self.connection, &name).await.expect("a database is created");
                let _ = done.send(());
            }
            Job::Remove(name, done) => {
                if let Err(error) = remove(self.server, &self.connection, &name).await {
                    println!("{name} was not removed: {error}");
                }
                let _ = done.send(());
            }
            Job::Lease(name, done) => {
                let leased = match self.free.pop() {
                    Some(leased) => leased,
                    None => self.with_schema(name).await,
                };
                let _ = done.send(leased);
            }
            Job::Return(mut leased) => {
                if leased.store.begin(Access::Write).await.is_err() {
                    disconnect(self.server, &self.connection, &leased.name).await.expect("connections end");
                    leased.store = Arc::new(open(options(self.server, &leased.name)).await);
                }
                self.empty(&leased).await.unwrap_or_else(|error| panic!("{} cannot be emptied: {error}", leased.name));
                self.free.push(leased);
            }
        }
    }

    async fn with_schema(&self, name: String) -> Leased {
        create(self.server, &self.connection, &name).await.expect("a database is created");
        let store = Arc::new(open(options(self.server, &name)).await);
        store.migrate_up().await.expect("the schema is created");
        let list = format!(
            "SELECT CAST(table_name AS CHAR(64)) AS name FROM information_schema.tables \
             WHERE table_schema = '{name}' AND table_type = 'BASE TABLE' \
               AND table_name NOT IN ('seaql_migrations', 'leases')"
        );
        let tables = names(&self.connection, &list).await.expect("the tables are listed");
        assert!(!tables.is_empty(), "{name} has tables");
        let tables = tables.iter().map(|table| format!("{name}.{}", table.trim())).collect();
        Leased { name, store, tables }
    }

    /// Deletes all rows, one statement per table. The one for the users deletes most rows by cascade.
    async fn empty(&self, leased: &Leased) -> Result<(), DbErr> {
        let users = format!("{}.users", leased.name);
        let tables = || [&users].into_iter().chain(leased.tables.iter().filter(|table| **table != users));
        let deletions: Vec<_> = tables().map(|table| format!("DELETE FROM {table}")).collect();
        self.connection.execute_unprepared(&format!("BEGIN; {}; COMMIT", deletions.join("; "))).await?;
        let rows = tables().map(|table| {
            format!("SELECT '{table}' AS name FROM (SELECT 1 AS n) AS one WHERE EXISTS (SELECT 1 FROM {table})")
        });
        let left = names(&self.connection, &rows.collect::<Vec<_>>().join(" UNION ALL ")).await?;
        assert!(left.is_empty(), "rows are left in {left:?}");
        Ok(())
    }
}

/// The options of a store that a test uses.
pub fn options(server: Server, name: &str) -> StoreOptions {
    StoreOptions { max_connections: Some(CONNECTIONS), ..StoreOptions::new(url_of(server, name)) }
}

async fn open(options: StoreOptions) -> SeaOrmStore {
    SeaOrmStore::open(options).await.expect("the store opens")
}

async fn create(server: Server, connection: &DatabaseConnection, name: &str) -> Result<(), DbErr> {
    let what = if server == Server::Postgres { "SCHEMA" } else { "DATABASE" };
    connection.execute_unprepared(&format!("CREATE {what} {name}")).await.map(drop)
}

async fn remove(server: Server, connection: &DatabaseConnection, name: &str) -> Result<(), DbErr> {
    disconnect(server, connection, name).await?;
    let removal = match server {
        Server::Postgres => format!("DROP SCHEMA IF EXISTS {name} CASCADE"),
        Server::MySql => format!("DROP DATABASE IF EXISTS {name}"),
    };
    connection.execute_unprepared(&removal).await.map(drop)
}

/// Ends all connections to a database, which releases their locks, and waits for their end.
async fn disconnect(server: Server, connection: &DatabaseConnection, name: &str) -> Result<(), DbErr> {
    let list = match server {
        Server::Postgres => {
            format!("SELECT CAST(pid AS text) AS name FROM pg_stat_activity WHERE application_name = '{name}'")
        }
        Server::MySql => {
            format!("SELECT CAST(id AS CHAR) AS name FROM information_schema.processlist WHERE db = '{name}'")
        }
    };
    for _ in 0..CHECKS {
        let open = names(connection, &list).await?;
        if open.is_empty() {
            return Ok(());
        }
        for id in open {
            let end = match server {
                Server::Postgres => format!("SELECT pg_terminate_backend({id})"),
                Server::MySql => format!("KILL {id}"),
            };
            // The connection may have ended by itself.
            let _ = connection.execute_unprepared(&end).await;
        }
        pause(CHECK_INTERVAL).await;
    }
    Err(DbErr::Custom(format!("connections to {name} do not end")))
}

/// Connects, and removes the databases of killed processes.
async fn prepare(server: Server) -> Option<DatabaseConnection> {
    let address = server.address();
    if !matches!(timeout(Duration::from_secs(2), TcpStream::connect(&address)).await, Ok(Ok(_))) {
        assert!(!server.is_required(), "{server:?} is required, and absent at {address}");
        println!("{server:?} is absent at {address}: its tests are skipped");
        return None;
    }
    let mut options = ConnectOptions::new(server.url());
    options.max_connections(1).sqlx_logging(false);
    let connection = Database::connect(options).await.expect("the server can be used");
    if server == Server::Postgres {
        let relax = connection.execute_unprepared("SET synchronous_commit = off").await;
        relax.expect("the server can be used");
    }
    let list = "SELECT CAST(schema_name AS CHAR(64)) AS name FROM information_schema.schemata \
                WHERE schema_name LIKE 'memo_test_%'";
    for name in names(&connection, list).await.expect("databases are listed") {
        let pid = name.split('_').nth(2).unwrap_or_default();
        if pid.parse::<u32>().is_ok() && !Path::new("/proc").join(pid).exists() {
            // Another process may do the same at this moment.
            let _ = remove(server, &connection, name.trim()).await;
        }
    }
    Some(connection)
}

async fn names(connection: &DatabaseConnection, list: &str) -> Result<Vec<String>, DbErr> {
    let statement = Statement::from_string(connection.get_database_backend(), list);
    connection.query_all_raw(statement).await?.iter().map(|row| row.try_get("", "name")).collect()
}
