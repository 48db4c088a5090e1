//! A data set with one entity of each repository, all of one user.

use memo_domain::{
    Access, ApiKey, ApiKeyName, AuditEvent, AuditKind, Change, ChangeKind, Day, IdempotentResponse, Identity, Job,
    JobKind, JobState, Like, Liker, Limit, Memo, MemoFilter, NewChange, OneTimeToken, PageRequest, RefreshToken,
    SearchQuery, SecondFactor, SecretDigest, Session, Share, Store, TokenPurpose, UnitOfWork, Usage, UsageRange, User,
    UserFilter, Version,
};

use crate::{
    samples::{
        api_key, at, audit_event, digest_of, display_name, full_memo, full_session, idempotent_response, identity, job,
        memo, memo_id, one_time_token, refresh_token, second_factor, session, share, usage, user,
    },
    steps::{BY_CHANGE, begin, commit},
};

/// One entity of each repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Everything {
    number: u8,
    pub(crate) user: User,
    pub(crate) session: Session,
    pub(crate) token: RefreshToken,
    pub(crate) memo: Memo,
    /// The like of the memo by the user, and then none.
    pub(crate) likes: Vec<Like>,
    /// One share of the memo.
    pub(crate) shares: Vec<Share>,
    pub(crate) changes: Vec<Change>,
    pub(crate) identity: Identity,
    pub(crate) one_time: OneTimeToken,
    pub(crate) factor: SecondFactor,
    /// The number of recovery codes left.
    pub(crate) codes: u64,
    pub(crate) key: ApiKey,
    /// A dead job, so that it can be read without being claimed.
    pub(crate) job: Job,
    /// Newest first.
    pub(crate) events: Vec<AuditEvent>,
    pub(crate) response: IdempotentResponse,
    /// Of one day, and then of two.
    pub(crate) usage: Vec<Usage>,
}

impl Everything {
    pub(crate) fn new(n: u8) -> Self {
        let number = u32::from(n);
        let user = user(number);
        let session = Session { cookie: Some(digest_of(number)), ..session(number, user.id) };
        let token = refresh_token(n, session.id);
        let memo = memo(number, user.id);
        let changes = vec![Change::new(1, NewChange::of(&memo, ChangeKind::Created, at(0)))];
        Self {
            number: n,
            session,
            token,
            memo,
            shares: vec![share(number, memo_id(number))],
            likes: vec![Like { memo_id: memo_id(number), user_id: user.id, at: at(0) }],
            changes,
            identity: identity(number, user.id),
            one_time: one_time_token(n, user.id),
            factor: second_factor(user.id),
            codes: 2,
            key: api_key(number, user.id),
            job: Job { state: JobState::Dead, ..job(number, user.id) },
            events: vec![audit_event(number, user.id)],
            response: idempotent_response(number, user.id),
            usage: vec![usage(user.id, 0, 0, 3)],
            user,
        }
    }

    /// The same entities, each changed.
    pub(crate) fn changed(&self) -> Self {
        let number = u32::from(self.number);
        let mut user = self.user.clone();
        user.display_name = display_name("Changed");
        user.touch(at(1));
        let memo = Memo { version: Version::new(2), deleted_at: None, ..self.memo_changed() };
        let updated = Change::new(2, NewChange::of(&memo, ChangeKind::Updated, at(1)));
        let mut events = self.events.clone();
        events.push(AuditEvent { kind: AuditKind::EmailVerified, ..audit_event(1_000 + number, user.id) });
        events.sort_by_key(|event| std::cmp::Reverse(event.id));
        let mut counted = self.usage[0].clone();
        counted.counters.add(&self.usage[0].counters);
        let counted = vec![counted, usage(user.id, 1, 1, 2)];
        Self {
            number: self.number,
            session: Session { cookie: Some(digest_of(1_000 + number)), ..full_session(number, user.id, "changed") },
            token: RefreshToken { used_at: Some(at(1)), ..self.token.clone() },
            memo,
            likes: Vec::new(),
            shares: vec![Share { reads: 1, ..self.shares[0].clone() }],
            changes: self.changes.iter().copied().chain([updated]).collect(),
            identity: Identity { email: Some(user.email.as_str().to_owned()), ..self.identity.clone() },
            one_time: OneTimeToken { tries: 1, ..self.one_time.clone() },
            factor: SecondFactor { confirmed_at: Some(at(1)), last_step: 7, ..self.factor.clone() },
            codes: self.codes - 1,
            key: ApiKey {
                name: ApiKeyName::new("changed").expect("a valid name"),
                last_used_at: Some(at(1)),
                ..self.key.clone()
            },
            job: Job { attempts: 3, begun: 2, error: Some("no such mailbox".to_owned()), ..self.job.clone() },
            events,
            response: IdempotentResponse { created_at: at(9_999), ..self.response.clone() },
            usage: counted,
            user,
        }
    }

