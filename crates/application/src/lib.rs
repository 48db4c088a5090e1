//! The use cases of memo: one struct per feature, over the ports of `memo-domain`.
//!
//! A driving adapter (HTTP, command line) calls their plain `async fn`s with valid values. A use case runs its reads and writes
//! on the store by [`Transactions`], and nothing slow inside a transaction.

mod accounts;
mod administration;
mod api_keys;
mod attempts;
mod audit;
mod changes;
mod error;
mod idempotency;
mod jobs;
mod likes;
mod live;
mod memos;
mod ports;
mod principal;
mod readiness;
mod reauthentication;
mod retention;
mod roles;
mod second_factor;
mod shares;
mod sign_in;
mod social;
mod tokens;
mod transaction;
mod transfer;
mod usage;
mod webhooks;

pub use accounts::{AccountSettings, Accounts, ProfileChange, SignUp, SignUpPolicy};
pub use administration::{Administration, UserChange};
pub use api_keys::{ApiKeyChange, ApiKeys, LiveKeys, NewApiKey, SignedRequest, is_api_key};
pub use attempts::Recognized;
pub use audit::AuditLog;
pub use changes::{ChangePage, Changes};
pub use error::{Error, Resource, UnauthenticatedReason};
pub use idempotency::{Answer, Answering, Begun, Idempotency, Once, Running};
pub use jobs::{
    JobError, JobHandler, JobOutcome, JobWorker, MAX_REMINDERS, MailHandler, Operation, OperationStatus,
    ReminderHandler, RetagHandler, TrashHandler, WebhookHandler, WithdrawalHandler,
};
pub use likes::Likes;
pub use live::LiveSessions;
pub use memos::{
    Author, BatchOperation, BatchOutcome, Completion, CompletionParts, CompletionTask, Completions, MemoList, Memos,
    Precondition, RevisionText, TagChange, TagChanged,
};
pub use ports::{Background, Ports, TextAnalysis, TextWorker, Timer, Work};
pub use principal::{Credential, Principal};
pub use readiness::Readiness;
pub use reauthentication::Reauthentication;
pub use retention::Retention;
pub use second_factor::{Enrolment, SecondFactorState, SecondFactors};
pub use shares::{NewShare, Shares};
pub use sign_in::{CookieGrant, DEVICE_TTL, Device, Grant, SignIn, SignInSettings, SignedIn, StoredBrowserSessions};
pub use social::{Callback, CallbackOutcome, FLOW_TTL, Flow, ProviderAnswer, Social, SocialError, StartedFlow};
pub use tokens::{read_secret, secret_text};
pub use transaction::Transactions;
pub use transfer::{
    ArchiveError, ArchiveKind, ArchiveReport, ArchiveWorker, DroppedEntry, Export, ExportContents, ImportClaim,
    ImportOutcome, ImportedHistory, ImportedLike, ImportedMemo, ImportedRevision, ImportedSettings, ImportedText,
    LikeOutcome, MarkdownArchive, Record, Transfer, UnfitRevision,
};
pub use usage::{UsageCounter, UsageGroup, UsageGrouping, UsageReports};
pub use webhooks::{NewWebhook, WebhookChange, Webhooks, webhook_secret_text};
