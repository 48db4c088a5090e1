//! Steps that most cases share.

use std::{
    fmt::Debug,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use memo_domain::{
    Access, Change, Conflict, Limit, Memo, MemoCursor, MemoFilter, MemoId, MemoSort, MemoView, NewChange, Page,
    PageRequest, PageStart, RefreshToken, SecretDigest, Session, SessionId, SortDirection, SortField, Store,
    StoreError, UnitOfWork, User, UserId,
};
use tokio::{task::JoinSet, time::timeout};

use crate::{pause, samples::user};

pub(crate) async fn begin(store: &dyn Store, access: Access) -> Box<dyn UnitOfWork> {
    store.begin(access).await.expect("a unit of work begins")
}

pub(crate) async fn commit(uow: Box<dyn UnitOfWork>) {
    uow.commit().await.expect("the unit of work commits");
}

/// Runs `work` in a new unit of work that is then dropped, and returns its result.
pub(crate) async fn read<T>(
    store: &dyn Store,
    access: Access,
    work: impl AsyncFnOnce(&mut dyn UnitOfWork) -> Result<T, StoreError>,
) -> T {
    let mut uow = begin(store, access).await;
    work(&mut *uow).await.expect("the store is read")
}

/// Runs `work` in a unit of work that writes, commits it, and returns the result.
pub(crate) async fn try_write<T>(
    store: &dyn Store,
    work: impl AsyncFnOnce(&mut dyn UnitOfWork) -> Result<T, StoreError>,
) -> Result<T, StoreError> {
    let mut uow = store.begin(Access::Write).await?;
    let done = work(&mut *uow).await?;
    committed(uow, done).await
}

/// Lets other tasks run, commits, and returns `done`. Usable within spawned tasks, unlike [`try_write`]: the compiler
/// cannot prove that such an async closure is `Send`.
pub(crate) async fn committed<T>(uow: Box<dyn UnitOfWork>, done: T) -> Result<T, StoreError> {
    let_others_run().await;
    uow.commit().await?;
    Ok(done)
}

/// Like [`try_write`], but must not fail.
pub(crate) async fn write<T>(
    store: &dyn Store,
    work: impl AsyncFnOnce(&mut dyn UnitOfWork) -> Result<T, StoreError>,
) -> T {
    try_write(store, work).await.expect("the unit of work commits")
}

/// Runs `work` in a unit of work that writes and is then dropped without a commit.
pub(crate) async fn dropped<T>(
    store: &dyn Store,
    work: impl AsyncFnOnce(&mut dyn UnitOfWork) -> Result<T, StoreError>,
) -> T {
    let mut uow = begin(store, Access::Write).await;
    work(&mut *uow).await.expect("the unit of work writes")
}

/// Inserts users.
pub(crate) async fn add_users(store: &dyn Store, users: &[User]) {
    let mut uow = begin(store, Access::Write).await;
    for user in users {
        uow.users().insert(user).await.expect("the user is added");
    }
    commit(uow).await;
}

/// Inserts a plain user.
pub(crate) async fn add_user(store: &dyn Store, n: u32) -> UserId {
    add_users(store, &[user(n)]).await;
    user(n).id
}

/// Inserts memos.
pub(crate) async fn add_memos(store: &dyn Store, memos: &[Memo]) {
    let mut uow = begin(store, Access::Write).await;
    for memo in memos {
        let added = uow.memos().insert(memo, &memo.search_text()).await.expect("the memo is added");
        assert_eq!(&added.memo, memo, "`insert` returns the view of the memo");
    }
    commit(uow).await;
}

/// Inserts a session.
pub(crate) async fn add_session(store: &dyn Store, session: &Session) {
    let mut uow = begin(store, Access::Write).await;
    uow.sessions().insert(session).await.expect("the session is added");
    commit(uow).await;
}

/// Inserts a refresh token.
pub(crate) async fn add_refresh_token(store: &dyn Store, token: &RefreshToken) {
    let mut uow = begin(store, Access::Write).await;
    uow.refresh_tokens().insert(token).await.expect("the token is added");
    commit(uow).await;
}

pub(crate) async fn find_user(store: &dyn Store, id: UserId) -> Option<User> {
    begin(store, Access::Read).await.users().lookup(id).await.expect("users are read")
}

pub(crate) async fn find_memo(store: &dyn Store, id: MemoId) -> Option<Memo> {
    let view = begin(store, Access::Read).await.memos().lookup(id).await.expect("memos are read");
    view.map(|view| view.memo)
}

pub(crate) async fn find_session(store: &dyn Store, id: SessionId) -> Option<Session> {
    begin(store, Access::Read).await.sessions().lookup(id).await.expect("sessions are read")
}

pub(crate) async fn find_refresh_token(store: &dyn Store, digest: SecretDigest) -> Option<RefreshToken> {
    begin(store, Access::Read).await.refresh_tokens().lookup(&digest).await.expect("tokens are read")
}

pub(crate) async fn count(store: &dyn Store, filter: &MemoFilter) -> u64 {
    begin(store, Access::Read).await.memos().count(filter).await.expect("memos are counted")
}

/// Appends to the change feed of a user.
pub(crate) async fn append(store: &dyn Store, owner: UserId, changes: &[NewChange]) {
    let mut uow = begin(store, Access::Write).await;
    uow.changes().append(owner, changes).await.expect("changes are appended");
    commit(uow).await;
}

/// The greatest sequence number in the feed of a user.
pub(crate) async fn last_change(store: &dyn Store, owner: UserId) -> u64 {
    begin(store, Access::Read).await.changes().last_seq(owner).await.expect("changes are read")
}

/// The whole feed of a user.
pub(crate) async fn feed(store: &dyn Store, owner: UserId) -> Vec<Change> {
    let mut uow = begin(store, Access::Snapshot).await;
    let limit = Limit::new(Limit::MAX as u64).expect("a valid limit");
    let mut all: Vec<Change> = Vec::new();
    loop {
        let since = all.last().map_or(0, |change| change.seq);
        let more = uow.changes().list(owner, since, limit).await.expect("changes are read");
        assert!(more.iter().all(|change| change.seq > since), "only changes after {since}");
        let ended = more.len() < Limit::MAX;
        all.extend(more);
        if ended {
            return all;
        }
    }
}

/// A page of a list.
pub(crate) async fn page(
    store: &dyn Store,
    filter: &MemoFilter,
    sort: MemoSort,
    limit: u64,
    start: PageStart<MemoCursor>,
) -> Page<MemoView, MemoCursor> {
    let request = PageRequest { limit: Limit::new(limit).expect("a valid limit"), start };
    begin(store, Access::Read).await.memos().list(filter, sort, &request).await.expect("memos are listed")
}

/// A whole list of at most 100 memos.
pub(crate) async fn list(store: &dyn Store, filter: &MemoFilter, sort: MemoSort) -> Vec<Memo> {
    let page = page(store, filter, sort, 100, PageStart::Offset(0)).await;
    assert_eq!(page.next, None, "one page holds the whole list");
    page.items.into_iter().map(|view| view.memo).collect()
}

/// The default order: last changed first.
pub(crate) const BY_CHANGE: MemoSort = MemoSort { field: SortField::UpdatedAt, direction: SortDirection::Descending };

/// The cursor of a memo in a list with this filter.
pub(crate) fn cursor_in(filter: &MemoFilter, memo: &Memo, sort: MemoSort) -> MemoCursor {
    let score = filter.search.as_ref().map_or(0, |query| query.relevance(&memo.search_text()));
    sort.cursor(memo, score)
}

/// The cursor of a memo in a list of its owner without a search.
pub(crate) fn cursor_of(memo: &Memo, sort: MemoSort) -> MemoCursor {
    cursor_in(&MemoFilter::of(memo.owner_id), memo, sort)
}

/// Sorts memos as a list must.
pub(crate) fn in_order(mut memos: Vec<Memo>, sort: MemoSort) -> Vec<Memo> {
    memos.sort_by_key(|memo| cursor_of(memo, sort));
    if sort.direction == SortDirection::Descending {
        memos.reverse();
    }
    memos
}

/// Requests pages of every size and start, by offset and by cursor, and compares them with the whole list.
pub(crate) async fn assert_pages<T: PartialEq + Debug, C: Clone + PartialEq + Debug>(
    expected: &[T],
    cursor: impl Fn(&T) -> C,
    ask: impl AsyncFn(PageRequest<C>) -> Page<T, C>,
) {
    for limit in [1, 2, 7, Limit::MAX] {
        let part = |start| PageRequest { limit: Limit::new(limit as u64).expect("a valid limit"), start };
        for from in 0..expected.len() + 2 {
            let rest = &expected[from.min(expected.len())..];
            let (items, more) = rest.split_at(limit.min(rest.len()));
            let next = items.last().filter(|_| !more.is_empty()).map(&cursor);
            let page = ask(part(PageStart::Offset(from as u64))).await;
            assert_eq!((&*page.items, page.next.as_ref()), (items, next.as_ref()), "{limit} from {from}");
            if let Some(last) = from.checked_sub(1).and_then(|last| expected.get(last)) {
                let page = ask(part(PageStart::After(cursor(last)))).await;
                assert_eq!((&*page.items, page.next.as_ref()), (items, next.as_ref()), "{limit} after {last:?}");
            }
        }
        assert_eq!(ask(part(PageStart::Offset(u64::MAX))).await.items, []);
    }
}

/// The ids of memos, for short failure messages.
pub(crate) fn ids<'a>(memos: impl IntoIterator<Item = &'a Memo>) -> Vec<MemoId> {
    memos.into_iter().map(|memo| memo.id).collect()
}

