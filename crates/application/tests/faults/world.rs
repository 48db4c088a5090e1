//! A small world, the same each time it is made.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use memo_application::{
    Accounts, Administration, Background, Changes, Claimant, Device, Grant, JobWorker, Leftovers, LiveSessions,
    MailHandler, Memos, Ports, Precondition, Proofs, SecondFactors, SignIn, SignInSettings, SignUp, SignUpPolicy,
    SignedIn, StoredBrowserSessions, Work,
};
use memo_conformance::faults::FaultyStore;
use memo_domain::{
    Access, AccessClaims, AuditEvent, Change, Clock, Content, DisplayName, Email, HashError, IdGenerator, Job, JobKind,
    Limit, Locale, MemoFilter, MemoId, MemoState, MemoView, OneTimeCodes, OneTimeToken, PageRequest, PageStart,
    Password, PasswordHash, PasswordHasher, PublicKey, RefreshToken, Scopes, Sealed, Sealer, SecondFactor, Secret,
    SecretGenerator, Session, SessionId, Source, Store, Tag, TagCount, Tags, Timestamp, Title, TokenError,
    TokenPurpose, TokenSigner, User, UserId, Visibility,
};
use memo_memory::{CapturedMail, FixedClock, MemoryCache, MemoryStore, SequentialIds, SequentialSecrets};
use tokio::sync::oneshot;
use uuid::Uuid;

pub const PASSWORD: &str = "correct horse battery";
/// How long a refresh token may be used twice.
pub const LEEWAY: Duration = Duration::from_secs(10);
/// When the world is made.
const MADE: Timestamp = Timestamp::from_micros(1_769_850_000_000_000);
/// More ids and secrets than any use case here has made.
const MOST: usize = 90;

/// Hashes in no time.
#[derive(Default)]
pub struct Plain {
    /// What the next look at a password waits for.
    held: Mutex<Option<oneshot::Receiver<()>>>,
    outdated: AtomicBool,
}

impl Plain {
    /// Has the next password that is looked at wait until it is let go.
    pub fn hold(&self) -> oneshot::Sender<()> {
        let (sender, receiver) = oneshot::channel();
        *self.held.lock().expect("nobody panics") = Some(receiver);
        sender
    }

    /// Has all hashes made anew.
    pub fn outdate(&self) {
        self.outdated.store(true, Ordering::Relaxed);
    }
}

#[async_trait]
impl PasswordHasher for Plain {
    async fn hash(&self, password: &Password) -> Result<PasswordHash, HashError> {
        Ok(PasswordHash::new(password.expose().to_owned()))
    }

    async fn verify(&self, password: &Password, hash: Option<&PasswordHash>) -> Result<bool, HashError> {
        let held = self.held.lock().expect("nobody panics").take();
        if let Some(held) = held {
            held.await.expect("it is let go");
        }
        Ok(hash.is_some_and(|hash| hash.as_str() == password.expose()))
    }

    fn is_outdated(&self, _: &PasswordHash) -> bool {
        self.outdated.load(Ordering::Relaxed)
    }
}

/// Seals by doing nothing.
struct Open;

impl Sealer for Open {
    fn seal(&self, _: &str, plain: &[u8]) -> Result<Sealed, Source> {
        Ok(Sealed::new(plain.to_vec()))
    }

    fn open(&self, _: &str, sealed: &Sealed) -> Result<Vec<u8>, Source> {
        Ok(sealed.as_bytes().to_vec())
    }
}

/// The one code that is right.
pub const CODE: &str = "123456";

/// Takes one code, at any time.
struct OneCode;

impl OneTimeCodes for OneCode {
    fn step(&self, _: &[u8], code: &str, _: Timestamp) -> Option<i64> {
        (code == CODE).then_some(1)
    }

    fn code(&self, _: &[u8], _: Timestamp) -> String {
        CODE.to_owned()
    }

    fn text(&self, secret: &[u8]) -> String {
        format!("{secret:02x?}")
    }

    fn uri(&self, secret: &[u8], _: &str) -> String {
        self.text(secret)
    }
}

/// Runs nothing: what nobody waits for is no part of a use case.
struct Never;

impl Background for Never {
    fn run(&self, _: Work) {}
}

/// Signs by writing down who it is.
struct Unsigned;

impl TokenSigner for Unsigned {
    fn sign(&self, claims: &AccessClaims) -> Result<String, Source> {
        Ok(format!("{} {}", claims.session_id, claims.user_id))
    }

    fn verify(&self, token: &str, now: Timestamp) -> Result<AccessClaims, TokenError> {
        let (session_id, user_id) = token.split_once(' ').ok_or(TokenError::Invalid)?;
        let session_id = SessionId::parse(session_id).map_err(|_| TokenError::Invalid)?;
        let user_id = UserId::parse(user_id).map_err(|_| TokenError::Invalid)?;
        Ok(AccessClaims {
            id: session_id.as_uuid(),
            user_id,
            session_id,
            scopes: Scopes::all(),
            issued_at: now,
            expires_at: now,
        })
    }

