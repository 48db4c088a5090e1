//! Makes field errors of what serde says. Its messages are all there is to read them from.

use crate::problem::{FieldError, Place};

/// The field error for a message at a path; `place` turns a path into where it is.
pub fn field_error(path: &str, message: &str, place: impl Fn(&str) -> Place) -> FieldError {
    let named = |prefix: &str| Some(message.strip_prefix(prefix)?.split_once('`')?.0);
    let member = |name: &str| {
        // Some versions of the path end with the member, others with what holds it.
        let path = path.trim_matches('.');
        let path = path.strip_suffix(name).map_or(path, |rest| rest.trim_end_matches('.'));
        place(&if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") })
    };
    if let Some(name) = named("missing field `") {
        FieldError::new(member(name), "required")
    } else if let Some(name) = named("unknown field `") {
        FieldError::new(member(name), "unknown_member")
    } else if let Some(name) = named("duplicate field `") {
        FieldError::new(member(name), "duplicate_member")
    } else if message.starts_with("unknown variant ") {
        FieldError::new(place(path), "invalid_choice")
    } else {
        FieldError::new(place(path), "wrong_type")
    }
}
