//! Reminders: one job for each memo whose owner is still to be reminded. It is due at that time, checks that the memo still
//! wants it, sends the notification, and records that the owner was reminded.

use std::{num::NonZeroU32, sync::Arc, time::Duration};

use async_trait::async_trait;
use memo_domain::{
    Causes, ChangeKind, Identity, Job, JobId, JobKind, JobState, Memo, MemoId, NewChange, Notification, Notifier,
    NotifyError, Rate, Recipient, Reminder, Sealed, Secret, SocialProvider, Source, StoreError, Timestamp, UnitOfWork,
    User, UserId,
};
use uuid::{Builder, Uuid, Variant, Version};

use super::{JobError, JobHandler, JobOutcome, messages::Messages};
use crate::{Error, Ports, transaction::Transaction};

/// How many reminders one user gets at once, and within an hour after that. More are sent later.
pub const MAX_REMINDERS: NonZeroU32 = NonZeroU32::new(60).unwrap();
/// The time in which that number of reminders is regained.
const WINDOW: Duration = Duration::from_hours(1);
/// After this time a reminder says that it is late.
const LATE_AFTER: Duration = Duration::from_mins(5);

/// Reminds the owners of memos.
pub struct ReminderHandler {
    ports: Arc<Ports>,
    mail: Arc<dyn Notifier>,
    messages: Messages,
    rate: Rate,
}

/// The payload of a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Wanted {
    memo: MemoId,
    remind_at: Timestamp,
}

/// A reminder that is due, and the ways to send it.
struct Due {
    user: User,
    memo: Memo,
    identities: Vec<Identity>,
}

impl ReminderHandler {
    /// Sends reminders to e-mail addresses by `mail`; by `messages`, if there is one, to users whose identity at one of the
    /// `providers` has tokens for messages.
    #[must_use]
    pub fn new(
        ports: Arc<Ports>,
        mail: Arc<dyn Notifier>,
        messages: Option<Arc<dyn Notifier>>,
        providers: Vec<Arc<dyn SocialProvider>>,
    ) -> Self {
        let messages = Messages::new(ports.clone(), messages, providers);
        Self { ports, mail, messages, rate: Rate::new(MAX_REMINDERS, WINDOW) }
    }

    /// Sends a reminder by a message if the user has allowed that, or else by mail.
    async fn send(&self, due: &Due, wanted: Wanted) -> Result<(), NotifyError> {
        let Due { user, memo, identities } = due;
        let reminder = Reminder {
            title: memo.state.title.clone(),
            remind_at: wanted.remind_at,
            time_zone: user.time_zone,
            is_late: self.ports.now().since(wanted.remind_at) > LATE_AFTER,
        };
        let to = Recipient::Email(user.email.clone());
        let notification = Notification { id: notification_id(wanted), to, locale: user.locale, reminder };
        let failed = match self.messages.send(identities, &notification).await {
            None => None,
            Some(Ok(())) => return Ok(()),
            Some(Err(error)) => {
                tracing::warn!(memo_id = %memo.id, error = %Causes(&error), "a reminder was not sent as a message");
                Some(error)
            }
        };
        match failed {
            Some(error) if !user.email_verified => Err(error),
            _ => self.mail.notify(&notification).await,
        }
    }

    /// A random number from 0 to 1. Not that of an id, which the user may have chosen.
    fn fraction(&self) -> f64 {
        let [a, b, c, d, ..] = *self.ports.secrets.next().expose();
        f64::from(u32::from_be_bytes([a, b, c, d])) / f64::from(u32::MAX)
    }

    /// Has the job run again when the user may get more reminders.
    async fn postpone(&self, job: &Job, wanted: Wanted, retry_after: Duration) -> Result<(), Error> {
        let now = self.ports.now();
        // Those of a user are spread over at least an hour, and the longer they wait, the less often they try.
        let spread = WINDOW.max(now.since(wanted.remind_at));
        let wait = retry_after + spread.mul_f64(self.fraction());
        let next = Job { begun: job.begun.saturating_sub(1), run_at: now + wait, ..job.clone() };
        let postponed = self.ports.transactions.write_boxed((job.clone(), next), |tx, (job, next)| {
            Box::pin(async move {
                if tx.jobs().holds(job).await? {
                    tx.jobs().update(next).await?;
                }
                Ok(())
            })
        });
        postponed.await
    }
}

