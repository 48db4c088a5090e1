//! The use cases of memo: one struct per feature, over the ports of `memo-domain`.
//!
//! A driving adapter (HTTP, command line) calls their plain `async fn`s with values that are valid already.
//! A use case opens the units of work it needs, and does nothing slow inside one.

mod accounts;
mod administration;
mod audit;
mod audited;
mod changes;
mod error;
mod guesses;
mod jobs;
mod leftovers;
mod live;
mod mails;
mod memos;
mod ports;
mod principal;
mod proof;
mod readiness;
mod second_factor;
mod sign_in;
mod social;
mod tokens;
mod transfer;
mod unit;

pub use accounts::{Accounts, ProfileChange, SignUp, SignUpPolicy};
pub use administration::{Administration, MemberChange};
pub use audit::AuditLog;
pub use audited::AuditedStore;
pub use changes::{ChangePage, Changes};
pub use error::{Error, Resource, UnauthenticatedReason};
pub use jobs::{JobError, JobHandler, JobWorker, MailHandler};
pub use leftovers::Leftovers;
pub use live::LiveSessions;
pub use memos::{BatchOperation, BatchOutcome, MemoChange, MemoList, Memos, Precondition, ReminderChange};
pub use ports::{Background, Ports, Work};
pub use principal::{Credential, Principal};
pub use proof::{Claimant, Proofs};
pub use readiness::Readiness;
pub use second_factor::{Enrolment, SecondFactorState, SecondFactors};
pub use sign_in::{CookieGrant, Device, Grant, SignIn, SignInSettings, SignedIn, StoredBrowserSessions};
pub use social::{Arrival, Arrived, Departure, FLOW_TTL, Return, Social, SocialError};
pub use tokens::{read_secret, secret_text};
pub use transfer::{Brought, BroughtMemo, Export, Record, Transfer};
