use std::ops::Deref;

use actix_web::HttpRequest;
use memo_application::{Device, Principal};

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

from_head!(FromDevice: |request| Ok(Self(RequestContext::device(request))));

from_head!(IsHead: |request| Ok(Self(Self::of(request))));

impl IsHead {
    /// Whether this request was a HEAD.
    pub fn of(request: &HttpRequest) -> bool {
        RequestContext::read(request, |context| context.is_head).unwrap_or(false)
    }
}
