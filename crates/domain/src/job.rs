//! Jobs: work that a transaction asks for and that runs after its commit.

use std::{borrow::Cow, fmt};

use async_trait::async_trait;

use crate::{Id, InvalidValue, Limit, Sealed, StoreError, Timestamp, UserId};

/// What a job does, and so which handler runs it: a short name, such as `mail`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct JobKind(Cow<'static, str>);

impl JobKind {
    /// Sends a mail.
    pub const MAIL: Self = Self(Cow::Borrowed("mail"));
    /// Sends a mail that a user waits for: it overtakes the others.
    pub const URGENT_MAIL: Self = Self(Cow::Borrowed("urgent_mail"));
    /// Changes a tag in many memos.
    pub const RETAG: Self = Self(Cow::Borrowed("retag"));
    /// Marks that a user imports; it is not run.
    pub const IMPORT: Self = Self(Cow::Borrowed("import"));
    /// Removes the data of a user who has withdrawn.
    pub const WITHDRAWAL: Self = Self(Cow::Borrowed("withdrawal"));

    /// Reminds the owner of a memo.
    pub const REMINDER: Self = Self(Cow::Borrowed("reminder"));
    /// Sends the changes of a user to a webhook, in order. Its id is that of the webhook.
    pub const WEBHOOK: Self = Self(Cow::Borrowed("webhook"));
    /// Sends one message to a webhook that its user asked for. Its id is that of the delivery.
    pub const WEBHOOK_DELIVERY: Self = Self(Cow::Borrowed("webhook_delivery"));

    /// Removes the memos that were in the trash for long enough.
    pub const TRASH: Self = Self(Cow::Borrowed("trash"));

    /// The greatest number of characters.
    pub const MAX_LENGTH: usize = 64;

