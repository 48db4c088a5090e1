//! What happens to one memo inside a transaction; a use case is one edit, a batch is many.

use std::{collections::HashSet, mem, time::Duration};

use memo_domain::{
    ChangeKind, ChangeOrigin, Conflict, Content, InvalidValue, LinkTarget, Memo, MemoChange, MemoId, MemoState,
    MemoView, NewChange, Revision, RevisionHead, Tag, Tags, Timestamp, Title, UnitOfWork, UserId, Version,
};

use super::{
    author::Author,
    precondition::Precondition,
    tags::{Retagged, TagChange},
};
use crate::{Error, Resource, TextAnalysis, jobs::reminder, likes, transaction::Transaction};

/// When to try again after others have changed a text again and again.
pub const RETRY_AFTER: Duration = Duration::from_secs(1);

/// The analysis of texts that are about to be written, computed before the transaction begins.
pub struct PreparedText {
    pub title: Title,
    pub content: Content,
    pub analysis: TextAnalysis,
}

/// Edits the memos of one owner in a transaction, and appends each change to their feed.
pub struct Editor<'t> {
    tx: &'t mut Transaction,
    owner: UserId,
    origin: ChangeOrigin,
    /// How many earlier texts of a memo are kept.
    revisions: u32,
    now: Timestamp,
    /// At least the number of distinct tags of the owner's memos, if they were counted.
    tag_count: Option<usize>,
    /// Keys of tags that were checked since the last change that may have removed one.
    checked_tags: HashSet<String>,
    /// New memos that are not inserted yet.
    new: Vec<NewMemo<'t>>,
}

struct NewMemo<'t> {
    memo: Memo,
    text: &'t TextAnalysis,
    revisions: &'t [Revision],
}

impl<'t> Editor<'t> {
    pub fn new(tx: &'t mut Transaction, author: Author, revisions: u32) -> Self {
        let (now, Author { user_id: owner, origin }) = (tx.now(), author);
        Self { tx, owner, origin, revisions, now, tag_count: None, checked_tags: HashSet::new(), new: Vec::new() }
    }

    pub const fn now(&self) -> Timestamp {
        self.now
    }

    /// Returns the id of a new memo.
    pub fn new_id(&self) -> MemoId {
        MemoId::new(self.tx.new_id())
    }

    /// Checks that a user whose memo gets these tags has not too many. `old` are the tags that the memo has already.
    async fn check_tags(&mut self, new: &Tags, old: &Tags) -> Result<(), Error> {
        let is_new = |tag: &&Tag| !old.contains(tag) && !self.checked_tags.contains(tag.key());
        let mut added: Vec<_> = new.iter().filter(is_new).cloned().collect();
        if added.is_empty() {
            return Ok(());
        }
        let keys: Vec<_> = added.iter().map(|tag| tag.key().to_owned()).collect();
        if self.tx.memos().has_tags(self.owner, &added).await? {
            self.checked_tags.extend(keys);
            return Ok(());
        }
        // What is counted must be stored.
        self.insert_new().await?;
        // Counted once, unless that is too many: the transaction may also have removed some.
        let known = match self.tag_count {
            Some(known) if known + added.len() <= Tags::MAX_PER_USER => known,
            _ => usize::try_from(self.tx.memos().count_tags(self.owner).await?).unwrap_or(usize::MAX),
        };
        if known.saturating_add(added.len()) > Tags::MAX_PER_USER {
            let mut absent = Vec::new();
            for tag in added {
                if !self.tx.memos().has_tags(self.owner, std::slice::from_ref(&tag)).await? {
                    absent.push(tag);
                }
            }
            added = absent;
        }
        let mut count = known.saturating_add(added.len());
        for tag in old.iter().filter(|tag| !new.contains(tag)) {
            if count <= Tags::MAX_PER_USER {
                break;
            }
            // It goes if only this memo has it.
            if self.tx.memos().find_by_tag(self.owner, tag, None, 2).await?.len() == 1 {
                self.checked_tags.remove(tag.key());
                count -= 1;
            }
        }
        if count > Tags::MAX_PER_USER {
            return Err(Error::TooManyTags);
        }
        self.tag_count = Some(count);
        self.checked_tags.extend(keys);
        Ok(())
    }

