use std::{collections::BTreeSet, sync::Arc};

use memo_domain::{Access, Conflict, Limit, MailId, MailState, QueuedMail, Sealed, Store, StoreError, Timestamp};

use crate::{
    samples::{AWKWARD, EARLIEST, LATEST, at, mail_id, queued_mail, user_id},
    steps::{add_user, assert_conflict, committed, concurrently, dropped, read, try_write, write},
};

async fn add(store: &dyn Store, mails: &[QueuedMail]) {
    for mail in mails {
        write(store, async |uow| uow.outbox().insert(mail).await).await;
    }
}

async fn try_claim(
    store: &dyn Store,
    now: Timestamp,
    until: Timestamp,
    most: u32,
) -> Result<Vec<QueuedMail>, StoreError> {
    let mut uow = store.begin(Access::Write).await?;
    let claimed = uow.outbox().claim(now, until, most).await?;
    committed(uow, claimed).await
}

/// What is claimed at a moment for one more microsecond.
async fn claim(store: &dyn Store, micros: i64, most: u32) -> Vec<QueuedMail> {
    try_claim(store, at(micros), at(micros + 1), most).await.expect("mail is claimed")
}

async fn dead(store: &dyn Store, behind: Option<MailId>, limit: u64) -> Vec<QueuedMail> {
    let limit = Limit::new(limit).expect("a valid limit");
    read(store, Access::Read, async |uow| uow.outbox().list_dead(behind, limit).await).await
}

fn ids(mails: &[QueuedMail]) -> Vec<MailId> {
    mails.iter().map(|mail| mail.id).collect()
}

/// Which moment a claimed mail says it is due at is left open.
fn due_at_any_time(mails: Vec<QueuedMail>) -> Vec<QueuedMail> {
    let mut mails: Vec<_> = mails.into_iter().map(|mail| QueuedMail { due_at: at(0), ..mail }).collect();
    mails.sort_by_key(|mail| mail.id);
    mails
}

/// The same with an attempt more that was begun.
fn once_begun(mails: Vec<QueuedMail>) -> Vec<QueuedMail> {
    mails.into_iter().map(|mail| QueuedMail { begun: mail.begun + 1, ..mail }).collect()
}

/// Mail with a value in every field, and texts that a store may harm.
fn awkward_mails(first: u32, state: MailState, user: memo_domain::UserId) -> Vec<QueuedMail> {
    let longest = "\u{1d160}".repeat(500);
    let errors = AWKWARD.into_iter().chain([longest.as_str(), ""]);
    let mut mails: Vec<_> = (first..)
        .zip(errors)
        .map(|(n, error)| QueuedMail {
            kind: "reset_password".to_owned(),
            content: Sealed::new(error.as_bytes().repeat(9)),
            state,
            tries: n,
            begun: n,
            created_at: EARLIEST,
            error: Some(error.to_owned()),
            ..queued_mail(n, user)
        })
        .collect();
    let large: Vec<u8> = (0..30_000_u32).flat_map(u32::to_le_bytes).take(50_000).collect();
    mails.push(QueuedMail { state, ..queued_mail(first + 50, user) });
    mails.push(QueuedMail {
        content: Sealed::new(large),
        state,
        tries: u32::MAX,
        created_at: LATEST,
        ..queued_mail(first + 51, user)
    });
    mails
}

pub(crate) async fn a_queued_mail_reads_back_equal(store: Arc<dyn Store>) {
    let user = add_user(&*store, 0).await;
    let waiting = awkward_mails(0, MailState::Waiting, user);
    let mut lost = awkward_mails(100, MailState::Dead, user);
    add(&*store, &waiting).await;
    add(&*store, &lost).await;
    let claimed = claim(&*store, 0, 100).await;
    assert_eq!(due_at_any_time(claimed), due_at_any_time(once_begun(waiting.clone())));
    lost.sort_by_key(|mail| std::cmp::Reverse(mail.id));
    assert_eq!(dead(&*store, None, 100).await, lost);
    for mail in [&waiting[0], &lost[0]] {
        assert_eq!(mail.user_id, user);
    }
}

pub(crate) async fn a_queued_mail_needs_its_user(store: Arc<dyn Store>) {
    add_user(&*store, 0).await;
    let orphan = queued_mail(0, user_id(9));
    let inserted = try_write(&*store, async |uow| uow.outbox().insert(&orphan).await).await;
    assert_conflict(inserted, Conflict::Parent);
    assert_eq!(claim(&*store, 100, 100).await, []);
}

