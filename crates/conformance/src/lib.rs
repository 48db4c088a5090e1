//! The suite that every [`Store`] of memo must pass: one named test for each clause of a port's contract.
//!
//! The crate of an adapter uses this one as a dev-dependency, and passes a factory of fresh stores to a macro:
//!
//! ```
//! use std::sync::Arc;
//!
//! use memo_conformance::TestStore;
//! use memo_domain::Store;
//!
//! struct Fresh(Arc<dyn Store>); // dropping it removes its data
//!
//! impl TestStore for Fresh {
//!     fn store(&self) -> Arc<dyn Store> {
//!         Arc::clone(&self.0)
//!     }
//! }
//!
//! async fn fresh() -> Option<Box<dyn TestStore>> {
//!     None // if the service is not available; otherwise `Some(Box::new(Fresh(store)))`
//! }
//!
//! memo_conformance::conformance_tests!(fresh);
//! # fn main() {}
//! ```
//!
//! Tests run in parallel, so the factory must give each a database (a file, a schema) that no other test uses. A case has
//! up to three units of work open at the same time, one of them a writer that readers must not wait for. Decorators of a
//! store are tested in the same way.
//!
//! Two other ports have suites of their own: [`browser_sessions_tests!`] and [`cache_tests!`].

#![deny(missing_docs)]

mod cases;
mod clauses;
mod everything;
pub mod faults;
mod list;
pub mod parity;
mod runner;
mod samples;
mod steps;
mod suites;

use std::sync::Arc;

use async_trait::async_trait;
use memo_domain::Store;

pub use runner::{Boxed, run, run_within};
#[doc(hidden)]
pub use suites::{BrowserSessionsGiven, CacheGiven, StoreGiven, browser_sessions_entries, cache_entries, entries};

/// A store for one test. Dropping it removes its data.
#[async_trait]
pub trait TestStore: Send + Sync {
    /// The store.
    fn store(&self) -> Arc<dyn Store>;

    /// Closes the store and opens the same data again; `None` if the store is not durable.
    ///
    /// Afterwards, [`store`](Self::store) returns the new one.
    async fn reopen(&mut self) -> Option<Arc<dyn Store>> {
        None
    }

    /// The setting `cache.url` of a server over this store; `None` if it needs no shared cache. Not used by this suite.
    fn cache_url(&self) -> Option<String> {
        None
    }
}
