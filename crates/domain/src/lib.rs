//! The domain of memo: entities, value objects and ports.
//!
//! Nothing here knows a framework, a database or a wire format. An adapter implements the traits of this crate
//! ([`Store`], [`Clock`], …); use cases call them through `Arc<dyn Port>`.
//!
//! Value objects have fallible constructors and private fields, so that one that exists is valid.
//! The clauses under `# Contract` of each port say what every adapter MUST do; the crate `memo-conformance` has a case for each.

#![deny(missing_docs)]

mod account;
mod cache;
mod change;
mod events;
mod id;
mod job;
mod mail;
mod memo;
mod page;
mod ports;
mod repositories;
mod sealed;
mod session;
mod store;
mod text;
mod time;
mod user;
mod value;

pub use account::{
    AuditEvent, AuditKind, AuditRepository, AuthorizationRequest, Identity, IdentityRepository, OneTimeCodes,
    OneTimeToken, OneTimeTokenRepository, ProviderError, SecondFactor, SecondFactorRepository, SocialProvider,
    SocialUser, TokenPurpose,
};
pub use cache::{Cache, CacheError, Rate, Taken};
pub use change::{Change, ChangeKind, ChangeRepository, NewChange, Stamp};
pub use events::{Event, Events, Received, Subscription, Topic};
pub use id::{ApiKeyId, AuditId, JobId, MemoId, SessionId, UserId};
pub use job::{Job, JobKind, JobRepository, JobState};
pub use mail::{Mail, MailContent, MailError, MailMessage, MailRenderer, Mailer};
pub use memo::{
    Content, Memo, MemoCursor, MemoFilter, MemoRepository, MemoScope, MemoSort, MemoState, MemoView, SearchQuery,
    SearchTerm, SortDirection, SortField, SortPosition, Tag, TagCount, Tags, Title, Version, Visibility,
};
pub use page::{Limit, Page, PageRequest, PageStart};
pub use ports::{
    AccessClaims, Clock, HashError, IdGenerator, PasswordHasher, PublicKey, SecretGenerator, TokenError, TokenSigner,
};
pub use sealed::{Sealed, Sealer};
pub use session::{
    BrowserSessions, RefreshToken, RefreshTokenRepository, Scope, Scopes, Secret, SecretDigest, Session,
    SessionRepository,
};
pub use store::{Access, Conflict, Source, Store, StoreError, UnitOfWork};
pub use text::{fold, search_form};
pub use time::Timestamp;
pub use user::{DisplayName, Email, Locale, Password, PasswordHash, Role, User, UserFilter, UserRepository};
/// The type of all ids, and of what an [`IdGenerator`] makes.
pub use uuid::Uuid;
pub use value::InvalidValue;