    fn memo_changed(&self) -> Memo {
        Memo { id: self.memo.id, ..full_memo(0, self.user.id) }
    }

    fn two_codes(&self) -> [SecretDigest; 2] {
        [2_000, 3_000].map(|first| digest_of(first + u32::from(self.number)))
    }

    pub(crate) async fn insert(&self, uow: &mut dyn UnitOfWork) {
        uow.users().insert(&self.user).await.expect("the user is added");
        self.insert_all_but_the_user(uow).await;
    }

    /// Inserts all entities but the user.
    pub(crate) async fn insert_all_but_the_user(&self, uow: &mut dyn UnitOfWork) {
        uow.sessions().insert(&self.session).await.expect("the session is added");
        uow.refresh_tokens().insert(&self.token).await.expect("the token is added");
        uow.memos().insert(&self.memo, &self.memo.search_text()).await.expect("the memo is added");
        assert!(uow.likes().insert(&self.likes[0]).await.expect("the like is added"));
        uow.shares().insert(&self.shares[0]).await.expect("the share is added");
        self.append_change(uow).await;
        uow.identities().insert(&self.identity).await.expect("the identity is added");
        uow.one_time_tokens().insert(&self.one_time).await.expect("the token is added");
        uow.second_factors().upsert(&self.factor).await.expect("the factor is added");
        uow.second_factors().replace_codes(self.user.id, &self.two_codes()).await.expect("the codes are added");
        uow.api_keys().insert(&self.key).await.expect("the key is added");
        uow.jobs().insert(&self.job).await.expect("the job is added");
        uow.audit().append(&self.events[0]).await.expect("the event is appended");
        uow.idempotency().insert(&self.response).await.expect("the response is added");
        uow.usage().add(&self.usage).await.expect("the usage is added");
    }

    /// Appends the last of the changes.
    async fn append_change(&self, uow: &mut dyn UnitOfWork) {
        let Change { seq: _, kind, memo_id, version, at } = *self.changes.last().expect("a change");
        let change = NewChange { kind, memo_id, version, at };
        uow.changes().append(self.user.id, &[change]).await.expect("the change is appended");
    }

    /// Replaces what was inserted by the values of `self`.
    pub(crate) async fn update(&self, uow: &mut dyn UnitOfWork) {
        let id = self.user.id;
        uow.users().update(&self.user, Version::FIRST).await.expect("the user is changed");
        uow.sessions().update(&self.session).await.expect("the session is changed");
        assert!(uow.refresh_tokens().claim(&self.token.digest, at(1)).await.expect("the claim succeeds"));
        uow.memos()
            .update(&self.memo, Version::FIRST, Some(&self.memo.search_text()))
            .await
            .expect("the memo is changed");
        assert!(uow.likes().remove(self.memo.id, id).await.expect("the like is removed"));
        uow.shares().add_reads(&[(self.shares[0].id, 1)]).await.expect("the read is counted");
        self.append_change(uow).await;
        assert!(uow.identities().remove(id, &self.identity.provider).await.expect("the identity is removed"));
        uow.identities().insert(&self.identity).await.expect("the identity is added");
        assert_eq!(uow.one_time_tokens().count_try(&self.one_time.digest).await.expect("the try is counted"), 1);
        // `claim_step` below sets the last step.
        let factor = SecondFactor { last_step: 1, ..self.factor.clone() };
        uow.second_factors().upsert(&factor).await.expect("the factor is changed");
        assert!(uow.second_factors().claim_step(id, self.factor.last_step).await.expect("the claim succeeds"));
        let codes = self.two_codes();
        uow.second_factors().replace_codes(id, &codes).await.expect("the codes are replaced");
        assert!(uow.second_factors().claim_code(id, &codes[0]).await.expect("the claim succeeds"));
        uow.api_keys().update(&self.key).await.expect("the key is changed");
        assert!(uow.api_keys().touch(self.key.id, at(1)).await.expect("the use is recorded"));
        uow.jobs().update(&self.job).await.expect("the job is changed");
        let added = self.events.iter().find(|event| event.kind == AuditKind::EmailVerified).expect("a second event");
        uow.audit().append(added).await.expect("the event is appended");
        let removed = uow.idempotency().remove_expired(&self.response.request.id, at(9_999)).await;
        assert!(removed.expect("the response is removed"));
        uow.idempotency().insert(&self.response).await.expect("the response is added");
        let more = [usage(id, 0, 0, 3), self.usage[1].clone()];
        uow.usage().add(&more).await.expect("the usage is added");
    }

