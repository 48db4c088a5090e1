use std::ops::Deref;

use actix_web::{HttpRequest, http::header::USER_AGENT};
use memo_application::{Credential, Device, Principal, Recognized};

use crate::{
    context::RequestContext,
    extractor::from_head,
    problem::{Code, Problem},
};

/// The caller, whom the policy of the route admitted.
pub struct Caller(Principal);

// Absent only if the policy lets anyone pass, which is an error in the declaration of the route.
from_head!(Caller: |request| {
    let caller = RequestContext::read(request, |context| context.caller).flatten();
    caller.map(Self).ok_or(Problem::new(Code::InternalError))
});

impl Deref for Caller {
    type Target = Principal;

    fn deref(&self) -> &Principal {
        &self.0
    }
}

/// The caller, if they are authenticated.
pub struct MaybeCaller(pub Option<Principal>);

/// Whether the request is a HEAD: it must not change anything that a GET changes, such as the audit log.
pub struct IsHead(pub bool);

from_head!(MaybeCaller: |request| Ok(Self(RequestContext::read(request, |context| context.caller).flatten())));

/// The device that a request comes from.
pub struct FromDevice(pub Device);

from_head!(FromDevice: |request| {
    let name = request.headers().get(USER_AGENT).and_then(|name| name.to_str().ok());
    let name = name.map(|name| name.chars().take(200).collect());
    let device = RequestContext::read(request, |context| Device {
        name,
        ip: context.client.map(|ip| ip.to_string()),
        request_id: Some(context.request_id.to_string()),
        api_key_id: context.caller.and_then(|caller| match caller.credential {
            Credential::ApiKey { key_id } => Some(key_id),
            Credential::AccessToken { .. } | Credential::Cookie { .. } => None,
        }),
        recognized: recognized(context),
    });
    Ok(Self(device.unwrap_or_default()))
});

from_head!(IsHead: |request| Ok(Self(Self::of(request))));

impl IsHead {
    /// Whether this request was a HEAD.
    pub fn of(request: &HttpRequest) -> bool {
        RequestContext::read(request, |context| context.is_head).unwrap_or(false)
    }
}

fn recognized(context: &RequestContext) -> Vec<Recognized> {
    let session = context.caller.as_ref().and_then(|caller| {
        let id = caller.session_id()?.as_uuid();
        Some(Recognized { user_id: caller.user_id, id })
    });
    session.into_iter().chain(context.known_device.clone()).collect()
}
