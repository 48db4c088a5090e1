use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use memo_domain::{
    AuditEvent, AuditId, Conflict, Identity, MailId, Memo, MemoId, OneTimeToken, Page, PageRequest, PageStart,
    QueuedMail, RefreshToken, SecondFactor, SecretDigest, Session, SessionId, StoreError, User, UserId, Version,
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
    /// By member and provider.
    pub identities: BTreeMap<(UserId, String), Arc<Identity>>,
    pub one_time_tokens: BTreeMap<SecretDigest, Arc<OneTimeToken>>,
    pub second_factors: BTreeMap<UserId, Arc<SecondFactor>>,
    pub recovery_codes: BTreeMap<UserId, BTreeSet<SecretDigest>>,
    pub outbox: BTreeMap<MailId, Arc<QueuedMail>>,
    pub audit: BTreeMap<AuditId, Arc<AuditEvent>>,
}

impl State {
    /// Removes a member and all that is theirs.
    pub fn remove_user(&mut self, id: UserId) {
        // Named one by one, so that a map that is added is not forgotten here.
        let Self {
            users,
            sessions,
            refresh_tokens,
            memos,
            feeds,
            identities,
            one_time_tokens,
            second_factors,
            recovery_codes,
            outbox,
            audit,
        } = self;
        users.remove(&id);
        sessions.retain(|_, session| session.user_id != id);
        refresh_tokens.retain(|_, token| sessions.contains_key(&token.session_id));
        memos.retain(|_, memo| memo.owner_id != id);
        feeds.remove(&id);
        identities.retain(|(owner, _), _| *owner != id);
        one_time_tokens.retain(|_, token| token.user_id != id);
        second_factors.remove(&id);
        recovery_codes.remove(&id);
        outbox.retain(|_, mail| mail.user_id != id);
        audit.retain(|_, event| event.user_id != id);
    }
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

/// Removes those that are old, but no more than `most`. How many.
pub fn remove_some<K: Ord, T>(kept: &mut BTreeMap<K, Arc<T>>, most: u32, mut is_old: impl FnMut(&T) -> bool) -> u64 {
    let mut left = u64::from(most);
    kept.retain(|_, entity| {
        let removed = left > 0 && is_old(entity);
        left -= u64::from(removed);
        !removed
    });
    u64::from(most) - left
}

/// A page of what is in its order already.
pub fn page_of<'a, T: Clone + 'a, C>(
    all: impl Iterator<Item = &'a Arc<T>>,
    request: &PageRequest<C>,
    is_after: impl Fn(&T, &C) -> bool,
    cursor: impl FnOnce(&T) -> C,
) -> Page<T, C> {
    let (skipped, last) = match &request.start {
        PageStart::Offset(offset) => (usize::try_from(*offset).unwrap_or(usize::MAX), None),
        PageStart::After(last) => (0, Some(last)),
    };
    let rest = all.filter(|entity| last.is_none_or(|last| is_after(entity, last))).skip(skipped);
    let overfetched = usize::from(request.limit.get()) + 1;
    let items = rest.take(overfetched).map(|entity| T::clone(entity)).collect();
    Page::from_overfetched(items, request.limit, cursor)
}
