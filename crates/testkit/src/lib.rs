//! The HTTP interface of memo under test, over any store.
//!
//! [`TestApp`] runs the whole server in this process, made by the composition root that production uses. Its actors
//! speak real HTTP to it:
//!
//! ```no_run
//! # use memo_conformance::TestStore;
//! # async fn example(store: Box<dyn TestStore>) {
//! use memo_testkit::TestApp;
//! use serde_json::json;
//!
//! let app = TestApp::builder(store).start().await;
//! let alice = app.user("alice").await;
//! let memo = alice.create_memo(&json!({"title": "Milk"})).await.expect_status(201);
//! let bob = app.user("bob").await;
//! bob.get_memo(memo.id()).await.problem("memo_not_found");
//! # }
//! ```
//!
//! Whoever writes a store runs the whole suite on it, beside that of `memo-conformance`, with the same factory:
//!
//! ```
//! # use memo_conformance::TestStore;
//! async fn fresh() -> Option<Box<dyn TestStore>> {
//!     None // the service is not there; otherwise a store that this test has for itself
//! }
//!
//! memo_testkit::api_tests!(fresh);
//! # fn main() {}
//! ```
//!
//! Every answer is checked, whatever a test asks of it: it has the headers that all answers have, and the OpenAPI
//! document of the server names its status, its media type and its problem.

#![deny(missing_docs)]
#![expect(clippy::missing_panics_doc, reason = "to panic where something is not as it must be is what this is for")]

mod actor;
mod answer;
mod app;
mod authenticator;
mod browser;
mod call;
mod contract;
mod list;
mod running;
mod suite;

pub use actor::{Actor, User};
pub use answer::Answer;
pub use app::{START, TestApp, TestAppBuilder};
pub use authenticator::Authenticator;
pub use browser::Browser;
pub use call::Call;
#[doc(hidden)]
pub use list::entries;
#[doc(hidden)]
pub use memo_conformance::run;
