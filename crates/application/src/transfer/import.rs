use std::collections::HashMap;

use memo_domain::{
    ChangeKind, Conflict, Memo, MemoFacts, MemoId, MemoState, Revision, Secret, Timestamp, UserId, Version,
};

use super::Transfer;
use crate::{
    Error, TextAnalysis,
    memos::{Author, Editor, owner_gone},
};

/// How often an id is derived from another one. Users who know each other's ids could make any number of them necessary.
const MAX_DERIVATIONS: u32 = 4;

/// A memo that is imported.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportedMemo {
    /// The id that it had.
    pub id: MemoId,
    /// What its owner wrote.
    pub state: MemoState,
    /// When its owner was reminded.
    pub reminded_at: Option<Timestamp>,
    /// When it was created.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
    /// When it was moved to the trash.
    pub deleted_at: Option<Timestamp>,
    /// The version that it had.
    pub version: Version,
    /// Its earlier texts, which [`ImportedHistory`](super::ImportedHistory) has checked.
    pub revisions: Vec<Revision>,
}

/// What the import did with a memo.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ImportOutcome {
    /// Created it.
    Created,
    /// Replaced an older state of it.
    Updated,
    /// Left it as it is: the same state, or a newer one.
    Unchanged,
}

impl Transfer {
    /// Imports memos in one transaction. A memo that is created gets the version and the revisions that it had. It gets the id that it had, or, if that belongs to another user, one that is
    /// derived from it and the owner; so the same memos can be imported again. If other users have those, too, it gets a new
    /// one. Of an existing memo the state that was changed
    /// last remains.
    ///
    /// # Errors
    /// [`Error::Unauthenticated`] if the user is gone, or [`Error::TooManyTags`].
    pub async fn import(
        &self,
        author: impl Into<Author>,
        memos: &[ImportedMemo],
    ) -> Result<Vec<(MemoId, ImportOutcome)>, Error> {
        let author = author.into();
        let owner = author.user_id;
        let mut texts = Vec::with_capacity(memos.len());
        for ImportedMemo { state: MemoState { title, content, .. }, .. } in memos {
            texts.push(self.ports.texts.analyze(owner, title, content).await?);
        }
        let transactions = self.ports.transactions.on_behalf_of(owner);
        let imported = transactions.write(async |tx| {
            // Another import may take an id after it was looked up.
            tx.retry_on(Conflict::Id);
            let mut editor = Editor::new(tx, author, self.ports.revisions);
            let mut outcomes = Vec::with_capacity(memos.len());
            let ids: Vec<_> = memos.iter().map(|memo| memo.id).collect();
            let mut existing: HashMap<_, _> =
                editor.lookup_all(&ids).await?.into_iter().map(|memo| (memo.id, memo)).collect();
            for (memo, text) in memos.iter().zip(&texts) {
                outcomes.push(import(&mut editor, owner, &mut existing, memo, text).await?);
            }
            editor.insert_new().await?;
            Ok(outcomes)
        });
        imported.await.map_err(owner_gone)
    }
}

impl Transfer {
    /// Returns what [`import`](Self::import) would do with these memos, and changes nothing. The id of a memo that would get a new
    /// one is not known before; the number of tags is not checked.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn preview(&self, owner: UserId, memos: &[ImportedMemo]) -> Result<Vec<(MemoId, ImportOutcome)>, Error> {
        let now = self.ports.now();
        let ids: Vec<_> = memos.iter().map(|memo| memo.id).collect();
        let transactions = self.ports.transactions.on_behalf_of(owner);
        let previewed = transactions.read(async |unit| {
            let found = unit.memos().lookup_all(&ids).await?;
            let mut existing: HashMap<_, _> = found.into_iter().map(|view| (view.memo.id, view.memo)).collect();
            let mut outcomes = Vec::with_capacity(memos.len());
            for imported in memos {
                let mut id = imported.id;
                for _ in 0..MAX_DERIVATIONS {
                    if existing.get(&id).is_none_or(|memo| memo.owner_id == owner) {
                        break;
                    }
                    id = derived_id(id, owner);
                    if !existing.contains_key(&id)
                        && let Some(view) = unit.memos().lookup(id).await?
                    {
                        existing.insert(id, view.memo);
                    }
                }
                let memo = existing.get(&id).filter(|memo| memo.owner_id == owner);
                let outcome = match memo {
                    None => ImportOutcome::Created,
                    Some(memo) if is_replaced(memo, imported, now) => ImportOutcome::Updated,
                    Some(_) => ImportOutcome::Unchanged,
                };
                if outcome != ImportOutcome::Unchanged {
                    existing.insert(id, new_memo(id, owner, imported, now));
                }
                outcomes.push((id, outcome));
            }
            Ok(outcomes)
        });
        previewed.await
    }
}

