//! The suite that every [`Store`] of memo must pass: one named test for each behaviour that a port promises.
//!
//! An adapter's crate depends on this one for its tests, says how a fresh store is made, and names that function:
//!
//! ```
//! use std::sync::Arc;
//!
//! use memo_conformance::TestStore;
//! use memo_domain::Store;
//!
//! struct Fresh(Arc<dyn Store>); // and what removes its data when it is dropped
//!
//! impl TestStore for Fresh {
//!     fn store(&self) -> Arc<dyn Store> {
//!         Arc::clone(&self.0)
//!     }
//! }
//!
//! async fn fresh() -> Option<Box<dyn TestStore>> {
//!     None // the service is not there; otherwise `Some(Box::new(Fresh(store)))`
//! }
//!
//! memo_conformance::conformance_tests!(fresh);
//! # fn main() {}
//! ```
//!
//! Each test makes a store of its own, and all of them may run at the same time: a factory must give each a database
//! (a file, a schema) that no other test uses. A case has up to three units of work open at the same time, one of them
//! a writer that readers must not wait for. A decorator of a store is tested in the same way.
//!
//! Two ports that live beside the store have suites of their own: [`browser_sessions_tests!`] and [`cache_tests!`].

#![deny(missing_docs)]

mod cases;
mod everything;
pub mod faults;
mod list;
pub mod parity;
mod runner;
mod samples;
mod steps;

use std::sync::Arc;

use async_trait::async_trait;
use memo_domain::Store;

#[doc(hidden)]
pub use list::{browser_sessions_entries, cache_entries, entries};
pub use runner::{run, run_within};

/// A store that one test has for itself. Dropping it removes its data.
#[async_trait]
pub trait TestStore: Send + Sync {
    /// The store.
    fn store(&self) -> Arc<dyn Store>;

    /// Closes the store and opens the same data again; `None` where the store is not durable.
    ///
    /// From then on [`store`](Self::store) gives the new one.
    async fn reopen(&mut self) -> Option<Arc<dyn Store>> {
        None
    }

    /// The cache of a server that runs over this store, as its setting `cache.url`; `None` where it needs no shared one.
    /// Of no meaning to this suite.
    fn cache_url(&self) -> Option<String> {
        None
    }
}
