use std::sync::Arc;

use memo_domain::{Access, Job, JobId, JobKind, JobState, Store};

use super::jobs::{add, claim, dead, ids, other_kind};
use crate::{
    samples::{at, job, job_id, user_id},
    steps::{add_user, read, write},
};

async fn found(store: &dyn Store, id: JobId) -> Option<Job> {
    read(store, Access::Read, async |uow| uow.jobs().lookup(id).await).await
}

pub(crate) async fn a_done_job_stays_until_it_is_removed(store: Arc<dyn Store>) {
    let user = add_user(&*store, 0).await;
    let waiting = job(0, user);
    add(&*store, std::slice::from_ref(&waiting)).await;
    let done = Job { state: JobState::Done, run_at: at(1), ..waiting };
    write(&*store, async |uow| uow.jobs().update(&done).await).await;
    assert_eq!(claim(&*store, 100, 9).await, []);
    assert_eq!(dead(&*store, None, 9).await, []);
    assert_eq!(found(&*store, done.id).await, Some(done.clone()));
    write(&*store, async |uow| uow.jobs().remove(done.id).await).await;
    assert_eq!(found(&*store, done.id).await, None);
}

pub(crate) async fn a_job_is_found_by_its_id(store: Arc<dyn Store>) {
    let user = add_user(&*store, 0).await;
    let states = [JobState::Waiting, JobState::Dead, JobState::Done];
    let mut jobs: Vec<_> = (0..).zip(states).map(|(n, state)| Job { state, ..job(n, user) }).collect();
    jobs.push(Job { owner: None, kind: other_kind(), ..job(3, user) });
    add(&*store, &jobs).await;
    for job in jobs {
        assert_eq!(found(&*store, job.id).await, Some(job));
    }
    assert_eq!(found(&*store, job_id(9)).await, None);
}

pub(crate) async fn waiting_jobs_are_listed_by_owner(store: Arc<dyn Store>) {
    let (user, other) = (add_user(&*store, 0).await, add_user(&*store, 1).await);
    let mut waiting = [Job { run_at: at(500), ..job(0, user) }, job(1, user), job(2, user)];
    waiting.sort_by_key(|job| job.id);
    add(&*store, &[waiting[2].clone(), waiting[0].clone(), waiting[1].clone()]).await;
    add(
        &*store,
        &[
            job(3, other),
            Job { kind: other_kind(), ..job(4, user) },
            Job { state: JobState::Dead, ..job(5, user) },
            Job { state: JobState::Done, ..job(6, user) },
            Job { owner: None, ..job(7, user) },
        ],
    )
    .await;
    let list = async |owner| {
        read(&*store, Access::Read, async |uow| uow.jobs().list_waiting(owner, &JobKind::MAIL).await).await
    };
    assert_eq!(list(user).await, waiting);
    assert_eq!(list(user_id(9)).await, []);
    assert_eq!(claim(&*store, 0, 100).await.len(), 4);
    assert_eq!(ids(&list(user).await), ids(&waiting), "leased ones, too");
}

pub(crate) async fn ended_jobs_are_removed_in_steps(store: Arc<dyn Store>) {
    let user = add_user(&*store, 0).await;
    let ended = |n, state, micros| Job { state, run_at: at(micros), ..job(n, user) };
    let kept = [
        ended(0, JobState::Waiting, 0),
        ended(1, JobState::Done, 10),
        ended(2, JobState::Dead, 11),
        Job { kind: other_kind(), ..ended(3, JobState::Done, 0) },
    ];
    add(&*store, &kept).await;
    let states = [JobState::Done, JobState::Dead];
    let gone: Vec<_> = (0..7).map(|n| ended(10 + n, states[n as usize % 2], i64::from(n))).collect();
    add(&*store, &gone).await;
    let remove =
        async |most| write(&*store, async |uow| uow.jobs().remove_ended(&JobKind::MAIL, at(10), most).await).await;
    for removed in [3, 3, 1, 0] {
        assert_eq!(remove(3).await, removed);
    }
    for job in &kept {
        assert_eq!(found(&*store, job.id).await.as_ref(), Some(job));
    }
    for job in &gone {
        assert_eq!(found(&*store, job.id).await, None);
    }
}
