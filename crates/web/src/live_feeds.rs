//! What wakes live connections.

use std::{
    collections::HashMap,
    convert::Infallible,
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use actix_web::web::Data;
use futures_util::FutureExt;
use memo_domain::{ApiKeyId, Event, Events, Received, SessionId, Topic, UserId};
use tokio::{sync::watch, time::sleep};

/// The longest time that an event waits for those after it. Under load, each change would else wake this thread, which costs more
/// than a tenth of the change.
const PAUSE: Duration = Duration::from_millis(5);

/// The minimum time between two probes of a user's connections: clients answer each.
const PROBE_INTERVAL: Duration = Duration::from_secs(1);

/// What a live connection waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Watched {
    /// A change of this user's memos.
    Feed(UserId),
    /// The end of this session.
    Session(SessionId),
    /// A change of this API key.
    Key(ApiKeyId),
}

/// Wakes the live connections of this node. One subscription to the events of all nodes serves them all, so that an event
/// wakes only those that it is about.
#[derive(Default)]
pub struct LiveFeeds {
    watched: Mutex<HashMap<Watched, Waking>>,
}

/// Wakes the connections that wait for one thing.
#[derive(Default)]
struct Waking {
    /// The value is the number of the probes.
    sender: watch::Sender<u64>,
    last_probe: Option<Instant>,
}

impl LiveFeeds {
    /// Wakes connections until it is dropped, which may be at any time.
    #[expect(clippy::disallowed_methods, reason = "events come in real time")]
    pub async fn listen(&self, events: &dyn Events) -> Infallible {
        let mut subscription = events.subscribe(&[Topic::Memos, Topic::Sessions, Topic::ApiKeys]);
        // What happened before the subscription was missed.
        self.wake_all();
        loop {
            self.wake_by(subscription.next().await);
            while let Some(received) = subscription.next().now_or_never() {
                self.wake_by(received);
            }
            sleep(PAUSE).await;
        }
    }

    fn wake_by(&self, received: Received) {
        match received {
            Received::Event(Event::MemosChanged(user)) => self.wake(Watched::Feed(user)),
            Received::Event(Event::SessionsEnded(ids)) => {
                for id in ids {
                    self.wake(Watched::Session(id));
                }
            }
            Received::Event(Event::ApiKeysChanged(ids)) => {
                for id in ids {
                    self.wake(Watched::Key(id));
                }
            }
            Received::Event(Event::JobsWaiting) => {}
            Received::Missed => self.wake_all(),
        }
    }

    /// Has each connection of a user send something at once: only then the server notices that a client is gone. Nothing
    /// happens within a second of the last probe.
    pub fn probe(&self, user: UserId, now: Instant) {
        if let Some(waking) = self.locked().get_mut(&Watched::Feed(user))
            && waking.last_probe.is_none_or(|last| now.duration_since(last) >= PROBE_INTERVAL)
        {
            waking.last_probe = Some(now);
            waking.sender.send_modify(|probes| *probes = probes.wrapping_add(1));
        }
    }

    fn locked(&self) -> MutexGuard<'_, HashMap<Watched, Waking>> {
        self.watched.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wake(&self, watched: Watched) {
        if let Some(waking) = self.locked().get(&watched) {
            // The same number: those that wait are woken nevertheless.
            waking.sender.send_modify(|_| ());
        }
    }

    fn wake_all(&self) {
        for waking in self.locked().values() {
            waking.sender.send_modify(|_| ());
        }
    }
}

/// Waits for one thing; what happens after this was created is not overlooked.
pub struct Watch {
    feeds: Data<LiveFeeds>,
    watched: Watched,
    /// `None` only while this is dropped.
    receiver: Option<watch::Receiver<u64>>,
    probes: u64,
}

impl Watch {
    pub fn new(feeds: &Data<LiveFeeds>, watched: Watched) -> Self {
        let receiver = feeds.locked().entry(watched).or_default().sender.subscribe();
        let probes = *receiver.borrow();
        Self { feeds: feeds.clone(), watched, receiver: Some(receiver), probes }
    }

    /// Ends when it has happened since the last call. If this future is dropped before it ends, nothing is overlooked.
    pub async fn happened(&mut self) {
        let changed = match &mut self.receiver {
            Some(receiver) => receiver.changed().await.is_ok(),
            None => false,
        };
        if !changed {
            std::future::pending::<()>().await;
        }
    }
}

impl Watch {
    /// Whether there was a probe since the last call.
    pub fn is_probed(&mut self) -> bool {
        let probes = self.receiver.as_ref().map_or(self.probes, |receiver| *receiver.borrow());
        std::mem::replace(&mut self.probes, probes) != probes
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        let mut watched = self.feeds.locked();
        self.receiver = None;
        if watched.get(&self.watched).is_some_and(|waking| waking.sender.receiver_count() == 0) {
            watched.remove(&self.watched);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const UUID: &str = "0198c0de-7f00-7000-8000-00000000000a";

    #[test]
    fn an_event_wakes_those_that_it_is_about_and_nothing_stays_of_those_that_are_gone() {
        let feeds = Data::new(LiveFeeds::default());
        let user = Watched::Feed(UserId::parse(UUID).expect("an id"));
        let session = Watched::Session(SessionId::parse(UUID).expect("an id"));
        let (mut feed, mut end) = (Watch::new(&feeds, user), Watch::new(&feeds, session));
        feeds.wake(user);
        assert!(feed.happened().now_or_never().is_some(), "the feed has changed");
        assert!(feed.happened().now_or_never().is_none(), "once");
        assert!(end.happened().now_or_never().is_none(), "the session has not ended");
        feeds.wake_all();
        assert!(feed.happened().now_or_never().is_some() && end.happened().now_or_never().is_some());
        let other = Watch::new(&feeds, user);
        drop(feed);
        assert_eq!(feeds.locked().len(), 2);
        drop((other, end));
        assert_eq!(feeds.locked().len(), 0);
    }

    #[test]
    fn connections_of_a_user_are_probed_at_most_once_a_second() {
        let (feeds, now) = (Data::new(LiveFeeds::default()), Instant::now());
        let user = UserId::parse(UUID).expect("an id");
        let mut feed = Watch::new(&feeds, Watched::Feed(user));
        for (milliseconds, is_probed) in [(0, true), (1, false), (999, false), (1_000, true), (1_999, false)] {
            feeds.probe(user, now + Duration::from_millis(milliseconds));
            assert_eq!(feed.happened().now_or_never().is_some(), is_probed, "{milliseconds}");
            assert_eq!(feed.is_probed(), is_probed, "{milliseconds}");
            assert!(!feed.is_probed(), "once");
        }
    }
}
