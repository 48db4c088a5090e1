//! The outermost middleware: request id, timing, security headers, error documents, the log line.

use std::{fmt, sync::Arc, time::Instant};

use actix_web::{
    Error, HttpMessage, HttpResponse, ResponseError,
    body::{BodySize, BoxBody, MessageBody},
    dev::{ServiceRequest, ServiceResponse},
    http::{
        ConnectionType, Method, StatusCode, Version,
        header::{self, HeaderMap, HeaderName, HeaderValue},
    },
    middleware::Next,
    web::Data,
};
use memo_domain::{Clock, IdGenerator};
use tracing::Instrument;
use uuid::Uuid;

use super::{body::read_in_turns, client::Client, limits::sent, usage::counted};
use crate::{
    compression::compressed,
    connection::Turn,
    context::RequestContext,
    language::Language,
    problem::{Occurrence, Problem, from_framework},
    settings::HttpSettings,
};

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// Browsers use https alone for a year.
const HSTS: &str = "max-age=31536000";
const SERVER_TIMING: HeaderName = HeaderName::from_static("server-timing");

/// Generates request ids.
pub struct RequestIds {
    ids: Arc<dyn IdGenerator>,
    clock: Arc<dyn Clock>,
}

impl RequestIds {
    #[must_use]
    pub fn new(ids: Arc<dyn IdGenerator>, clock: Arc<dyn Clock>) -> Self {
        Self { ids, clock }
    }

    /// The client's own id if it is a valid one, otherwise a new one.
    fn of(&self, headers: &HeaderMap) -> Arc<str> {
        let is_valid = |id: &&str| {
            (1..=64).contains(&id.len())
                && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
        };
        if let Some(id) = headers.get(REQUEST_ID).and_then(|value| value.to_str().ok()).filter(is_valid) {
            return Arc::from(id);
        }
        let id = self.ids.next(self.clock.now());
        Arc::from(id.hyphenated().encode_lower(&mut Uuid::encode_buffer()) as &str)
    }
}

/// Wraps each request.
pub async fn envelope(
    settings: Data<HttpSettings>,
    ids: Data<RequestIds>,
    mut request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let peer = request.peer_addr().map(|peer| peer.ip());
    let client = Client::of(peer, request.headers(), &settings.trusted_proxies, settings.forwarded_header);
    let context = RequestContext {
        request_id: ids.of(request.headers()),
        is_head: request.method() == Method::HEAD,
        started: Instant::now(),
        uri: request.uri().clone(),
        client: client.address,
        scheme: client.scheme,
        is_https_expected: settings.public_url.starts_with("https://"),
        accept_language: request.headers().get(header::ACCEPT_LANGUAGE).cloned(),
        turn: Turn::of(&request),
        route: None,
        caller: None,
        known_device: None,
        body_digest: None,
        load: None,
        rate: None,
    };
    request.extensions_mut().insert(context.clone());
    let method = request.method().clone();
    // A HEAD is handled as a GET; the protocol layer omits the body.
    if context.is_head {
        request.head_mut().method = Method::GET;
    }
    let read = read_in_turns(&mut request);
    let version = request.version();
    let span = tracing::error_span!("request", request_id = &*context.request_id);
    match next.call(request).instrument(span).await {
        Ok(response) => {
            let known = response.request().extensions_mut().remove::<RequestContext>();
            let context = known.unwrap_or(context);
            let mut response = with_document(response.map_into_boxed_body(), &context, &settings);
            if settings.compression {
                response = compressed(response).await;
            }
            response = sent(response);
            finish(response.response_mut(), &context);
            if version < Version::HTTP_11 && response.response().body().size() == BodySize::Stream {
                // HTTP/1.0 has no chunks: the body ends with the connection.
                let head = response.response_mut().head_mut();
                head.no_chunking(true);
                head.set_connection_type(ConnectionType::Close);
            }
            log(&method, response.status(), &context);
            Ok(counted(response, &context, &read))
        }
        Err(error) => {
            let problem = problem_of(&error);
            log(&method, problem.status_code(), &context);
            Err(RenderedProblem { problem, context, public_url: settings.public_url.clone() }.into())
        }
    }
}

