use std::{collections::HashMap, fmt, path::PathBuf, time::Duration};

use config::{Config, File, FileFormat};
use thiserror::Error;

use super::{Settings, unavailable};

/// Which file of `config/` applies in addition to `base.toml`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Environment {
    /// A developer's machine.
    Development,
    /// A server.
    Production,
    /// Tests.
    Test,
}

impl Environment {
    /// Returns its file, as built into the binary.
    const fn embedded(self) -> &'static str {
        match self {
            Self::Development => include_str!("../../config/development.toml"),
            Self::Production => include_str!("../../config/production.toml"),
            Self::Test => include_str!("../../config/test.toml"),
        }
    }

    fn parse(name: &str) -> Result<Self, SettingsError> {
        match name {
            "development" => Ok(Self::Development),
            "production" => Ok(Self::Production),
            "test" => Ok(Self::Test),
            _ => Err(SettingsError::new("MEMO_ENV must be development, production or test")),
        }
    }
}

impl fmt::Display for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Development => "development",
            Self::Production => "production",
            Self::Test => "test",
        })
    }
}

/// A setting is invalid. The text is one line and shows no secret.
#[derive(Debug, Error)]
#[error("settings: {0}")]
pub struct SettingsError(String);

impl SettingsError {
    /// Creates an error whose text begins with the setting's name.
    pub(crate) fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }
}

impl From<config::ConfigError> for SettingsError {
    fn from(error: config::ConfigError) -> Self {
        match error {
            // The parser's own text quotes the line, which may hold a secret.
            config::ConfigError::FileParse { uri, .. } => {
                Self(format!("{} is not valid TOML", uri.unwrap_or_default()))
            }
            error => Self(error.to_string().replace('\n', " ")),
        }
    }
}

impl Settings {
    /// Reads the settings of this process: its variables, `.env` and `config/` in its working directory.
    ///
    /// # Errors
    /// [`SettingsError`] if a value is invalid or a name is unknown.
    pub fn load() -> Result<Self, SettingsError> {
        let mut variables = dotenv()?;
        variables.extend(
            std::env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?))),
        );
        Self::of_variables(&variables)
    }

    /// Reads the settings from these variables and the files that `MEMO_ENV` and `MEMO_CONFIG_DIR` select.
    ///
    /// # Errors
    /// [`SettingsError`] if a value is invalid or a name is unknown.
    pub fn of_variables(variables: &HashMap<String, String>) -> Result<Self, SettingsError> {
        let environment = Environment::parse(variables.get("MEMO_ENV").map_or("development", String::as_str))?;
        let folder = variables.get("MEMO_CONFIG_DIR").map(PathBuf::from);
        let mut builder = Config::builder()
            .add_source(File::from_str(include_str!("../../config/base.toml"), FileFormat::Toml))
            .add_source(File::from_str(environment.embedded(), FileFormat::Toml));
        if let Some(folder) = folder.as_ref().filter(|folder| !folder.is_dir()) {
            return Err(SettingsError::new(format!("MEMO_CONFIG_DIR: {} is not a folder", folder.display())));
        }
        let folder = folder.unwrap_or_else(|| PathBuf::from("config"));
        for name in ["base".to_owned(), environment.to_string()] {
            let file = folder.join(format!("{name}.toml"));
            builder = builder.add_source(File::from(file).format(FileFormat::Toml).required(false));
        }
        let mut config = builder.add_source(source(variables)).build()?;
        unavailable::remove(&mut config.cache).map_err(SettingsError)?;
        let settings: Self = config.try_deserialize()?;
        settings.check(environment)?;
        Ok(settings)
    }

    fn check(&self, environment: Environment) -> Result<(), SettingsError> {
        let wrong = |text: &str| Err(SettingsError::new(text));
        let cost = self.auth.bcrypt_cost;
        if !(4..=31).contains(&cost) {
            return wrong("auth.bcrypt_cost must be 4 to 31");
        }
        if cost < 10 && environment == Environment::Production {
            return wrong("auth.bcrypt_cost must be at least 10 in production");
        }
        if self.server.public_url.as_deref().is_some_and(|url| !is_origin(url)) {
            return wrong(
                "server.public_url must have the form https://memo.example.com, in lower case, without a path or the default port",
            );
        }
        if let Some(origin) = self.cors.allowed_origins.iter().find(|origin| !is_origin(origin)) {
            return wrong(&format!("cors.allowed_origins: `{origin}` does not have the form https://app.example.com"));
        }
        let second = Duration::from_secs(1);
        if *self.auth.access_token_ttl < second || *self.auth.refresh_token_ttl < second {
            return wrong("auth.access_token_ttl and auth.refresh_token_ttl must be at least 1s");
        }
        if self.server.workers == Some(0) {
            return wrong("server.workers must be at least 1");
        }
        if self.server.request_timeout.is_zero() {
            return wrong("server.request_timeout must be more than 0s");
        }
        let cache = self.cache.url.expose();
        if cache != "memory:" && !cache.starts_with("redis://") {
            return wrong("cache.url must be memory: or redis://host:port");
        }
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
        let prefix = self.cache.prefix.as_bytes();
        if prefix.is_empty() || prefix.len() > 64 || !prefix.iter().copied().all(is_plain) {
            return wrong("cache.prefix must be 1 to 64 letters, digits, dots, hyphens and underscores");
        }
        Ok(())
    }
}

