//! Webhooks: URLs that get the changes of a user's memos, and the port that sends them.

use std::{fmt, time::Duration};

use async_trait::async_trait;

use crate::{
    Change, ChangeKind, InvalidValue, Page, PageRequest, Sealed, Secret, StoreError, Timestamp, UserId,
    WebhookDeliveryId, WebhookId,
    text::{check_length, check_line, normalize},
};

/// The name of a webhook: trimmed, NFC, 1 to 100 characters, one of them visible, none of them a control character.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebhookName(String);

impl WebhookName {
    /// The maximum length in characters (Unicode scalar values), after trimming and NFC.
    pub const MAX: usize = 100;

    /// # Errors
    /// [`InvalidValue`] as of a [`DisplayName`](crate::DisplayName).
    pub fn new(text: impl AsRef<str>) -> Result<Self, InvalidValue> {
        let text = normalize(text.as_ref());
        check_length(&text, 1, Self::MAX)?;
        check_line(&text)?;
        Ok(Self(text))
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Where a webhook sends to: an `http` or `https` URL in ASCII of up to 2,000 characters, without credentials and without a
/// fragment. Its path and query may hold secrets, which `Debug` output hides.
#[derive(Clone, PartialEq, Eq)]
pub struct WebhookUrl(String);

impl WebhookUrl {
    /// The maximum length in characters.
    pub const MAX: usize = 2_000;

    /// # Errors
    /// [`InvalidValue::TooLong`], [`InvalidValue::UrlCredentials`], [`InvalidValue::UrlFragment`], or
    /// [`InvalidValue::Malformed`]. Whether the address may be reached, the [`WebhookSender`] knows.
    pub fn new(text: impl Into<String>) -> Result<Self, InvalidValue> {
        let text = text.into();
        check_length(&text, 1, Self::MAX)?;
        // Some parsers take a backslash for a slash, and skip white space and control characters.
        if !text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\') {
            return Err(InvalidValue::Malformed);
        }
        if text.contains('#') {
            return Err(InvalidValue::UrlFragment);
        }
        let is_of_a_host = |byte: u8| byte.is_ascii_alphanumeric() || b"._~:[]-".contains(&byte);
        match authority(&text) {
            Some(authority) if authority.contains('@') => Err(InvalidValue::UrlCredentials),
            Some(authority) if !authority.is_empty() && authority.bytes().all(is_of_a_host) => Ok(Self(text)),
            _ => Err(InvalidValue::Malformed),
        }
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The host and the port, which are no secret.
    #[must_use]
    pub fn authority(&self) -> &str {
        authority(&self.0).unwrap_or_default()
    }
}

/// What is between the scheme and the path of a URL with one of the schemes.
fn authority(text: &str) -> Option<&str> {
    let (scheme, rest) = text.split_once("://")?;
    let is_known = ["http", "https"].iter().any(|known| scheme.eq_ignore_ascii_case(known));
    is_known.then(|| rest.split(['/', '?', '#']).next().unwrap_or_default())
}

impl fmt::Debug for WebhookUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "WebhookUrl({}…)", self.authority())
    }
}

/// The kinds of changes that a webhook gets: those of a list, or all, also those that are added later. Its text form has a
/// space between the names, and is empty for all.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct WebhookEvents(Vec<ChangeKind>);

impl WebhookEvents {
    /// The maximum number of kinds.
    pub const MAX: usize = ChangeKind::NAMES.len();

    /// These kinds, each once; all kinds if there are none.
    #[must_use]
    pub fn new(kinds: impl IntoIterator<Item = ChangeKind>) -> Self {
        let kinds: Vec<_> = kinds.into_iter().collect();
        let known = ChangeKind::NAMES.into_iter().map(|(_, kind)| kind);
        Self(known.filter(|kind| kinds.contains(kind)).collect())
    }

    /// Reads the text form.
    ///
    /// # Errors
    /// [`InvalidValue::Malformed`] if a name is unknown.
    pub fn parse(text: &str) -> Result<Self, InvalidValue> {
        let kinds = text.split_terminator(' ').map(|name| ChangeKind::from_name(name).ok_or(InvalidValue::Malformed));
        Ok(Self::new(kinds.collect::<Result<Vec<_>, _>>()?))
    }

    /// Whether changes of a kind are sent.
    #[must_use]
    pub fn contains(&self, kind: ChangeKind) -> bool {
        self.0.is_empty() || self.0.contains(&kind)
    }

