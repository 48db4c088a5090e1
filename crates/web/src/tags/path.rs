use std::future::{Ready, ready};

use actix_web::{FromRequest, HttpRequest, dev::Payload};
use memo_domain::Tag;
use percent_encoding::percent_decode_str;
use utoipa::{IntoParams, openapi::schema::Object};

use super::dto::described;
use crate::problem::{Code, Problem};

/// The tag that ends the path. What is no tag names none: 404.
#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
pub struct TagPath {
    #[param(value_type = String, schema_with = tag_in_path)]
    pub tag: Tag,
}

impl FromRequest for TagPath {
    type Error = actix_web::Error;
    type Future = Ready<Result<Self, Self::Error>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        // As it was sent: the router has decoded some characters of it, and puts others in the place of what is no UTF-8.
        let (_, segment) = request.uri().path().rsplit_once('/').unwrap_or_default();
        let tag = percent_decode_str(segment).decode_utf8().ok().and_then(|text| Tag::new(text).ok());
        ready(tag.map(|tag| Self { tag }).ok_or_else(|| Problem::new(Code::NotFound).into()))
    }
}

fn tag_in_path() -> Object {
    described(
        "The tag, whatever its case; percent-encoded where need be, as `/` is by `%2F`. Before `.` and `..`, which clients take \
         for steps of the path, goes a space, which is no part of the tag: `%20..`.",
    )
}
