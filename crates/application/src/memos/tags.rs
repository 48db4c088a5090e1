use memo_domain::{JobId, JobState, Limit, MemoId, Page, Tag, TagCount, Tags, UserId};

use super::{Author, Editor, Memos, owner_gone};
use crate::{
    Error, Resource,
    accounts::present,
    jobs::retag::{self, Operation},
    transaction::Transaction,
};

/// The greatest number of memos that a change of a tag changes at once. Of more memos it is done in steps.
const MAX_AT_ONCE: u32 = 500;
/// The size of their contents in bytes after which the rest is done in steps.
const MAX_SIZE_AT_ONCE: usize = 4 << 20;
/// The greatest number of changes of tags of one user that run in steps at a time.
const MAX_RUNNING: usize = 20;

/// A change of a tag in all memos outside the trash that have it.
#[derive(Debug, Clone)]
pub struct TagChange {
    /// The tag.
    pub from: Tag,
    /// Its new name; `None` if it is removed.
    pub to: Option<Tag>,
}

impl TagChange {
    /// Returns the changed tags of a memo.
    pub(crate) fn apply(&self, tags: &Tags) -> Tags {
        match &self.to {
            Some(to) => tags.renamed(&self.from, to),
            None => tags.without(&self.from),
        }
    }

    /// Whether both are about a same tag, so that one must end before the other begins.
    fn meets(&self, other: &Self) -> bool {
        let tags = |change: &Self| [Some(change.from.clone()), change.to.clone()];
        tags(self).into_iter().flatten().any(|tag| tags(other).contains(&Some(tag)))
    }
}

/// What became of memos with a tag.
#[derive(Debug, Default)]
pub struct Retagged {
    /// Whether at least one of them still had the tag.
    pub had_tag: bool,
    /// How many of them are done.
    pub count: u64,
    /// The last one that is done.
    pub last: Option<MemoId>,
}

/// What became of a change of a tag.
#[derive(Debug)]
pub enum TagChanged<T> {
    /// It is done.
    Done(T),
    /// It is done in steps, by this operation.
    Running(JobId),
}

impl Memos {
    /// Returns a page of the tags of a user's memos outside the trash.
    ///
    /// # Errors
    /// Only those of the store.
    pub async fn tags(&self, owner: UserId, after: Option<&Tag>, limit: Limit) -> Result<Page<TagCount, Tag>, Error> {
        let transactions = self.ports.transactions.on_behalf_of(owner);
        let most = u32::from(limit.get()) + 1;
        let tags = transactions.read(async |unit| Ok(unit.memos().list_tags(owner, after, most).await?)).await?;
        Ok(Page::from_overfetched(tags, limit, |last| last.tag.clone()))
    }

    /// Returns one of these tags.
    ///
    /// # Errors
    /// [`Error::NotFound`] if no memo has it.
    pub async fn tag(&self, owner: UserId, tag: &Tag) -> Result<TagCount, Error> {
        let transactions = self.ports.transactions.on_behalf_of(owner);
        let found = transactions.read(async |unit| Ok(unit.memos().find_tag(owner, tag).await?)).await?;
        found.ok_or(Error::NotFound(Resource::Tag))
    }

    /// Renames a tag in all memos outside the trash; a memo that has both tags keeps the new one. Returns the new tag with the
    /// number of all memos that have it now.
    ///
    /// # Errors
    /// [`Error::NotFound`] if no memo has the old tag; [`Error::OperationRunning`] if another change of one of the tags is
    /// done in steps.
    pub async fn rename_tag(
        &self,
        author: impl Into<Author>,
        from: &Tag,
        to: &Tag,
    ) -> Result<TagChanged<TagCount>, Error> {
        let author = author.into();
        let change = TagChange { from: from.clone(), to: Some(to.clone()) };
        let changed = self.change_tag(author, &change, async |tx| {
            tx.memos().find_tag(author.user_id, to).await?.ok_or(Error::NotFound(Resource::Tag))
        });
        changed.await
    }

    /// Removes a tag from all memos outside the trash.
    ///
    /// # Errors
    /// Like [`rename_tag`](Self::rename_tag).
    pub async fn remove_tag(&self, author: impl Into<Author>, tag: &Tag) -> Result<TagChanged<()>, Error> {
        self.change_tag(author.into(), &TagChange { from: tag.clone(), to: None }, async |_| Ok(())).await
    }

    /// Returns the state of a change that is done in steps.
    ///
    /// # Errors
    /// [`Error::NotFound`] if the user has no such operation, or it ended long ago.
    pub async fn operation(&self, owner: UserId, id: JobId) -> Result<Operation, Error> {
        let transactions = self.ports.transactions.on_behalf_of(owner);
        let job = transactions.read(async |unit| Ok(unit.jobs().lookup(id).await?)).await?;
        let job = job.filter(|job| job.owner == Some(owner)).ok_or(Error::NotFound(Resource::Operation))?;
        retag::operation(&*self.ports.sealer, &job)?.ok_or(Error::NotFound(Resource::Operation))
    }

    /// Changes a tag: at once, and then returns what `result` reads, or in steps.
    async fn change_tag<T>(
        &self,
        author: Author,
        change: &TagChange,
        mut result: impl AsyncFnMut(&mut Transaction) -> Result<T, Error>,
    ) -> Result<TagChanged<T>, Error> {
        let (id, owner) = (JobId::new(self.ports.id(self.ports.now())), author.user_id);
        let transactions = self.ports.transactions.on_behalf_of(owner);
        let changed = transactions.write(async |tx: &mut Transaction| {
            let some = tx.memos().find_by_tag(owner, &change.from, None, MAX_AT_ONCE + 1).await?;
            let found = some.len() as u64;
            let done = if found > u64::from(MAX_AT_ONCE) {
                Retagged::default()
            } else {
                self.check_no_operation(tx, owner, change).await?;
                Editor::new(tx, author, self.ports.revisions).retag(change, some, MAX_SIZE_AT_ONCE).await?
            };
            if done.count < found {
                // Locks the user: of two operations of one tag that begin at the same time, one finds the other.
                present(tx.users().lookup(owner).await?)?;
                self.check_no_operation(tx, owner, change).await?;
                retag::insert(tx, &self.ports, id, owner, change, &done).await?;
                return Ok(TagChanged::Running(id));
            }
            if !done.had_tag {
                return Err(Error::NotFound(Resource::Tag));
            }
            Ok(TagChanged::Done(result(tx).await?))
        });
        changed.await.map_err(owner_gone)
    }

    async fn check_no_operation(&self, tx: &mut Transaction, owner: UserId, change: &TagChange) -> Result<(), Error> {
        let running = retag::list_running(tx, &self.ports, owner).await?;
        if running.len() >= MAX_RUNNING || running.iter().any(|other| other.meets(change)) {
            return Err(Error::OperationRunning);
        }
        Ok(())
    }
}

/// Whether a job in this state still changes memos, has changed them all, or never will.
impl From<JobState> for retag::OperationStatus {
    fn from(state: JobState) -> Self {
        match state {
            JobState::Waiting => Self::Running,
            JobState::Done => Self::Done,
            JobState::Dead => Self::Failed,
        }
    }
}
