//! What is known about each request, kept in its extensions.

use std::{net::IpAddr, sync::Arc, time::Instant};

use actix_web::{
    HttpMessage, HttpRequest,
    http::{
        Uri,
        header::{HeaderValue, USER_AGENT},
    },
};
use memo_application::{Credential, Device, Principal, Recognized};
use memo_domain::OperationName;

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
    /// The scheme that the client used, as a trusted proxy says.
    pub scheme: Option<Scheme>,
    /// Whether clients should use https.
    pub is_https_expected: bool,
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

/// The scheme of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scheme {
    Http,
    Https,
}

impl Scheme {
    /// The name in a URL.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Https => "https",
        }
    }
}

/// A route that matched a request.
#[derive(Debug, Clone)]
pub struct Route {
    /// The path template, e.g. `/api/v1/memos/{id}`.
    pub path: Arc<str>,
    /// The name of the operation, if it is one of the API.
    pub operation: Option<OperationName>,
    /// The policy that the route was declared with.
    pub policy: &'static Policy,
}

impl RequestContext {
    /// Whether the client sent the request without encryption, although it should use https.
    pub fn is_insecure(&self) -> bool {
        self.is_https_expected && self.scheme == Some(Scheme::Http)
    }

    /// The device that a request comes from.
    pub fn device(request: &HttpRequest) -> Device {
        let name = request.headers().get(USER_AGENT).and_then(|name| name.to_str().ok());
        let name = name.map(|name| name.chars().take(200).collect());
        let device = Self::read(request, |context| Device {
            name,
            ip: context.client.map(|ip| ip.to_string()),
            request_id: Some(context.request_id.to_string()),
            api_key_id: context.caller.and_then(|caller| match caller.credential {
                Credential::ApiKey { key_id } => Some(key_id),
                Credential::AccessToken { .. } | Credential::Cookie { .. } => None,
            }),
            recognized: context.recognized(),
        });
        device.unwrap_or_default()
    }

    fn recognized(&self) -> Vec<Recognized> {
        let session = self.caller.as_ref().and_then(|caller| {
            let id = caller.session_id()?.as_uuid();
            Some(Recognized { user_id: caller.user_id, id })
        });
        session.into_iter().chain(self.known_device.clone()).collect()
    }

    /// Reads something from the context of a request. `None` if the request did not pass the middleware.
    pub fn read<T>(request: &HttpRequest, read: impl FnOnce(&Self) -> T) -> Option<T> {
        request.extensions().get::<Self>().map(read)
    }

    /// The policy of the route that matched.
    pub fn policy(request: &HttpRequest) -> Option<&'static Policy> {
        Self::read(request, |context| context.route.as_ref().map(|route| route.policy)).flatten()
    }
}
