//! What is known about each request, kept in its extensions.

use std::{net::IpAddr, sync::Arc, time::Instant};

use actix_web::{
    HttpMessage, HttpRequest,
    http::{Uri, header::HeaderValue},
};
use memo_application::{Principal, Recognized};

use crate::{connection::Turn, load::Load, policy::Policy, rate::RateState};

/// Made by the middleware `envelope`, completed by `admission`.
#[derive(Debug, Clone)]
pub struct RequestContext {
    /// Identifies the request in the response, in the log and in problem documents.
    pub request_id: Arc<str>,
    /// Whether it is a HEAD, which is handled as a GET.
    pub is_head: bool,
    /// When the request arrived.
    pub started: Instant,
    /// Its URI.
    pub uri: Uri,
    /// The address of the client, beyond trusted proxies.
    pub client: Option<IpAddr>,
    /// Its `Accept-Language`.
    pub accept_language: Option<HeaderValue>,
    /// Its position in the connection.
    pub turn: Turn,
    /// The route that matched.
    pub route: Option<Route>,
    /// The authenticated caller, if the policy of the route asks for one.
    pub caller: Option<Principal>,
    /// The device, if it is known from an earlier sign-in and the route is one to sign in.
    pub known_device: Option<Recognized>,
    /// A digest of the body, if the request has an idempotency key.
    pub body_digest: Option<u128>,
    /// The load of this node, if the request is part of it.
    pub load: Option<Load>,
    /// The rate that the request was counted by.
    pub rate: Option<RateState>,
}

/// A route that matched a request.
#[derive(Debug, Clone)]
pub struct Route {
    /// The path template, e.g. `/api/v1/memos/{id}`.
    pub path: Arc<str>,
    /// The policy that the route was declared with.
    pub policy: &'static Policy,
}

impl RequestContext {
    /// Reads something from the context of a request. `None` if the request did not pass the middleware.
    pub fn read<T>(request: &HttpRequest, read: impl FnOnce(&Self) -> T) -> Option<T> {
        request.extensions().get::<Self>().map(read)
    }

    /// The policy of the route that matched.
    pub fn policy(request: &HttpRequest) -> Option<&'static Policy> {
        Self::read(request, |context| context.route.as_ref().map(|route| route.policy)).flatten()
    }
}
