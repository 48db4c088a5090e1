use std::collections::HashMap;

use memo_domain::{Memo, MemoChange, MemoId, MemoState, MemoView, UserId, Version};

use super::{
    Author, Memos,
    edit::{Editor, PreparedText, check_id, check_reminder, text_of},
    precondition::Precondition,
};
use crate::{Error, Once};

/// An operation of a batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BatchOperation {
    /// Creates a memo.
    Create {
        /// The id that the client has chosen, if it has.
        id: Option<MemoId>,
        /// What its owner writes.
        state: MemoState,
    },
    /// Changes some fields of a memo.
    Update {
        /// The memo.
        id: MemoId,
        /// The version that it must have, if given.
        if_version: Option<Version>,
        /// The change.
        change: MemoChange,
    },
    /// Moves a memo to the trash.
    Delete(MemoId),
}

/// The result of an operation of a batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BatchOutcome {
    /// The new memo.
    Created(MemoView),
    /// The changed memo.
    Updated(MemoView),
    /// The memo is in the trash.
    Deleted,
}

impl Memos {
    /// Runs operations in order in one transaction: all of them, or none.
    ///
    /// # Errors
    /// [`Error::Operation`] with the first operation that failed, and the error of that operation's own use case.
    pub async fn batch(
        &self,
        author: impl Into<Author>,
        operations: &[BatchOperation],
        once: Option<&Once<'_, Vec<BatchOutcome>>>,
    ) -> Result<Vec<BatchOutcome>, Error> {
        let author = author.into();
        let owner = author.user_id;
        let now = self.ports.now();
        let ids: Vec<_> = operations.iter().map(|_| MemoId::new(self.ports.id(now))).collect();
        let write = async |texts: &Vec<Option<PreparedText>>| {
            self.write_once(author, once, async |editor| {
                let mut outcomes = Vec::with_capacity(operations.len());
                for (index, ((operation, id), text)) in operations.iter().zip(&ids).zip(texts).enumerate() {
                    let outcome = match operation {
                        BatchOperation::Create { id: chosen, state } => {
                            let memo = Memo::create(chosen.unwrap_or(*id), owner, state.clone(), now);
                            let created = create(editor, memo, chosen.is_some(), text.as_ref());
                            created.await.map(BatchOutcome::Created)
                        }
                        BatchOperation::Update { id, if_version, change } => {
                            let precondition =
                                if_version.map_or(Precondition::None, |version| Precondition::OneOf(vec![version]));
                            editor.change(*id, &precondition, change, text.as_ref()).await.map(BatchOutcome::Updated)
                        }
                        BatchOperation::Delete(id) => {
                            editor.trash(*id, &Precondition::None).await.map(|()| BatchOutcome::Deleted)
                        }
                    };
                    outcomes.push(outcome.map_err(|error| error.of_operation(index))?);
                }
                Ok(outcomes)
            })
            .await
        };
        self.prepared(async || self.prepare_batch(owner, operations).await, write).await
    }

    /// Analyzes the texts of operations. Each starts from those before it.
    async fn prepare_batch(
        &self,
        owner: UserId,
        operations: &[BatchOperation],
    ) -> Result<Vec<Option<PreparedText>>, Error> {
        let (mut texts, mut changed) = (Vec::<Option<PreparedText>>::with_capacity(operations.len()), HashMap::new());
        for operation in operations {
            let text = match operation {
                BatchOperation::Create { id, state } => {
                    if let Some(id) = id {
                        changed.insert(*id, texts.len());
                    }
                    Some(self.prepare(owner, &state.title, &state.content).await?)
                }
                BatchOperation::Update { id, change, .. } => {
                    let earlier = changed.get(id).and_then(|index: &usize| texts[*index].as_ref());
                    let text = self.prepare_change(owner, *id, change, earlier).await?;
                    if text.is_some() {
                        changed.insert(*id, texts.len());
                    }
                    text
                }
                BatchOperation::Delete(_) => None,
            };
            texts.push(text);
        }
        Ok(texts)
    }
}

async fn create(
    editor: &mut Editor<'_>,
    mut memo: Memo,
    is_chosen: bool,
    text: Option<&PreparedText>,
) -> Result<MemoView, Error> {
    check_reminder(memo.state.remind_at, None, memo.created_at)?;
    let text = text_of(&memo.state, text)?;
    memo.facts = text.facts.clone();
    if !is_chosen {
        return editor.insert(&memo, text).await;
    }
    check_id(memo.id, memo.created_at)?;
    editor.insert_absent(&memo, text).await
}
