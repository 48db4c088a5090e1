use std::{collections::BTreeMap, sync::Arc};

use memo_domain::{
    Conflict, Memo, MemoId, RefreshToken, SecretDigest, Session, SessionId, StoreError, User, UserId, Version,
};

use crate::changes::Feed;

/// All that a store holds at one moment. A clone shares the entities.
#[derive(Clone, Default)]
pub struct State {
    pub users: BTreeMap<UserId, Arc<User>>,
    pub sessions: BTreeMap<SessionId, Arc<Session>>,
    pub refresh_tokens: BTreeMap<SecretDigest, Arc<RefreshToken>>,
    pub memos: BTreeMap<MemoId, Arc<Memo>>,
    pub feeds: BTreeMap<UserId, Arc<Feed>>,
}

/// The error of a rule that holds.
pub fn require(holds: bool, what: Conflict) -> Result<(), StoreError> {
    if holds { Ok(()) } else { Err(StoreError::Conflict { what }) }
}

/// The kept entity, where it is in the expected version.
pub fn expect_version<T>(
    kept: Option<&mut T>,
    version: impl Fn(&T) -> Version,
    from: Version,
) -> Result<&mut T, StoreError> {
    kept.filter(|kept| version(kept) == from).ok_or(StoreError::Stale)
}
