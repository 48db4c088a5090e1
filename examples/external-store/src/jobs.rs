//! The queue of jobs.

use std::sync::Arc;

use async_trait::async_trait;
use memo_domain::{Conflict, Job, JobId, JobKind, JobRepository, JobState, Limit, StoreError, Timestamp};

use crate::{
    state::{Row, require},
    store::Unit,
};

#[async_trait]
impl JobRepository for Unit {
    async fn insert(&mut self, job: &Job) -> Result<(), StoreError> {
        self.write(|state| {
            require(!state.jobs.contains_key(&job.id), Conflict::Id)?;
            require(job.owner.is_none_or(|owner| state.users.contains_key(&owner)), Conflict::Parent)?;
            Ok(vec![Row::Job(Arc::new(job.clone()))])
        })?;
        Ok(())
    }

    async fn claim(
        &mut self,
        kinds: &[JobKind],
        now: Timestamp,
        until: Timestamp,
        limit: u32,
    ) -> Result<Vec<Job>, StoreError> {
        let waiting = self.state.jobs.values().filter(|job| job.state == JobState::Waiting);
        let mut due: Vec<_> = waiting.filter(|job| job.run_at <= now && kinds.contains(&job.kind)).collect();
        due.sort_by_key(|job| job.run_at);
        let claim = |job: &Arc<Job>| {
            let begun = job.begun.saturating_add(1);
            Job { run_at: until, begun, ..Job::clone(job) }
        };
        let claimed: Vec<_> = due.into_iter().take(limit as usize).map(claim).collect();
        self.write(|_| Ok(claimed.iter().map(|job| Row::Job(Arc::new(job.clone()))).collect()))?;
        Ok(claimed)
    }

    async fn update(&mut self, job: &Job) -> Result<(), StoreError> {
        self.write(|state| {
            let kept = state.jobs.contains_key(&job.id);
            Ok(kept.then(|| Row::Job(Arc::new(job.clone()))).into_iter().collect())
        })?;
        Ok(())
    }

    async fn remove(&mut self, id: JobId) -> Result<(), StoreError> {
        self.write(|state| {
            let kept = state.jobs.contains_key(&id);
            Ok(kept.then_some(Row::JobGone(id)).into_iter().collect())
        })?;
        Ok(())
    }

    async fn list_dead(&mut self, kind: &JobKind, after: Option<JobId>, limit: Limit) -> Result<Vec<Job>, StoreError> {
        let dead = self.state.jobs.values().rev().filter(|job| job.state == JobState::Dead && job.kind == *kind);
        let rest = dead.filter(|job| after.is_none_or(|after| job.id < after));
        Ok(rest.take(limit.get().into()).map(|job| Job::clone(job)).collect())
    }
}
