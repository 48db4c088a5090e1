use std::time::Duration;

use memo_domain::{CacheError, HashError, InvalidValue, Scope, Source, StoreError};
use thiserror::Error;

use crate::ArchiveError;

/// A kind of entity that was not found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Resource {
    /// A memo.
    Memo,
    /// A tag of a memo.
    Tag,
    /// A user.
    User,
    /// A session.
    Session,
    /// A linked social identity.
    Identity,
    /// A social provider.
    Provider,
    /// A change that is done in steps.
    Operation,
    /// A checkbox of a memo.
    Task,
    /// A share of a memo.
    Share,
    /// An earlier text of a memo.
    Revision,
    /// An API key.
    ApiKey,
    /// A webhook.
    Webhook,
    /// A delivery to a webhook.
    WebhookDelivery,
}

/// Why a request is not authenticated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UnauthenticatedReason {
    /// The access token was not issued by this server.
    Invalid,
    /// The access token has expired; the client refreshes it.
    Expired,
    /// The session has ended.
    SessionEnded,
    /// There is no such API key, or it has another secret.
    ApiKeyInvalid,
    /// The API key has expired.
    ApiKeyExpired,
    /// The request is not signed with the API key that it names.
    SignatureInvalid,
    /// The request was signed too long ago, or will be.
    SignatureExpired,
    /// The signed request was sent before.
    SignatureReplayed,
}

