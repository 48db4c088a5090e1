//! Calls on accounts: everything of users but memos, refresh tokens and the feed; and administration.

use memo_domain::{
    AuditEvent, AuditKind, Identity, Job, JobKind, JobState, Limit, OneTimeToken, PageRequest, PageStart, Role, Scopes,
    Sealed, SecondFactor, SecretDigest, StoreError, Sweep, TokenPurpose, UnitOfWork, User, UserFilter, UserId, Version,
};

use super::{
    Script,
    pair::{Kind, Pair},
    random::Random,
    reads::with_email,
    texts::{some_device, some_time},
};
use crate::samples::{audit_event, audit_id, digest_of, identity, job, job_id, one_time_token, sealed, second_factor};

const PROVIDERS: [&str; 4] = ["apple", "google", "a-b", "a_b"];

/// Parts of names and addresses, and texts that occur in none.
const PARTS: [&str; 12] =
    ["", "jos\u{e9}", "JOSE", "1", "@EXAMPLE", "한글", "\u{1112}\u{1161}\u{11ab}", "%", "_", "ß", "ΣΣ", "nobody"];

/// The greatest page limit.
fn all() -> Limit {
    Limit::new(Limit::MAX as u64).expect("a valid limit")
}

/// Emails compare equal ignoring case, so their texts are compared in addition.
fn with_emails(users: Vec<User>) -> Result<Vec<(User, String)>, StoreError> {
    users.into_iter().filter_map(|user| with_email(Ok(Some(user))).transpose()).collect()
}

