//! Reads of accounts, and of what administrators see.

use memo_domain::{
    Identity, Limit, PageRequest, PageStart, Role, SecretDigest, StoreError, TokenPurpose, UnitOfWork, User,
    UserFilter, UserId,
};

use super::{Script, accounts::some_kind, pair::Pair, reads::with_email, texts::some_time};
use crate::samples::{digest_of, job_id};

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
