use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use memo_domain::{Mail, MailError, Mailer};

/// Sends nothing, and keeps what it was to send; fails when it is told to.
#[derive(Debug, Default)]
pub struct CapturedMail(Mutex<Captured>);

#[derive(Debug, Default)]
struct Captured {
    sent: Vec<Mail>,
    /// How many of the next sends fail, and whether for good.
    failing: Option<(usize, Kind)>,
}

#[derive(Debug, Clone, Copy)]
enum Kind {
    Temporary,
    Permanent,
}

impl From<Kind> for MailError {
    fn from(kind: Kind) -> Self {
        let source = "this mailer was told to fail".into();
        match kind {
            Kind::Temporary => Self::Temporary { source },
            Kind::Permanent => Self::Permanent { source },
        }
    }
}

impl CapturedMail {
    /// A mailer that has sent nothing yet, and never fails before it is told to.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The next `sends` sends fail as if the server were away or busy. Replaces the previous failures.
    pub fn fail_temporarily(&self, sends: usize) {
        self.lock().failing = Some((sends, Kind::Temporary));
    }

    /// The next `sends` sends fail as if the server refused the mail. Replaces the previous failures.
    pub fn fail_permanently(&self, sends: usize) {
        self.lock().failing = Some((sends, Kind::Permanent));
    }

    /// What was sent, in its order.
    #[must_use]
    pub fn sent(&self) -> Vec<Mail> {
        self.lock().sent.clone()
    }

    /// What was sent since it was taken last, in its order.
    #[must_use]
    pub fn take(&self) -> Vec<Mail> {
        std::mem::take(&mut self.lock().sent)
    }

    /// Takes the first mail that was not taken yet and is wanted.
    pub fn take_first(&self, is_wanted: impl Fn(&Mail) -> bool) -> Option<Mail> {
        let sent = &mut self.lock().sent;
        let place = sent.iter().position(is_wanted)?;
        Some(sent.remove(place))
    }

    fn lock(&self) -> MutexGuard<'_, Captured> {
        // A test that panicked says enough.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Captured {
    /// Uses up one of the failures.
    fn failure(&mut self) -> Option<Kind> {
        let (sends, kind) = self.failing.as_mut()?;
        *sends = sends.checked_sub(1)?;
        Some(*kind)
    }
}

#[async_trait]
impl Mailer for CapturedMail {
    async fn send(&self, mail: &Mail) -> Result<(), MailError> {
        if mail.subject.chars().any(char::is_control) {
            return Err(MailError::Permanent { source: "the subject contains a control character".into() });
        }
        let mut captured = self.lock();
        if let Some(kind) = captured.failure() {
            return Err(kind.into());
        }
        captured.sent.push(mail.clone());
        Ok(())
    }

    /// Fails as the next send would, and leaves that to come.
    async fn check(&self) -> Result<(), MailError> {
        match self.lock().failing {
            Some((1.., kind)) => Err(kind.into()),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use memo_domain::{Email, JobId};
    use uuid::Uuid;

    use super::*;

    fn mail(n: u128) -> Mail {
        Mail {
            id: JobId::new(Uuid::from_u128(n)),
            to: Email::new("alice@example.com").expect("a valid address"),
            subject: String::new(),
            text: String::new(),
            html: String::new(),
        }
    }

    #[tokio::test]
    async fn it_keeps_what_was_sent_in_order() {
        let mailer = CapturedMail::new();
        for n in [2, 1] {
            mailer.send(&mail(n)).await.expect("it is sent");
        }
        assert_eq!(mailer.sent(), [mail(2), mail(1)]);
        assert_eq!(mailer.take(), [mail(2), mail(1)]);
        assert_eq!(mailer.take(), []);
    }

    #[tokio::test]
    async fn it_fails_as_often_as_it_is_told_to() {
        let mailer = CapturedMail::new();
        mailer.fail_temporarily(2);
        for _ in 0..2 {
            assert!(matches!(mailer.check().await, Err(MailError::Temporary { .. })));
            assert!(matches!(mailer.send(&mail(1)).await, Err(MailError::Temporary { .. })));
        }
        mailer.check().await.expect("mail could be sent");
        mailer.send(&mail(2)).await.expect("it is sent");
        mailer.fail_permanently(1);
        assert!(matches!(mailer.send(&mail(3)).await, Err(MailError::Permanent { .. })));
        mailer.fail_permanently(1);
        mailer.fail_permanently(0);
        mailer.send(&mail(4)).await.expect("it is sent");
        assert_eq!(mailer.sent(), [mail(2), mail(4)]);
    }
}
