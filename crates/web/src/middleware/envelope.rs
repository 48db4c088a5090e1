//! The outermost middleware: request id, timing, security headers, problem documents, the log line.

use std::{fmt, sync::Arc, time::Instant};

use actix_web::{
    Error, HttpMessage, HttpResponse, ResponseError,
    body::{BoxBody, MessageBody},
    dev::{ServiceRequest, ServiceResponse},
    http::{
        Method, StatusCode,
        header::{self, HeaderMap, HeaderName, HeaderValue},
    },
    middleware::Next,
    web,
};
use memo_domain::UserId;
use tracing::Instrument;
use uuid::Uuid;

use super::client_address;
use crate::{
    HttpSettings, RequestIds,
    context::RequestContext,
    problem::{Problem, from_framework},
};

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const SERVER_TIMING: HeaderName = HeaderName::from_static("server-timing");

/// Whose request it is, for the log.
#[derive(Debug, Clone, Copy)]
pub struct LoggedUser(pub UserId);

/// Wraps each request.
pub async fn envelope(
    settings: web::Data<HttpSettings>,
    ids: web::Data<RequestIds>,
    mut request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let peer = request.peer_addr().map(|peer| peer.ip());
    let context = RequestContext {
        request_id: request_id(request.headers(), &ids),
        started: Instant::now(),
        instance: Arc::from(request.path()),
        client: client_address(peer, request.headers(), &settings.trusted_proxies),
        accept_language: request.headers().get(header::ACCEPT_LANGUAGE).cloned(),
        public_url: settings.public_url.clone(),
    };
    request.extensions_mut().insert(context.clone());
    let method = request.method().clone();
    // A HEAD is a GET without the body, which the protocol layer leaves out.
    if method == Method::HEAD {
        request.head_mut().method = Method::GET;
    }
    let span = tracing::error_span!("request", request_id = &*context.request_id);
    match next.call(request).instrument(span).await {
        Ok(response) => {
            let mut response = with_problem(response.map_into_boxed_body(), &context);
            finish(response.response_mut(), &context);
            let user = response.request().extensions().get::<LoggedUser>().copied();
            log(&method, response.request().match_pattern().as_deref(), response.status(), user, &context);
            Ok(response)
        }
        Err(error) => {
            let problem = problem_of(&error);
            log(&method, None, problem.status_code(), None, &context);
            Err(RenderedProblem { problem, context }.into())
        }
    }
}

/// The client's own id where it is a sane token, a new one otherwise.
fn request_id(headers: &HeaderMap, ids: &RequestIds) -> Arc<str> {
    let sane = |id: &&str| {
        (1..=64).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
    };
    match headers.get(REQUEST_ID).and_then(|value| value.to_str().ok()).filter(sane) {
        Some(id) => Arc::from(id),
        None => Arc::from(ids.next().hyphenated().encode_lower(&mut Uuid::encode_buffer()) as &str),
    }
}

/// Makes a problem document of each error, the framework's own included.
fn with_problem(response: ServiceResponse, context: &RequestContext) -> ServiceResponse {
    let status = response.status();
    if !status.is_client_error() && !status.is_server_error() {
        return response;
    }
    let problem = response.response().error().map(problem_of);
    if problem.is_none() && response.headers().contains_key(header::CONTENT_TYPE) {
        return response;
    }
    let mut rendered = problem.unwrap_or_else(|| from_framework(status)).render(context);
    let (request, response) = response.into_parts();
    // What the middleware for other origins has added, so that their pages can read the problem.
    let kept = |name: &HeaderName| name.as_str().starts_with("access-control-") || *name == header::VARY;
    for (name, value) in response.headers().iter().filter(|(name, _)| kept(name)) {
        rendered.headers_mut().append(name.clone(), value.clone());
    }
    ServiceResponse::new(request, rendered)
}

fn problem_of(error: &Error) -> Problem {
    let status = error.as_response_error().status_code();
    error.as_error::<Problem>().cloned().unwrap_or_else(|| from_framework(status))
}

/// An error that a middleware gave, with all that its answer needs.
#[derive(Debug)]
pub struct RenderedProblem {
    problem: Problem,
    context: RequestContext,
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
        let mut response = self.problem.render(&self.context);
        finish(&mut response, &self.context);
        response
    }
}

/// The headers that every answer has.
fn finish<B>(response: &mut HttpResponse<B>, context: &RequestContext) {
    let headers = response.headers_mut();
    if let Ok(id) = HeaderValue::from_str(&context.request_id) {
        headers.insert(REQUEST_ID, id);
    }
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    if !headers.contains_key(header::CACHE_CONTROL) {
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
    }
    let elapsed = context.started.elapsed().as_micros();
    if let Ok(timing) = HeaderValue::from_str(&format!("app;dur={}.{:03}", elapsed / 1000, elapsed % 1000)) {
        headers.insert(SERVER_TIMING, timing);
    }
}

fn log(method: &Method, route: Option<&str>, status: StatusCode, user: Option<LoggedUser>, context: &RequestContext) {
    if !tracing::enabled!(target: "memo::http", tracing::Level::INFO) {
        return;
    }
    tracing::info!(
        target: "memo::http",
        request_id = &*context.request_id,
        method = method.as_str(),
        route = route.unwrap_or("-"),
        status = status.as_u16(),
        duration_ms = context.started.elapsed().as_secs_f64() * 1000.0,
        client = context.client.map(tracing::field::display),
        user_id = user.map(|user| tracing::field::display(user.0)),
        "request"
    );
}
