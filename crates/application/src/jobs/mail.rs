//! Mail as jobs: the message is sealed in the payload, and rendered when it is sent.

use std::{num::NonZeroU32, sync::Arc, time::Duration};

use async_trait::async_trait;
use memo_domain::{
    Cache, Email, Job, JobId, JobKind, JobState, Locale, Mail, MailContent, MailError, MailMessage, MailRenderer,
    Mailer, Rate, Reminder, Sealed, Sealer, Source, TimeZone, Timestamp, Title, User,
};

use super::{JobError, JobHandler, JobOutcome};
use crate::{Error, Ports, read_secret, secret_text, transaction::Transaction};

/// The context of sealed mail.
const CONTEXT: &str = "mail";

/// Separates the parts of a payload. No part contains it: addresses and HTTP headers have no control characters.
const SEPARATOR: char = '\0';

/// The last part of a payload: the address may be a stranger's.
const UNPROVED: &str = "unproved";

/// How many notices an address gets in an hour that its user has not proved to be theirs.
const MAX_UNPROVED_PER_HOUR: NonZeroU32 = NonZeroU32::new(10).unwrap();
const HOUR: Duration = Duration::from_hours(1);

/// Renders and sends mail.
pub struct MailHandler {
    sealer: Arc<dyn Sealer>,
    renderer: Arc<dyn MailRenderer>,
    mailer: Arc<dyn Mailer>,
    counters: Arc<dyn Cache>,
}

impl MailHandler {
    /// A handler for the mail that is sealed by these ports.
    #[must_use]
    pub fn new(ports: &Ports, renderer: Arc<dyn MailRenderer>, mailer: Arc<dyn Mailer>) -> Self {
        Self { sealer: ports.sealer.clone(), renderer, mailer, counters: ports.counters.clone() }
    }

    /// Whether a mail may be sent; if its address was not proved, it is counted at the first attempt.
    async fn may_send(&self, job: &Job, payload: &Payload) -> Result<bool, JobError> {
        if !payload.is_unproved || job.attempts > 0 {
            return Ok(true);
        }
        let rate = Rate::new(MAX_UNPROVED_PER_HOUR, HOUR);
        let taken = self.counters.take(&format!("notices to {}", payload.to.key()), &rate, NonZeroU32::MIN).await;
        Ok(taken.map_err(|error| JobError::Temporary(error.into()))?.allowed)
    }
}

#[async_trait]
impl JobHandler for MailHandler {
    fn kinds(&self) -> &'static [JobKind] {
        &[JobKind::URGENT_MAIL, JobKind::MAIL]
    }

    async fn run(&self, job: &Job) -> Result<JobOutcome, JobError> {
        let payload = Payload::open(&*self.sealer, &job.payload).map_err(JobError::Permanent)?;
        if !self.may_send(job, &payload).await? {
            tracing::info!(label = job.label, "a notice was not sent: its address is not verified, and gets many");
            return Ok(JobOutcome::Done);
        }
        let MailContent { subject, text, html } = self.renderer.render(&payload.message, payload.locale);
        let mail = Mail { id: job.id, to: payload.to, subject, text, html };
        self.mailer.send(&mail).await.map_err(|error| match error {
            MailError::Temporary { source } => JobError::Temporary(source),
            MailError::Permanent { source } => JobError::Permanent(source),
        })?;
        Ok(JobOutcome::Done)
    }
}

/// Inserts a job that sends a message to a user.
pub async fn send(tx: &mut Transaction, ports: &Ports, user: &User, message: MailMessage) -> Result<(), Error> {
    send_to(tx, ports, user, (user.email.clone(), user.email_verified), message).await
}

/// Like [`send`], to another address than the present one of the user, and whether it was verified.
pub async fn send_to(
    tx: &mut Transaction,
    ports: &Ports,
    user: &User,
    (to, is_verified): (Email, bool),
    message: MailMessage,
) -> Result<(), Error> {
    let now = ports.now();
    let label = message.name().to_owned();
    let is_urgent = matches!(message, MailMessage::ResetPassword { .. });
    // Links have a limit of their own, before they are made.
    let is_link = matches!(message, MailMessage::VerifyEmail { .. } | MailMessage::ResetPassword { .. });
    let payload = Payload { to, locale: user.locale, message, is_unproved: !is_link && !is_verified };
    let job = Job {
        id: JobId::new(ports.id(now)),
        owner: Some(user.id),
        kind: if is_urgent { JobKind::URGENT_MAIL } else { JobKind::MAIL },
        label,
        payload: payload.seal(&*ports.sealer).map_err(|source| Error::Internal { source })?,
        state: JobState::Waiting,
        attempts: 0,
        begun: 0,
        run_at: now,
        created_at: now,
        error: None,
    };
    tx.jobs().insert(&job).await?;
    tx.wake_jobs();
    Ok(())
}

/// The payload of a mail.
#[derive(Debug, PartialEq, Eq)]
struct Payload {
    to: Email,
    locale: Locale,
    message: MailMessage,
    /// Whether it is a notice to an address that its user has not proved to be theirs.
    is_unproved: bool,
}

