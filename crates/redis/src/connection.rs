use std::{fmt, sync::Arc, time::Duration};

use memo_domain::Source;
use redis::{
    Client, RedisError,
    aio::{ConnectionManager, ConnectionManagerConfig, PubSub},
};

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(2);

/// A part of a Redis server, with a connection that all share. Nothing is asked of it until somebody does.
#[derive(Clone)]
pub struct Redis {
    client: Client,
    /// What every name begins with.
    prefix: Arc<str>,
    /// Connects when it is used first, and again by itself; all who wait meanwhile wait for the same.
    shared: ConnectionManager,
}

impl Redis {
    /// A server by its URL, within a runtime. Whatever is kept and told there has a name that begins with `prefix` and a colon.
    ///
    /// # Errors
    /// Where the URL is none of Redis.
    pub fn new(url: &str, prefix: &str) -> Result<Self, Source> {
        // Its error may show the URL, and with it a password.
        let client = Client::open(url).map_err(|_| "not of the form redis://user:password@host:port/number")?;
        let config = ConnectionManagerConfig::new()
            .set_connection_timeout(Some(PATIENCE))
            .set_response_timeout(Some(PATIENCE))
            .set_number_of_retries(1);
        let shared = ConnectionManager::new_lazy_with_config(client.clone(), config)?;
        Ok(Self { client, prefix: prefix.into(), shared })
    }

    /// The full name of what is kept or told here.
    pub(super) fn name(&self, name: fmt::Arguments<'_>) -> String {
        format!("{}:{name}", self.prefix)
    }

    /// The connection for commands.
    pub(super) fn connection(&self) -> ConnectionManager {
        self.shared.clone()
    }

    /// A connection that listens.
    pub(super) async fn listener(&self) -> Result<PubSub, RedisError> {
        self.client.get_async_pubsub().await
    }
}