/// Whether an imported state replaces that of a memo.
fn is_replaced(memo: &Memo, imported: &ImportedMemo, now: Timestamp) -> bool {
    let is_same = memo.state == imported.state && memo.is_trashed() == imported.deleted_at.is_some();
    // A time that lies ahead proves nothing: it must not win against later edits, each time it is imported.
    let is_newer = imported.updated_at > memo.updated_at && imported.updated_at <= now;
    !is_same && is_newer
}

/// A memo as it is imported, with the facts of an empty content.
fn new_memo(id: MemoId, owner: UserId, imported: &ImportedMemo, now: Timestamp) -> Memo {
    let created_at = imported.created_at.min(now);
    Memo {
        id,
        owner_id: owner,
        state: imported.state.clone(),
        facts: MemoFacts::default(),
        reminded_at: imported.reminded_at,
        version: imported.version,
        created_at,
        updated_at: imported.updated_at.clamp(created_at, now),
        deleted_at: imported.deleted_at.map(|time| time.clamp(created_at, now)),
    }
}

/// Imports a memo. `existing` are the memos that have one of the imported ids.
async fn import<'t>(
    editor: &mut Editor<'t>,
    owner: UserId,
    existing: &mut HashMap<MemoId, Memo>,
    imported: &'t ImportedMemo,
    text: &'t TextAnalysis,
) -> Result<(MemoId, ImportOutcome), Error> {
    let now = editor.now();
    let mut id = imported.id;
    let mut found = existing.remove(&id);
    for derivation in 1.. {
        let Some(other) = found.take_if(|memo| memo.owner_id != owner) else { break };
        existing.insert(id, other);
        if derivation > MAX_DERIVATIONS {
            id = editor.new_id();
            break;
        }
        id = derived_id(id, owner);
        found = match existing.remove(&id) {
            Some(memo) => Some(memo),
            None => editor.lookup(id).await?,
        };
    }
    let Some(mut memo) = found else {
        let memo = Memo { facts: text.facts.clone(), ..new_memo(id, owner, imported, now) };
        existing.insert(id, memo.clone());
        editor.insert_later(memo, text, &imported.revisions).await?;
        return Ok((id, ImportOutcome::Created));
    };
    if !is_replaced(&memo, imported, now) {
        existing.insert(id, memo);
        return Ok((id, ImportOutcome::Unchanged));
    }
    // The same id may have come before.
    editor.insert_new().await?;
    let kind = match (memo.is_trashed(), imported.deleted_at) {
        (false, Some(_)) => ChangeKind::Trashed,
        (true, None) => ChangeKind::Restored,
        _ => ChangeKind::Updated,
    };
    let old = memo.clone();
    let is_new_text = memo.state.title != imported.state.title || memo.state.content != imported.state.content;
    editor.keep_revision(&memo, &imported.state).await?;
    memo.rewrite(imported.state.clone(), now);
    memo.reminded_at = imported.reminded_at.or(memo.reminded_at);
    memo.facts = text.facts.clone();
    memo.deleted_at = imported.deleted_at.map(|time| time.min(now).not_before(memo.created_at));
    editor.reimport(&memo, &old, is_new_text.then_some(text), kind).await?;
    existing.insert(id, memo);
    Ok((id, ImportOutcome::Updated))
}

/// Derives the id of a memo for another owner: deterministic, and with the same time.
pub fn derived_id(id: MemoId, owner: UserId) -> MemoId {
    let mut both = [0; 32];
    let (first, second) = both.split_at_mut(16);
    first.copy_from_slice(id.as_uuid().as_bytes());
    second.copy_from_slice(owner.as_uuid().as_bytes());
    let digest = Secret::new(both).digest();
    let mut bytes = *id.as_uuid().as_bytes();
    // Version 7 (RFC 9562): after 48 bits of time and the version, all bits but the variant are random.
    for (byte, random) in bytes.iter_mut().zip(digest.as_bytes()).skip(6) {
        *byte = *random;
    }
    let id = uuid::Builder::from_bytes(bytes).with_variant(uuid::Variant::RFC4122);
    MemoId::new(id.with_version(uuid::Version::SortRand).into_uuid())
}
