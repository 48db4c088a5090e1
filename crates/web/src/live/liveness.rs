//! Whether the client of a WebSocket answers, and how much it sends.

use std::time::Duration;

use actix_http::ws::Frame;
use tokio::time::Instant;

use super::keep_alive;

/// How many messages a client may send within [`WINDOW`]: pings too, but not the answers to pings of the server.
const MAX_MESSAGES: u32 = 60;
/// The time in which messages of a client are counted, in windows one after the other.
const WINDOW: Duration = Duration::from_mins(1);

/// Decides when a client is pinged and when it counts as gone, and counts its messages.
pub struct Liveness {
    /// How long the client may take to answer.
    limit: Duration,
    next_ping: Instant,
    /// When the first ping was sent after which the client has sent nothing.
    unanswered_since: Option<Instant>,
    /// The number of pings without a pong.
    unanswered: u32,
    window_began: Instant,
    messages: u32,
}

impl Liveness {
    pub fn new(limit: Duration, now: Instant) -> Self {
        let next_ping = now + keep_alive(limit);
        Self { limit, next_ping, unanswered_since: None, unanswered: 0, window_began: now, messages: 0 }
    }

    /// When the next ping is due.
    pub const fn next_ping(&self) -> Instant {
        self.next_ping
    }

    /// Counts a ping that is sent now. Returns `false` if the client did not answer an earlier one in time.
    pub fn ping(&mut self, now: Instant) -> bool {
        let since = *self.unanswered_since.get_or_insert(now);
        self.unanswered = self.unanswered.saturating_add(1);
        self.next_ping = now + keep_alive(self.limit);
        now.duration_since(since) < self.limit
    }

    /// Counts a frame of the client, and returns whether it is allowed.
    pub fn receive(&mut self, frame: &Frame, now: Instant) -> bool {
        self.unanswered_since = None;
        if matches!(frame, Frame::Pong(_)) && self.unanswered > 0 {
            self.unanswered -= 1;
            return true;
        }
        if now.duration_since(self.window_began) >= WINDOW {
            (self.window_began, self.messages) = (now, 0);
        }
        self.messages += 1;
        self.messages <= MAX_MESSAGES
    }
}

#[cfg(test)]
mod tests {
    use actix_web::web::Bytes;

    use super::*;

    const LIMIT: Duration = Duration::from_secs(30);

    const fn pong() -> Frame {
        Frame::Pong(Bytes::new())
    }

    #[test]
    fn client_is_gone_only_if_it_answers_no_ping_for_the_time_limit() {
        let start = Instant::now();
        let after = |seconds| start + Duration::from_secs(seconds);
        let mut liveness = Liveness::new(LIMIT, start);
        // A probe long after the last frame judges nothing: no ping was unanswered.
        assert!(liveness.next_ping() == after(15) && liveness.ping(after(100)));
        assert!(liveness.next_ping() == after(115) && liveness.ping(after(115)));
        // Any frame is an answer.
        assert!(liveness.receive(&Frame::Text(Bytes::new()), after(129)));
        for seconds in [130, 131, 145, 159] {
            assert!(liveness.ping(after(seconds)), "{seconds}");
        }
        assert!(!liveness.ping(after(160)));
    }

    #[test]
    fn pongs_count_as_messages_unless_a_ping_was_sent() {
        let now = Instant::now();
        let mut liveness = Liveness::new(LIMIT, now);
        for _ in 0..1_000 {
            assert!(liveness.ping(now) && liveness.receive(&pong(), now));
        }
        for _ in 0..MAX_MESSAGES {
            assert!(liveness.receive(&pong(), now));
        }
        assert!(!liveness.receive(&pong(), now));
        assert!(!liveness.receive(&Frame::Text(Bytes::new()), now + WINDOW - Duration::from_millis(1)));
        assert!(liveness.receive(&Frame::Text(Bytes::new()), now + WINDOW));
    }
}
