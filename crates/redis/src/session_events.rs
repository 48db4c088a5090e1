use std::{pin::Pin, time::Duration};

use async_trait::async_trait;
use futures_util::{Stream, StreamExt};
use memo_domain::{SessionEvent, SessionEvents, SessionId, Source};
use redis::{AsyncCommands, Msg, RedisError};
use tokio::{sync::Mutex, time::sleep};

use super::Redis;

/// How long a lost connection is left alone.
const PAUSE: Duration = Duration::from_secs(1);

type Messages = Pin<Box<dyn Stream<Item = Msg> + Send>>;

/// Publish and subscribe.
pub struct RedisSessionEvents {
    redis: Redis,
    /// Where the ids of sign-ins that have ended are told, with a space between them.
    channel: String,
    listener: Mutex<Option<Messages>>,
}

impl RedisSessionEvents {
    /// By way of this server.
    #[must_use]
    pub fn new(redis: Redis) -> Self {
        Self { channel: redis.name(format_args!("sessions:ended")), redis, listener: Mutex::default() }
    }

    async fn subscribe(&self) -> Result<Messages, RedisError> {
        let mut listener = self.redis.listener().await?;
        listener.subscribe(&self.channel).await?;
        Ok(Box::pin(listener.into_on_message()))
    }
}

#[async_trait]
impl SessionEvents for RedisSessionEvents {
    async fn tell(&self, ended: &[SessionId]) -> Result<(), Source> {
        let ids: Vec<_> = ended.iter().map(SessionId::to_string).collect();
        let mut teller = self.redis.connection();
        Ok(teller.publish(&self.channel, ids.join(" ")).await?)
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
