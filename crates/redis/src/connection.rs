use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use memo_domain::Source;
use redis::{
    Client, Cmd, ErrorKind, FromRedisValue, RedisError, ServerErrorKind,
    aio::{ConnectionManager, ConnectionManagerConfig, PubSub},
};
use tokio::time::timeout;

/// Time limit of a command, and of connecting.
pub(super) const TIMEOUT: Duration = Duration::from_secs(2);

/// A Redis server with a key prefix. Clones share one connection, which is opened by the first command.
#[derive(Clone)]
pub struct Redis {
    client: Client,
    /// The prefix of all keys and channels.
    prefix: Arc<str>,
    shared: Arc<Mutex<Shared>>,
}

/// The shared connection.
struct Shared {
    /// Connects when it is first used, and reconnects when it is closed; concurrent commands wait for the same attempt.
    manager: ConnectionManager,
    /// How many others were there before it.
    replaced: u64,
}

impl Redis {
    /// Returns a client for this URL; it must be called within a runtime. All keys and channels begin with `prefix` and a colon.
    ///
    /// # Errors
    /// If the URL is invalid.
    pub fn new(url: &str, prefix: &str) -> Result<Self, Source> {
        // The error may show the URL, which may contain a password.
        let client = Client::open(url).map_err(|_| "must have the form redis://user:password@host:port/number")?;
        let shared = Shared { manager: manager(&client)?, replaced: 0 };
        Ok(Self { client, prefix: prefix.into(), shared: Arc::new(Mutex::new(shared)) })
    }

    /// Returns the full name of a key or channel.
    pub(super) fn name(&self, name: fmt::Arguments<'_>) -> String {
        format!("{}:{name}", self.prefix)
    }

    /// Runs a command on the shared connection. The next one gets another connection if this one is silent, or leads to a server
    /// that is no longer the primary: neither closes it.
    pub(super) async fn query<T: FromRedisValue>(&self, command: &Cmd) -> Result<T, RedisError> {
        let (mut connection, replaced) = {
            let shared = self.shared.lock().unwrap_or_else(PoisonError::into_inner);
            (shared.manager.clone(), shared.replaced)
        };
        let result = command.query_async(&mut connection).await;
        if result
            .as_ref()
            .is_err_and(|error| error.is_timeout() || error.kind() == ErrorKind::Server(ServerErrorKind::ReadOnly))
        {
            self.replace(replaced);
        }
        result
    }

    /// Replaces the shared connection, unless another command was faster.
    fn replace(&self, replaced: u64) {
        let mut shared = self.shared.lock().unwrap_or_else(PoisonError::into_inner);
        if shared.replaced == replaced
            && let Ok(manager) = manager(&self.client)
        {
            *shared = Shared { manager, replaced: replaced + 1 };
        }
    }

    /// Opens a connection for subscriptions.
    pub(super) async fn listener(&self) -> Result<PubSub, RedisError> {
        match timeout(TIMEOUT, self.client.get_async_pubsub()).await {
            Ok(connection) => connection,
            Err(_) => Err(std::io::Error::from(std::io::ErrorKind::TimedOut).into()),
        }
    }
}

fn manager(client: &Client) -> Result<ConnectionManager, RedisError> {
    let config = ConnectionManagerConfig::new()
        .set_connection_timeout(Some(TIMEOUT))
        .set_response_timeout(Some(TIMEOUT))
        .set_number_of_retries(1);
    ConnectionManager::new_lazy_with_config(client.clone(), config)
}
