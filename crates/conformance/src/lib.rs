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
//! Each other port has a suite of its own: [`browser_sessions_tests!`], [`cache_tests!`], [`events_tests!`], [`clock_tests!`],
//! [`id_generator_tests!`], [`secret_generator_tests!`], [`password_hasher_tests!`], [`token_signer_tests!`],
//! [`mailer_tests!`], [`mail_renderer_tests!`], [`notifier_tests!`], [`social_provider_tests!`], [`language_model_tests!`], [`markdown_tests!`],
//! [`webhook_sender_tests!`], [`sealer_tests!`] and
//! [`one_time_codes_tests!`].

#![deny(missing_docs)]

mod cases;
#[doc(hidden)]
pub mod clauses;
mod edits;
mod everything;
pub mod faults;
mod list;
pub mod parity;
mod port_list;
mod port_suites;
mod runner;
mod samples;
mod shared;
mod steps;
mod subjects;
mod suites;
mod waiting;

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use memo_domain::{Cache, Store};

pub use edits::edit_a_word_a_hundred_times;
#[doc(hidden)]
pub use port_suites::{
    ClockGiven, IdGeneratorGiven, LanguageModelGiven, MailRendererGiven, MailerGiven, MarkdownGiven, NotifierGiven,
    OneTimeCodesGiven, PasswordHasherGiven, SealerGiven, SecretGeneratorGiven, SocialProviderGiven, TokenSignerGiven,
    WebhookSenderGiven, clock_entries, id_generator_entries, language_model_entries, mail_renderer_entries,
    mailer_entries, markdown_entries, notifier_entries, one_time_codes_entries, password_hasher_entries,
    sealer_entries, secret_generator_entries, social_provider_entries, token_signer_entries, webhook_sender_entries,
};
pub use runner::{Boxed, run, run_within};
pub use shared::SharedStore;
pub use subjects::{
    ModelBehaviour, ReceiverBehaviour, TestMailer, TestMarkdown, TestModel, TestNotifier, TestProvider, TestReceiver,
    TestSecrets, TestSigners,
};
#[doc(hidden)]
pub use suites::{
    BrowserSessionsGiven, CacheGiven, EventsGiven, StoreGiven, browser_sessions_entries, cache_entries, entries,
    events_entries, names,
};
pub use waiting::{eventually, pause};

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

/// An empty cache for one test.
#[async_trait]
pub trait TestCache: Send + Sync {
    /// The cache.
    fn cache(&self) -> Arc<dyn Cache>;

    /// Lets this time pass: by its clock, or by waiting.
    async fn elapse(&self, time: Duration);
}
