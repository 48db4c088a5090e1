use std::sync::Arc;

use memo_domain::{
    Access, Change, ChangeKind, Conflict, Limit, Memo, MemoFilter, NewChange, PageRequest, RefreshToken, SearchQuery,
    Session, Store, UnitOfWork, User, Version,
};
use tokio::sync::oneshot;

use crate::{
    samples::{at, content, display_name, full_memo, full_session, memo, refresh_token, session, tag, user},
    steps::{
        BY_CHANGE, add_memos, add_refresh_token, add_session, add_user, assert_conflict, begin, commit, count,
        find_memo, find_refresh_token, find_session, find_user, unhindered,
    },
};

/// One entity of each repository.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Everything {
    user: User,
    session: Session,
    token: RefreshToken,
    memo: Memo,
    changes: Vec<Change>,
}

impl Everything {
    fn new(n: u8) -> Self {
        let user = user(n.into());
        let session = session(n.into(), user.id);
        let token = refresh_token(n, session.id);
        let memo = memo(n.into(), user.id);
        let changes = vec![Change::new(1, NewChange::of(&memo, ChangeKind::Created, at(0)))];
        Self { user, session, token, memo, changes }
    }

    /// The same entities, each changed.
    fn changed(&self) -> Self {
        let mut user = self.user.clone();
        user.display_name = display_name("Changed");
        user.touch(at(1));
        let memo = Memo { version: Version::new(2), deleted_at: None, ..self.memo_changed() };
        let updated = Change::new(2, NewChange::of(&memo, ChangeKind::Updated, at(1)));
        Self {
            session: full_session(self.token.digest.as_bytes()[5].into(), user.id, "changed"),
            token: RefreshToken { used_at: Some(at(1)), ..self.token.clone() },
            memo,
            changes: self.changes.iter().copied().chain([updated]).collect(),
            user,
        }
    }

    fn memo_changed(&self) -> Memo {
        Memo { id: self.memo.id, ..full_memo(0, self.user.id) }
    }

    async fn insert(&self, uow: &mut dyn UnitOfWork) {
        uow.users().insert(&self.user).await.expect("the member is added");
        uow.sessions().insert(&self.session).await.expect("the sign-in is added");
        uow.refresh_tokens().insert(&self.token).await.expect("the token is added");
        uow.memos().insert(&self.memo).await.expect("the memo is added");
        self.append_change(uow).await;
    }

    /// The last of the changes.
    async fn append_change(&self, uow: &mut dyn UnitOfWork) {
        let Change { seq: _, kind, memo_id, version, at } = *self.changes.last().expect("a change");
        let change = NewChange { kind, memo_id, version, at };
        uow.changes().append(self.user.id, &[change]).await.expect("the change is appended");
    }

    /// Replaces what was inserted.
    async fn update(&self, uow: &mut dyn UnitOfWork) {
        uow.users().update(&self.user, Version::FIRST).await.expect("the member is changed");
        uow.sessions().update(&self.session).await.expect("the sign-in is changed");
        assert!(uow.refresh_tokens().claim(&self.token.digest, at(1)).await.expect("a claim"));
        uow.memos().update(&self.memo, Version::FIRST).await.expect("the memo is changed");
        self.append_change(uow).await;
    }

