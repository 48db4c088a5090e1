//! What it costs a request to know that its session is live: `SignIn::authenticate` with a signer that does next to nothing,
//! less that signer. There are as many sessions as the node remembers at once, and they are used in no order. And what it costs
//! in all to check an API key, or a signature with one: the rest of a signed request is to put 300 bytes together. And what it
//! costs to count a request for the usage of its user.
//!
//! `cargo bench -p memo-application --bench liveness`

use std::{
    env,
    hint::black_box,
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use async_trait::async_trait;
use hmac::{Hmac, KeyInit, Mac};
use memo_application::{
    AccountSettings, Accounts, ApiKeys, Background, Device, Error, LiveSessions, NewApiKey, Ports, Principal,
    Reauthentication, SignIn, SignInSettings, SignUp, SignUpPolicy, SignedIn, SignedRequest, StoredBrowserSessions,
    TextAnalysis, TextWorker, Timer, Transactions, UsageCounter, Work,
};
use memo_domain::{
    AccessClaims, ApiKeyKind, ApiKeyName, Clock, Content, CountedRequest, DisplayName, Email, HashError, HashLane,
    Locale, MemoFacts, Networks, OneTimeCodes, OperationName, Password, PasswordHash, PasswordHasher, PublicKey,
    Scopes, Sealed, Sealer, SearchText, Secret, SessionId, Source, Store, Timestamp, Title, TokenError, TokenSigner,
    UserId,
};
use memo_memory::{FixedClock, MemoryCache, MemoryStore, SequentialIds, SequentialSecrets};
use sha2::Sha256;

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

    async fn html(&self, _: UserId, _: &Content) -> Result<String, Error> {
        Ok(String::new())
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
        revisions: 100,
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
    let api_keys = ApiKeys::new(ports.clone(), live.clone(), 2);
    let usage = UsageCounter::new(ports.clone(), day);
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

    let caller = sign_in.authenticate(&tokens[0]).await.expect("they are signed in");
    measure_keys(&api_keys, &caller, rounds, calls).await;
    let mut callers = Vec::new();
    for token in tokens.iter().take(USERS / 2) {
        callers.push(sign_in.authenticate(token).await.expect("they are signed in"));
    }
    measure_usage(&usage, &callers, rounds, calls);
}

/// Counts requests of these users with four operations, on one thread and on two at once.
fn measure_usage(usage: &UsageCounter, callers: &[Principal], rounds: usize, calls: usize) {
    let operations =
        ["get_memo", "list_memos", "create_memo", "get_me"].map(|name| OperationName::new(name).expect("a name"));
    let count = || {
        let began = Instant::now();
        for call in 0..calls {
            let latency = Duration::from_micros(call as u64 % 50_000);
            let request = CountedRequest { is_error: call % 100 == 0, bytes_in: 0, bytes_out: 700, latency };
            let operation = operations[call % operations.len()].clone();
            black_box(usage.count(&callers[call * 379 % callers.len()], operation, &request));
        }
        (began.elapsed() / u32::try_from(calls).expect("a small number")).as_nanos()
    };
    for threads in [1, 2] {
        let mut costs = Vec::new();
        for _ in 0..rounds {
            costs.extend(thread::scope(|scope| {
                let running: Vec<_> = (0..threads).map(|_| scope.spawn(count)).collect();
                running.into_iter().map(|thread| thread.join().expect("it counts")).collect::<Vec<_>>()
            }));
        }
        costs.sort_unstable();
        let (median, last) = (costs[costs.len() / 2], costs[costs.len() - 1]);
        println!("usage, {threads} threads: {median} ns a request (median of {rounds} rounds; up to {last} ns)");
    }
}

async fn measure_keys(api_keys: &ApiKeys, caller: &Principal, rounds: usize, calls: usize) {
    let new = |kind| NewApiKey {
        kind,
        name: ApiKeyName::new("key").expect("a name"),
        note: None,
        scopes: Scopes::all(),
        networks: Networks::parse("192.0.2.0/24 2001:db8::/32").expect("networks"),
        expires_at: None,
    };
    let client = Some([192, 0, 2, 1].into());
    let device = Device::default();
    let (_, bearer) = api_keys.create(caller, new(ApiKeyKind::Bearer), &device, None).await.expect("a key");
    let (signed, secret) = api_keys.create(caller, new(ApiKeyKind::Signed), &device, None).await.expect("a key");
    let bases = ["\"@method\": GET\n".repeat(20)];
    let mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("a key of any length");
    let signature = mac.chain_update(&bases[0]).finalize().into_bytes();
    // The cache has room for all of them.
    let signatures = calls.min(4_000);
    let (mut of_bearer, mut of_signed) = (Vec::new(), Vec::new());
    for round in 0..rounds {
        let began = Instant::now();
        for _ in 0..calls {
            black_box(api_keys.authenticate(&bearer, client).await.expect("a valid key"));
        }
        of_bearer.push((began.elapsed() / u32::try_from(calls).expect("a small number")).as_nanos());
        let began = Instant::now();
        for call in 0..signatures {
            let nonce = format!("{round} {call}");
            let request = SignedRequest {
                key_id: signed.id,
                created: NOW,
                expires: None,
                nonce: &nonce,
                bases: &bases,
                signature: &signature,
            };
            black_box(api_keys.authenticate_signed(&request, client).await.expect("a valid signature"));
        }
        of_signed.push((began.elapsed() / u32::try_from(signatures).expect("a small number")).as_nanos());
    }
    for (what, mut costs) in [("bearer key", of_bearer), ("signature", of_signed)] {
        costs.sort_unstable();
        println!("{what}: {} ns a request (median of {rounds} rounds)", costs[rounds / 2]);
    }
}