impl Payload {
    fn seal(&self, sealer: &dyn Sealer) -> Result<Sealed, Source> {
        let locale = match self.locale {
            Locale::En => "en",
            Locale::Ko => "ko",
        };
        let arguments = match &self.message {
            MailMessage::VerifyEmail { token } | MailMessage::ResetPassword { token } => vec![secret_text(token)],
            MailMessage::NewDevice { device, ip } => {
                [device, ip].map(|part| part.as_deref().unwrap_or_default().to_owned()).into()
            }
            MailMessage::WebhookDisabled { webhook } => vec![webhook.clone()],
            MailMessage::IdentityLinked { provider } | MailMessage::IdentityUnlinked { provider } => {
                vec![provider.clone()]
            }
            MailMessage::Reminder(Reminder { title, remind_at, time_zone, is_late }) => vec![
                title.as_str().to_owned(),
                remind_at.as_micros().to_string(),
                time_zone.as_str().to_owned(),
                is_late.to_string(),
            ],
            MailMessage::ApiKeyCreated { name } => vec![name.clone()],
            MailMessage::PasswordChanged
            | MailMessage::EmailChanged
            | MailMessage::MfaEnabled
            | MailMessage::MfaDisabled => Vec::new(),
        };
        let mut parts = vec![self.to.as_str(), locale, self.message.name()];
        parts.extend(arguments.iter().map(String::as_str));
        parts.extend(self.is_unproved.then_some(UNPROVED));
        sealer.seal(CONTEXT, parts.join(&SEPARATOR.to_string()).as_bytes())
    }

    fn open(sealer: &dyn Sealer, payload: &Sealed) -> Result<Self, Source> {
        let text = String::from_utf8(sealer.open(CONTEXT, payload)?)?;
        let mut parts = text.split(SEPARATOR);
        let mut next = || parts.next().ok_or("the payload of a mail is incomplete");
        let to = Email::new(next()?).map_err(|error| error.to_string())?;
        let locale = match next()? {
            "en" => Locale::En,
            "ko" => Locale::Ko,
            _ => return Err("the payload of a mail has an unknown language".into()),
        };
        let name = next()?;
        let token = |text| read_secret(text).ok_or("the payload of a mail has an invalid token");
        let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        let message = match name {
            "verify_email" => MailMessage::VerifyEmail { token: token(next()?)? },
            "reset_password" => MailMessage::ResetPassword { token: token(next()?)? },
            "new_device" => MailMessage::NewDevice { device: some(next()?), ip: some(next()?) },
            "password_changed" => MailMessage::PasswordChanged,
            "email_changed" => MailMessage::EmailChanged,
            "identity_linked" => MailMessage::IdentityLinked { provider: next()?.to_owned() },
            "identity_unlinked" => MailMessage::IdentityUnlinked { provider: next()?.to_owned() },
            "api_key_created" => MailMessage::ApiKeyCreated { name: next()?.to_owned() },
            "mfa_enabled" => MailMessage::MfaEnabled,
            "mfa_disabled" => MailMessage::MfaDisabled,
            "reminder" => MailMessage::Reminder(Reminder {
                title: Title::new(next()?).map_err(|error| error.to_string())?,
                remind_at: Timestamp::from_micros(next()?.parse()?),
                time_zone: TimeZone::new(next()?).map_err(|error| error.to_string())?,
                is_late: next()?.parse()?,
            }),
            "webhook_disabled" => MailMessage::WebhookDisabled { webhook: next()?.to_owned() },
            _ => return Err("the payload of a mail has an unknown message".into()),
        };
        let is_unproved = parts.next() == Some(UNPROVED);
        Ok(Self { to, locale, message, is_unproved })
    }
}

#[cfg(test)]
mod tests {
    use memo_domain::Secret;

    use super::*;

    /// Seals nothing.
    struct Open;

    impl Sealer for Open {
        fn seal(&self, _: &str, plain: &[u8]) -> Result<Sealed, Source> {
            Ok(Sealed::new(plain.to_vec()))
        }

        fn open(&self, _: &str, sealed: &Sealed) -> Result<Vec<u8>, Source> {
            Ok(sealed.as_bytes().to_vec())
        }
    }

    #[test]
    fn payloads_read_back_equal() {
        let token = Secret::new([7; 32]);
        for message in [
            MailMessage::VerifyEmail { token: token.clone() },
            MailMessage::ResetPassword { token },
            MailMessage::NewDevice { device: None, ip: None },
            MailMessage::NewDevice { device: Some("Firefox · 회의".into()), ip: Some("192.0.2.1".into()) },
            MailMessage::PasswordChanged,
            MailMessage::EmailChanged,
            MailMessage::IdentityLinked { provider: "google".into() },
            MailMessage::IdentityUnlinked { provider: "google".into() },
            MailMessage::ApiKeyCreated { name: "백업 🔑".into() },
            MailMessage::MfaEnabled,
            MailMessage::MfaDisabled,
            MailMessage::Reminder(Reminder {
                title: Title::new("회의").expect("a title"),
                remind_at: Timestamp::from_micros(-1),
                time_zone: TimeZone::new("Asia/Seoul").expect("a zone"),
                is_late: true,
            }),
            MailMessage::WebhookDisabled { webhook: "build server".into() },
        ] {
            for (locale, is_unproved) in [(Locale::En, false), (Locale::Ko, true)] {
                let to = Email::new("alice@example.com").expect("an address");
                let payload = Payload { to, locale, message: message.clone(), is_unproved };
                let sealed = payload.seal(&Open).expect("it is sealed");
                assert_eq!(Payload::open(&Open, &sealed).expect("it is opened"), payload);
            }
        }
    }

    #[test]
    fn damaged_payloads_are_errors() {
        for text in [
            "",
            "alice",
            "a@example.com\0fr\0email_changed",
            "a@example.com\0en\0other",
            "a@example.com\0en\0verify_email\0x",
        ] {
            assert!(Payload::open(&Open, &Sealed::new(text.into())).is_err(), "{text:?}");
        }
    }
}
