use std::{collections::BTreeSet, sync::Arc};

use memo_domain::{
    Access, Conflict, Job, JobId, JobKind, JobState, Limit, Sealed, Store, StoreError, Timestamp, UserId, Version,
};

use crate::{
    samples::{AWKWARD, EARLIEST, LATEST, at, job, job_id, user_id},
    steps::{add_user, assert_conflict, committed, dropped, read, try_write, write},
};

pub(super) const MAIL: &[JobKind] = &[JobKind::MAIL];

pub(super) fn other_kind() -> JobKind {
    JobKind::new("other").expect("a valid kind")
}

pub(super) async fn add(store: &dyn Store, jobs: &[Job]) {
    for job in jobs {
        write(store, async |uow| uow.jobs().insert(job).await).await;
    }
}

pub(super) async fn try_claim(
    store: &dyn Store,
    now: Timestamp,
    until: Timestamp,
    limit: u32,
) -> Result<Vec<Job>, StoreError> {
    let mut uow = store.begin(Access::Write).await?;
    let claimed = uow.jobs().claim(MAIL, now, until, limit).await?;
    committed(uow, claimed).await
}

/// Claims what is due at a time, for one microsecond.
pub(super) async fn claim(store: &dyn Store, micros: i64, limit: u32) -> Vec<Job> {
    try_claim(store, at(micros), at(micros + 1), limit).await.expect("jobs are claimed")
}

/// Claims what is due at a time, and rolls back.
async fn peek(store: &dyn Store, micros: i64) -> Vec<Job> {
    dropped(store, async |uow| uow.jobs().claim(MAIL, at(micros), at(1_000), 100).await).await
}

pub(super) async fn dead(store: &dyn Store, after: Option<JobId>, limit: u64) -> Vec<Job> {
    let limit = Limit::new(limit).expect("a valid limit");
    read(store, Access::Read, async |uow| uow.jobs().list_dead(&JobKind::MAIL, after, limit).await).await
}

pub(super) fn ids(jobs: &[Job]) -> Vec<JobId> {
    jobs.iter().map(|job| job.id).collect()
}

/// The jobs as a claim until this time returns them, sorted by id.
pub(super) fn claimed(jobs: &[Job], until: Timestamp) -> Vec<Job> {
    sorted(jobs.iter().map(|job| Job { run_at: until, begun: job.begun + 1, ..job.clone() }).collect())
}

pub(super) fn sorted(mut jobs: Vec<Job>) -> Vec<Job> {
    jobs.sort_by_key(|job| job.id);
    jobs
}

/// Jobs with a value in every field, and texts that a store may damage.
fn awkward_jobs(first: u32, state: JobState, user: UserId) -> Vec<Job> {
    let longest = "\u{1d160}".repeat(500);
    let errors = AWKWARD.into_iter().chain([longest.as_str(), ""]);
    let mut jobs: Vec<_> = (first..)
        .zip(errors)
        .map(|(n, error)| Job {
            label: "reset_password".to_owned(),
            payload: Sealed::new(error.as_bytes().repeat(9)),
            state,
            attempts: n,
            begun: n,
            created_at: EARLIEST,
            error: Some(error.to_owned()),
            ..job(n, user)
        })
        .collect();
    let large: Vec<u8> = (0..30_000_u32).flat_map(u32::to_le_bytes).take(50_000).collect();
    jobs.push(Job { state, ..job(first + 50, user) });
    jobs.push(Job {
        payload: Sealed::new(large),
        state,
        attempts: u32::MAX,
        created_at: LATEST,
        ..job(first + 51, user)
    });
    jobs
}

pub(crate) async fn a_job_reads_back_equal(store: Arc<dyn Store>) {
    let user = add_user(&*store, 0).await;
    let waiting = awkward_jobs(0, JobState::Waiting, user);
    let mut lost = awkward_jobs(100, JobState::Dead, user);
    add(&*store, &waiting).await;
    add(&*store, &lost).await;
    assert_eq!(sorted(claim(&*store, 0, 100).await), claimed(&waiting, at(1)));
    lost.sort_by_key(|job| std::cmp::Reverse(job.id));
    assert_eq!(dead(&*store, None, 100).await, lost);
    for job in [&waiting[0], &lost[0]] {
        assert_eq!(job.owner, Some(user));
    }
}

