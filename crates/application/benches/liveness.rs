//! What it costs a request to know that its session is live: `SignIn::authenticate` with a signer that does next to nothing,
//! less that signer. There are as many sessions as the node remembers at once, and they are used in no order.
//!
//! `cargo bench -p memo-application --bench liveness`

use std::{
    env,
    hint::black_box,
    sync::Arc,
    time::{Duration, Instant},
};

use async_trait::async_trait;
use memo_application::{
    AccountSettings, Accounts, Background, Device, Error, LiveSessions, Ports, Reauthentication, SignIn,
    SignInSettings, SignUp, SignUpPolicy, SignedIn, StoredBrowserSessions, TextAnalysis, TextWorker, Timer,
    Transactions, Work,
};
use memo_domain::{
    AccessClaims, Clock, Content, DisplayName, Email, HashError, HashLane, Locale, MemoFacts, OneTimeCodes, Password,
    PasswordHash, PasswordHasher, PublicKey, Scopes, Sealed, Sealer, SearchText, Secret, SessionId, Source, Store,
    Timestamp, Title, TokenError, TokenSigner, UserId,
};
use memo_memory::{FixedClock, MemoryCache, MemoryStore, SequentialIds, SequentialSecrets};

const NOW: Timestamp = Timestamp::from_micros(1_769_850_000_000_000);
const USERS: usize = 1_000;

/// Does what each port must, and no more.
struct Least;

#[async_trait]
impl PasswordHasher for Least {
    async fn hash(&self, password: &Password, _: HashLane) -> Result<PasswordHash, HashError> {
        Ok(PasswordHash::new(password.expose().to_owned()))
    }

    async fn verify(&self, password: &Password, hash: Option<&PasswordHash>, _: HashLane) -> Result<bool, HashError> {
        Ok(hash.is_some_and(|hash| hash.as_str() == password.expose()))
    }

    fn is_outdated(&self, _: &PasswordHash) -> bool {
        false
    }
}

impl Sealer for Least {
    fn seal(&self, _: &str, plain: &[u8]) -> Result<Sealed, Source> {
        Ok(Sealed::new(plain.to_vec()))
    }

    fn open(&self, _: &str, sealed: &Sealed) -> Result<Vec<u8>, Source> {
        Ok(sealed.as_bytes().to_vec())
    }
}

impl OneTimeCodes for Least {
    fn step(&self, _: &[u8], _: &str, _: Timestamp) -> Option<i64> {
        None
    }

    fn latest_step(&self, _: Timestamp) -> i64 {
        0
    }

    fn code(&self, _: &[u8], _: Timestamp) -> String {
        String::new()
    }

    fn text(&self, _: &[u8]) -> String {
        String::new()
    }

    fn uri(&self, _: &[u8], _: &str) -> String {
        String::new()
    }
}

impl Background for Least {
    fn run(&self, _: Work) {}
}

#[async_trait]
impl TextWorker for Least {
    async fn analyze(&self, _: UserId, title: &Title, content: &Content) -> Result<TextAnalysis, Error> {
        Ok(TextAnalysis { search: SearchText::of(title, content), facts: MemoFacts::default(), links: Vec::new() })
    }

    async fn title(&self, _: UserId, _: &Content) -> Result<Option<Title>, Error> {
        Ok(None)
    }

    async fn set_task(&self, _: UserId, _: &Content, _: u32, _: bool) -> Result<Option<Content>, Error> {
        Ok(None)
    }
}

impl Timer for Least {
    fn sleep(&self, _: Duration) -> Work {
        Box::pin(async {})
    }
}

impl TokenSigner for Least {
    fn sign(&self, claims: &AccessClaims) -> Result<String, Source> {
        Ok(format!("{}{}", claims.session_id, claims.user_id))
    }

