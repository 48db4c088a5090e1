//! Memos: create, read, list, change, remove.

mod author;
mod batch;
mod completion;
mod edit;
mod precondition;
mod revisions;
mod tags;

use std::sync::Arc;

use memo_domain::{
    Access, Conflict, Content, InvalidValue, Memo, MemoChange, MemoCursor, MemoFilter, MemoId, MemoSort, MemoState,
    MemoView, Page, PageRequest, Stamp, StoreError, Tags, Title, UserId, Version,
};

use crate::{Error, Once, Ports, Resource, TextAnalysis, UnauthenticatedReason, likes, transaction::Transaction};
pub use author::Author;
pub use batch::{BatchOperation, BatchOutcome};
pub use completion::{Completion, CompletionParts, CompletionTask, Completions};
use edit::PreparedText;
pub(crate) use edit::{Editor, owned, visible};
pub use precondition::Precondition;
pub use revisions::RevisionText;
pub(crate) use tags::Retagged;
pub use tags::{TagChange, TagChanged};

/// A page of memos, and the length of the whole list if that was asked for.
#[derive(Debug)]
pub struct MemoList {
    /// The page.
    pub page: Page<MemoView, MemoCursor>,
    /// The length of the whole list.
    pub total: Option<u64>,
}

/// The memos of users.
pub struct Memos {
    ports: Arc<Ports>,
}

impl Memos {
    #[must_use]
    pub const fn new(ports: Arc<Ports>) -> Self {
        Self { ports }
    }

    /// Creates a memo.
    ///
    /// # Errors
    /// [`Error::Invalid`] if the reminder is not in the future; [`Error::Unauthenticated`] if the user is gone.
    pub async fn create(
        &self,
        owner: UserId,
        state: MemoState,
        once: Option<&Once<'_, MemoView>>,
    ) -> Result<MemoView, Error> {
        let now = self.ports.now();
        edit::check_reminder(state.remind_at, None, now)?;
        let memo = Memo::create(MemoId::new(self.ports.id(now)), owner, state, now);
        let (memo, text) = self.analyzed(memo).await?;
        self.write_once(owner, once, async |editor| editor.insert(&memo, &text).await).await
    }

    /// Creates a memo of a text: its first heading or line is the title.
    ///
    /// # Errors
    /// [`Error::Invalid`] if no part of the text makes a title; [`Error::Unauthenticated`] if the user is gone.
    pub async fn capture(
        &self,
        owner: UserId,
        content: Content,
        tags: Tags,
        once: Option<&Once<'_, MemoView>>,
    ) -> Result<MemoView, Error> {
        let title = self.ports.texts.title(owner, &content).await?;
        let reason = InvalidValue::NoVisibleCharacter;
        let title = title.ok_or(Error::Invalid { field: "title", reason })?;
        self.create(owner, MemoState { tags, ..MemoState::new(title, content) }, once).await
    }

    /// Creates a memo with an id that the client has chosen.
    ///
    /// # Errors
    /// Like [`create`](Self::create); [`Error::InvalidId`]; [`Error::PreconditionFailed`] if there is a memo with this id, of
    /// any owner.
    pub async fn create_with_id(&self, owner: UserId, id: MemoId, state: MemoState) -> Result<MemoView, Error> {
        let now = self.ports.now();
        edit::check_reminder(state.remind_at, None, now)?;
        edit::check_id(id, now)?;
        let (memo, text) = self.analyzed(Memo::create(id, owner, state, now)).await?;
        self.write(owner, async |editor| editor.insert_absent(&memo, &text).await).await
    }