pub(crate) async fn an_insert_with_a_taken_job_id_conflicts(store: Arc<dyn Store>) {
    let (user, other) = (add_user(&*store, 0).await, add_user(&*store, 1).await);
    let stored = job(0, user);
    add(&*store, std::slice::from_ref(&stored)).await;
    let taken = Job { kind: other_kind(), ..job(0, other) };
    assert_conflict(try_write(&*store, async |uow| uow.jobs().insert(&taken).await).await, Conflict::Id);
    assert_eq!(claim(&*store, 0, 100).await, claimed(&[stored], at(1)));
}

pub(crate) async fn a_job_needs_its_owner(store: Arc<dyn Store>) {
    add_user(&*store, 0).await;
    let orphan = job(0, user_id(9));
    let inserted = try_write(&*store, async |uow| uow.jobs().insert(&orphan).await).await;
    assert_conflict(inserted, Conflict::Parent);
    assert_eq!(claim(&*store, 100, 100).await, []);
}

pub(crate) async fn a_job_without_an_owner_stays(store: Arc<dyn Store>) {
    let unowned = Job { owner: None, ..job(0, user_id(0)) };
    let lost = Job { owner: None, state: JobState::Dead, ..job(1, user_id(0)) };
    // Before there is any user.
    add(&*store, &[unowned.clone(), lost.clone()]).await;
    let user = add_user(&*store, 0).await;
    add(&*store, &[job(2, user), Job { state: JobState::Dead, ..job(3, user) }]).await;
    write(&*store, async |uow| uow.users().remove(user, Version::FIRST).await).await;
    assert_eq!(claim(&*store, 0, 100).await, claimed(std::slice::from_ref(&unowned), at(1)));
    assert_eq!(dead(&*store, None, 100).await, [lost]);
    let failed = Job { attempts: 1, run_at: at(7), error: Some("busy".to_owned()), ..unowned };
    write(&*store, async |uow| uow.jobs().update(&failed).await).await;
    assert_eq!(claim(&*store, 7, 100).await, claimed(&[failed], at(8)));
    write(&*store, async |uow| uow.jobs().remove(job_id(0)).await).await;
    assert_eq!(claim(&*store, 100, 100).await, []);
}

pub(crate) async fn due_jobs_are_claimed_once(store: Arc<dyn Store>) {
    let (user, other) = (add_user(&*store, 0).await, add_user(&*store, 1).await);
    let due = [30, 10, 50, 20, 40, 60];
    let jobs: Vec<_> = (0..)
        .zip(due)
        .map(|(n, due)| Job { run_at: at(due), ..job(n, if n % 2 == 0 { user } else { other }) })
        .collect();
    let lost = Job { state: JobState::Dead, run_at: EARLIEST, ..job(10, user) };
    add(&*store, &jobs).await;
    add(&*store, std::slice::from_ref(&lost)).await;
    let due_at =
        |micros| job_id(u32::try_from(due.iter().position(|due| *due == micros).expect("a job")).expect("few"));

    assert_eq!(claim(&*store, 9, 100).await, [], "none is due yet");
    assert_eq!(claim(&*store, 100, 0).await, [], "none is asked for");
    let first = write(&*store, async |uow| {
        let first = uow.jobs().claim(MAIL, at(40), at(1_000), 2).await?;
        // They are not due any more, not even in the same unit of work.
        let rest = uow.jobs().claim(MAIL, at(40), at(2_000), 100).await?;
        let none = uow.jobs().claim(MAIL, at(40), at(2_000), 100).await?;
        Ok([first, rest, none].map(|jobs| ids(&jobs)))
    });
    assert_eq!(first.await, [vec![due_at(10), due_at(20)], vec![due_at(30), due_at(40)], vec![]]);
    assert_eq!(claim(&*store, 49, 100).await, []);
    assert_eq!(ids(&peek(&*store, 50).await), [due_at(50)]);
    let again = try_claim(&*store, at(50), at(3_000), 100).await.expect("jobs are claimed");
    assert_eq!(ids(&again), [due_at(50)], "a claim that was rolled back does not count");
    assert_eq!(again, claimed(std::slice::from_ref(&jobs[2]), at(3_000)));

    assert_eq!(ids(&claim(&*store, 999, 100).await), [due_at(60)]);
    let two = claim(&*store, 1_001, 2).await;
    assert_eq!(two.len(), 2, "the one that waited, and one of the first two");
    let mut rest = ids(&claim(&*store, 3_001, 100).await);
    rest.sort();
    assert_eq!(rest, BTreeSet::from_iter(ids(&jobs)).into_iter().collect::<Vec<_>>());
    assert_eq!(dead(&*store, None, 9).await, [lost]);
}

