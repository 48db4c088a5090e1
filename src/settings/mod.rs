//! Settings: `config/base.toml`, the file of the environment, `.env`, then variables `MEMO__SECTION__KEY`.

mod checks;
mod load;
mod origin;
mod sources;
#[cfg(test)]
mod tests;
mod unavailable;
mod value;

use std::{collections::BTreeMap, net::SocketAddr, num::NonZeroUsize, path::PathBuf};

use ipnet::IpNet;
pub use load::{Environment, SettingsError};
pub use memo_web::ForwardedHeader;
use serde::Deserialize;
pub use value::{Hidden, RateSetting, Size, Time};

/// All settings. Unknown names are refused.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Default folder of the database, the keys and mail.
    pub data_dir: PathBuf,
    /// The HTTP server.
    pub server: ServerSettings,
    /// Cross-origin requests.
    pub cors: CorsSettings,
    /// The store.
    pub database: DatabaseSettings,
    /// Short-lived state that nodes share.
    pub cache: CacheSettings,
    /// Limits of requests per time.
    pub rate_limit: RateLimitSettings,
    /// Limits of requests at a time.
    pub limits: LimitSettings,
    /// Import.
    pub import: ImportSettings,
    /// Memos.
    pub memos: MemoSettings,
    /// Authentication.
    pub auth: AuthSettings,
    /// API keys.
    pub api_keys: ApiKeySettings,
    /// Usage.
    pub usage: UsageSettings,
    /// Webhooks.
    pub webhooks: WebhookSettings,
    /// The language model.
    #[serde(default)]
    pub llm: LlmSettings,
    /// Messages by Kakao.
    #[serde(default)]
    pub kakao: KakaoSettings,
    /// Mail.
    pub mail: MailSettings,
    /// The log.
    pub log: LogSettings,
}

/// The HTTP server.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ServerSettings {
    /// Address and port to listen on; port 0 takes a free one.
    pub listen: SocketAddr,
    /// The URL that clients use; by default `http://` and the address.
    pub public_url: Option<String>,
    /// Number of worker threads; by default one per core.
    #[serde(default, deserialize_with = "value::optional_number")]
    pub workers: Option<usize>,
    /// Accepted hosts; by default that of the public URL and this machine.
    #[serde(default, deserialize_with = "value::optional_list")]
    pub trusted_hosts: Option<Vec<String>>,
    /// Proxies whose header with the address of the client is trusted.
    #[serde(deserialize_with = "value::list")]
    pub trusted_proxies: Vec<IpNet>,
    /// The header that these proxies write.
    pub forwarded_header: ForwardedHeader,
    /// Time limit of a request.
    pub request_timeout: Time,
    /// How long running requests may continue after SIGTERM.
    pub shutdown_grace: Time,
    /// How long requests are still served after `/readyz` turned 503.
    pub shutdown_drain_delay: Time,
    /// Maximum size of a request body.
    pub body_limit: Size,
    /// Maximum size of all cached responses; 0 for none.
    pub response_cache: Size,
    /// Whether responses are compressed if the client accepts it.
    pub compression: bool,
}

/// Cross-origin requests.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CorsSettings {
    /// Origins whose pages may call the API.
    #[serde(deserialize_with = "value::list")]
    pub allowed_origins: Vec<String>,
}

/// The store.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DatabaseSettings {
    /// The scheme selects the adapter; by default a SQLite file in the data folder.
    pub url: Option<Hidden>,
    /// A replica of the database server, for reads.
    pub read_url: Option<Hidden>,
    /// Whether a pooler in transaction mode is in front of the database server.
    pub pooler: bool,
    /// Maximum number of connections; the default depends on the database.
    #[serde(default, deserialize_with = "value::optional_number")]
    pub max_connections: Option<u32>,
    /// How long a request waits for a connection.
    pub acquire_timeout: Time,
    /// Time limit of a statement on a database server.
    pub statement_timeout: Time,
}

/// Short-lived state that nodes share.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CacheSettings {
    /// `memory:` or `redis:`.
    pub url: Hidden,
    /// Prefix of all keys in Redis.
    pub prefix: String,
}

/// Limits of requests per time.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RateLimitSettings {
    /// Whether they are enforced.
    pub enabled: bool,
    /// Per address, without a valid credential.
    pub anonymous: RateSetting,
    /// Per user.
    pub principal: RateSetting,
    /// Per address: to sign in, to sign up, to reset a password.
    pub sign_in: RateSetting,
}

/// Limits of requests at a time.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LimitSettings {
    /// Requests of one user, or of one address without a user.
    #[serde(deserialize_with = "value::number")]
    pub concurrency: NonZeroUsize,
    /// Those of them that are heavy: search, export, import, batch, changes of a tag, completions, diff of revisions,
    /// reports of usage.
    #[serde(deserialize_with = "value::number")]
    pub heavy: NonZeroUsize,
    /// Requests of all clients that this node handles at a time.
    #[serde(deserialize_with = "value::number")]
    pub queue: NonZeroUsize,
    /// What the stored responses to one user's requests with an `Idempotency-Key` may take.
    pub idempotent_responses: Size,
}

/// Import.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ImportSettings {
    /// Maximum size of an import.
    pub max_size: Size,
}

/// Memos.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MemoSettings {
    /// How long a memo stays in the trash.
    pub trash_retention: Time,
    /// How many earlier texts of a memo are kept.
    #[serde(deserialize_with = "value::number")]
    pub revisions: u32,
}