    fn verify(&self, token: &str, now: Timestamp) -> Result<AccessClaims, TokenError> {
        let (session_id, user_id) = token.split_at_checked(36).ok_or(TokenError::Invalid)?;
        let session_id = SessionId::parse(session_id).map_err(|_| TokenError::Invalid)?;
        let user_id = UserId::parse(user_id).map_err(|_| TokenError::Invalid)?;
        let (issued_at, expires_at) = (now, now);
        Ok(AccessClaims { id: session_id.as_uuid(), user_id, session_id, scopes: Scopes::all(), issued_at, expires_at })
    }

    fn public_keys(&self) -> &[PublicKey] {
        &[]
    }

    fn successors(&self, _: &Secret) -> Vec<Secret> {
        Vec::new()
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    // As a test it need only run.
    let (rounds, calls) = if env::args().any(|argument| argument == "--bench") { (21, 200_000) } else { (1, 1_000) };
    let clock = Arc::new(FixedClock::at(NOW));
    let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
    let (ids, secrets, least) = (Arc::new(SequentialIds::new()), Arc::new(SequentialSecrets::new()), Arc::new(Least));
    let live = Arc::new(LiveSessions::new());
    let transactions = Transactions::new(
        store,
        clock.clone(),
        ids.clone(),
        secrets.clone(),
        least.clone(),
        least.clone(),
        live.clone(),
    );
    let ports = Arc::new(Ports {
        browser_sessions: Arc::new(StoredBrowserSessions::new(transactions.clone())),
        transactions,
        cache: Arc::new(MemoryCache::new(clock.clone())),
        counters: Arc::new(MemoryCache::new(clock.clone())),
        clock: clock.clone(),
        timer: least.clone(),
        ids,
        secrets,
        hasher: least.clone(),
        sealer: least.clone(),
        codes: least.clone(),
        texts: least.clone(),
        background: least.clone(),
        signer: least,
    });
    let day = Duration::from_hours(24);
    let settings =
        SignInSettings { access_token_ttl: day, refresh_token_ttl: day, session_ttl: day, refresh_reuse_leeway: day };
    let reauthentication = Arc::new(Reauthentication::new(ports.clone()));
    let account_settings = AccountSettings { sign_up: SignUpPolicy::Open, host: "memo.example".to_owned() };
    let accounts = Accounts::new(ports.clone(), account_settings, reauthentication.clone());
    let sign_in = SignIn::new(ports, settings, live, reauthentication);

    let mut tokens = Vec::new();
    for n in 0..USERS {
        let email = format!("{n}@example.com");
        let sign_up = SignUp {
            email: Email::new(&email).expect("an address"),
            password: Password::new("correct horse battery").expect("a password"),
            display_name: DisplayName::new("Member").expect("a name"),
            locale: Locale::En,
        };
        accounts.sign_up(sign_up, &Device::default()).await.expect("they sign up");
        let signed_in = sign_in.by_password(&email, "correct horse battery", Scopes::all(), &Device::default()).await;
        let Ok(SignedIn::Done(grant)) = signed_in else { panic!("they sign in") };
        tokens.push(grant.access_token);
    }
    // In no order: another one each time, far from the one before.
    let token = |call: usize| tokens[call * 379 % USERS].as_str();
    let mut costs = Vec::new();
    for _ in 0..rounds {
        let began = Instant::now();
        for call in 0..calls {
            black_box(sign_in.authenticate(token(call)).await.expect("they are signed in"));
        }
        let all = began.elapsed();
        let began = Instant::now();
        for call in 0..calls {
            let now = clock.now();
            black_box(TokenSigner::verify(&Least, token(call), now).expect("a token"));
        }
        let number = u32::try_from(calls).expect("a small number");
        costs.push((all.saturating_sub(began.elapsed()) / number).as_nanos());
    }
    costs.sort_unstable();
    println!(
        "liveness check: {} ns a request (median of {rounds} rounds; {} to {} ns)",
        costs[rounds / 2],
        costs[0],
        costs[rounds - 1]
    );
}
