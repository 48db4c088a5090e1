use memo_domain::Version;

use crate::Error;

/// The precondition of a change (RFC 9110, section 13.1.1).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Precondition {
    /// Only that the entity exists.
    #[default]
    None,
    /// The entity has one of these versions. Without any, the precondition never holds.
    OneOf(Vec<Version>),
}

impl Precondition {
    pub(crate) fn check(&self, version: Version) -> Result<(), Error> {
        match self {
            Self::OneOf(versions) if !versions.contains(&version) => Err(Error::PreconditionFailed),
            Self::None | Self::OneOf(_) => Ok(()),
        }
    }
}
