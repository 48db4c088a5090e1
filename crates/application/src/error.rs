use std::time::Duration;

use memo_domain::{HashError, InvalidValue, Scope, Source, StoreError};
use thiserror::Error;

/// What was looked for and is absent, or invisible to who asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Resource {
    /// A memo.
    Memo,
    /// A tag that a memo has.
    Tag,
}

/// Why nobody is signed in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UnauthenticatedReason {
    /// The access token is not one that was issued here.
    Invalid,
    /// The access token has expired: refresh it.
    Expired,
    /// The sign-in was ended.
    SessionEnded,
}

/// Why a use case did not do what it was asked for.
#[derive(Debug, Error)]
pub enum Error {
    /// A value is not acceptable here, for a reason that the value alone does not show.
    #[error("{member} is not acceptable: {reason}")]
    Invalid {
        /// The member of the request that holds it.
        member: &'static str,
        /// Why.
        reason: InvalidValue,
    },
    /// It is absent, or belongs to somebody else.
    #[error("{0:?} not found")]
    NotFound(Resource),
    /// It can be read, but belongs to somebody else.
    #[error("only the owner may do this")]
    NotOwner,
    /// The memo is in the trash.
    #[error("the memo is in the trash")]
    MemoTrashed,
    /// It has changed since the caller read it.
    #[error("the precondition does not hold")]
    PreconditionFailed,
    /// An operation of a batch failed, and so nothing of the batch was done.
    #[error("operation {index} failed: {source}")]
    Operation {
        /// Its place in the batch, from 0.
        index: usize,
        /// Why it failed; never an error of the store.
        source: Box<Error>,
    },
    /// The changes can't be followed from there: those behind it are gone, or it is not a place in this feed.
    #[error("the changes behind this number are gone")]
    ResyncRequired {
        /// From where they can be followed once everything was read anew.
        next_since: u64,
    },
    /// Another member has this address.
    #[error("the e-mail address is taken")]
    EmailTaken,
    /// Nobody may sign up.
    #[error("sign-up is closed")]
    SignUpClosed,
    /// Wrong credentials, or a refresh token that is worth nothing.
    #[error("the grant is not valid")]
    InvalidGrant,
    /// A scope that the grant does not have.
    #[error("the scope exceeds the grant")]
    InvalidScope,
    /// Nobody is signed in.
    #[error("not signed in: {0:?}")]
    Unauthenticated(UnauthenticatedReason),
    /// The token is good, but not for this.
    #[error("the scope {} is missing", .0.name())]
    InsufficientScope(Scope),
    /// Too much is going on.
    #[error("overloaded")]
    Overloaded {
        /// When it is worth trying again.
        retry_after: Duration,
    },
    /// The store can't be reached, or is full of work.
    #[error("the store is unavailable")]
    StoreUnavailable {
        /// What the store said.
        #[source]
        source: StoreError,
    },
    /// A fault of the server.
    #[error("internal error")]
    Internal {
        /// What went wrong.
        #[source]
        source: Source,
    },
}

impl Error {
    /// What is wrong with one operation, said of the batch; what is wrong with the whole stays as it is.
    pub(crate) fn of_operation(self, index: usize) -> Self {
        match self {
            Self::Invalid { .. }
            | Self::NotFound(_)
            | Self::NotOwner
            | Self::MemoTrashed
            | Self::PreconditionFailed => Self::Operation { index, source: Box::new(self) },
            error => error,
        }
    }
}

impl From<StoreError> for Error {
    fn from(error: StoreError) -> Self {
        match error {
            error if error.is_retryable() => Self::StoreUnavailable { source: error },
            error => Self::Internal { source: error.into() },
        }
    }
}

impl From<HashError> for Error {
    fn from(error: HashError) -> Self {
        match error {
            HashError::Busy { retry_after } => Self::Overloaded { retry_after },
            HashError::Failed { source } => Self::Internal { source },
        }
    }
}