pub(crate) fn assert_conflict<T: Debug>(result: Result<T, StoreError>, expected: Conflict) {
    match result {
        Err(StoreError::Conflict { what }) => assert_eq!(what, expected),
        other => panic!("expected a conflict of {expected:?}, got {other:?}"),
    }
}

pub(crate) fn assert_stale<T: Debug>(result: Result<T, StoreError>) {
    match result {
        Err(StoreError::Stale) => {}
        other => panic!("expected a stale version, got {other:?}"),
    }
}

/// Repeats a unit of work as long as it fails with a retryable error.
pub(crate) async fn retry<T, F>(mut work: impl FnMut() -> F) -> Result<T, StoreError>
where
    F: Future<Output = Result<T, StoreError>>,
{
    loop {
        match work().await {
            Err(error) if error.is_retryable() => let_others_run().await,
            result => return result,
        }
    }
}

/// Yields, to widen a race: a store that never waits would otherwise end one unit of work before the next one begins.
pub(crate) async fn let_others_run() {
    tokio::task::yield_now().await;
}

/// Runs `number` units of work concurrently, retries each as long as that may help, and returns the results.
pub(crate) async fn concurrently<T, F>(
    store: &Arc<dyn Store>,
    number: u32,
    work: impl Fn(Arc<dyn Store>, u32) -> F + Clone + Send + Sync + 'static,
) -> Vec<Result<T, StoreError>>
where
    T: Send + 'static,
    F: Future<Output = Result<T, StoreError>> + Send,
{
    let mut tasks = JoinSet::new();
    for n in 0..number {
        let (store, work) = (Arc::clone(store), work.clone());
        tasks.spawn(async move { retry(|| work(Arc::clone(&store), n)).await });
    }
    tasks.join_all().await
}

/// Asserts that a change by another unit of work does not take effect before `uow` has committed.
pub(crate) async fn commit_before<F>(
    uow: Box<dyn UnitOfWork>,
    store: &Arc<dyn Store>,
    mut change: impl FnMut(Arc<dyn Store>) -> F + Send + 'static,
) where
    F: Future<Output = Result<(), StoreError>> + Send,
{
    let store = Arc::clone(store);
    let ended = Arc::new(AtomicBool::new(false));
    let task = tokio::spawn({
        let ended = Arc::clone(&ended);
        async move {
            retry(|| change(Arc::clone(&store))).await.expect("the other unit of work succeeds eventually");
            ended.load(Ordering::SeqCst)
        }
    });
    pause(Duration::from_millis(100)).await;
    // Set before the commit, as the other unit of work may finish before `commit` returns.
    ended.store(true, Ordering::SeqCst);
    commit(uow).await;
    assert!(task.await.expect("the task completes"), "the change took effect while the unit of work was open");
}

/// The result of work that must not wait for a unit of work that is still open.
pub(crate) async fn without_waiting<T>(work: impl Future<Output = T>) -> T {
    timeout(Duration::from_secs(20), work).await.expect("no waiting for the open unit of work")
}
