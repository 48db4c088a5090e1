use actix_web::{
    HttpResponse,
    http::{
        StatusCode,
        header::{ETAG, HeaderName, HeaderValue, LOCATION},
    },
    web::Bytes,
};
use memo_application::Answer;
use serde::Serialize;

use super::Representation;
use crate::problem::Problem;

/// Says that a response is the one to an earlier request.
const REPLAYED: HeaderName = HeaderName::from_static("idempotent-replayed");

/// A successful response with JSON that can be stored, to be sent again.
pub struct Reply {
    status: StatusCode,
    location: Option<String>,
    etag: Option<HeaderValue>,
    body: Bytes,
    /// What is stored instead of the body, which has a secret.
    without_secret: Option<Bytes>,
}

impl Reply {
    /// A response with JSON.
    pub const fn new(status: StatusCode, body: Bytes) -> Self {
        Self { status, location: None, etag: None, body, without_secret: None }
    }

    /// A response with something new, which is at this path.
    pub fn created(location: String, representation: Representation) -> Self {
        let Representation { body, etag, .. } = representation;
        Self { status: StatusCode::CREATED, location: Some(location), etag: Some(etag), body, without_secret: None }
    }

    /// A response with something new, which is at this path, and has a secret that is shown this once: `hide` removes it, and
    /// what is left is stored.
    pub fn shown_once<T: Serialize>(location: String, body: T, hide: impl FnOnce(T) -> T) -> Result<Self, Problem> {
        let encode = |body: &T| serde_json::to_vec(body).map(Bytes::from).map_err(Problem::internal);
        let shown = encode(&body)?;
        Ok(Self {
            status: StatusCode::CREATED,
            location: Some(location),
            etag: None,
            body: shown,
            without_secret: Some(encode(&hide(body))?),
        })
    }

    /// What is stored of it.
    pub fn answer(&self) -> Answer {
        Answer {
            status: self.status.as_u16(),
            location: self.location.clone(),
            etag: self.etag.as_ref().and_then(|etag| etag.to_str().ok()).map(str::to_owned),
            body: self.without_secret.as_ref().unwrap_or(&self.body).to_vec(),
        }
    }

    /// The response.
    pub fn respond(self) -> HttpResponse {
        let mut response = HttpResponse::build(self.status);
        if let Some(location) = self.location {
            response.insert_header((LOCATION, location));
        }
        if let Some(etag) = self.etag {
            response.insert_header((ETAG, etag));
        }
        response.content_type("application/json").body(self.body)
    }
}

/// The response to an earlier request.
pub fn replayed(answer: Answer) -> Result<HttpResponse, Problem> {
    let Answer { status, location, etag, body } = answer;
    let status = StatusCode::from_u16(status).map_err(Problem::internal)?;
    let etag = etag.map(HeaderValue::try_from).transpose().map_err(Problem::internal)?;
    let mut response = Reply { status, location, etag, body: body.into(), without_secret: None }.respond();
    response.headers_mut().insert(REPLAYED, HeaderValue::from_static("true"));
    Ok(response)
}
