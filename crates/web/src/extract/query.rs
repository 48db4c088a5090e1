use std::future::{Ready, ready};

use actix_web::{FromRequest, HttpRequest, dev::Payload};
use garde::Validate;
use serde::de::DeserializeOwned;

use super::serde_error::field_error;
use crate::problem::{FieldError, Place, Problem};

/// The query, parsed and valid.
pub struct Query<T>(pub T);

impl<T: DeserializeOwned + Validate<Context = ()>> FromRequest for Query<T> {
    type Error = actix_web::Error;
    type Future = Ready<Result<Self, Self::Error>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(parse(request.query_string()).map(Self).map_err(Into::into))
    }
}

/// No query: what it would say is not understood here.
pub struct NoQuery;

impl FromRequest for NoQuery {
    type Error = actix_web::Error;
    type Future = Ready<Result<Self, Self::Error>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let unknown: Vec<_> = form_urlencoded::parse(request.query_string().as_bytes())
            .map(|(name, _)| FieldError::new(Place::Parameter(name.into_owned()), "unknown_member"))
            .collect();
        ready(if unknown.is_empty() { Ok(Self) } else { Err(Problem::invalid(unknown).into()) })
    }
}

fn parse<T: DeserializeOwned + Validate<Context = ()>>(query: &str) -> Result<T, Problem> {
    let deserializer = serde_html_form::Deserializer::from_bytes(query.as_bytes());
    let value: T = serde_path_to_error::deserialize(deserializer).map_err(|error| {
        let message = error.inner().to_string();
        Problem::invalid(vec![field_error(error.path(), &message, Place::parameter)])
    })?;
    value.validate().map_err(|report| Problem::invalid(FieldError::of_report(report, Place::parameter)))?;
    Ok(value)
}
