use thiserror::Error;

/// Why the constructor of a value object refused a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum InvalidValue {
    /// Fewer characters than allowed.
    #[error("shorter than {min} characters")]
    TooShort {
        /// The minimum number of characters (Unicode scalar values).
        min: usize,
    },
    /// More characters than allowed.
    #[error("longer than {max} characters")]
    TooLong {
        /// The maximum number of characters (Unicode scalar values).
        max: usize,
    },
    /// More items than allowed.
    #[error("more than {max} items")]
    TooMany {
        /// The maximum number of items.
        max: usize,
    },
    /// A number below the minimum.
    #[error("less than {min}")]
    TooSmall {
        /// The minimum.
        min: usize,
    },
    /// A number above the maximum.
    #[error("greater than {max}")]
    TooLarge {
        /// The maximum.
        max: usize,
    },
    /// The character U+0000, which not every database can store.
    #[error("contains the character U+0000")]
    NulCharacter,
    /// A control character in a text that must be printable.
    #[error("contains a control character")]
    ControlCharacter,
    /// A character that reorders the text around it (Unicode's bidirectional embeddings, overrides and isolates).
    #[error("contains a bidirectional control character")]
    BidirectionalControl,
    /// Only blank and invisible characters in a text that must be seen.
    #[error("contains no visible character")]
    NoVisibleCharacter,
    /// Not in the required format.
    #[error("malformed")]
    Malformed,
    /// A time that must be in the future, but is not.
    #[error("not in the future")]
    NotInFuture,
    /// No time zone of the IANA database has this name.
    #[error("no such time zone")]
    UnknownTimeZone,
    /// An id whose time lies too far ahead.
    #[error("too far ahead")]
    TooFarAhead,
    /// A URL with a user name or a password.
    #[error("contains credentials")]
    UrlCredentials,
    /// A URL with a fragment.
    #[error("contains a fragment")]
    UrlFragment,
    /// A URL with `http` where only `https` is allowed.
    #[error("not encrypted")]
    InsecureUrl,
    /// An address that this server must not connect to.
    #[error("leads to an address that is not allowed")]
    AddressNotAllowed,
    /// A password that is easy to guess.
    #[error("easy to guess")]
    PasswordTooCommon,
}

/// A change of a field that may be empty.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OptionalChange<T> {
    /// Leaves it as it is.
    #[default]
    Keep,
    /// Empties it.
    Clear,
    /// Sets it.
    Set(T),
}

impl<T> OptionalChange<T> {
    /// Changes the field.
    pub fn apply(self, place: &mut Option<T>) {
        match self {
            Self::Keep => {}
            Self::Clear => *place = None,
            Self::Set(value) => *place = Some(value),
        }
    }
}
