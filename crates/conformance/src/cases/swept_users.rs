use std::sync::Arc;

use memo_domain::{
    Access, ChangeKind, JobKind, Limit, Memo, MemoFilter, NewChange, PageRequest, Session, Store, Sweep, UserId,
    Visibility,
};

use crate::{
    cases::usage::ALL_DAYS,
    samples::{
        LATEST, at, audit_event, digest, digest_of, idempotent_response, job, memo, refresh_token, session, usage,
        user, user_id,
    },
    steps::{BY_CHANGE, add_users, last_change, list, read, write},
};

/// Inserts seven memos, of which three are public, five changes, two events, a session with a token, a response, a job, and four rows of usage.
async fn add_rows(store: &dyn Store, first: u8, owner: UserId) {
    write(store, async |uow| {
        let number = u32::from(first);
        for n in number..number + 7 {
            let mut memo = memo(n, owner);
            if n % 3 == 0 {
                memo.state.visibility = Visibility::Public;
            }
            if n % 5 == 0 {
                memo.deleted_at = Some(at(1));
            }
            uow.memos().insert(&memo, &memo.search_text()).await?;
        }
        let change = NewChange::of(&memo(number, owner), ChangeKind::Created, at(0));
        uow.changes().append(owner, &[change; 5]).await?;
        for n in [number, number + 1] {
            uow.audit().append(&audit_event(n, owner)).await?;
        }
        let session = Session { expires_at: LATEST, ..session(number, owner) };
        uow.sessions().insert(&session).await?;
        uow.refresh_tokens().insert(&refresh_token(first, session.id)).await?;
        uow.idempotency().insert(&idempotent_response(number, owner)).await?;
        let used: Vec<_> = (0..4).map(|n| usage(owner, 3, n, 1)).collect();
        uow.usage().add(&used).await?;
        uow.jobs().insert(&job(number, owner)).await
    })
    .await;
}

/// The numbers of memos, of public ones, of changes, of events and of live sessions.
async fn rows(store: &dyn Store, owner: UserId) -> [usize; 5] {
    let mut memos: Vec<Memo> = list(store, &MemoFilter::of(owner), BY_CHANGE).await;
    memos.extend(list(store, &MemoFilter { trashed: true, ..MemoFilter::of(owner) }, BY_CHANGE).await);
    let public = memos.iter().filter(|memo| memo.state.visibility == Visibility::Public).count();
    let others = read(store, Access::Read, async |uow| {
        let changes = uow.changes().list(owner, 0, Limit::default()).await?.len();
        let events = uow.audit().list(Some(owner), &PageRequest::default()).await?.items.len();
        Ok([changes, events, uow.sessions().list_live(owner, at(0)).await?.len()])
    });
    let [changes, events, sessions] = others.await;
    [memos.len(), public, changes, events, sessions]
}

pub(crate) async fn a_users_rows_are_swept_in_steps(store: Arc<dyn Store>) {
    add_users(&*store, &[user(0), user(1)]).await;
    let (swept, other) = (user_id(0), user_id(1));
    add_rows(&*store, 30, swept).await;
    add_rows(&*store, 60, other).await;
    let before = rows(&*store, other).await;
    assert_eq!((rows(&*store, swept).await, before), ([7, 3, 5, 2, 1], [7, 3, 5, 2, 1]));
    let sweep = async |what, most| write(&*store, async |uow| uow.users().sweep(swept, what, most).await).await;
    assert_eq!(sweep(Sweep::PublicMemos, 2).await, 2);
    assert_eq!(rows(&*store, swept).await, [5, 1, 5, 2, 1]);
    assert_eq!((sweep(Sweep::PublicMemos, 2).await, sweep(Sweep::PublicMemos, 2).await), (1, 0));
    assert_eq!(rows(&*store, swept).await, [4, 0, 5, 2, 1]);
    let mut total = 0;
    loop {
        let removed = sweep(Sweep::All, 3).await;
        assert!(removed <= 3, "{removed}");
        total += removed;
        if removed == 0 {
            break;
        }
    }
    assert_eq!((total, rows(&*store, swept).await), (19, [0; 5]), "with a refresh token");
    let found = read(&*store, Access::Read, async |uow| {
        let jobs = uow.jobs().list_waiting(swept, &JobKind::MAIL).await?.len();
        assert_eq!(uow.idempotency().lookup(&digest_of(30)).await?, None);
        assert!(uow.idempotency().lookup(&digest_of(60)).await?.is_some());
        assert_eq!(uow.usage().list(swept, ALL_DAYS, None, 9).await?, []);
        assert_eq!(uow.usage().list(other, ALL_DAYS, None, 9).await?.len(), 4);
        Ok((uow.refresh_tokens().lookup(&digest(30)).await?, uow.users().lookup(swept).await?.is_some(), jobs))
    });
    assert_eq!(found.await, (None, true, 0), "the user stays");
    assert_eq!((last_change(&*store, other).await, rows(&*store, other).await), (5, before));
}
