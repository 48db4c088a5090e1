//! The use cases of memo: one struct per feature, over the ports of `memo-domain`.
//!
//! A driving adapter (HTTP, command line) calls their plain `async fn`s with values that are valid already.
//! A use case opens the units of work it needs, and does nothing slow inside one.

mod accounts;
mod changes;
mod error;
mod memos;
mod readiness;
mod sign_in;
mod unit;

pub use accounts::{Accounts, ProfileChange, SignUp, SignUpPolicy};
pub use changes::{ChangePage, Changes};
pub use error::{Error, Resource, UnauthenticatedReason};
pub use memos::{BatchOperation, BatchOutcome, MemoChange, MemoList, Memos, Precondition, ReminderChange};
pub use readiness::Readiness;
pub use sign_in::{Device, Grant, Principal, SignIn, SignInSettings};