    pub async fn insert(&mut self, memo: &Memo, text: &TextAnalysis) -> Result<MemoView, Error> {
        if !memo.is_trashed() {
            self.check_tags(&memo.state.tags, &Tags::default()).await?;
        }
        // Again: it may have been in the future before its text was analyzed, or at an earlier attempt.
        check_reminder(memo.state.remind_at, None, self.tx.now())?;
        let view = self.tx.memos().insert(memo, &text.search).await?;
        self.insert_links(&targets(memo, text)).await?;
        reminder::schedule(self.tx, memo, false).await?;
        self.record(memo, ChangeKind::Created);
        Ok(view)
    }

    /// Inserts a memo whose id the client has chosen, unless there is one with this id.
    pub async fn insert_absent(&mut self, memo: &Memo, text: &TextAnalysis) -> Result<MemoView, Error> {
        // Of two that create it at once, the second one then finds it.
        self.tx.retry_on(Conflict::Id);
        if self.tx.memos().lookup(memo.id).await?.is_some() {
            return Err(Error::PreconditionFailed);
        }
        self.insert(memo, text).await
    }

    /// Inserts a memo with the next [`insert_new`](Self::insert_new), together with others, and the revisions that it had elsewhere.
    pub async fn insert_later(
        &mut self,
        memo: Memo,
        text: &'t TextAnalysis,
        revisions: &'t [Revision],
    ) -> Result<(), Error> {
        if !memo.is_trashed() {
            self.check_tags(&memo.state.tags, &Tags::default()).await?;
        }
        reminder::schedule(self.tx, &memo, false).await?;
        self.record(&memo, ChangeKind::Created);
        self.new.push(NewMemo { memo, text, revisions });
        Ok(())
    }

    /// Inserts the memos that wait for it.
    pub async fn insert_new(&mut self) -> Result<(), Error> {
        let new = mem::take(&mut self.new);
        let links: Vec<_> = new.iter().flat_map(|new| targets(&new.memo, new.text)).collect();
        if !new.is_empty() {
            let memos: Vec<_> = new.iter().map(|new| (&new.memo, &new.text.search)).collect();
            self.tx.memos().insert_all(&memos).await?;
        }
        for NewMemo { memo, revisions, .. } in &new {
            for revision in *revisions {
                let head = RevisionHead { memo_id: memo.id, ..revision.head.clone() };
                self.tx.revisions().insert(&Revision { head, delta: revision.delta.clone() }).await?;
            }
        }
        self.insert_links(&links).await
    }

    async fn insert_links(&mut self, links: &[(MemoId, LinkTarget)]) -> Result<(), Error> {
        if links.is_empty() { Ok(()) } else { Ok(self.tx.links().insert_all(links).await?) }
    }

    /// Looks up memos of any owner.
    pub async fn lookup_all(&mut self, ids: &[MemoId]) -> Result<Vec<Memo>, Error> {
        let found = self.tx.memos().lookup_all(ids).await?;
        Ok(found.into_iter().map(|view| view.memo).collect())
    }

    /// Looks up a memo of any owner.
    pub async fn lookup(&mut self, id: MemoId) -> Result<Option<Memo>, Error> {
        Ok(self.tx.memos().lookup(id).await?.map(|view| view.memo))
    }

    /// Replaces the state of a memo that is imported again. Without a `text` its texts are unchanged.
    pub async fn reimport(
        &mut self,
        memo: &Memo,
        old: &Memo,
        text: Option<&TextAnalysis>,
        kind: ChangeKind,
    ) -> Result<(), Error> {
        if !memo.is_trashed() {
            let tags = if old.is_trashed() { Tags::default() } else { old.state.tags.clone() };
            self.check_tags(&memo.state.tags, &tags).await?;
        }
        if memo.state.remind_at != old.state.remind_at || old.is_trashed() {
            reminder::schedule(self.tx, memo, old.state.remind_at.is_some()).await?;
        }
        self.update(memo, old.version, text, kind).await
    }

