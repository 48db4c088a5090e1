use std::collections::HashMap;

use memo_domain::{
    Access, ChangeOrigin, Content, InvalidValue, Memo, MemoId, MemoState, MemoView, Page, PageRequest, RevisionHead,
    StoreError, Tags, Timestamp, Title, UnitOfWork, UserId, Version,
};

use super::{Author, Memos, Precondition, edit::owned};
use crate::{Error, Resource};

/// How many revisions are read at once: each may have 400 kB.
const STEP: u32 = 10;

/// A text that a memo has, or had.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RevisionText {
    /// The version that has it.
    pub version: Version,
    /// The title.
    pub title: Title,
    /// The content.
    pub content: Content,
    /// The tags.
    pub tags: Tags,
    /// When this version was made.
    pub at: Timestamp,
    /// When it was replaced, and through what; `None` if it is the present text.
    pub replaced: Option<(Timestamp, ChangeOrigin)>,
}

impl Memos {
    /// Returns a page of the earlier texts of a memo, the newest first, without their contents.
    ///
    /// # Errors
    /// [`Error::NotFound`] or [`Error::NotOwner`].
    pub async fn revisions(
        &self,
        owner: UserId,
        id: MemoId,
        page: &PageRequest<Version>,
    ) -> Result<Page<RevisionHead, Version>, Error> {
        let transactions = self.ports.transactions.on_behalf_of(owner);
        let work = transactions.read(async |unit| {
            owned(unit, owner, id).await?;
            Ok(unit.revisions().list(id, page).await?)
        });
        work.await
    }

    /// Returns the texts that a memo had in some versions, in their order; the present version is one, too.
    ///
    /// # Errors
    /// [`Error::NotFound`], also if the text of a version is not kept; [`Error::NotOwner`].
    pub async fn revision_texts<const N: usize>(
        &self,
        owner: UserId,
        id: MemoId,
        versions: [Version; N],
    ) -> Result<[RevisionText; N], Error> {
        let transactions = self.ports.transactions.on_behalf_of(owner);
        let found = transactions.read_with(Access::Snapshot, async |unit| {
            let memo = owned(unit, owner, id).await?.memo;
            texts(unit, memo, &versions).await
        });
        let found = found.await?;
        let texts: Option<Vec<_>> = versions.iter().map(|version| found.get(version).cloned()).collect();
        texts.and_then(|texts| texts.try_into().ok()).ok_or(Error::NotFound(Resource::Revision))
    }

    /// Gives a memo its text of an earlier version again, as a new version.
    ///
    /// # Errors
    /// Like [`revision_texts`](Self::revision_texts) and [`replace`](Self::replace).
    pub async fn restore_revision(
        &self,
        author: impl Into<Author>,
        id: MemoId,
        version: Version,
        precondition: &Precondition,
    ) -> Result<MemoView, Error> {
        let author = author.into();
        let [RevisionText { title, content, tags, .. }] = self.revision_texts(author.user_id, id, [version]).await?;
        let text = self.prepare(author.user_id, &title, &content).await?;
        let restored = |state: &MemoState| MemoState {
            title: title.clone(),
            content: content.clone(),
            tags: tags.clone(),
            ..state.clone()
        };
        self.write(author, async |editor| editor.rewrite(id, precondition, restored, Some(&text)).await).await
    }
}

/// The texts of those versions of a memo that are kept.
async fn texts(
    unit: &mut dyn UnitOfWork,
    memo: Memo,
    versions: &[Version],
) -> Result<HashMap<Version, RevisionText>, Error> {
    let Memo { id, state: MemoState { title, content, tags, .. }, version: mut before, updated_at: at, .. } = memo;
    let last = versions.iter().copied().min().unwrap_or(before);
    let mut bytes = content.as_str().as_bytes().to_vec();
    let mut found = HashMap::new();
    if versions.contains(&before) {
        found.insert(before, RevisionText { version: before, title, content, tags, at, replaced: None });
    }
    loop {
        let some = unit.revisions().list_down_to(id, before, last, STEP).await?;
        for revision in &some {
            let RevisionHead { version, title, tags, at, replaced_at, replaced_through, .. } = revision.head.clone();
            bytes = revision.delta.apply(&bytes).ok_or_else(|| corrupt(InvalidValue::Malformed))?;
            before = version;
            if versions.contains(&version) {
                let content = String::from_utf8(bytes.clone()).map_err(corrupt)?;
                let content = Content::new(content).map_err(corrupt)?;
                let replaced = Some((replaced_at, replaced_through));
                found.insert(version, RevisionText { version, title, content, tags, at, replaced });
            }
        }
        if some.len() < STEP as usize {
            return Ok(found);
        }
    }
}

fn corrupt(error: impl Into<memo_domain::Source>) -> Error {
    Error::Store(StoreError::corrupt(error))
}
