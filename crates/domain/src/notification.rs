//! Notifications: what users are told at a time of their choice, and the port that sends it.

use std::fmt;

use async_trait::async_trait;
use thiserror::Error;

use crate::{Email, JobId, Locale, Source, TimeZone, Timestamp, Title};

/// Reminds the owner of a memo.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reminder {
    /// The title of the memo.
    pub title: Title,
    /// When the owner wanted to be reminded.
    pub remind_at: Timestamp,
    /// The time zone in which that time is shown.
    pub time_zone: TimeZone,
    /// Whether it is sent long after that time.
    pub is_late: bool,
}

impl Reminder {
    /// The time as the clocks of the user's zone show it.
    #[must_use]
    pub fn local_time(&self) -> String {
        self.time_zone.local(self.remind_at)
    }
}

/// Where a notification is sent to.
#[derive(Clone, PartialEq, Eq)]
pub enum Recipient {
    /// An e-mail address.
    Email(Email),
    /// The account that has granted this access token, in its messages to itself.
    Messages {
        /// The access token.
        access_token: String,
    },
}

impl fmt::Debug for Recipient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Email(email) => f.debug_tuple("Email").field(email).finish(),
            Self::Messages { .. } => f.write_str("Messages(…)"),
        }
    }
}

/// A notification of a user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notification {
    /// Identifies it, so that a duplicate is recognised.
    pub id: JobId,
    /// The recipient.
    pub to: Recipient,
    /// The language of the recipient.
    pub locale: Locale,
    /// What it says.
    pub reminder: Reminder,
}

/// Why a notification was not sent.
#[derive(Debug, Error)]
pub enum NotifyError {
    /// The service is away or busy: a later attempt may succeed.
    #[error("the notification could not be sent now")]
    Temporary {
        /// The answer of the service, or why it did not answer.
        source: Source,
    },
    /// The service refuses the notification, or the notifier does not know this kind of recipient: no later attempt will
    /// succeed.
    #[error("the notification is refused")]
    Permanent {
        /// The answer of the service.
        source: Source,
    },
    /// The access token of the recipient has expired or was revoked.
    #[error("the access token is not accepted")]
    Unauthorized,
}

/// Sends notifications.
///
/// # Contract
/// * `a_sent_notification_is_at_the_service`: [`notify`](Self::notify) MUST return `Ok` only when the service has accepted the
///   notification.
/// * `a_notification_says_what_and_when`: what is sent MUST contain the title of the memo, or its beginning, and the local
///   time, in the language of the recipient; and it MUST say so if it is late.
/// * `another_kind_of_recipient_is_refused`: a recipient of a kind that the notifier does not know MUST be refused with
///   [`NotifyError::Permanent`].
/// * `a_failed_notification_is_an_error`: if the service fails, the result MUST be an error.
/// * `a_notification_ends_in_time`: each call MUST end within 30 s.
#[async_trait]
pub trait Notifier: Send + Sync {
    /// Sends a notification.
    async fn notify(&self, notification: &Notification) -> Result<(), NotifyError>;
}
