use memo_domain::InvalidValue;
use serde::Serialize;
use utoipa::ToSchema;

use super::{Code, FieldCode, fill};
use crate::language::Language;

/// Where in a request a value is invalid.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// A JSON Pointer into the body (RFC 6901).
    Pointer(String),
    /// A parameter of the query or the path.
    Parameter(String),
}

/// An invalid value of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldError {
    place: Place,
    code: FieldCode,
    argument: Option<String>,
}

impl FieldError {
    /// A value at this place, with this code.
    pub const fn new(place: Place, code: FieldCode) -> Self {
        Self { place, code, argument: None }
    }

    /// Fills in the `{0}` of the detail.
    pub fn about(mut self, argument: impl std::fmt::Display) -> Self {
        self.argument = Some(argument.to_string());
        self
    }

    /// A value that a value object refused.
    pub fn refused(place: Place, reason: InvalidValue) -> Self {
        let (code, bound) = code_of(reason);
        let error = Self::new(place, code);
        if let Some(bound) = bound { error.about(bound) } else { error }
    }

    /// The same error of an operation of a batch, which has the parameter as a field, and the body as `memo`.
    pub(super) fn of_operation(self, operation: &str) -> Self {
        let place = match self.place {
            Place::Pointer(pointer) => format!("{operation}/memo{pointer}"),
            Place::Parameter(name) => format!("{operation}/{name}"),
        };
        Self { place: Place::Pointer(place), ..self }
    }

    pub(super) fn document(&self, language: Language) -> FieldErrorDocument {
        let (pointer, parameter) = match &self.place {
            Place::Pointer(pointer) => (Some(pointer.clone()), None),
            Place::Parameter(name) => (None, Some(name.clone())),
        };
        let detail = fill(language.of(self.code.detail()), self.argument.as_deref());
        FieldErrorDocument { pointer, parameter, code: self.code.name().to_owned(), detail }
    }
}

/// The code of a refusal, and the bound that its detail names.
const fn code_of(reason: InvalidValue) -> (FieldCode, Option<usize>) {
    match reason {
        InvalidValue::TooShort { min } => (FieldCode::TooShort, Some(min)),
        InvalidValue::TooLong { max } => (FieldCode::TooLong, Some(max)),
        InvalidValue::TooMany { max } => (FieldCode::TooMany, Some(max)),
        InvalidValue::TooSmall { min } => (FieldCode::TooSmall, Some(min)),
        InvalidValue::TooLarge { max } => (FieldCode::TooLarge, Some(max)),
        InvalidValue::NulCharacter => (FieldCode::NulCharacter, None),
        InvalidValue::ControlCharacter => (FieldCode::ControlCharacter, None),
        InvalidValue::BidirectionalControl => (FieldCode::BidirectionalControl, None),
        InvalidValue::NoVisibleCharacter => (FieldCode::NoVisibleCharacter, None),
        InvalidValue::Malformed => (FieldCode::Malformed, None),
        InvalidValue::NotInFuture => (FieldCode::NotInFuture, None),
        InvalidValue::UnknownTimeZone => (FieldCode::UnknownTimeZone, None),
        InvalidValue::TooFarAhead => (FieldCode::TooFarAhead, None),
        InvalidValue::UrlCredentials => (FieldCode::UrlCredentials, None),
        InvalidValue::UrlFragment => (FieldCode::UrlFragment, None),
        InvalidValue::InsecureUrl => (FieldCode::InsecureUrl, None),
        InvalidValue::AddressNotAllowed => (FieldCode::AddressNotAllowed, None),
        InvalidValue::PasswordTooCommon => (FieldCode::PasswordTooCommon, None),
    }
}

/// The field code of the same name, for problems that a batch reports per operation, and those about one field.
pub(super) fn field_code(code: Code) -> FieldCode {
    FieldCode::named(code.info().code).unwrap_or(FieldCode::Malformed)
}

impl Place {
    /// A pointer of these names and indices.
    pub fn pointer(names: &[String]) -> Self {
        let escaped = names.iter().map(|name| name.replace('~', "~0").replace('/', "~1"));
        Self::Pointer(escaped.fold(String::new(), |pointer, name| pointer + "/" + &name))
    }

    /// The parameter of the first of these names: what follows are indices of a repeated parameter.
    pub fn parameter(names: &[String]) -> Self {
        Self::Parameter(names.first().cloned().unwrap_or_default())
    }
}

/// An invalid value: `pointer` names a field of the body (RFC 6901), `parameter` a parameter of the query or the path.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = FieldError)]
pub struct FieldErrorDocument {
    /// A JSON Pointer into the body.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub pointer: Option<String>,
    /// The name of a parameter of the query or the path.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub parameter: Option<String>,
    /// Stable, for programs.
    #[schema(pattern = "^[a-z_]+$")]
    pub code: String,
    /// What to do about it.
    pub detail: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_invalid_value_has_a_text() {
        for reason in [
            InvalidValue::TooShort { min: 1 },
            InvalidValue::TooLong { max: 2 },
            InvalidValue::TooMany { max: 3 },
            InvalidValue::TooSmall { min: 1 },
            InvalidValue::TooLarge { max: 2 },
            InvalidValue::NulCharacter,
            InvalidValue::ControlCharacter,
            InvalidValue::BidirectionalControl,
            InvalidValue::NoVisibleCharacter,
            InvalidValue::Malformed,
            InvalidValue::NotInFuture,
            InvalidValue::UnknownTimeZone,
            InvalidValue::TooFarAhead,
            InvalidValue::UrlCredentials,
            InvalidValue::UrlFragment,
            InvalidValue::InsecureUrl,
            InvalidValue::AddressNotAllowed,
            InvalidValue::PasswordTooCommon,
        ] {
            let error = FieldError::refused(Place::Pointer("/title".into()), reason);
            let document = error.document(Language::En);
            assert!(!document.detail.is_empty() && !document.detail.contains(['{', '…']), "{}", document.detail);
        }
    }

    #[test]
    fn names_are_escaped_in_pointers() {
        assert_eq!(Place::pointer(&["tags".into(), "3".into()]), Place::Pointer("/tags/3".into()));
        assert_eq!(Place::pointer(&["a/b".into(), "~c.d".into()]), Place::Pointer("/a~1b/~0c.d".into()));
        assert_eq!(Place::pointer(&[]), Place::Pointer(String::new()));
        assert_eq!(Place::parameter(&["tag".into(), "0".into()]), Place::Parameter("tag".into()));
    }

    #[test]
    fn problems_of_single_operations_and_fields_have_field_codes() {
        for code in [
            Code::MemoNotFound,
            Code::NotOwner,
            Code::MemoTrashed,
            Code::PreconditionFailed,
            Code::TokenInvalid,
            Code::OtpWrong,
        ] {
            assert_eq!(field_code(code).name(), code.info().code);
        }
    }
}
