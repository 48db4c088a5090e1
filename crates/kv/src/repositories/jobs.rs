use async_trait::async_trait;
use memo_domain::{Job, JobId, JobKind, JobRepository, JobState, Limit, Source, StoreError, Timestamp, UserId};

use super::users::require_user;
use crate::{
    Direction,
    codec::{Codec, Input, enums, record},
    entity::Entity,
    keys::{KeyRange, Prefix, key},
    store::Unit,
    transaction::{Transaction, range},
};

enums! {
    JobState { Waiting = 1, Dead = 2, Done = 3 }
}

record!(Job, 1, { id, owner, kind, label, payload, state, attempts, begun, run_at, created_at, error });

const JOB_BY_OWNER: u8 = 1;
const JOB_BY_TIME: u8 = 2;
const DEAD_JOB: u8 = 3;
/// The jobs that are done or dead, by the time they were due.
const ENDED_JOB: u8 = 4;

impl Entity for Job {
    const TABLE: u8 = 11;

    fn key(&self) -> Vec<u8> {
        key![self.id]
    }

    fn indexes(&self) -> Vec<(u8, Vec<u8>)> {
        let kind = Prefix(self.kind.as_str());
        let ended = || (ENDED_JOB, key![kind, self.run_at, self.id]);
        let mut indexes = match self.state {
            JobState::Waiting => vec![(JOB_BY_TIME, key![kind, self.run_at, self.id])],
            JobState::Dead => vec![(DEAD_JOB, key![kind, self.id]), ended()],
            JobState::Done => vec![ended()],
        };
        indexes.extend(self.owner.map(|owner| (JOB_BY_OWNER, key![owner, self.id])));
        indexes
    }
}

/// The waiting jobs of a kind that are due.
fn due_range(kind: &JobKind, now: Timestamp) -> KeyRange {
    let of_kind = range::<Job>(JOB_BY_TIME, &key![Prefix(kind.as_str())]);
    of_kind.from(&key![now], Direction::Descending)
}

#[async_trait]
impl JobRepository for Unit {
    async fn insert(&mut self, job: &Job) -> Result<(), StoreError> {
        let job = job.clone();
        self.write(move |tx| {
            tx.insert(&job)?;
            job.owner.map_or(Ok(()), |owner| require_user(tx, owner))
        })
        .await
    }

    async fn has_due(&mut self, kinds: &[JobKind], now: Timestamp) -> Result<bool, StoreError> {
        let kinds = kinds.to_vec();
        self.read(move |tx| {
            let mut first = kinds
                .iter()
                .filter_map(|kind| tx.scan::<Job>(JOB_BY_TIME, &due_range(kind, now), Direction::Ascending).next());
            first.next().transpose().map(|job| job.is_some())
        })
        .await
    }

    async fn claim(
        &mut self,
        kinds: &[JobKind],
        now: Timestamp,
        until: Timestamp,
        limit: u32,
    ) -> Result<Vec<Job>, StoreError> {
        let kinds = kinds.to_vec();
        self.write(move |tx| {
            let mut due = Vec::new();
            for kind in kinds {
                let of_kind = due_range(&kind, now);
                for job in tx.scan::<Job>(JOB_BY_TIME, &of_kind, Direction::Ascending).take(limit as usize) {
                    due.push(job?);
                }
            }
            due.sort_by_key(|job| (job.run_at, job.id));
            due.dedup_by_key(|job| job.id);
            due.truncate(limit as usize);
            for job in &mut due {
                let old = job.clone();
                job.run_at = until;
                job.begun = job.begun.saturating_add(1);
                tx.replace(&old, job)?;
            }
            Ok(due)
        })
        .await
    }

    async fn holds(&mut self, job: &Job) -> Result<bool, StoreError> {
        let stored = self.lookup(job.id).await?;
        Ok(stored.is_some_and(|stored| {
            stored.state == JobState::Waiting && stored.run_at == job.run_at && stored.begun == job.begun
        }))
    }

    async fn update(&mut self, job: &Job) -> Result<(), StoreError> {
        let job = job.clone();
        self.write(move |tx| match tx.get::<Job>(&key![job.id])? {
            Some(old) => {
                tx.replace(&old, &job)?;
                job.owner.map_or(Ok(()), |owner| require_user(tx, owner))
            }
            None => Ok(()),
        })
        .await
    }

    async fn remove(&mut self, id: JobId) -> Result<(), StoreError> {
        self.write(move |tx| {
            if let Some(job) = tx.get::<Job>(&key![id])? {
                tx.remove(&job);
            }
            Ok(())
        })
        .await
    }

    async fn list_dead(&mut self, kind: &JobKind, after: Option<JobId>, limit: Limit) -> Result<Vec<Job>, StoreError> {
        let kind = kind.clone();
        self.read(move |tx| {
            let all: KeyRange = range::<Job>(DEAD_JOB, &key![Prefix(kind.as_str())]);
            let older = match after {
                Some(id) => all.after(&key![id], Direction::Descending),
                None => all,
            };
            tx.scan(DEAD_JOB, &older, Direction::Descending).take(limit.get().into()).collect()
        })
        .await
    }

    async fn lookup(&mut self, id: JobId) -> Result<Option<Job>, StoreError> {
        self.read(move |tx| tx.get(&key![id])).await
    }

    async fn list_waiting(&mut self, owner: UserId, kind: &JobKind) -> Result<Vec<Job>, StoreError> {
        let kind = kind.clone();
        self.read(move |tx| {
            let mut jobs = tx.all::<Job>(JOB_BY_OWNER, &key![owner])?;
            jobs.retain(|job| job.kind == kind && job.state == JobState::Waiting);
            Ok(jobs)
        })
        .await
    }

    async fn remove_ended(&mut self, kind: &JobKind, time: Timestamp, most: u32) -> Result<u64, StoreError> {
        let kind = kind.clone();
        self.write(move |tx| {
            let ended = range::<Job>(ENDED_JOB, &key![Prefix(kind.as_str())]).below(&key![time]);
            let ended = tx.scan::<Job>(ENDED_JOB, &ended, Direction::Ascending).take(most as usize);
            let ended = ended.collect::<Result<Vec<_>, _>>()?;
            for job in &ended {
                tx.remove(job);
            }
            Ok(ended.len() as u64)
        })
        .await
    }
}

/// Removes jobs of a user, as a [`Step`](super::Step).
pub fn remove_of_user(tx: &mut Transaction, user: UserId, limit: usize) -> Result<usize, StoreError> {
    tx.remove_some::<Job>(JOB_BY_OWNER, &key![user], limit)
}
