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

    /// A member of the body that the operation does not have, or not together with the others.
    pub fn unknown_member(name: &str) -> Self {
        Self::new(Place::Pointer(format!("/{name}")), "unknown_member")
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
    pub fn of_report(report: garde::Report, place: impl Fn(&[String]) -> Place) -> Vec<Self> {
        report
            .into_inner()
            .into_iter()
            .map(|(path, error)| {
                let reason = InvalidValue::from_str(error.message()).unwrap_or(InvalidValue::Malformed);
                Self::refused(place(&names(&path.to_string())), reason)
            })
            .collect()
    }

    /// The same, said of something that holds what it was said of.
    pub(super) fn within(mut self, outer: &str) -> Self {
        if let Place::Pointer(pointer) = &mut self.place {
            pointer.insert_str(0, outer);
        }
        self
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

/// The names in a path as `garde` writes it, `tags[3]`: those of our own members, which have no such characters.
fn names(path: &str) -> Vec<String> {
    let parts = path.split(['.', '[']).map(|part| part.trim_end_matches(']'));
    parts.filter(|part| !part.is_empty()).map(String::from).collect()
}

impl Place {
    /// Of the names and numbers that lead to it.
    pub fn pointer(names: &[String]) -> Self {
        let escaped = names.iter().map(|name| name.replace('~', "~0").replace('/', "~1"));
        Self::Pointer(escaped.fold(String::new(), |pointer, name| pointer + "/" + &name))
    }

    /// Of the first of the names: what is behind it numbers the values of a repeated parameter.
    pub fn parameter(names: &[String]) -> Self {
        Self::Parameter(names.first().cloned().unwrap_or_default())
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
        assert_eq!(Place::pointer(&names("tags[3]")), Place::Pointer("/tags/3".into()));
        assert_eq!(Place::pointer(&names("operations[1].memo")), Place::Pointer("/operations/1/memo".into()));
        assert_eq!(Place::pointer(&["a/b".into(), "~c.d".into()]), Place::Pointer("/a~1b/~0c.d".into()));
        assert_eq!(Place::pointer(&[]), Place::Pointer(String::new()));
        assert_eq!(Place::parameter(&names("tag[0]")), Place::Parameter("tag".into()));
    }
}