pub(crate) async fn a_due_job_is_noticed(store: Arc<dyn Store>) {
    let user = add_user(&*store, 0).await;
    let is_due = async |kinds: &[JobKind], now| {
        let mut answers = Vec::new();
        for access in [Access::Read, Access::Snapshot, Access::Write] {
            answers.push(read(&*store, access, async |uow| uow.jobs().has_due(kinds, now).await).await);
        }
        assert!(answers.iter().all(|answer| *answer == answers[0]), "{kinds:?} at {now}: {answers:?}");
        answers[0]
    };
    let both = [JobKind::MAIL, other_kind()];
    assert!(!is_due(&both, LATEST).await, "nothing is due");
    let mail = Job { run_at: at(10), ..job(0, user) };
    let ended =
        [(1, JobState::Dead), (2, JobState::Done)].map(|(n, state)| Job { state, run_at: EARLIEST, ..job(n, user) });
    let other = Job { kind: other_kind(), run_at: at(5), ..job(3, user) };
    add(&*store, &[mail, ended[0].clone(), ended[1].clone(), other]).await;
    for (now, mail, other) in
        [(4, false, false), (5, false, true), (9, false, true), (10, true, true), (11, true, true)]
    {
        assert_eq!(is_due(MAIL, at(now)).await, mail, "mail at {now}");
        assert_eq!(is_due(&both[1..], at(now)).await, other, "the other one at {now}");
        assert_eq!(is_due(&both, at(now)).await, mail || other, "either at {now}");
    }
    assert!(!is_due(&[], LATEST).await, "no kind");
    assert_eq!(claim(&*store, 10, 9).await.len(), 1);
    assert!(!is_due(MAIL, at(10)).await, "it is leased");
    assert!(is_due(MAIL, at(11)).await, "the lease has ended");
    assert!(is_due(MAIL, LATEST).await);
}

pub(crate) async fn a_claim_may_be_at_the_ends_of_time(store: Arc<dyn Store>) {
    let user = add_user(&*store, 0).await;
    let [first, last] = [Job { run_at: EARLIEST, ..job(0, user) }, Job { run_at: LATEST, ..job(1, user) }];
    add(&*store, &[last.clone(), first.clone()]).await;
    let claim = async |now, until| ids(&try_claim(&*store, now, until, 9).await.expect("jobs are claimed"));
    assert_eq!(claim(EARLIEST, EARLIEST).await, [first.id]);
    assert_eq!(claim(EARLIEST, LATEST).await, [first.id], "a lease until the earliest time has ended");
    assert_eq!(claim(at(0), LATEST).await, []);
    for (now, until) in [(LATEST, LATEST), (LATEST, EARLIEST), (EARLIEST, at(0))] {
        assert_eq!(claim(now, until).await.len(), 2, "{now} until {until}");
    }
}

