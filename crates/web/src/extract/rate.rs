use std::num::NonZeroU32;

use actix_web::{HttpRequest, web::Data};

use crate::{
    context::RequestContext,
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
    /// Counts it as an attempt to sign in.
    ///
    /// # Errors
    /// 429 `rate_limited`.
    pub async fn count_sign_in(&self) -> Result<(), Problem> {
        let client = |context: &RequestContext| (context.caller, context.known_device.is_some());
        let (caller, has_known_device) = RequestContext::read(&self.request, client).unwrap_or_default();
        let policy = RatePolicy::of_sign_in(caller.is_some(), has_known_device);
        self.limits.count(&self.request, policy, caller.as_ref(), NonZeroU32::MIN).await
    }

    /// Counts it as an anonymous request.
    ///
    /// # Errors
    /// 429 `rate_limited`.
    pub async fn count_anonymous(&self) -> Result<(), Problem> {
        self.limits.count(&self.request, RatePolicy::Anonymous, None, NonZeroU32::MIN).await
    }
}
