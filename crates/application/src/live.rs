//! Remembers for a few seconds which sessions are live, and API keys, so that not every request asks the store.
//!
//! Nodes tell each other when sessions end and keys change. If such an event is lost, the end takes effect within those seconds.

use std::{
    convert::Infallible,
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use memo_domain::{Event, Events, Received, SecretDigest, SessionId, Timestamp, Topic, UserId};
use quick_cache::sync::Cache;

use crate::LiveKeys;

/// How long an answer of the store is trusted: a session or key that another node ended is refused after this time at the latest.
pub(crate) const TRUSTED: Duration = Duration::from_secs(4);

/// How many sessions are remembered; the least recently used make room.
const CAPACITY: usize = 10_000;

/// The sessions that were live a few seconds ago, and the API keys.
pub struct LiveSessions {
    seen: Cache<SessionId, Timestamp>,
    /// The session and user of each cookie, which never change.
    cookies: Cache<SecretDigest, (SessionId, UserId)>,
    /// How many times sessions were forgotten.
    generation: AtomicU64,
    /// The API keys.
    pub(crate) keys: LiveKeys,
}

/// The generation in which [`LiveSessions::look`] found no answer.
pub(crate) struct Watch(u64);

impl Default for LiveSessions {
    fn default() -> Self {
        Self::new()
    }
}

impl LiveSessions {
    /// Remembers nothing yet.
    #[must_use]
    pub fn new() -> Self {
        Self {
            seen: Cache::new(CAPACITY),
            cookies: Cache::new(CAPACITY),
            generation: AtomicU64::new(0),
            keys: LiveKeys::new(),
        }
    }

    /// Forgets the sessions that other nodes end, and the API keys that they change. It may be dropped at any time.
    pub async fn listen(&self, events: &dyn Events) -> Infallible {
        let mut subscription = events.subscribe(&[Topic::Sessions, Topic::ApiKeys]);
        // What ended before the subscription was missed.
        self.forget_everything();
        loop {
            match subscription.next().await {
                Received::Event(Event::SessionsEnded(ids)) => ids.into_iter().for_each(|id| self.forget_here(id)),
                Received::Event(Event::ApiKeysChanged(ids)) => self.keys.forget(&ids),
                Received::Event(_) => {}
                Received::Missed => self.forget_everything(),
            }
        }
    }

    /// `None` if the session is known to be live; otherwise what [`keep`](Self::keep) needs once the store has answered.
    pub(crate) fn look(&self, id: SessionId, now: Timestamp) -> Option<Watch> {
        let watch = Watch(self.generation.load(Ordering::Acquire));
        match self.seen.get(&id) {
            Some(seen) if now >= seen && now.since(seen) < TRUSTED => None,
            _ => Some(watch),
        }
    }

    /// Remembers that the store called a session live, unless any session ended while the store was asked: its answer may
    /// be older than that.
    pub(crate) fn keep(&self, id: SessionId, now: Timestamp, watch: &Watch) {
        if self.generation.load(Ordering::Acquire) == watch.0 {
            self.seen.insert(id, now);
            if self.generation.load(Ordering::Acquire) != watch.0 {
                self.seen.remove(&id);
            }
        }
    }

    /// The session and user of a cookie, if remembered.
    pub(crate) fn of_cookie(&self, digest: &SecretDigest) -> Option<(SessionId, UserId)> {
        self.cookies.get(digest)
    }

    /// Remembers the session and user of a cookie.
    pub(crate) fn keep_cookie(&self, digest: SecretDigest, session: SessionId, user: UserId) {
        self.cookies.insert(digest, (session, user));
    }

    /// Forgets sessions that have ended.
    pub(crate) fn forget_all(&self, ids: &[SessionId]) {
        for id in ids {
            self.forget_here(*id);
        }
    }

    fn forget_here(&self, id: SessionId) {
        self.generation.fetch_add(1, Ordering::AcqRel);
        self.seen.remove(&id);
    }

    fn forget_everything(&self) {
        self.generation.fetch_add(1, Ordering::AcqRel);
        self.seen.clear();
        self.keys.forget_everything();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id() -> SessionId {
        SessionId::parse("0198c0de-7f00-7000-8000-00000000000a").expect("a valid id")
    }

    #[test]
    fn an_answer_is_trusted_for_some_seconds() {
        let (live, now) = (LiveSessions::new(), Timestamp::from_micros(0));
        let watch = live.look(id(), now).expect("unknown at first");
        live.keep(id(), now, &watch);
        assert!(live.look(id(), now + Duration::from_secs(3)).is_none());
        assert!(live.look(id(), now + TRUSTED).is_some());
    }

    #[test]
    fn an_end_while_the_store_is_asked_is_not_overlooked() {
        let (live, now) = (LiveSessions::new(), Timestamp::from_micros(0));
        let watch = live.look(id(), now).expect("unknown at first");
        live.forget_all(&[id()]);
        live.keep(id(), now, &watch);
        assert!(live.look(id(), now).is_some());
    }
}
