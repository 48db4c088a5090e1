//! Pages of users' own memos, as they were sent.
//!
//! A client that polls its list gets the same bytes until something changes. Whether it has, the store tells by one small
//! read (the [`Stamp`]), so no page is older than its request, on any node. A page is cached from its second request on:
//! one that is requested once costs nothing.

use actix_web::http::header::{HeaderValue, LINK};
use memo_domain::{Stamp, UserId};
use quick_cache::{Weighter, sync::Cache};
use std::future::Future;

use crate::{prelude::*, respond::Representation};

/// The maximum size of all pages, in bytes. The least used ones are evicted.
const CAPACITY: u64 = 16 << 20;
/// The number of pages of a usual size that fit.
const PAGES: usize = 2_000;
/// The maximum size of a page: a larger one would evict many others.
const MAX_PAGE: usize = 256 << 10;

/// A page as it was sent.
#[derive(Clone)]
pub struct CachedPage {
    pub representation: Representation,
    pub links: Option<String>,
}

/// The pages, by user and query.
pub struct PageCache(Cache<Key, Entry, BySize>);

type Key = (UserId, String);
/// `None` for a page that was requested once.
type Entry = Option<(Stamp, CachedPage)>;

#[derive(Clone)]
struct BySize;

impl Weighter<Key, Entry> for BySize {
    fn weight(&self, (_, query): &Key, entry: &Entry) -> u64 {
        let page = entry
            .as_ref()
            .map_or(0, |(_, page)| page.representation.body.len() + page.links.as_ref().map_or(0, String::len));
        (query.len() + page + 256) as u64
    }
}

impl PageCache {
    /// An empty cache.
    pub fn new() -> Self {
        Self(Cache::with_weighter(PAGES, CAPACITY, BySize))
    }

    /// The page of this user and query: the cached one if its stamp is still the current one, otherwise the one that `read`
    /// gives.
    pub async fn get<E>(
        &self,
        user: UserId,
        query: &str,
        stamp: impl Future<Output = Result<Stamp, E>>,
        read: impl Future<Output = Result<CachedPage, E>>,
    ) -> Result<CachedPage, E> {
        let key = (user, query.to_owned());
        let Some(entry) = self.0.get(&key) else {
            self.0.insert(key, None);
            return read.await;
        };
        // Read before the page: a change in between makes the cached page outdated.
        let stamp = stamp.await?;
        match entry {
            Some((known, page)) if known == stamp => Ok(page),
            _ => {
                let page = read.await?;
                if page.representation.body.len() <= MAX_PAGE {
                    self.0.insert(key, Some((stamp, page.clone())));
                }
                Ok(page)
            }
        }
    }
}

impl CachedPage {
    /// The response.
    pub fn respond(&self, request: &HttpRequest) -> HttpResponse {
        let mut response = self.representation.respond(request, StatusCode::OK);
        if let Some(Ok(links)) = self.links.as_deref().map(HeaderValue::from_str) {
            response.headers_mut().insert(LINK, links);
        }
        response
    }
}