/// Authentication.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AuthSettings {
    /// Lifetime of an access token.
    pub access_token_ttl: Time,
    /// Lifetime of an unused refresh token.
    pub refresh_token_ttl: Time,
    /// Lifetime of an unused cookie session.
    pub session_ttl: Time,
    /// How long a used refresh token still gets the same successor; `0s`: never.
    pub refresh_reuse_leeway: Time,
    /// 4 to 31; at least 10 in production.
    #[serde(deserialize_with = "value::number")]
    pub bcrypt_cost: u32,
    /// Signature algorithm of access tokens.
    pub algorithm: AlgorithmSetting,
    /// By default a file in the data folder. Created if missing, also at a path that is set.
    pub signing_key_file: Option<PathBuf>,
    /// By default a file in the data folder. Created if missing, also at a path that is set.
    pub pepper_file: Option<PathBuf>,
    /// Whether users may sign up.
    pub sign_up: SignUpSetting,
    /// Social providers by name.
    #[serde(default)]
    pub providers: BTreeMap<String, SocialSettings>,
}

/// API keys.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ApiKeySettings {
    /// Maximum number of keys of a user.
    #[serde(deserialize_with = "value::number")]
    pub max_per_user: usize,
}

/// Usage.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UsageSettings {
    /// How long the usage of a day is kept.
    pub retention: Time,
}

/// Webhooks.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WebhookSettings {
    /// Networks that webhooks may reach although they are private.
    #[serde(deserialize_with = "value::list")]
    pub allowed_networks: Vec<IpNet>,
}

/// Signature algorithm of access tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub enum AlgorithmSetting {
    /// HMAC-SHA-256 with a shared secret.
    Hs256,
    /// Ed25519: anyone can verify with the public key.
    EdDsa,
}

/// A social provider. The preset of its kind has defaults for what is not set.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SocialSettings {
    /// `google`, `kakao`, `naver` or `oidc`.
    pub kind: String,
    /// The client id of this server at the provider.
    pub client_id: String,
    /// The client secret of this server.
    pub client_secret: Option<Hidden>,
    /// The issuer of ID tokens; required for `oidc`.
    pub issuer: Option<String>,
    /// The authorization endpoint.
    pub authorize_url: Option<String>,
    /// The token endpoint.
    pub token_url: Option<String>,
    /// The user info endpoint.
    pub userinfo_url: Option<String>,
    /// Requested scopes, separated by spaces.
    pub scopes: Option<String>,
    /// The name shown to users.
    pub display_name: Option<String>,
    /// The `OpenID` claim that decides on the role at each sign-in.
    pub role_claim: Option<String>,
    /// The values of that claim that make an administrator.
    #[serde(default, deserialize_with = "value::list")]
    pub admin_values: Vec<String>,
    /// The values of that claim that let a user sign in; all users may if there are no values.
    #[serde(default, deserialize_with = "value::list")]
    pub allowed_values: Vec<String>,
}

/// Whether users may sign up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub enum SignUpSetting {
    /// Anyone may sign up.
    Open,
    /// Only the operator creates accounts.
    Closed,
}

/// The language model of completions. There is one if the base URL and the model are set.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LlmSettings {
    /// The base URL of an API that is compatible with the chat completions of OpenAI.
    pub base_url: Option<Hidden>,
    /// The key of that API, if it needs one.
    pub api_key: Option<Hidden>,
    /// The name of the model there.
    pub model: Option<String>,
}

/// Messages by Kakao, to users who have linked an account there and allow them.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KakaoSettings {
    /// The base URL of the message API; by default Kakao's.
    pub api_base: Option<String>,
}

/// Mail.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MailSettings {
    /// By default a `file:` folder in the data folder.
    pub url: Option<Hidden>,
    /// The sender.
    pub from: String,
    /// The password for the SMTP server.
    pub password: Option<Hidden>,
}

/// The log.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LogSettings {
    /// The format of its lines.
    pub format: LogFormat,
    /// A level, or directives such as `info,sqlx=debug`.
    pub level: String,
    /// A folder, with a new file each day; by default standard output.
    pub file: Option<PathBuf>,
    /// Whether SQL statements are logged with their times, without values.
    pub sql: bool,
}

/// The format of the log's lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub enum LogFormat {
    /// Human-readable.
    Pretty,
    /// One JSON object per line.
    Json,
}

impl Settings {
    /// Returns the URL of the database, by default that of a file in the data folder.
    #[must_use]
    pub fn database_url(&self) -> Hidden {
        // These characters have a meaning in a URL.
        let path = self.data_dir.join("memo.db").display().to_string();
        let path = path.replace('%', "%25").replace('?', "%3F").replace('#', "%23");
        let default = || Hidden::from(&*format!("sqlite:{path}"));
        self.database.url.clone().unwrap_or_else(default)
    }

    /// Whether users may link an account at Kakao, or the settings name its message API.
    #[must_use]
    pub fn has_kakao(&self) -> bool {
        self.kakao.api_base.is_some() || self.auth.providers.values().any(|provider| provider.kind == "kakao")
    }

    /// Returns the path of the keys that sign access tokens.
    #[must_use]
    pub fn signing_key_file(&self) -> PathBuf {
        // Each algorithm has its own file, so that one can replace the other, and back.
        let name = match self.auth.algorithm {
            AlgorithmSetting::Hs256 => "signing.key",
            AlgorithmSetting::EdDsa => "signing.pem",
        };
        self.auth.signing_key_file.clone().unwrap_or_else(|| self.data_dir.join(name))
    }

    /// Returns the path of the peppers of passwords.
    #[must_use]
    pub fn pepper_file(&self) -> PathBuf {
        self.auth.pepper_file.clone().unwrap_or_else(|| self.data_dir.join("pepper.key"))
    }
}
