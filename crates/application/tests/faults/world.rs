//! A small world, the same each time it is created.

use std::{sync::Arc, time::Duration};

use memo_application::{
    AccountSettings, Accounts, Administration, ApiKeys, Callback, CallbackOutcome, Changes, Device, Error, Grant,
    JobWorker, Likes, MailHandler, Memos, NewApiKey, NewShare, Precondition, Principal, ProviderAnswer,
    Reauthentication, RetagHandler, Retention, SecondFactors, Shares, SignIn, SignInSettings, SignUp, SignUpPolicy,
    SignedIn, Social, SocialError, Transfer, TrashHandler, UsageCounter, UsageReports, UserChange, WebhookHandler,
    Webhooks, WithdrawalHandler, secret_text,
};
use memo_conformance::faults::FaultyStore;
use memo_domain::{
    ApiKeyId, ApiKeyKind, ApiKeyName, ChangeOrigin, Clock, Content, DisplayName, Email, Locale, MemoChange, MemoId,
    MemoState, Networks, Password, Revision, RevisionHead, Role, Scopes, Secret, SecretGenerator, SessionId, ShareId,
    SocialUser, Tag, Tags, TextDelta, Timestamp, Title, UserId, Version, WebhookDeliveryId, WebhookId,
};
use memo_memory::{CapturedMail, FixedClock, MemoryProvider, MemoryStore, SequentialSecrets};

use crate::{
    deliveries::{self, Receiver},
    ports::{CODE, InPlace, Names, NoArchives, NoWait, Plain, ports},
    state::{self, State},
};

/// How many rows of usage a report may add up.
pub const MAX_ROWS: usize = 2_000;

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
    /// A key of Alice.
    pub api_key: ApiKeyId,
    /// What Alice's key is presented as.
    pub key_text: String,
    /// The token of a link for a new password of Alice.
    pub reset: Secret,
    pub social: Social,
    pub transfer: Transfer,
    pub administration: Administration,
    pub retention: Retention,
    pub trash: Arc<TrashHandler>,
    pub worker: JobWorker,
    /// The mail that was sent.
    pub mail: Arc<CapturedMail>,
    /// A user with memos and a session, whose address is not verified.
    pub alice: UserId,
    /// A user who has begun a second factor, and has linked a social account.
    pub carol: UserId,
    /// An administrator.
    pub dave: UserId,
    /// A disabled user.
    pub frank: UserId,
    /// A user of the social provider, without a password; the address is verified.
    pub grace: UserId,
    /// Alice in her session.
    pub principal: Principal,
    /// Grace in her session.
    pub of_grace: Principal,
    /// The token that verifies Alice's address.
    pub verification: Secret,
    /// A memo of Alice.
    pub memo: MemoId,
    /// A memo of Alice with two texts, which she likes.
    pub changed: MemoId,
    /// A share of Alice's memo.
    pub share: ShareId,
    /// A webhook of Alice, and a message that was sent to it.
    pub webhook: WebhookId,
    pub delivery: WebhookDeliveryId,
    /// A memo of Alice in the trash.
    pub trashed: MemoId,
    /// Alice's session.
    pub grant: Grant,
    /// A refresh token of Alice that was used.
    pub used: Secret,
    /// A session of Alice that has ended.
    pub ended: SessionId,
    /// The token of a second step of Erin, who has a second factor.
    pub second_step: Secret,
    pub hasher: Arc<Plain>,
    pub texts: Arc<InPlace>,
    pub clock: Arc<FixedClock>,
    pub timer: Arc<NoWait>,
    provider: Arc<MemoryProvider>,
    kept: Arc<MemoryStore>,
}

impl World {
    /// The session that Alice acts in.
    pub fn session(&self) -> SessionId {
        self.principal.session_id().expect("she is signed in")
    }