    /// What a unit of work sees of it: all, or `None` where it sees nothing.
    async fn seen(&self, uow: &mut dyn UnitOfWork) -> Option<Self> {
        let user = uow.users().lookup(self.user.id).await.expect("members are read");
        let by_email = uow.users().find_by_email(&self.user.email).await.expect("members are read");
        assert_eq!(user, by_email);
        let session = uow.sessions().lookup(self.session.id).await.expect("sign-ins are read");
        let token = uow.refresh_tokens().lookup(&self.token.digest).await.expect("tokens are read");
        let view = uow.memos().lookup(self.memo.id).await.expect("memos are read");
        let list = uow.memos().list(&MemoFilter::of(self.user.id), BY_CHANGE, &PageRequest::default()).await;
        let count = uow.memos().count(&MemoFilter::of(self.user.id)).await.expect("memos are counted");
        assert_eq!(list.expect("memos are listed").items, Vec::from_iter(view.clone()));
        assert_eq!(count, u64::from(view.is_some()));
        let changes = uow.changes().list(self.user.id, 0, Limit::default()).await.expect("changes are read");
        let greatest = uow.changes().last(self.user.id).await.expect("changes are read");
        assert_eq!(greatest, changes.len() as u64);
        match (user, session, token, view, changes) {
            (Some(user), Some(session), Some(token), Some(view), changes) if !changes.is_empty() => {
                Some(Self { user, session, token, memo: view.memo, changes })
            }
            (None, None, None, None, changes) if changes.is_empty() => None,
            parts => panic!("one part is seen without another: {parts:?}"),
        }
    }

    async fn seen_anew(&self, store: &dyn Store, access: Access) -> Option<Self> {
        let mut uow = begin(store, access).await;
        let seen = self.seen(&mut *uow).await;
        // A unit of work need not find what it wrote itself, so this is asked of one that wrote nothing.
        let title = seen.as_ref().map(|seen| &seen.memo.state.title);
        for memo in [self.memo.clone(), self.memo_changed()] {
            let found = uow.memos().count(&search_for(&memo)).await.expect("memos are counted");
            assert_eq!(found, u64::from(title == Some(&memo.state.title)), "a search sees the same state");
        }
        seen
    }

    async fn add(store: &dyn Store, n: u8) -> Self {
        let everything = Self::new(n);
        let mut uow = begin(store, Access::Write).await;
        everything.insert(&mut *uow).await;
        commit(uow).await;
        everything
    }
}

/// Everything of the owner that has the title of this memo.
fn search_for(memo: &Memo) -> MemoFilter {
    let query = SearchQuery::parse(&format!("\"{}\"", memo.state.title.as_str())).expect("a short query");
    MemoFilter { search: query, ..MemoFilter::of(memo.owner_id) }
}

const ALL: [Access; 3] = [Access::Read, Access::Snapshot, Access::Write];

pub(crate) async fn an_open_store_passes_its_check(store: Arc<dyn Store>) {
    store.check().await.expect("the store is in order");
}

pub(crate) async fn what_was_committed_is_seen(store: Arc<dyn Store>) {
    // Often, since a store that shows it late may show it in time by chance.
    for n in 0..20 {
        let kept = Everything::add(&*store, n).await;
        let access = ALL[usize::from(n) % 3];
        assert_eq!(kept.seen_anew(&*store, access).await.as_ref(), Some(&kept), "{access:?}");
        let changed = kept.changed();
        let mut uow = begin(&*store, Access::Write).await;
        changed.update(&mut *uow).await;
        commit(uow).await;
        assert_eq!(kept.seen_anew(&*store, access).await, Some(changed), "{access:?}");
    }
    // A unit of work that wrote nothing commits too.
    for access in ALL {
        commit(begin(&*store, access).await).await;
    }
}

pub(crate) async fn a_dropped_unit_of_work_leaves_nothing(store: Arc<dyn Store>) {
    let kept = Everything::add(&*store, 0).await;
    let new = Everything::new(1);
    let removed = memo(2, kept.user.id);
    let mut uow = begin(&*store, Access::Write).await;
    new.insert(&mut *uow).await;
    kept.changed().update(&mut *uow).await;
    assert_eq!(new.seen(&mut *uow).await.as_ref(), Some(&new));
    drop(uow);
    for access in ALL {
        assert_eq!(new.seen_anew(&*store, access).await, None, "{access:?}");
        assert_eq!(kept.seen_anew(&*store, access).await.as_ref(), Some(&kept), "{access:?}");
    }

    // A removal is undone as well, and the next writer finds the store free.
    add_memos(&*store, std::slice::from_ref(&removed)).await;
    let mut uow = begin(&*store, Access::Write).await;
    uow.memos().remove(removed.id, removed.version).await.expect("the memo is removed");
    drop(uow);
    assert_eq!(find_memo(&*store, removed.id).await, Some(removed));
    let added = Everything::add(&*store, 1).await;
    assert_eq!(added.seen_anew(&*store, Access::Read).await, Some(new));
}