/// Renders errors, including those of the framework, as the route's policy says.
fn with_document(response: ServiceResponse, context: &RequestContext, settings: &HttpSettings) -> ServiceResponse {
    let status = response.status();
    if !status.is_client_error() && !status.is_server_error() {
        return response;
    }
    let problem = response.response().error().map(problem_of);
    if problem.is_none() && response.headers().contains_key(header::CONTENT_TYPE) {
        return response;
    }
    let problem = problem.unwrap_or_else(|| from_framework(status));
    let is_oauth = context.route.as_ref().is_some_and(|route| route.policy.has_oauth_errors);
    let oauth = if is_oauth { problem.render_oauth() } else { None };
    let mut rendered = oauth.unwrap_or_else(|| render(&problem, context, &settings.public_url));
    let (request, response) = response.into_parts();
    // The headers of the CORS middleware, so that pages of other origins can read the document.
    let is_kept = |name: &HeaderName| name.as_str().starts_with("access-control-") || *name == header::VARY;
    for (name, value) in response.headers().iter().filter(|(name, _)| is_kept(name)) {
        rendered.headers_mut().append(name.clone(), value.clone());
    }
    ServiceResponse::new(request, rendered)
}

fn render(problem: &Problem, context: &RequestContext, public_url: &str) -> HttpResponse {
    problem.render(&Occurrence {
        language: Language::preferred(context.accept_language.as_ref()),
        instance: context.uri.path(),
        request_id: &context.request_id,
        public_url,
    })
}

fn problem_of(error: &Error) -> Problem {
    let status = error.as_response_error().status_code();
    error.as_error::<Problem>().cloned().unwrap_or_else(|| from_framework(status))
}

/// An error of a middleware, with what its response needs.
#[derive(Debug)]
pub struct RenderedProblem {
    problem: Problem,
    context: RequestContext,
    public_url: Arc<str>,
}

impl fmt::Display for RenderedProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.problem.fmt(f)
    }
}

impl ResponseError for RenderedProblem {
    fn status_code(&self) -> StatusCode {
        self.problem.status_code()
    }

    fn error_response(&self) -> HttpResponse {
        let mut response = render(&self.problem, &self.context, &self.public_url);
        finish(&mut response, &self.context);
        response
    }
}

/// Adds the headers of every response.
fn finish<B>(response: &mut HttpResponse<B>, context: &RequestContext) {
    if context.turn != Turn::Open {
        // A pipelined request that was read meanwhile would keep the connection open.
        response.head_mut().set_connection_type(ConnectionType::Close);
    }
    let headers = response.headers_mut();
    if let Ok(id) = HeaderValue::from_str(&context.request_id) {
        headers.insert(REQUEST_ID, id);
    }
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    if !headers.contains_key(header::CACHE_CONTROL) {
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
    }
    // Not without encryption (RFC 6797, section 7.2).
    if context.is_https_expected && !context.is_insecure() {
        headers.insert(header::STRICT_TRANSPORT_SECURITY, HeaderValue::from_static(HSTS));
    }
    if let Some(rate) = &context.rate {
        rate.add_to(headers);
    }
    if let Some(deprecation) = context.route.as_ref().and_then(|route| route.policy.deprecation) {
        deprecation.add_to(headers);
    }
    let elapsed = context.started.elapsed().as_micros();
    if let Ok(timing) = HeaderValue::from_str(&format!("app;dur={}.{:03}", elapsed / 1000, elapsed % 1000)) {
        headers.insert(SERVER_TIMING, timing);
    }
}

fn log(method: &Method, status: StatusCode, context: &RequestContext) {
    if !tracing::enabled!(target: "memo::http", tracing::Level::INFO) {
        return;
    }
    tracing::info!(
        target: "memo::http",
        request_id = &*context.request_id,
        method = method.as_str(),
        route = context.route.as_ref().map_or("-", |route| &*route.path),
        status = status.as_u16(),
        // Whole microseconds.
        duration_ms = (context.started.elapsed().as_secs_f64() * 1e6).round() / 1000.0,
        client = context.client.map(tracing::field::display),
        user_id = context.caller.map(|caller| tracing::field::display(caller.user_id)),
        "request"
    );
}
