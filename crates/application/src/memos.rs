use std::sync::Arc;

use memo_domain::{
    Access, Clock, Conflict, Content, IdGenerator, InvalidValue, Memo, MemoCursor, MemoFilter, MemoId, MemoSort,
    MemoState, MemoView, Page, PageRequest, Store, StoreError, Tags, Timestamp, Title, UnitOfWork, UserId, Version,
    Visibility,
};

use crate::{Error, Resource, UnauthenticatedReason, unit::repeat};

/// What must be true of a memo before it is changed (RFC 9110, section 13.1.1).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Precondition {
    /// Nothing but that it exists.
    #[default]
    None,
    /// It is in one of these versions; where there are none, never.
    OneOf(Vec<Version>),
}

impl Precondition {
    fn check(&self, memo: &Memo) -> Result<(), Error> {
        match self {
            Self::OneOf(versions) if !versions.contains(&memo.version) => Err(Error::PreconditionFailed),
            Self::None | Self::OneOf(_) => Ok(()),
        }
    }
}

/// What changes in a memo; `None` leaves a value as it is.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct MemoChange {
    /// The new title.
    pub title: Option<Title>,
    /// The new text.
    pub content: Option<Content>,
    /// The new tags.
    pub tags: Option<Tags>,
    /// Whether it is pinned.
    pub pinned: Option<bool>,
    /// Whether it is archived.
    pub archived: Option<bool>,
    /// Who may read it.
    pub visibility: Option<Visibility>,
    /// The reminder.
    pub remind_at: ReminderChange,
}

/// What becomes of a reminder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ReminderChange {
    /// It stays.
    #[default]
    Keep,
    /// It is taken away.
    Clear,
    /// It is set.
    Set(Timestamp),
}

