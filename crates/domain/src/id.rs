use std::fmt;

use uuid::Uuid;

use crate::InvalidValue;

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident;)+) => {$(
        $(#[$doc])*
        ///
        /// A `UUIDv7` (RFC 9562): ids sort by creation. The text form is lower-case with hyphens; upper case is read, too.
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Uuid);

        impl $name {
            /// Wraps an id from an [`IdGenerator`](crate::IdGenerator) or a store.
            #[must_use]
            pub const fn new(id: Uuid) -> Self {
                Self(id)
            }

            /// The id as a UUID.
            #[must_use]
            pub const fn as_uuid(self) -> Uuid {
                self.0
            }

            /// Parses the text form.
            ///
            /// # Errors
            /// [`InvalidValue::Malformed`] for anything but 36 characters with hyphens.
            pub fn parse(text: &str) -> Result<Self, InvalidValue> {
                // Other lengths are other forms, which `Uuid` would read.
                if text.len() != 36 {
                    return Err(InvalidValue::Malformed);
                }
                Uuid::try_parse(text).map(Self).map_err(|_| InvalidValue::Malformed)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.hyphenated().fmt(f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({})", stringify!($name), self.0)
            }
        }
    )+};
}

ids! {
    /// The id of a memo.
    MemoId;
    /// The id of a user.
    UserId;
    /// The id of a session.
    SessionId;
    /// The id of a job.
    JobId;
    /// The id of an event of the audit log.
    AuditId;
    /// The id of a share of a memo.
    ShareId;
    /// The id of an API key.
    ApiKeyId;
    /// The id of a webhook, and of the job that sends its changes.
    WebhookId;
    /// The id of a delivery to a webhook, and of the job that repeats it.
    WebhookDeliveryId;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_text_form_with_hyphens_is_parsed_in_any_case() {
        let text = "0198c0de-7f00-7000-8000-00000000000a";
        assert_eq!(MemoId::parse(text).expect("a valid id").to_string(), text);
        assert_eq!(MemoId::parse(&text.to_uppercase()).expect("a valid id").to_string(), text);
        for other in [
            "",
            "0198c0de7f00700080000000000000a1",
            "0198c0de-7f00-7000-8000_00000000000a",
            "{0198c0de-7f00-7000-8000-00000000000}",
        ] {
            assert_eq!(MemoId::parse(other), Err(InvalidValue::Malformed), "{other}");
        }
    }
}
