//! What happens to one memo inside a unit of work; a use case is one step, a batch is many.

use memo_domain::{
    Access, ChangeKind, Conflict, InvalidValue, Memo, MemoId, MemoState, MemoView, NewChange, Store, StoreError, Tag,
    TagCount, Tags, Timestamp, UnitOfWork, UserId, Version,
};

use super::change::{MemoChange, Precondition};
use crate::{Error, Resource, UnauthenticatedReason};

/// How many changes are appended at once. A tag may be renamed in thousands of memos, and a store makes one statement of these.
const APPENDED_AT_ONCE: usize = 100;

/// A unit of work in which a member changes memos of theirs.
pub struct Step {
    unit: Box<dyn UnitOfWork>,
    owner: UserId,
    now: Timestamp,
    /// What has happened so far. Appended at the end: from then on nobody else can append to the member's feed.
    changes: Vec<NewChange>,
}

impl Step {
    pub async fn new(store: &dyn Store, owner: UserId, now: Timestamp) -> Result<Self, Error> {
        Ok(Self { unit: store.begin(Access::Write).await?, owner, now, changes: Vec::new() })
    }

    pub async fn insert(&mut self, memo: &Memo) -> Result<MemoView, Error> {
        let view = self.unit.memos().insert(memo).await.map_err(of_write)?;
        self.record(memo, ChangeKind::Created);
        Ok(view)
    }

    /// The memo with this id, whoever owns it.
    pub async fn lookup(&mut self, id: MemoId) -> Result<Option<Memo>, Error> {
        Ok(self.unit.memos().lookup(id).await?.map(|view| view.memo))
    }

    /// Replaces a memo that was in this version.
    pub async fn update(&mut self, memo: &Memo, from: Version, kind: ChangeKind) -> Result<(), Error> {
        self.unit.memos().update(memo, from).await?;
        self.record(memo, kind);
        Ok(())
    }

    pub async fn change(
        &mut self,
        id: MemoId,
        precondition: &Precondition,
        change: &MemoChange,
    ) -> Result<MemoView, Error> {
        let changed = |state: &MemoState| {
            let mut state = state.clone();
            change.clone().apply(&mut state);
            state
        };
        self.rewrite(id, precondition, changed).await
    }

    pub async fn rewrite(
        &mut self,
        id: MemoId,
        precondition: &Precondition,
        rewritten: impl Fn(&MemoState) -> MemoState,
    ) -> Result<MemoView, Error> {
        let mut view = self.owned(id).await?;
        let memo = &mut view.memo;
        if memo.is_trashed() {
            return Err(Error::MemoTrashed);
        }
        let state = rewritten(&memo.state);
        check_reminder(state.remind_at, memo.state.remind_at, self.now)?;
        // Last, as RFC 9110, section 13.2.1, wants it: a request that fails anyway fails for its own reason.
        precondition.check(memo)?;
        let from = memo.version;
        memo.rewrite(state, self.now);
        self.update(&view.memo, from, ChangeKind::Updated).await?;
        Ok(view)
    }

    pub async fn trash(&mut self, id: MemoId, precondition: &Precondition) -> Result<(), Error> {
        let mut memo = self.owned(id).await?.memo;
        if memo.is_trashed() {
            return Ok(());
        }
        precondition.check(&memo)?;
        let from = memo.version;
        memo.trash(self.now);
        self.update(&memo, from, ChangeKind::Trashed).await
    }

    pub async fn remove(&mut self, id: MemoId, precondition: &Precondition) -> Result<(), Error> {
        let memo = self.owned(id).await?.memo;
        precondition.check(&memo)?;
        self.unit.memos().remove(id, memo.version).await?;
        self.record(&memo, ChangeKind::Deleted);
        Ok(())
    }

    pub async fn restore(&mut self, id: MemoId) -> Result<MemoView, Error> {
        let mut view = self.owned(id).await?;
        if view.memo.is_trashed() {
            let from = view.memo.version;
            view.memo.restore(self.now);
            self.update(&view.memo, from, ChangeKind::Restored).await?;
        }
        Ok(view)
    }

    /// Gives other tags to all memos that have one and are not in the trash, in the order of their ids. Those whose tags
    /// stay as they are stay themselves.
    pub async fn retag(&mut self, tag: &Tag, retagged: impl Fn(&Tags) -> Tags) -> Result<(), Error> {
        let mut any = false;
        for id in self.unit.memos().find_by_tag(self.owner, tag).await? {
            // One by one, since a store locks what is looked up to be changed: until then others may do anything to it.
            let Some(MemoView { mut memo, .. }) = self.unit.memos().lookup(id).await? else { continue };
            if memo.is_trashed() || !memo.state.tags.contains(tag) {
                continue;
            }
            any = true;
            let tags = retagged(&memo.state.tags);
            if tags == memo.state.tags {
                continue;
            }
            let from = memo.version;
            memo.rewrite(MemoState { tags, ..memo.state.clone() }, self.now);
            self.update(&memo, from, ChangeKind::Updated).await?;
        }
        if any { Ok(()) } else { Err(Error::NotFound(Resource::Tag)) }
    }

    /// The tags of the member as they are by now.
    pub async fn tags(&mut self) -> Result<Vec<TagCount>, Error> {
        Ok(self.unit.memos().list_tags(self.owner).await?)
    }

    pub async fn commit(mut self) -> Result<(), Error> {
        for some in self.changes.chunks(APPENDED_AT_ONCE) {
            self.unit.changes().append(self.owner, some).await.map_err(of_write)?;
        }
        self.unit.commit().await.map_err(of_write)
    }

    /// The memo, where it belongs to the member. Another's public one is known to exist, so refusing it tells nothing new.
    async fn owned(&mut self, id: MemoId) -> Result<MemoView, Error> {
        let view = visible(self.unit.memos().lookup(id).await?, self.owner)?;
        if view.memo.owner_id == self.owner { Ok(view) } else { Err(Error::NotOwner) }
    }

    fn record(&mut self, memo: &Memo, kind: ChangeKind) {
        self.changes.push(NewChange::of(memo, kind, self.now));
    }
}

fn of_write(error: StoreError) -> Error {
    match error {
        // They have gone since they signed in.
        StoreError::Conflict { what: Conflict::Parent } => Error::Unauthenticated(UnauthenticatedReason::SessionEnded),
        error => error.into(),
    }
}

/// The memo, where the viewer may read it.
pub fn visible(view: Option<MemoView>, viewer: UserId) -> Result<MemoView, Error> {
    view.filter(|view| view.memo.is_visible_to(viewer)).ok_or(Error::NotFound(Resource::Memo))
}

/// A new or changed reminder lies in the future.
pub fn check_reminder(new: Option<Timestamp>, old: Option<Timestamp>, now: Timestamp) -> Result<(), Error> {
    match new {
        Some(time) if new != old && time <= now => {
            Err(Error::Invalid { member: "remind_at", reason: InvalidValue::NotInFuture })
        }
        _ => Ok(()),
    }
}
