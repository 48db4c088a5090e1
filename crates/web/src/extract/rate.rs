use std::num::NonZeroU32;

use actix_web::{HttpRequest, web::Data};

use crate::{
    extractor::from_head,
    middleware::Limits,
    problem::{Code, Problem},
    rate::RatePolicy,
};

/// Counts a request whose policy leaves it to the handler.
pub struct RateCounter {
    request: HttpRequest,
    limits: Data<Limits>,
}

from_head!(RateCounter: |request| {
    let limits = request.app_data::<Data<Limits>>().cloned().ok_or(Problem::new(Code::InternalError))?;
    Ok(Self { request: request.clone(), limits })
});

impl RateCounter {
    /// Counts it by this policy.
    ///
    /// # Errors
    /// 429 `rate_limited`.
    pub async fn count(&self, policy: RatePolicy) -> Result<(), Problem> {
        self.limits.count(&self.request, policy, None, NonZeroU32::MIN).await
    }
}
