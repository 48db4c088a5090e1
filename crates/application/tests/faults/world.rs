//! A small world, the same each time it is created.

use std::{
    ops::Deref,
    sync::{Arc, OnceLock},
    time::Duration,
};

use memo_application::{
    AccountSettings, Accounts, Administration, ApiKeys, Callback, CallbackOutcome, Changes, Device, Error, JobWorker,
    Likes, MailHandler, Memos, NewApiKey, Principal, ProviderAnswer, Reauthentication, RetagHandler, Retention,
    SecondFactors, Shares, SignIn, SignInSettings, SignUp, SignUpPolicy, Social, SocialError, Transfer, TrashHandler,
    UsageCounter, UsageReports, WebhookHandler, Webhooks, WithdrawalHandler, secret_text,
};
use memo_conformance::faults::FaultyStore;
use memo_domain::{
    ApiKeyKind, ApiKeyName, ChangeOrigin, Clock, Content, DisplayName, Email, Locale, MemoId, MemoState, Networks,
    Password, Revision, RevisionHead, Scopes, SessionId, SocialUser, Tag, Tags, TextDelta, Timestamp, Title, Version,
};
use memo_memory::{CapturedMail, FixedClock, MemoryProvider, MemoryStore};

use crate::{
    deliveries::{self, Receiver},
    origin::{Generators, Origin, People},
    ports::{InPlace, Names, NoArchives, NoWait, Plain, ports},
    state::State,
};

/// How many rows of usage a report may add up.
pub const MAX_ROWS: usize = 2_000;
/// The number of groups of a user that a report has at most.
pub const MAX_GROUPS: usize = 500;

pub const PASSWORD: &str = "correct horse battery";
/// How long a refresh token may be used twice.
pub const LEEWAY: Duration = Duration::from_secs(10);
/// When the world is created.
pub const CREATED: Timestamp = Timestamp::from_micros(1_769_850_000_000_000);
/// The name of the social provider.
pub const ACME: &str = "acme";

pub struct World {
    pub store: Arc<FaultyStore>,
    pub accounts: Accounts,
    pub memos: Memos,
    pub likes: Likes,
    pub shares: Shares,
    pub webhooks: Webhooks,
    /// What webhooks are sent to.
    pub receiver: Arc<Receiver>,
    /// Sends to webhooks and reminds; the world's own worker does not.
    pub deliveries: JobWorker,
    pub webhook_handler: Arc<WebhookHandler>,
    pub usage: UsageReports,
    pub usage_counter: Arc<UsageCounter>,
    pub changes: Changes,
    pub sign_in: SignIn,
    pub second_factors: SecondFactors,
    pub api_keys: ApiKeys,
    pub social: Social,
    pub transfer: Transfer,
    pub administration: Administration,
    pub retention: Retention,
    pub trash: Arc<TrashHandler>,
    pub worker: JobWorker,
    /// The mail that was sent.
    pub mail: Arc<CapturedMail>,
    pub hasher: Arc<Plain>,
    pub texts: Arc<InPlace>,
    pub clock: Arc<FixedClock>,
    pub timer: Arc<NoWait>,
    provider: Arc<MemoryProvider>,
    pub kept: Arc<MemoryStore>,
    people: Arc<OnceLock<People>>,
}

impl Deref for World {
    type Target = People;

    fn deref(&self) -> &People {
        self.people.get().expect("the world has people")
    }
}

impl World {
    /// The session that Alice acts in.
    pub fn session(&self) -> SessionId {
        self.principal.session_id().expect("she is signed in")
    }

    /// The world some time after it was created.
    pub async fn later(later: Duration) -> Self {
        let world = Origin::shared().await.fork();
        world.clock.advance(later);
        world
    }