impl MemoChange {
    fn apply(self, state: &mut MemoState) {
        fn set<T>(place: &mut T, value: Option<T>) {
            if let Some(value) = value {
                *place = value;
            }
        }
        set(&mut state.title, self.title);
        set(&mut state.content, self.content);
        set(&mut state.tags, self.tags);
        set(&mut state.pinned, self.pinned);
        set(&mut state.archived, self.archived);
        set(&mut state.visibility, self.visibility);
        match self.remind_at {
            ReminderChange::Keep => {}
            ReminderChange::Clear => state.remind_at = None,
            ReminderChange::Set(time) => state.remind_at = Some(time),
        }
    }
}

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
        check_reminder(state.remind_at, None, now)?;
        // Read before the transaction of the write begins: a writer waits for all others.
        let owner_name = {
            let mut unit = self.store.begin(Access::Read).await?;
            let user = unit.users().lookup(owner).await?;
            user.ok_or(Error::Unauthenticated(UnauthenticatedReason::SessionEnded))?.display_name
        };
        let memo = Memo::create(MemoId::new(self.ids.next(now)), owner, state, now);
        let mut unit = self.store.begin(Access::Write).await?;
        unit.memos().insert(&memo).await.map_err(|error| match error {
            // They have gone since they were read.
            StoreError::Conflict { what: Conflict::Parent } => {
                Error::Unauthenticated(UnauthenticatedReason::SessionEnded)
            }
            error => error.into(),
        })?;
        unit.commit().await?;
        Ok(MemoView { memo, owner_name })
    }

    /// A memo that the viewer may read.
    ///
    /// # Errors
    /// [`Error::NotFound`] where there is none.
    pub async fn get(&self, viewer: UserId, id: MemoId) -> Result<MemoView, Error> {
        let mut unit = self.store.begin(Access::Read).await?;
        visible(unit.memos().lookup(id).await?, viewer)
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
        let access = if with_total { Access::Snapshot } else { Access::Read };
        let mut unit = self.store.begin(access).await?;
        let page = unit.memos().list(filter, sort, page).await?;
        let total = if with_total { Some(unit.memos().count(filter).await?) } else { None };
        Ok(MemoList { page, total })
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
        self.rewrite(owner, id, precondition, |_| state.clone()).await
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
        let rewritten = |state: &MemoState| {
            let mut state = state.clone();
            change.clone().apply(&mut state);
            state
        };
        self.rewrite(owner, id, precondition, rewritten).await
    }

    /// Moves a memo to the trash; one that is there already is left alone, whatever the precondition says.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::NotOwner`] or [`Error::PreconditionFailed`].
    pub async fn trash(&self, owner: UserId, id: MemoId, precondition: &Precondition) -> Result<(), Error> {
        repeat(async || {
            let mut unit = self.store.begin(Access::Write).await?;
            let mut memo = owned(&mut *unit, owner, id).await?.memo;
            if memo.is_trashed() {
                // Also where nothing is written: what was read may be of another who has not committed to the disk yet.
                return Ok(unit.commit().await?);
            }
            precondition.check(&memo)?;
            let from = memo.version;
            memo.trash(self.clock.now());
            unit.memos().update(&memo, from).await?;
            Ok(unit.commit().await?)
        })
        .await
    }

    /// Removes a memo for good, from the trash or not.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::NotOwner`] or [`Error::PreconditionFailed`].
    pub async fn remove(&self, owner: UserId, id: MemoId, precondition: &Precondition) -> Result<(), Error> {
        repeat(async || {
            let mut unit = self.store.begin(Access::Write).await?;
            let memo = owned(&mut *unit, owner, id).await?.memo;
            precondition.check(&memo)?;
            unit.memos().remove(id, memo.version).await?;
            Ok(unit.commit().await?)
        })
        .await
    }

    /// Takes a memo out of the trash; one that is not there is left alone.
    ///
    /// # Errors
    /// [`Error::NotFound`] or [`Error::NotOwner`].
    pub async fn restore(&self, owner: UserId, id: MemoId) -> Result<MemoView, Error> {
        repeat(async || {
            let mut unit = self.store.begin(Access::Write).await?;
            let mut view = owned(&mut *unit, owner, id).await?;
            if !view.memo.is_trashed() {
                unit.commit().await?;
                return Ok(view);
            }
            let from = view.memo.version;
            view.memo.restore(self.clock.now());
            unit.memos().update(&view.memo, from).await?;
            unit.commit().await?;
            Ok(view)
        })
        .await
    }

    async fn rewrite(
        &self,
        owner: UserId,
        id: MemoId,
        precondition: &Precondition,
        rewritten: impl Fn(&MemoState) -> MemoState,
    ) -> Result<MemoView, Error> {
        repeat(async || {
            let now = self.clock.now();
            let mut unit = self.store.begin(Access::Write).await?;
            let mut view = owned(&mut *unit, owner, id).await?;
            let memo = &mut view.memo;
            if memo.is_trashed() {
                return Err(Error::MemoTrashed);
            }
            let state = rewritten(&memo.state);
            check_reminder(state.remind_at, memo.state.remind_at, now)?;
            // Last, as RFC 9110, section 13.2.1, wants it: a request that fails anyway fails for its own reason.
            precondition.check(memo)?;
            let from = memo.version;
            memo.rewrite(state, now);
            unit.memos().update(memo, from).await?;
            unit.commit().await?;
            Ok(view)
        })
        .await
    }
}

/// The memo, where the viewer may read it.
fn visible(view: Option<MemoView>, viewer: UserId) -> Result<MemoView, Error> {
    view.filter(|view| view.memo.is_visible_to(viewer)).ok_or(Error::NotFound(Resource::Memo))
}

/// The memo, where it belongs to the member. Another's public one is known to exist, so refusing it tells nothing new.
async fn owned(unit: &mut dyn UnitOfWork, owner: UserId, id: MemoId) -> Result<MemoView, Error> {
    let view = visible(unit.memos().lookup(id).await?, owner)?;
    if view.memo.owner_id == owner { Ok(view) } else { Err(Error::NotOwner) }
}

/// A new or changed reminder lies in the future.
fn check_reminder(new: Option<Timestamp>, old: Option<Timestamp>, now: Timestamp) -> Result<(), Error> {
    match new {
        Some(time) if new != old && time <= now => {
            Err(Error::Invalid { member: "remind_at", reason: InvalidValue::NotInFuture })
        }
        _ => Ok(()),
    }
}
