use std::future::{Ready, ready};

use actix_web::{FromRequest, HttpRequest, dev::Payload};
use memo_domain::{MemoId, SessionId, UserId};

use crate::problem::{Code, Problem};

macro_rules! paths {
    ($($(#[$doc:meta])* $name:ident($id:ident) or $code:ident;)+) => {$(
        $(#[$doc])*
        pub struct $name(pub $id);

        impl FromRequest for $name {
            type Error = actix_web::Error;
            type Future = Ready<Result<Self, Self::Error>>;

            fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
                let id = $id::parse(request.match_info().query("id"));
                ready(id.map(Self).map_err(|_| Problem::new(Code::$code).into()))
            }
        }
    )+};
}

paths! {
    /// The `{id}` of a memo in the path. A malformed id is the id of no memo: 404.
    MemoPath(MemoId) or MemoNotFound;
    /// The `{id}` of a user in the path.
    UserPath(UserId) or UserNotFound;
    /// The `{id}` of a session in the path.
    SessionPath(SessionId) or SessionNotFound;
}
