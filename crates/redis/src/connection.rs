use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
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

/// The shortest time after which a connection that was refused is replaced again.
const PAUSE: Duration = Duration::from_secs(1);

/// The shared connection.
struct Shared {
    /// Connects when it is first used, and reconnects when it is closed; concurrent commands wait for the same attempt.
    manager: ConnectionManager,
    /// How many others were there before it, and when it replaced the last one.
    replaced: (u64, Option<Instant>),
}

impl Redis {
    /// Returns a client for this URL; it must be called within a runtime. All keys and channels begin with `prefix` and a colon.
    ///
    /// # Errors
    /// If the URL is invalid.
    pub fn new(url: &str, prefix: &str) -> Result<Self, Source> {
        // The error may show the URL, which may contain a password.
        let client = Client::open(url).map_err(|_| "must have the form redis://user:password@host:port/number")?;
        let shared = Shared { manager: manager(&client)?, replaced: (0, None) };
        Ok(Self { client, prefix: prefix.into(), shared: Arc::new(Mutex::new(shared)) })
    }

    /// Returns the full name of a key or channel.
    pub(super) fn name(&self, name: fmt::Arguments<'_>) -> String {
        format!("{}:{name}", self.prefix)
    }

    /// Runs a command on the shared connection. The next one gets another connection if this one is silent, leads to a server
    /// that is no longer the primary, or was refused (a wrong password): none of these closes it.
    pub(super) async fn query<T: FromRedisValue>(&self, command: &Cmd) -> Result<T, RedisError> {
        let (mut connection, replaced) = {
            let shared = self.shared.lock().unwrap_or_else(PoisonError::into_inner);
            (shared.manager.clone(), shared.replaced.0)
        };
        let result = within_limit(command.query_async(&mut connection)).await;
        match &result {
            Err(error) if error.is_timeout() || error.kind() == ErrorKind::Server(ServerErrorKind::ReadOnly) => {
                self.replace(replaced, Duration::ZERO);
            }
            Err(error) if error.is_unrecoverable_error() => self.replace(replaced, PAUSE),
            _ => {}
        }
        result
    }

    /// Replaces the shared connection, unless another command was faster or the last replacement is more recent than this.
    fn replace(&self, replaced: u64, pause: Duration) {
        let mut shared = self.shared.lock().unwrap_or_else(PoisonError::into_inner);
        let (count, last) = shared.replaced;
        if count == replaced
            && last.is_none_or(|last| last.elapsed() >= pause)
            && let Ok(manager) = manager(&self.client)
        {
            *shared = Shared { manager, replaced: (count + 1, Some(Instant::now())) };
        }
    }

    /// Opens a connection for subscriptions.
    pub(super) async fn listener(&self) -> Result<PubSub, RedisError> {
        self.client.get_async_pubsub().await
    }
}

/// Ends what takes longer than [`TIMEOUT`].
pub(super) async fn within_limit<T>(work: impl Future<Output = Result<T, RedisError>>) -> Result<T, RedisError> {
    let ended = timeout(TIMEOUT, work).await;
    ended.unwrap_or_else(|_| Err(std::io::Error::from(std::io::ErrorKind::TimedOut).into()))
}

fn manager(client: &Client) -> Result<ConnectionManager, RedisError> {
    let config = ConnectionManagerConfig::new()
        .set_connection_timeout(Some(TIMEOUT))
        .set_response_timeout(Some(TIMEOUT))
        .set_number_of_retries(0);
    ConnectionManager::new_lazy_with_config(client.clone(), config)
}
