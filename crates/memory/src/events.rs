use async_trait::async_trait;
use memo_domain::{Event, Events, Received, Source, Subscription, Topic};
use tokio::sync::broadcast::{self, error::RecvError};

/// How many events a subscription may lag behind.
const CAPACITY: usize = 1_024;

/// Events of a single node.
pub struct MemoryEvents(broadcast::Sender<Event>);

impl Default for MemoryEvents {
    fn default() -> Self {
        Self::new()
    }
}

impl MemoryEvents {
    /// Events without subscribers.
    #[must_use]
    pub fn new() -> Self {
        Self(broadcast::Sender::new(CAPACITY))
    }
}

#[async_trait]
impl Events for MemoryEvents {
    async fn publish(&self, event: &Event) -> Result<(), Source> {
        // An error means that there are no subscribers.
        drop(self.0.send(event.clone()));
        Ok(())
    }

    fn subscribe(&self, topics: &[Topic]) -> Box<dyn Subscription> {
        Box::new(MemorySubscription { topics: topics.to_vec(), events: self.0.subscribe() })
    }
}

struct MemorySubscription {
    topics: Vec<Topic>,
    events: broadcast::Receiver<Event>,
}

#[async_trait]
impl Subscription for MemorySubscription {
    async fn next(&mut self) -> Received {
        loop {
            match self.events.recv().await {
                Ok(event) if self.topics.contains(&event.topic()) => return Received::Event(event),
                Ok(_) => {}
                Err(RecvError::Lagged(_)) => return Received::Missed,
                Err(RecvError::Closed) => std::future::pending().await,
            }
        }
    }
}
