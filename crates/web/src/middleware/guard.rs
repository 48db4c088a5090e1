//! Refuses requests before they are routed: during a shutdown, after the last one of their connection, or with a URI or
//! headers that are too large.

use actix_web::{
    Error,
    body::{BoxBody, MessageBody},
    dev::{ServiceRequest, ServiceResponse},
    http::header::RETRY_AFTER,
    middleware::Next,
    web::Data,
};

use super::Draining;
use crate::{
    connection::Turn,
    context::RequestContext,
    problem::{Code, Problem},
};

/// The maximum size of path and query together, in bytes.
const MAX_URI: usize = 8 * 1024;
/// The maximum size of all headers together, in bytes.
const MAX_HEADERS: usize = 32 * 1024;

/// Checks each request.
pub async fn guard(
    draining: Data<Draining>,
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    match check(&request, &draining) {
        Ok(()) => next.call(request).await.map(ServiceResponse::map_into_boxed_body),
        Err(problem) => Ok(request.error_response(problem)),
    }
}

fn check(request: &ServiceRequest, draining: &Draining) -> Result<(), Problem> {
    if draining.is_refusing() {
        return Err(Problem::new(Code::Draining).with_header(RETRY_AFTER, 1));
    }
    if RequestContext::read(request.request(), |context| context.turn) == Some(Turn::Late) {
        return Err(Problem::new(Code::BadRequest));
    }
    let uri = request.uri().path_and_query().map_or(0, |path| path.as_str().len());
    if uri > MAX_URI {
        return Err(Problem::new(Code::UriTooLong).about(MAX_URI));
    }
    let headers: usize = request.headers().iter().map(|(name, value)| name.as_str().len() + value.len()).sum();
    if headers > MAX_HEADERS {
        return Err(Problem::new(Code::HeadersTooLarge).about(MAX_HEADERS));
    }
    Ok(())
}
