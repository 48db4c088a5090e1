//! What a value of the right type must also fulfil. A value that can only be a mistake is refused.

use std::{ops::RangeInclusive, time::Duration};

use memo_domain::Session;
use tracing_subscriber::{EnvFilter, filter::LevelFilter};

use super::{
    Environment, Hidden, Settings, SettingsError, Time,
    origin::{host_pattern, origin},
};

const SECOND: Duration = Duration::from_secs(1);
/// The maximum of a time limit of a request or a statement.
const DAY: Duration = Duration::from_hours(24);
/// The maximum of a lifetime; beyond the year 9999, times can't be stored.
const TEN_YEARS: Duration = Duration::from_hours(87_660);
/// A smaller limit would refuse requests of this server's own pages.
const MIN_BODY_LIMIT: usize = 1_024;
/// Less is a mistake in the unit.
const MIN_RESPONSE_CACHE: usize = 64 << 10;
/// The smallest one is room for a batch; the largest one can be counted.
const IDEMPOTENT_RESPONSES: RangeInclusive<usize> = 64 << 10..=1 << 40;
/// The maximum of actix.
const MAX_WORKERS: usize = 512;
/// The list of a user's API keys has no pages.
const MAX_API_KEYS: usize = 1_000;
/// A text is read by way of all that are newer.
const MAX_REVISIONS: u32 = 1_000;
const MAX_CONNECTIONS: u32 = 10_000;

impl Settings {
    /// Returns the settings with hosts and origins as browsers send them.
    ///
    /// # Errors
    /// [`SettingsError`] if a value is invalid.
    pub(super) fn checked(mut self, environment: Environment) -> Result<Self, SettingsError> {
        self.check_server()?;
        self.check_times()?;
        self.check_auth(environment)?;
        self.check_stores()?;
        self.check_model()?;
        self.check_log()?;
        self.normalize()?;
        Ok(self)
    }

    fn check_server(&self) -> Result<(), SettingsError> {
        if self.server.workers.is_some_and(|workers| !(1..=MAX_WORKERS).contains(&workers)) {
            return wrong(format!("server.workers must be 1 to {MAX_WORKERS}"));
        }
        if self.server.body_limit.0 < MIN_BODY_LIMIT {
            return wrong("server.body_limit must be at least 1KiB, such as 2MiB");
        }
        if (1..MIN_RESPONSE_CACHE).contains(&self.server.response_cache.0) {
            return wrong("server.response_cache must be 0 or at least 64KiB, such as 16MiB");
        }
        if self.api_keys.max_per_user > MAX_API_KEYS {
            return wrong(format!("api_keys.max_per_user must be at most {MAX_API_KEYS}"));
        }
        if self.memos.revisions > MAX_REVISIONS {
            return wrong(format!("memos.revisions must be at most {MAX_REVISIONS}"));
        }
        if !IDEMPOTENT_RESPONSES.contains(&self.limits.idempotent_responses.0) {
            return wrong("limits.idempotent_responses must be 64KiB to 1TiB, such as 256MiB");
        }
        if self.import.max_size.0 < MIN_BODY_LIMIT {
            return wrong("import.max_size must be at least 1KiB, such as 1GiB");
        }
        Ok(())
    }

    fn check_times(&self) -> Result<(), SettingsError> {
        let Self { server, database, memos, auth, usage, .. } = self;
        let limits = [
            ("server.request_timeout", server.request_timeout, Duration::from_millis(1)..=DAY),
            ("server.shutdown_grace", server.shutdown_grace, Duration::ZERO..=DAY),
            ("server.shutdown_drain_delay", server.shutdown_drain_delay, Duration::ZERO..=DAY),
            ("database.acquire_timeout", database.acquire_timeout, Duration::from_millis(1)..=DAY),
            ("database.statement_timeout", database.statement_timeout, Duration::from_millis(1)..=DAY),
            ("memos.trash_retention", memos.trash_retention, SECOND..=TEN_YEARS),
            ("usage.retention", usage.retention, DAY..=TEN_YEARS),
            ("auth.access_token_ttl", auth.access_token_ttl, SECOND..=Session::MAX_AGE),
            ("auth.refresh_token_ttl", auth.refresh_token_ttl, SECOND..=Session::MAX_AGE),
            ("auth.session_ttl", auth.session_ttl, SECOND..=Session::MAX_AGE),
            ("auth.refresh_reuse_leeway", auth.refresh_reuse_leeway, Duration::ZERO..=TEN_YEARS),
        ];
        limits.into_iter().try_for_each(|(name, time, range)| check_time(name, time, &range))
    }

