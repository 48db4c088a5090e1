//! A small world, the same each time it is made.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use memo_application::{
    Accounts, Changes, Device, Grant, Memos, Precondition, SignIn, SignInSettings, SignUp, SignUpPolicy,
};
use memo_conformance::faults::FaultyStore;
use memo_domain::{
    Access, AccessClaims, Change, Clock, Content, DisplayName, Email, HashError, IdGenerator, Limit, Locale,
    MemoFilter, MemoId, MemoState, MemoView, Password, PasswordHash, PasswordHasher, RefreshToken, Scopes, Secret,
    SecretGenerator, Session, SessionId, Source, Store, Tag, TagCount, Tags, Timestamp, Title, TokenError, TokenSigner,
    User, UserId, Visibility,
};
use memo_memory::{FixedClock, MemoryStore, SequentialIds, SequentialSecrets};

pub const PASSWORD: &str = "correct horse battery";
/// How long a refresh token may be used twice.
pub const LEEWAY: Duration = Duration::from_secs(10);
/// When the world is made.
const MADE: Timestamp = Timestamp::from_micros(1_769_850_000_000_000);
/// More ids and secrets than any use case here has made.
const MOST: usize = 60;

/// Hashes in no time.
struct Plain;

#[async_trait]
impl PasswordHasher for Plain {
    async fn hash(&self, password: &Password) -> Result<PasswordHash, HashError> {
        Ok(PasswordHash::new(password.expose().to_owned()))
    }

    async fn verify(&self, password: &Password, hash: Option<&PasswordHash>) -> Result<bool, HashError> {
        Ok(hash.is_some_and(|hash| hash.as_str() == password.expose()))
    }
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
}

/// All that a store holds, as its ports show it.
#[derive(Debug, PartialEq)]
pub struct State {
    users: Vec<User>,
    sessions: Vec<Session>,
    tokens: Vec<RefreshToken>,
    memos: Vec<MemoView>,
    counts: Vec<u64>,
    tags: Vec<Vec<TagCount>>,
    feeds: Vec<(u64, Vec<Change>)>,
}

pub struct World {
    pub store: Arc<FaultyStore>,
    pub accounts: Accounts,
    pub memos: Memos,
    pub changes: Changes,
    pub sign_in: SignIn,
    /// Who has all of this.
    pub alice: UserId,
    /// One of her memos.
    pub memo: MemoId,
    /// One that is in the trash.
    pub trashed: MemoId,
    /// Her sign-in.
    pub grant: Grant,
    /// A refresh token of hers that was used.
    pub used: Secret,
    kept: Arc<MemoryStore>,
    clock: Arc<FixedClock>,
}

impl World {
    /// The world some time after it was made.
    pub async fn later(later: Duration) -> Self {
        let kept = Arc::new(MemoryStore::new());
        let store = Arc::new(FaultyStore::new(kept.clone()));
        let port: Arc<dyn Store> = store.clone();
        let clock = Arc::new(FixedClock::at(MADE));
        let (ids, hasher) = (Arc::new(SequentialIds::new()), Arc::new(Plain));
        let settings = SignInSettings {
            access_token_ttl: Duration::from_mins(10),
            refresh_token_ttl: Duration::from_hours(24 * 14),
            refresh_reuse_leeway: LEEWAY,
        };
        let accounts = Accounts::new(port.clone(), clock.clone(), ids.clone(), hasher.clone(), SignUpPolicy::Open);
        let memos = Memos::new(port.clone(), clock.clone(), ids.clone());
        let changes = Changes::new(port.clone(), clock.clone());
        let secrets: Arc<dyn SecretGenerator> = Arc::new(SequentialSecrets::new());
        let sign_in = SignIn::new(port, clock.clone(), ids, secrets, hasher, Arc::new(Unsigned), settings);

        let alice = accounts.sign_up(sign_up("alice")).await.expect("she signs up").id;
        accounts.sign_up(sign_up("carol")).await.expect("she signs up");
        let create = async |text| memos.create(alice, state(text)).await.expect("a memo is made").memo.id;
        let (memo, trashed) = (create("회의록").await, create("쓰레기").await);
        create("한 메모 더").await;
        memos.trash(alice, trashed, &Precondition::None).await.expect("the memo is moved to the trash");
        let signed_in = sign_in.by_password("alice@example.com", PASSWORD, Scopes::all(), Device::default());
        let used = signed_in.await.expect("she signs in").refresh_token;
        let grant = sign_in.refresh(&used, None).await.expect("she goes on");
        clock.advance(later);
        Self { store, accounts, memos, changes, sign_in, alice, memo, trashed, grant, used, kept, clock }
    }

    /// All that is kept.
    pub async fn state(&self) -> State {
        let mut unit = self.kept.begin(Access::Snapshot).await.expect("a unit of work");
        let mut state = State {
            users: Vec::new(),
            sessions: Vec::new(),
            tokens: Vec::new(),
            memos: Vec::new(),
            counts: Vec::new(),
            tags: Vec::new(),
            feeds: Vec::new(),
        };
        for id in [MADE, self.clock.now()].into_iter().flat_map(|at| {
            let ids = SequentialIds::new();
            std::iter::repeat_with(move || ids.next(at)).take(MOST)
        }) {
            if let Some(user) = unit.users().lookup(UserId::new(id)).await.expect("members are read") {
                let limit = Limit::new(100).expect("a limit");
                let last = unit.changes().last(user.id).await.expect("changes are read");
                let changes = unit.changes().list(user.id, 0, limit).await.expect("changes are read");
                state.feeds.push((last, changes));
                for trashed in [false, true] {
                    let filter = MemoFilter { trashed, ..MemoFilter::of(user.id) };
                    state.counts.push(unit.memos().count(&filter).await.expect("memos are counted"));
                }
                state.tags.push(unit.memos().tags(user.id).await.expect("tags are counted"));
                state.users.push(user);
            }
            state.sessions.extend(unit.sessions().lookup(SessionId::new(id)).await.expect("sign-ins are read"));
            state.memos.extend(unit.memos().lookup(MemoId::new(id)).await.expect("memos are read"));
        }
        let secrets = SequentialSecrets::new();
        for _ in 0..MOST {
            let token = unit.refresh_tokens().lookup(&secrets.next().digest()).await;
            state.tokens.extend(token.expect("tokens are read"));
        }
        state
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
