//! Responses with users' own memos, as they were sent.
//!
//! A client that reads a memo repeatedly, or polls a list, gets the same bytes until something changes. Whether it has, the
//! store tells by one small read (the [`Stamp`]), so no response is older than its request, on any node. A response is cached
//! from its second request on: one that is requested once costs nothing.
//!
//! A response that is cached depends on its user, what was requested, and the state that the user's stamp identifies, which
//! includes their display name; not on the clock, nor on the credential. Memos of others change without the stamp of their
//! reader, so a response with one is never cached.

use actix_web::http::header::{HeaderValue, LINK};
use memo_application::Error;
use memo_domain::{MemoId, Stamp, UserId};
use quick_cache::{Weighter, sync::Cache};
use std::future::Future;

use crate::{prelude::*, respond::Representation};

/// The number of responses of a usual size that fit.
const RESPONSES: usize = 2_000;
/// The maximum size of a response: a larger one would evict many others.
const MAX_RESPONSE: usize = 256 << 10;

/// What a user requests.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Target {
    /// A memo.
    Memo(MemoId),
    /// The page of the list of memos with this query.
    List(String),
}

/// A successful response, before conditions are checked.
#[derive(Debug, Clone)]
pub struct Rendered {
    pub representation: Representation,
    pub links: Option<HeaderValue>,
    /// Whether all memos in it belong to the user who requested it.
    pub is_own: bool,
}

/// The responses, by user and target.
pub struct ResponseCache(Cache<Key, Entry, BySize>);

type Key = (UserId, Target);
/// `None` for a response that was requested once.
type Entry = Option<(Stamp, Rendered)>;

#[derive(Clone)]
struct BySize;

impl Weighter<Key, Entry> for BySize {
    fn weight(&self, (_, target): &Key, entry: &Entry) -> u64 {
        let target = match target {
            Target::Memo(_) => 0,
            Target::List(query) => query.len(),
        };
        (target + entry.as_ref().map_or(0, |(_, response)| response.weight()) + 256) as u64
    }
}

impl ResponseCache {
    /// An empty cache for responses of up to `capacity` bytes in all, of which the least used ones are evicted. With 0 it stays
    /// empty.
    pub fn new(capacity: usize) -> Self {
        Self(Cache::with_weighter(RESPONSES, capacity as u64, BySize))
    }

    /// The response for this user and target: the cached one if its stamp is still the current one, otherwise the one that
    /// `read` gives.
    pub async fn get(
        &self,
        user: UserId,
        target: Target,
        stamp: impl Future<Output = Result<Stamp, Error>>,
        read: impl Future<Output = Result<Rendered, Problem>>,
    ) -> Result<Rendered, Problem> {
        let key = (user, target);
        // Read before the response: a change in between makes the cached response outdated.
        let stamp = match self.0.get(&key) {
            None => None,
            Some(entry) => {
                let stamp = stamp.await?;
                match entry {
                    Some((known, response)) if known == stamp => return Ok(response),
                    _ => Some(stamp),
                }
            }
        };
        let mut response = read.await?;
        if response.is_own && response.size() <= MAX_RESPONSE {
            if stamp.is_some() {
                response.representation = response.representation.repeated();
            }
            self.0.insert(key, stamp.map(|stamp| (stamp, response.clone())));
        }
        Ok(response)
    }
}

impl Rendered {
    fn size(&self) -> usize {
        self.representation.body.len() + self.links.as_ref().map_or(0, HeaderValue::len)
    }

    /// Its size with the compressed body, which is not larger than the body.
    fn weight(&self) -> usize {
        self.size() + self.representation.body.len()
    }

