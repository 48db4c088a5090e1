use std::net::IpAddr;

use actix_web::{HttpRequest, web::Data};
use memo_application::{Changes, Credential, Error, Principal, SignIn};
use memo_domain::{Causes, Change, Limit};
use tokio::{
    sync::watch,
    time::{Instant, timeout_at},
};

use crate::{
    context::RequestContext,
    extractor::from_head,
    live_feeds::{LiveFeeds, Watch, Watched},
    middleware::Draining,
    problem::{Code, Problem},
    signed_in::CHECK_INTERVAL,
};

/// The number of changes that are read at once.
const PAGE: u64 = 100;

/// What a client that follows the changes is sent next.
pub enum Step {
    /// The next changes, in order.
    Changes(Vec<Change>),
    /// A keep-alive is due.
    KeepAlive,
    /// Nothing more.
    End(End),
}

/// Why a live connection ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// The node shuts down. The client reconnects, and reaches another one.
    Restart,
    /// The session or the key of the client has ended.
    SignedOut,
    /// The feed can't be followed any more: the store was restored from a backup.
    Resync,
}

/// Begins to follow the changes of the caller.
pub struct Follow {
    feeds: Data<LiveFeeds>,
    changes: Data<Changes>,
    sign_in: Data<SignIn>,
    draining: Data<Draining>,
    caller: Principal,
    client: Option<IpAddr>,
}

from_head!(Follow: |request| Follow::of(request).ok_or_else(|| Problem::new(Code::InternalError)));

impl Follow {
    fn of(request: &HttpRequest) -> Option<Self> {
        let (caller, client) = RequestContext::read(request, |context| (context.caller, context.client))?;
        Some(Self {
            feeds: request.app_data().cloned()?,
            changes: request.app_data().cloned()?,
            sign_in: request.app_data().cloned()?,
            draining: request.app_data().cloned()?,
            caller: caller?,
            client,
        })
    }

    /// Follows the changes after this number, or from now on.
    pub async fn after(self, since: Option<u64>) -> Result<Follower, Problem> {
        let Self { feeds, changes, sign_in, draining, caller, client } = self;
        // First, so that what changes while the position is read is not overlooked.
        let feed = Watch::new(&feeds, Watched::Feed(caller.user_id));
        let credential = match caller.credential {
            Credential::AccessToken { session_id } | Credential::Cookie { session_id } => Watched::Session(session_id),
            Credential::ApiKey { key_id } => Watched::Key(key_id),
        };
        let credential = Watch::new(&feeds, credential);
        let position = changes.position(caller.user_id, since).await?;
        Ok(Follower {
            changes,
            sign_in,
            refusing: draining.watch(),
            caller,
            client,
            position,
            feed,
            credential,
            may_have_more: true,
            is_certain: true,
            next_check: Instant::now() + CHECK_INTERVAL,
        })
    }
}

/// The changes of one user after a number: each once, in order, as long as the client is signed in.
pub struct Follower {
    changes: Data<Changes>,
    sign_in: Data<SignIn>,
    refusing: watch::Receiver<bool>,
    caller: Principal,
    /// The address of the client.
    client: Option<IpAddr>,
    /// The number of the last change that was returned.
    position: u64,
    feed: Watch,
    credential: Watch,
    /// Whether there may be changes after the position.
    may_have_more: bool,
    /// Whether the store has answered the last question. Until it does, nothing is sent.
    is_certain: bool,
    next_check: Instant,
}

impl Follower {
    /// The number of the last change before the next step.
    pub const fn position(&self) -> u64 {
        self.position
    }

    /// Waits for the next step, until a keep-alive is due. If this future is dropped before it ends, nothing is lost.
    pub async fn next(&mut self, keep_alive: Instant) -> Step {
        loop {
            if *self.refusing.borrow() {
                return Step::End(End::Restart);
            }
            if Instant::now() >= self.next_check
                // A future on the heap, so that an idle connection has no room for it.
                && let Some(end) = Box::pin(self.check()).await
            {
                return Step::End(end);
            }
            // Before the changes, which may not end.
            if self.feed.is_probed() || Instant::now() >= keep_alive {
                return Step::KeepAlive;
            }
            if self.may_have_more
                && self.is_certain
                && let Some(step) = Box::pin(self.read()).await
            {
                return step;
            }
            let until = keep_alive.min(self.next_check);
            // Each turn of the loop compares the times itself.
            let _ = timeout_at(until, async {
                tokio::select! {
                    // An error means that the server is gone, too.
                    _ = self.refusing.changed() => {}
                    () = self.feed.happened() => self.may_have_more = true,
                    () = self.credential.happened() => self.next_check = Instant::now(),
                }
            })
            .await;
        }
    }

    /// Asks the store what events may have failed to tell.
    async fn check(&mut self) -> Option<End> {
        let checked = self.sign_in.is_current(&self.caller, self.client).await;
        let has_moved = match checked {
            Ok(true) => self.changes.has_moved(self.caller.user_id, self.position).await,
            Ok(false) => return Some(End::SignedOut),
            Err(error) => Err(error),
        };
        self.next_check = Instant::now() + CHECK_INTERVAL;
        self.is_certain = has_moved.is_ok();
        match has_moved {
            Ok(has_moved) => self.may_have_more |= has_moved,
            Err(error) => unavailable(&error),
        }
        None
    }

    /// Reads the next changes; `None` if there is no change, or the store does not answer.
    async fn read(&mut self) -> Option<Step> {
        let limit = Limit::new(PAGE).unwrap_or_default();
        match self.changes.list(self.caller.user_id, self.position, limit).await {
            Ok(page) if page.items.is_empty() => self.may_have_more = false,
            Ok(page) => {
                self.position = page.next_since;
                return Some(Step::Changes(page.items));
            }
            Err(Error::ResyncRequired { .. }) => return Some(Step::End(End::Resync)),
            // The next check tries again: browsers do not reconnect after an error.
            Err(error) => {
                self.is_certain = false;
                unavailable(&error);
            }
        }
        None
    }
}

fn unavailable(error: &Error) {
    tracing::debug!(error = %Causes(error), "a live connection waits for the store");
}
