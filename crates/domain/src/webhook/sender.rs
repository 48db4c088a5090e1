use std::time::Duration;

use async_trait::async_trait;

use super::{DeliveryError, WebhookEvent, WebhookUrl};
use crate::{InvalidValue, Secret, Timestamp};

/// A message to a receiver.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebhookMessage {
    /// Identifies the event, so that a receiver recognises a duplicate.
    pub id: String,
    /// Where to.
    pub url: WebhookUrl,
    /// What it is signed with.
    pub secret: Secret,
    /// When this attempt is made.
    pub sent_at: Timestamp,
    /// What it is about.
    pub event: WebhookEvent,
}

/// What has become of an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WebhookOutcome {
    /// The status of the response.
    pub status: Option<u16>,
    /// Why it failed; `None` if it succeeded.
    pub error: Option<DeliveryError>,
    /// How long it took.
    pub duration: Duration,
}

/// Sends messages to the receivers of webhooks.
///
/// # Contract
/// * `a_message_is_received_once`: [`send`](Self::send) MUST send the message to the URL in one request, with its id, and
///   report the status of the response.
/// * `only_a_status_from_200_to_299_is_a_success`: any other MUST be an error.
/// * `a_redirect_of_a_receiver_is_not_followed`: a redirect MUST be [`DeliveryError::Redirect`], and MUST NOT cause another
///   request.
/// * `a_delivery_ends_in_time`: a receiver that does not respond MUST be [`DeliveryError::Timeout`] within 20 s.
/// * `a_response_is_not_read`: a body without an end MUST NOT delay the outcome.
#[async_trait]
pub trait WebhookSender: Send + Sync {
    /// Checks whether messages may be sent to a URL.
    ///
    /// # Errors
    /// [`InvalidValue::Malformed`], [`InvalidValue::InsecureUrl`] or [`InvalidValue::AddressNotAllowed`].
    async fn check(&self, url: &WebhookUrl) -> Result<(), InvalidValue>;

    /// Sends a message.
    async fn send(&self, message: &WebhookMessage) -> WebhookOutcome;
}
