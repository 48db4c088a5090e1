use thiserror::Error;

/// Why a value was refused by the constructor of a value object.
///
/// The text form (`too_long:200`) is stable: the code, and after a colon the bound where there is one.
/// [`InvalidValue::from_str`](std::str::FromStr) reads it back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum InvalidValue {
    /// Fewer characters than allowed.
    #[error("too_short:{min}")]
    TooShort {
        /// The least number of characters (Unicode scalar values).
        min: usize,
    },
    /// More characters than allowed.
    #[error("too_long:{max}")]
    TooLong {
        /// The greatest number of characters (Unicode scalar values).
        max: usize,
    },
    /// More items than allowed.
    #[error("too_many:{max}")]
    TooMany {
        /// The greatest number of items.
        max: usize,
    },
    /// A number below the least allowed one.
    #[error("too_small:{min}")]
    TooSmall {
        /// The least allowed number.
        min: usize,
    },
    /// A number above the greatest allowed one.
    #[error("too_large:{max}")]
    TooLarge {
        /// The greatest allowed number.
        max: usize,
    },
    /// The character U+0000, which not every database can keep.
    #[error("nul_character")]
    NulCharacter,
    /// A control character where only printable text makes sense.
    #[error("control_character")]
    ControlCharacter,
    /// Not of the form that the value must have.
    #[error("malformed")]
    Malformed,
    /// Absent, or null where a value is needed.
    #[error("required")]
    Required,
    /// A time that must lie in the future and does not.
    #[error("not_in_future")]
    NotInFuture,
    /// A password that is guessed first.
    #[error("password_too_common")]
    PasswordTooCommon,
}

impl InvalidValue {
    /// The stable code, `snake_case`, without a bound.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::TooShort { .. } => "too_short",
            Self::TooLong { .. } => "too_long",
            Self::TooMany { .. } => "too_many",
            Self::TooSmall { .. } => "too_small",
            Self::TooLarge { .. } => "too_large",
            Self::NulCharacter => "nul_character",
            Self::ControlCharacter => "control_character",
            Self::Malformed => "malformed",
            Self::Required => "required",
            Self::NotInFuture => "not_in_future",
            Self::PasswordTooCommon => "password_too_common",
        }
    }
}

impl std::str::FromStr for InvalidValue {
    type Err = InvalidValue;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (code, bound) = text.split_once(':').unwrap_or((text, "0"));
        let bound = bound.parse().map_err(|_| Self::Malformed)?;
        Ok(match code {
            "too_short" => Self::TooShort { min: bound },
            "too_long" => Self::TooLong { max: bound },
            "too_many" => Self::TooMany { max: bound },
            "too_small" => Self::TooSmall { min: bound },
            "too_large" => Self::TooLarge { max: bound },
            "nul_character" => Self::NulCharacter,
            "control_character" => Self::ControlCharacter,
            "required" => Self::Required,
            "not_in_future" => Self::NotInFuture,
            "password_too_common" => Self::PasswordTooCommon,
            _ => Self::Malformed,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_form_reads_back() {
        for value in [
            InvalidValue::TooShort { min: 1 },
            InvalidValue::TooLong { max: 200 },
            InvalidValue::TooMany { max: 20 },
            InvalidValue::TooSmall { min: 1 },
            InvalidValue::TooLarge { max: 100 },
            InvalidValue::NulCharacter,
            InvalidValue::ControlCharacter,
            InvalidValue::Malformed,
            InvalidValue::Required,
            InvalidValue::NotInFuture,
            InvalidValue::PasswordTooCommon,
        ] {
            assert_eq!(value.to_string().parse(), Ok(value));
            assert!(value.to_string().starts_with(value.code()));
        }
    }
}
