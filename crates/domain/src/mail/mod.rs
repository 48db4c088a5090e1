//! Mail: what is sent to members, the outbox that keeps it until it is, and the port that sends it.

mod outbox;

use async_trait::async_trait;
use thiserror::Error;

use crate::{Email, Source};
pub use outbox::{MailState, OutboxRepository, QueuedMail};

/// A mail as it is sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mail {
    /// Names it for good (`Message-ID`), so that one that came twice is recognised.
    pub id: crate::MailId,
    /// Whom it is for.
    pub to: Email,
    /// Its subject, one line.
    pub subject: String,
    /// Its text, plain.
    pub text: String,
    /// The same as HTML.
    pub html: String,
}

/// Why a mail was not sent.
#[derive(Debug, Error)]
pub enum MailError {
    /// It may pass later: the server is away or busy.
    #[error("the mail could not be sent now")]
    Temporary {
        /// What was said.
        source: Source,
    },
    /// It will never pass: the server refuses it.
    #[error("the mail is refused")]
    Permanent {
        /// What was said.
        source: Source,
    },
}

/// Sends mail.
///
/// # Contract
/// * It MUST return `Ok` only when the mail is with the next server, or on the disk.
/// * No line of a header MUST come from outside: what would break one is refused as [`MailError::Permanent`].
/// * It MUST end within 30 s.
#[async_trait]
pub trait Mailer: Send + Sync {
    /// Sends a mail.
    async fn send(&self, mail: &Mail) -> Result<(), MailError>;

    /// Whether mail could be sent now.
    async fn check(&self) -> Result<(), MailError>;
}