    /// The data set as this unit of work sees it; `None` if it sees no part of it. Panics if it sees only some parts.
    pub(crate) async fn seen_by(&self, uow: &mut dyn UnitOfWork) -> Option<Self> {
        let id = self.user.id;
        let user = self.user_seen_by(uow).await;
        let session = uow.sessions().lookup(self.session.id).await.expect("sessions are read");
        for cookie in [&self.session.cookie, &self.changed().session.cookie] {
            let by_cookie = uow.sessions().find_by_cookie(&cookie.expect("a cookie")).await;
            let expected = session.as_ref().filter(|session| session.cookie == *cookie);
            assert_eq!(by_cookie.expect("sessions are read").as_ref(), expected);
        }
        let live = uow.sessions().list_live(id, at(0)).await.expect("sessions are read");
        assert_eq!(live, Vec::from_iter(session.clone().filter(|session| session.is_live(at(0)))));
        let token = uow.refresh_tokens().lookup(&self.token.digest).await.expect("tokens are read");
        let view = uow.memos().lookup(self.memo.id).await.expect("memos are read");
        let list = uow.memos().list(&MemoFilter::of(id), BY_CHANGE, &PageRequest::default()).await;
        let count = uow.memos().count(&MemoFilter::of(id)).await.expect("memos are counted");
        assert_eq!(list.expect("memos are listed").items, Vec::from_iter(view.clone()));
        assert_eq!(count, u64::from(view.is_some()));
        let found = uow.likes().list(self.memo.id, &PageRequest::default()).await.expect("likes are read").items;
        let of = |liker: &Liker| Like { memo_id: self.memo.id, user_id: liker.user_id, at: liker.liked_at };
        let likes: Vec<_> = found.iter().map(of).collect();
        assert_eq!(view.as_ref().map_or(0, |view| view.like_count), likes.len() as u64);
        let shares = uow.shares().list(self.memo.id).await.expect("shares are read");
        let by_digest = uow.shares().find_by_digest(&self.shares[0].digest).await.expect("shares are read");
        assert_eq!(Vec::from_iter(by_digest), shares);
        assert_eq!(view.is_some(), !shares.is_empty());
        let changes = uow.changes().list(id, 0, Limit::default()).await.expect("changes are read");
        let greatest = uow.changes().last_seq(id).await.expect("changes are read");
        assert_eq!(greatest, changes.len() as u64);
        let identity = uow.identities().find_by_subject(&self.identity.issuer, &self.identity.subject).await;
        let identity = identity.expect("identities are read");
        let identities = uow.identities().list_by_user(id).await.expect("identities are read");
        assert_eq!(identities, Vec::from_iter(identity.clone()));
        let one_time = uow.one_time_tokens().lookup(&self.one_time.digest, TokenPurpose::VerifyEmail).await;
        let factor = uow.second_factors().lookup(id).await.expect("factors are read");
        let codes = uow.second_factors().count_codes(id).await.expect("codes are counted");
        let key = uow.api_keys().lookup(self.key.id).await.expect("keys are read");
        let keys = uow.api_keys().list_by_user(id).await.expect("keys are read");
        assert_eq!(keys, Vec::from_iter(key.clone()));
        let all = Limit::new(Limit::MAX as u64).expect("a valid limit");
        let dead = uow.jobs().list_dead(&JobKind::MAIL, None, all).await.expect("jobs are read");
        let job = dead.into_iter().find(|job| job.owner == Some(id));
        let events = uow.audit().list(Some(id), &PageRequest::default()).await.expect("events are read").items;
        let all_events = uow.audit().list(None, &PageRequest { limit: all, ..PageRequest::default() }).await;
        let all_events = all_events.expect("events are read").items;
        assert_eq!(all_events.into_iter().filter(|event| event.user_id == id).collect::<Vec<_>>(), events);
        let one_time = one_time.expect("tokens are read");
        let response = uow.idempotency().lookup(&self.response.request.id).await.expect("responses are read");
        let days = UsageRange { from: Day::from_number(0), to: Day::from_number(1) };
        let usage = uow.usage().list(id, days, None, 9).await.expect("usage is read");
        match (user, session, token, view, identity, one_time, factor, key, job, response) {
            (
                Some(user),
                Some(session),
                Some(token),
                Some(view),
                Some(identity),
                Some(one_time),
                Some(factor),
                Some(key),
                Some(job),
                Some(response),
            ) if !changes.is_empty() && codes > 0 && !events.is_empty() && !usage.is_empty() => {
                let (number, memo) = (self.number, view.memo);
                let seen = Self {
                    number,
                    user,
                    session,
                    token,
                    memo,
                    likes,
                    shares,
                    changes,
                    identity,
                    one_time,
                    factor,
                    codes,
                    key,
                    job,
                    events,
                    response,
                    usage,
                };
                Some(seen)
            }
            (None, None, None, None, None, None, None, None, None, None)
                if changes.is_empty() && codes == 0 && events.is_empty() && usage.is_empty() =>
            {
                None
            }
            parts => panic!("only some parts are seen: {parts:?}, {changes:?}, {codes} codes, {events:?}"),
        }
    }

