//! Limits what one client may ask for: requests per time, and requests at a time.

use std::{
    fmt,
    net::{IpAddr, Ipv6Addr},
    num::NonZeroU32,
    pin::{Pin, pin},
    sync::Arc,
    task::{Context, Poll},
    time::{Duration, Instant},
};

use actix_web::{
    HttpMessage, HttpRequest,
    body::{BodySize, BoxBody, MessageBody},
    dev::ServiceResponse,
    http::header::RETRY_AFTER,
    web::Bytes,
};
use memo_application::Principal;
use memo_domain::{Cache, Taken, UserId};
use memo_fair::{Capacity, FairSemaphore, Permit};
use tokio::time::{timeout, timeout_at};

use crate::{
    context::RequestContext,
    live_feeds::LiveFeeds,
    load::{Handled, Load},
    policy::{Lane, Policy, Work},
    problem::{Code, Problem},
    rate::{Quotas, RatePolicy, RateState},
    settings::HttpSettings,
};

/// How long a request waits for others of the same client to end.
const PATIENCE: Duration = Duration::from_secs(2);
/// How many requests of one client wait at most.
const WAITING_PER_CLIENT: usize = 100;
/// How many live connections of one client are open at most.
const LIVE_PER_CLIENT: usize = 20;
/// In how many parts a live connection waits. Before each of them, the others are probed if a second has passed: a connection
/// whose client is gone fails at the second write.
const LIVE_WAITS: u32 = 8;
/// How many requests wait at most.
const WAITING: usize = 10_000;

/// Whose requests are counted together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Client {
    User(UserId),
    /// An address, or the network of an IPv6 address: a host has all addresses of it.
    Address(IpAddr),
    Unknown,
}

impl fmt::Display for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::User(id) => id.fmt(f),
            Self::Address(address) => address.fmt(f),
            Self::Unknown => f.write_str("unknown"),
        }
    }
}

/// The limits of all clients.
pub struct Limits {
    quotas: Option<Quotas>,
    counters: Arc<dyn Cache>,
    running: FairSemaphore<Client>,
    heavy: FairSemaphore<Client>,
    load: Load,
    capacity: usize,
    live: FairSemaphore<Client>,
}

impl Limits {
    /// Counts in a cache that always answers: limits that end with it would invite to guess passwords then.
    #[must_use]
    pub fn new(settings: &HttpSettings, counters: Arc<dyn Cache>) -> Self {
        let of = |permits_per_key| {
            FairSemaphore::new(Capacity {
                permits: usize::MAX,
                permits_per_key,
                waiting: WAITING,
                waiting_per_key: WAITING_PER_CLIENT,
            })
        };
        let [running, heavy, live] = [settings.concurrency, settings.heavy, LIVE_PER_CLIENT].map(of);
        let (load, capacity) = (Load::default(), settings.queue);
        Self { quotas: settings.quotas, counters, running, heavy, load, capacity, live }
    }

    /// Counts a request that this node handles.
    ///
    /// # Errors
    /// 503 `overloaded` if it handles too many: the request would wait longer than its client.
    pub(super) fn enter(&self) -> Result<Handled, Problem> {
        self.load.enter(self.capacity).ok_or_else(|| Problem::new(Code::Overloaded).with_header(RETRY_AFTER, 1))
    }

    /// The requests that this node handles.
    pub(super) const fn load(&self) -> &Load {
        &self.load
    }

    /// Counts a request by its policy, and notes the answer for the headers of the response.
    ///
    /// # Errors
    /// 429 `rate_limited`.
    pub async fn count(
        &self,
        request: &HttpRequest,
        rate_policy: RatePolicy,
        caller: Option<&Principal>,
        uses: NonZeroU32,
    ) -> Result<(), Problem> {
        let Some(quotas) = &self.quotas else { return Ok(()) };
        let quota = quotas.of(rate_policy);
        let name = format!("{}:{}", rate_policy.name(), client(request, caller));
        let taken = self.counters.take(&name, &quota.rate, uses).await;
        let taken = taken.unwrap_or_else(|_| Taken::new(&quota.rate, Duration::ZERO, Duration::ZERO));
        let state = RateState::new(rate_policy, *quota, taken);
        if let Some(context) = request.extensions_mut().get_mut::<RequestContext>() {
            context.rate = Some(state);
        }
        if taken.allowed { Ok(()) } else { Err(Problem::rate_limited(rate_policy.name(), taken.retry_after)) }
    }

