//! Remembers for a moment which sign-ins were live, so that not each request asks the store.
//!
//! Where nodes tell each other of ends, all forget at once; otherwise, or where a word is lost, within that moment.

use std::{
    convert::Infallible,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use memo_domain::{SecretDigest, SessionEvent, SessionEvents, SessionId, Timestamp, UserId};
use quick_cache::sync::Cache;

use crate::Background;

/// How long an answer of the store is believed: a sign-in that ended on another node is refused after this at the latest.
const BELIEVED: Duration = Duration::from_secs(4);

/// How many sign-ins are remembered; the ones least used make room.
const CAPACITY: usize = 10_000;

/// The sign-ins that were live a moment ago.
pub struct LiveSessions {
    seen: Cache<SessionId, Timestamp>,
    /// Which sign-in a cookie belongs to, which never changes.
    cookies: Cache<SecretDigest, (SessionId, UserId)>,
    forgotten: AtomicU64,
    /// The other nodes, where there is a way to them.
    others: Option<Others>,
}

struct Others {
    events: Arc<dyn SessionEvents>,
    background: Arc<dyn Background>,
}

/// What [`LiveSessions::look`] found missing, and the state at that moment.
pub(crate) struct Watch(u64);

impl Default for LiveSessions {
    fn default() -> Self {
        Self::new()
    }
}

impl LiveSessions {
    /// None is known yet.
    #[must_use]
    pub fn new() -> Self {
        Self { seen: Cache::new(CAPACITY), cookies: Cache::new(CAPACITY), forgotten: AtomicU64::new(0), others: None }
    }

    /// As [`new`](Self::new), of a node that tells others of ends. [`listen`](Self::listen) hears them.
    #[must_use]
    pub fn among(events: Arc<dyn SessionEvents>, background: Arc<dyn Background>) -> Self {
        Self { others: Some(Others { events, background }), ..Self::new() }
    }

    /// Forgets what other nodes end. It may be dropped at any time.
    pub async fn listen(&self) -> Infallible {
        let Some(others) = &self.others else { return std::future::pending().await };
        loop {
            match others.events.receive().await {
                SessionEvent::Ended(ids) => ids.into_iter().for_each(|id| self.forget_here(id)),
                SessionEvent::Missed => {
                    self.forgotten.fetch_add(1, Ordering::AcqRel);
                    self.seen.clear();
                }
            }
        }
    }

    /// `None` where the sign-in is known to live; otherwise what [`keep`](Self::keep) needs after the store was asked.
    pub(crate) fn look(&self, id: SessionId, now: Timestamp) -> Option<Watch> {
        let watch = Watch(self.forgotten.load(Ordering::Acquire));
        match self.seen.get(&id) {
            Some(seen) if now >= seen && now.since(seen) < BELIEVED => None,
            _ => Some(watch),
        }
    }

    /// Remembers that the store called a sign-in live, unless one was ended while the store was asked: the answer may be
    /// older than that end.
    pub(crate) fn keep(&self, id: SessionId, now: Timestamp, watch: &Watch) {
        if self.forgotten.load(Ordering::Acquire) == watch.0 {
            self.seen.insert(id, now);
            if self.forgotten.load(Ordering::Acquire) != watch.0 {
                self.seen.remove(&id);
            }
        }
    }

    /// Whose a cookie is, where that is known.
    pub(crate) fn of_cookie(&self, digest: &SecretDigest) -> Option<(SessionId, UserId)> {
        self.cookies.get(digest)
    }

    /// Remembers whose a cookie is.
    pub(crate) fn keep_cookie(&self, digest: SecretDigest, session: SessionId, user: UserId) {
        self.cookies.insert(digest, (session, user));
    }

    /// Forgets sign-ins that have ended, here and on other nodes.
    pub(crate) fn forget_all(&self, ids: &[SessionId]) {
        for id in ids {
            self.forget_here(*id);
        }
        if let Some(Others { events, background }) = self.others.as_ref().filter(|_| !ids.is_empty()) {
            let (events, ids) = (events.clone(), ids.to_vec());
            background.run(Box::pin(async move {
                if let Err(error) = events.tell(&ids).await {
                    tracing::warn!(error = &*error as &dyn std::error::Error, "other nodes were not told of an end");
                }
            }));
        }
    }

    fn forget_here(&self, id: SessionId) {
        self.forgotten.fetch_add(1, Ordering::AcqRel);
        self.seen.remove(&id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id() -> SessionId {
        SessionId::parse("0198c0de-7f00-7000-8000-00000000000a").expect("a valid id")
    }

    #[test]
    fn an_answer_is_believed_for_a_moment() {
        let (live, now) = (LiveSessions::new(), Timestamp::from_micros(0));
        let watch = live.look(id(), now).expect("unknown at first");
        live.keep(id(), now, &watch);
        assert!(live.look(id(), now + Duration::from_secs(3)).is_none());
        assert!(live.look(id(), now + BELIEVED).is_some());
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
