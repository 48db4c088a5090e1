//! Webhooks: URLs that get the changes of a user's memos, and the port that sends them.

mod delivery;
mod repository;
mod sender;

use std::fmt;

pub use delivery::{DeliveryError, DeliveryStatus, WebhookDelivery, WebhookDeliveryId, WebhookEvent};
pub use repository::WebhookRepository;
pub use sender::{WebhookMessage, WebhookOutcome, WebhookSender};

use crate::{
    ChangeKind, Id, InvalidValue, Sealed, Timestamp, UserId,
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

    /// These kinds, each once; all kinds if the list is empty.
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

/// The id of a webhook, and of the job that sends its changes.
pub type WebhookId = Id<Webhook>;

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
}