    /// Keeps the text of a memo that is about to be replaced by that of another state.
    pub async fn keep_revision(&mut self, memo: &Memo, next: &MemoState) -> Result<(), Error> {
        if let Some(revision) = Revision::of(memo, next, self.now, self.origin) {
            if self.revisions > 0 {
                self.tx.revisions().insert(&revision).await?;
                if revision.delta.middle.len() > Revision::SHORT {
                    self.tx.revisions().remove_over(memo.id, Revision::MAX_BYTES as u64).await?;
                }
            }
            // Until then there cannot be more.
            if memo.version.get() > self.revisions {
                self.tx.revisions().remove_all_but(memo.id, self.revisions).await?;
            }
        }
        Ok(())
    }

    /// Replaces a memo that has the version `from`. Without a `text` its texts are unchanged.
    pub async fn update(
        &mut self,
        memo: &Memo,
        from: Version,
        text: Option<&TextAnalysis>,
        kind: ChangeKind,
    ) -> Result<(), Error> {
        self.checked_tags.clear();
        self.tx.memos().update(memo, from, text.map(|text| &text.search)).await?;
        if let Some(text) = text {
            self.tx.links().remove_all(memo.id).await?;
            self.insert_links(&targets(memo, text)).await?;
        }
        self.record(memo, kind);
        Ok(())
    }

    pub async fn change(
        &mut self,
        id: MemoId,
        precondition: &Precondition,
        change: &MemoChange,
        prepared: Option<&PreparedText>,
    ) -> Result<MemoView, Error> {
        let changed = |state: &MemoState| {
            let mut state = state.clone();
            change.clone().apply(&mut state);
            state
        };
        self.rewrite(id, precondition, changed, prepared).await
    }

    /// Replaces the state of a memo. The same state is no change: it makes no version.
    pub async fn rewrite(
        &mut self,
        id: MemoId,
        precondition: &Precondition,
        rewritten: impl Fn(&MemoState) -> MemoState,
        prepared: Option<&PreparedText>,
    ) -> Result<MemoView, Error> {
        let mut view = self.owned(id).await?;
        let memo = &mut view.memo;
        if memo.is_trashed() {
            return Err(Error::MemoTrashed);
        }
        let state = rewritten(&memo.state);
        check_reminder(state.remind_at, memo.state.remind_at, self.now)?;
        // Last (RFC 9110, section 13.2.1): a request that fails without the precondition fails for that reason.
        precondition.check(memo.version)?;
        if state == memo.state {
            return Ok(view);
        }
        self.check_tags(&state.tags, &memo.state.tags).await?;
        self.keep_revision(memo, &state).await?;
        let (from, remind_at) = (memo.version, memo.state.remind_at);
        let is_same_text = memo.state.title == state.title && memo.state.content == state.content;
        let text = if is_same_text { None } else { Some(text_of(&state, prepared)?) };
        memo.rewrite(state, self.now);
        if let Some(text) = text {
            memo.facts = text.facts.clone();
        }
        self.update(&view.memo, from, text, ChangeKind::Updated).await?;
        if view.memo.state.remind_at != remind_at {
            reminder::schedule(self.tx, &view.memo, remind_at.is_some()).await?;
        }
        Ok(view)
    }

    pub async fn trash(&mut self, id: MemoId, precondition: &Precondition) -> Result<(), Error> {
        let mut memo = self.owned(id).await?.memo;
        if memo.is_trashed() {
            return Ok(());
        }
        precondition.check(memo.version)?;
        let from = memo.version;
        memo.trash(self.now);
        self.update(&memo, from, None, ChangeKind::Trashed).await
    }

    pub async fn remove(&mut self, id: MemoId, precondition: &Precondition) -> Result<(), Error> {
        let memo = self.owned(id).await?.memo;
        precondition.check(memo.version)?;
        self.checked_tags.clear();
        self.tx.memos().remove(id, memo.version).await?;
        reminder::cancel(self.tx, &memo).await?;
        self.record(&memo, ChangeKind::Deleted);
        Ok(())
    }

