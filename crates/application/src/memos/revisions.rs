use std::collections::HashMap;

use memo_domain::{
    Access, ChangeOrigin, Content, InvalidValue, Memo, MemoId, MemoState, MemoView, Page, PageRequest, Revision,
    RevisionHead, StoreError, Tags, TextParts, Timestamp, Title, UnitOfWork, UserId, Version,
};

use super::{Author, Memos, Precondition, edit::owned};
use crate::{Error, Resource};

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
    let Memo { id, state: MemoState { title, content, tags, .. }, version: before, updated_at: at, .. } = memo;
    let last = versions.iter().copied().min().unwrap_or(before);
    // All at once: together they are not much longer than `Revision::MAX_BYTES`.
    let revisions = unit.revisions().list_down_to(id, before, last, u32::MAX).await?;
    let present = content.clone();
    let mut parts = TextParts::of(present.as_str());
    let mut found = HashMap::new();
    if versions.contains(&before) {
        found.insert(before, RevisionText { version: before, title, content, tags, at, replaced: None });
    }
    for Revision { head, delta } in &revisions {
        parts = parts.apply(delta).ok_or_else(|| corrupt(InvalidValue::Malformed))?;
        if versions.contains(&head.version) {
            let content = Content::new(parts.text()).map_err(corrupt)?;
            let RevisionHead { version, title, tags, at, replaced_at, replaced_through, .. } = head.clone();
            let replaced = Some((replaced_at, replaced_through));
            found.insert(version, RevisionText { version, title, content, tags, at, replaced });
        }
    }
    Ok(found)
}

fn corrupt(error: impl Into<memo_domain::Source>) -> Error {
    Error::Store(StoreError::corrupt(error))
}
