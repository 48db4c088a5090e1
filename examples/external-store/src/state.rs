//! What a store holds, and the rows that it is made of.

use std::{collections::BTreeMap, sync::Arc};

use memo_domain::{
    AuditEvent, AuditId, Change, Conflict, Identity, Job, JobId, Memo, MemoId, OneTimeToken, Page, PageRequest,
    PageStart, RefreshToken, SecondFactor, SecretDigest, Session, SessionId, StoreError, User, UserId,
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
    /// By member and provider.
    pub identities: BTreeMap<(UserId, String), Arc<Identity>>,
    pub one_time_tokens: BTreeMap<SecretDigest, Arc<OneTimeToken>>,
    pub second_factors: BTreeMap<UserId, Arc<SecondFactor>>,
    /// The recovery codes that are left of each member.
    pub codes: BTreeMap<UserId, Vec<SecretDigest>>,
    pub jobs: BTreeMap<JobId, Arc<Job>>,
    pub events: BTreeMap<AuditId, Arc<AuditEvent>>,
}

/// One step from a state to the next. All rows that were committed, applied in their order, give the state again.
pub enum Row {
    User(Arc<User>),
    /// With all that is theirs.
    UserGone(UserId),
    Session(Arc<Session>),
    /// With its refresh tokens.
    SessionGone(SessionId),
    RefreshToken(Arc<RefreshToken>),
    Memo(Arc<Memo>),
    MemoGone(MemoId),
    Change(UserId, Change),
    ChangeGone(UserId, u64),
    Identity(Arc<Identity>),
    IdentityGone(UserId, String),
    OneTimeToken(Arc<OneTimeToken>),
    OneTimeTokenGone(SecretDigest),
    SecondFactor(Arc<SecondFactor>),
    /// With its codes.
    SecondFactorGone(UserId),
    Codes(UserId, Vec<SecretDigest>),
    Job(Arc<Job>),
    JobGone(JobId),
    Event(Arc<AuditEvent>),
    EventGone(AuditId),
}

impl State {
    /// Makes a step. Whether the rules allow it was asked before it became a row.
    pub fn apply(&mut self, row: &Row) {
        match row {
            Row::User(user) => {
                self.users.insert(user.id, Arc::clone(user));
            }
            Row::UserGone(id) => self.remove_user(*id),
            Row::Session(session) => {
                self.sessions.insert(session.id, Arc::clone(session));
            }
            Row::SessionGone(id) => {
                self.sessions.remove(id);
                self.refresh_tokens.retain(|_, token| token.session_id != *id);
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
            Row::Identity(identity) => {
                self.identities.insert((identity.user_id, identity.provider.clone()), Arc::clone(identity));
            }
            Row::IdentityGone(user, provider) => {
                self.identities.remove(&(*user, provider.clone()));
            }
            Row::OneTimeToken(token) => {
                self.one_time_tokens.insert(token.digest, Arc::clone(token));
            }
            Row::OneTimeTokenGone(digest) => {
                self.one_time_tokens.remove(digest);
            }
            Row::SecondFactor(factor) => {
                self.second_factors.insert(factor.user_id, Arc::clone(factor));
            }
            Row::SecondFactorGone(user) => {
                self.second_factors.remove(user);
                self.codes.remove(user);
            }
            Row::Codes(user, codes) => {
                self.codes.insert(*user, codes.clone());
            }
            Row::Job(job) => {
                self.jobs.insert(job.id, Arc::clone(job));
            }
            Row::JobGone(id) => {
                self.jobs.remove(id);
            }
            Row::Event(event) => {
                self.events.insert(event.id, Arc::clone(event));
            }
            Row::EventGone(id) => {
                self.events.remove(id);
            }
        }
    }

    fn remove_user(&mut self, id: UserId) {
        self.users.remove(&id);
        self.sessions.retain(|_, session| session.user_id != id);
        self.refresh_tokens.retain(|_, token| self.sessions.contains_key(&token.session_id));
        self.memos.retain(|_, memo| memo.owner_id != id);
        self.changes.retain(|(owner, _), _| *owner != id);
        self.last_change.remove(&id);
        self.identities.retain(|(owner, _), _| *owner != id);
        self.one_time_tokens.retain(|_, token| token.user_id != id);
        self.second_factors.remove(&id);
        self.codes.remove(&id);
        self.jobs.retain(|_, job| job.owner != Some(id));
        self.events.retain(|_, event| event.user_id != id);
    }
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
    // One more than was asked for tells whether there are more.
    let items = rest.take(usize::from(request.limit.get()) + 1).map(|entity| T::clone(entity));
    Page::from_overfetched(items.collect(), request.limit, cursor)
}

/// The error of a rule that does not hold.
pub fn require(holds: bool, what: Conflict) -> Result<(), StoreError> {
    if holds { Ok(()) } else { Err(StoreError::Conflict { what }) }
}
