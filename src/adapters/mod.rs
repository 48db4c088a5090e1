//! The adapters that the settings name. No other module of this crate names an adapter crate.

mod cache;
mod kakao;
mod keys;
mod mail;
mod model;
mod pages;
mod providers;
mod store;
mod webhooks;

pub use cache::{Cached, cache, counters, shared};
pub use kakao::messages;
pub use keys::{Credentials, check_keys, credentials, warn_of_exposed};
pub use mail::mailer;
pub use memo_mail::{MailNotifier, MailTemplates};
pub use memo_markdown::MarkdownReader;
pub use memo_system::{SystemClock, SystemSecrets, UuidV7Generator};
pub use memo_traced::trace_if_enabled as traced;
pub use model::language_model;
pub use pages::MarkdownPages;
pub use providers::providers;
pub use store::{OpenedStore, open_store};
pub use webhooks::webhook_sender;
