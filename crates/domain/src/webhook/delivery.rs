use crate::{Change, Id, Timestamp, WebhookId};

/// What a delivery is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WebhookEvent {
    /// A test by the user.
    Ping {
        /// When it was asked for.
        at: Timestamp,
    },
    /// A change of a memo.
    Change(Change),
    /// The changes up to a number were not sent in time, and are not kept any more.
    Expired {
        /// The number of the last of them.
        seq: u64,
        /// When that was found.
        at: Timestamp,
    },
}

impl WebhookEvent {
    /// The stable name of a ping.
    pub const PING: &'static str = "ping";
    /// The stable name of changes that are not kept any more.
    pub const EXPIRED: &'static str = "changes.expired";

    /// The stable name of the type.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Ping { .. } => Self::PING,
            Self::Change(change) => change.kind.name(),
            Self::Expired { .. } => Self::EXPIRED,
        }
    }

    /// The number of the change.
    #[must_use]
    pub const fn seq(&self) -> Option<u64> {
        match self {
            Self::Ping { .. } => None,
            Self::Change(Change { seq, .. }) | Self::Expired { seq, .. } => Some(*seq),
        }
    }

    /// When it happened.
    #[must_use]
    pub const fn at(&self) -> Timestamp {
        match self {
            Self::Change(Change { at, .. }) | Self::Ping { at } | Self::Expired { at, .. } => *at,
        }
    }
}

/// What has become of a delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeliveryStatus {
    /// It was not attempted yet, or is retried.
    Pending,
    /// The receiver has accepted it.
    Succeeded,
    /// It failed, and is not retried.
    Failed,
}

impl DeliveryStatus {
    /// Every status with its stable name, for stores.
    pub const NAMES: [(Self, &'static str); 3] =
        [(Self::Pending, "pending"), (Self::Succeeded, "succeeded"), (Self::Failed, "failed")];
}

/// Why an attempt failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeliveryError {
    /// The receiver took longer than 15 seconds.
    Timeout,
    /// No connection, or it ended before the response.
    ConnectionFailed,
    /// The name of the host has no address.
    NameNotResolved,
    /// The host has no address that may be reached.
    AddressNotAllowed,
    /// The receiver has no certificate that is trusted for its name.
    Tls,
    /// The response is a redirect.
    Redirect,
    /// The response has another status than 200 to 299.
    UnexpectedStatus,
    /// The changes are not kept any more.
    Expired,
}

impl DeliveryError {
    /// Every error with its stable name, for stores and clients.
    pub const NAMES: [(Self, &'static str); 8] = [
        (Self::Timeout, "timeout"),
        (Self::ConnectionFailed, "connection_failed"),
        (Self::NameNotResolved, "name_not_resolved"),
        (Self::AddressNotAllowed, "address_not_allowed"),
        (Self::Tls, "tls"),
        (Self::Redirect, "redirect"),
        (Self::UnexpectedStatus, "unexpected_status"),
        (Self::Expired, "expired"),
    ];

    /// The stable name.
    #[must_use]
    pub fn name(self) -> &'static str {
        Self::NAMES.into_iter().find_map(|(error, name)| (error == self).then_some(name)).unwrap_or_default()
    }

    /// The error that a response of this status is; `None` for a success.
    #[must_use]
    pub const fn of_status(status: u16) -> Option<Self> {
        match status {
            200..=299 => None,
            300..=399 => Some(Self::Redirect),
            _ => Some(Self::UnexpectedStatus),
        }
    }
}

/// The id of a delivery to a webhook, and of the job that repeats it.
pub type WebhookDeliveryId = Id<WebhookDelivery>;

/// A message to a webhook, and what has become of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebhookDelivery {
    /// The id.
    pub id: WebhookDeliveryId,
    /// The webhook.
    pub webhook_id: WebhookId,
    /// What it is about.
    pub event: WebhookEvent,
    /// What has become of it.
    pub status: DeliveryStatus,
    /// The status of the response to the last attempt.
    pub response_status: Option<u16>,
    /// How long the last attempt took, in milliseconds.
    pub duration_ms: Option<u32>,
    /// Why the last attempt failed.
    pub error: Option<DeliveryError>,
    /// The number of attempts.
    pub attempts: u32,
    /// When it was last attempted; before that, when it was asked for.
    pub at: Timestamp,
    /// When it is attempted next.
    pub next_attempt_at: Option<Timestamp>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_errors_are_distinct() {
        for (error, name) in DeliveryError::NAMES {
            assert_eq!(error.name(), name);
        }
        assert_eq!([200, 299].map(DeliveryError::of_status), [None; 2]);
        assert_eq!([301, 308].map(DeliveryError::of_status), [Some(DeliveryError::Redirect); 2]);
        assert_eq!([100, 404, 500].map(DeliveryError::of_status), [Some(DeliveryError::UnexpectedStatus); 3]);
    }
}
