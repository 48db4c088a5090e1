use std::{fmt, sync::Arc, time::Duration};

use memo_domain::Source;
use redis::{
    Client, RedisError,
    aio::{ConnectionManager, ConnectionManagerConfig, PubSub},
};
use tokio::time::timeout;

/// Time limit of a command, and of connecting.
const TIMEOUT: Duration = Duration::from_secs(2);

/// A Redis server with a key prefix. Clones share one connection, which is opened by the first command.
#[derive(Clone)]
pub struct Redis {
    client: Client,
    /// The prefix of all keys and channels.
    prefix: Arc<str>,
    /// Connects when it is first used, and reconnects; concurrent commands wait for the same attempt.
    shared: ConnectionManager,
}

impl Redis {
    /// Returns a client for this URL; it must be called within a runtime. All keys and channels begin with `prefix` and a colon.
    ///
    /// # Errors
    /// If the URL is invalid.
    pub fn new(url: &str, prefix: &str) -> Result<Self, Source> {
        // The error may show the URL, which may contain a password.
        let client = Client::open(url).map_err(|_| "must have the form redis://user:password@host:port/number")?;
        let config = ConnectionManagerConfig::new()
            .set_connection_timeout(Some(TIMEOUT))
            .set_response_timeout(Some(TIMEOUT))
            .set_number_of_retries(1);
        let shared = ConnectionManager::new_lazy_with_config(client.clone(), config)?;
        Ok(Self { client, prefix: prefix.into(), shared })
    }

    /// Returns the full name of a key or channel.
    pub(super) fn name(&self, name: fmt::Arguments<'_>) -> String {
        format!("{}:{name}", self.prefix)
    }

    /// Returns the shared connection.
    pub(super) fn connection(&self) -> ConnectionManager {
        self.shared.clone()
    }

    /// Opens a connection for subscriptions.
    pub(super) async fn listener(&self) -> Result<PubSub, RedisError> {
        match timeout(TIMEOUT, self.client.get_async_pubsub()).await {
            Ok(connection) => connection,
            Err(_) => Err(std::io::Error::from(std::io::ErrorKind::TimedOut).into()),
        }
    }
}