pub(crate) async fn due_mail_is_claimed_once(store: Arc<dyn Store>) {
    let (user, other) = (add_user(&*store, 0).await, add_user(&*store, 1).await);
    let due = [30, 10, 50, 20, 40, 60];
    let mails: Vec<_> = (0..)
        .zip(due)
        .map(|(n, due)| QueuedMail { due_at: at(due), ..queued_mail(n, if n % 2 == 0 { user } else { other }) })
        .collect();
    let lost = QueuedMail { state: MailState::Dead, due_at: EARLIEST, ..queued_mail(10, user) };
    add(&*store, &mails).await;
    add(&*store, std::slice::from_ref(&lost)).await;
    let due_at =
        |micros| mail_id(u32::try_from(due.iter().position(|due| *due == micros).expect("a mail")).expect("few"));

    assert_eq!(claim(&*store, 9, 100).await, [], "nothing is due yet");
    assert_eq!(claim(&*store, 100, 0).await, [], "nothing is asked for");
    let first = write(&*store, async |uow| {
        let first = uow.outbox().claim(at(40), at(1_000), 2).await?;
        // It is not due any more, for the same unit of work neither.
        let rest = uow.outbox().claim(at(40), at(2_000), 100).await?;
        let none = uow.outbox().claim(at(40), at(2_000), 100).await?;
        Ok([first, rest, none].map(|mails| ids(&mails)))
    });
    assert_eq!(first.await, [vec![due_at(10), due_at(20)], vec![due_at(30), due_at(40)], vec![]]);
    assert_eq!(claim(&*store, 49, 100).await, []);
    let lost_claim = dropped(&*store, async |uow| uow.outbox().claim(at(50), at(1_000), 100).await).await;
    assert_eq!(ids(&lost_claim), [due_at(50)]);
    let again = try_claim(&*store, at(50), at(3_000), 100).await.expect("mail is claimed");
    assert_eq!(ids(&again), [due_at(50)], "what was dropped was not claimed");
    assert_eq!(due_at_any_time(again), due_at_any_time(once_begun(vec![mails[2].clone()])));

    // When the time is over it is due again, until someone claims it.
    assert_eq!(ids(&claim(&*store, 999, 100).await), [due_at(60)]);
    let two = claim(&*store, 1_001, 2).await;
    assert_eq!(two.len(), 2, "the one that waited, and one of the first two");
    let mut rest = ids(&claim(&*store, 3_001, 100).await);
    rest.sort();
    assert_eq!(rest, BTreeSet::from_iter(ids(&mails)).into_iter().collect::<Vec<_>>());
    assert_eq!(dead(&*store, None, 9).await, [lost]);
}

pub(crate) async fn a_claim_counts_as_begun(store: Arc<dyn Store>) {
    let user = add_user(&*store, 0).await;
    let [mail, other] = [queued_mail(0, user), QueuedMail { begun: 7, due_at: at(1_000), ..queued_mail(1, user) }];
    let lost = QueuedMail { state: MailState::Dead, begun: 2, ..queued_mail(2, user) };
    add(&*store, &[mail.clone(), other.clone(), lost.clone()]).await;
    let begun = |mails: &[QueuedMail]| mails.iter().map(|mail| mail.begun).collect::<Vec<_>>();

    assert_eq!(begun(&claim(&*store, 0, 9).await), [1]);
    assert_eq!(begun(&dropped(&*store, async |uow| uow.outbox().claim(at(10), at(20), 9).await).await), [2]);
    let twice = write(&*store, async |uow| {
        let one = uow.outbox().claim(at(20), at(20), 9).await?;
        let two = uow.outbox().claim(at(20), at(30), 9).await?;
        Ok([one, two])
    });
    assert_eq!(twice.await.each_ref().map(|mails| begun(mails)), [[2], [3]], "what was dropped was not begun");
    // How it ended is known: who updates the mail says what is left.
    write(&*store, async |uow| uow.outbox().update(&QueuedMail { begun: 1, due_at: at(40), ..mail.clone() }).await)
        .await;
    assert_eq!(begun(&claim(&*store, 40, 9).await), [2]);
    // Nothing else was touched by all this.
    assert_eq!(
        begun(&claim(&*store, 1_000, 9).await.iter().filter(|mail| mail.id == other.id).cloned().collect::<Vec<_>>()),
        [8]
    );
    assert_eq!(dead(&*store, None, 9).await, [lost]);
}

pub(crate) async fn one_of_many_concurrent_claims_gets_each_mail(store: Arc<dyn Store>) {
    let user = add_user(&*store, 0).await;
    let mails: Vec<_> = (0..60).map(|n| QueuedMail { due_at: at(n.into()), ..queued_mail(n, user) }).collect();
    add(&*store, &mails).await;
    // Some find nothing where others are about to take what is due, so they ask more than once.
    let claimed =
        concurrently(&store, 60, |store, n| async move { try_claim(&*store, at(100), LATEST, 1 + n % 3).await });
    let mut claimed: Vec<_> = claimed.await.into_iter().flat_map(|mails| mails.expect("mail is claimed")).collect();
    loop {
        let more = try_claim(&*store, at(100), LATEST, 7).await.expect("mail is claimed");
        if more.is_empty() {
            break;
        }
        claimed.extend(more);
    }
    assert_eq!(claimed.len(), mails.len(), "each is given once");
    assert_eq!(due_at_any_time(claimed), due_at_any_time(once_begun(mails)));
}

