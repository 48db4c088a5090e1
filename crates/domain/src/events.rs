use async_trait::async_trait;

use crate::{ApiKeyId, SessionId, Source, UserId};

/// What an event is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Topic {
    /// Sessions that have ended.
    Sessions,
    /// API keys that have changed.
    ApiKeys,
    /// Memos that have changed.
    Memos,
    /// Jobs that are due.
    Jobs,
}

impl Topic {
    /// Every topic with its name on the wire between nodes.
    pub const NAMES: [(Self, &'static str); 4] =
        [(Self::Sessions, "sessions"), (Self::ApiKeys, "api_keys"), (Self::Memos, "memos"), (Self::Jobs, "jobs")];
}

/// Something that other nodes act on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// These sessions have ended.
    SessionsEnded(Vec<SessionId>),
    /// These API keys have changed, or can't be used any more.
    ApiKeysChanged(Vec<ApiKeyId>),
    /// The change feed of this user has grown.
    MemosChanged(UserId),
    /// A job was inserted.
    JobsWaiting,
}

impl Event {
    /// The topic of the event.
    #[must_use]
    pub const fn topic(&self) -> Topic {
        match self {
            Self::SessionsEnded(_) => Topic::Sessions,
            Self::ApiKeysChanged(_) => Topic::ApiKeys,
            Self::MemosChanged(_) => Topic::Memos,
            Self::JobsWaiting => Topic::Jobs,
        }
    }
}

/// What a subscription returns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Received {
    /// An event of one of its topics.
    Event(Event),
    /// Events may have been lost here: the connection is new, or the subscription was too slow.
    Missed,
}

/// Tells all nodes what has happened on one of them.
///
/// An event is a hint: it may be lost, and the store alone is authoritative. A subscriber that must not overlook anything
/// reads the store again after [`Received::Missed`].
///
/// # Contract
/// * `an_event_reaches_every_subscription`: an event that is published on any node after [`subscribe`](Self::subscribe) has
///   returned MUST be received by the subscription, or [`Received::Missed`] in its place.
/// * `a_subscription_has_its_topics_alone`: a subscription MUST NOT receive events of other topics.
/// * `events_of_one_node_keep_their_order`: events that one node publishes one after the other MUST be received in that
///   order.
/// * `a_slow_subscription_is_told_that_it_missed_events`: [`publish`](Self::publish) MUST NOT wait for subscribers. If a
///   subscription loses events because it is slow, it MUST receive [`Received::Missed`] in their place, and the newest
///   events after it.
/// * `a_cancelled_next_loses_nothing`: [`Subscription::next`] MUST NOT lose an event if it is dropped before it is ready.
/// * `subscriptions_end_apart`: dropping a subscription MUST NOT affect others.
#[async_trait]
pub trait Events: Send + Sync {
    /// Publishes an event to all nodes, this one included.
    async fn publish(&self, event: &Event) -> Result<(), Source>;

    /// Subscribes to topics.
    fn subscribe(&self, topics: &[Topic]) -> Box<dyn Subscription>;
}

/// The events of some topics from a moment on.
#[async_trait]
pub trait Subscription: Send {
    /// Waits for the next event. It never fails: while the connection is lost, it waits.
    async fn next(&mut self) -> Received;
}
