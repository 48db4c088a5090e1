use garde::Validate;
use serde::de::DeserializeOwned;

use super::{
    Input,
    object::check_shape,
    refusals::{Refusals, Refused},
    serde_error::field_error,
};
use crate::{
    extractor::from_head,
    problem::{FieldCode, FieldError, Place, Problem},
};

/// The command of a query.
pub struct Query<I: Input>(pub I::Command);

from_head!(@[I: Input] Query<I>: |request| {
    let mut refused = Refusals::of_query();
    let command = read_query::<I>(request.query_string(), &mut refused).and_then(|query| query.read(&mut refused));
    refused.finish(command).map(Self)
});

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

from_head!(NoQuery: |request| {
    let unknown: Vec<_> = form_urlencoded::parse(request.query_string().as_bytes())
        .map(|(name, _)| FieldError::new(Place::Parameter(name.into_owned()), FieldCode::UnknownField))
        .collect();
    if unknown.is_empty() { Ok(Self) } else { Err(Problem::invalid(unknown)) }
});
