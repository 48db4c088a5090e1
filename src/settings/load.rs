use std::{collections::HashMap, fmt};

use config::{Config, File, FileFormat};
use thiserror::Error;

use super::{Settings, sources, unavailable};

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

/// A setting is invalid, or can't be read. The text is one line and shows no secret.
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
        if let config::ConfigError::At { key: Some(name), .. } = &error
            && let Some(form) = form(name)
        {
            return Self(format!("{name} must be {form}"));
        }
        match error {
            // The parser's own text quotes the line, which may hold a secret.
            config::ConfigError::FileParse { uri, .. } => {
                Self(format!("{} is not valid TOML", uri.unwrap_or_default()))
            }
            config::ConfigError::Type { expected, key, origin, .. } => mistyped(key, origin, expected),
            config::ConfigError::At { error, key, origin } => match &*error {
                config::ConfigError::Message(text) if text.starts_with("invalid type: ") => {
                    mistyped(key, origin, text.rsplit_once(", expected ").map_or("of another type", |(_, form)| form))
                }
                _ => one_line(&config::ConfigError::At { error, key, origin }),
            },
            error => one_line(&error),
        }
    }
}

fn one_line(error: &config::ConfigError) -> SettingsError {
    SettingsError(error.to_string().replace('\n', " "))
}

/// A setting has a value of another type. It is not quoted: a text in place of a section may hold a password.
fn mistyped(key: Option<String>, origin: Option<String>, expected: &str) -> SettingsError {
    let name = key.unwrap_or_default();
    if let Some(form) = form(&name) {
        return SettingsError(format!("{name} must be {form}"));
    }
    let from = origin.map(|origin| format!(" in {origin}")).unwrap_or_default();
    SettingsError(if expected.starts_with("struct ") || expected == "a map" {
        let variable = name.to_uppercase().replace('.', "__");
        format!("{name}{from} is a section: its settings have names of their own, MEMO__{variable}__…")
    } else if expected == "an integer" {
        format!("{name}{from} must be a whole number in the range of the setting")
    } else {
        format!("{name}{from} must be {expected}")
    })
}

/// What a setting must be, if the error of its type would say so in terms of Rust.
fn form(name: &str) -> Option<&'static str> {
    Some(match name {
        "server.listen" => "an IP address and a port, such as 127.0.0.1:8080",
        "server.forwarded_header" => "x-forwarded-for or forwarded",
        "limits.concurrency" | "limits.heavy" | "limits.queue" => "at least 1",
        "auth.sign_up" => "open or closed",
        "log.format" => "pretty or json",
        _ => return None,
    })
}

impl Settings {
    /// Reads the settings of this process: its variables, `.env` and `config/` in its working directory.
    ///
    /// # Errors
    /// [`SettingsError`] if a value is invalid, a name is unknown, or a file is there that can't be read.
    pub fn load() -> Result<Self, SettingsError> {
        Self::of_variables(&sources::variables(std::env::vars_os())?)
    }

    /// Reads the settings from these variables and the files that `MEMO_ENV` and `MEMO_CONFIG_DIR` select.
    ///
    /// # Errors
    /// Those of [`load`](Self::load).
    pub fn of_variables(variables: &HashMap<String, String>) -> Result<Self, SettingsError> {
        sources::check_names(variables)?;
        sources::check_overlaps(variables)?;
        let named = variables.get("MEMO_ENV").filter(|name| !name.is_empty());
        let environment = Environment::parse(named.map_or("development", String::as_str))?;
        let mut builder = Config::builder()
            .add_source(File::from_str(include_str!("../../config/base.toml"), FileFormat::Toml))
            .add_source(File::from_str(environment.embedded(), FileFormat::Toml));
        if let Some(folder) = sources::folder(variables)? {
            for name in ["base".to_owned(), environment.to_string()] {
                let file = folder.join(format!("{name}.toml"));
                // Read before, as `config` passes over what is not a file, and replaces what is not UTF-8.
                if sources::read(&file)?.is_some_and(|text| !text.is_empty()) {
                    builder = builder.add_source(File::from(file).format(FileFormat::Toml));
                }
            }
        }
        let mut config = builder.add_source(source(variables)).build()?;
        unavailable::remove(&mut config.cache).map_err(SettingsError)?;
        sources::check_texts(&config.cache, "")?;
        config.try_deserialize::<Self>()?.checked(environment)
    }
}

fn source(variables: &HashMap<String, String>) -> config::Environment {
    let own = variables.iter().filter(|(name, _)| name.starts_with("MEMO__"));
    config::Environment::with_prefix("MEMO")
        .prefix_separator("__")
        .separator("__")
        .ignore_empty(true)
        .source(Some(own.map(|(name, value)| (name.clone(), value.clone())).collect()))
}
