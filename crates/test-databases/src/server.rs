//! Databases on a server.

use std::{
    env,
    path::Path,
    process,
    sync::{
        OnceLock,
        atomic::{AtomicU32, Ordering},
        mpsc,
    },
    thread,
    time::Duration,
};

use sea_orm::{ConnectOptions, ConnectionTrait, Database, DatabaseConnection, DbErr, Statement};
use tokio::{net::TcpStream, runtime::Builder, sync::oneshot, time::timeout};

/// A server on which tests may make databases.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Server {
    Postgres,
    MySql,
}

/// A database of one test, on PostgreSQL a schema, which costs a tenth of that. Dropped, it goes, whatever is still connected
/// to it.
#[derive(Debug)]
pub struct TestDatabase {
    server: Server,
    name: String,
}

static NUMBER: AtomicU32 = AtomicU32::new(0);

impl Server {
    /// An empty database; `None` where the server is not there.
    pub async fn database(self) -> Option<TestDatabase> {
        let name = format!("memo_test_{}_{}", process::id(), NUMBER.fetch_add(1, Ordering::Relaxed));
        self.keeper()?.make(name.clone()).await;
        Some(TestDatabase { server: self, name })
    }

    /// The URL of a database that is always there.
    fn url(self) -> String {
        let (variable, local) = match self {
            Self::Postgres => ("MEMO_TEST_POSTGRES_URL", "postgres://postgres@127.0.0.1:5432/postgres"),
            Self::MySql => ("MEMO_TEST_MYSQL_URL", "mysql://root@127.0.0.1:3306/mysql"),
        };
        env::var(variable).unwrap_or_else(|_| local.to_owned())
    }

    /// The host and the port of the server.
    #[must_use]
    pub fn address(self) -> String {
        let url = self.url();
        let place = url.split_once("//").map_or("", |(_, rest)| rest).split(['/', '?']).next().unwrap_or_default();
        let host = place.rsplit('@').next().unwrap_or_default();
        let port = if self == Self::Postgres { 5432 } else { 3306 };
        if host.contains(':') { host.to_owned() } else { format!("{host}:{port}") }
    }

    fn is_required(self) -> bool {
        is_required(if self == Self::Postgres { "postgres" } else { "mysql" })
    }

    /// What makes and drops the databases of this process.
    fn keeper(self) -> Option<&'static Keeper> {
        static POSTGRES: OnceLock<Option<Keeper>> = OnceLock::new();
        static MYSQL: OnceLock<Option<Keeper>> = OnceLock::new();
        let keeper = if self == Self::Postgres { &POSTGRES } else { &MYSQL };
        keeper.get_or_init(|| Keeper::start(self)).as_ref()
    }
}

/// Whether a run without this service counts as failed.
pub fn is_required(name: &str) -> bool {
    env::var("MEMO_TEST_REQUIRE").is_ok_and(|required| required.split(',').any(|required| required.trim() == name))
}

impl TestDatabase {
    /// Where it is.
    #[must_use]
    pub fn url(&self) -> String {
        let (name, url) = (&self.name, self.server.url());
        let (url, parameters) = url.split_once('?').unwrap_or((&url, ""));
        match self.server {
            // The name of the program is what its connections are found by. What a test has kept need not outlive the machine.
            Server::Postgres => {
                let options = format!("-csearch_path%3D{name}%20-csynchronous_commit%3Doff");
                format!("{url}?{parameters}&options={options}&application_name={name}").replace("?&", "?")
            }
            Server::MySql => {
                let (server, _) = url.rsplit_once('/').expect("a URL with a database");
                format!("{server}/{name}?{parameters}")
            }
        }
    }

    /// Where it is behind something that listens on this port of this machine, and passes on to the server.
    #[must_use]
    pub fn url_behind(&self, port: u16) -> String {
        let (url, address) = (self.url(), self.server.address());
        let address = if url.contains(&address) { &address } else { address.split(':').next().unwrap_or_default() };
        url.replacen(address, &format!("127.0.0.1:{port}"), 1)
    }
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        if let Some(keeper) = self.server.keeper() {
            keeper.remove(&self.name);
        }
    }
}

enum Job {
    Make(String, oneshot::Sender<()>),
    Remove(String, mpsc::Sender<()>),
}

/// A thread with a connection of its own: a test that fails has no runtime any more on which its database could go.
struct Keeper(mpsc::Sender<Job>);

impl Keeper {
    fn start(server: Server) -> Option<Self> {
        let (sender, jobs) = mpsc::channel();
        let (started, is_there) = mpsc::channel();
        let work = move || {
            let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime");
            let connection = runtime.block_on(prepare(server));
            started.send(connection.is_some()).expect("somebody waits");
            let Some(connection) = connection else { return };
            for job in jobs {
                match job {
                    Job::Make(name, done) => {
                        let made = runtime.block_on(make(server, &connection, &name));
                        made.expect("a database is made");
                        let _ = done.send(());
                    }
                    Job::Remove(name, done) => {
                        if let Err(error) = runtime.block_on(remove(server, &connection, &name)) {
                            println!("{name} was not removed: {error}");
                        }
                        let _ = done.send(());
                    }
                }
            }
        };
        thread::Builder::new().name("databases".to_owned()).spawn(work).expect("a thread");
        is_there.recv().is_ok_and(|is_there| is_there).then_some(Self(sender))
    }

    async fn make(&self, name: String) {
        let (done, made) = oneshot::channel();
        self.0.send(Job::Make(name, done)).expect("the thread lives");
        made.await.expect("a database is made");
    }

    fn remove(&self, name: &str) {
        let (done, removed) = mpsc::channel();
        if self.0.send(Job::Remove(name.to_owned(), done)).is_ok() {
            let _ = removed.recv();
        }
    }
}

async fn make(server: Server, connection: &DatabaseConnection, name: &str) -> Result<(), DbErr> {
    let what = if server == Server::Postgres { "SCHEMA" } else { "DATABASE" };
    connection.execute_unprepared(&format!("CREATE {what} {name}")).await.map(drop)
}

async fn remove(server: Server, connection: &DatabaseConnection, name: &str) -> Result<(), DbErr> {
    // What is still open there may hold locks.
    match server {
        Server::Postgres => {
            let end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name";
            connection.execute_unprepared(&format!("{end} = '{name}'")).await?;
            connection.execute_unprepared(&format!("DROP SCHEMA IF EXISTS {name} CASCADE")).await?;
        }
        Server::MySql => {
            let list =
                format!("SELECT CAST(id AS CHAR) AS name FROM information_schema.processlist WHERE db = '{name}'");
            for id in names(connection, &list).await? {
                // It may have ended by itself.
                let _ = connection.execute_unprepared(&format!("KILL {id}")).await;
            }
            connection.execute_unprepared(&format!("DROP DATABASE IF EXISTS {name}")).await?;
        }
    }
    Ok(())
}

/// Connects, and removes what killed processes have left.
async fn prepare(server: Server) -> Option<DatabaseConnection> {
    let address = server.address();
    if !matches!(timeout(Duration::from_secs(2), TcpStream::connect(&address)).await, Ok(Ok(_))) {
        assert!(!server.is_required(), "{server:?} is required, and not there at {address}");
        println!("{server:?} is not there at {address}: its tests are skipped");
        return None;
    }
    let mut options = ConnectOptions::new(server.url());
    options.max_connections(1).sqlx_logging(false);
    let connection = Database::connect(options).await.expect("the server can be used");
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