/// Whether this is an origin as browsers send it: scheme, host and a port that is not the default, in lower case.
fn is_origin(url: &str) -> bool {
    let https = url.strip_prefix("https://").filter(|host| !host.ends_with(":443"));
    let rest = https.or_else(|| url.strip_prefix("http://").filter(|host| !host.ends_with(":80")));
    rest.is_some_and(|host| {
        let is_plain = |char: char| !char.is_ascii_uppercase() && !"/?#@ ".contains(char);
        !host.is_empty() && host.chars().all(is_plain)
    })
}

/// Reads `.env`; the variables of the process override it.
fn dotenv() -> Result<HashMap<String, String>, SettingsError> {
    match dotenvy::from_path_iter(".env") {
        Ok(lines) => lines
            .collect::<Result<_, _>>()
            .map_err(|_| SettingsError::new(".env must have lines of the form NAME=value")),
        Err(error) if error.not_found() => Ok(HashMap::new()),
        Err(_) => Err(SettingsError::new(".env can't be read")),
    }
}

fn source(variables: &HashMap<String, String>) -> config::Environment {
    let own = variables.iter().filter(|(name, _)| name.starts_with("MEMO__"));
    config::Environment::with_prefix("MEMO")
        .prefix_separator("__")
        .separator("__")
        .source(Some(own.map(|(name, value)| (name.clone(), value.clone())).collect()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::{ForwardedHeader, LogFormat, SignUpSetting};

    fn settings(variables: &[(&str, &str)]) -> Result<Settings, SettingsError> {
        let variables = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Settings::of_variables(&variables.collect())
    }

    #[test]
    fn every_setting_has_a_default() {
        let settings = settings(&[]).expect("valid");
        assert_eq!(settings.server.listen.to_string(), "127.0.0.1:8080");
        assert_eq!(settings.server.body_limit.0, 2 * 1024 * 1024);
        assert_eq!(settings.server.forwarded_header, ForwardedHeader::XForwardedFor);
        assert_eq!(settings.database_url().expose(), "sqlite:./data/memo.db");
        assert_eq!(settings.auth.bcrypt_cost, 12);
        assert_eq!(settings.log.format, LogFormat::Pretty);
    }

    #[test]
    fn variables_override_files() {
        let settings = settings(&[
            ("MEMO_ENV", "production"),
            ("MEMO__SERVER__LISTEN", "0.0.0.0:0"),
            ("MEMO__SERVER__TRUSTED_HOSTS", "memo.example.com, *.internal"),
            ("MEMO__SERVER__TRUSTED_PROXIES", "10.0.0.0/8,192.168.0.0/16"),
            ("MEMO__SERVER__FORWARDED_HEADER", "forwarded"),
            ("MEMO__AUTH__SIGN_UP", "closed"),
            ("MEMO__AUTH__ACCESS_TOKEN_TTL", "90s"),
            ("MEMO__DATABASE__MAX_CONNECTIONS", "7"),
            ("MEMO__LOG__SQL", "true"),
        ])
        .expect("valid");
        assert_eq!(settings.log.format, LogFormat::Json);
        assert_eq!(
            settings.server.trusted_hosts.as_deref(),
            Some(&["memo.example.com".into(), "*.internal".into()][..])
        );
        assert_eq!(settings.server.trusted_proxies.len(), 2);
        assert_eq!(settings.server.forwarded_header, ForwardedHeader::Forwarded);
        assert_eq!(settings.auth.sign_up, SignUpSetting::Closed);
        assert_eq!(settings.auth.access_token_ttl.as_secs(), 90);
        assert_eq!(settings.database.max_connections, Some(7));
        assert!(settings.log.sql);
    }

    #[test]
    fn an_invalid_setting_is_named_in_one_line() {
        for (name, value, says) in [
            ("MEMO__SERVER__LISTENN", "x", "listenn"),
            ("MEMO__NOWHERE__KEY", "x", "nowhere"),
            ("MEMO__SERVER__LISTEN", "here", "server.listen"),
            ("MEMO__SERVER__BODY_LIMIT", "lots", "lots"),
            ("MEMO__SERVER__FORWARDED_HEADER", "x-real-ip", "server.forwarded_header"),
            ("MEMO__AUTH__ACCESS_TOKEN_TTL", "soon", "soon"),
            ("MEMO__AUTH__BCRYPT_COST", "3", "bcrypt_cost"),
            ("MEMO__RATE_LIMIT__ANONYMOUS", "many", "rate_limit.anonymous"),
            ("MEMO__RATE_LIMIT__ANONYMOUS", "0/1m", "rate_limit.anonymous"),
            ("MEMO__RATE_LIMIT__PRINCIPAL", "600", "rate_limit.principal"),
            ("MEMO__RATE_LIMIT__SIGN_IN", "10/0s", "rate_limit.sign_in"),
            ("MEMO__RATE_LIMIT__SIGN_IN", "10/100ms", "rate_limit.sign_in"),
            ("MEMO__LIMITS__CONCURRENCY", "0", "limits.concurrency"),
            ("MEMO__LIMITS__HEAVY", "two", "limits.heavy"),
            ("MEMO__SERVER__PUBLIC_URL", "memo.example.com", "public_url"),
            ("MEMO__SERVER__PUBLIC_URL", "https://Memo.example.com", "public_url"),
            ("MEMO__SERVER__PUBLIC_URL", "https://memo.example.com:443", "public_url"),
            ("MEMO__SERVER__PUBLIC_URL", "http://memo.example.com:80", "public_url"),
            ("MEMO__CACHE__URL", "memcached://127.0.0.1", "cache.url"),
            ("MEMO__CACHE__PREFIX", "a:b", "cache.prefix"),
            ("MEMO__CORS__ALLOWED_ORIGINS", "https://app.example.com,*", "`*`"),
            ("MEMO__AUTH__ACCESS_TOKEN_TTL", "500ms", "access_token_ttl"),
            ("MEMO__AUTH__ALGORITHM", "none", "auth.algorithm"),
            ("MEMO__AUTH__ALGORITHM", "RS256", "HS256 or EdDSA"),
            ("MEMO__AUTH__ALGORITHM", "eddsa", "HS256 or EdDSA"),
            ("MEMO__AUTH__ALGORITHM", "", "HS256 or EdDSA"),
            ("MEMO_ENV", "staging", "MEMO_ENV"),
            ("MEMO_CONFIG_DIR", "/nowhere", "/nowhere"),
        ] {
            let error = settings(&[(name, value)]).expect_err(name).to_string();
            assert!(error.contains(says) && !error.contains('\n'), "{name}: {error}");
        }
        assert!(settings(&[("MEMO_ENV", "production"), ("MEMO__AUTH__BCRYPT_COST", "9")]).is_err());
    }

    #[test]
    fn a_setting_without_a_feature_is_refused_unless_it_turns_the_feature_off() {
        for (name, value, says) in [
            ("MEMO__SERVER__METRICS_LISTEN", "127.0.0.1:9090", "server.metrics_listen"),
            ("MEMO__DATABASE__READ_URL", "postgres://replica/memo", "database.read_url"),
            ("MEMO__DATABASE__POOLER", "true", "database.pooler"),
            ("MEMO__API_KEYS__MAX_PER_USER", "10", "api_keys.max_per_user"),
            ("MEMO__IMPORT__MAX_SIZE", "1GiB", "import.max_size"),
            ("MEMO__WEBHOOKS__ALLOWED_NETWORKS", "10.0.0.0/8", "webhooks.allowed_networks"),
            ("MEMO__LLM__API_KEY", "hunter2", "llm.api_key"),
            ("MEMO__KAKAO__API_BASE", "https://kapi.kakao.com", "kakao.api_base"),
            ("MEMO__KAKAO__API_BASES", "x", "kakao"),
            ("MEMO__MEMOS__REVISIONS", "100", "memos.revisions"),
            ("MEMO__AUTH__PROVIDERS__ACME__ROLE_CLAIM", "role", "role_claim"),
        ] {
            let error = settings(&[(name, value)]).expect_err(name).to_string();
            assert!(error.contains(says) && !error.contains("hunter2") && !error.contains('\n'), "{name}: {error}");
        }
        for (name, value) in [("MEMO__SERVER__METRICS_LISTEN", "off"), ("MEMO__DATABASE__POOLER", "false")] {
            settings(&[(name, value)]).unwrap_or_else(|error| panic!("{name}: {error}"));
        }
        let folder = tempfile::tempdir().expect("a folder");
        let folder_name = folder.path().to_str().expect("UTF-8");
        let file = |text: &str| {
            std::fs::write(folder.path().join("base.toml"), text).expect("written");
            settings(&[("MEMO_CONFIG_DIR", folder_name)])
        };
        file("[database]\npooler = false\n").expect("the feature is off");
        file("[memos]\nrevisions = 100\n").expect_err("revisions do not exist yet");
    }

    #[test]
    fn each_algorithm_has_its_own_key_file() {
        let file = |variables: &[(&str, &str)]| settings(variables).expect("valid").signing_key_file();
        let eddsa = ("MEMO__AUTH__ALGORITHM", "EdDSA");
        assert!(file(&[]).ends_with("data/signing.key"));
        assert!(file(&[("MEMO__AUTH__ALGORITHM", "HS256")]).ends_with("data/signing.key"));
        assert!(file(&[eddsa]).ends_with("data/signing.pem"));
        assert_eq!(file(&[eddsa, ("MEMO__AUTH__SIGNING_KEY_FILE", "/my.key")]), PathBuf::from("/my.key"));
    }

    #[test]
    fn a_broken_file_is_named_and_not_quoted() {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(folder.path().join("base.toml"), "[mail]\npassword = \"hunter2\n").expect("written");
        let error = settings(&[("MEMO_CONFIG_DIR", folder.path().to_str().expect("UTF-8"))]).expect_err("broken");
        let error = error.to_string();
        assert!(error.contains("base.toml") && !error.contains("hunter2") && !error.contains('\n'), "{error}");
    }

    #[test]
    fn secrets_are_not_printed() {
        let settings =
            settings(&[("MEMO__MAIL__PASSWORD", "hunter2"), ("MEMO__DATABASE__URL", "postgres://u:hunter2@h/d")]);
        assert!(!format!("{:?}", settings.expect("valid")).contains("hunter2"));
    }
}