    /// Reads a name.
    ///
    /// # Errors
    /// [`InvalidValue::Malformed`] unless it is 1 to 64 lower-case ASCII letters, digits and underscores.
    pub fn new(name: impl Into<Cow<'static, str>>) -> Result<Self, InvalidValue> {
        let name = name.into();
        let is_valid = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
        if (1..=Self::MAX_LENGTH).contains(&name.len()) && name.bytes().all(is_valid) {
            Ok(Self(name))
        } else {
            Err(InvalidValue::Malformed)
        }
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for JobKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Whether a job will run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JobState {
    /// It runs when it is due.
    Waiting,
    /// It failed for good, and does not run again.
    Dead,
    /// It is done, and kept so that its result can be read.
    Done,
}

impl JobState {
    /// Every state with its name in stores.
    pub const NAMES: [(Self, &'static str); 3] =
        [(Self::Waiting, "waiting"), (Self::Dead, "dead"), (Self::Done, "done")];
}

/// The id of a job.
pub type JobId = Id<Job>;

/// Work that runs after the commit of the transaction that inserted it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Job {
    /// Its id.
    pub id: JobId,
    /// The user it belongs to: it is removed together with them. `None` if it belongs to the server.
    pub owner: Option<UserId>,
    /// Which handler runs it.
    pub kind: JobKind,
    /// What it is about, for administrators, such as `verify_email`. At most 64 characters.
    pub label: String,
    /// What the handler needs.
    pub payload: Sealed,
    /// Whether it will run.
    pub state: JobState,
    /// How many attempts have failed.
    pub attempts: u32,
    /// How many attempts were started and have no recorded outcome: the one under way, and those of nodes that crashed.
    pub begun: u32,
    /// When it is due. While an attempt is under way, this is the end of its lease; if it is done, when it ended.
    pub run_at: Timestamp,
    /// When it was inserted.
    pub created_at: Timestamp,
    /// The error of the last attempt that failed.
    pub error: Option<String>,
}

/// The queue of jobs.
///
/// A worker leases a job with [`claim`](Self::claim) and commits. The lease is the job's [`run_at`](Job::run_at): until
/// then no other worker gets it, and after that the job is due again, as if the worker had crashed.
///
/// # Contract
/// * `a_job_reads_back_equal`: [`claim`](Self::claim) and [`list_dead`](Self::list_dead) MUST return a job as it was
///   inserted or updated; a claimed one with the new [`run_at`](Job::run_at) and the attempt that was counted.
/// * `an_insert_with_a_taken_job_id_conflicts`: [`insert`](Self::insert) MUST fail with
///   [`Conflict::Id`](crate::Conflict::Id) if the id is taken.
/// * `a_job_needs_its_owner`: [`insert`](Self::insert) MUST fail with [`Conflict::Parent`](crate::Conflict::Parent) if the
///   owner does not exist.
/// * `a_job_without_an_owner_stays`: a job without an owner MUST be accepted, and MUST stay when users are removed.
/// * `due_jobs_are_claimed_once`: [`claim`](Self::claim) MUST return waiting jobs that are due, the earliest first, and set
///   their [`run_at`](Job::run_at) to `until`.
/// * `a_due_job_is_noticed`: [`has_due`](Self::has_due) MUST tell whether a [`claim`](Self::claim) of these kinds at this time
///   would return a job.
/// * `a_claim_may_be_at_the_ends_of_time`: [`claim`](Self::claim) MUST accept every time, the earliest and the latest, too.
/// * `only_jobs_of_these_kinds_are_claimed`: [`claim`](Self::claim) MUST NOT return or change a job of another kind.
/// * `the_earliest_of_several_kinds_is_claimed_first`: a [`claim`](Self::claim) of several kinds MUST return the earliest
///   jobs of all these kinds, whatever the order and the names of the kinds.
/// * `a_claim_counts_as_begun`: [`claim`](Self::claim) MUST add one to [`begun`](Job::begun) of each job that it returns, in
///   the result and in the store.
/// * `one_of_many_concurrent_workers_gets_the_lease`: of any number of concurrent claims, at most one that commits MUST
///   return the same job.
/// * `an_expired_lease_can_be_claimed`: a job whose lease has ended without an [`update`](Self::update) MUST be due again.
/// * `a_lease_is_held_until_its_job_changes`: [`holds`](Self::holds) MUST tell whether the job waits with the same
///   [`run_at`](Job::run_at) and [`begun`](Job::begun) as in the claim: not after another claim, an update or a removal.
/// * `an_outcome_is_recorded_by_the_last_of_many_workers`: of concurrent units of work that change a job that they found
///   held, or claimed, at most one MUST commit.
/// * `a_job_is_updated_or_gone`: [`update`](Self::update) MUST replace the job with this id and [`remove`](Self::remove)
///   remove it; both MUST do nothing if the job does not exist.
/// * `dead_jobs_are_listed_newest_first`: [`list_dead`](Self::list_dead) MUST return dead jobs of the kind by descending
///   ids, those after the id if one is given.
/// * `a_done_job_stays_until_it_is_removed`: a job that is done MUST NOT be claimed nor listed as dead.
/// * `a_job_is_found_by_its_id`: [`lookup`](Self::lookup) MUST return the job with this id, in any state.
/// * `waiting_jobs_are_listed_by_owner`: [`list_waiting`](Self::list_waiting) MUST return the waiting jobs of this owner and
///   kind, sorted by id, leased ones too.
/// * `ended_jobs_are_removed_in_steps`: [`remove_ended`](Self::remove_ended) MUST remove jobs of the kind that are done or
///   dead and whose [`run_at`](Job::run_at) is before the time, at most `most` of them, and return how many.
#[async_trait]
pub trait JobRepository: Send {
    /// Returns the job with this id.
    async fn lookup(&mut self, id: JobId) -> Result<Option<Job>, StoreError>;

    /// Returns the jobs of a user that will run.
    async fn list_waiting(&mut self, owner: UserId, kind: &JobKind) -> Result<Vec<Job>, StoreError>;

    /// Removes up to `most` jobs that ended before a time. Returns how many.
    async fn remove_ended(&mut self, kind: &JobKind, time: Timestamp, most: u32) -> Result<u64, StoreError>;

    /// Adds a job.
    async fn insert(&mut self, job: &Job) -> Result<(), StoreError>;

    /// Whether a job of these kinds is due. A worker asks before it claims one: a queue that is polled is mostly empty.
    async fn has_due(&mut self, kinds: &[JobKind], now: Timestamp) -> Result<bool, StoreError>;

    /// Leases up to `limit` due jobs of these kinds until a time. The lease holds once the unit of work is committed.
    async fn claim(
        &mut self,
        kinds: &[JobKind],
        now: Timestamp,
        until: Timestamp,
        limit: u32,
    ) -> Result<Vec<Job>, StoreError>;

    /// Whether a lease still holds, and will until this unit of work ends. `job` is what [`claim`](Self::claim) returned.
    ///
    /// A worker asks before it records the outcome: after the end of its lease another one may have claimed the job.
    async fn holds(&mut self, job: &Job) -> Result<bool, StoreError>;

    /// Replaces a job.
    async fn update(&mut self, job: &Job) -> Result<(), StoreError>;

    /// Removes a job, which is done.
    async fn remove(&mut self, id: JobId) -> Result<(), StoreError>;

    /// The dead jobs of a kind after an id, the newest first.
    async fn list_dead(&mut self, kind: &JobKind, after: Option<JobId>, limit: Limit) -> Result<Vec<Job>, StoreError>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_are_short_lower_case_names() {
        let longest = "a".repeat(64);
        for name in ["mail", "web_hook2", &longest] {
            assert_eq!(JobKind::new(name.to_owned()).expect("a valid kind").as_str(), name);
        }
        for name in ["", "Mail", "web hook", "메일", &"a".repeat(65)] {
            assert_eq!(JobKind::new(name.to_owned()), Err(InvalidValue::Malformed), "{name:?}");
        }
        assert_eq!(JobKind::new(JobKind::MAIL.0), Ok(JobKind::MAIL));
    }
}
