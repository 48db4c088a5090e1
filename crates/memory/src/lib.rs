//! The smallest honest adapters of memo: everything in memory, nothing left to chance.
//!
//! [`MemoryStore`] keeps the whole contract of [`Store`](memo_domain::Store) but durability. The others are
//! deterministic, so that a test can name what it expects.

#![deny(missing_docs)]

mod cache;
mod claims;
mod clock;
mod events;
mod fallback;
mod ids;
mod mail;
mod model;
mod notifier;
mod provider;
mod secrets;
mod store;
mod webhooks;

pub use cache::MemoryCache;
pub use clock::FixedClock;
pub use events::MemoryEvents;
pub use fallback::FallbackCache;
pub use ids::SequentialIds;
pub use mail::CapturedMail;
pub use model::{MemoryModel, ModelEnding};
pub use notifier::CapturedNotifications;
pub use provider::MemoryProvider;
pub use secrets::SequentialSecrets;
pub use store::MemoryStore;
pub use webhooks::{CapturedWebhooks, WebhookReply};
