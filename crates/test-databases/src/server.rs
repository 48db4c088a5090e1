//! Databases on a server.

use std::{
    env, process,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicU32, Ordering},
    },
    thread,
};

use memo_infrastructure::{SeaOrmStore, StoreOptions};

use crate::keeper::{self, Keeper, Leased};

/// A server on which tests may create databases.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Server {
    Postgres,
    MySql,
}

/// A database of one test; on PostgreSQL a schema, which is ten times faster to create. Dropping it closes its connections,
/// and removes it or, if leased, empties it for the next test.
#[derive(Debug)]
pub struct TestDatabase {
    server: Server,
    name: String,
    leased: Option<Leased>,
}

impl Server {
    /// An empty database without a schema; `None` if the server is absent.
    pub async fn database(self) -> Option<TestDatabase> {
        let name = new_name();
        self.keeper()?.create(name.clone()).await;
        Some(TestDatabase { server: self, name, leased: None })
    }

    /// A database with the schema and no rows, from a pool; `None` if the server is absent.
    pub async fn lease(self) -> Option<TestDatabase> {
        let leased = self.keeper()?.lease(new_name()).await;
        Some(TestDatabase { server: self, name: leased.name.clone(), leased: Some(leased) })
    }

    /// The URL of a database that always exists. Without TLS, whose handshake takes longer than many a test.
    pub(crate) fn url(self) -> String {
        let (variable, local) = match self {
            Self::Postgres => ("MEMO_TEST_POSTGRES_URL", "postgres://postgres@127.0.0.1:5432/postgres?sslmode=disable"),
            Self::MySql => ("MEMO_TEST_MYSQL_URL", "mysql://root@127.0.0.1:3306/mysql?ssl-mode=disabled"),
        };
        env::var(variable).unwrap_or_else(|_| local.to_owned())
    }

    /// The host and the port of the server.
    #[must_use]
    pub fn address(self) -> String {
        let url = self.url();
        let authority = url.split_once("//").map_or("", |(_, rest)| rest).split(['/', '?']).next().unwrap_or_default();
        let host = authority.rsplit('@').next().unwrap_or_default();
        let port = if self == Self::Postgres { 5432 } else { 3306 };
        if host.contains(':') { host.to_owned() } else { format!("{host}:{port}") }
    }

    pub(crate) fn is_required(self) -> bool {
        is_required(if self == Self::Postgres { "postgres" } else { "mysql" })
    }

    /// The thread that creates and drops the databases of this process.
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
    /// The URL of the database.
    #[must_use]
    pub fn url(&self) -> String {
        url_of(self.server, &self.name)
    }

    /// The options of a store on it.
    pub(crate) fn options(&self) -> StoreOptions {
        keeper::options(self.server, &self.name)
    }

    /// The store of a leased one.
    pub(crate) fn store(&self) -> Option<Arc<SeaOrmStore>> {
        Some(Arc::clone(&self.leased.as_ref()?.store))
    }

    /// The URL of the database through a proxy on this local port.
    #[must_use]
    pub fn url_through(&self, port: u16) -> String {
        let (url, address) = (self.url(), self.server.address());
        let address = if url.contains(&address) { &address } else { address.split(':').next().unwrap_or_default() };
        url.replacen(address, &format!("127.0.0.1:{port}"), 1)
    }
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        let Some(keeper) = self.server.keeper() else { return };
        match self.leased.take() {
            // A failed test may leave the database in any state, so it is not reused.
            Some(leased) if !thread::panicking() => keeper.put_back(leased),
            _ => keeper.remove(&self.name),
        }
    }
}

fn new_name() -> String {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    format!("memo_test_{}_{}", process::id(), NUMBER.fetch_add(1, Ordering::Relaxed))
}

/// The URL of a database of this name.
pub fn url_of(server: Server, name: &str) -> String {
    let url = server.url();
    let (url, parameters) = url.split_once('?').unwrap_or((&url, ""));
    match server {
        // Connections are found by their `application_name`. The data of a test need not survive a power cut.
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