pub(crate) async fn only_jobs_of_these_kinds_are_claimed(store: Arc<dyn Store>) {
    let user = add_user(&*store, 0).await;
    let kinds = [JobKind::MAIL, other_kind(), JobKind::new("mail2").expect("a valid kind")];
    // Jobs of another kind are due earlier, and more of them than the limit of a claim.
    let others: Vec<_> = (0..40)
        .map(|n| Job { kind: kinds[1 + usize::from(n % 2 == 0)].clone(), run_at: EARLIEST, ..job(n, user) })
        .collect();
    let mails = [job(100, user), Job { run_at: at(1), ..job(101, user) }];
    let lost = Job { kind: other_kind(), state: JobState::Dead, ..job(102, user) };
    add(&*store, &others).await;
    add(&*store, &mails).await;
    add(&*store, std::slice::from_ref(&lost)).await;
    let claim = async |kinds: &[JobKind], limit| {
        write(&*store, async |uow| uow.jobs().claim(kinds, at(5), at(9), limit).await).await
    };
    assert_eq!(claim(&[], 100).await, []);
    assert_eq!(claim(MAIL, 1).await, claimed(&mails[..1], at(9)));
    assert_eq!(claim(MAIL, 100).await, claimed(&mails[1..], at(9)));
    let rest = sorted(claim(&kinds, 100).await);
    assert_eq!(rest, claimed(&others, at(9)), "they were not touched");
    assert_eq!(dead(&*store, None, 9).await, []);
    let limit = Limit::default();
    let listed = read(&*store, Access::Read, async |uow| uow.jobs().list_dead(&other_kind(), None, limit).await).await;
    assert_eq!(listed, [lost]);
}

pub(crate) async fn the_earliest_of_several_kinds_is_claimed_first(store: Arc<dyn Store>) {
    let user = add_user(&*store, 0).await;
    let (by_name, reversed) = ([JobKind::MAIL, other_kind()], [other_kind(), JobKind::MAIL]);
    let rounds = [(&by_name, &by_name), (&by_name, &reversed), (&reversed, &by_name), (&reversed, &reversed)];
    for (round, (kinds, asked)) in (0_u32..).zip(rounds) {
        // By their times, the first two jobs and the last one are of the second kind, and those between of the first.
        let due = [30, 10, 50, 20, 40, 60];
        let jobs: Vec<_> = (0_u32..)
            .zip(due)
            .map(|(n, due)| Job { kind: kinds[n as usize % 2].clone(), run_at: at(due), ..job(10 * round + n, user) })
            .collect();
        add(&*store, &jobs).await;
        let mut earliest_first = jobs.clone();
        earliest_first.sort_by_key(|job| job.run_at);
        for next in &earliest_first {
            let found = write(&*store, async |uow| uow.jobs().claim(asked, at(100), at(1_000), 1).await).await;
            assert_eq!(found, claimed(std::slice::from_ref(next), at(1_000)), "{asked:?}");
        }
        for job in &jobs {
            write(&*store, async |uow| uow.jobs().remove(job.id).await).await;
        }
    }
}

pub(crate) async fn a_claim_counts_as_begun(store: Arc<dyn Store>) {
    let user = add_user(&*store, 0).await;
    let [first, other] = [job(0, user), Job { begun: 7, run_at: at(1_000), ..job(1, user) }];
    let lost = Job { state: JobState::Dead, begun: 2, ..job(2, user) };
    add(&*store, &[first.clone(), other.clone(), lost.clone()]).await;
    let begun = |jobs: &[Job]| jobs.iter().map(|job| job.begun).collect::<Vec<_>>();

    assert_eq!(begun(&claim(&*store, 0, 9).await), [1]);
    assert_eq!(begun(&peek(&*store, 10).await), [2]);
    let twice = write(&*store, async |uow| {
        let one = uow.jobs().claim(MAIL, at(20), at(20), 9).await?;
        let two = uow.jobs().claim(MAIL, at(20), at(30), 9).await?;
        Ok([one, two])
    });
    assert_eq!(twice.await.each_ref().map(|jobs| begun(jobs)), [[2], [3]], "what was rolled back does not count");
    // The outcome of the attempts is known: the update says how many are left.
    write(&*store, async |uow| uow.jobs().update(&Job { begun: 1, run_at: at(40), ..first.clone() }).await).await;
    assert_eq!(begun(&claim(&*store, 40, 9).await), [2]);
    // The other jobs are unchanged.
    let later = claim(&*store, 1_000, 9).await;
    assert_eq!(begun(&later.iter().filter(|job| job.id == other.id).cloned().collect::<Vec<_>>()), [8]);
    assert_eq!(dead(&*store, None, 9).await, [lost]);
}

