//! Types of settings that are written as text.

use std::{fmt, marker::PhantomData, num::NonZeroU32, ops::Deref, str::FromStr, time::Duration};

use serde::{
    Deserialize, Deserializer,
    de::{self, Unexpected, Visitor},
};

use super::{AlgorithmSetting, LogFormat, SignUpSetting};

/// The longest window of a rate.
const MAX_WINDOW: Duration = Duration::from_hours(24);

/// A text that may hold a password. Its `Debug` form hides it.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct Hidden(String);

impl Hidden {
    /// Returns the text.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl From<&str> for Hidden {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl fmt::Debug for Hidden {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("…")
    }
}

/// A duration such as `15m` or `30d`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Time(Duration);

impl Deref for Time {
    type Target = Duration;

    fn deref(&self) -> &Duration {
        &self.0
    }
}

impl From<Duration> for Time {
    fn from(duration: Duration) -> Self {
        Self(duration)
    }
}

impl<'de> Deserialize<'de> for Time {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        humantime::parse_duration(&text)
            .map(Self)
            .map_err(|_| de::Error::custom(format_args!("`{text}` is not a duration such as 15m or 30d")))
    }
}

impl TryFrom<String> for AlgorithmSetting {
    type Error = String;

    fn try_from(name: String) -> Result<Self, String> {
        match name.as_str() {
            "HS256" => Ok(Self::Hs256),
            "EdDSA" => Ok(Self::EdDsa),
            _ => Err(format!("`{name}` is not HS256 or EdDSA")),
        }
    }
}

// By `TryFrom`: an enum of serde would take a section with the name of a variant.
impl TryFrom<String> for SignUpSetting {
    type Error = String;

    fn try_from(name: String) -> Result<Self, String> {
        match name.as_str() {
            "open" => Ok(Self::Open),
            "closed" => Ok(Self::Closed),
            _ => Err(format!("`{name}` is not open or closed")),
        }
    }
}

impl TryFrom<String> for LogFormat {
    type Error = String;

    fn try_from(name: String) -> Result<Self, String> {
        match name.as_str() {
            "pretty" => Ok(Self::Pretty),
            "json" => Ok(Self::Json),
            _ => Err(format!("`{name}` is not pretty or json")),
        }
    }
}

/// A size in bytes such as `2MiB`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Size(pub usize);

impl<'de> Deserialize<'de> for Size {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let size = text.parse::<bytesize::ByteSize>().ok().and_then(|size| usize::try_from(size.as_u64()).ok());
        size.map(Self).ok_or_else(|| de::Error::custom(format_args!("`{text}` is not a size such as 2MiB")))
    }
}

/// A number of requests per window, such as `60/1m`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RateSetting {
    /// How many requests.
    pub quota: NonZeroU32,
    /// In which time.
    pub window: Duration,
}

impl FromStr for RateSetting {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let rate = text.split_once('/').and_then(|(quota, window)| {
            let window = humantime::parse_duration(window.trim()).ok()?;
            // Headers say the window in whole seconds; one use takes a microsecond at least.
            let quota = quota.trim().parse::<NonZeroU32>().ok()?;
            let is_valid = window.subsec_nanos() == 0 && window.as_micros() >= u128::from(quota.get());
            (is_valid && window <= MAX_WINDOW).then_some(Self { quota, window })
        });
        rate.ok_or_else(|| format!("`{text}` is not a number of requests per time such as 60/1m"))
    }
}

impl<'de> Deserialize<'de> for RateSetting {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

/// Reads a whole number, in a variable from its text. `config` itself takes a fraction or a word such as `yes` for one, too.
pub fn number<'de, D: Deserializer<'de>, T: FromStr>(deserializer: D) -> Result<T, D::Error> {
    struct Number<T>(PhantomData<T>);

    impl<T: FromStr> Visitor<'_> for Number<T> {
        type Value = T;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an integer")
        }

        fn visit_i64<E: de::Error>(self, number: i64) -> Result<T, E> {
            self.visit_str(&number.to_string())
        }

        fn visit_u64<E: de::Error>(self, number: u64) -> Result<T, E> {
            self.visit_str(&number.to_string())
        }

        fn visit_str<E: de::Error>(self, text: &str) -> Result<T, E> {
            text.parse().map_err(|_| E::invalid_type(Unexpected::Str(text), &self))
        }
    }

    deserializer.deserialize_any(Number(PhantomData))
}

/// Like [`number`], for a setting that may be absent.
pub fn optional_number<'de, D: Deserializer<'de>, T: FromStr>(deserializer: D) -> Result<Option<T>, D::Error> {
    number(deserializer).map(Some)
}

/// Reads a list: an array in a file, separated by commas in a variable.
pub fn list<'de, D, T>(deserializer: D) -> Result<Vec<T>, D::Error>
where
    D: Deserializer<'de>,
    T: std::str::FromStr,
{
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Form {
        Array(Vec<String>),
        Text(String),
    }
    let items = match Form::deserialize(deserializer)? {
        Form::Array(items) => items,
        Form::Text(text) => {
            let items = text.split(',').map(str::trim).filter(|item| !item.is_empty());
            let items: Vec<_> = items.map(String::from).collect();
            // Most likely, what should have been between the commas was not set.
            if items.is_empty() {
                return Err(de::Error::custom("the list has no item"));
            }
            items
        }
    };
    // The items that may be invalid are networks.
    let invalid = |item: &str| de::Error::custom(format_args!("`{item}` is not a network such as 10.0.0.0/8"));
    items.iter().map(|item| item.parse().map_err(|_| invalid(item))).collect()
}

/// Like [`list`], for a setting that may be absent.
pub fn optional_list<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Vec<String>>, D::Error> {
    list(deserializer).map(Some)
}
