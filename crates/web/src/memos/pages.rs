//! Pages of a member's own memos, kept as they were sent.
//!
//! A client that polls its list gets the same bytes until something of it changes. Whether it has, the store says in one
//! small read ([`Stamp`]), so that no page is older than its request, on any node. A page is kept from its second request
//! on: one that is read once pays for nothing.

use memo_domain::{Stamp, UserId};
use quick_cache::{Weighter, sync::Cache};

use crate::respond::Representation;

/// How many bytes of pages are kept at most; the ones least used make room.
const CAPACITY: u64 = 16 << 20;
/// How many pages of a usual size that is.
const PAGES: usize = 2_000;
/// A larger page is not kept: it would push many others out.
const LARGEST: usize = 256 << 10;

/// A page as it was sent.
#[derive(Clone)]
pub struct Page {
    pub representation: Representation,
    pub links: Option<String>,
}

/// What is known of a page that is asked for.
pub enum Known {
    /// Nothing yet.
    Nothing,
    /// That it was asked for before.
    Asked,
    /// What was sent, and the stamp of that state.
    Page(Stamp, Page),
}

/// The pages that were sent, by the member and the query of the request.
pub struct Pages(Cache<(UserId, String), Option<(Stamp, Page)>, BySize>);

#[derive(Clone)]
struct BySize;

impl Weighter<(UserId, String), Option<(Stamp, Page)>> for BySize {
    fn weight(&self, (_, query): &(UserId, String), page: &Option<(Stamp, Page)>) -> u64 {
        let page = page
            .as_ref()
            .map_or(0, |(_, page)| page.representation.body.len() + page.links.as_ref().map_or(0, String::len));
        (query.len() + page + 256) as u64
    }
}

impl Pages {
    pub fn new() -> Self {
        Self(Cache::with_weighter(PAGES, CAPACITY, BySize))
    }

    /// What is known of a page, which counts as asked for from now on.
    pub fn ask(&self, member: UserId, query: &str) -> Known {
        let key = (member, query.to_owned());
        match self.0.get(&key) {
            Some(Some((stamp, page))) => Known::Page(stamp, page),
            Some(None) => Known::Asked,
            None => {
                self.0.insert(key, None);
                Known::Nothing
            }
        }
    }

    /// Keeps a page with a stamp that was read before it: what changed in between makes it be read anew.
    pub fn keep(&self, member: UserId, query: &str, stamp: Stamp, page: Page) {
        if page.representation.body.len() <= LARGEST {
            self.0.insert((member, query.to_owned()), Some((stamp, page)));
        }
    }
}
