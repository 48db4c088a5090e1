use memo_application::{UsageGroup, UsageGrouping};
use memo_domain::{Day, InvalidValue, LatencyHistogram, UsageCounters, UsageRange};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    input::{Refusals, Refused},
    problem::{FieldCode, FieldError, Place, Problem},
};

/// The requests of a day, with an operation, with a credential or of a user.
#[derive(Serialize, ToSchema)]
#[schema(as = Usage, example = json!({
    "key": "2026-01-31",
    "requests": 1200,
    "errors": 3,
    "bytes_in": 2048,
    "bytes_out": 40960,
    "p50_ms": 0.744,
    "p99_ms": 12.8
}))]
pub struct UsageDto {
    /// The day, such as `2026-01-31`; the name of the operation, such as `create_memo`; the id of the API key, or `session` for all
    /// requests without one; or the id of the user: as `group_by` says.
    key: String,
    /// The number of requests.
    requests: u64,
    /// Those whose responses have a status of 400 or above.
    errors: u64,
    /// The bytes of their bodies, as far as the server has read them.
    bytes_in: u64,
    /// The bytes of the bodies of the responses, as they were sent: compressed ones count compressed.
    bytes_out: u64,
    /// The time until the response began that half of the requests did not exceed, in milliseconds, within 3.2 %.
    #[schema(minimum = 0)]
    p50_ms: f64,
    /// The same of 99 of 100 requests.
    #[schema(minimum = 0)]
    p99_ms: f64,
}

impl From<(UsageGroup, UsageCounters)> for UsageDto {
    fn from((group, counters): (UsageGroup, UsageCounters)) -> Self {
        let UsageCounters { requests, errors, bytes_in, bytes_out, latencies } = counters;
        let key = match group {
            UsageGroup::Day(day) => day.to_string(),
            UsageGroup::Operation(operation) => operation.to_string(),
            UsageGroup::Sessions => "session".to_owned(),
            UsageGroup::ApiKey(id) => id.to_string(),
            UsageGroup::User(id) => id.to_string(),
        };
        let [p50_ms, p99_ms] = [50, 99].map(|percent| millis(&latencies, percent));
        Self { key, requests, errors, bytes_in, bytes_out, p50_ms, p99_ms }
    }
}

fn millis(latencies: &LatencyHistogram, percent: u8) -> f64 {
    let latency = latencies.percentile(percent).unwrap_or_default();
    (latency.as_secs_f64() * 1e6).round() / 1e3
}

/// Which usage a request asks for.
#[derive(Debug, Clone, Copy)]
pub struct UsageParameters {
    from: Option<Day>,
    to: Option<Day>,
    /// By what it is added up.
    pub grouping: UsageGrouping,
}

impl UsageParameters {
    /// Reads the parameters `from` and `to`.
    pub fn read(
        from: Option<String>,
        to: Option<String>,
        grouping: UsageGrouping,
        refused: &mut Refusals,
    ) -> Result<Self, Refused> {
        let from = refused.optional("from", from, |day| Day::parse(&day));
        let to = refused.optional("to", to, |day| Day::parse(&day));
        Ok(Self { from: from?, to: to?, grouping })
    }

    /// The days: by default until today, and 30 in all.
    ///
    /// # Errors
    /// 422 if there are too many, or the last one is before the first.
    pub fn range(&self, today: Day) -> Result<UsageRange, Problem> {
        let to = self.to.unwrap_or_else(|| today.max(self.from.unwrap_or(today)));
        let first = 1 - i64::try_from(UsageRange::DEFAULT_DAYS).unwrap_or(1);
        let range = UsageRange { from: self.from.unwrap_or_else(|| to.plus(first)), to };
        let place = |name: &str| Place::Parameter(name.to_owned());
        match range.days() {
            0 => Err(Problem::invalid(vec![
                FieldError::new(place("to"), FieldCode::ConflictingParameters).about("from"),
            ])),
            days if days > UsageRange::MAX_DAYS => {
                let too_many = InvalidValue::TooMany { max: UsageRange::MAX_DAYS };
                Err(Problem::invalid(vec![FieldError::refused(place("from"), too_many)]))
            }
            _ => Ok(range),
        }
    }
}
