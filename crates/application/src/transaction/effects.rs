//! What a transaction has collected for after its commit.

use memo_domain::{ApiKeyId, AuditEvent, Event, SessionId, UserId};

/// What is published after the commit.
#[derive(Default)]
pub(super) struct Effects {
    pub(super) audit_events: Vec<AuditEvent>,
    pub(super) ended_sessions: Vec<SessionId>,
    pub(super) changed_keys: Vec<ApiKeyId>,
    pub(super) changed_feeds: Vec<UserId>,
    pub(super) wakes_jobs: bool,
    pub(super) wakes_deliveries: bool,
    pub(super) wakes_webhooks: bool,
}

impl Effects {
    /// Returns what other nodes are told.
    pub(super) fn into_events(self) -> Vec<Event> {
        let sessions = Some(self.ended_sessions).filter(|ids| !ids.is_empty()).map(Event::SessionsEnded);
        let keys = Some(self.changed_keys).filter(|ids| !ids.is_empty()).map(Event::ApiKeysChanged);
        let feeds = self.changed_feeds.into_iter().map(Event::MemosChanged);
        let jobs = (self.wakes_jobs || self.wakes_deliveries).then_some(Event::JobsWaiting);
        sessions.into_iter().chain(keys).chain(feeds).chain(jobs).collect()
    }
}