    pub async fn restore(&mut self, id: MemoId) -> Result<MemoView, Error> {
        let mut view = self.owned(id).await?;
        if view.memo.is_trashed() {
            self.check_tags(&view.memo.state.tags, &Tags::default()).await?;
            let from = view.memo.version;
            view.memo.restore(self.now);
            self.update(&view.memo, from, None, ChangeKind::Restored).await?;
            reminder::schedule(self.tx, &view.memo, view.memo.state.remind_at.is_some()).await?;
        }
        Ok(view)
    }

    /// Changes a tag in these memos, which have it outside the trash, in the order given, until their contents are larger
    /// than `size` bytes together. A memo whose tags do not change is not updated.
    pub async fn retag(&mut self, change: &TagChange, ids: Vec<MemoId>, size: usize) -> Result<Retagged, Error> {
        let (mut retagged, mut written) = (Retagged::default(), 0);
        for id in ids {
            if written > size {
                break;
            }
            retagged.last = Some(id);
            retagged.count += 1;
            // A store locks a memo only when it is looked up: until then another writer may have changed it.
            let Some(MemoView { mut memo, .. }) = self.tx.memos().lookup(id).await? else { continue };
            if memo.is_trashed() || !memo.state.tags.contains(&change.from) {
                continue;
            }
            retagged.had_tag = true;
            let tags = change.apply(&memo.state.tags);
            if tags == memo.state.tags {
                continue;
            }
            let (from, state) = (memo.version, MemoState { tags, ..memo.state.clone() });
            self.keep_revision(&memo, &state).await?;
            memo.rewrite(state, self.now);
            self.update(&memo, from, None, ChangeKind::Updated).await?;
            written += memo.state.content.as_str().len();
        }
        Ok(retagged)
    }

    async fn owned(&mut self, id: MemoId) -> Result<MemoView, Error> {
        let mut view = owned(&mut **self.tx, self.owner, id).await?;
        likes::mark(&mut **self.tx, self.owner, [&mut view]).await?;
        Ok(view)
    }

    fn record(&mut self, memo: &Memo, kind: ChangeKind) {
        self.tx.append_change(self.owner, NewChange::of(memo, kind, self.now.not_before(memo.updated_at)));
    }
}

/// The links of a memo with this text.
fn targets(memo: &Memo, text: &TextAnalysis) -> Vec<(MemoId, LinkTarget)> {
    text.links.iter().map(|link| (memo.id, LinkTarget::of(memo.owner_id, link))).collect()
}

/// Returns the memo if the viewer may read it.
pub fn visible(view: Option<MemoView>, viewer: UserId) -> Result<MemoView, Error> {
    view.filter(|view| view.memo.is_visible_to(viewer)).ok_or(Error::NotFound(Resource::Memo))
}

/// Looks up a memo of the owner. That a public memo of another user exists is no secret, so it is refused as such.
pub async fn owned(unit: &mut dyn UnitOfWork, owner: UserId, id: MemoId) -> Result<MemoView, Error> {
    let view = visible(unit.memos().lookup(id).await?, owner)?;
    if view.memo.owner_id == owner { Ok(view) } else { Err(Error::NotOwner) }
}

/// Checks the id that a client has chosen for a new memo.
pub fn check_id(id: MemoId, now: Timestamp) -> Result<(), Error> {
    id.check_chosen(now).map_err(|reason| Error::InvalidId { reason })
}

/// Checks that a new or changed reminder is in the future.
pub fn check_reminder(new: Option<Timestamp>, old: Option<Timestamp>, now: Timestamp) -> Result<(), Error> {
    match new {
        Some(time) if new != old && time <= now => {
            Err(Error::Invalid { field: "remind_at", reason: InvalidValue::NotInFuture })
        }
        _ => Ok(()),
    }
}

/// Returns the analysis that was prepared for a state. It is never computed here, where other writers wait.
///
/// # Errors
/// [`Error::Overloaded`] if another writer has changed the text since it was prepared.
pub fn text_of<'p>(state: &MemoState, prepared: Option<&'p PreparedText>) -> Result<&'p TextAnalysis, Error> {
    let current = prepared.filter(|prepared| prepared.title == state.title && prepared.content == state.content);
    current.map(|prepared| &prepared.analysis).ok_or(Error::Overloaded { retry_after: RETRY_AFTER })
}
