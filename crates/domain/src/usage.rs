//! Usage: the requests of each user, counted by day, operation and API key.

mod day;
mod histogram;

use std::{borrow::Cow, fmt, time::Duration};

use async_trait::async_trait;
pub use day::{Day, UsageRange};
pub use histogram::LatencyHistogram;

use crate::{ApiKeyId, InvalidValue, StoreError, UserId};

/// The name of an operation of the API, such as `create_memo`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OperationName(Cow<'static, str>);

impl OperationName {
    /// The greatest number of characters.
    pub const MAX_LENGTH: usize = 64;

    /// Reads a name.
    ///
    /// # Errors
    /// [`InvalidValue::Malformed`] unless it is 1 to 64 lower-case ASCII letters, digits and underscores.
    pub fn new(name: impl Into<Cow<'static, str>>) -> Result<Self, InvalidValue> {
        let name = name.into();
        let is_valid = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
        if (1..=Self::MAX_LENGTH).contains(&name.len()) && name.bytes().all(is_valid) {
            Ok(Self(name))
        } else {
            Err(InvalidValue::Malformed)
        }
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for OperationName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Which requests are counted together.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UsageKey {
    /// The user who sent them.
    pub user_id: UserId,
    /// The day on which they arrived.
    pub day: Day,
    /// The operation.
    pub operation: OperationName,
    /// The API key that they authenticated with; `None` for those of a session. The key may have been removed.
    pub api_key_id: Option<ApiKeyId>,
}

/// What is counted of one request.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct CountedRequest {
    /// Whether its response has a status of 400 or above.
    pub is_error: bool,
    /// The bytes of its body.
    pub bytes_in: u64,
    /// The bytes of the body of the response, as far as they are known.
    pub bytes_out: u64,
    /// The time until the response began.
    pub latency: Duration,
}

/// What was counted of some requests. The counters end at [`MAX`](Self::MAX).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UsageCounters {
    /// The number of requests.
    pub requests: u64,
    /// Those of them whose responses have a status of 400 or above.
    pub errors: u64,
    /// The bytes of their bodies.
    pub bytes_in: u64,
    /// The bytes of the bodies of the responses.
    pub bytes_out: u64,
    /// How long the responses took.
    pub latencies: LatencyHistogram,
}

impl UsageCounters {
    /// The greatest value of a counter.
    pub const MAX: u64 = i64::MAX.unsigned_abs();

    /// Counts one more request.
    pub fn count(&mut self, request: &CountedRequest) {
        self.add_numbers(1, request.is_error.into(), request.bytes_in, request.bytes_out);
        self.latencies.record(request.latency);
    }

    /// Adds what was counted of other requests.
    pub fn add(&mut self, other: &Self) {
        self.add_numbers(other.requests, other.errors, other.bytes_in, other.bytes_out);
        self.latencies.add(&other.latencies);
    }

    fn add_numbers(&mut self, requests: u64, errors: u64, bytes_in: u64, bytes_out: u64) {
        let sum = |counter: u64, number: u64| counter.saturating_add(number).min(Self::MAX);
        self.requests = sum(self.requests, requests);
        self.errors = sum(self.errors, errors);
        self.bytes_in = sum(self.bytes_in, bytes_in);
        self.bytes_out = sum(self.bytes_out, bytes_out);
    }
}

/// The requests of a user with one operation and one credential on a day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Usage {
    /// Which requests.
    pub key: UsageKey,
    /// What was counted.
    pub counters: UsageCounters,
}

/// Stores the usage of each key.
///
/// # Contract
/// * `usage_reads_back_equal`: what was added for a new key MUST read back equal.
/// * `usage_is_added`: [`add`](Self::add) MUST add the counters and the latencies to those of the same key.
/// * `usage_of_many_nodes_at_once_is_all_added`: concurrent additions MUST all count, once they are committed.
/// * `usage_of_an_absent_user_is_ignored`: [`add`](Self::add) MUST ignore the usage of a user who does not exist.
/// * `usage_is_listed_by_day_operation_and_api_key`: [`list`](Self::list) MUST return the usage of this user on these days, the
///   first and the last one included, by day, operation (byte by byte) and API key, without one first; at most `limit`, after
///   `after` in that order.
/// * `usage_of_all_users_is_listed_by_user`: [`list_all`](Self::list_all) MUST return that of all users, like
///   [`list`](Self::list), by user first; after `after` in that order.
/// * `old_usage_is_removed`: [`remove_before`](Self::remove_before) MUST remove usage of days before that day, at most `most`,
///   and return how many.
#[async_trait]
pub trait UsageRepository: Send {
    /// Adds usage. Each may be of another user.
    async fn add(&mut self, usage: &[Usage]) -> Result<(), StoreError>;

    /// Returns up to `limit` of the usage of a user, after a key, whose user is not looked at.
    async fn list(
        &mut self,
        user: UserId,
        range: UsageRange,
        after: Option<&UsageKey>,
        limit: u32,
    ) -> Result<Vec<Usage>, StoreError>;

    /// Returns up to `limit` of the usage of all users, after a key.
    async fn list_all(
        &mut self,
        range: UsageRange,
        after: Option<&UsageKey>,
        limit: u32,
    ) -> Result<Vec<Usage>, StoreError>;

    /// Removes up to `most` of the usage before a day. Returns how many.
    async fn remove_before(&mut self, day: Day, most: u32) -> Result<u64, StoreError>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counters_are_added_up_to_their_maximum() {
        let mut counters = UsageCounters::default();
        let request = CountedRequest { is_error: true, bytes_in: 3, bytes_out: 5, latency: Duration::from_millis(7) };
        counters.count(&request);
        counters.count(&CountedRequest { is_error: false, ..request });
        let mut sum = counters.clone();
        sum.add(&counters);
        assert_eq!((sum.requests, sum.errors, sum.bytes_in, sum.bytes_out), (4, 2, 12, 20));
        assert_eq!(sum.latencies.total(), 4);
        sum.bytes_out = u64::MAX - 1;
        sum.add(&counters);
        assert_eq!((sum.requests, sum.bytes_out), (6, UsageCounters::MAX));
    }

    #[test]
    fn names_of_operations_are_short_identifiers() {
        assert_eq!(OperationName::new("create_memo").expect("a name").to_string(), "create_memo");
        assert!(OperationName::new("a".repeat(64)).is_ok());
        for name in [String::new(), "a".repeat(65), "Create".into(), "a b".into(), "a\0".into(), "회의".into()] {
            assert_eq!(OperationName::new(name.clone()), Err(InvalidValue::Malformed), "{name}");
        }
    }
}
