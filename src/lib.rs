//! The memo server as a library: settings, the composition root, the command line.
//!
//! ```no_run
//! # async fn run() -> Result<(), Box<dyn std::error::Error>> {
//! use memo_server::{Server, Settings};
//!
//! let server = Server::builder(Settings::load()?).build().await?;
//! println!("listening on {}", server.address());
//! server.run(std::future::pending()).await?;
//! # Ok(())
//! # }
//! ```
//!
//! [`cli::run_with`] is the whole command line over a store of your own; [`ServerBuilder::store`] serves such a store from
//! another `main`.
//!
//! # Cargo features
//!
//! All are on by default. Without one, a setting that needs it is refused at start.
//!
//! | feature | what it adds |
//! | --- | --- |
//! | `sql` | SQLite, PostgreSQL, MySQL and MariaDB by SeaORM |
//! | `redis` | state shared by many nodes |
//! | `oidc` | social providers |
//! | `smtp` | mail to an SMTP server; without it, mail is written to files |
//! | `webhooks` | requests to webhooks |
//! | `kakao` | reminders as messages of Kakao; without it, by mail |
//! | `llm` | completions by a language model |

mod adapters;
mod archives;
mod background;
pub mod cli;
mod data_dir;
mod deliveries;
mod housekeeping;
mod http_settings;
mod logging;
mod ports;
mod serve;
mod server;
mod settings;
mod start_error;
mod store_source;
mod texts;
mod unread;
mod usage;

pub use housekeeping::Cleaner;
pub use server::{Server, ServerBuilder};
pub use settings::{
    AlgorithmSetting, AuthSettings, CacheSettings, CorsSettings, DatabaseSettings, Environment, ForwardedHeader,
    Hidden, LimitSettings, LlmSettings, LogFormat, LogSettings, MailSettings, RateLimitSettings, RateSetting,
    ServerSettings, Settings, SettingsError, SignUpSetting, Size, SocialSettings, Time, UsageSettings, WebhookSettings,
};
pub use start_error::StartError;
