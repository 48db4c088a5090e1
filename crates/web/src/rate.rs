//! Rate limits, as clients see them.

use std::time::Duration;

use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};
use memo_domain::{Rate, Taken};

const RATE_LIMIT: HeaderName = HeaderName::from_static("ratelimit");
const RATE_LIMIT_POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");

/// The quotas by policy.
#[derive(Debug, Clone, Copy)]
pub struct Quotas {
    /// Per user.
    pub principal: Quota,
    /// Per address, without a valid credential.
    pub anonymous: Quota,
    /// Per address: to sign in, to sign up, to reset a password.
    pub sign_in: Quota,
}

/// A number of requests per window.
#[derive(Debug, Clone, Copy)]
pub struct Quota {
    /// The rate.
    pub rate: Rate,
    /// The window, for the headers.
    pub window: Duration,
}

impl Quotas {
    /// The quota of a policy.
    #[must_use]
    pub const fn of(&self, policy: RatePolicy) -> &Quota {
        match policy {
            RatePolicy::Principal => &self.principal,
            RatePolicy::Anonymous => &self.anonymous,
            RatePolicy::SignIn => &self.sign_in,
        }
    }
}

/// A policy of the rate limits, by its name in the headers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RatePolicy {
    /// Per user.
    Principal,
    /// Per address, without a valid credential.
    Anonymous,
    /// Per address: to sign in, to sign up, to reset a password.
    SignIn,
}

impl RatePolicy {
    /// The policy of an attempt to sign in: others at the same address can't use up the attempts of a client that has signed
    /// in before.
    pub const fn of_sign_in(has_session: bool, has_known_device: bool) -> Self {
        match (has_session, has_known_device) {
            (true, _) => Self::Principal,
            (false, true) => Self::Anonymous,
            (false, false) => Self::SignIn,
        }
    }

    /// Its name in the headers.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Principal => "principal",
            Self::Anonymous => "anonymous",
            Self::SignIn => "sign_in",
        }
    }
}

/// What the headers of a response say about the rate.
#[derive(Debug, Clone, Copy)]
pub struct RateState {
    rate_policy: RatePolicy,
    quota: Quota,
    taken: Taken,
}

impl RateState {
    pub const fn new(rate_policy: RatePolicy, quota: Quota, taken: Taken) -> Self {
        Self { rate_policy, quota, taken }
    }

    /// Adds `RateLimit-Policy` and `RateLimit` (draft-ietf-httpapi-ratelimit-headers-11).
    pub fn add_to(&self, headers: &mut HeaderMap) {
        let (name, rate) = (self.rate_policy.name(), &self.quota.rate);
        let policy = format!("\"{name}\";q={};w={}", rate.quota(), self.quota.window.as_secs());
        let next = seconds(self.taken.next_use_after(rate));
        let state = format!("\"{name}\";r={};t={next}", self.taken.remaining);
        for (name, value) in [(RATE_LIMIT_POLICY, policy), (RATE_LIMIT, state)] {
            if let Ok(value) = HeaderValue::try_from(value) {
                headers.insert(name, value);
            }
        }
    }
}

/// Whole seconds, rounded up.
pub fn seconds(duration: Duration) -> u64 {
    duration.as_secs() + u64::from(duration.subsec_nanos() > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn part_of_a_second_counts_as_one() {
        for (micros, expected) in [(0, 0), (1, 1), (1_000_000, 1), (3_599_000_001, 3_600)] {
            assert_eq!(seconds(Duration::from_micros(micros)), expected);
        }
    }
}
