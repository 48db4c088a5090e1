//! Settings: the defaults of `config/base.toml`, the environment's file, `.env`, variables `MEMO__SECTION__KEY`.

mod load;
mod value;

use std::{collections::BTreeMap, net::SocketAddr, path::PathBuf};

use ipnet::IpNet;
pub use load::{Environment, SettingsError};
use serde::Deserialize;
pub use value::{Hidden, Rate, Size, Time};

/// All settings. Unknown ones are refused, and secrets never printed.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// What the embedded defaults write: database, keys, mail.
    pub data_dir: PathBuf,
    /// How the server is reached.
    pub server: ServerSettings,
    /// Pages of other origins.
    pub cors: CorsSettings,
    /// Where everything is kept.
    pub database: DatabaseSettings,
    /// Where what need not be kept is shared.
    pub cache: CacheSettings,
    /// Signing in.
    pub auth: AuthSettings,
    /// API keys.
    pub api_keys: ApiKeySettings,
    /// Rate limits.
    pub rate_limit: RateLimitSettings,
    /// Kakao messages.
    pub kakao: KakaoSettings,
    /// Mail.
    pub mail: MailSettings,
    /// Memos.
    pub memos: MemoSettings,
    /// The log.
    pub log: LogSettings,
}

/// How the server is reached.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ServerSettings {
    /// Address and port; port 0 takes a free one.
    pub listen: SocketAddr,
    /// What clients see; `http://` and the address listened on where it is not set.
    pub public_url: Option<String>,
    /// Address and port of the metrics, or `off`.
    pub metrics_listen: String,
    /// How many threads serve; as many as there are cores where it is not set.
    pub workers: Option<usize>,
    /// Hosts that are answered; the public URL's and this machine where it is not set.
    #[serde(default, deserialize_with = "value::optional_list")]
    pub trusted_hosts: Option<Vec<String>>,
    /// Proxies whose `X-Forwarded-For` and `Forwarded` are believed.
    #[serde(deserialize_with = "value::list")]
    pub trusted_proxies: Vec<IpNet>,
    /// The most time a request takes.
    pub request_timeout: Time,
    /// How long what runs may go on after SIGTERM.
    pub shutdown_grace: Time,
    /// How long requests are still served as ever after `/readyz` turned 503.
    pub shutdown_drain_delay: Time,
    /// The greatest body.
    pub body_limit: Size,
}

/// Pages of other origins.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CorsSettings {
    /// The origins whose pages may call the API.
    #[serde(deserialize_with = "value::list")]
    pub allowed_origins: Vec<String>,
}

/// Where everything is kept.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DatabaseSettings {
    /// The scheme picks the adapter; a SQLite file in the data folder where it is not set.
    pub url: Option<Hidden>,
    /// By adapter where it is not set.
    pub max_connections: Option<u32>,
    /// How long a request waits for a connection.
    pub acquire_timeout: Time,
    /// How long a statement may take on a server.
    pub statement_timeout: Time,
}

/// Where what need not be kept is shared.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CacheSettings {
    /// `memory:` or `redis:`.
    pub url: Hidden,
    /// What all names in Redis begin with.
    pub prefix: String,
}

/// Signing in.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AuthSettings {
    /// How long an access token lives.
    pub access_token_ttl: Time,
    /// How long a refresh token lives that is not used.
    pub refresh_token_ttl: Time,
    /// How long a cookie session lives that is not used.
    pub session_ttl: Time,
    /// How long a used refresh token still gets a fresh pair; `0s`: not at all.
    pub refresh_reuse_leeway: Time,
    /// 4 to 31; below 10 in development and tests only.
    pub bcrypt_cost: u32,
    /// What access tokens are signed with.
    pub algorithm: AlgorithmSetting,
    /// Made in the data folder where it is not set.
    pub signing_key_file: Option<PathBuf>,
    /// Made in the data folder where it is not set.
    pub pepper_file: Option<PathBuf>,
    /// Who may sign up.
    pub sign_up: SignUpSetting,
    /// Social sign-in, by name.
    #[serde(default)]
    pub providers: BTreeMap<String, SocialSettings>,
}

