use std::str::FromStr;

use memo_domain::InvalidValue;

use super::{FIELD_CODES, FieldErrorDocument, fill};
use crate::language::Language;

/// Where in a request something is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// A JSON Pointer into the body (RFC 6901).
    Pointer(String),
    /// A query parameter.
    Parameter(String),
}

/// One thing that is wrong with a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldError {
    place: Place,
    code: &'static str,
    argument: Option<String>,
}

impl FieldError {
    /// With one of [`FIELD_CODES`].
    pub const fn new(place: Place, code: &'static str) -> Self {
        Self { place, code, argument: None }
    }

    /// With what its detail leaves open.
    pub fn about(mut self, argument: impl std::fmt::Display + Copy) -> Self {
        self.argument = Some(argument.to_string());
        self
    }

    /// A member of the body that a value object refused.
    pub fn member(name: &str, reason: InvalidValue) -> Self {
        Self::refused(Place::Pointer(format!("/{name}")), reason)
    }

    /// A value that a value object refused.
    pub fn refused(place: Place, reason: InvalidValue) -> Self {
        let error = Self::new(place, reason.code());
        match reason.to_string().split_once(':') {
            Some((_, bound)) => error.about(bound),
            None => error,
        }
    }

    /// What `garde` found, whose texts are [`InvalidValue`]s in their text form.
    pub fn of_report(report: garde::Report, place: impl Fn(&str) -> Place) -> Vec<Self> {
        report
            .into_inner()
            .into_iter()
            .map(|(path, error)| {
                let reason = InvalidValue::from_str(error.message()).unwrap_or(InvalidValue::Malformed);
                Self::refused(place(&path.to_string()), reason)
            })
            .collect()
    }

    pub(super) fn document(&self, language: Language) -> FieldErrorDocument {
        let detail = FIELD_CODES.iter().find(|(code, _)| *code == self.code).map_or("", |(_, text)| language.of(*text));
        let (pointer, parameter) = match &self.place {
            Place::Pointer(pointer) => (Some(pointer.clone()), None),
            Place::Parameter(name) => (None, Some(name.clone())),
        };
        FieldErrorDocument {
            pointer,
            parameter,
            code: self.code.to_owned(),
            detail: fill(detail, self.argument.as_deref()),
        }
    }
}

impl Place {
    /// Of a path as `garde` and `serde_path_to_error` write it: `tags[3]` is `/tags/3`.
    pub fn pointer(path: &str) -> Self {
        let mut pointer = String::new();
        for part in path.split(['.', '[']).map(|part| part.trim_end_matches(']')).filter(|part| !part.is_empty()) {
            pointer.push('/');
            pointer.push_str(&part.replace('~', "~0").replace('/', "~1"));
        }
        Self::Pointer(pointer)
    }

    /// Of a path in a query: `tag[3]` is the parameter `tag`.
    pub fn parameter(path: &str) -> Self {
        Self::Parameter(path.split(['.', '[']).next().unwrap_or_default().to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_refusal_has_a_text() {
        for reason in [
            "too_short:1",
            "too_long:2",
            "too_many:3",
            "too_small:1",
            "too_large:2",
            "nul_character",
            "control_character",
            "malformed",
            "required",
            "not_in_future",
        ] {
            let reason: InvalidValue = reason.parse().expect("a text form");
            let document = FieldError::member("title", reason).document(Language::En);
            assert_eq!(document.code, reason.code());
            assert!(!document.detail.is_empty() && !document.detail.contains(['{', '…']), "{}", document.detail);
        }
    }

    #[test]
    fn paths_become_pointers() {
        assert_eq!(Place::pointer("tags[3]"), Place::Pointer("/tags/3".into()));
        assert_eq!(Place::pointer("operations[1].memo.title"), Place::Pointer("/operations/1/memo/title".into()));
        assert_eq!(Place::pointer("."), Place::Pointer(String::new()));
        assert_eq!(Place::parameter("tag[0]"), Place::Parameter("tag".into()));
    }
}
