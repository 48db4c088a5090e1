//! The URL of a server. What it says is never repeated: there is a password in it.

use memo_domain::StoreError;
use sea_orm::DbBackend;
use thiserror::Error;

use super::connection::Address;
use crate::StoreOptions;

/// Parameters that the drivers know. They warn of others, or say nothing, and go on without.
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
        "the URL of the database is not one of a server, as in postgres://user:password@host/database?sslmode=require"
    )]
    Malformed,
    #[error("the URL of the database has an @ behind the host; in a password, write @ / ? # % as %40 %2F %3F %23 %25")]
    NotEncoded,
    #[error("the URL of the database names no database, as in mysql://user:password@host/database")]
    NoDatabase,
    #[error("the URL of the database has a parameter that is not known")]
    UnknownParameter,
}

impl From<UrlError> for StoreError {
    fn from(error: UrlError) -> Self {
        Self::Other { source: error.into() }
    }
}

/// Where a URL leads.
pub fn parse(backend: DbBackend, options: &StoreOptions) -> Result<Address, StoreError> {
    let (_, rest) = options.url.split_once(':').unwrap_or_default();
    let (place, parameters) = rest.split_once('?').unwrap_or((rest, ""));
    let behind_host = place.trim_start_matches('/').split_once(['/', '#']).map_or("", |(_, path)| path);
    // A part of a password would be taken for the name of a host or of a database, and show up in errors.
    if behind_host.contains('@') || parameters.contains('@') {
        return Err(UrlError::NotEncoded.into());
    }
    for parameter in parameters.split('&').filter(|parameter| !parameter.is_empty()) {
        let name = parameter.split('=').next().unwrap_or_default();
        if !PARAMETERS.contains(&name) && !name.starts_with("options[") {
            return Err(UrlError::UnknownParameter.into());
        }
    }
    if behind_host.is_empty() && backend == DbBackend::MySql {
        return Err(UrlError::NoDatabase.into());
    }
    let scheme = if backend == DbBackend::Postgres { "postgres" } else { "mysql" };
    let address = Address::parse(backend, &format!("{scheme}:{rest}"), options.log_sql);
    // What the driver says repeats parts of it.
    address.map_err(|_| UrlError::Malformed.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(url: &str) -> String {
        let backend = if url.starts_with("mysql") { DbBackend::MySql } else { DbBackend::Postgres };
        let error = parse(backend, &StoreOptions::new(url)).err().expect("it is refused");
        let text = format!("{error} {:?} {}", error, std::error::Error::source(&error).expect("a cause"));
        assert!(!text.contains("hunter") && !text.contains("ter2"), "{text}");
        text
    }

    #[test]
    fn what_can_not_be_right_is_refused_without_being_repeated() {
        assert!(refused("postgres://memo:hun/ter2@localhost/memo").contains("%2F"));
        assert!(refused("postgres://memo:hun?ter2@localhost/memo").contains("%2F"));
        assert!(refused("mysql://memo:hun#ter2@localhost/memo").contains("%2F"));
        assert!(refused("postgres://localhost/memo?pasword=hunter2").contains("parameter"));
        assert!(refused("postgres://memo:hunter2@localhost:port/memo").contains("postgres://"));
        assert!(refused("mysql://memo:hunter2@localhost").contains("names no database"));
    }

    #[test]
    fn a_password_may_be_encoded() {
        let options = StoreOptions::new("postgresql://memo:%40%2F@db.example.com:5433/memo?sslmode=require");
        let address = parse(DbBackend::Postgres, &options).expect("a URL");
        assert_eq!(address.to_string(), "db.example.com:5433");
        assert!(!format!("{options:?}").contains("%40"));
    }
}