pub(crate) async fn a_failed_unit_of_work_leaves_nothing(store: Arc<dyn Store>) {
    let kept = Everything::add(&*store, 0).await;
    let new = Everything::new(1);
    for failure in [Conflict::Id, Conflict::Email, Conflict::Parent] {
        let mut uow = begin(&*store, Access::Write).await;
        new.insert(&mut *uow).await;
        let result = match failure {
            Conflict::Id => uow.memos().insert(&kept.memo).await.map(drop),
            Conflict::Email => uow.users().insert(&User { email: kept.user.email.clone(), ..user(2) }).await,
            Conflict::Parent => uow.memos().insert(&memo(2, user(3).id)).await.map(drop),
        };
        assert_conflict(result, failure);
        drop(uow);
        assert_eq!(new.seen_anew(&*store, Access::Read).await, None, "{failure:?}");
        assert_eq!(kept.seen_anew(&*store, Access::Read).await.as_ref(), Some(&kept), "{failure:?}");
    }
    let added = Everything::add(&*store, 1).await;
    assert_eq!(added.seen_anew(&*store, Access::Read).await, Some(new));
}

pub(crate) async fn a_cancelled_unit_of_work_leaves_nothing(store: Arc<dyn Store>) {
    let new = Everything::new(0);
    for _ in 0..5 {
        let (wrote, written) = oneshot::channel();
        let task = tokio::spawn({
            let (store, new) = (Arc::clone(&store), new.clone());
            async move {
                let mut uow = begin(&*store, Access::Write).await;
                new.insert(&mut *uow).await;
                wrote.send(()).expect("the case waits");
                std::future::pending::<()>().await;
                commit(uow).await;
            }
        });
        written.await.expect("the task wrote");
        // One more gives up while it waits for its turn, or right after it got it.
        let waiting = tokio::spawn({
            let store = Arc::clone(&store);
            async move { begin(&*store, Access::Write).await }
        });
        tokio::task::yield_now().await;
        waiting.abort();
        task.abort();
        assert!(task.await.is_err_and(|error| error.is_cancelled()));
        drop(waiting.await);
        assert_eq!(new.seen_anew(&*store, Access::Read).await, None);
    }
    unhindered(Everything::add(&*store, 0)).await;
}

pub(crate) async fn two_repositories_commit_together(store: Arc<dyn Store>) {
    let user_id = add_user(&*store, 0).await;
    let (session, memo) = (session(0, user_id), memo(0, user_id));
    let token = refresh_token(0, session.id);
    let mut renamed = user(0);
    renamed.display_name = display_name("Renamed");
    renamed.touch(at(1));

    let mut uow = begin(&*store, Access::Write).await;
    uow.memos().insert(&memo).await.expect("the memo is added");
    uow.sessions().insert(&session).await.expect("the sign-in is added");
    uow.users().update(&renamed, Version::FIRST).await.expect("the member is renamed");
    uow.refresh_tokens().insert(&token).await.expect("the token is added");
    commit(uow).await;
    assert_eq!(find_memo(&*store, memo.id).await, Some(memo));
    assert_eq!(find_session(&*store, session.id).await, Some(session));
    assert_eq!(find_user(&*store, user_id).await, Some(renamed));
    assert_eq!(find_refresh_token(&*store, token.digest).await, Some(token));
}