#[async_trait]
impl JobHandler for ReminderHandler {
    fn kinds(&self) -> &'static [JobKind] {
        &[JobKind::REMINDER]
    }

    async fn run(&self, job: &Job) -> Result<JobOutcome, JobError> {
        let temporary = |error: Error| JobError::Temporary(error.into());
        let wanted = Wanted::read(&job.payload).map_err(JobError::Permanent)?;
        let owner = job.owner.ok_or_else(|| JobError::Permanent("a reminder without a user".into()))?;
        let transactions = self.ports.transactions.on_behalf_of(owner);
        let due = transactions.read_boxed((owner, wanted), |unit, (owner, wanted)| {
            Box::pin(async move { Ok(find_due(unit, *owner, *wanted).await?) })
        });
        let due = due.await.map_err(temporary)?;
        let Some(due) = due.filter(|due| due.user.email_verified || self.messages.can_reach(&due.identities)) else {
            return Ok(JobOutcome::Done);
        };
        let name = format!("reminders {owner}");
        let taken = self.ports.counters.take(&name, &self.rate, NonZeroU32::MIN).await;
        let taken = taken.map_err(|error| JobError::Temporary(error.into()))?;
        if !taken.allowed {
            self.postpone(job, wanted, taken.retry_after).await.map_err(temporary)?;
            return Ok(JobOutcome::Recorded);
        }
        if let Err(error) = self.send(&due, wanted).await {
            // It is not a reminder that the user got.
            let _ = self.ports.counters.give_back(&name, &self.rate, NonZeroU32::MIN).await;
            return Err(match error {
                NotifyError::Permanent { source } => JobError::Permanent(source),
                error => JobError::Temporary(error.into()),
            });
        }
        let recorded = transactions.write_boxed((job.clone(), wanted), |tx, (job, wanted)| {
            Box::pin(async move { record(tx, job, *wanted).await })
        });
        if let Err(error) = recorded.await {
            // Sent: the lease must end as that of a crashed node does, so that it is sent once more at most.
            tracing::warn!(job_id = %job.id, error = %Causes(&error), "a reminder was sent, which was not recorded");
        }
        Ok(JobOutcome::Recorded)
    }
}

/// Looks up what a reminder needs; `None` if the memo does not want it any more, or its owner may not get it.
async fn find_due(unit: &mut dyn UnitOfWork, owner: UserId, wanted: Wanted) -> Result<Option<Due>, StoreError> {
    let memo = unit.memos().lookup(wanted.memo).await?.map(|view| view.memo);
    let Some(memo) = memo.filter(|memo| memo.owner_id == owner && is_wanted(memo, wanted)) else { return Ok(None) };
    let user = unit.users().lookup(owner).await?.filter(|user| user.disabled_at.is_none());
    let Some(user) = user else { return Ok(None) };
    let identities = unit.identities().list_by_user(owner).await?;
    Ok(Some(Due { user, memo, identities }))
}

/// Whether the owner of a memo is still to be reminded at this time.
fn is_wanted(memo: &Memo, wanted: Wanted) -> bool {
    !memo.is_trashed() && memo.reminded_at.is_none() && memo.state.remind_at == Some(wanted.remind_at)
}

/// Records that the owner was reminded, unless the memo has another reminder by now, and removes the job.
async fn record(tx: &mut Transaction, job: &Job, wanted: Wanted) -> Result<(), Error> {
    // Locks the memo before the job, as the changes of its owner do.
    let memo = tx.memos().lookup(wanted.memo).await?.map(|view| view.memo);
    if !tx.jobs().holds(job).await? {
        return Ok(());
    }
    tx.jobs().remove(job.id).await?;
    if let Some(mut memo) = memo
        && memo.reminded_at.is_none()
        && memo.state.remind_at == Some(wanted.remind_at)
    {
        let now = tx.now();
        memo.remind(now);
        tx.memos().update(&memo, memo.version, None).await?;
        let change = NewChange::of(&memo, ChangeKind::Reminded, now.not_before(memo.updated_at));
        tx.append_change(memo.owner_id, change);
    }
    Ok(())
}

