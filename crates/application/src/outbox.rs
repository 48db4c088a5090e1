//! Sends the mail that waits in the outbox.

use std::{sync::Arc, time::Duration};

use memo_domain::{Access, MailError, MailState, Mailer, QueuedMail};

use crate::{Error, Ports, mails};

/// How long a mail that was taken out is nobody else's: longer than a mailer may take.
const LEASE: Duration = Duration::from_mins(2);
/// How many are taken out at once.
const AT_ONCE: u32 = 10;
/// How often a mail is tried: over some 21 hours.
const TRIES: u32 = 12;

/// Sends mail.
pub struct Outbox {
    ports: Arc<Ports>,
    mailer: Arc<dyn Mailer>,
}

impl Outbox {
    #[must_use]
    pub fn new(ports: Arc<Ports>, mailer: Arc<dyn Mailer>) -> Self {
        Self { ports, mailer }
    }

    /// Sends the mail that is due. How many were taken out of the outbox.
    ///
    /// A process that ends between a mail's way out and its removal sends it again after the lease, with the same
    /// `Message-ID`.
    ///
    /// # Errors
    /// Those of the store alone.
    pub async fn deliver(&self) -> Result<usize, Error> {
        let now = self.ports.now();
        let mut unit = self.ports.store.begin(Access::Write).await?;
        let mails = unit.outbox().claim(now, now + LEASE, AT_ONCE).await?;
        unit.commit().await?;
        let taken = mails.len();
        for mail in mails {
            self.send(mail).await?;
        }
        Ok(taken)
    }

    async fn send(&self, mail: QueuedMail) -> Result<(), Error> {
        let sent = match mails::unseal(&self.ports, mail.id, &mail.content) {
            Ok(letter) => self.mailer.send(&letter).await,
            Err(source) => Err(MailError::Permanent { source }),
        };
        let mut unit = self.ports.store.begin(Access::Write).await?;
        match sent {
            Ok(()) => unit.outbox().remove(mail.id).await?,
            Err(error) => unit.outbox().update(&self.failed(mail, &error)).await?,
        }
        Ok(unit.commit().await?)
    }

    fn failed(&self, mail: QueuedMail, error: &MailError) -> QueuedMail {
        let tries = mail.tries + 1;
        let is_dead = matches!(error, MailError::Permanent { .. }) || tries >= TRIES;
        let (MailError::Temporary { source } | MailError::Permanent { source }) = error;
        tracing::warn!(mail_id = %mail.id, kind = mail.kind, tries, is_dead, error = %source, "a mail was not sent");
        QueuedMail {
            tries,
            state: if is_dead { MailState::Dead } else { MailState::Waiting },
            // 30 s, 1 min, 2 min … 4 h.
            due_at: self.ports.now() + Duration::from_secs(30 << (tries - 1).min(9)).min(Duration::from_hours(4)),
            error: Some(source.to_string().chars().take(500).collect()),
            ..mail
        }
    }
}