pub(crate) async fn what_is_not_committed_is_not_seen(store: Arc<dyn Store>) {
    let kept = Everything::add(&*store, 0).await;
    let (new, changed) = (Everything::new(1), kept.changed());
    let mut writer = begin(&*store, Access::Write).await;
    new.insert(&mut *writer).await;
    changed.update(&mut *writer).await;
    for access in [Access::Read, Access::Snapshot] {
        assert_eq!(unhindered(new.seen_anew(&*store, access)).await, None, "{access:?}");
        assert_eq!(unhindered(kept.seen_anew(&*store, access)).await.as_ref(), Some(&kept), "{access:?}");
    }
    commit(writer).await;
    for access in ALL {
        assert_eq!(new.seen_anew(&*store, access).await.as_ref(), Some(&new), "{access:?}");
        assert_eq!(kept.seen_anew(&*store, access).await.as_ref(), Some(&changed), "{access:?}");
    }
}

pub(crate) async fn a_unit_of_work_sees_its_own_writes(store: Arc<dyn Store>) {
    let new = Everything::new(0);
    let changed = new.changed();
    let mut uow = begin(&*store, Access::Write).await;
    assert_eq!(new.seen(&mut *uow).await, None);
    new.insert(&mut *uow).await;
    assert_eq!(new.seen(&mut *uow).await.as_ref(), Some(&new));
    changed.update(&mut *uow).await;
    assert_eq!(new.seen(&mut *uow).await.as_ref(), Some(&changed));

    let tagged = MemoFilter { tags: vec![tag("WORK")], pinned: Some(true), ..MemoFilter::of(new.user.id) };
    assert_eq!(uow.memos().count(&tagged).await.expect("memos are counted"), 1);
    uow.memos().remove(new.memo.id, Version::new(2)).await.expect("the memo is removed");
    assert_eq!(uow.memos().lookup(new.memo.id).await.expect("memos are read"), None);
    assert_eq!(uow.memos().count(&tagged).await.expect("memos are counted"), 0);
    commit(uow).await;
    assert_eq!(count(&*store, &tagged).await, 0);
}

pub(crate) async fn a_snapshot_sees_one_state(store: Arc<dyn Store>) {
    let kept = Everything::new(0);
    add_user(&*store, 0).await;
    add_session(&*store, &kept.session).await;
    add_refresh_token(&*store, &kept.token).await;
    add_memos(&*store, std::slice::from_ref(&kept.memo)).await;
    let mut uow = begin(&*store, Access::Write).await;
    kept.append_change(&mut *uow).await;
    commit(uow).await;
    let other = user(1);

    // The first read is of one repository alone: the moment holds for the others too.
    let mut snapshot = begin(&*store, Access::Snapshot).await;
    assert_eq!(snapshot.users().lookup(kept.user.id).await.expect("members are read").as_ref(), Some(&kept.user));
    let changed = kept.changed();
    let mut more = memo(5, kept.user.id);
    more.state.content = content("more");
    let commits = async {
        let mut writer = begin(&*store, Access::Write).await;
        changed.update(&mut *writer).await;
        commit(writer).await;
        let mut writer = begin(&*store, Access::Write).await;
        writer.users().insert(&other).await.expect("the member is added");
        writer.memos().insert(&more).await.expect("the memo is added");
        commit(writer).await;
    };
    unhindered(commits).await;
    for _ in 0..2 {
        assert_eq!(kept.seen(&mut *snapshot).await.as_ref(), Some(&kept));
        assert_eq!(snapshot.users().lookup(other.id).await.expect("members are read"), None);
        assert_eq!(snapshot.memos().lookup(more.id).await.expect("memos are read"), None);
        for (memo, number) in [(&kept.memo, 1), (&changed.memo, 0), (&more, 0)] {
            let found = snapshot.memos().count(&search_for(memo)).await.expect("memos are counted");
            assert_eq!(found, number, "a search is of the same moment");
        }
    }
    commit(snapshot).await;

    let mut uow = begin(&*store, Access::Snapshot).await;
    assert_eq!(uow.memos().count(&MemoFilter::of(kept.user.id)).await.expect("memos are counted"), 2);
    assert_eq!(uow.users().lookup(kept.user.id).await.expect("members are read"), Some(changed.user));
    assert_eq!(uow.users().lookup(other.id).await.expect("members are read"), Some(other));
}