    /// A world over a store.
    pub fn over(kept: Arc<MemoryStore>, generators: &Generators, people: Arc<OnceLock<People>>) -> Self {
        let store = Arc::new(FaultyStore::new(kept.clone()));
        let clock = Arc::new(FixedClock::at(CREATED));
        let settings = SignInSettings {
            access_token_ttl: Duration::from_mins(10),
            refresh_token_ttl: Duration::from_hours(24 * 14),
            session_ttl: Duration::from_hours(24 * 14),
            refresh_reuse_leeway: LEEWAY,
        };
        let (timer, hasher, texts) = (Arc::new(NoWait::default()), Arc::new(Plain::default()), Arc::default());
        let (ports, live) =
            ports(store.clone(), clock.clone(), timer.clone(), hasher.clone(), Arc::clone(&texts), generators);
        let reauthentication = Arc::new(Reauthentication::new(ports.clone()));
        let policy = SignUpPolicy::Open;
        let account_settings = AccountSettings { sign_up: policy, host: "memo.example".to_owned() };
        let mail = Arc::new(CapturedMail::new());
        let mail_handler = MailHandler::new(&ports, Arc::new(Names), mail.clone());
        let provider = Arc::new(MemoryProvider::new(ACME));
        let for_social = Arc::new(SignIn::new(ports.clone(), settings, live.clone(), reauthentication.clone()));
        let receiver = Arc::new(Receiver::default());
        let webhook_handler = Arc::new(WebhookHandler::new(ports.clone(), receiver.clone()));
        let usage_counter = Arc::new(UsageCounter::new(ports.clone(), Duration::from_hours(24)));
        let trash = Arc::new(TrashHandler::new(ports.clone(), Duration::from_hours(30 * 24)));
        Self {
            store,
            accounts: Accounts::new(ports.clone(), account_settings, reauthentication.clone()),
            memos: Memos::new(ports.clone()),
            likes: Likes::new(ports.clone()),
            shares: Shares::new(ports.clone()),
            webhooks: Webhooks::new(ports.clone(), receiver.clone()),
            deliveries: deliveries::worker(&ports, &webhook_handler, &receiver),
            receiver,
            webhook_handler,
            usage: UsageReports::new(ports.clone(), usage_counter.clone()).with_limits(MAX_ROWS, MAX_GROUPS),
            usage_counter,
            changes: Changes::new(ports.clone()),
            sign_in: SignIn::new(ports.clone(), settings, live.clone(), reauthentication.clone()),
            second_factors: SecondFactors::new(ports.clone(), reauthentication),
            api_keys: ApiKeys::new(ports.clone(), live, 10),
            social: Social::new(ports.clone(), for_social, vec![provider.clone()], policy),
            transfer: Transfer::new(ports.clone(), Arc::new(NoArchives)),
            administration: Administration::new(ports.clone()),
            retention: Retention::new(ports.clone()),
            trash: trash.clone(),
            worker: JobWorker::new(
                ports.clone(),
                vec![
                    Arc::new(mail_handler),
                    Arc::new(RetagHandler::new(ports.clone())),
                    Arc::new(WithdrawalHandler::new(ports)),
                    trash,
                ],
            ),
            mail,
            hasher,
            texts,
            clock,
            timer,
            provider,
            kept,
            people,
        }
    }

    /// A person with a verified address at the social provider.
    pub fn person(&self, name: &str) -> SocialUser {
        self.provider.user(name, Some(&format!("{name}@example.net")), true)
    }

    /// Signs in by the social provider, or links the account to a user.
    pub async fn call_back(
        &self,
        person: &SocialUser,
        link: Option<&Principal>,
    ) -> Result<Result<CallbackOutcome, SocialError>, Error> {
        let redirect_uri = "https://memo.example/callback".to_owned();
        let flow = self.social.authorize(ACME, &redirect_uri, link).await?.flow;
        let code = self.provider.approve(&secret_text(&flow.state), person.clone());
        let answer = code.map_or(ProviderAnswer::Nothing, ProviderAnswer::Code);
        let (state, caller) = (Some(flow.state.clone()), link.map(|caller| caller.user_id));
        let callback = Callback { state, issuer: None, answer, redirect_uri, caller, locale: Locale::default() };
        self.social.callback(ACME, Some(&flow), callback, None, &Device::default()).await
    }

    /// Runs the next job that is due. Returns how many there were.
    pub async fn run_next(&self) -> Result<usize, Error> {
        match self.worker.lease().await? {
            Some(job) => self.worker.run(job).await.map(|()| 1),
            None => Ok(0),
        }
    }

    /// All that is stored.
    pub async fn state(&self) -> State {
        Origin::shared().await.state_of(&self.kept, self.clock.now()).await
    }
}

pub fn sign_up(name: &str) -> SignUp {
    SignUp {
        email: Email::new(format!("{name}@example.com")).expect("an address"),
        password: Password::new(PASSWORD).expect("a password"),
        display_name: DisplayName::new(name).expect("a name"),
        locale: Locale::Ko,
    }
}

pub fn tag(text: &str) -> Tag {
    Tag::new(text).expect("a tag")
}

pub fn state(text: &str) -> MemoState {
    MemoState {
        tags: Tags::new([tag("work"), tag("회의")]).expect("two tags"),
        ..MemoState::new(Title::new(text).expect("a title"), Content::new(text).expect("a content"))
    }
}

pub fn new_key() -> NewApiKey {
    NewApiKey {
        kind: ApiKeyKind::Bearer,
        name: ApiKeyName::new("backup").expect("a valid name"),
        note: None,
        scopes: Scopes::all(),
        networks: Networks::default(),
        expires_at: None,
    }
}

/// An earlier text of a memo.
pub fn revision(memo_id: MemoId) -> Revision {
    let head = RevisionHead {
        memo_id,
        version: Version::new(5),
        title: state("이전 메모").title,
        tags: Tags::default(),
        at: CREATED,
        replaced_at: CREATED,
        replaced_through: ChangeOrigin::Server,
    };
    Revision { head, delta: TextDelta { prefix: 0, suffix: 0, middle: "이전".to_owned() } }
}
