//! Turns errors of serde into field errors. Their messages are the only source.

use serde_path_to_error::{Path, Segment};

use crate::problem::{FieldCode, FieldError, Place};

/// The number of characters of a name that are shown.
const MAX_NAME: usize = 200;

/// The field error for a message at a path; `place` turns the names of the path into a place.
pub fn field_error(path: &Path, message: &str, place: impl Fn(&[String]) -> Place) -> FieldError {
    let mut names: Vec<_> = path
        .iter()
        .filter_map(|segment| match segment {
            Segment::Map { key } => Some(shortened(key)),
            Segment::Seq { index } => Some(index.to_string()),
            Segment::Enum { .. } | Segment::Unknown => None,
        })
        .collect();
    let mut at_field = |name: &str| {
        let name = shortened(name);
        // Some paths end with the field, others with the object that holds it.
        if names.last() != Some(&name) {
            names.push(name);
        }
        place(&names)
    };
    if let Some(name) = named(message, "missing field `", "`") {
        FieldError::new(at_field(name), FieldCode::Required)
    } else if let Some(name) = named(message, "unknown field `", "`, expected ")
        .or_else(|| named(message, "unknown field `", "`, there are no fields"))
    {
        FieldError::new(at_field(name), FieldCode::UnknownField)
    } else if let Some(name) = named(message, "duplicate field `", "`") {
        FieldError::new(at_field(name), FieldCode::DuplicateField)
    } else if message.starts_with("unknown variant ") {
        FieldError::new(place(&names), FieldCode::InvalidChoice)
    } else {
        FieldError::new(place(&names), FieldCode::WrongType)
    }
}

/// The beginning of a name, which may be as long as a body.
fn shortened(name: &str) -> String {
    name.chars().take(MAX_NAME).collect()
}

/// The name between two texts; it may contain any character.
fn named<'a>(message: &'a str, before: &str, after: &str) -> Option<&'a str> {
    Some(message.strip_prefix(before)?.rsplit_once(after)?.0)
}
