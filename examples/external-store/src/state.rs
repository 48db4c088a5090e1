//! What a store holds, and the rows that it is made of.

use std::{collections::BTreeMap, sync::Arc};

use memo_domain::{
    Change, Conflict, Memo, MemoId, RefreshToken, SecretDigest, Session, SessionId, StoreError, User, UserId,
};

/// All that is kept at one moment. A clone shares the entities.
#[derive(Clone, Default)]
pub struct State {
    pub users: BTreeMap<UserId, Arc<User>>,
    pub sessions: BTreeMap<SessionId, Arc<Session>>,
    pub refresh_tokens: BTreeMap<SecretDigest, Arc<RefreshToken>>,
    pub memos: BTreeMap<MemoId, Arc<Memo>>,
    /// By member and number.
    pub changes: BTreeMap<(UserId, u64), Change>,
    /// The greatest number of each member: it stays where its change is removed.
    pub last_change: BTreeMap<UserId, u64>,
}

/// One step from a state to the next. All rows that were committed, applied in their order, give the state again.
pub enum Row {
    User(Arc<User>),
    Session(Arc<Session>),
    RefreshToken(Arc<RefreshToken>),
    Memo(Arc<Memo>),
    MemoGone(MemoId),
    Change(UserId, Change),
    ChangeGone(UserId, u64),
}

impl State {
    /// Makes a step. Whether the rules allow it was asked before it became a row.
    pub fn apply(&mut self, row: &Row) {
        match row {
            Row::User(user) => {
                self.users.insert(user.id, Arc::clone(user));
            }
            Row::Session(session) => {
                self.sessions.insert(session.id, Arc::clone(session));
            }
            Row::RefreshToken(token) => {
                self.refresh_tokens.insert(token.digest, Arc::clone(token));
            }
            Row::Memo(memo) => {
                self.memos.insert(memo.id, Arc::clone(memo));
            }
            Row::MemoGone(id) => {
                self.memos.remove(id);
            }
            Row::Change(owner, change) => {
                self.changes.insert((*owner, change.seq), *change);
                self.last_change.insert(*owner, change.seq);
            }
            Row::ChangeGone(owner, seq) => {
                self.changes.remove(&(*owner, *seq));
            }
        }
    }
}

/// The error of a rule that does not hold.
pub fn require(holds: bool, what: Conflict) -> Result<(), StoreError> {
    if holds { Ok(()) } else { Err(StoreError::Conflict { what }) }
}
