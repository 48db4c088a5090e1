//! Parses the URL of a server. No error repeats a part of it, since it may contain a password.

use memo_domain::StoreError;
use sea_orm::DbBackend;
use thiserror::Error;

use super::connection::Address;
use crate::options::StoreOptions;

/// The parameters that the drivers accept. They ignore unknown ones, some with a warning.
const PARAMETERS: [&str; 25] = [
    "application_name",
    "charset",
    "collation",
    "dbname",
    "host",
    "hostaddr",
    "options",
    "password",
    "port",
    "socket",
    "ssl-ca",
    "ssl-cert",
    "ssl-key",
    "ssl-mode",
    "ssl-root-cert",
    "sslca",
    "sslcert",
    "sslkey",
    "sslmode",
    "sslrootcert",
    "statement-cache-capacity",
    "time-zone",
    "timezone",
    "user",
    "username",
];

#[derive(Debug, Error)]
enum UrlError {
    #[error(
        "the URL of the database is malformed; expected e.g. postgres://user:password@host/database?sslmode=require"
    )]
    Malformed,
    #[error("the URL of the database has an @ after the host; in a password, write @ / ? # % as %40 %2F %3F %23 %25")]
    NotEncoded,
    #[error("the URL of the database names no database; expected e.g. mysql://user:password@host/database")]
    NoDatabase,
    #[error("the URL of the database has an unknown parameter")]
    UnknownParameter,
}

impl From<UrlError> for StoreError {
    fn from(error: UrlError) -> Self {
        Self::Other { source: error.into() }
    }
}

/// Parses the URL of a server or of its replica.
pub fn parse(backend: DbBackend, url: &str, options: &StoreOptions) -> Result<Address, StoreError> {
    let (_, rest) = url.split_once(':').unwrap_or_default();
    let (location, parameters) = rest.split_once('?').unwrap_or((rest, ""));
    let path = location.trim_start_matches('/').split_once(['/', '#']).map_or("", |(_, path)| path);
    // With an unencoded `/`, `?` or `#` in the password, a part of it would count as the host, and errors would show it.
    if path.contains('@') || parameters.contains('@') {
        return Err(UrlError::NotEncoded.into());
    }
    for parameter in parameters.split('&').filter(|parameter| !parameter.is_empty()) {
        let name = parameter.split('=').next().unwrap_or_default();
        if !PARAMETERS.contains(&name) && !name.starts_with("options[") {
            return Err(UrlError::UnknownParameter.into());
        }
    }
    if path.is_empty() && backend == DbBackend::MySql {
        return Err(UrlError::NoDatabase.into());
    }
    let scheme = if backend == DbBackend::Postgres { "postgres" } else { "mysql" };
    let address = Address::parse(backend, &format!("{scheme}:{rest}"), options);
    // The driver's error would repeat parts of the URL.
    address.map_err(|_| UrlError::Malformed.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error_of(url: &str) -> String {
        let backend = if url.starts_with("mysql") { DbBackend::MySql } else { DbBackend::Postgres };
        let error = parse(backend, url, &StoreOptions::new(url)).err().expect("the URL is rejected");
        let text = format!("{error} {:?} {}", error, std::error::Error::source(&error).expect("a cause"));
        assert!(!text.contains("hunter") && !text.contains("ter2"), "{text}");
        text
    }

    #[test]
    fn invalid_urls_are_rejected_by_errors_that_do_not_repeat_them() {
        assert!(error_of("postgres://memo:hun/ter2@localhost/memo").contains("%2F"));
        assert!(error_of("postgres://memo:hun?ter2@localhost/memo").contains("%2F"));
        assert!(error_of("mysql://memo:hun#ter2@localhost/memo").contains("%2F"));
        assert!(error_of("postgres://localhost/memo?pasword=hunter2").contains("parameter"));
        assert!(error_of("postgres://memo:hunter2@localhost:port/memo").contains("postgres://"));
        assert!(error_of("mysql://memo:hunter2@localhost").contains("names no database"));
    }

    #[test]
    fn percent_encoded_passwords_are_accepted() {
        let options = StoreOptions::new("postgresql://memo:%40%2F@db.example.com:5433/memo?sslmode=require");
        let address = parse(DbBackend::Postgres, &options.url, &options).expect("a URL");
        assert_eq!(address.to_string(), "db.example.com:5433");
        assert!(!format!("{options:?}").contains("%40"));
    }
}