    fn public_keys(&self) -> &[PublicKey] {
        &[]
    }
}

/// All that a store holds, as its ports show it, in words: with the ids and digests numbered as they come, since a use case
/// that is run again makes others.
#[derive(Debug, PartialEq)]
pub struct State(String);

/// All that a store holds.
#[derive(Debug, Default)]
struct Kept {
    users: Vec<User>,
    sessions: Vec<Session>,
    tokens: Vec<RefreshToken>,
    memos: Vec<MemoView>,
    counts: Vec<u64>,
    tags: Vec<Vec<TagCount>>,
    feeds: Vec<(u64, Vec<Change>)>,
    factors: Vec<SecondFactor>,
    codes: u64,
    one_time: Vec<OneTimeToken>,
    jobs: Vec<Job>,
    audit: Vec<AuditEvent>,
}

impl From<Kept> for State {
    fn from(kept: Kept) -> Self {
        let all = format!("{kept:?}");
        let mut names: Vec<&str> = Vec::new();
        let (mut state, mut rest) = (String::new(), all.as_str());
        while let Some(next) = rest.chars().next() {
            let is_id = rest.as_bytes().get(8) == Some(&b'-');
            let name = if is_id { rest.get(..36).filter(|text| Uuid::try_parse(text).is_ok()) } else { None };
            let name = name.or_else(|| {
                rest.starts_with("SecretDigest(").then(|| rest.find(')')).flatten().and_then(|end| rest.get(..end))
            });
            let Some(name) = name else {
                state.push(next);
                rest = &rest[next.len_utf8()..];
                continue;
            };
            let number = names.iter().position(|known| *known == name).unwrap_or_else(|| {
                names.push(name);
                names.len() - 1
            });
            state.extend(["#", &number.to_string()]);
            rest = &rest[name.len()..];
        }
        Self(state)
    }
}

pub struct World {
    pub store: Arc<FaultyStore>,
    pub accounts: Accounts,
    pub memos: Memos,
    pub changes: Changes,
    pub sign_in: SignIn,
    pub second_factors: SecondFactors,
    pub administration: Administration,
    pub leftovers: Leftovers,
    pub worker: JobWorker,
    /// What was sent.
    pub mail: Arc<CapturedMail>,
    /// Who has all of this.
    pub alice: UserId,
    /// Who has begun a second factor.
    pub carol: UserId,
    /// Who administers.
    pub dave: UserId,
    /// Alice and her sign-in.
    pub claimant: Claimant,
    /// What proves her address.
    pub verification: Secret,
    /// One of her memos.
    pub memo: MemoId,
    /// One that is in the trash.
    pub trashed: MemoId,
    /// Her sign-in.
    pub grant: Grant,
    /// A refresh token of hers that was used.
    pub used: Secret,
    kept: Arc<MemoryStore>,
    pub hasher: Arc<Plain>,
    pub clock: Arc<FixedClock>,
}

impl World {
    /// The session that Alice acts in.
    pub fn session(&self) -> SessionId {
        self.claimant.session_id.expect("she is signed in")
    }

