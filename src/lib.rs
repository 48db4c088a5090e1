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
//! A store of one's own goes in by [`ServerBuilder::store`]; [`ServerBuilder::serve`] does all that `memo serve` does.

mod background;
mod caches;
mod check;
pub mod cli;
mod data_dir;
mod housekeeping;
mod logging;
mod mail;
mod ports;
mod serve;
mod server;
mod settings;
mod social;
mod start_error;
mod stores;
mod users;

pub use server::{Server, ServerBuilder};
pub use settings::{
    AlgorithmSetting, ApiKeySettings, AuthSettings, CacheSettings, CorsSettings, DatabaseSettings, Environment, Hidden,
    KakaoSettings, LogFormat, LogSettings, MailSettings, MemoSettings, Rate, RateLimitSettings, ServerSettings,
    Settings, SettingsError, SignUpSetting, Size, SocialSettings, Time,
};
pub use start_error::StartError;