    /// The names of the kinds that are sent.
    pub fn names(&self) -> impl Iterator<Item = &'static str> {
        ChangeKind::NAMES.into_iter().filter(|(_, kind)| self.contains(*kind)).map(|(name, _)| name)
    }
}

impl fmt::Display for WebhookEvents {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, kind) in self.0.iter().enumerate() {
            write!(f, "{}{}", if index == 0 { "" } else { " " }, kind.name())?;
        }
        Ok(())
    }
}

/// Why the server has disabled a webhook.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DisabledReason {
    /// Every attempt failed for three days.
    Failing,
    /// The receiver responded with 410.
    Gone,
}

impl DisabledReason {
    /// Every reason with its stable name, for stores.
    pub const NAMES: [(Self, &'static str); 2] = [(Self::Failing, "failing"), (Self::Gone, "gone")];
}

/// A URL that gets the changes of a user's memos.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Webhook {
    /// The id.
    pub id: WebhookId,
    /// The user whose changes are sent.
    pub user_id: UserId,
    /// The name by which the user recognizes it.
    pub name: Option<WebhookName>,
    /// Where to.
    pub url: WebhookUrl,
    /// Which changes.
    pub events: WebhookEvents,
    /// The secret that messages are signed with.
    pub secret: Sealed,
    /// Whether changes are sent.
    pub enabled: bool,
    /// Why the server has disabled it; `None` if it is enabled, or was disabled by its user.
    pub disabled_reason: Option<DisabledReason>,
    /// The number of the last change that was sent or skipped.
    pub delivered_seq: u64,
    /// How many attempts have failed since the last success.
    pub failures: u32,
    /// When the first of them was.
    pub failing_since: Option<Timestamp>,
    /// When it was created.
    pub created_at: Timestamp,
    /// When its user last changed it, or the server disabled it.
    pub updated_at: Timestamp,
}

impl Webhook {
    /// The maximum number of webhooks of a user.
    pub const MAX_PER_USER: usize = 10;
    /// How many deliveries of a webhook are kept.
    pub const KEPT_DELIVERIES: u32 = 100;
}

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

/// Stores webhooks and their deliveries.
///
/// # Contract
/// * `a_webhook_reads_back_equal`: what was inserted or updated MUST read back equal.
/// * `an_insert_with_a_taken_webhook_id_conflicts`: [`insert`](Self::insert) and
///   [`insert_delivery`](Self::insert_delivery) MUST fail with [`Conflict::Id`](crate::Conflict::Id) if the id is taken.
/// * `a_webhook_needs_its_user`: [`insert`](Self::insert) MUST fail with [`Conflict::Parent`](crate::Conflict::Parent) if the
///   user does not exist.
/// * `an_update_of_an_absent_webhook_is_stale`: [`update`](Self::update) MUST fail with [`StoreError::Stale`] if there is no
///   such webhook.
/// * `webhooks_are_listed_newest_first`: [`list_by_user`](Self::list_by_user) MUST return all webhooks of a user, and no other
///   user's, by descending ids.
/// * `webhooks_that_are_behind_are_listed`: [`list_behind`](Self::list_behind) MUST return the enabled webhooks whose
///   [`delivered_seq`](Webhook::delivered_seq) is less than the greatest number of the changes of their user, and whose id is
///   not the id of a waiting job, by ascending ids, those after the id if one is given.
/// * `a_looked_up_webhook_does_not_change_until_the_commit`: after [`lookup`](Self::lookup) in a writing unit of work, others
///   MUST NOT change or remove the webhook before this one has ended.
/// * `a_webhook_is_removed_once`: [`remove`](Self::remove) MUST return `true` if the webhook existed, and MUST remove its
///   deliveries.
/// * `a_delivery_reads_back_equal`: what was inserted or updated MUST read back equal, by its id and its number.
/// * `a_delivery_needs_its_webhook`: [`insert_delivery`](Self::insert_delivery) MUST fail with
///   [`Conflict::Parent`](crate::Conflict::Parent) if the webhook does not exist.
/// * `an_absent_delivery_is_not_updated`: [`update_delivery`](Self::update_delivery) MUST do nothing if the delivery does not
///   exist.
/// * `deliveries_are_listed_newest_first`: [`list_deliveries`](Self::list_deliveries) MUST return the deliveries of a webhook
///   by descending ids, in pages that neither skip nor repeat one.
/// * `the_newest_deliveries_are_kept`: [`remove_old_deliveries`](Self::remove_old_deliveries) MUST remove all deliveries of the
///   webhook but the `kept` ones with the greatest ids.
#[async_trait]
pub trait WebhookRepository: Send {
    /// Returns the webhook with this id.
    async fn lookup(&mut self, id: WebhookId) -> Result<Option<Webhook>, StoreError>;