pub(crate) async fn a_job_is_updated_or_gone(store: Arc<dyn Store>) {
    let (user, other) = (add_user(&*store, 0).await, add_user(&*store, 1).await);
    let [first, stored] = [job(0, user), Job { run_at: at(1), ..job(1, other) }];
    add(&*store, &[first.clone(), stored.clone()]).await;
    let update = async |job: &Job| write(&*store, async |uow| uow.jobs().update(job).await).await;
    let label = "other".to_owned();
    let relabelled = Job { label, payload: Sealed::new(vec![1]), attempts: 2, run_at: at(3), ..first.clone() };
    let steps = [
        Job { attempts: 1, begun: 2, run_at: at(7), error: Some("busy".to_owned()), ..first.clone() },
        relabelled.clone(),
        // An update that changes nothing succeeds.
        relabelled,
    ];
    for step in &steps {
        update(step).await;
        let due = peek(&*store, 50).await;
        let next = if step.run_at < stored.run_at { step.id } else { stored.id };
        assert_eq!(due[0].id, next, "the one that is due first now");
        assert_eq!(sorted(due), claimed(&[step.clone(), stored.clone()], at(1_000)));
        assert_eq!(ids(&peek(&*store, 2).await), [stored.id]);
    }

    // A job can die and be revived.
    let lost = Job { state: JobState::Dead, attempts: 9, error: Some("no".to_owned()), ..first.clone() };
    dropped(&*store, async |uow| uow.jobs().update(&lost).await).await;
    assert_eq!(dead(&*store, None, 9).await, []);
    update(&lost).await;
    assert_eq!(dead(&*store, None, 9).await, std::slice::from_ref(&lost));
    assert_eq!(ids(&claim(&*store, 50, 9).await), [stored.id]);
    update(&first).await;
    assert_eq!(dead(&*store, None, 9).await, []);
    assert_eq!(ids(&claim(&*store, 100, 1).await), [first.id]);

    // An update does not bring a removed job back.
    let remove = async |id| write(&*store, async |uow| uow.jobs().remove(id).await).await;
    dropped(&*store, async |uow| uow.jobs().remove(first.id).await).await;
    remove(job_id(9)).await;
    assert_eq!(claim(&*store, 200, 9).await.len(), 2);
    for _ in 0..2 {
        remove(first.id).await;
        update(&lost).await;
        update(&first).await;
    }
    assert_eq!(ids(&claim(&*store, 300, 9).await), [stored.id]);
    assert_eq!(dead(&*store, None, 9).await, []);
}

pub(crate) async fn dead_jobs_are_listed_newest_first(store: Arc<dyn Store>) {
    let (user, other) = (add_user(&*store, 0).await, add_user(&*store, 1).await);
    let jobs: Vec<_> = (0..24)
        .map(|n| {
            let state = if n % 4 == 0 { JobState::Waiting } else { JobState::Dead };
            // The times are in another order than the ids.
            let run_at = at(i64::from(n * 7 % 11));
            Job { state, run_at, created_at: run_at, ..job(n, if n % 3 == 0 { user } else { other }) }
        })
        .collect();
    add(&*store, &jobs).await;
    let mut expected: Vec<_> = jobs.iter().filter(|job| job.state == JobState::Dead).cloned().collect();
    expected.sort_by_key(|job| std::cmp::Reverse(job.id));
    for limit in [1, 2, 5, 18, 100] {
        let most = usize::try_from(limit).expect("a small number");
        let mut after = None;
        for rest in (0..=expected.len()).map(|from| &expected[from..]) {
            assert_eq!(dead(&*store, after, limit).await, rest[..most.min(rest.len())], "{limit} after {after:?}");
            after = rest.first().map(|job| job.id);
        }
    }
    // The cursor may be an id that no dead job has.
    for place in jobs.iter().map(|job| job.id).chain([job_id(1_000), job_id(1_001)]) {
        let rest: Vec<_> = expected.iter().filter(|job| job.id < place).cloned().collect();
        assert_eq!(dead(&*store, Some(place), 100).await, rest);
    }
}