/// Why a use case failed.
#[derive(Debug, Error)]
pub enum Error {
    /// A value is not acceptable here, for a reason that the value alone does not show.
    #[error("{field} is not acceptable: {reason}")]
    Invalid {
        /// The field of the request.
        field: &'static str,
        /// Why.
        reason: InvalidValue,
    },
    /// The id that the client has chosen for a new memo is not acceptable.
    #[error("the id is not acceptable: {reason}")]
    InvalidId {
        /// Why.
        reason: InvalidValue,
    },
    /// The entity does not exist, or the user may not know that it does.
    #[error("{0:?} not found")]
    NotFound(Resource),
    /// The memo can be read, but belongs to another user.
    #[error("only the owner may do this")]
    NotOwner,
    /// The memo is in the trash.
    #[error("the memo is in the trash")]
    MemoTrashed,
    /// The memo has changed since the caller read it, or there is a memo where the caller wants to create one.
    #[error("the precondition does not hold")]
    PreconditionFailed,
    /// An operation of a batch failed, so nothing of the batch was done.
    #[error("operation {index} failed: {source}")]
    Operation {
        /// The index of the operation in the batch, from 0.
        index: usize,
        /// Why it failed; never an error of the store.
        source: Box<Error>,
    },
    /// The change feed can't be followed from this number: later changes were removed, or the feed never reached it.
    #[error("the changes after this number are gone")]
    ResyncRequired {
        /// The number from which the feed can be followed after all memos were read again.
        next_since: u64,
    },
    /// Another change of the same tag is done in steps, or too many changes of tags are.
    #[error("an operation is running")]
    OperationRunning,
    /// Another request had this idempotency key.
    #[error("the idempotency key was used for another request")]
    IdempotencyKeyReused,
    /// The first request with this idempotency key is still running.
    #[error("a request with this idempotency key is running")]
    IdempotencyKeyInUse,
    /// The response is too large to be sent again, so nothing was done.
    #[error("the response has more than {limit} bytes")]
    ResponseTooLarge {
        /// The maximum size of its body, in bytes.
        limit: usize,
    },
    /// Another import of the user is running.
    #[error("another import is running")]
    ImportRunning,
    /// The archive cannot be imported.
    #[error(transparent)]
    Archive(#[from] ArchiveError),
    /// The memos of the user would have too many distinct tags.
    #[error("the user would have too many tags")]
    TooManyTags,
    /// The memo has as many shares as it may have.
    #[error("the memo has too many shares")]
    TooManyShares,
    /// The share needs its password.
    #[error("the share needs its password")]
    SharePasswordRequired {
        /// Whether another one was given.
        is_wrong: bool,
    },
    /// The user has as many API keys as a user may have.
    #[error("too many API keys")]
    ApiKeyLimitReached,
    /// The user has as many webhooks as a user may have.
    #[error("too many webhooks")]
    WebhookLimitReached,
    /// Too many messages to webhooks wait that the user asked for.
    #[error("too many messages to webhooks wait")]
    WebhookBusy,
    /// The changes of a delivery are not kept any more.
    #[error("the changes are not kept any more")]
    WebhookEventExpired,
    /// The API key may not be used from this address.
    #[error("the API key may not be used from this address")]
    IpNotAllowed,
    /// Another user has this address.
    #[error("the e-mail address is taken")]
    EmailTaken,
    /// Sign-up is closed.
    #[error("sign-up is closed")]
    SignUpClosed,
    /// The credentials are wrong, or the refresh token is invalid.
    #[error("the grant is not valid")]
    InvalidGrant,
    /// A requested scope exceeds the grant.
    #[error("the scope exceeds the grant")]
    InvalidScope,
    /// The current password is wrong.
    #[error("the password is wrong")]
    PasswordWrong,
    /// The account has no password to prove who it is, and the last sign-in at a social provider is too long ago.
    #[error("a recent sign-in is needed")]
    RecentSignInRequired,
    /// The sign-in and the last proof of the session are too long ago.
    #[error("a recent proof is needed")]
    ProofRequired,
    /// The address of the account is not verified.
    #[error("the e-mail address is not verified")]
    EmailNotVerified,
    /// The operation needs an interactive session with all scopes.
    #[error("an interactive sign-in is needed")]
    InteractiveSignInRequired,
    /// A report would add up more rows of usage than it may.
    #[error("more than {max} rows of usage")]
    TooMuchUsage {
        /// The greatest number.
        max: usize,
    },
    /// The responses that are stored of the user take the space that they may.
    #[error("too many stored responses")]
    StoredResponsesFull {
        /// When there is room again.
        retry_after: Duration,
    },
    /// Too many wrong passwords or codes.
    #[error("too many attempts")]
    TooManyAttempts {
        /// When the next attempt is accepted.
        retry_after: Duration,
    },
    /// The token of a mail is unknown, used or expired.
    #[error("the token is not valid")]
    TokenInvalid,
    /// The one-time code is wrong or was used.
    #[error("the code is wrong")]
    CodeWrong,
    /// The account has a second factor already.
    #[error("a second factor is enabled already")]
    MfaEnabled,
    /// The account has no second factor that waits for its confirmation.
    #[error("no second factor waits for its confirmation")]
    MfaNotBegun,
    /// Without this the user could not sign in any more.
    #[error("the last way to sign in can't be removed")]
    LastWayToSignIn,
    /// Without this user no administrator would remain.
    #[error("the last administrator can't be removed")]
    LastAdministrator,
    /// Only administrators may do this.
    #[error("only administrators may do this")]
    NotAdministrator,
    /// The `state` of a social callback is not one of this browser, has expired or was used.
    #[error("the state of the social sign-in is not valid")]
    StateInvalid,
    /// A social provider does not respond.
    #[error("the social provider is unavailable")]
    ProviderUnavailable {
        /// Its error.
        #[source]
        source: Source,
    },
    /// The settings do not turn this feature on.
    #[error("the feature is disabled")]
    FeatureDisabled,
    /// The language model failed.
    #[error("the language model failed")]
    UpstreamFailed {
        /// Its error.
        #[source]
        source: Source,
        /// When a retry makes sense, if the model says so.
        retry_after: Option<Duration>,
    },
    /// The language model did not answer in time.
    #[error("the language model did not answer in time")]
    UpstreamTimeout,
    /// The request is not authenticated.
    #[error("not authenticated: {0:?}")]
    Unauthenticated(UnauthenticatedReason),
    /// The credentials are valid, but lack a scope.
    #[error("the scope {} is missing", .0.name())]
    InsufficientScope(Scope),
    /// The server has too much work.
    #[error("overloaded")]
    Overloaded {
        /// When a retry makes sense.
        retry_after: Duration,
    },
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The cache failed.
    #[error(transparent)]
    Cache(#[from] CacheError),
    /// A fault of the server.
    #[error("internal error")]
    Internal {
        /// What went wrong.
        #[source]
        source: Source,
    },
}

impl Error {
    /// Turns an error of one operation into one of its batch; an error of the whole batch stays as it is.
    pub(crate) fn of_operation(self, index: usize) -> Self {
        match self {
            Self::Invalid { .. }
            | Self::InvalidId { .. }
            | Self::NotFound(_)
            | Self::NotOwner
            | Self::MemoTrashed
            | Self::TooManyTags
            | Self::PreconditionFailed => Self::Operation { index, source: Box::new(self) },
            error => error,
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
