use std::{
    future::{Ready, ready},
    marker::PhantomData,
};

use actix_web::{
    FromRequest, HttpMessage, HttpRequest, ResponseError,
    dev::Payload,
    http::{StatusCode, header},
};
use memo_application::{Claimant, Device, Principal};
use memo_domain::{Scope, UserId};

use crate::{context::RequestContext, middleware::SignedIn, problem::Problem};

/// Names scopes as a type, so that a handler's signature says what it needs.
pub trait RequiredScopes: 'static {
    /// The scopes.
    const SCOPES: &'static [Scope];
}

macro_rules! scopes {
    ($($name:ident: $($scope:ident)+;)+) => {$(
        #[doc = concat!($("[`Scope::", stringify!($scope), "`] "),+)]
        pub struct $name;

        impl RequiredScopes for $name {
            const SCOPES: &'static [Scope] = &[$(Scope::$scope),+];
        }
    )+};
}

scopes! {
    MemosRead: MemosRead;
    MemosWrite: MemosWrite;
    AccountRead: AccountRead;
    AccountWrite: AccountWrite;
    Export: AccountRead MemosRead;
    Import: AccountWrite MemosWrite;
}

/// Who calls, where the token has the scopes `S`. Reads what the middleware `authenticate` found out.
pub struct Caller<S> {
    /// The member.
    pub user_id: UserId,
    /// As whom they prove once more that it is them.
    pub claimant: Claimant,
    scope: PhantomData<S>,
}

impl<S: RequiredScopes> FromRequest for Caller<S> {
    type Error = actix_web::Error;
    type Future = Ready<Result<Self, Self::Error>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let allowed = |principal: Principal| {
            S::SCOPES.iter().try_for_each(|scope| principal.require(*scope))?;
            Ok(Self { user_id: principal.user_id, claimant: principal.claimant(), scope: PhantomData })
        };
        ready(signed_in(request).and_then(allowed).map_err(Into::into))
    }
}

/// Who calls, where they signed in themselves and for everything: what manages the account itself needs that.
pub struct Interactive {
    /// Who they are.
    pub principal: Principal,
    /// As whom they prove once more that it is them.
    pub claimant: Claimant,
}

impl FromRequest for Interactive {
    type Error = actix_web::Error;
    type Future = Ready<Result<Self, Self::Error>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let allowed = |principal: Principal| {
            principal.require_interactive()?;
            Ok(Self { principal, claimant: principal.claimant() })
        };
        ready(signed_in(request).and_then(allowed).map_err(Into::into))
    }
}

/// Who calls, where anybody does. Where that can't be found out, nobody is not the answer.
pub struct MaybeCaller(pub Option<Principal>);

impl FromRequest for MaybeCaller {
    type Error = actix_web::Error;
    type Future = Ready<Result<Self, Self::Error>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(match signed_in(request) {
            Err(problem) if problem.status_code() != StatusCode::UNAUTHORIZED => Err(problem.into()),
            caller => Ok(Self(caller.ok())),
        })
    }
}

fn signed_in(request: &HttpRequest) -> Result<Principal, Problem> {
    match request.extensions_mut().remove::<SignedIn>() {
        Some(SignedIn(Ok(principal))) => Ok(principal),
        Some(SignedIn(Err(error))) => Err(error.into()),
        None => Err(Problem::unauthenticated(None)),
    }
}

/// What the request comes from.
pub struct FromDevice(pub Device);

impl FromRequest for FromDevice {
    type Error = actix_web::Error;
    type Future = Ready<Result<Self, Self::Error>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let name = request.headers().get(header::USER_AGENT).and_then(|name| name.to_str().ok());
        let context = RequestContext::of(request);
        ready(Ok(Self(Device {
            name: name.map(|name| name.chars().take(200).collect()),
            ip: context.as_ref().and_then(|context| context.client).map(|ip| ip.to_string()),
            request_id: context.map(|context| context.request_id.to_string()),
        })))
    }
}
