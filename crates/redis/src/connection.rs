use std::{fmt, sync::Arc, time::Duration};

use memo_domain::Source;
use redis::{
    Client, RedisError,
    aio::{ConnectionManager, ConnectionManagerConfig, PubSub},
};
use tokio::time::timeout;

/// How long an answer may take.
const TIMEOUT: Duration = Duration::from_secs(2);

/// A part of a Redis server, with a connection that all users of it share. It connects when it is first used.
#[derive(Clone)]
pub struct Redis {
    client: Client,
    /// The beginning of every name.
    prefix: Arc<str>,
    /// Reconnects by itself; all callers that wait meanwhile wait for the same connection.
    shared: ConnectionManager,
}

impl Redis {
    /// A server by its URL, within a runtime. All keys and channels begin with `prefix` and a colon.
    ///
    /// # Errors
    /// If the URL is not one of Redis.
    pub fn new(url: &str, prefix: &str) -> Result<Self, Source> {
        // The error of the driver may show the URL, and with it a password.
        let client = Client::open(url).map_err(|_| "not of the form redis://user:password@host:port/number")?;
        let config = ConnectionManagerConfig::new()
            .set_connection_timeout(Some(TIMEOUT))
            .set_response_timeout(Some(TIMEOUT))
            .set_number_of_retries(1);
        let shared = ConnectionManager::new_lazy_with_config(client.clone(), config)?;
        Ok(Self { client, prefix: prefix.into(), shared })
    }

    /// The name of a key or channel.
    pub(super) fn name(&self, name: fmt::Arguments<'_>) -> String {
        format!("{}:{name}", self.prefix)
    }

    /// The connection for commands.
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