    /// Waits until the client has room for one more request.
    ///
    /// # Errors
    /// 429 `too_many_concurrent_requests` if it has none for two seconds, or if too many wait already.
    pub async fn admit(
        &self,
        request: &HttpRequest,
        caller: Option<&Principal>,
        lane: Lane,
        feeds: &LiveFeeds,
    ) -> Result<Admitted, Problem> {
        let client = client(request, caller);
        let refused = || Problem::new(Code::TooManyConcurrentRequests).with_header(RETRY_AFTER, PATIENCE.as_secs());
        let deadline = tokio::time::Instant::now() + PATIENCE;
        let acquire = async |semaphore: &FairSemaphore<Client>| match semaphore.try_acquire(&client) {
            Some(permit) => Ok(permit),
            None => match timeout_at(deadline, semaphore.acquire(client)).await {
                Ok(Ok(permit)) => Ok(permit),
                Ok(Err(_)) | Err(_) => Err(refused()),
            },
        };
        // First the scarcer one, so that waiting for it takes no room of the other.
        let scarce = match lane {
            Lane::Live => {
                let permit = self.admit_live(client, feeds).await.ok_or_else(refused)?;
                return Ok(Admitted { _permit: permit, _scarce: None });
            }
            Lane::Heavy => Some(acquire(&self.heavy).await?),
            Lane::Common => None,
        };
        Ok(Admitted { _permit: acquire(&self.running).await?, _scarce: scarce })
    }
}

impl Limits {
    /// Waits for a place of a live connection. The server may not know yet that the clients of others are gone: they show it.
    async fn admit_live(&self, client: Client, feeds: &LiveFeeds) -> Option<Permit<Client>> {
        if let Some(permit) = self.live.try_acquire(&client) {
            return Some(permit);
        }
        let mut acquired = pin!(self.live.acquire(client));
        for _ in 0..LIVE_WAITS {
            if let Client::User(user) = client {
                feeds.probe(user, Instant::now());
            }
            if let Ok(permit) = timeout(PATIENCE / LIVE_WAITS, &mut acquired).await {
                return permit.ok();
            }
        }
        None
    }
}

fn client(request: &HttpRequest, caller: Option<&Principal>) -> Client {
    match (caller, RequestContext::read(request, |context| context.client).flatten()) {
        (Some(caller), _) => Client::User(caller.user_id),
        (None, Some(IpAddr::V6(address))) => Client::Address(Ipv6Addr::from_bits(address.to_bits() >> 64 << 64).into()),
        (None, Some(address)) => Client::Address(address),
        (None, None) => Client::Unknown,
    }
}

/// How many uses of its rate a request counts as, and its lane.
pub fn work(policy: &Policy, request: &HttpRequest) -> Work {
    match policy.search {
        Some(work) if has_parameter(request.query_string(), "q") => work,
        _ => policy.work,
    }
}

/// Whether a query has a parameter, also in percent-encoding.
fn has_parameter(query: &str, name: &str) -> bool {
    form_urlencoded::parse(query.as_bytes()).any(|(found, _)| found == name)
}

/// The size in bytes from which a body counts as large. The framework takes a smaller one into its buffer whole, and forgets it.
const LARGE: u64 = 64 << 10;

/// The permits of a running request.
pub struct Admitted {
    _permit: Permit<Client>,
    _scarce: Option<Permit<Client>>,
}

impl Admitted {
    /// Has [`sent`] keep the permits until a body has been sent that is streamed or large: it stays in memory until the
    /// client has read it.
    pub fn keep_while_sent(self, mut response: ServiceResponse<BoxBody>) -> ServiceResponse<BoxBody> {
        if matches!(response.response().body().size(), BodySize::Stream | BodySize::Sized(LARGE..)) {
            response.response_mut().extensions_mut().insert(self);
        }
        response
    }
}

/// Keeps the permits of a response while it is sent, if it is to be so.
pub fn sent(mut response: ServiceResponse<BoxBody>) -> ServiceResponse<BoxBody> {
    let admitted = response.response_mut().extensions_mut().remove::<Admitted>();
    match admitted {
        Some(admitted) => response.map_body(|_, body| BoxBody::new(AdmittedBody { body, _admitted: admitted })),
        None => response,
    }
}

struct AdmittedBody {
    body: BoxBody,
    _admitted: Admitted,
}

impl MessageBody for AdmittedBody {
    type Error = Box<dyn std::error::Error>;

    fn size(&self) -> BodySize {
        self.body.size()
    }

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Bytes, Self::Error>>> {
        Pin::new(&mut self.body).poll_next(context)
    }
}

#[cfg(test)]
mod tests {
    use actix_web::{HttpResponse, test::TestRequest};
    use memo_fair::{Capacity, FairSemaphore};

    use super::*;

    #[test]
    fn large_bodies_keep_their_permits_while_they_are_sent() {
        let limit = FairSemaphore::new(Capacity { permits: 1, permits_per_key: 1, waiting: 1, waiting_per_key: 1 });
        let client = Client::Address([192, 0, 2, 1].into());
        let large = usize::try_from(LARGE).expect("a size");
        for (size, is_kept) in [(0, false), (large - 1, false), (large, true), (large * 9, true)] {
            let admitted = Admitted { _permit: limit.try_acquire(&client).expect("it is free"), _scarce: None };
            let response = HttpResponse::Ok().body(vec![b'x'; size]);
            let response = ServiceResponse::new(TestRequest::default().to_http_request(), response);
            let response = sent(admitted.keep_while_sent(response));
            assert_eq!(limit.try_acquire(&client).is_none(), is_kept, "{size}");
            drop(response);
            assert!(limit.try_acquire(&client).is_some(), "{size}");
        }
    }
}
