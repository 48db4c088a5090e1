use std::{
    sync::{Arc, OnceLock},
    time::Duration,
};

use async_trait::async_trait;
use futures_util::StreamExt;
use memo_domain::{ApiKeyId, Causes, Event, Events, Received, SessionId, Source, Subscription, Topic, UserId};
use redis::{Msg, RedisError, aio::PubSub, cmd};
use tokio::{
    sync::broadcast::{self, error::RecvError},
    task::AbortHandle,
    time::{sleep, timeout},
};

use super::{
    Redis,
    connection::{TIMEOUT, within_limit},
};

/// How many events a subscription may lag behind.
const CAPACITY: usize = 1_024;

/// How long nothing is received before the connection is tested.
const SILENCE: Duration = Duration::from_secs(5);

/// The wait before a lost connection is opened again.
const RECONNECT_INTERVAL: Duration = Duration::from_secs(1);

/// Events by publish and subscribe. All subscriptions of a node share one connection.
pub struct RedisEvents {
    redis: Redis,
    received: broadcast::Sender<Received>,
    listener: OnceLock<Listener>,
}

/// A task that ends when this is dropped.
struct Listener(AbortHandle);

impl Drop for Listener {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl RedisEvents {
    /// Events of the nodes that share this part of a server.
    #[must_use]
    pub fn new(redis: Redis) -> Self {
        Self { redis, received: broadcast::Sender::new(CAPACITY), listener: OnceLock::new() }
    }
}

#[async_trait]
impl Events for RedisEvents {
    async fn publish(&self, event: &Event) -> Result<(), Source> {
        let channel = channel(&self.redis, event.topic());
        Ok(self.redis.query(cmd("PUBLISH").arg(channel).arg(payload(event))).await?)
    }

    /// Must be called within a runtime.
    fn subscribe(&self, topics: &[Topic]) -> Box<dyn Subscription> {
        // Before the listener starts, so that the subscription learns of the connection.
        let received = self.received.subscribe();
        if self.listener.get().is_none() {
            let task = tokio::spawn(listen(self.redis.clone(), self.received.clone()));
            // If another subscription was faster, its listener stays and this one ends.
            drop(self.listener.set(Listener(task.abort_handle())));
        }
        Box::new(RedisSubscription { topics: topics.into(), received })
    }
}

struct RedisSubscription {
    topics: Arc<[Topic]>,
    received: broadcast::Receiver<Received>,
}

#[async_trait]
impl Subscription for RedisSubscription {
    async fn next(&mut self) -> Received {
        loop {
            match self.received.recv().await {
                Ok(Received::Event(event)) if !self.topics.contains(&event.topic()) => {}
                Ok(received) => return received,
                Err(RecvError::Lagged(_)) => return Received::Missed,
                Err(RecvError::Closed) => std::future::pending().await,
            }
        }
    }
}

/// Passes on what is published, for ever. Each new connection means that events may have been missed.
#[expect(clippy::disallowed_methods, reason = "waits before a retry")]
async fn listen(redis: Redis, received: broadcast::Sender<Received>) {
    loop {
        match within_limit(connect(&redis)).await {
            Ok(connection) => {
                drop(received.send(Received::Missed));
                let (mut sink, mut messages) = connection.split();
                loop {
                    match timeout(SILENCE, messages.next()).await {
                        Ok(Some(message)) => {
                            // Payloads in another form are not from a node of this version.
                            if let Some(event) = event(&redis, &message) {
                                drop(received.send(Received::Event(event)));
                            }
                        }
                        Ok(None) => break,
                        // Only a response shows that the server is still there.
                        Err(_) => match timeout(TIMEOUT, sink.ping::<()>()).await {
                            Ok(Ok(())) => {}
                            _ => break,
                        },
                    }
                }
            }
            Err(error) => {
                tracing::warn!(error = %Causes(&error), "Redis is unreachable: events are missed");
            }
        }
        sleep(RECONNECT_INTERVAL).await;
    }
}

async fn connect(redis: &Redis) -> Result<PubSub, RedisError> {
    let mut connection = redis.listener().await?;
    for (topic, _) in Topic::NAMES {
        connection.subscribe(channel(redis, topic)).await?;
    }
    Ok(connection)
}

fn channel(redis: &Redis, topic: Topic) -> String {
    let name = Topic::NAMES.iter().find(|(known, _)| *known == topic).map_or("", |(_, name)| name);
    redis.name(format_args!("events:{name}"))
}

fn payload(event: &Event) -> String {
    match event {
        Event::SessionsEnded(ids) => ids.iter().map(SessionId::to_string).collect::<Vec<_>>().join(" "),
        Event::ApiKeysChanged(ids) => ids.iter().map(ApiKeyId::to_string).collect::<Vec<_>>().join(" "),
        Event::MemosChanged(user) => user.to_string(),
        Event::JobsWaiting => String::new(),
    }
}

fn event(redis: &Redis, message: &Msg) -> Option<Event> {
    let (topic, _) =
        Topic::NAMES.into_iter().find(|(topic, _)| message.get_channel_name() == channel(redis, *topic))?;
    let text: String = message.get_payload().ok()?;
    Some(match topic {
        Topic::Sessions => {
            let ids = text.split_terminator(' ').map(SessionId::parse);
            Event::SessionsEnded(ids.collect::<Result<_, _>>().ok()?)
        }
        Topic::ApiKeys => {
            let ids = text.split_terminator(' ').map(ApiKeyId::parse);
            Event::ApiKeysChanged(ids.collect::<Result<_, _>>().ok()?)
        }
        Topic::Memos => Event::MemosChanged(UserId::parse(&text).ok()?),
        Topic::Jobs => Event::JobsWaiting,
    })
}