    /// The world some time after it was made.
    pub async fn later(later: Duration) -> Self {
        let kept = Arc::new(MemoryStore::new());
        let store = Arc::new(FaultyStore::new(kept.clone()));
        let port: Arc<dyn Store> = store.clone();
        let clock = Arc::new(FixedClock::at(MADE));
        let settings = SignInSettings {
            access_token_ttl: Duration::from_mins(10),
            refresh_token_ttl: Duration::from_hours(24 * 14),
            session_ttl: Duration::from_hours(24 * 14),
            refresh_reuse_leeway: LEEWAY,
        };
        let (ids, hasher) = (Arc::new(SequentialIds::new()), Arc::new(Plain::default()));
        let ports = Arc::new(Ports {
            store: port.clone(),
            browser_sessions: Arc::new(StoredBrowserSessions::new(port.clone())),
            cache: Arc::new(MemoryCache::new(clock.clone())),
            clock: clock.clone(),
            ids: ids.clone(),
            secrets: Arc::new(SequentialSecrets::new()),
            hasher: hasher.clone(),
            sealer: Arc::new(Open),
            codes: Arc::new(OneCode),
            background: Arc::new(Never),
            signer: Arc::new(Unsigned),
            public_url: "https://memo.example".into(),
        });
        let (live, proofs) = (Arc::new(LiveSessions::new()), Arc::new(Proofs::new(ports.clone())));
        let accounts = Accounts::new(ports.clone(), SignUpPolicy::Open, live.clone(), proofs.clone());
        let memos = Memos::new(port.clone(), clock.clone(), ids);
        let changes = Changes::new(port, clock.clone());
        let sign_in = SignIn::new(ports.clone(), settings, live.clone(), proofs.clone());
        let second_factors = SecondFactors::new(ports.clone(), proofs);
        let administration = Administration::new(ports.clone(), live);
        let leftovers = Leftovers::new(ports.clone());
        let mail = Arc::new(CapturedMail::new());
        let mail_handler = MailHandler::new(ports.clone(), mail.clone());
        let worker = JobWorker::new(ports, vec![Arc::new(mail_handler)]);

        let device = Device::default();
        // The first secret of all.
        let verification = SequentialSecrets::new().next();
        let alice = accounts.sign_up(sign_up("alice"), &device).await.expect("she signs up").id;
        let carol = accounts.sign_up(sign_up("carol"), &device).await.expect("she signs up").id;
        let dave = accounts.create_by_operator(sign_up("dave"), true).await.expect("he gets an account").id;
        second_factors.begin(carol).await.expect("she begins a second factor");
        let create = async |text| memos.create(alice, state(text)).await.expect("a memo is made").memo.id;
        let (memo, trashed) = (create("회의록").await, create("쓰레기").await);
        create("한 메모 더").await;
        memos.trash(alice, trashed, &Precondition::None).await.expect("the memo is moved to the trash");
        let signed_in = sign_in.by_password("alice@example.com", PASSWORD, Scopes::all(), &device).await;
        let Ok(SignedIn::Done(Grant { refresh_token: used, .. })) = signed_in else { panic!("she signs in") };
        let grant = sign_in.refresh(&used, None, &device).await.expect("she goes on");
        let session_id = sign_in.authenticate(&grant.access_token).await.expect("she is signed in").session_id();
        let claimant = Claimant { user_id: alice, session_id };
        clock.advance(later);
        Self {
            store,
            accounts,
            memos,
            changes,
            sign_in,
            second_factors,
            administration,
            leftovers,
            worker,
            mail,
            alice,
            carol,
            dave,
            claimant,
            verification,
            memo,
            trashed,
            grant,
            used,
            kept,
            hasher,
            clock,
        }
    }

    /// All that is kept.
    pub async fn state(&self) -> State {
        let mut unit = self.kept.begin(Access::Snapshot).await.expect("a unit of work");
        let mut state = Kept::default();
        for id in [MADE, self.clock.now()].into_iter().flat_map(|at| {
            let ids = SequentialIds::new();
            std::iter::repeat_with(move || ids.next(at)).take(MOST)
        }) {
            if let Some(user) = unit.users().lookup(UserId::new(id)).await.expect("members are read") {
                let limit = Limit::new(100).expect("a limit");
                let last = unit.changes().last_seq(user.id).await.expect("changes are read");
                let changes = unit.changes().list(user.id, 0, limit).await.expect("changes are read");
                state.feeds.push((last, changes));
                for trashed in [false, true] {
                    let filter = MemoFilter { trashed, ..MemoFilter::of(user.id) };
                    state.counts.push(unit.memos().count(&filter).await.expect("memos are counted"));
                }
                state.tags.push(unit.memos().list_tags(user.id).await.expect("tags are counted"));
                state.factors.extend(unit.second_factors().lookup(user.id).await.expect("factors are read"));
                state.codes += unit.second_factors().count_codes(user.id).await.expect("codes are counted");
                state.users.push(user);
            }
            state.sessions.extend(unit.sessions().lookup(SessionId::new(id)).await.expect("sign-ins are read"));
            state.memos.extend(unit.memos().lookup(MemoId::new(id)).await.expect("memos are read"));
        }
        let secrets = SequentialSecrets::new();
        for _ in 0..MOST {
            let digest = secrets.next().digest();
            state.tokens.extend(unit.refresh_tokens().lookup(&digest).await.expect("tokens are read"));
            for (purpose, _) in TokenPurpose::NAMES {
                let token = unit.one_time_tokens().lookup(&digest, purpose).await;
                state.one_time.extend(token.expect("tokens are read"));
            }
        }
        let all = PageRequest { limit: Limit::new(100).expect("a limit"), start: PageStart::Offset(0) };
        state.audit = unit.audit().list(None, &all).await.expect("events are read").items;
        drop(unit);
        // Taken, and given back.
        let far = self.clock.now() + Duration::from_hours(1_000);
        let mut unit = self.kept.begin(Access::Write).await.expect("a unit of work");
        state.jobs = unit.jobs().claim(&[JobKind::MAIL], far, far, 100).await.expect("jobs are read");
        state.into()
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
        title: Title::new(text).expect("a title"),
        content: Content::new(text).expect("a content"),
        tags: Tags::new([tag("work"), tag("회의")]).expect("two tags"),
        pinned: false,
        archived: false,
        visibility: Visibility::Private,
        remind_at: None,
    }
}
