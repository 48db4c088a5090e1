//! What is known of each request from its first moment.

use std::{net::IpAddr, sync::Arc, time::Instant};

use actix_web::http::header::HeaderValue;

/// Kept in the extensions of the request; what a problem document needs of it survives the request.
#[derive(Debug, Clone)]
pub struct RequestContext {
    /// Names it in the answer, the log and problems.
    pub request_id: Arc<str>,
    /// When it came.
    pub started: Instant,
    /// Its path.
    pub instance: Arc<str>,
    /// The address it came from, behind trusted proxies.
    pub client: Option<IpAddr>,
    /// Its `Accept-Language`.
    pub accept_language: Option<HeaderValue>,
    /// What clients call this server.
    pub public_url: Arc<str>,
}

impl RequestContext {
    /// That of a request, which the middleware `envelope` made.
    pub fn of(request: &actix_web::HttpRequest) -> Option<Self> {
        actix_web::HttpMessage::extensions(request).get::<Self>().cloned()
    }
}
