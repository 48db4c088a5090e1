use std::future::{Ready, ready};

use actix_web::{FromRequest, HttpRequest, dev::Payload};
use garde::Validate;
use serde::de::DeserializeOwned;

use super::{
    Input,
    object::check_shape,
    refusals::{Refusals, Refused},
    serde_error::field_error,
};
use crate::problem::{FieldCode, FieldError, Place, Problem};

/// The command of a query.
pub struct Query<I: Input>(pub I::Command);

impl<I: Input> FromRequest for Query<I> {
    type Error = actix_web::Error;
    type Future = Ready<Result<Self, Self::Error>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let mut refused = Refusals::of_query();
        let command = read_query::<I>(request.query_string(), &mut refused).and_then(|query| query.read(&mut refused));
        ready(refused.finish(command).map(Self).map_err(Into::into))
    }
}

/// Parses a query and checks its shape.
pub fn read_query<T: DeserializeOwned + Validate<Context = ()>>(
    query: &str,
    refused: &mut Refusals,
) -> Result<T, Refused> {
    let deserializer = serde_html_form::Deserializer::from_bytes(query.as_bytes());
    let value: T = serde_path_to_error::deserialize(deserializer)
        .map_err(|error| refused.push(field_error(error.path(), &error.inner().to_string(), Place::parameter)))?;
    check_shape(&value, refused);
    Ok(value)
}

/// Refuses any query, since the operation would not honour it.
pub struct NoQuery;

impl FromRequest for NoQuery {
    type Error = actix_web::Error;
    type Future = Ready<Result<Self, Self::Error>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let unknown: Vec<_> = form_urlencoded::parse(request.query_string().as_bytes())
            .map(|(name, _)| FieldError::new(Place::Parameter(name.into_owned()), FieldCode::UnknownField))
            .collect();
        ready(if unknown.is_empty() { Ok(Self) } else { Err(Problem::invalid(unknown).into()) })
    }
}
