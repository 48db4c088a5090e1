//! Mail: the messages that users get, and the ports that render and send them.

use async_trait::async_trait;
use thiserror::Error;

use crate::{Email, JobId, Locale, Reminder, Secret, Source};

/// What a mail tells its recipient.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MailMessage {
    /// Asks them to confirm that the address is theirs.
    VerifyEmail {
        /// Confirms it.
        token: Secret,
    },
    /// Lets them set a new password.
    ResetPassword {
        /// Permits it.
        token: Secret,
    },
    /// Warns of a session from a new device.
    NewDevice {
        /// The device as it names itself (`User-Agent`).
        device: Option<String>,
        /// Its network address.
        ip: Option<String>,
    },
    /// Confirms that the password was changed.
    PasswordChanged,
    /// Tells the old address that the account has another one now.
    EmailChanged,
    /// Tells that a social account was linked.
    IdentityLinked {
        /// The configured name of its provider.
        provider: String,
    },
    /// Tells that a social account was unlinked.
    IdentityUnlinked {
        /// The configured name of its provider.
        provider: String,
    },
    /// Tells that an API key was created.
    ApiKeyCreated {
        /// The name that the user gave it.
        name: String,
    },
    /// Tells that the second factor was enabled.
    MfaEnabled,
    /// Tells that the second factor was disabled.
    MfaDisabled,
    /// Reminds them of a memo.
    Reminder(Reminder),
    /// Tells that a webhook was disabled because its receiver fails.
    WebhookDisabled {
        /// Its name, or the host of its URL.
        webhook: String,
    },
}

impl MailMessage {
    /// The name of the message, for stores and administrators.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::VerifyEmail { .. } => "verify_email",
            Self::ResetPassword { .. } => "reset_password",
            Self::NewDevice { .. } => "new_device",
            Self::PasswordChanged => "password_changed",
            Self::EmailChanged => "email_changed",
            Self::IdentityLinked { .. } => "identity_linked",
            Self::IdentityUnlinked { .. } => "identity_unlinked",
            Self::ApiKeyCreated { .. } => "api_key_created",
            Self::MfaEnabled => "mfa_enabled",
            Self::MfaDisabled => "mfa_disabled",
            Self::Reminder(_) => "reminder",
            Self::WebhookDisabled { .. } => "webhook_disabled",
        }
    }
}

/// The text of a mail, as plain text and as HTML.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MailContent {
    /// The subject: one line.
    pub subject: String,
    /// The plain text.
    pub text: String,
    /// The same as an HTML document.
    pub html: String,
}

/// Renders messages in the language of their recipient.
///
/// # Contract
/// * `a_message_contains_its_token`: the text and the HTML of a message with a token MUST contain it.
/// * `text_of_a_client_stays_text`: text that comes from a client, such as the name of a device, MUST NOT become markup or a
///   link, and MUST NOT get into the subject.
pub trait MailRenderer: Send + Sync {
    /// Renders a message.
    fn render(&self, message: &MailMessage, locale: Locale) -> MailContent;
}

/// A mail, ready to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mail {
    /// Identifies the mail (`Message-ID`), so that a duplicate is recognised.
    pub id: JobId,
    /// The recipient.
    pub to: Email,
    /// The subject: one line.
    pub subject: String,
    /// The plain text.
    pub text: String,
    /// The same as an HTML document.
    pub html: String,
}

/// Why a mail was not sent.
#[derive(Debug, Error)]
pub enum MailError {
    /// The server is away or busy: a later attempt may succeed.
    #[error("the mail could not be sent now")]
    Temporary {
        /// The answer of the server, or why it did not answer.
        source: Source,
    },
    /// The server refuses the mail: no later attempt will succeed.
    #[error("the mail is refused")]
    Permanent {
        /// The answer of the server.
        source: Source,
    },
}

/// Sends mail.
///
/// # Contract
/// * `a_sent_mail_is_at_the_next_hop`: [`send`](Self::send) MUST return `Ok` only when the next server has the mail, or it is
///   on disk.
/// * `a_header_cannot_be_injected`: a value MUST NOT add a line to the header; one that would is refused with
///   [`MailError::Permanent`].
/// * `a_send_ends_in_time`: each call MUST end within 30 s.
#[async_trait]
pub trait Mailer: Send + Sync {
    /// Sends a mail.
    async fn send(&self, mail: &Mail) -> Result<(), MailError>;

    /// Whether mail could be sent now.
    async fn check(&self) -> Result<(), MailError>;

    /// Removes copies of mail that are older than needed, if there are any. Called about once an hour.
    async fn clean_up(&self) -> Result<(), MailError> {
        Ok(())
    }
}
