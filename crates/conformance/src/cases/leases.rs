use std::sync::Arc;

use memo_domain::{Access, Job, JobState, Store, Timestamp};

use super::jobs::{MAIL, add, claim, claimed, sorted, try_claim};
use crate::{
    samples::{LATEST, at, job},
    steps::{add_user, committed, concurrently, write},
};

pub(crate) async fn one_of_many_concurrent_workers_gets_the_lease(store: Arc<dyn Store>) {
    let user = add_user(&*store, 0).await;
    let jobs: Vec<_> = (0..60).map(|n| Job { run_at: at(n.into()), ..job(n, user) }).collect();
    add(&*store, &jobs).await;
    // Some find nothing while others are about to lease what is due, so that they ask more than once.
    let leased =
        concurrently(&store, 60, |store, n| async move { try_claim(&*store, at(100), LATEST, 1 + n % 3).await });
    let mut leased: Vec<_> = leased.await.into_iter().flat_map(|jobs| jobs.expect("jobs are claimed")).collect();
    loop {
        let more = try_claim(&*store, at(100), LATEST, 7).await.expect("jobs are claimed");
        if more.is_empty() {
            break;
        }
        leased.extend(more);
    }
    assert_eq!(leased.len(), jobs.len(), "each is leased once");
    assert_eq!(sorted(leased), claimed(&jobs, LATEST));
}

pub(crate) async fn an_expired_lease_can_be_claimed(store: Arc<dyn Store>) {
    let user = add_user(&*store, 0).await;
    let due = job(0, user);
    add(&*store, std::slice::from_ref(&due)).await;
    // Three workers crash, one after the other.
    let mut expected = due;
    for lease in [at(10), at(20), at(30)] {
        let now = expected.run_at;
        let leased = try_claim(&*store, now, lease, 9).await.expect("jobs are claimed");
        expected = claimed(&[expected], lease).remove(0);
        assert_eq!(leased, [expected.clone()]);
        let before = Timestamp::from_micros(lease.as_micros() - 1);
        assert_eq!(try_claim(&*store, before, LATEST, 9).await.expect("jobs are claimed"), [], "it is leased");
    }
    // Many workers wait for the lease to end: one of them gets the next one.
    let leased = concurrently(&store, 8, |store, _| async move { try_claim(&*store, at(30), at(40), 9).await });
    let leased: Vec<_> = leased.await.into_iter().flat_map(|jobs| jobs.expect("jobs are claimed")).collect();
    assert_eq!(leased, claimed(&[expected], at(40)));
}

async fn holds(store: &dyn Store, job: &Job) -> bool {
    write(store, async |uow| uow.jobs().holds(job).await).await
}

pub(crate) async fn a_lease_is_held_until_its_job_changes(store: Arc<dyn Store>) {
    let user = add_user(&*store, 0).await;
    let [due, other] = [job(0, user), Job { run_at: at(1), ..job(1, user) }];
    add(&*store, &[due.clone(), other.clone()]).await;
    let leased = write(&*store, async |uow| {
        let leased = uow.jobs().claim(MAIL, at(0), at(10), 1).await?.remove(0);
        Ok((uow.jobs().holds(&leased).await?, leased))
    });
    let (is_held, leased) = leased.await;
    assert!(is_held);
    assert_eq!(leased.id, due.id);
    // After its end, too, until another worker claims it.
    assert!(holds(&*store, &leased).await);
    assert!(!holds(&*store, &due).await, "it was read before the claim");
    let again = try_claim(&*store, at(10), at(10), 9).await.expect("jobs are claimed");
    assert!(!holds(&*store, &leased).await, "until the same time, by another worker");
    for leased in &again {
        assert!(holds(&*store, leased).await, "{leased:?}");
    }
    let [first, second] = again.try_into().expect("two jobs");
    for changed in [
        Job { attempts: 1, run_at: at(20), ..first.clone() },
        Job { begun: 0, ..first.clone() },
        Job { state: JobState::Dead, ..first.clone() },
        Job { state: JobState::Done, ..first.clone() },
    ] {
        write(&*store, async |uow| uow.jobs().update(&changed).await).await;
        assert!(!holds(&*store, &first).await, "{changed:?}");
    }
    write(&*store, async |uow| uow.jobs().update(&first).await).await;
    assert!(holds(&*store, &first).await);
    write(&*store, async |uow| uow.jobs().remove(first.id).await).await;
    assert!(!holds(&*store, &first).await, "it was removed");
    assert!(holds(&*store, &second).await, "it is another one");
}

pub(crate) async fn an_outcome_is_recorded_by_the_last_of_many_workers(store: Arc<dyn Store>) {
    let user = add_user(&*store, 0).await;
    add(&*store, &[job(0, user)]).await;
    let leased = claim(&*store, 0, 1).await.remove(0);
    let recorded = concurrently(&store, 8, move |store, n| {
        let leased = leased.clone();
        async move {
            let mut uow = store.begin(Access::Write).await?;
            // Every other worker claims it after the end of the lease.
            let held = if n % 2 == 0 {
                uow.jobs().holds(&leased).await?.then_some(leased)
            } else {
                uow.jobs().claim(MAIL, at(1), at(2), 1).await?.pop()
            };
            if let Some(job) = &held {
                let recorded = Job { attempts: job.attempts + 1, run_at: at(3), ..job.clone() };
                uow.jobs().update(&recorded).await?;
            }
            committed(uow, held.is_some()).await
        }
    });
    let recorded = recorded.await.into_iter().map(|recorded| recorded.expect("the job is read"));
    assert_eq!(recorded.filter(|recorded| *recorded).count(), 1);
    assert_eq!(claim(&*store, 3, 1).await[0].attempts, 1);
}