/// Has the owner of a memo reminded at the time that it says now, if that lies ahead. `had_reminder`: whether it may have had
/// a reminder before.
pub async fn schedule(tx: &mut Transaction, memo: &Memo, had_reminder: bool) -> Result<(), Error> {
    let now = tx.now();
    let remind_at = memo.state.remind_at.filter(|_| memo.has_reminder(now));
    if had_reminder || remind_at.is_some() {
        tx.jobs().remove(job_id(memo.id)).await?;
    }
    let Some(remind_at) = remind_at else { return Ok(()) };
    let job = Job {
        id: job_id(memo.id),
        owner: Some(memo.owner_id),
        kind: JobKind::REMINDER,
        label: "reminder".to_owned(),
        payload: Wanted { memo: memo.id, remind_at }.write(),
        state: JobState::Waiting,
        attempts: 0,
        begun: 0,
        run_at: remind_at,
        created_at: now,
        error: None,
    };
    Ok(tx.jobs().insert(&job).await?)
}

/// Removes the job of a memo that is removed.
pub async fn cancel(tx: &mut Transaction, memo: &Memo) -> Result<(), Error> {
    if memo.state.remind_at.is_some() && memo.reminded_at.is_none() {
        tx.jobs().remove(job_id(memo.id)).await?;
    }
    Ok(())
}

/// The id of the only job of a memo: that of the memo with another version of UUID, so that no other job has it.
fn job_id(memo: MemoId) -> JobId {
    JobId::new(Builder::from_bytes(*memo.as_uuid().as_bytes()).with_version(Version::Custom).into_uuid())
}

/// Identifies the reminder of a memo at a time, also if it is sent twice. It is a `UUIDv7` of that time.
fn notification_id(wanted: Wanted) -> JobId {
    let mut both = [0; 32];
    let (first, second) = both.split_at_mut(16);
    first.copy_from_slice(wanted.memo.as_uuid().as_bytes());
    second[..8].copy_from_slice(&wanted.remind_at.as_micros().to_be_bytes());
    let digest = Secret::new(both).digest();
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&digest.as_bytes()[..16]);
    let millis = u64::try_from(wanted.remind_at.as_micros() / 1000).unwrap_or_default();
    bytes[..6].copy_from_slice(&millis.to_be_bytes()[2..]);
    let id = Builder::from_bytes(bytes).with_variant(Variant::RFC4122).with_version(Version::SortRand);
    JobId::new(id.into_uuid())
}

impl Wanted {
    /// The payload. It holds no secret, and is not sealed.
    fn write(self) -> Sealed {
        let mut bytes = self.memo.as_uuid().as_bytes().to_vec();
        bytes.extend(self.remind_at.as_micros().to_be_bytes());
        Sealed::new(bytes)
    }

    fn read(payload: &Sealed) -> Result<Self, Source> {
        let (memo, remind_at) =
            payload.as_bytes().split_at_checked(16).ok_or("the payload of a reminder is too short")?;
        let remind_at = Timestamp::from_micros(i64::from_be_bytes(remind_at.try_into()?));
        Ok(Self { memo: MemoId::new(Uuid::from_slice(memo)?), remind_at })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted(memo: u128, time: &str) -> Wanted {
        Wanted { memo: MemoId::new(Uuid::from_u128(memo)), remind_at: Timestamp::parse(time).expect("a time") }
    }

    #[test]
    fn payloads_read_back_equal() {
        let wanted = wanted(u128::MAX - 7, "2026-01-31T09:00:00.123456Z");
        assert_eq!(Wanted::read(&wanted.write()).expect("a payload"), wanted);
        for length in [0, 15, 16, 23, 25] {
            assert!(Wanted::read(&Sealed::new(vec![0; length])).is_err(), "{length}");
        }
    }

    #[test]
    fn jobs_of_memos_have_ids_of_their_own() {
        let memo = MemoId::new(Uuid::from_u128(0x0198_c0de_7f01_7000_8000_0000_0000_0001));
        assert_eq!(job_id(memo).as_uuid(), Uuid::from_u128(0x0198_c0de_7f01_8000_8000_0000_0000_0001));
    }

    #[test]
    fn a_notification_is_identified_by_memo_and_time() {
        let first = notification_id(wanted(1, "2026-01-31T09:00:00.123456Z"));
        assert_eq!(first, notification_id(wanted(1, "2026-01-31T09:00:00.123456Z")));
        assert_ne!(first, notification_id(wanted(1, "2026-01-31T09:00:00.123457Z")));
        assert_ne!(first, notification_id(wanted(2, "2026-01-31T09:00:00.123456Z")));
        let time = first.as_uuid().get_timestamp().expect("a UUIDv7").to_unix();
        assert_eq!(time, (1_769_850_000, 123_000_000));
    }
}
