//! The simplest ports that the use cases can run with.

use std::{
    fs::File,
    io::Write,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use memo_application::{
    ArchiveKind, ArchiveReport, ArchiveWorker, Background, Error, LiveSessions, MarkdownArchive, Ports,
    StoredBrowserSessions, TextAnalysis, TextWorker, Timer, Transactions, Work,
};
use memo_domain::{
    AccessClaims, Content, HashError, HashLane, Locale, MailContent, MailMessage, MailRenderer, Memo, MemoFacts,
    OneTimeCodes, Password, PasswordHash, PasswordHasher, PublicKey, Scopes, Sealed, Sealer, SearchText, Secret,
    SessionId, Source, Store, Timestamp, Title, TokenError, TokenSigner, UserId,
};
use memo_memory::{FixedClock, MemoryCache};
use tokio::sync::oneshot;

use crate::origin::Generators;

/// The ports over a store, with the sessions that are remembered as live.
pub fn ports(
    store: Arc<dyn Store>,
    clock: Arc<FixedClock>,
    timer: Arc<NoWait>,
    hasher: Arc<Plain>,
    texts: Arc<InPlace>,
    generators: &Generators,
) -> (Arc<Ports>, Arc<LiveSessions>) {
    let live = Arc::new(LiveSessions::new());
    let background = Arc::new(Never);
    let transactions = Transactions::new(
        store,
        clock.clone(),
        generators.ids.clone(),
        generators.lease_secrets.clone(),
        timer.clone(),
        background.clone(),
        live.clone(),
    );
    let ports = Ports {
        revisions: 100,
        browser_sessions: Arc::new(StoredBrowserSessions::new(transactions.clone())),
        transactions,
        cache: Arc::new(MemoryCache::new(clock.clone())),
        counters: Arc::new(MemoryCache::new(clock.clone())),
        clock,
        timer,
        ids: generators.ids.clone(),
        secrets: generators.secrets.clone(),
        hasher,
        sealer: Arc::new(Open),
        codes: Arc::new(OneCode),
        texts,
        background,
        signer: Arc::new(Unsigned),
    };
    (Arc::new(ports), live)
}

/// Computes texts in place.
#[derive(Default)]
pub struct InPlace {
    held: Held,
}

impl InPlace {
    /// Makes the next text wait.
    pub fn hold(&self) -> oneshot::Sender<()> {
        self.held.hold()
    }
}

#[async_trait]
impl TextWorker for InPlace {
    async fn analyze(&self, _: UserId, title: &Title, content: &Content) -> Result<TextAnalysis, Error> {
        self.held.wait().await;
        Ok(TextAnalysis { search: SearchText::of(title, content), facts: MemoFacts::default(), links: Vec::new() })
    }

    async fn title(&self, _: UserId, content: &Content) -> Result<Option<Title>, Error> {
        self.held.wait().await;
        Ok(content.as_str().lines().next().and_then(|line| Title::new(line).ok()))
    }

    async fn set_task(&self, _: UserId, content: &Content, _: u32, done: bool) -> Result<Option<Content>, Error> {
        self.held.wait().await;
        let (from, to) = if done { ("[ ]", "[x]") } else { ("[x]", "[ ]") };
        Ok(Content::new(content.as_str().replacen(from, to, 1)).ok())
    }

    async fn html(&self, _: UserId, content: &Content) -> Result<String, Error> {
        self.held.wait().await;
        Ok(content.as_str().to_owned())
    }
}

/// Archives without memos.
pub struct NoArchives;

#[async_trait]
impl ArchiveWorker for NoArchives {
    async fn unpack(
        &self,
        _: UserId,
        _: ArchiveKind,
        _: File,
        _: Timestamp,
        _: Box<dyn Write + Send>,
    ) -> Result<ArchiveReport, Error> {
        Ok(ArchiveReport::default())
    }

    fn markdown(&self, _: UserId) -> Box<dyn MarkdownArchive> {
        Box::new(Self)
    }
}

#[async_trait]
impl MarkdownArchive for NoArchives {
    async fn append(&mut self, _: Vec<Memo>) -> Result<Vec<u8>, Error> {
        Ok(Vec::new())
    }

    async fn finish(&mut self) -> Result<Vec<u8>, Error> {
        Ok(Vec::new())
    }
}

/// Adds up the waits instead of waiting.
#[derive(Default)]
pub struct NoWait {
    micros: AtomicU64,
}

impl NoWait {
    /// Returns how long was waited in all.
    pub fn waited(&self) -> Duration {
        Duration::from_micros(self.micros.load(Ordering::Relaxed))
    }
}

impl Timer for NoWait {
    fn sleep(&self, duration: Duration) -> Work {
        let micros = u64::try_from(duration.as_micros()).expect("a short time");
        self.micros.fetch_add(micros, Ordering::Relaxed);
        Box::pin(async {})
    }
}

/// What the next call of a port waits for.
#[derive(Default)]
struct Held(Mutex<Option<oneshot::Receiver<()>>>);

impl Held {
    fn hold(&self) -> oneshot::Sender<()> {
        let (sender, receiver) = oneshot::channel();
        *self.0.lock().expect("no test panics") = Some(receiver);
        sender
    }

    async fn wait(&self) {
        let held = self.0.lock().expect("no test panics").take();
        if let Some(held) = held {
            held.await.expect("it is let go");
        }
    }
}

/// Hashes nothing.
#[derive(Default)]
pub struct Plain {
    held: Held,
    outdated: AtomicBool,
}

impl Plain {
    /// Makes the next check of a password wait.
    pub fn hold(&self) -> oneshot::Sender<()> {
        self.held.hold()
    }

    /// Makes all hashes outdated.
    pub fn outdate(&self) {
        self.outdated.store(true, Ordering::Relaxed);
    }
}

#[async_trait]
impl PasswordHasher for Plain {
    async fn hash(&self, password: &Password, _: HashLane) -> Result<PasswordHash, HashError> {
        Ok(PasswordHash::new(password.expose().to_owned()))
    }

    async fn verify(&self, password: &Password, hash: Option<&PasswordHash>, _: HashLane) -> Result<bool, HashError> {
        self.held.wait().await;
        Ok(hash.is_some_and(|hash| hash.as_str() == password.expose()))
    }

    fn is_outdated(&self, _: &PasswordHash) -> bool {
        self.outdated.load(Ordering::Relaxed)
    }
}

/// Renders the name of a message.
pub struct Names;

impl MailRenderer for Names {
    fn render(&self, message: &MailMessage, _: Locale) -> MailContent {
        let [subject, text, html] = [(); 3].map(|()| message.name().to_owned());
        MailContent { subject, text, html }
    }
}

/// Encrypts nothing.
struct Open;

impl Sealer for Open {
    fn seal(&self, _: &str, plain: &[u8]) -> Result<Sealed, Source> {
        Ok(Sealed::new(plain.to_vec()))
    }

    fn open(&self, _: &str, sealed: &Sealed) -> Result<Vec<u8>, Source> {
        Ok(sealed.as_bytes().to_vec())
    }
}

/// The only valid code.
pub const CODE: &str = "123456";

/// Accepts one code, at any time.
struct OneCode;

impl OneTimeCodes for OneCode {
    fn step(&self, _: &[u8], code: &str, _: Timestamp) -> Option<i64> {
        (code == CODE).then_some(1)
    }

    fn latest_step(&self, _: Timestamp) -> i64 {
        i64::MAX
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

/// Runs nothing: work in the background is no part of a use case.
struct Never;

impl Background for Never {
    fn run(&self, _: Work) {}
}

/// Signs nothing.
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

    fn successors(&self, refresh_token: &Secret) -> Vec<Secret> {
        vec![successor(refresh_token)]
    }
}

/// The refresh token that follows on this one.
pub fn successor(refresh_token: &Secret) -> Secret {
    Secret::new(*refresh_token.digest().as_bytes())
}
