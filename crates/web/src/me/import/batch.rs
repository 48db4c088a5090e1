//! What is stored in one unit of work.

use memo_application::{ImportedLike, ImportedMemo, Transfer};

use super::{LIKE, MEMO, REVISION, line::MemoLine, others::LikeLine, revision::RevisionLine};
use crate::{input::read_line, prelude::*, streams::Spooled};

/// The number of memos and revisions in one unit of work,
const BATCH: usize = 100;
/// and the size of their lines, at which no more memos are added. The revisions of a memo are never separated from it: they are
/// those of a memo that the same unit of work creates.
const BATCH_BYTES: usize = 1 << 20;

/// The spooled memos, each followed by its revisions.
pub struct Batches<'i> {
    transfer: &'i Transfer,
    lines: Spooled,
    /// The memo after the last batch.
    next: Option<ImportedMemo>,
}

impl<'i> Batches<'i> {
    pub const fn new(transfer: &'i Transfer, lines: Spooled) -> Self {
        Self { transfer, lines, next: None }
    }

    /// The next memos; none at the end.
    pub async fn next(&mut self) -> Result<Vec<ImportedMemo>, Problem> {
        let mut memos: Vec<_> = self.next.take().into_iter().collect();
        let mut history = memos.last().map(|memo| self.transfer.history(memo));
        let (mut rows, mut bytes) = (memos.len(), 0);
        while let Some(line) = self.lines.next().await? {
            if let Some(memo) = read_line::<MemoLine>(line.as_bytes(), 0, MEMO)? {
                if rows >= BATCH || bytes >= BATCH_BYTES {
                    self.next = Some(memo);
                    break;
                }
                history = Some(self.transfer.history(&memo));
                memos.push(memo);
            } else if let Some(revision) = read_line::<RevisionLine>(line.as_bytes(), 0, REVISION)?
                && let (Some(memo), Some(history)) = (memos.last_mut(), &mut history)
            {
                // Only those that fit are spooled.
                memo.revisions.extend(history.next(revision));
            }
            rows += 1;
            bytes += line.len();
        }
        Ok(memos)
    }
}

/// The next likes; none at the end.
pub async fn next_likes(spooled: &mut Spooled) -> Result<Vec<ImportedLike>, Problem> {
    let mut likes = Vec::new();
    while likes.len() < Transfer::MAX_LIKES {
        let Some(line) = spooled.next().await? else { break };
        likes.extend(read_line::<LikeLine>(line.as_bytes(), 0, LIKE)?);
    }
    Ok(likes)
}
