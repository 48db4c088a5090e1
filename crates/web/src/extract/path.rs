use std::future::{Ready, ready};

use actix_web::{FromRequest, HttpRequest, dev::Payload};
use memo_domain::MemoId;

use crate::problem::{Code, Problem};

/// The `{id}` of a memo in the path. What is no id names no memo: 404.
pub struct MemoPath(pub MemoId);

impl FromRequest for MemoPath {
    type Error = actix_web::Error;
    type Future = Ready<Result<Self, Self::Error>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let id = MemoId::parse(request.match_info().query("id"));
        ready(id.map(Self).map_err(|_| Problem::new(Code::MemoNotFound).into()))
    }
}
