use std::{
    future::{Ready, ready},
    ops::Deref,
};

use actix_web::{FromRequest, HttpRequest, dev::Payload, http::header::USER_AGENT};
use memo_application::{Device, Principal};

use crate::{
    context::RequestContext,
    problem::{Code, Problem},
};

/// The caller, whom the policy of the route admitted.
pub struct Caller(Principal);

impl Deref for Caller {
    type Target = Principal;

    fn deref(&self) -> &Principal {
        &self.0
    }
}

impl FromRequest for Caller {
    type Error = actix_web::Error;
    type Future = Ready<Result<Self, Self::Error>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let caller = RequestContext::read(request, |context| context.caller).flatten();
        // Absent only if the policy lets anyone pass: an error of the declaration.
        ready(caller.map(Self).ok_or_else(|| Problem::new(Code::InternalError).into()))
    }
}

/// The caller, if they are authenticated.
pub struct MaybeCaller(pub Option<Principal>);

impl FromRequest for MaybeCaller {
    type Error = actix_web::Error;
    type Future = Ready<Result<Self, Self::Error>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Ok(Self(RequestContext::read(request, |context| context.caller).flatten())))
    }
}

/// The device that a request comes from.
pub struct FromDevice(pub Device);

impl FromRequest for FromDevice {
    type Error = actix_web::Error;
    type Future = Ready<Result<Self, Self::Error>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let name = request.headers().get(USER_AGENT).and_then(|name| name.to_str().ok());
        let name = name.map(|name| name.chars().take(200).collect());
        let device = RequestContext::read(request, |context| Device {
            name,
            ip: context.client.map(|ip| ip.to_string()),
            request_id: Some(context.request_id.to_string()),
        });
        ready(Ok(Self(device.unwrap_or_default())))
    }
}