pub(crate) async fn a_mail_is_updated_or_gone(store: Arc<dyn Store>) {
    let (user, other) = (add_user(&*store, 0).await, add_user(&*store, 1).await);
    let [mail, kept] = [queued_mail(0, user), QueuedMail { due_at: at(1), ..queued_mail(1, other) }];
    add(&*store, &[mail.clone(), kept.clone()]).await;
    let update = async |mail: &QueuedMail| write(&*store, async |uow| uow.outbox().update(mail).await).await;
    let steps = [
        QueuedMail { tries: 1, begun: 2, due_at: at(7), error: Some("busy".to_owned()), ..mail.clone() },
        QueuedMail { kind: "other".to_owned(), content: Sealed::new(vec![1]), tries: 2, due_at: at(3), ..mail.clone() },
        // That it changes nothing is no error.
        QueuedMail { kind: "other".to_owned(), content: Sealed::new(vec![1]), tries: 2, due_at: at(3), ..mail.clone() },
    ];
    for step in &steps {
        update(step).await;
        let due = dropped(&*store, async |uow| uow.outbox().claim(at(50), at(60), 9).await).await;
        let first = if step.due_at < kept.due_at { step.id } else { kept.id };
        assert_eq!(due[0].id, first, "by when it is due now");
        assert_eq!(due_at_any_time(due), due_at_any_time(once_begun(vec![step.clone(), kept.clone()])));
        assert_eq!(ids(&dropped(&*store, async |uow| uow.outbox().claim(at(2), at(60), 9).await).await), [kept.id]);
    }

    // It dies, and is taken up again.
    let lost = QueuedMail { state: MailState::Dead, tries: 9, error: Some("no".to_owned()), ..mail.clone() };
    dropped(&*store, async |uow| uow.outbox().update(&lost).await).await;
    assert_eq!(dead(&*store, None, 9).await, []);
    update(&lost).await;
    assert_eq!(dead(&*store, None, 9).await, std::slice::from_ref(&lost));
    assert_eq!(ids(&claim(&*store, 50, 9).await), [kept.id]);
    update(&mail).await;
    assert_eq!(dead(&*store, None, 9).await, []);
    assert_eq!(ids(&claim(&*store, 100, 1).await), [mail.id]);

    // What is gone stays so.
    let remove = async |id| write(&*store, async |uow| uow.outbox().remove(id).await).await;
    dropped(&*store, async |uow| uow.outbox().remove(mail.id).await).await;
    remove(mail_id(9)).await;
    assert_eq!(claim(&*store, 200, 9).await.len(), 2);
    for _ in 0..2 {
        remove(mail.id).await;
        update(&lost).await;
        update(&mail).await;
    }
    assert_eq!(ids(&claim(&*store, 300, 9).await), [kept.id]);
    assert_eq!(dead(&*store, None, 9).await, []);
}

pub(crate) async fn dead_mail_is_listed_newest_first(store: Arc<dyn Store>) {
    let (user, other) = (add_user(&*store, 0).await, add_user(&*store, 1).await);
    let mails: Vec<_> = (0..24)
        .map(|n| {
            let state = if n % 4 == 0 { MailState::Waiting } else { MailState::Dead };
            // In another order than that of the ids.
            let due_at = at(i64::from(n * 7 % 11));
            QueuedMail { state, due_at, created_at: due_at, ..queued_mail(n, if n % 3 == 0 { user } else { other }) }
        })
        .collect();
    add(&*store, &mails).await;
    let mut expected: Vec<_> = mails.iter().filter(|mail| mail.state == MailState::Dead).cloned().collect();
    expected.sort_by_key(|mail| std::cmp::Reverse(mail.id));
    for limit in [1, 2, 5, 18, 100] {
        let most = usize::try_from(limit).expect("a small number");
        let mut behind = None;
        for rest in (0..=expected.len()).map(|from| &expected[from..]) {
            assert_eq!(dead(&*store, behind, limit).await, rest[..most.min(rest.len())], "{limit} after {behind:?}");
            behind = rest.first().map(|mail| mail.id);
        }
    }
    // Behind a place where there is no dead mail, or none any more.
    for place in mails.iter().map(|mail| mail.id).chain([mail_id(1_000), mail_id(1_001)]) {
        let rest: Vec<_> = expected.iter().filter(|mail| mail.id < place).cloned().collect();
        assert_eq!(dead(&*store, Some(place), 100).await, rest);
    }
}