impl Script<'_> {
    /// Writes one thing.
    pub(super) async fn write_of_account(&mut self, pair: &mut Pair) -> Result<(), Kind> {
        match self.chance.below(45) {
            0 => self.remove_user(pair).await,
            1 | 2 => self.end_sessions(pair).await,
            3 | 34 => self.forget(pair).await,
            4..9 => self.link(pair).await,
            9..11 => self.add_one_time_token(pair).await,
            11..15 => self.use_one_time_token(pair).await,
            15..18 | 35 | 36 => self.set_up_factor(pair).await,
            18..22 => self.use_factor(pair).await,
            22..25 => self.write_job(pair).await,
            25 | 26 => self.claim_jobs(pair).await,
            27 => self.sweep_user(pair).await,
            28..31 => self.write_response(pair).await,
            31..34 => self.write_api_key(pair).await,
            38..42 => self.write_usage(pair).await,
            42..45 => self.write_webhook(pair).await,
            _ => self.append_event(pair).await,
        }
    }

    pub(super) fn some_cookie(&mut self) -> Option<SecretDigest> {
        self.chance.maybe(40, |chance| digest_of(2_000_000 + u32::try_from(chance.below(12)).expect("a small number")))
    }

    fn some_code(&mut self) -> SecretDigest {
        digest_of(3_000_000 + u32::try_from(self.chance.below(6)).expect("a small number"))
    }

    /// Mostly one of the last users created. These may be removed.
    async fn some_recent_user(&mut self, pair: &mut Pair) -> UserId {
        let mut id = self.known.users[3];
        for _ in 0..4 {
            id = self.chance.recent(&self.known.users[3..]).expect("there are four at least");
            if pair.reference().users().lookup(id).await.expect("users are read").is_some() {
                break;
            }
        }
        id
    }

    /// A user who may be removed and owns enough entities, or any user.
    pub(super) async fn some_holder(&mut self, pair: &mut Pair) -> UserId {
        if self.chance.percent(50) { self.some_recent_user(pair).await } else { self.some_user() }
    }

    async fn remove_user(&mut self, pair: &mut Pair) -> Result<(), Kind> {
        let by_mistake = self.chance.percent(15);
        let id = if by_mistake { self.some_user() } else { self.some_recent_user(pair).await };
        let from = match pair.reference().users().lookup(id).await.expect("users are read") {
            // The first users own most of the memos and are never removed.
            Some(stored) if !self.known.users[..3].contains(&id) => stored.version,
            Some(stored) => stored.version.next(),
            None if by_mistake => Version::FIRST,
            None => return Ok(()),
        };
        pair.may_search = false;
        let what = format!("remove {id:?} from {from:?}");
        pair.ask(&mut self.log, what, async |uow| uow.users().remove(id, from).await).await
    }

    /// Sweeps all that there is to sweep: which rows are removed first is unspecified.
    async fn sweep_user(&mut self, pair: &mut Pair) -> Result<(), Kind> {
        let id = self.some_recent_user(pair).await;
        let (what, most) = (self.chance.one_of(&[Sweep::PublicMemos, Sweep::All]), self.chance.one_of(&[1, 7, 100]));
        pair.may_search = false;
        loop {
            let sweep = async |uow: &mut dyn UnitOfWork| uow.users().sweep(id, what, most).await;
            if pair.ask(&mut self.log, format!("sweep {most} of {id:?}: {what:?}"), sweep).await? == 0 {
                return Ok(());
            }
        }
    }

    async fn end_sessions(&mut self, pair: &mut Pair) -> Result<(), Kind> {
        let user = self.some_holder(pair).await;
        let except = self.chance.recent(&self.known.sessions);
        let at = some_time(&mut self.chance);
        let what = format!("end all sessions of {user:?} but {except:?}");
        let end = async |uow: &mut dyn UnitOfWork| {
            let mut ended = uow.sessions().end_all(user, except, at).await?;
            ended.sort();
            Ok(ended)
        };
        pair.ask(&mut self.log, what, end).await.map(drop)
    }

    /// Removes until nothing before the time is left: which entities are removed first is unspecified.
    async fn forget(&mut self, pair: &mut Pair) -> Result<(), Kind> {
        let time = some_time(&mut self.chance);
        let most = self.chance.one_of(&[2, 10, 100]);
        let (which, kind) = (self.chance.below(5), some_kind(&mut self.chance));
        loop {
            let forget = async |uow: &mut dyn UnitOfWork| match which {
                0 => uow.sessions().remove_before(time, most).await,
                1 => uow.one_time_tokens().remove_before(time, most).await,
                2 => uow.jobs().remove_ended(&kind, time, most).await,
                3 => uow.idempotency().remove_before(time, most).await,
                _ => uow.audit().remove_before(time, most).await,
            };
            let what = format!("remove {most} of kind {which} before {time}");
            if pair.ask(&mut self.log, what, forget).await? < u64::from(most) {
                return Ok(());
            }
        }
    }

    /// Links an identity, or unlinks the existing one.
    async fn link(&mut self, pair: &mut Pair) -> Result<(), Kind> {
        let (number, user) = (self.next_number(), self.some_holder(pair).await);
        let is_there = pair.reference().users().lookup(user).await.expect("users are read").is_some();
        let provider = self.chance.one_of(&PROVIDERS);
        let linked = pair.reference().identities().list_by_user(user).await.expect("identities are read");
        if linked.iter().any(|identity| identity.provider == provider) && self.chance.percent(90) {
            let what = format!("unlink {provider} of {user:?}");
            let removed = pair.ask(&mut self.log, what, async |uow| uow.identities().remove(user, provider).await);
            return removed.await.map(drop);
        }
        if self.chance.percent(30) {
            let tokens = self.chance.maybe(50, |_| sealed());
            let what = format!("set the message tokens of {user:?} at {provider}: {}", tokens.is_some());
            let set = async |uow: &mut dyn UnitOfWork| {
                uow.identities().set_message_tokens(user, provider, tokens.as_ref()).await
            };
            return pair.ask(&mut self.log, what, set).await.map(drop);
        }
        let new = Identity {
            provider: provider.to_owned(),
            subject: if is_there { self.chance.below(40).to_string() } else { format!("new {number}") },
            email: some_device(&mut self.chance),
            created_at: some_time(&mut self.chance),
            message_tokens: self.chance.maybe(30, |_| sealed()),
            ..identity(u32::from(self.chance.percent(30)), user)
        };
        let what = format!("link {new:?}");
        pair.ask(&mut self.log, what, async |uow| uow.identities().insert(&new).await).await
    }

    async fn add_one_time_token(&mut self, pair: &mut Pair) -> Result<(), Kind> {
        let (number, user) = (self.next_number(), self.some_holder(pair).await);
        let chance = &mut self.chance;
        let new = OneTimeToken {
            digest: digest_of(number),
            purpose: chance.one_of(&TokenPurpose::NAMES).0,
            email_key: some_device(chance),
            scopes: chance.maybe(50, |_| Scopes::all()),
            created_at: some_time(chance),
            expires_at: some_time(chance),
            ..one_time_token(0, user)
        };
        self.known.one_time.push(new.digest);
        let what = format!("add the one-time token {number}");
        pair.ask(&mut self.log, what, async |uow| uow.one_time_tokens().insert(&new).await).await
    }

    async fn use_one_time_token(&mut self, pair: &mut Pair) -> Result<(), Kind> {
        let digest = self.chance.recent(&self.known.one_time).unwrap_or_else(|| digest_of(1_000_000));
        let (purpose, name) = self.chance.one_of(&TokenPurpose::NAMES);
        let which = &digest.as_bytes()[5..9];
        match self.chance.below(5) {
            0 => {
                let user = self.some_holder(pair).await;
                let what = format!("remove all of {user:?} for {name}");
                pair.ask(&mut self.log, what, async |uow| uow.one_time_tokens().remove_all(user, purpose).await).await
            }
            1 | 2 => {
                let what = format!("take {which:?} for {name}");
                let taken =
                    pair.ask(&mut self.log, what, async |uow| uow.one_time_tokens().take(&digest, purpose).await);
                taken.await.map(drop)
            }
            _ => {
                let what = format!("count a try of {which:?}");
                let sum = pair.ask(&mut self.log, what, async |uow| uow.one_time_tokens().count_try(&digest).await);
                sum.await.map(drop)
            }
        }
    }

    /// Inserts a factor, replaces its codes, or removes it.
    async fn set_up_factor(&mut self, pair: &mut Pair) -> Result<(), Kind> {
        let user = self.some_holder(pair).await;
        let stored = pair.reference().second_factors().lookup(user).await.expect("factors are read");
        match self.chance.below(8) {
            0 => {
                let what = format!("remove the factor of {user:?}");
                pair.ask(&mut self.log, what, async |uow| uow.second_factors().remove(user).await).await.map(drop)
            }
            1..5 if stored.is_some() => {
                let codes = [self.some_code(), self.some_code(), self.some_code()];
                let what = format!("set {} codes of {user:?}", codes.len());
                pair.ask(&mut self.log, what, async |uow| uow.second_factors().replace_codes(user, &codes).await).await
            }
            _ => {
                let chance = &mut self.chance;
                let new = SecondFactor {
                    secret: Sealed::new(vec![u8::try_from(chance.below(256)).expect("a byte"); 20]),
                    confirmed_at: chance.maybe(50, some_time),
                    created_at: some_time(chance),
                    ..second_factor(user)
                };
                let what = format!("put a factor of {user:?}");
                pair.ask(&mut self.log, what, async |uow| uow.second_factors().upsert(&new).await).await
            }
        }
    }

    async fn use_factor(&mut self, pair: &mut Pair) -> Result<(), Kind> {
        let user = self.some_holder(pair).await;
        let (step, code) = (i64::try_from(self.chance.below(30)).expect("a small number"), self.some_code());
        let by_step = self.chance.percent(40);
        let claim = async |uow: &mut dyn UnitOfWork| {
            if by_step {
                uow.second_factors().claim_step(user, step).await
            } else {
                uow.second_factors().claim_code(user, &code).await
            }
        };
        let what = format!("claim the step {step} of {user:?}, or a code: {by_step}");
        pair.ask(&mut self.log, what, claim).await.map(drop)
    }

    /// Inserts a job, or updates or removes one.
    async fn write_job(&mut self, pair: &mut Pair) -> Result<(), Kind> {
        let (number, user) = (self.next_number(), self.some_holder(pair).await);
        let known = self.chance.recent(&self.known.jobs).filter(|_| self.chance.percent(50));
        let (id, user) = known.unwrap_or((job_id(number), user));
        let chance = &mut self.chance;
        let job = Job {
            id,
            owner: chance.percent(90).then_some(user),
            kind: some_kind(chance),
            state: chance.one_of(&[JobState::Waiting, JobState::Waiting, JobState::Dead, JobState::Done]),
            attempts: u32::try_from(chance.below(9)).expect("a small number"),
            begun: u32::try_from(chance.below(4)).expect("a small number"),
            run_at: some_time(chance),
            error: some_device(chance),
            ..job(0, user)
        };
        if known.is_some() && self.chance.percent(40) {
            return pair.ask(&mut self.log, format!("remove {id:?}"), async |uow| uow.jobs().remove(id).await).await;
        }
        let is_new = known.is_none();
        self.known.jobs.extend(is_new.then_some((id, user)));
        let write = async |uow: &mut dyn UnitOfWork| {
            if is_new { uow.jobs().insert(&job).await } else { uow.jobs().update(&job).await }
        };
        pair.ask(&mut self.log, format!("write {id:?} of {user:?}, due at {}", job.run_at), write).await
    }

    /// Claims all due jobs: the order of jobs that are due at the same time is not specified.
    async fn claim_jobs(&mut self, pair: &mut Pair) -> Result<(), Kind> {
        let (now, until) = (some_time(&mut self.chance), some_time(&mut self.chance));
        let kinds = [some_kind(&mut self.chance), some_kind(&mut self.chance)];
        let claim = async |uow: &mut dyn UnitOfWork| {
            let mut jobs = uow.jobs().claim(&kinds, now, until, 1_000_000).await?;
            jobs.sort_by_key(|job| job.id);
            Ok(jobs)
        };
        pair.ask(&mut self.log, format!("claim {kinds:?} at {now} until {until}"), claim).await.map(drop)
    }

    async fn append_event(&mut self, pair: &mut Pair) -> Result<(), Kind> {
        let (number, user) = (self.next_number(), self.some_holder(pair).await);
        let actor_id = self.chance.percent(20).then(|| self.some_user());
        let chance = &mut self.chance;
        let (kind, _) = chance.one_of(AuditKind::NAMES);
        let (at, device, detail) = (some_time(chance), some_device(chance), some_device(chance));
        let new = AuditEvent { actor_id, kind, at, device, detail, ..audit_event(number, user) };
        self.known.events.push(audit_id(number));
        let what = format!("append {:?} of {user:?}", new.id);
        pair.ask(&mut self.log, what, async |uow| uow.audit().append(&new).await).await
    }

    /// Reads one thing.
    pub(super) async fn read_of_account(&mut self, pair: &mut Pair) {
        let user = self.some_holder(pair).await;
        match self.chance.below(10) {
            0 => self.read_account(pair, user).await,
            1 => self.read_of_everybody(pair).await,
            2 => {
                let cookie = self.some_cookie().unwrap_or_else(|| digest_of(0));
                let what = format!("find the cookie {:?}", &cookie.as_bytes()[5..9]);
                let _ = pair.ask(&mut self.log, what, async |uow| uow.sessions().find_by_cookie(&cookie).await).await;
            }
            3 => {
                let now = some_time(&mut self.chance);
                let what = format!("sessions of {user:?} at {now}");
                let _ = pair.ask(&mut self.log, what, async |uow| uow.sessions().list_live(user, now).await).await;
            }
            4 => {
                let place = self.chance.recent(&self.known.events).filter(|_| self.chance.percent(60));
                let start = place.map_or(PageStart::Offset(self.chance.below(5) as u64), PageStart::After);
                let request = PageRequest { limit: self.some_limit(), start };
                let user = self.chance.percent(60).then_some(user);
                let what = format!("events of {user:?}, {request:?}");
                let _ = pair.ask(&mut self.log, what, async |uow| uow.audit().list(user, &request).await).await;
            }
            5 => {
                let digest = self.chance.recent(&self.known.one_time).unwrap_or_else(|| digest_of(0));
                self.find_one_time_token(pair, digest).await;
            }
            6 => self.read_jobs(pair, user).await,
            7 => self.read_response(pair).await,
            8 => self.read_usage(pair).await,
            _ => self.list_users(pair).await,
        }
    }

    async fn read_jobs(&mut self, pair: &mut Pair, user: UserId) {
        let (id, owner) = self.chance.recent(&self.known.jobs).unwrap_or((job_id(0), user));
        let (kind, what) = (some_kind(&mut self.chance), format!("{id:?}, and jobs of {owner:?}"));
        let read = async |uow: &mut dyn UnitOfWork| {
            let job = uow.jobs().lookup(id).await?;
            let is_held = match &job {
                Some(job) => uow.jobs().holds(job).await?,
                None => false,
            };
            Ok((job, is_held, uow.jobs().list_waiting(owner, &kind).await?))
        };
        let _ = pair.ask(&mut self.log, what, read).await;
    }

    async fn list_users(&mut self, pair: &mut Pair) {
        let mut filter = UserFilter::default().with_text(self.chance.one_of(&PARTS)).expect("a valid text");
        filter.role = self.chance.maybe(20, |chance| chance.one_of(&[Role::Member, Role::Admin]));
        filter.disabled = self.chance.maybe(20, |chance| chance.percent(50));
        let place = self.chance.recent(&self.known.users).filter(|_| self.chance.percent(40));
        let start = place.map_or(PageStart::Offset(self.chance.below(5) as u64), PageStart::After);
        let request = PageRequest { limit: self.some_limit(), start };
        let list = async |uow: &mut dyn UnitOfWork| {
            let page = uow.users().list(&filter, &request).await?;
            Ok((with_emails(page.items)?, page.next))
        };
        let _ = pair.ask(&mut self.log, format!("list {filter:?}, {request:?}"), list).await;
        let _ = pair.ask(&mut self.log, "count them", async |uow| uow.users().count(&filter).await).await;
    }

    /// Reads the account of one user.
    pub(super) async fn read_account(&mut self, pair: &mut Pair, user: UserId) {
        let (key, log) = (self.some_key(), &mut self.log);
        let identities =
            pair.ask(log, format!("identities of {user:?}"), async |uow| uow.identities().list_by_user(user).await);
        for Identity { issuer, subject, .. } in identities.await.unwrap_or_default() {
            let what = format!("find {subject} of {issuer}");
            let _ = pair.ask(log, what, async |uow| uow.identities().find_by_subject(&issuer, &subject).await).await;
        }
        let what = format!("the factor of {user:?}");
        let _ = pair.ask(log, what, async |uow| uow.second_factors().lookup(user).await).await;
        let _ = pair.ask(log, "its codes", async |uow| uow.second_factors().count_codes(user).await).await;
        let _ = pair.ask(log, format!("look up {key:?}"), async |uow| uow.api_keys().lookup(key).await).await;
        let what = format!("keys of {user:?}");
        let _ = pair.ask(log, what, async |uow| uow.api_keys().list_by_user(user).await).await;
        let request = PageRequest { limit: all(), start: PageStart::Offset(0) };
        let what = format!("events of {user:?}");
        let _ = pair.ask(log, what, async |uow| uow.audit().list(Some(user), &request).await).await;
    }

    /// Reads what administrators see.
    pub(super) async fn read_of_everybody(&mut self, pair: &mut Pair) {
        let after = self.chance.recent(&self.known.jobs).map(|(id, _)| id);
        let kind = some_kind(&mut self.chance);
        let limit = self.some_limit();
        let log = &mut self.log;
        for (after, limit) in [(after, limit), (None, all())] {
            let what = format!("{} dead jobs of kind {kind} after {after:?}", limit.get());
            let _ = pair.ask(log, what, async |uow| uow.jobs().list_dead(&kind, after, limit).await).await;
        }
        let administrators = async |uow: &mut dyn UnitOfWork| {
            let mut administrators = uow.users().lock_administrators().await?;
            administrators.sort();
            Ok(administrators)
        };
        let _ = pair.ask(log, "administrators", administrators).await;
    }

    /// Looks a token up by every purpose.
    pub(super) async fn find_one_time_token(&mut self, pair: &mut Pair, digest: SecretDigest) {
        for (purpose, name) in TokenPurpose::NAMES {
            let what = format!("look up {:?} for {name}", &digest.as_bytes()[5..9]);
            let find = async |uow: &mut dyn UnitOfWork| uow.one_time_tokens().lookup(&digest, purpose).await;
            let _ = pair.ask(&mut self.log, what, find).await;
        }
    }
}

fn some_kind(chance: &mut Random) -> JobKind {
    if chance.percent(80) { JobKind::MAIL } else { JobKind::new("other").expect("a valid kind") }
}
