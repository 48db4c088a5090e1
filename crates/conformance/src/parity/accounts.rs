//! Writes of accounts: everything of users but memos, refresh tokens and the feed.

use memo_domain::{
    AuditEvent, AuditKind, Identity, Job, JobKind, JobState, OneTimeToken, Scopes, Sealed, SecondFactor, SecretDigest,
    Sweep, TokenPurpose, UnitOfWork, UserId, Version,
};

use super::{
    Script,
    pair::{Kind, Pair},
    random::Random,
    texts::{some_device, some_time},
};
use crate::samples::{audit_event, audit_id, digest_of, identity, job, job_id, one_time_token, sealed, second_factor};

const PROVIDERS: [&str; 4] = ["apple", "google", "a-b", "a_b"];

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
        let (which, kind) = (self.chance.below(6), some_kind(&mut self.chance));
        loop {
            let forget = async |uow: &mut dyn UnitOfWork| match which {
                0 => uow.sessions().remove_before(time, most).await,
                1 => uow.one_time_tokens().remove_before(time, most).await,
                2 => uow.jobs().remove_ended(&kind, time, most).await,
                3 => uow.idempotency().remove_before(time, most).await,
                4 => uow.refresh_tokens().remove_of_ended(time, most).await,
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
            let is_any_due = uow.jobs().has_due(&kinds, now).await?;
            let mut jobs = uow.jobs().claim(&kinds, now, until, 1_000_000).await?;
            jobs.sort_by_key(|job| job.id);
            Ok((is_any_due, jobs))
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
}

pub(super) fn some_kind(chance: &mut Random) -> JobKind {
    if chance.percent(80) { JobKind::MAIL } else { JobKind::new("other").expect("a valid kind") }
}
