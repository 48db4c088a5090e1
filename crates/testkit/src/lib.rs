//! The test suite of memo's HTTP interface, over any store.
//!
//! [`TestApp`] runs the whole server in this process, built by the composition root of the product. Its actors send
//! real HTTP requests:
//!
//! ```no_run
//! # async fn example() {
//! use std::time::Duration;
//!
//! use memo_testkit::TestApp;
//! use serde_json::json;
//!
//! let app = TestApp::in_memory().start().await;
//! let alice = app.user("alice").await;
//! let memo = alice.create_memo(&json!({"title": "Milk"})).await.expect_status(201);
//! let bob = app.user("bob").await;
//! bob.get_memo(memo.id()).await.problem("memo_not_found");
//!
//! // The clock stands still until a test moves it; jobs that are due then run at once.
//! app.clock.advance(Duration::from_hours(1));
//! let mail = app.mail_to(&alice.email, "Confirm").await;
//! // Other clients reach the server, too.
//! println!("http://{}", app.address());
//! # }
//! ```
//!
//! Each app has its own store, folder, port, clock, mail, messages, webhooks, social providers and language model, and nothing
//! of the process, so tests run in parallel. [`TestAppBuilder::node_of`] adds nodes to a server, [`TestApp::clean_up`] removes
//! what is over, an [`Outage`] makes the store unreachable, and `memo_conformance::faults::FaultyStore` fails planned calls.
//!
//! The author of a store runs the whole suite on it, in addition to that of `memo-conformance`, with the same factory:
//!
//! ```
//! # use memo_conformance::TestStore;
//! async fn fresh() -> Option<Box<dyn TestStore>> {
//!     None // if the service is not available; otherwise a store for this test only
//! }
//!
//! memo_testkit::api_tests!(fresh);
//! # fn main() {}
//! ```
//!
//! Every response is checked against general rules: required headers, and a status, media type and problem listed in
//! the OpenAPI document of the server.

#![deny(missing_docs)]
#![expect(clippy::missing_panics_doc, reason = "panics are how assertions fail")]

mod actor;
mod app;
mod authenticator;
mod browser;
mod call;
mod contract;
mod durability;
mod list;
mod live;
mod outage;
mod response;
mod running;
mod signer;
mod suite;
mod suites;
mod world;

pub use actor::{Actor, User};
pub use app::{START, TestApp, TestAppBuilder};
pub use authenticator::Authenticator;
pub use browser::Browser;
pub use call::Call;
pub use durability::{Durability, Verdict};
pub use live::{EventStream, Frame, Socket};
#[doc(hidden)]
pub use memo_conformance::{Boxed, StoreGiven, run};
pub use outage::Outage;
pub use response::Response;
pub use signer::{Signer, content_digest};
#[doc(hidden)]
pub use suites::entries;
