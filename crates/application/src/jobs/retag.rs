//! Changes of a tag in many memos, as jobs: each run changes some of the memos, and records how far it came in the same
//! transaction. The job stays for a while after it is done, so that its result can be read.

use std::sync::Arc;

use async_trait::async_trait;
use memo_domain::{Job, JobId, JobKind, JobState, MemoFilter, MemoId, Sealed, Sealer, Source, Tag, UserId};

use super::{JobError, JobHandler, JobOutcome};
use crate::{
    Error, Ports,
    memos::{Editor, Retagged, TagChange},
    transaction::Transaction,
};

/// The context of the sealed payload.
const CONTEXT: &str = "retag";
/// Separates the parts of a payload. No tag contains it.
const SEPARATOR: char = '\0';
/// How many memos one transaction changes, so that other writers wait only for a moment.
const STEP: u32 = 100;
/// The size of their contents in bytes after which it changes no other.
const STEP_SIZE: usize = 1 << 20;

/// A change that is done in steps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Operation {
    /// Its id.
    pub id: JobId,
    /// Whether it still runs.
    pub status: OperationStatus,
    /// How many memos are done.
    pub done: u64,
    /// How many memos there were when it began.
    pub total: u64,
}

/// Whether an operation still runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OperationStatus {
    /// It will change more memos.
    Running,
    /// It has changed all memos.
    Done,
    /// It failed, and has changed only some of the memos.
    Failed,
}

/// Changes tags in steps.
pub struct RetagHandler {
    ports: Arc<Ports>,
}

impl RetagHandler {
    #[must_use]
    pub const fn new(ports: Arc<Ports>) -> Self {
        Self { ports }
    }
}

#[async_trait]
impl JobHandler for RetagHandler {
    fn kinds(&self) -> &'static [JobKind] {
        &[JobKind::RETAG]
    }

    fn is_repeatable(&self) -> bool {
        true
    }

    async fn run(&self, job: &Job) -> Result<JobOutcome, JobError> {
        let progress = Progress::open(&*self.ports.sealer, &job.payload).map_err(JobError::Permanent)?;
        let owner = job.owner.ok_or_else(|| JobError::Permanent("a change of a tag without an owner".into()))?;
        let transactions = self.ports.transactions.on_behalf_of(owner);
        let input = (self.ports.clone(), job.clone(), owner, progress);
        let stepped = transactions
            .write_boxed(input, |tx, (ports, job, owner, progress)| Box::pin(step(tx, ports, job, *owner, progress)));
        stepped.await.map_err(|error| JobError::Temporary(error.into()))?;
        Ok(JobOutcome::Recorded)
    }
}

/// Changes the next memos, and records that in the job.
async fn step(tx: &mut Transaction, ports: &Ports, job: &Job, owner: UserId, progress: &Progress) -> Result<(), Error> {
    if !tx.jobs().holds(job).await? {
        return Ok(());
    }
    let some = tx.memos().find_by_tag(owner, &progress.change.from, progress.after, STEP).await?;
    let found = some.len() as u64;
    let mut editor = Editor::new(tx, owner.into(), ports.revisions);
    let Retagged { last, count, .. } = editor.retag(&progress.change, some, STEP_SIZE).await?;
    let is_last = count == found && found < u64::from(STEP);
    let done = if is_last { progress.total } else { progress.total.min(progress.done + count) };
    let progress = Progress { after: last.or(progress.after), done, ..progress.clone() };
    let stepped = Job {
        payload: progress.seal(&*ports.sealer).map_err(|source| Error::Internal { source })?,
        state: if is_last { JobState::Done } else { JobState::Waiting },
        attempts: 0,
        begun: 0,
        // Due at once, after the jobs that wait already.
        run_at: tx.now(),
        error: None,
        ..job.clone()
    };
    Ok(tx.jobs().update(&stepped).await?)
}

/// Inserts the job of a change, of which some memos are done.
pub async fn insert(
    tx: &mut Transaction,
    ports: &Ports,
    id: JobId,
    owner: UserId,
    change: &TagChange,
    done: &Retagged,
) -> Result<(), Error> {
    let filter = MemoFilter { tags: vec![change.from.clone()], ..MemoFilter::of(owner) };
    let total = done.count + tx.memos().count(&filter).await?;
    let progress = Progress { change: change.clone(), after: done.last, done: done.count, total };
    let now = tx.now();
    let job = Job {
        id,
        owner: Some(owner),
        kind: JobKind::RETAG,
        label: if change.to.is_some() { "rename_tag" } else { "remove_tag" }.to_owned(),
        payload: progress.seal(&*ports.sealer).map_err(|source| Error::Internal { source })?,
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

/// Returns the changes of a user that are being done.
pub async fn list_running(tx: &mut Transaction, ports: &Ports, owner: UserId) -> Result<Vec<TagChange>, Error> {
    let jobs = tx.jobs().list_waiting(owner, &JobKind::RETAG).await?;
    let changes = jobs.iter().map(|job| Ok(Progress::open(&*ports.sealer, &job.payload)?.change));
    changes.collect::<Result<_, Source>>().map_err(|source| Error::Internal { source })
}

/// Returns the operation that a job is, if it is one.
pub fn operation(sealer: &dyn Sealer, job: &Job) -> Result<Option<Operation>, Error> {
    if job.kind != JobKind::RETAG {
        return Ok(None);
    }
    let Progress { done, total, .. } =
        Progress::open(sealer, &job.payload).map_err(|source| Error::Internal { source })?;
    Ok(Some(Operation { id: job.id, status: job.state.into(), done, total }))
}

/// The payload of a job.
#[derive(Debug, Clone)]
struct Progress {
    change: TagChange,
    /// The last memo that is done.
    after: Option<MemoId>,
    done: u64,
    total: u64,
}

impl Progress {
    fn seal(&self, sealer: &dyn Sealer) -> Result<Sealed, Source> {
        let parts = [
            self.change.from.as_str().to_owned(),
            self.change.to.as_ref().map_or("", Tag::as_str).to_owned(),
            self.after.map(|id| id.to_string()).unwrap_or_default(),
            self.done.to_string(),
            self.total.to_string(),
        ];
        sealer.seal(CONTEXT, parts.join(&SEPARATOR.to_string()).as_bytes())
    }

    fn open(sealer: &dyn Sealer, payload: &Sealed) -> Result<Self, Source> {
        let text = String::from_utf8(sealer.open(CONTEXT, payload)?)?;
        let [from, to, after, done, total] = text.split(SEPARATOR).collect::<Vec<_>>()[..] else {
            return Err("the payload of a change of a tag is incomplete".into());
        };
        let tag = |text: &str| Tag::new(text).map_err(|error| Source::from(error.to_string()));
        Ok(Self {
            change: TagChange { from: tag(from)?, to: if to.is_empty() { None } else { Some(tag(to)?) } },
            after: if after.is_empty() { None } else { Some(MemoId::parse(after).map_err(|error| error.to_string())?) },
            done: done.parse()?,
            total: total.parse()?,
        })
    }
}