    /// The user, read by every method that returns users.
    async fn user_seen_by(&self, uow: &mut dyn UnitOfWork) -> Option<User> {
        let user = uow.users().lookup(self.user.id).await.expect("users are read");
        let by_email = uow.users().find_by_email(&self.user.email).await.expect("users are read");
        assert_eq!(user, by_email);
        let filter = UserFilter::default().with_text(self.user.email.as_str()).expect("a valid text");
        let listed = uow.users().list(&filter, &PageRequest::default()).await.expect("users are listed");
        assert_eq!(listed.items, Vec::from_iter(user.clone()));
        assert_eq!(uow.users().count(&filter).await.expect("users are counted"), u64::from(user.is_some()));
        user
    }

    pub(crate) async fn read_back(&self, store: &dyn Store, access: Access) -> Option<Self> {
        let mut uow = begin(store, access).await;
        let seen = self.seen_by(&mut *uow).await;
        // A unit of work need not find its own writes, so search in one that has written nothing.
        let title = seen.as_ref().map(|seen| &seen.memo.state.title);
        for memo in [self.memo.clone(), self.memo_changed()] {
            let found = uow.memos().count(&search_for(&memo)).await.expect("memos are counted");
            assert_eq!(
                found,
                u64::from(title == Some(&memo.state.title)),
                "the search sees the same state as the lookup"
            );
        }
        seen
    }

    pub(crate) async fn add(store: &dyn Store, n: u8) -> Self {
        let everything = Self::new(n);
        let mut uow = begin(store, Access::Write).await;
        everything.insert(&mut *uow).await;
        commit(uow).await;
        everything
    }
}

/// A filter that searches the owner's memos for the title of this one.
pub(crate) fn search_for(memo: &Memo) -> MemoFilter {
    let query = SearchQuery::parse(&format!("\"{}\"", memo.state.title.as_str())).expect("a short query");
    MemoFilter { search: query, ..MemoFilter::of(memo.owner_id) }
}
