use std::{
    future::{Ready, ready},
    marker::PhantomData,
};

use actix_web::{FromRequest, HttpMessage, HttpRequest, dev::Payload};
use memo_application::Principal;
use memo_domain::{Scope, UserId};

use crate::{middleware::SignedIn, problem::Problem};

/// Names a scope as a type, so that a handler's signature says what it needs.
pub trait RequiredScope: 'static {
    /// The scope.
    const SCOPE: Scope;
}

macro_rules! scopes {
    ($($name:ident)+) => {$(
        #[doc = concat!("[`Scope::", stringify!($name), "`].")]
        pub struct $name;

        impl RequiredScope for $name {
            const SCOPE: Scope = Scope::$name;
        }
    )+};
}

scopes! { MemosRead MemosWrite AccountRead AccountWrite }

/// Who calls, where the token has the scope `S`. Reads what the middleware `authenticate` found out.
pub struct Caller<S> {
    /// The member.
    pub user_id: UserId,
    scope: PhantomData<S>,
}

impl<S: RequiredScope> FromRequest for Caller<S> {
    type Error = actix_web::Error;
    type Future = Ready<Result<Self, Self::Error>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let caller = match request.extensions_mut().remove::<SignedIn>() {
            Some(SignedIn(Ok(principal))) => allowed::<S>(&principal),
            Some(SignedIn(Err(error))) => Err(error.into()),
            None => Err(Problem::unauthenticated(None)),
        };
        ready(caller.map_err(Into::into))
    }
}

fn allowed<S: RequiredScope>(principal: &Principal) -> Result<Caller<S>, Problem> {
    principal.require(S::SCOPE)?;
    Ok(Caller { user_id: principal.user_id, scope: PhantomData })
}