/// What access tokens are signed with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub enum AlgorithmSetting {
    /// HMAC-SHA-256, a secret that is shared.
    Hs256,
    /// Ed25519: anybody can check by the public key.
    EdDsa,
}

/// A social provider. What is not set is the preset's of its kind.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SocialSettings {
    /// `google`, `kakao`, `naver` or `oidc`.
    pub kind: String,
    /// What the provider knows this server by.
    pub client_id: String,
    /// What this server proves itself with.
    pub client_secret: Option<Hidden>,
    /// Who issues ID tokens; needed for `oidc`.
    pub issuer: Option<String>,
    /// Where browsers are sent.
    pub authorize_url: Option<String>,
    /// Where codes are redeemed.
    pub token_url: Option<String>,
    /// Where user data is read.
    pub userinfo_url: Option<String>,
    /// What is asked for, with a space between.
    pub scopes: Option<String>,
    /// What people call it.
    pub display_name: Option<String>,
}

/// Who may sign up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SignUpSetting {
    /// Everybody.
    Open,
    /// Nobody.
    Closed,
}

/// API keys.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ApiKeySettings {
    /// The most keys a member has.
    pub max_per_user: u32,
}

/// Rate limits.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RateLimitSettings {
    /// Whether they hold.
    pub enabled: bool,
    /// Per address where nobody is signed in.
    pub anonymous: Rate,
    /// Per member or key.
    pub principal: Rate,
    /// Tries to sign in, per address.
    pub sign_in: Rate,
}

/// Kakao messages.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KakaoSettings {
    /// The address of the message API.
    pub api_base: String,
}

/// Mail.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MailSettings {
    /// A `file:` folder in the data folder where it is not set.
    pub url: Option<Hidden>,
    /// The sender.
    pub from: String,
    /// The password of the SMTP server.
    pub password: Option<Hidden>,
}

/// Memos.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MemoSettings {
    /// How long the trash keeps a memo.
    pub trash_retention: Time,
    /// How many states of a memo are kept.
    pub revisions: u32,
}

/// The log.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LogSettings {
    /// For people or for programs.
    pub format: LogFormat,
    /// A level, or directives such as `info,sqlx=debug`.
    pub level: String,
    /// A folder; a new file each day.
    pub file: Option<PathBuf>,
    /// Whether statements are logged with their times, without values.
    pub sql: bool,
}

/// The form of the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// For people.
    Pretty,
    /// A JSON object a line.
    Json,
}

impl Settings {
    /// The URL of the database, with the default filled in.
    #[must_use]
    pub fn database_url(&self) -> Hidden {
        // A URL reads these characters otherwise.
        let path = self.data_dir.join("memo.db").display().to_string();
        let path = path.replace('%', "%25").replace('?', "%3F").replace('#', "%23");
        let default = || Hidden::from(&*format!("sqlite:{path}"));
        self.database.url.clone().unwrap_or_else(default)
    }

    /// The file of the keys that sign access tokens.
    #[must_use]
    pub fn signing_key_file(&self) -> PathBuf {
        // Each algorithm has a file of its own, so that one can be changed for the other and back.
        let name = match self.auth.algorithm {
            AlgorithmSetting::Hs256 => "signing.key",
            AlgorithmSetting::EdDsa => "signing.pem",
        };
        self.auth.signing_key_file.clone().unwrap_or_else(|| self.data_dir.join(name))
    }

    /// The file of the pepper of passwords.
    #[must_use]
    pub fn pepper_file(&self) -> PathBuf {
        self.auth.pepper_file.clone().unwrap_or_else(|| self.data_dir.join("pepper.key"))
    }
}
