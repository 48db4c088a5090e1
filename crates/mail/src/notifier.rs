use std::sync::Arc;

use async_trait::async_trait;
use memo_domain::{
    Mail, MailContent, MailError, MailMessage, MailRenderer, Mailer, Notification, Notifier, NotifyError, Recipient,
};

/// Sends notifications by mail.
pub struct MailNotifier {
    renderer: Arc<dyn MailRenderer>,
    mailer: Arc<dyn Mailer>,
}

impl MailNotifier {
    /// A notifier that sends what `renderer` makes of a notification by `mailer`.
    #[must_use]
    pub const fn new(renderer: Arc<dyn MailRenderer>, mailer: Arc<dyn Mailer>) -> Self {
        Self { renderer, mailer }
    }
}

#[async_trait]
impl Notifier for MailNotifier {
    async fn notify(&self, notification: &Notification) -> Result<(), NotifyError> {
        let Notification { id, to, locale, reminder } = notification;
        let Recipient::Email(to) = to else {
            return Err(NotifyError::Permanent { source: "the recipient has no e-mail address".into() });
        };
        let message = MailMessage::Reminder(reminder.clone());
        let MailContent { subject, text, html } = self.renderer.render(&message, *locale);
        let mail = Mail { id: *id, to: to.clone(), subject, text, html };
        self.mailer.send(&mail).await.map_err(|error| match error {
            MailError::Temporary { source } => NotifyError::Temporary { source },
            MailError::Permanent { source } => NotifyError::Permanent { source },
        })
    }
}
