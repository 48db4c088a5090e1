//! Enforces the policy of the route that matched: host, credentials, scopes, time limit.

use actix_web::{
    Error, HttpMessage, HttpRequest,
    body::BoxBody,
    dev::{ServiceRequest, ServiceResponse},
    http::header::{self, HeaderValue},
    middleware::Next,
    web::Data,
};
use memo_application::{
    ApiKeys, Error as UseCaseError, Principal, Recognized, SignIn, UnauthenticatedReason, is_api_key, read_secret,
};

use super::{
    host::is_trusted_host,
    limits::{Admitted, Limits, work},
};
use crate::{
    context::{RequestContext, Route},
    cookies,
    live_feeds::LiveFeeds,
    policy::{Access, Policy, RateClass},
    problem::{Code, Problem},
    rate::RatePolicy,
    settings::HttpSettings,
};

/// Lets a request pass that the policy of its route allows.
pub async fn admission(
    route: Route,
    request: ServiceRequest,
    next: Next<BoxBody>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let policy = route.policy;
    let Some(gate) = Gate::of(&request) else {
        return Ok(request.error_response(Problem::new(Code::InternalError)));
    };
    // Before anything else is done for it. A stream is limited per client.
    let is_counted = policy.rate != RateClass::Exempt && !policy.has_idle_timeout;
    let handled = is_counted.then(|| gate.limits.enter()).transpose();
    if let Some(context) = request.extensions_mut().get_mut::<RequestContext>() {
        context.route = Some(route);
        context.load = (is_counted && handled.is_ok()).then(|| gate.limits.load().clone());
    }
    let _handled = match handled {
        Ok(handled) => handled,
        Err(problem) => return Ok(request.error_response(problem)),
    };
    let admitted = match gate.admit(policy, request.request()).await {
        Ok((caller, admitted)) => {
            if let Some(context) = request.extensions_mut().get_mut::<RequestContext>() {
                context.caller = caller;
            }
            admitted
        }
        Err(problem) => return Ok(request.error_response(problem)),
    };
    let mut response = if policy.has_idle_timeout {
        next.call(request).await?
    } else {
        let limited = tokio::time::timeout(gate.settings.request_timeout, next.call(request)).await;
        limited.map_err(|_| Problem::new(Code::RequestTimeout).with_header(header::RETRY_AFTER, 1))??
    };
    if policy.no_store {
        response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    Ok(match admitted {
        Some(admitted) => admitted.keep_while_sent(response),
        None => response,
    })
}

/// What decides whether a request is admitted.
struct Gate {
    settings: Data<HttpSettings>,
    sign_in: Data<SignIn>,
    api_keys: Data<ApiKeys>,
    limits: Data<Limits>,
    feeds: Data<LiveFeeds>,
}

impl Gate {
    fn of(request: &ServiceRequest) -> Option<Self> {
        Some(Self {
            settings: request.app_data().cloned()?,
            sign_in: request.app_data().cloned()?,
            api_keys: request.app_data().cloned()?,
            limits: request.app_data().cloned()?,
            feeds: request.app_data().cloned()?,
        })
    }

    /// The caller, if the policy asks for one, and the permits to run.
    async fn admit(
        &self,
        policy: &Policy,
        request: &HttpRequest,
    ) -> Result<(Option<Principal>, Option<Admitted>), Problem> {
        if !policy.any_host && !is_trusted_host(request, &self.settings) {
            return Err(Problem::new(Code::UntrustedHost));
        }
        if policy.rate == RateClass::Exempt {
            return Ok((None, None));
        }
        let work = work(policy, request);
        let caller = match self.caller(policy, request).await {
            Ok(caller) => caller,
            Err(problem) => {
                // A credential that is not accepted counts as none, so that guessing has a limit.
                self.limits.count(request, RatePolicy::Anonymous, None, work.weight).await?;
                return Err(problem);
            }
        };
        let known_device = match policy.rate {
            RateClass::SignIn | RateClass::ByHandler => self.known_device(request),
            RateClass::Exempt | RateClass::Caller => None,
        };
        if let Some(context) = request.extensions_mut().get_mut::<RequestContext>() {
            context.known_device.clone_from(&known_device);
        }
        let rate = match (policy.rate, &caller) {
            (RateClass::Exempt | RateClass::ByHandler, _) => None,
            (RateClass::SignIn, caller) => Some(RatePolicy::of_sign_in(caller.is_some(), known_device.is_some())),
            (RateClass::Caller, Some(_)) => Some(RatePolicy::Principal),
            (RateClass::Caller, None) => Some(RatePolicy::Anonymous),
        };
        if let Some(rate) = rate {
            self.limits.count(request, rate, caller.as_ref(), work.weight).await?;
        }
        if let Some(caller) = &caller {
            match policy.access {
                Access::Open | Access::Public | Access::Optional => {}
                Access::Scopes(scopes) => scopes.iter().try_for_each(|scope| caller.require(*scope))?,
                Access::Interactive => caller.require_interactive()?,
            }
        }
        let admitted = self.limits.admit(request, caller.as_ref(), work.lane, &self.feeds).await?;
        Ok((caller, Some(admitted)))
    }

    fn known_device(&self, request: &HttpRequest) -> Option<Recognized> {
        cookies::device_values(request, &self.settings).find_map(|text| self.sign_in.recognize_device(&text))
    }

    async fn caller(&self, policy: &Policy, request: &HttpRequest) -> Result<Option<Principal>, Problem> {
        if policy.access == Access::Open {
            return Ok(None);
        }
        let credential = Sent::of(request, &self.settings)?;
        match policy.access {
            Access::Open | Access::Public => Ok(None),
            Access::Optional => match self.authenticate(credential, request).await {
                Ok(caller) => Ok(caller),
                // Without a valid credential the caller is anonymous; a failure to check it is a failure.
                Err(UseCaseError::Unauthenticated(_)) => Ok(None),
                Err(error) => Err(error.into()),
            },
            Access::Scopes(_) | Access::Interactive => {
                let caller = self.authenticate(credential, request).await?;
                caller.ok_or_else(|| Problem::unauthenticated(None)).map(Some)
            }
        }
    }

    async fn authenticate(&self, sent: Sent, request: &HttpRequest) -> Result<Option<Principal>, UseCaseError> {
        match sent {
            Sent::Nothing => Ok(None),
            Sent::Authorization(header) => {
                let invalid = UseCaseError::Unauthenticated(UnauthenticatedReason::Invalid);
                let token = bearer(header.to_str().unwrap_or_default()).ok_or(invalid)?;
                if is_api_key(token) {
                    let client = RequestContext::read(request, |context| context.client).flatten();
                    return self.api_keys.authenticate(token, client).await.map(Some);
                }
                self.sign_in.authenticate(token).await.map(Some)
            }
            Sent::Cookie(value) => {
                let ended = UseCaseError::Unauthenticated(UnauthenticatedReason::SessionEnded);
                self.sign_in.authenticate_cookie(&read_secret(&value).ok_or(ended)?).await.map(Some)
            }
        }
    }
}

/// The credential that a request carries.
enum Sent {
    Nothing,
    Authorization(HeaderValue),
    Cookie(String),
}

impl Sent {
    /// Refuses two credentials, and a cookie that comes from another site.
    fn of(request: &HttpRequest, settings: &HttpSettings) -> Result<Self, Problem> {
        let mut cookies = cookies::session_values(request, settings);
        let mut headers = request.headers().get_all(header::AUTHORIZATION);
        let (cookie, header) = (cookies.next(), headers.next());
        if cookies.next().is_some() || headers.next().is_some() || header.is_some() && cookie.is_some() {
            return Err(Problem::new(Code::AmbiguousCredentials));
        }
        match (header, cookie) {
            (Some(header), _) => Ok(Self::Authorization(header.clone())),
            (None, Some(cookie)) => {
                cookies::require_same_site(request, settings)?;
                Ok(Self::Cookie(cookie))
            }
            (None, None) => Ok(Self::Nothing),
        }
    }
}

/// The token of `Bearer <token>`; the scheme is compared ignoring case (RFC 9110, section 11.1).
fn bearer(header: &str) -> Option<&str> {
    let (scheme, token) = header.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim_start_matches(' ')).filter(|token| !token.is_empty())
}
