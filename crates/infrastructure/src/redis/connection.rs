use std::{fmt, sync::Arc, time::Duration};

use memo_domain::Source;
use redis::{
    Client, RedisError,
    aio::{ConnectionManager, ConnectionManagerConfig, PubSub},
};
use tokio::sync::Mutex;

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(2);

/// A part of a Redis server, with a connection that all share. Nothing is asked of it until somebody does.
#[derive(Clone)]
pub struct Redis {
    client: Client,
    /// What every name begins with.
    prefix: Arc<str>,
    /// Connects again by itself.
    shared: Arc<Mutex<Option<ConnectionManager>>>,
}

impl Redis {
    /// A server by its URL. Whatever is kept and told there has a name that begins with `prefix` and a colon.
    ///
    /// # Errors
    /// Where the URL is none of Redis.
    pub fn new(url: &str, prefix: &str) -> Result<Self, Source> {
        // Its error may show the URL, and with it a password.
        let client = Client::open(url).map_err(|_| "not of the form redis://user:password@host:port/number")?;
        Ok(Self { client, prefix: prefix.into(), shared: Arc::default() })
    }

    /// The full name of what is kept or told here.
    pub(super) fn name(&self, name: fmt::Arguments<'_>) -> String {
        format!("{}:{name}", self.prefix)
    }

    /// The connection for commands.
    pub(super) async fn connection(&self) -> Result<ConnectionManager, RedisError> {
        let mut shared = self.shared.lock().await;
        if let Some(connection) = &*shared {
            return Ok(connection.clone());
        }
        let config = ConnectionManagerConfig::new()
            .set_connection_timeout(Some(PATIENCE))
            .set_response_timeout(Some(PATIENCE))
            .set_number_of_retries(1);
        Ok(shared.insert(ConnectionManager::new_with_config(self.client.clone(), config).await?).clone())
    }

    /// A connection that listens.
    pub(super) async fn listener(&self) -> Result<PubSub, RedisError> {
        self.client.get_async_pubsub().await
    }
}
