//! What happens to one memo inside a unit of work; a use case is one step, a batch is many.

use memo_domain::{
    Access, ChangeKind, Conflict, InvalidValue, Memo, MemoId, MemoState, MemoView, NewChange, Store, StoreError,
    Timestamp, UnitOfWork, UserId,
};

use super::change::{MemoChange, Precondition};
use crate::{Error, Resource, UnauthenticatedReason};

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
        self.unit.memos().update(memo, from).await?;
        self.record(&view.memo, ChangeKind::Updated);
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
        self.unit.memos().update(&memo, from).await?;
        self.record(&memo, ChangeKind::Trashed);
        Ok(())
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
            self.unit.memos().update(&view.memo, from).await?;
            self.record(&view.memo, ChangeKind::Restored);
        }
        Ok(view)
    }

    pub async fn commit(mut self) -> Result<(), Error> {
        if !self.changes.is_empty() {
            self.unit.changes().append(self.owner, &self.changes).await.map_err(of_write)?;
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
