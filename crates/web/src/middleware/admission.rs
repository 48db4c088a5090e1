//! Enforces the policy of the route that matched: host, credentials, scopes, time limit.

use actix_web::{
    Error, HttpMessage, HttpRequest,
    body::BoxBody,
    dev::{ServiceRequest, ServiceResponse},
    http::{
        Method,
        header::{self, HeaderValue},
    },
    middleware::Next,
    web::Data,
};
use memo_application::{
    ApiKeys, Error as UseCaseError, Principal, Recognized, SignIn, UnauthenticatedReason, is_api_key, read_secret,
};
use memo_domain::Causes;
use tokio::time::timeout;

use super::{
    host::{is_trusted_host, named_host},
    limits::{Admitted, Limits, work},
};
use crate::{
    context::{RequestContext, Route, Scheme},
    cookies,
    digest::Digests,
    live_feeds::LiveFeeds,
    load::Load,
    policy::{Access, Body, Policy, RateClass},
    problem::{Code, Problem},
    rate::RatePolicy,
    settings::HttpSettings,
    signature::{Message, Origin, Refusal, Signature},
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
        Ok(admitted) => admitted,
        Err(problem) => return Ok(request.error_response(problem)),
    };
    let admitted_request = request.request().clone();
    let mut response = handle(policy, &gate.settings, request, next).await?;
    // A body that could not be read: the handler has not run.
    if policy.rate == RateClass::ByHandler
        && RequestContext::read(&admitted_request, |context| context.rate.is_none()) == Some(true)
    {
        let weight = work(policy, &admitted_request).weight;
        if let Err(problem) = gate.limits.count(&admitted_request, RatePolicy::Anonymous, None, weight).await {
            response = ServiceResponse::from_err(problem, admitted_request);
        }
    }
    if policy.no_store {
        response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    Ok(match admitted {
        Some(admitted) => admitted.keep_while_sent(response),
        None => response,
    })
}

