//! Makes field errors of what serde says. Its messages are all there is to read them from.

use serde_path_to_error::{Path, Segment};

use crate::problem::{FieldError, Place};

/// The field error for a message at a path; `place` turns the names on the way into where it is.
pub fn field_error(path: &Path, message: &str, place: impl Fn(&[String]) -> Place) -> FieldError {
    let mut names: Vec<_> = path
        .iter()
        .filter_map(|segment| match segment {
            Segment::Map { key } => Some(key.clone()),
            Segment::Seq { index } => Some(index.to_string()),
            Segment::Enum { .. } | Segment::Unknown => None,
        })
        .collect();
    let mut at_member = |name: &str| {
        // Some paths end with the member, others with what holds it.
        if names.last().is_none_or(|last| last != name) {
            names.push(name.to_owned());
        }
        place(&names)
    };
    if let Some(name) = named(message, "missing field `", "`") {
        FieldError::new(at_member(name), "required")
    } else if let Some(name) = named(message, "unknown field `", "`, expected ")
        .or_else(|| named(message, "unknown field `", "`, there are no fields"))
    {
        FieldError::new(at_member(name), "unknown_member")
    } else if let Some(name) = named(message, "duplicate field `", "`") {
        FieldError::new(at_member(name), "duplicate_member")
    } else if message.starts_with("unknown variant ") {
        FieldError::new(place(&names), "invalid_choice")
    } else {
        FieldError::new(place(&names), "wrong_type")
    }
}

/// The name between two texts; it may have any character itself.
fn named<'a>(message: &'a str, before: &str, after: &str) -> Option<&'a str> {
    Some(message.strip_prefix(before)?.rsplit_once(after)?.0)
}