    fn check_auth(&self, environment: Environment) -> Result<(), SettingsError> {
        let cost = self.auth.bcrypt_cost;
        if !(4..=31).contains(&cost) {
            return wrong("auth.bcrypt_cost must be 4 to 31");
        }
        if cost < 10 && environment == Environment::Production {
            return wrong("auth.bcrypt_cost must be at least 10 in production");
        }
        Ok(())
    }

    fn check_stores(&self) -> Result<(), SettingsError> {
        if self.database.max_connections.is_some_and(|connections| !(1..=MAX_CONNECTIONS).contains(&connections)) {
            return wrong(format!("database.max_connections must be 1 to {MAX_CONNECTIONS}"));
        }
        let server = self.database.url.as_ref().and_then(server_of);
        if self.database.pooler && server.is_none() {
            return wrong(
                "database.pooler has no effect unless database.url names a PostgreSQL or MySQL server: set it to `false`",
            );
        }
        if self.database.read_url.as_ref().is_some_and(|url| server.is_none() || server_of(url) != server) {
            return wrong(
                "database.read_url must name a replica of the PostgreSQL or MySQL server that database.url names",
            );
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

    fn check_model(&self) -> Result<(), SettingsError> {
        let llm = &self.llm;
        match (&llm.base_url, &llm.model, &llm.api_key) {
            (Some(_), Some(_), _) | (None, None, None) => Ok(()),
            _ => wrong("llm.base_url and llm.model must be set together, and llm.api_key only with them"),
        }
    }

    fn check_log(&self) -> Result<(), SettingsError> {
        // Without `=`, the filter would take a misspelt level for the name of a module, and log nothing else.
        // So it would one with a space beside it.
        let is_level = |text: &str| match text.rsplit_once('=') {
            Some((target, level)) => !target.is_empty() && !level.is_empty() && text.trim() == text,
            None => !text.is_empty() && text.parse::<LevelFilter>().is_ok(),
        };
        let level = &self.log.level;
        if !level.split(',').all(is_level) || EnvFilter::try_new(level).is_err() {
            return wrong(
                "log.level must be off, error, warn, info, debug or trace, or directives such as info,sqlx=warn",
            );
        }
        Ok(())
    }

    fn normalize(&mut self) -> Result<(), SettingsError> {
        if let Some(url) = &mut self.server.public_url {
            let Some(normalized) = origin(url) else {
                return wrong("server.public_url must have the form https://memo.example.com, without a path");
            };
            *url = normalized;
        }
        for allowed in &mut self.cors.allowed_origins {
            let Some(normalized) = origin(allowed) else {
                let form = "does not have the form https://app.example.com";
                return wrong(format!("cors.allowed_origins: {allowed:?} {form}"));
            };
            *allowed = normalized;
        }
        let Some(hosts) = &mut self.server.trusted_hosts else { return Ok(()) };
        if hosts.is_empty() {
            return wrong("server.trusted_hosts has no host: no request would be served");
        }
        for host in hosts {
            let Some(pattern) = host_pattern(host) else {
                let form = "write memo.example.com, *.example.com, [::1] or *, without scheme, port and path";
                return wrong(format!("server.trusted_hosts: {host:?} can't match a host: {form}"));
            };
            *host = pattern;
        }
        Ok(())
    }
}

/// The kind of the database server that a URL names, if it names one.
fn server_of(url: &Hidden) -> Option<&'static str> {
    match url.expose().split_once(':')?.0 {
        "postgres" | "postgresql" => Some("PostgreSQL"),
        "mysql" | "mariadb" => Some("MySQL"),
        _ => None,
    }
}

fn check_time(name: &str, time: Time, range: &RangeInclusive<Duration>) -> Result<(), SettingsError> {
    if range.contains(&*time) {
        return Ok(());
    }
    let [start, end] = [range.start(), range.end()].map(|limit| humantime::format_duration(*limit));
    wrong(format!("{name} must be {start} to {end}"))
}

fn wrong<T>(text: impl Into<String>) -> Result<T, SettingsError> {
    Err(SettingsError::new(text))
}
