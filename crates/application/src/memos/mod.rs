//! Members keep memos.

mod batch;
mod change;
mod steps;
mod tags;

use std::sync::Arc;

use memo_domain::{
    Access, Clock, IdGenerator, Memo, MemoCursor, MemoFilter, MemoId, MemoSort, MemoState, MemoView, Page, PageRequest,
    Stamp, Store, UserId,
};

use crate::{Error, UnauthenticatedReason, unit::repeat};
pub use batch::{BatchOperation, BatchOutcome};
pub use change::{MemoChange, Precondition, ReminderChange};
pub(crate) use steps::Step;

/// A page of memos, and how many there are in all where that was asked for.
#[derive(Debug)]
pub struct MemoList {
    /// The page.
    pub page: Page<MemoView, MemoCursor>,
    /// The length of the whole list.
    pub total: Option<u64>,
}

/// Members keep memos.
pub struct Memos {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn IdGenerator>,
}

impl Memos {
    #[must_use]
    pub fn new(store: Arc<dyn Store>, clock: Arc<dyn Clock>, ids: Arc<dyn IdGenerator>) -> Self {
        Self { store, clock, ids }
    }

    /// Adds a memo.
    ///
    /// # Errors
    /// [`Error::Invalid`] where the reminder does not lie in the future; [`Error::Unauthenticated`] where the member is
    /// gone.
    pub async fn create(&self, owner: UserId, state: MemoState) -> Result<MemoView, Error> {
        let now = self.clock.now();
        steps::check_reminder(state.remind_at, None, now)?;
        let memo = Memo::create(MemoId::new(self.ids.next(now)), owner, state, now);
        self.write(owner, async |step| step.insert(&memo).await).await
    }

    /// A memo that the viewer may read.
    ///
    /// # Errors
    /// [`Error::NotFound`] where there is none.
    pub async fn get(&self, viewer: UserId, id: MemoId) -> Result<MemoView, Error> {
        let mut unit = self.store.begin(Access::Read).await?;
        steps::visible(unit.memos().lookup(id).await?, viewer)
    }

    /// A page of the memos that fit.
    ///
    /// # Errors
    /// Those of the store alone.
    pub async fn list(
        &self,
        filter: &MemoFilter,
        sort: MemoSort,
        page: &PageRequest<MemoCursor>,
        with_total: bool,
    ) -> Result<MemoList, Error> {
        // Not every store can look up a search in a state of the past; its total is that of a moment later.
        let access = if with_total && filter.search.is_none() { Access::Snapshot } else { Access::Read };
        let mut unit = self.store.begin(access).await?;
        let page = unit.memos().list(filter, sort, page).await?;
        let total = if with_total { Some(unit.memos().count(filter).await?) } else { None };
        Ok(MemoList { page, total })
    }

    /// What names the state of a member's own memos: while it is the same, [`list`](Self::list) gives them the same ones.
    ///
    /// # Errors
    /// [`Error::Unauthenticated`] where the member is gone.
    pub async fn stamp(&self, owner: UserId) -> Result<Stamp, Error> {
        let mut unit = self.store.begin(Access::Read).await?;
        unit.changes().lookup_stamp(owner).await?.ok_or(Error::Unauthenticated(UnauthenticatedReason::SessionEnded))
    }

    /// Replaces all that the owner writes.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::NotOwner`], [`Error::MemoTrashed`], [`Error::PreconditionFailed`], or
    /// [`Error::Invalid`] where a changed reminder does not lie in the future.
    pub async fn replace(
        &self,
        owner: UserId,
        id: MemoId,
        state: MemoState,
        precondition: &Precondition,
    ) -> Result<MemoView, Error> {
        self.write(owner, async |step| step.rewrite(id, precondition, |_| state.clone()).await).await
    }

    /// Changes what is named and leaves the rest.
    ///
    /// # Errors
    /// As [`replace`](Self::replace).
    pub async fn change(
        &self,
        owner: UserId,
        id: MemoId,
        change: MemoChange,
        precondition: &Precondition,
    ) -> Result<MemoView, Error> {
        self.write(owner, async |step| step.change(id, precondition, &change).await).await
    }

    /// Moves a memo to the trash; one that is there already is left alone, whatever the precondition says.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::NotOwner`] or [`Error::PreconditionFailed`].
    pub async fn trash(&self, owner: UserId, id: MemoId, precondition: &Precondition) -> Result<(), Error> {
        self.write(owner, async |step| step.trash(id, precondition).await).await
    }

    /// Removes a memo for good, from the trash or not.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::NotOwner`] or [`Error::PreconditionFailed`].
    pub async fn remove(&self, owner: UserId, id: MemoId, precondition: &Precondition) -> Result<(), Error> {
        self.write(owner, async |step| step.remove(id, precondition).await).await
    }

    /// Takes a memo out of the trash; one that is not there is left alone.
    ///
    /// # Errors
    /// [`Error::NotFound`] or [`Error::NotOwner`].
    pub async fn restore(&self, owner: UserId, id: MemoId) -> Result<MemoView, Error> {
        self.write(owner, async |step| step.restore(id).await).await
    }

    /// Runs steps in one unit of work, again where it lost a race.
    async fn write<T>(
        &self,
        owner: UserId,
        mut steps: impl AsyncFnMut(&mut Step) -> Result<T, Error>,
    ) -> Result<T, Error> {
        repeat(async || {
            let mut step = Step::new(&*self.store, owner, self.clock.now()).await?;
            let result = steps(&mut step).await?;
            // Also where nothing was written: what was read may be of another who has not committed to the disk yet.
            step.commit().await?;
            Ok(result)
        })
        .await
    }
}
