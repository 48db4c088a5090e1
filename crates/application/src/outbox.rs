//! Sends the mail that waits in the outbox.

use std::{sync::Arc, time::Duration};

use memo_domain::{Access, MailError, MailState, Mailer, QueuedMail};

use crate::{Error, Ports, mails};

/// How long a mail that was taken out is nobody else's: longer than a mailer may take.
const LEASE: Duration = Duration::from_mins(2);
/// How many are taken out at once: of those that are not with the mailer yet nobody shall doubt whether they were sent.
const AT_ONCE: u32 = 1;
/// How many attempts are begun of which nobody knows how they end. Each may have sent the mail: so it comes twice at most.
const ATTEMPTS: u32 = 2;
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

    /// Sends a mail that is due. How many were taken out of the outbox.
    ///
    /// Before a mail goes out it is on record that an attempt began. Where nobody writes down how it ended (the process ends,
    /// or the store is away), the mail is sent once more after the lease, with the same `Message-ID`; where that happens a
    /// second time it is dead, since it may have been sent twice by then.
    ///
    /// # Errors
    /// Those of the store alone.
    pub async fn deliver(&self) -> Result<usize, Error> {
        let now = self.ports.now();
        let mut unit = self.ports.store.begin(Access::Write).await?;
        let mails = unit.outbox().claim(now, now + LEASE, AT_ONCE).await?;
        let taken = mails.len();
        let (mails, doubtful): (Vec<_>, Vec<_>) = mails.into_iter().partition(|mail| mail.begun <= ATTEMPTS);
        for mail in doubtful {
            unit.outbox().update(&given_up(mail)).await?;
        }
        unit.commit().await?;
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
            // How this one ended is known.
            begun: mail.begun.saturating_sub(1),
            state: if is_dead { MailState::Dead } else { MailState::Waiting },
            // 30 s, 1 min, 2 min … 4 h.
            due_at: self.ports.now() + Duration::from_secs(30 << (tries - 1).min(9)).min(Duration::from_hours(4)),
            error: Some(source.to_string().chars().take(500).collect()),
            ..mail
        }
    }
}

/// One that may have been sent as often as it may be.
fn given_up(mail: QueuedMail) -> QueuedMail {
    tracing::warn!(mail_id = %mail.id, kind = mail.kind, "a mail may have been sent, and is not sent again");
    // The attempt that was counted last is not made.
    let begun = mail.begun.saturating_sub(1);
    QueuedMail {
        tries: mail.tries.saturating_add(begun),
        begun,
        state: MailState::Dead,
        error: Some("It may have been sent: twice nobody wrote down how an attempt ended.".to_owned()),
        ..mail
    }
}
