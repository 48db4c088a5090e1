use std::sync::{PoisonError, RwLock};

use async_trait::async_trait;
use memo_domain::{Event, Events, Received, Source, Subscription, Topic};
use tokio::sync::broadcast::{self, Receiver, Sender, error::RecvError};

/// How many events a subscription may lag behind.
const CAPACITY: usize = 1_024;

/// Events of a single node.
///
/// Subscriptions of the same topics share a channel, so that an event wakes only those that it is for.
#[derive(Default)]
pub struct MemoryEvents(RwLock<Vec<(Vec<Topic>, Sender<Event>)>>);

impl MemoryEvents {
    /// Events without subscribers.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }
}

#[async_trait]
impl Events for MemoryEvents {
    async fn publish(&self, event: &Event) -> Result<(), Source> {
        let channels = self.0.read().unwrap_or_else(PoisonError::into_inner);
        for (_, sender) in channels.iter().filter(|(topics, _)| topics.contains(&event.topic())) {
            // An error means that there are no subscribers.
            drop(sender.send(event.clone()));
        }
        Ok(())
    }

    fn subscribe(&self, topics: &[Topic]) -> Box<dyn Subscription> {
        let mut channels = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, sender)) = channels.iter().find(|(known, _)| known == topics) {
            return Box::new(MemorySubscription(sender.subscribe()));
        }
        let (sender, receiver) = broadcast::channel(CAPACITY);
        channels.push((topics.to_vec(), sender));
        Box::new(MemorySubscription(receiver))
    }
}

struct MemorySubscription(Receiver<Event>);

#[async_trait]
impl Subscription for MemorySubscription {
    async fn next(&mut self) -> Received {
        match self.0.recv().await {
            Ok(event) => Received::Event(event),
            Err(RecvError::Lagged(_)) => Received::Missed,
            Err(RecvError::Closed) => std::future::pending().await,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{
        sync::{
            Arc,
            atomic::{AtomicUsize, Ordering},
        },
        task::{Context, Wake},
    };

    use memo_domain::{UserId, Uuid};

    use super::*;

    #[derive(Default)]
    struct Wakes(AtomicUsize);

    impl Wake for Wakes {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    #[tokio::test]
    async fn an_event_wakes_only_the_subscriptions_of_its_topic() {
        let (events, wakes) = (MemoryEvents::new(), Arc::new(Wakes::default()));
        let mut subscription = events.subscribe(&[Topic::Jobs]);
        let mut next = subscription.next();
        assert!(next.as_mut().poll(&mut Context::from_waker(&wakes.clone().into())).is_pending(), "no event yet");
        for (event, expected) in [(Event::MemosChanged(UserId::new(Uuid::nil())), 0), (Event::JobsWaiting, 1)] {
            events.publish(&event).await.expect("it is published");
            assert_eq!(wakes.0.load(Ordering::Relaxed), expected, "{event:?}");
        }
        assert_eq!(next.await, Received::Event(Event::JobsWaiting));
    }
}