    /// Returns all webhooks of a user.
    async fn list_by_user(&mut self, user: UserId) -> Result<Vec<Webhook>, StoreError>;

    /// Returns webhooks that have changes to send, and that no job sends.
    async fn list_behind(&mut self, after: Option<WebhookId>, limit: u32) -> Result<Vec<Webhook>, StoreError>;

    /// Adds a webhook.
    async fn insert(&mut self, webhook: &Webhook) -> Result<(), StoreError>;

    /// Replaces the webhook with this id.
    async fn update(&mut self, webhook: &Webhook) -> Result<(), StoreError>;

    /// Removes a webhook. Returns whether it existed.
    async fn remove(&mut self, id: WebhookId) -> Result<bool, StoreError>;

    /// Returns the delivery with this id.
    async fn lookup_delivery(&mut self, id: WebhookDeliveryId) -> Result<Option<WebhookDelivery>, StoreError>;

    /// Returns the newest delivery of a webhook about the change with this number.
    async fn find_delivery(&mut self, webhook: WebhookId, seq: u64) -> Result<Option<WebhookDelivery>, StoreError>;

    /// Returns a page of the deliveries of a webhook, the newest first; its cursor is the id of the last one.
    async fn list_deliveries(
        &mut self,
        webhook: WebhookId,
        page: &PageRequest<WebhookDeliveryId>,
    ) -> Result<Page<WebhookDelivery, WebhookDeliveryId>, StoreError>;

    /// Adds a delivery.
    async fn insert_delivery(&mut self, delivery: &WebhookDelivery) -> Result<(), StoreError>;

    /// Replaces the delivery with this id.
    async fn update_delivery(&mut self, delivery: &WebhookDelivery) -> Result<(), StoreError>;

    /// Removes the oldest deliveries of a webhook.
    async fn remove_old_deliveries(&mut self, webhook: WebhookId, kept: u32) -> Result<(), StoreError>;
}

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_have_a_host_and_no_credentials() {
        let longest = format!("https://example.com/{}", "a".repeat(WebhookUrl::MAX - 20));
        for url in ["https://example.com", "HTTP://example.com:8080/a?token=b@c", "https://[::1]/", &longest] {
            assert_eq!(WebhookUrl::new(url).map(|url| url.as_str().to_owned()), Ok(url.to_owned()));
        }
        for (url, reason) in [
            ("", InvalidValue::TooShort { min: 1 }),
            (&*format!("{longest}a"), InvalidValue::TooLong { max: WebhookUrl::MAX }),
            ("example.com", InvalidValue::Malformed),
            ("ftp://example.com", InvalidValue::Malformed),
            ("https:///path", InvalidValue::Malformed),
            ("https://", InvalidValue::Malformed),
            ("https://a,b", InvalidValue::Malformed),
            ("https://example.com/ a", InvalidValue::Malformed),
            ("https://example.com\\@10.0.0.1", InvalidValue::Malformed),
            ("https://example.com/\0", InvalidValue::Malformed),
            ("https://예시.한국", InvalidValue::Malformed),
            ("https://a:b@example.com", InvalidValue::UrlCredentials),
            ("https://a@example.com?b", InvalidValue::UrlCredentials),
            ("https://example.com/#a", InvalidValue::UrlFragment),
        ] {
            assert_eq!(WebhookUrl::new(url), Err(reason), "{url}");
        }
        let url = WebhookUrl::new("https://example.com:8443/in?token=hunter2").expect("a valid URL");
        assert_eq!((url.authority(), &*format!("{url:?}")), ("example.com:8443", "WebhookUrl(example.com:8443…)"));
    }

    #[test]
    fn the_text_form_of_events_reads_back() {
        for text in ["", "memo.created", "memo.created memo.deleted"] {
            assert_eq!(WebhookEvents::parse(text).expect("valid events").to_string(), text);
        }
        let two = WebhookEvents::new([ChangeKind::Deleted, ChangeKind::Created, ChangeKind::Deleted]);
        assert_eq!(two.names().collect::<Vec<_>>(), ["memo.created", "memo.deleted"]);
        assert!(two.contains(ChangeKind::Created) && !two.contains(ChangeKind::Updated));
        assert!(WebhookEvents::default().contains(ChangeKind::Unliked), "all");
        assert_eq!(WebhookEvents::parse("memo.painted"), Err(InvalidValue::Malformed));
    }

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
