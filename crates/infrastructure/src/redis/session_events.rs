use std::{pin::Pin, time::Duration};

use async_trait::async_trait;
use futures_util::{Stream, StreamExt};
use memo_domain::{SessionEvent, SessionEvents, SessionId, Source};
use redis::{AsyncCommands, Client, Msg, RedisError, aio::ConnectionManager, aio::ConnectionManagerConfig};
use tokio::{sync::Mutex, time::sleep};

/// Where the ids of sign-ins that have ended are told, with a space between them.
const CHANNEL: &str = "memo:sessions:ended";
/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(2);
/// How long a lost connection is left alone.
const PAUSE: Duration = Duration::from_secs(1);

type Messages = Pin<Box<dyn Stream<Item = Msg> + Send>>;

/// Publish and subscribe.
pub struct RedisSessionEvents {
    client: Client,
    /// Connects again by itself.
    teller: Mutex<Option<ConnectionManager>>,
    listener: Mutex<Option<Messages>>,
}

impl RedisSessionEvents {
    /// A server by its URL. Nothing is asked of it yet.
    ///
    /// # Errors
    /// Where the URL is none of Redis.
    pub fn new(url: &str) -> Result<Self, Source> {
        // Its error may show the URL, and with it a password.
        let client = Client::open(url).map_err(|_| "not of the form redis://user:password@host:port/number")?;
        Ok(Self { client, teller: Mutex::default(), listener: Mutex::default() })
    }

    /// Whether the server answers.
    ///
    /// # Errors
    /// Where it does not.
    pub async fn check(&self) -> Result<(), Source> {
        let mut teller = self.teller().await?;
        Ok(redis::cmd("PING").exec_async(&mut teller).await?)
    }

    async fn teller(&self) -> Result<ConnectionManager, RedisError> {
        let mut teller = self.teller.lock().await;
        if let Some(teller) = &*teller {
            return Ok(teller.clone());
        }
        let config = ConnectionManagerConfig::new()
            .set_connection_timeout(Some(PATIENCE))
            .set_response_timeout(Some(PATIENCE))
            .set_number_of_retries(1);
        Ok(teller.insert(ConnectionManager::new_with_config(self.client.clone(), config).await?).clone())
    }

    async fn subscribe(&self) -> Result<Messages, RedisError> {
        let mut listener = self.client.get_async_pubsub().await?;
        listener.subscribe(CHANNEL).await?;
        Ok(Box::pin(listener.into_on_message()))
    }
}

#[async_trait]
impl SessionEvents for RedisSessionEvents {
    async fn tell(&self, ended: &[SessionId]) -> Result<(), Source> {
        let ids: Vec<_> = ended.iter().map(SessionId::to_string).collect();
        let mut teller = self.teller().await?;
        Ok(teller.publish(CHANNEL, ids.join(" ")).await?)
    }

    async fn receive(&self) -> SessionEvent {
        let mut listener = self.listener.lock().await;
        loop {
            let Some(messages) = &mut *listener else {
                match self.subscribe().await {
                    Ok(messages) => {
                        *listener = Some(messages);
                        return SessionEvent::Missed;
                    }
                    Err(error) => {
                        tracing::warn!(error = &error as &dyn std::error::Error, "the cache is out of reach");
                        sleep(PAUSE).await;
                        continue;
                    }
                }
            };
            match messages.next().await {
                Some(message) => {
                    let text: String = message.get_payload().unwrap_or_default();
                    // Whatever else somebody may have written there is no sign-in.
                    return SessionEvent::Ended(text.split(' ').filter_map(|id| SessionId::parse(id).ok()).collect());
                }
                None => *listener = None,
            }
        }
    }
}