/// Handles a request that was admitted, within the time limit.
async fn handle(
    policy: &Policy,
    settings: &HttpSettings,
    mut request: ServiceRequest,
    next: Next<BoxBody>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let digests = match Digests::of(request.headers()) {
        Ok(digests) => digests,
        Err(problem) => return Ok(request.error_response(problem)),
    };
    let limit = policy.size.limit(settings.body_limit);
    let time = settings.request_timeout;
    let admitted = request.request().clone();
    let handled = async {
        match digests {
            Some(digests) if policy.body == Body::Ignored => {
                // Until it has come, the request waits for its client, and what limits a stream has not begun.
                let load = RequestContext::read(request.request(), |context| context.load.clone()).flatten();
                let waiting = load.as_ref().map(Load::pause);
                let verified = timeout(time, digests.verify_ignored(&mut request, limit)).await;
                drop(waiting);
                if let Err(problem) = verified.unwrap_or_else(|_| Err(Problem::timed_out())) {
                    return Ok(request.error_response(problem));
                }
            }
            Some(digests) => digests.verify_when_read(&mut request),
            None => {}
        }
        next.call(request).await
    };
    if policy.has_idle_timeout {
        return handled.await;
    }
    let limited = timeout(time, handled).await;
    limited.unwrap_or_else(|_| Ok(ServiceResponse::from_err(Problem::timed_out(), admitted)))
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

    /// The permits to run. The caller, if the policy asks for one, is noted in the context of the request, also if it is refused.
    async fn admit(&self, policy: &Policy, request: &HttpRequest) -> Result<Option<Admitted>, Problem> {
        if !policy.any_host && !is_trusted_host(request, &self.settings) {
            return Err(Problem::new(Code::UntrustedHost));
        }
        let work = work(policy, request);
        if RequestContext::read(request, RequestContext::is_insecure) == Some(true) {
            if policy.rate != RateClass::Exempt {
                self.limits.count(request, RatePolicy::Anonymous, None, work.weight).await?;
            }
            self.remove_exposed(request).await;
            return Err(Problem::new(Code::InsecureTransport));
        }
        if policy.rate == RateClass::Exempt {
            return Ok(None);
        }
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
            context.caller = caller;
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
        Ok(Some(admitted))
    }

    /// Removes a valid API key that was sent without encryption. The response does not say whether there was one.
    async fn remove_exposed(&self, request: &HttpRequest) {
        let tokens = request.headers().get_all(header::AUTHORIZATION).filter_map(|value| value.to_str().ok());
        for token in tokens.filter_map(bearer).filter(|token| is_api_key(token)).take(1) {
            if let Err(error) = self.api_keys.remove_exposed(token, &RequestContext::device(request)).await {
                tracing::error!(error = %Causes(&error), "an exposed API key was not removed");
            }
        }
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
                Err(UseCaseError::Unauthenticated(_) | UseCaseError::IpNotAllowed) => Ok(None),
                Err(error) => Err(error.into()),
            },
            Access::Scopes(_) | Access::Interactive => {
                let caller = self.authenticate(credential, request).await?;
                caller.ok_or_else(|| Problem::unauthenticated(None)).map(Some)
            }
        }
    }

    /// What a client must have signed, in each form in which it may have named this server: by the URL of the request, or by the
    /// public URL, if a proxy has changed that.
    fn bases(&self, signature: &Signature, request: &HttpRequest) -> Option<Vec<String>> {
        let public = Origin::of_url(&self.settings.public_url)?;
        let (uri, is_head, scheme) =
            RequestContext::read(request, |context| (context.uri.clone(), context.is_head, context.scheme))?;
        let scheme = match scheme {
            Some(scheme) => scheme.name(),
            // Nothing but a proxy would make it https: this server itself speaks http.
            None => Scheme::Http.name(),
        };
        let requested = Origin::new(scheme, named_host(request));
        let requested = if requested.is_on(&public) { public.clone() } else { requested };
        let method = if is_head { Method::HEAD.as_str() } else { request.method().as_str() };
        let message = Message { method, uri: &uri, headers: request.headers() };
        signature.bases(&message, &[requested, public])
    }

    async fn authenticate(&self, sent: Sent, request: &HttpRequest) -> Result<Option<Principal>, UseCaseError> {
        let client = RequestContext::read(request, |context| context.client).flatten();
        match sent {
            Sent::Nothing => Ok(None),
            Sent::Authorization(header) => {
                let invalid = UseCaseError::Unauthenticated(UnauthenticatedReason::Invalid);
                let token = bearer(header.to_str().unwrap_or_default()).ok_or(invalid)?;
                if is_api_key(token) {
                    return self.api_keys.authenticate(token, client).await.map(Some);
                }
                self.sign_in.authenticate(token).await.map(Some)
            }
            Sent::Signature(signature) => {
                let invalid = || UseCaseError::Unauthenticated(UnauthenticatedReason::SignatureInvalid);
                let signature =
                    signature.filter(|signature| signature.covers_all(request.headers())).ok_or_else(invalid)?;
                let bases = self.bases(&signature, request).ok_or_else(invalid)?;
                self.api_keys.authenticate_signed(&signature.request(&bases), client).await.map(Some)
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
    /// `None` if it is malformed.
    Signature(Option<Box<Signature>>),
    Cookie(String),
}

impl Sent {
    /// Refuses two credentials, and a cookie that comes from another site.
    fn of(request: &HttpRequest, settings: &HttpSettings) -> Result<Self, Problem> {
        let mut cookies = cookies::session_values(request, settings);
        let mut headers = request.headers().get_all(header::AUTHORIZATION);
        let (cookie, header) = (cookies.next(), headers.next());
        let is_signed = Signature::is_sent(request.headers());
        let credentials =
            [header.is_some(), cookie.is_some(), is_signed].into_iter().filter(|is_sent| *is_sent).count();
        if cookies.next().is_some() || headers.next().is_some() || credentials > 1 {
            return Err(Problem::new(Code::AmbiguousCredentials));
        }
        if is_signed {
            return match Signature::read(request.headers()) {
                Ok(signature) => Ok(Self::Signature(Some(Box::new(signature)))),
                Err(Refusal::Invalid) => Ok(Self::Signature(None)),
                Err(Refusal::Ambiguous) => Err(Problem::new(Code::AmbiguousCredentials)),
            };
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