    /// The world some time after it was created.
    #[expect(clippy::too_many_lines, reason = "it puts all use cases together")]
    pub async fn later(later: Duration) -> Self {
        let kept = Arc::new(MemoryStore::new());
        let store = Arc::new(FaultyStore::new(kept.clone()));
        let clock = Arc::new(FixedClock::at(CREATED));
        let settings = SignInSettings {
            access_token_ttl: Duration::from_mins(10),
            refresh_token_ttl: Duration::from_hours(24 * 14),
            session_ttl: Duration::from_hours(24 * 14),
            refresh_reuse_leeway: LEEWAY,
        };
        let (timer, hasher, texts) = (Arc::new(NoWait::default()), Arc::new(Plain::default()), Arc::default());
        let (ports, live) = ports(store.clone(), clock.clone(), timer.clone(), hasher.clone(), Arc::clone(&texts));
        let reauthentication = Arc::new(Reauthentication::new(ports.clone()));
        let policy = SignUpPolicy::Open;
        let account_settings = AccountSettings { sign_up: policy, host: "memo.example".to_owned() };
        let accounts = Accounts::new(ports.clone(), account_settings, reauthentication.clone());
        let memos = Memos::new(ports.clone());
        let api_keys = ApiKeys::new(ports.clone(), live.clone(), 10);
        let sign_in = SignIn::new(ports.clone(), settings, live.clone(), reauthentication.clone());
        let second_factors = SecondFactors::new(ports.clone(), reauthentication.clone());
        let administration = Administration::new(ports.clone());
        let mail = Arc::new(CapturedMail::new());
        let mail_handler = MailHandler::new(ports.sealer.clone(), Arc::new(Names), mail.clone());
        let provider = Arc::new(MemoryProvider::new(ACME));
        let for_social = Arc::new(SignIn::new(ports.clone(), settings, live, reauthentication));
        let social = Social::new(ports.clone(), for_social, vec![provider.clone()], policy);

        let device = Device::default();
        // The first secrets of all.
        let secrets = SequentialSecrets::new();
        let [verification, for_carol, for_erin] = [(); 3].map(|()| secrets.next());
        let created = async |name: &str| accounts.sign_up(sign_up(name), &device).await.expect("they sign up").id;
        let (alice, carol, erin) = (created("alice").await, created("carol").await, created("erin").await);
        for token in [for_carol, for_erin] {
            accounts.verify_email(&token, None, &device).await.expect("the address is verified");
        }
        let dave = accounts.create_by_operator(sign_up("dave"), Role::Admin).await.expect("he gets an account").id;
        let create = async |text| memos.create(alice, state(text), None).await.expect("a memo is created").memo.id;
        let (memo, trashed) = (create("회의록").await, create("쓰레기").await);
        let changed = create("한 메모 더").await;
        memos.trash(alice, trashed, &Precondition::None).await.expect("the memo is moved to the trash");
        let signed_in = async |name: &str| {
            let email = format!("{name}@example.com");
            sign_in.by_password(&email, PASSWORD, Scopes::all(), &device).await.expect("they sign in")
        };
        let SignedIn::Done(Grant { refresh_token: used, .. }) = signed_in("alice").await else {
            panic!("she signs in")
        };
        let grant = sign_in.refresh(&used, None, &device).await.expect("it is refreshed");
        let principal = sign_in.authenticate(&grant.access_token).await.expect("she is signed in");
        let SignedIn::Done(other) = signed_in("alice").await else { panic!("she signs in") };
        let ended = sign_in.authenticate(&other.access_token).await.expect("she is signed in").session_id();
        let ended = ended.expect("a session");
        sign_in.sign_out(ended, &device).await.expect("she signs out");

        let signed_in_as = async |name: &str| {
            let SignedIn::Done(Grant { access_token, .. }) = signed_in(name).await else { panic!("they sign in") };
            sign_in.authenticate(&access_token).await.expect("they are signed in")
        };
        let of_carol = signed_in_as("carol").await;
        second_factors.begin(&of_carol).await.expect("she begins a second factor");
        second_factors.begin(&signed_in_as("erin").await).await.expect("she begins a second factor");
        second_factors.confirm(erin, CODE, &device).await.expect("she confirms it");
        let SignedIn::SecondFactorNeeded(second_step) = signed_in("erin").await else { panic!("a second step") };
        let frank = created("frank").await;
        let change = UserChange { role: None, disabled: Some(true) };
        administration.change_by_operator(frank, change).await.expect("he is disabled");

        let (key, key_text) = api_keys.create(&principal, new_key(), &device, None).await.expect("a key is created");
        let api_key = key.id;

        let change = MemoChange { title: Some(Title::new("새 이름").expect("a title")), ..MemoChange::default() };
        memos.change(alice, changed, change, &Precondition::None).await.expect("it is changed");
        let (likes, shares) = (Likes::new(ports.clone()), Shares::new(ports.clone()));
        likes.like(alice, changed).await.expect("it is liked");
        let share = shares.create(alice, memo, NewShare::default(), &device, None).await.expect("it is shared").0.id;
        let receiver = Arc::new(Receiver::default());
        let webhooks = Webhooks::new(ports.clone(), receiver.clone());
        let webhook =
            webhooks.create(alice, deliveries::new_webhook(), &device, None).await.expect("it is created").0.id;
        let reset = Secret::new([9; 32]);
        deliveries::insert_reset(&kept, alice, &reset).await;
        let delivery = deliveries::insert_sent(&kept, webhook).await;
        let webhook_handler = Arc::new(WebhookHandler::new(ports.clone(), receiver.clone()));
        let deliveries = deliveries::worker(&ports, &webhook_handler, &receiver);

        let usage_counter = Arc::new(UsageCounter::new(ports.clone(), Duration::from_hours(24)));
        let trash = Arc::new(TrashHandler::new(ports.clone(), Duration::from_hours(30 * 24)));
        let mut world = Self {
            store,
            accounts,
            memos,
            likes,
            shares,
            webhooks,
            receiver,
            deliveries,
            webhook_handler,
            usage: UsageReports::new(ports.clone(), usage_counter.clone()).with_max_rows(MAX_ROWS),
            usage_counter,
            changes: Changes::new(ports.clone()),
            sign_in,
            second_factors,
            api_keys,
            api_key,
            key_text,
            social,
            transfer: Transfer::new(ports.clone(), Arc::new(NoArchives)),
            administration,
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
            alice,
            carol,
            dave,
            frank,
            grace: alice,
            principal,
            of_grace: principal,
            verification,
            reset,
            memo,
            changed,
            share,
            webhook,
            delivery,
            trashed,
            grant,
            used,
            ended,
            second_step,
            hasher,
            texts,
            clock,
            timer,
            provider,
            kept,
        };
        let grace = world.call_back(&world.person("grace"), None).await.expect("the flow ends");
        let Ok(CallbackOutcome::SignedIn(grace)) = grace else { panic!("she signs in") };
        world.grace = grace.user.id;
        world.of_grace = world.sign_in.authenticate_cookie(&grace.secret).await.expect("she is signed in");
        let linked = world.call_back(&world.person("carol"), Some(&of_carol)).await.expect("the flow ends");
        assert!(matches!(linked, Ok(CallbackOutcome::Linked)), "{linked:?}");
        world.clock.advance(later);
        world
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
        state::state(&self.kept, self.clock.now()).await
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
