use std::{
    collections::HashMap,
    future::pending,
    net::SocketAddr,
    pin::pin,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use memo_domain::{DeliveryError, InvalidValue, WebhookMessage, WebhookOutcome, WebhookSender, WebhookUrl};
use tokio::sync::Notify;

/// Sends nothing, and keeps what it was to send; answers as a test says, by default with 200.
#[derive(Debug, Default)]
pub struct CapturedWebhooks(Mutex<State>, Notify);

/// What becomes of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WebhookReply {
    /// A response with this status.
    Status(u16),
    /// No response.
    Fails(DeliveryError),
    /// Nothing, until the attempt is dropped.
    Waits,
    /// The next reply to this URL that is not this one.
    Late,
}

#[derive(Debug, Default)]
struct State {
    sent: Vec<WebhookMessage>,
    replies: HashMap<String, WebhookReply>,
}

impl CapturedWebhooks {
    /// How long each attempt takes, as it says.
    pub const DURATION: Duration = Duration::from_millis(7);

    /// A sender that has sent nothing yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Answers messages to this URL so, from now on.
    pub fn reply(&self, url: &str, reply: WebhookReply) {
        self.lock().replies.insert(url.to_owned(), reply);
        self.1.notify_waiters();
    }

    fn reply_to(&self, url: &str) -> WebhookReply {
        self.lock().replies.get(url).copied().unwrap_or(WebhookReply::Status(200))
    }

    /// What was to be sent to a URL, in its order; that which failed, too.
    #[must_use]
    pub fn sent_to(&self, url: &str) -> Vec<WebhookMessage> {
        self.lock().sent.iter().filter(|message| message.url.as_str() == url).cloned().collect()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // A test that panicked says enough.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl WebhookSender for CapturedWebhooks {
    /// Refuses `http`, and addresses of this machine.
    async fn check(&self, url: &WebhookUrl) -> Result<(), InvalidValue> {
        if url.as_str().starts_with("http://") {
            return Err(InvalidValue::InsecureUrl);
        }
        let (authority, with_port) = (url.authority(), format!("{}:443", url.authority()));
        let address = authority.parse().or_else(|_| with_port.parse::<SocketAddr>());
        if address.is_ok_and(|address| address.ip().is_loopback()) {
            return Err(InvalidValue::AddressNotAllowed);
        }
        Ok(())
    }

    async fn send(&self, message: &WebhookMessage) -> WebhookOutcome {
        self.lock().sent.push(message.clone());
        let url = message.url.as_str();
        let mut reply = self.reply_to(url);
        while reply == WebhookReply::Late {
            let mut changed = pin!(self.1.notified());
            changed.as_mut().enable();
            reply = self.reply_to(url);
            if reply == WebhookReply::Late {
                changed.await;
            }
        }
        let (status, error) = match reply {
            WebhookReply::Status(status) => (Some(status), DeliveryError::of_status(status)),
            WebhookReply::Fails(error) => (None, Some(error)),
            WebhookReply::Waits | WebhookReply::Late => pending().await,
        };
        WebhookOutcome { status, error, duration: Self::DURATION }
    }
}
