use async_trait::async_trait;

use crate::{SessionId, Source};

/// What a node learns of sign-ins that others have ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SessionEvent {
    /// These have ended.
    Ended(Vec<SessionId>),
    /// Some may have ended without a word: the connection is new.
    Missed,
}

/// Tells all nodes which sign-ins have ended, so that none believes for long what it remembers of them.
///
/// It is a hint, and no record: what is told while nobody listens is lost, and the store alone says what is true.
///
/// # Contract
/// * [`receive`](Self::receive) MUST give what any node has told since the call before, its own node included, or
///   [`SessionEvent::Missed`].
/// * [`receive`](Self::receive) MUST NOT fail: it waits until there is a connection, and then gives
///   [`SessionEvent::Missed`] once.
/// * Both MAY be dropped at any time.
#[async_trait]
pub trait SessionEvents: Send + Sync {
    /// Tells that these sign-ins have ended.
    async fn tell(&self, ended: &[SessionId]) -> Result<(), Source>;

    /// Waits for what is told.
    async fn receive(&self) -> SessionEvent;
}
