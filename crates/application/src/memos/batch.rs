use memo_domain::{Memo, MemoId, MemoState, MemoView, UserId, Version};

use super::{
    Memos,
    change::{MemoChange, Precondition},
    steps::{Step, check_reminder},
};
use crate::Error;

/// One of the operations of a batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BatchOperation {
    /// Adds a memo.
    Create(MemoState),
    /// Changes what is named and leaves the rest.
    Update {
        /// Which memo.
        id: MemoId,
        /// The version that it must be in, where one is named.
        if_version: Option<Version>,
        /// What changes.
        change: MemoChange,
    },
    /// Moves a memo to the trash.
    Delete(MemoId),
}

/// What an operation of a batch has done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BatchOutcome {
    /// Added this memo.
    Created(MemoView),
    /// Changed a memo to this one.
    Updated(MemoView),
    /// Moved a memo to the trash, or found it there.
    Deleted,
}

impl Memos {
    /// Runs operations in their order, in one unit of work: all of them, or none.
    ///
    /// # Errors
    /// [`Error::Operation`] with the first operation that failed and why: what the use case of its own would say.
    pub async fn batch(&self, owner: UserId, operations: &[BatchOperation]) -> Result<Vec<BatchOutcome>, Error> {
        let now = self.clock.now();
        let ids: Vec<_> = operations.iter().map(|_| MemoId::new(self.ids.next(now))).collect();
        self.write(owner, async |step| {
            let mut outcomes = Vec::with_capacity(operations.len());
            for (index, (operation, id)) in operations.iter().zip(&ids).enumerate() {
                let outcome = match operation {
                    BatchOperation::Create(state) => {
                        let memo = Memo::create(*id, owner, state.clone(), now);
                        create(step, &memo).await.map(BatchOutcome::Created)
                    }
                    BatchOperation::Update { id, if_version, change } => {
                        let precondition =
                            if_version.map_or(Precondition::None, |version| Precondition::OneOf(vec![version]));
                        step.change(*id, &precondition, change).await.map(BatchOutcome::Updated)
                    }
                    BatchOperation::Delete(id) => {
                        step.trash(*id, &Precondition::None).await.map(|()| BatchOutcome::Deleted)
                    }
                };
                outcomes.push(outcome.map_err(|error| error.of_operation(index))?);
            }
            Ok(outcomes)
        })
        .await
    }
}

async fn create(step: &mut Step, memo: &Memo) -> Result<MemoView, Error> {
    check_reminder(memo.state.remind_at, None, memo.created_at)?;
    step.insert(memo).await
}