    /// Returns a memo that the viewer may read.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub async fn get(&self, viewer: UserId, id: MemoId) -> Result<MemoView, Error> {
        let transactions = self.ports.transactions.on_behalf_of(viewer);
        let read = transactions.read(async |unit| {
            let mut view = visible(unit.memos().lookup(id).await?, viewer)?;
            likes::mark(unit, viewer, [&mut view]).await?;
            Ok(view)
        });
        read.await
    }

    /// Returns a page of the memos that link to a memo, and that the viewer may read, newest first.
    ///
    /// # Errors
    /// [`Error::NotFound`] if the viewer may not read the memo.
    pub async fn backlinks(
        &self,
        viewer: UserId,
        id: MemoId,
        page: &PageRequest<MemoId>,
    ) -> Result<Page<MemoView, MemoId>, Error> {
        let transactions = self.ports.transactions.on_behalf_of(viewer);
        let work = transactions.read(async |unit| {
            let memo = visible(unit.memos().lookup(id).await?, viewer)?.memo;
            let mut found = unit.links().list_backlinks(&memo, viewer, page).await?;
            likes::mark(unit, viewer, &mut found.items).await?;
            Ok(found)
        });
        work.await
    }

    /// Returns a page of the memos that match the filter.
    ///
    /// # Errors
    /// Only those of the store.
    pub async fn list(
        &self,
        filter: &MemoFilter,
        sort: MemoSort,
        page: &PageRequest<MemoCursor>,
        with_total: bool,
    ) -> Result<MemoList, Error> {
        // Not every store can search a past state; the total of a search is that of a moment later.
        let access = if with_total && filter.search.is_none() { Access::Snapshot } else { Access::Read };
        let transactions = self.ports.transactions.on_behalf_of(filter.viewer);
        let work = transactions.read_with(access, async |unit| {
            let mut page = unit.memos().list(filter, sort, page).await?;
            likes::mark(unit, filter.viewer, &mut page.items).await?;
            let total = if with_total { Some(unit.memos().count(filter).await?) } else { None };
            Ok(MemoList { page, total })
        });
        work.await
    }

    /// Returns a stamp of the state of a user's own memos: while it is the same, [`list`](Self::list) returns the same memos.
    ///
    /// # Errors
    /// [`Error::Unauthenticated`] if the user is gone.
    pub async fn stamp(&self, owner: UserId) -> Result<Stamp, Error> {
        let stamp = self
            .ports
            .transactions
            .on_behalf_of(owner)
            .read(async |unit| Ok(unit.changes().lookup_stamp(owner).await?))
            .await?;
        stamp.ok_or(Error::Unauthenticated(UnauthenticatedReason::SessionEnded))
    }

    /// Replaces the whole state of a memo.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::NotOwner`], [`Error::MemoTrashed`], [`Error::PreconditionFailed`], or
    /// [`Error::Invalid`] if a changed reminder is not in the future.
    pub async fn replace(
        &self,
        author: impl Into<Author>,
        id: MemoId,
        state: MemoState,
        precondition: &Precondition,
    ) -> Result<MemoView, Error> {
        let author = author.into();
        let text = self.prepare(author.user_id, &state.title, &state.content).await?;
        self.write(author, async |editor| editor.rewrite(id, precondition, |_| state.clone(), Some(&text)).await).await
    }

    /// Changes some fields of a memo.
    ///
    /// # Errors
    /// Like [`replace`](Self::replace).
    pub async fn change(
        &self,
        author: impl Into<Author>,
        id: MemoId,
        change: MemoChange,
        precondition: &Precondition,
    ) -> Result<MemoView, Error> {
        let author = author.into();
        let prepare = async || self.prepare_change(author.user_id, id, &change, None).await;
        let write = async |text: &Option<PreparedText>| {
            self.write(author, async |editor| editor.change(id, precondition, &change, text.as_ref()).await).await
        };
        self.prepared(prepare, write).await
    }

    /// Ticks a checkbox of a memo, counted from 1, or unticks it.
    ///
    /// # Errors
    /// [`Error::NotFound`] without the memo or the checkbox, [`Error::NotOwner`], [`Error::MemoTrashed`];
    /// [`Error::PreconditionFailed`] if the memo has another version than the given one.
    pub async fn set_task(
        &self,
        author: impl Into<Author>,
        id: MemoId,
        number: u32,
        done: bool,
        if_version: Option<Version>,
    ) -> Result<MemoView, Error> {
        let author = author.into();
        let owner = author.user_id;
        let mut retries = self.ports.transactions.retries();
        loop {
            let memo = self.get(owner, id).await?.memo;
            if memo.owner_id != owner {
                return Err(Error::NotOwner);
            }
            if memo.is_trashed() {
                return Err(Error::MemoTrashed);
            }
            if if_version.is_some_and(|version| version != memo.version) {
                return Err(Error::PreconditionFailed);
            }
            let content = self.ports.texts.set_task(owner, &memo.state.content, number, done).await?;
            let content = content.ok_or(Error::NotFound(Resource::Task))?;
            let change = MemoChange { content: Some(content), ..MemoChange::default() };
            // In the version that was read, since the new content was made of its content.
            let result = self.change(author, id, change, &Precondition::OneOf(vec![memo.version])).await;
            if !matches!(result, Err(Error::PreconditionFailed)) || if_version.is_some() {
                return result;
            }
            // Another writer was faster, and may have moved the checkbox.
            if !retries.wait().await {
                return Err(Error::Overloaded { retry_after: edit::RETRY_AFTER });
            }
        }
    }

    /// Moves a memo to the trash. A memo in the trash is left as it is, whatever the precondition says.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::NotOwner`] or [`Error::PreconditionFailed`].
    pub async fn trash(&self, owner: UserId, id: MemoId, precondition: &Precondition) -> Result<(), Error> {
        self.write(owner, async |editor| editor.trash(id, precondition).await).await
    }

    /// Removes a memo for good, from the trash or not.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::NotOwner`] or [`Error::PreconditionFailed`].
    pub async fn remove(&self, owner: UserId, id: MemoId, precondition: &Precondition) -> Result<(), Error> {
        self.write(owner, async |editor| editor.remove(id, precondition).await).await
    }

    /// Takes a memo out of the trash. A memo that is not there is left as it is.
    ///
    /// # Errors
    /// [`Error::NotFound`] or [`Error::NotOwner`].
    pub async fn restore(&self, owner: UserId, id: MemoId) -> Result<MemoView, Error> {
        self.write(owner, async |editor| editor.restore(id).await).await
    }

    /// Analyzes the texts of a new memo.
    async fn analyzed(&self, mut memo: Memo) -> Result<(Memo, TextAnalysis), Error> {
        let MemoState { title, content, .. } = &memo.state;
        let text = self.ports.texts.analyze(memo.owner_id, title, content).await?;
        memo.facts = text.facts.clone();
        Ok((memo, text))
    }

    /// Analyzes texts that are about to be written.
    async fn prepare(&self, owner: UserId, title: &Title, content: &Content) -> Result<PreparedText, Error> {
        let analysis = self.ports.texts.analyze(owner, title, content).await?;
        Ok(PreparedText { title: title.clone(), content: content.clone(), analysis })
    }

    /// Like [`prepare`](Self::prepare), for a change of some fields: they keep the text that an earlier change of the same
    /// transaction was prepared for, or that is stored. `None` if it changes no text, or the owner has no such memo.
    async fn prepare_change(
        &self,
        owner: UserId,
        id: MemoId,
        change: &MemoChange,
        earlier: Option<&PreparedText>,
    ) -> Result<Option<PreparedText>, Error> {
        match (&change.title, &change.content) {
            (None, None) => return Ok(None),
            (Some(title), Some(content)) => return self.prepare(owner, title, content).await.map(Some),
            _ => {}
        }
        let mut state = match earlier {
            Some(text) => MemoState::new(text.title.clone(), text.content.clone()),
            None => match self.get(owner, id).await {
                Ok(view) if view.memo.owner_id == owner => view.memo.state,
                Ok(_) | Err(Error::NotFound(_)) => return Ok(None),
                Err(error) => return Err(error),
            },
        };
        change.clone().apply(&mut state);
        self.prepare(owner, &state.title, &state.content).await.map(Some)
    }

    /// Writes what was prepared outside of the transaction; prepares it again if another writer has changed a text meanwhile.
    async fn prepared<P, T>(
        &self,
        prepare: impl AsyncFn() -> Result<P, Error>,
        write: impl AsyncFn(&P) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let mut retries = self.ports.transactions.retries();
        loop {
            let result = write(&prepare().await?).await;
            // What another writer has changed may be read only after its commit.
            if !matches!(result, Err(Error::Overloaded { .. })) || !retries.wait().await {
                return result;
            }
        }
    }

    /// Changes memos of one owner in one transaction.
    async fn write<T>(
        &self,
        author: impl Into<Author>,
        mut work: impl AsyncFnMut(&mut Editor<'_>) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let author = author.into();
        let transactions = self.ports.transactions.on_behalf_of(author.user_id);
        let write = transactions.write(async |tx: &mut Transaction| {
            let mut editor = Editor::new(tx, author, self.ports.revisions);
            work(&mut editor).await
        });
        write.await.map_err(owner_gone)
    }

    /// Like [`write`](Self::write), for a request that may have an idempotency key.
    async fn write_once<T: Clone>(
        &self,
        author: impl Into<Author>,
        once: Option<&Once<'_, T>>,
        mut work: impl AsyncFnMut(&mut Editor<'_>) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let author = author.into();
        let transactions = self.ports.transactions.on_behalf_of(author.user_id);
        let write = transactions.write(async |tx: &mut Transaction| {
            let result = work(&mut Editor::new(tx, author, self.ports.revisions)).await?;
            tx.answer(once, &result).await?;
            Ok(result)
        });
        write.await.map_err(owner_gone)
    }
}

/// Without a parent row, the owner was removed after their request was authenticated.
pub(crate) fn owner_gone(error: Error) -> Error {
    match error {
        Error::Store(StoreError::Conflict { what: Conflict::Parent }) => {
            Error::Unauthenticated(UnauthenticatedReason::SessionEnded)
        }
        error => error,
    }
}
