use std::time::Duration;

use memo_domain::{CacheError, HashError, InvalidValue, Scope, Source, StoreError};
use thiserror::Error;

/// What was looked for and is absent, or invisible to who asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Resource {
    /// A memo.
    Memo,
    /// A tag that a memo has.
    Tag,
    /// A member.
    User,
    /// A sign-in.
    Session,
    /// A social identity.
    Identity,
    /// A social provider.
    Provider,
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
    /// A password that proves nothing.
    #[error("the password is wrong")]
    PasswordWrong,
    /// There is no password to prove who it is, and the social sign-in is too long ago.
    #[error("a recent sign-in is needed")]
    RecentSignInRequired,
    /// Only a member who signed in themselves, for everything, may do this.
    #[error("an interactive sign-in is needed")]
    InteractiveSignInRequired,
    /// Too many wrong passwords or codes.
    #[error("too many attempts")]
    TooManyAttempts {
        /// When the next one is taken.
        retry_after: Duration,
    },
    /// A token of a mail that is worth nothing, or not any more.
    #[error("the token is not valid")]
    TokenInvalid,
    /// A code that is wrong or was used.
    #[error("the code is wrong")]
    CodeWrong,
    /// There is a second factor already.
    #[error("a second factor is there already")]
    MfaEnabled,
    /// There is no second factor to be confirmed.
    #[error("no second factor was begun")]
    MfaNotBegun,
    /// The member could not sign in any more.
    #[error("the last way to sign in stays")]
    LastWayToSignIn,
    /// Nobody would be left who administers.
    #[error("the last administrator stays")]
    LastAdministrator,
    /// Only administrators may do this.
    #[error("only administrators may do this")]
    NotAdministrator,
    /// A browser came back from a provider that it was not sent to, or twice.
    #[error("the state of the social sign-in is not valid")]
    StateInvalid,
    /// A social provider is away.
    #[error("the social provider is out of reach")]
    ProviderUnavailable {
        /// What it said.
        #[source]
        source: Source,
    },
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
    /// The cache can't be reached.
    #[error(transparent)]
    CacheUnavailable(#[from] CacheError),
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