    /// The response to this request: 304 if the client has it.
    pub fn respond(self, request: &HttpRequest) -> HttpResponse {
        let mut response = self.representation.respond(request, StatusCode::OK);
        if let Some(links) = self.links {
            response.headers_mut().insert(LINK, links);
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use futures_util::FutureExt;
    use memo_domain::{Uuid, Version};

    use super::*;

    /// What a request reads, in order.
    const RESPONSE: &[&str] = &["response"];
    const BOTH: &[&str] = &["stamp", "response"];
    const STAMP: &[&str] = &["stamp"];
    const CAPACITY: usize = 16 << 20;

    fn user(n: u128) -> UserId {
        UserId::new(Uuid::from_u128(n))
    }

    fn memo(n: u128) -> Target {
        Target::Memo(MemoId::new(Uuid::from_u128(n)))
    }

    fn list(query: &str) -> Target {
        Target::List(query.to_owned())
    }

    fn stamp(last_change: u64) -> Stamp {
        Stamp { last_change, user: Version::FIRST }
    }

    fn rendered(body: &str, is_own: bool) -> Rendered {
        let representation = Representation::new(None, &body).expect("JSON");
        Rendered { representation, links: None, is_own }
    }

    impl ResponseCache {
        /// Requests a target while the store has this stamp and this response. Returns the body that is sent, and what was
        /// read.
        fn request(&self, user: UserId, target: Target, stamp: Stamp, stored: Rendered) -> (String, Vec<&str>) {
            let reads = RefCell::new(Vec::new());
            let note = |what| reads.borrow_mut().push(what);
            let (read_stamp, read) = (
                async {
                    note("stamp");
                    Ok(stamp)
                },
                async {
                    note("response");
                    Ok(stored)
                },
            );
            let sent = self.get(user, target, read_stamp, read).now_or_never().expect("nothing waits");
            let body = sent.expect("a response").representation.body;
            (serde_json::from_slice(&body).expect("JSON"), reads.take())
        }
    }

    #[test]
    fn response_is_cached_from_its_second_request_until_the_stamp_changes() {
        for target in [memo(1), list("limit=1")] {
            let cache = ResponseCache::new(CAPACITY);
            let renamed = Stamp { user: Version::FIRST.next(), ..stamp(2) };
            for (stamp, stored, sent, reads) in [
                (stamp(1), "a", "a", RESPONSE),
                (stamp(1), "a", "a", BOTH),
                (stamp(1), "a", "a", STAMP),
                (stamp(2), "b", "b", BOTH),
                (stamp(2), "b", "b", STAMP),
                (renamed, "c", "c", BOTH),
                (renamed, "c", "c", STAMP),
            ] {
                let (body, read) = cache.request(user(1), target.clone(), stamp, rendered(stored, true));
                assert_eq!((&*body, &*read), (sent, reads), "{target:?}");
            }
        }
    }

    #[test]
    fn change_between_stamp_and_response_makes_the_response_outdated() {
        let cache = ResponseCache::new(CAPACITY);
        let request = |stamp, stored| cache.request(user(1), memo(1), stamp, rendered(stored, true));
        request(stamp(1), "a");
        assert_eq!(request(stamp(1), "b"), ("b".to_owned(), BOTH.to_vec()));
        assert_eq!(request(stamp(2), "b"), ("b".to_owned(), BOTH.to_vec()));
    }

    #[test]
    fn each_user_and_target_has_its_own_response() {
        let cache = ResponseCache::new(CAPACITY);
        let requests = [(1, memo(1)), (1, memo(2)), (2, memo(1)), (1, list("")), (1, list("limit=1")), (2, list(""))];
        for _ in 0..3 {
            for (n, target) in &requests {
                let name = format!("{n} {target:?}");
                let (body, _) = cache.request(user(*n), target.clone(), stamp(1), rendered(&name, true));
                assert_eq!(body, name);
            }
        }
    }

    #[test]
    fn response_with_a_memo_of_another_user_is_not_cached() {
        let cache = ResponseCache::new(CAPACITY);
        for body in ["a", "b", "c"] {
            let (sent, reads) = cache.request(user(1), memo(1), stamp(1), rendered(body, false));
            assert_eq!((&*sent, &*reads), (body, RESPONSE));
        }
        // A memo that was the user's own, and belongs to another one now.
        for (last_change, is_own, reads) in [(1, true, RESPONSE), (1, true, BOTH), (2, false, BOTH), (2, false, BOTH)] {
            let (_, read) = cache.request(user(1), memo(2), stamp(last_change), rendered("a", is_own));
            assert_eq!(read, reads);
        }
    }

    #[test]
    fn size_of_the_cache_is_bounded() {
        let cache = ResponseCache::new(CAPACITY);
        let large = "a".repeat(MAX_RESPONSE);
        for _ in 0..3 {
            assert_eq!(cache.request(user(1), memo(0), stamp(1), rendered(&large, true)).1, RESPONSE);
        }
        let (fits, count) = (&large[..200 << 10], 100);
        for n in 0..count {
            for reads in [RESPONSE, BOTH] {
                assert_eq!(cache.request(user(1), memo(n), stamp(1), rendered(fits, true)).1, reads);
            }
        }
        let is_cached = |n: &u128| cache.request(user(1), memo(*n), stamp(1), rendered("", true)).1 == STAMP;
        let kept = (0..count).filter(is_cached).count();
        assert!((1..=80).contains(&kept), "{kept}");
        assert!(cache.0.weight() <= CAPACITY as u64);
    }

    #[test]
    fn cache_without_capacity_stays_empty() {
        let cache = ResponseCache::new(0);
        for _ in 0..3 {
            assert_eq!(cache.request(user(1), memo(1), stamp(1), rendered("a", true)).1, RESPONSE);
        }
        assert_eq!(cache.0.len(), 0);
    }
}
