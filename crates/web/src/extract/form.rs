use std::{future::Future, pin::Pin};

use actix_web::{FromRequest, HttpRequest, dev::Payload};

use super::body::{check_media_type, content_length, read};
use crate::limits::Limits;

/// The most a form of the token endpoints needs.
const FORM_LIMIT: usize = 64 * 1024;

/// A body of `application/x-www-form-urlencoded`, in the order given. Its reader ignores names it does not know
/// (RFC 6749, section 3.2).
pub struct Form(Vec<(String, String)>);

impl Form {
    /// The value of a parameter; `None` where it is absent or empty, `Err` where it is given twice.
    pub fn get(&self, name: &str) -> Result<Option<&str>, Twice> {
        let mut values = self.0.iter().filter(|(key, _)| key == name).map(|(_, value)| value.as_str());
        let value = values.next();
        if values.next().is_some() { Err(Twice) } else { Ok(value.filter(|value| !value.is_empty())) }
    }
}

/// A parameter is given twice.
#[derive(Debug)]
pub struct Twice;

impl FromRequest for Form {
    type Error = actix_web::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Self::Error>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let allowed = check_media_type(request, &["application/x-www-form-urlencoded"]);
        let limit = Limits::of(request).body.min(FORM_LIMIT);
        let payload = payload.take();
        let length = content_length(request);
        Box::pin(async move {
            allowed?;
            let bytes = read(payload, limit, length).await?;
            Ok(Self(form_urlencoded::parse(&bytes).into_owned().collect()))
        })
    }
}
