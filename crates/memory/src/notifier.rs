use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use memo_domain::{Locale, Notification, Notifier, NotifyError, Recipient};

/// Sends notifications nowhere, and keeps them: those to accounts that have granted an access token that it knows.
#[derive(Debug, Default)]
pub struct CapturedNotifications(Mutex<Captured>);

#[derive(Debug, Default)]
struct Captured {
    tokens: Vec<String>,
    sent: Vec<Notification>,
    is_away: bool,
}

impl CapturedNotifications {
    /// A notifier that knows no access token.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Accepts this access token from now on.
    pub fn accept(&self, access_token: &str) {
        self.lock().tokens.push(access_token.to_owned());
    }

    /// Accepts this access token no more.
    pub fn revoke(&self, access_token: &str) {
        self.lock().tokens.retain(|known| known != access_token);
    }

    /// Whether it can't be reached, from now on.
    pub fn be_away(&self, is_away: bool) {
        self.lock().is_away = is_away;
    }

    /// What was sent, in its order.
    #[must_use]
    pub fn sent(&self) -> Vec<Notification> {
        self.lock().sent.clone()
    }

    /// The texts of what was sent, as a real service would show them.
    #[must_use]
    pub fn texts(&self) -> Vec<String> {
        let text = |Notification { locale, reminder, .. }: &Notification| {
            let late = match (reminder.is_late, locale) {
                (false, _) => "",
                (true, Locale::En) => " (late)",
                (true, Locale::Ko) => " (늦음)",
            };
            let name = match locale {
                Locale::En => "Reminder",
                Locale::Ko => "알림",
            };
            format!("{name}{late}: {}, {}", reminder.title.as_str(), reminder.local_time())
        };
        self.lock().sent.iter().map(text).collect()
    }

    fn lock(&self) -> MutexGuard<'_, Captured> {
        // A test that panicked says enough.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Notifier for CapturedNotifications {
    async fn notify(&self, notification: &Notification) -> Result<(), NotifyError> {
        let mut captured = self.lock();
        let Recipient::Messages { access_token } = &notification.to else {
            return Err(NotifyError::Permanent { source: "the recipient has no access token".into() });
        };
        if captured.is_away {
            return Err(NotifyError::Temporary { source: "this notifier was told to be away".into() });
        }
        if !captured.tokens.contains(access_token) {
            return Err(NotifyError::Unauthorized);
        }
        captured.sent.push(notification.clone());
        Ok(())
    }
}
