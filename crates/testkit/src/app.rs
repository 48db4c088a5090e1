use std::{
    collections::HashMap,
    ffi::OsStr,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use memo_conformance::{TestStore, eventually};
use memo_domain::{
    Access, IdGenerator, JobKind, LanguageModel, Mail, Role, SecretGenerator, SocialProvider, StoreError, Timestamp,
    UnitOfWork, UserId,
};
use memo_memory::{
    CapturedMail, CapturedNotifications, CapturedWebhooks, FixedClock, MemoryModel, MemoryProvider, SequentialIds,
    SequentialSecrets,
};
use memo_server::Settings;
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::{
    actor::{Actor, User},
    browser::Browser,
    call::Reach,
    contract,
    running::{Parts, Running},
};

/// The time at which the clock of a [`TestApp`] starts.
pub const START: &str = "2026-01-31T09:00:00.123456Z";

/// The whole server in this process, on its own port and over its own store. Its ids, times and secrets are the same in
/// each run.
///
/// Dropping it stops the server and removes its data.
pub struct TestApp {
    /// The clock of the server. It moves only when a test moves it.
    pub clock: Arc<FixedClock>,
    /// The mail that the server has sent.
    pub mail: Arc<CapturedMail>,
    /// The messages that the server has sent to users with an identity that allows them.
    pub messages: Arc<CapturedNotifications>,
    /// A social provider of the server, `acme`.
    pub acme: Arc<MemoryProvider>,
    /// Another one, `other`.
    pub other: Arc<MemoryProvider>,
    /// The language model of the server.
    pub model: Arc<MemoryModel>,
    /// The receivers of the webhooks of the server.
    pub webhooks: Arc<CapturedWebhooks>,
    // Fields are dropped in this order: the server stops before what it uses.
    running: Running,
    reach: Arc<Reach>,
    store: Box<dyn TestStore>,
    _data: TempDir,
    address: SocketAddr,
    sign_ups: AtomicU32,
    ids: Arc<dyn IdGenerator>,
    secrets: Arc<dyn SecretGenerator>,
    cache_prefix: String,
}

/// Builds a [`TestApp`].
pub struct TestAppBuilder {
    store: Box<dyn TestStore>,
    settings: Settings,
    data: TempDir,
    clock: Arc<FixedClock>,
    ids: Arc<dyn IdGenerator>,
    secrets: Arc<dyn SecretGenerator>,
    has_model: bool,
}

impl TestAppBuilder {
    /// Changes the settings: those of `config/test.toml`, with a free port and one worker.
    #[must_use]
    pub fn settings(mut self, change: impl FnOnce(&mut Settings)) -> Self {
        change(&mut self.settings);
        self
    }

    /// Replaces the clock, which starts at [`START`] by default.
    #[must_use]
    pub fn clock(mut self, clock: Arc<FixedClock>) -> Self {
        self.clock = clock;
        self
    }

    /// Leaves out the language model.
    #[must_use]
    pub fn without_model(self) -> Self {
        Self { has_model: false, ..self }
    }

    /// Makes it another node of this server, which must have the same store: with its clock, its generators of ids and
    /// secrets, and its names in a shared cache.
    #[must_use]
    pub fn node_of(mut self, app: &TestApp) -> Self {
        self.settings.cache.prefix.clone_from(&app.cache_prefix);
        Self { clock: app.clock.clone(), ids: app.ids.clone(), secrets: app.secrets.clone(), ..self }
    }

    /// Starts the server.
    pub async fn start(self) -> TestApp {
        let Self { store, settings, data, clock, ids, secrets, has_model } = self;
        let cache_prefix = settings.cache.prefix.clone();
        let mail = Arc::new(CapturedMail::new());
        let messages = Arc::new(CapturedNotifications::new());
        let (acme, other) = (Arc::new(MemoryProvider::new("acme")), Arc::new(MemoryProvider::new("other")));
        let providers: Vec<Arc<dyn SocialProvider>> = vec![acme.clone(), other.clone()];
        let (model, webhooks) = (Arc::new(MemoryModel::new()), Arc::new(CapturedWebhooks::new()));
        let parts = Parts {
            settings,
            store: store.store(),
            clock: clock.clone(),
            ids: ids.clone(),
            secrets: secrets.clone(),
            mailer: mail.clone(),
            messages: messages.clone(),
            providers,
            model: has_model.then(|| model.clone() as Arc<dyn LanguageModel>),
            webhooks: webhooks.clone(),
        };
        let (running, address, public_url) = Running::start(parts).await;
        let reach = Arc::new(Reach::new(address, public_url));
        let sign_ups = AtomicU32::new(0);
        let app = TestApp {
            clock,
            mail,
            messages,
            acme,
            other,
            model,
            webhooks,
            running,
            reach,
            store,
            _data: data,
            address,
            sign_ups,
            ids,
            secrets,
            cache_prefix,
        };
        contract::learn(&app).await;
        app
    }
}

impl TestApp {
    /// A builder of a server over this store.
    #[must_use]
    pub fn builder(store: Box<dyn TestStore>) -> TestAppBuilder {
        let data = tempfile::tempdir().expect("a temporary folder");
        let clock = Arc::new(FixedClock::at(Timestamp::parse(START).expect("a valid time")));
        let mut settings = settings(&data);
        // Its secrets are those of every test: in a shared cache it needs names of its own.
        let name = data.path().file_name().and_then(OsStr::to_str).expect("a UTF-8 path");
        name.clone_into(&mut settings.cache.prefix);
        if let Some(url) = store.cache_url() {
            settings.cache.url = url.as_str().into();
        }
        let (ids, secrets) = (Arc::new(SequentialIds::new()), Arc::new(SequentialSecrets::new()));
        TestAppBuilder { store, settings, data, clock, ids, secrets, has_model: true }
    }

    /// The public URL of the server.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.reach.public_url
    }

    /// A client without credentials.
    #[must_use]
    pub fn anonymous(&self) -> Actor {
        Actor::new(self.reach.clone(), None)
    }

    /// A new browser without cookies, showing a page of this server.
    #[must_use]
    pub fn browser(&self) -> Browser {
        Browser::new(self.reach.clone())
    }

    /// Takes the first mail to this address whose subject contains `subject`. Waits until it is sent.
    pub async fn mail_to(&self, address: &str, subject: &str) -> Mail {
        let what = format!("a mail to {address} about {subject:?}");
        eventually(&what, async || {
            self.mail.take_first(|mail| mail.to.as_str() == address && mail.subject.contains(subject))
        })
        .await
    }

    /// Signs up a user with this display name and a unique e-mail address, and signs in with all scopes.
    pub async fn user(&self, name: &str) -> User {
        let number = self.sign_ups.fetch_add(1, Ordering::Relaxed);
        User::sign_up(self.anonymous(), name, &format!("{}-{number}@example.com", name.to_lowercase())).await
    }

    /// Like [`user`](Self::user), with a verified address.
    pub async fn verified_user(&self, name: &str) -> User {
        let user = self.user(name).await;
        user.verify_email(&self.verification(&user.email).await).await.expect_empty(204);
        user
    }

    /// Like [`user`](Self::user), but an administrator: promoted directly in the store, as the command line does.
    pub async fn admin(&self, name: &str) -> User {
        let user = self.user(name).await;
        let id = UserId::parse(&user.id).expect("an id");
        let promoted = self.write(async |unit| {
            let mut row = unit.users().lookup(id).await?.expect("the user exists");
            let from = row.version;
            (row.role, row.version) = (Role::Admin, from.next());
            unit.users().update(&row, from).await
        });
        promoted.await;
        user
    }

    /// Writes directly to the store, like another process. While other units of work are in the way, retries all of it.
    ///
    /// # Panics
    /// If the store fails for another reason.
    pub async fn write<T>(&self, work: impl AsyncFn(&mut dyn UnitOfWork) -> Result<T, StoreError>) -> T {
        loop {
            let written = async {
                let mut unit = self.store.store().begin(Access::Write).await?;
                let written = work(&mut *unit).await?;
                unit.commit().await?;
                Ok::<_, StoreError>(written)
            };
            match written.await {
                Err(error) if error.is_lost_race() => tokio::task::yield_now().await,
                Err(error) => panic!("the write fails: {error}"),
                Ok(written) => return written,
            }
        }
    }

    /// Reads directly from the store, like another process.
    pub async fn read<T>(&self, read: impl AsyncFnOnce(&mut dyn UnitOfWork) -> Result<T, StoreError>) -> T {
        let mut unit = self.store.store().begin(Access::Read).await.expect("a unit of work");
        read(&mut *unit).await.expect("the store answers")
    }

    /// Leases all waiting mail for two minutes without sending it, like a node that crashes after the claim.
    pub async fn claim_mail_and_crash(&self) {
        let (far, until) = (now(self) + Duration::from_hours(24), now(self) + Duration::from_mins(2));
        let mail = self.write(async |unit| unit.jobs().claim(&[JobKind::MAIL], far, until, 100).await).await;
        assert!(!mail.is_empty(), "there is mail");
    }

    /// Waits until the worker has recorded that a mail failed.
    pub async fn failure_is_recorded(&self) {
        let far = now(self) + Duration::from_hours(24);
        eventually("the failure of a mail", async || {
            // Claimed by a transaction that is never committed, since a worker that runs the job would lose it.
            let claimed = async {
                let mut unit = self.store.store().begin(Access::Write).await?;
                let mail = unit.jobs().claim(&[JobKind::MAIL], far, far, 100).await?;
                Ok::<_, StoreError>(mail.iter().any(|job| job.error.is_some()))
            };
            match claimed.await {
                Ok(has_failed) => has_failed.then_some(()),
                Err(error) if error.is_lost_race() => None,
                Err(error) => panic!("the claim fails: {error}"),
            }
        })
        .await;
    }

    /// Takes a mail like [`mail_to`](Self::mail_to) and returns the token of its link, which must lead to this page.
    pub async fn link_to(&self, address: &str, subject: &str, page: &str) -> String {
        let mail = self.mail_to(address, subject).await;
        let begin = format!("{}/{page}?token=", self.url());
        let (_, rest) = mail.text.split_once(&begin).unwrap_or_else(|| panic!("no {begin} in {}", mail.text));
        let token = rest.split_whitespace().next().expect("a token").to_owned();
        assert!(mail.html.contains(&format!("<a href=\"{begin}{token}\">")), "no link in {}", mail.html);
        token
    }

    /// The token of the link in the next verification mail in English.
    pub async fn verification(&self, address: &str) -> String {
        self.link_to(address, "Confirm", "verify-email").await
    }

    /// The token of the link in the next password reset mail in English.
    pub async fn reset_link(&self, address: &str) -> String {
        self.link_to(address, "Set a new password", "reset-password").await
    }

    /// The time of the clock, in the format of the API.
    #[must_use]
    pub fn now(&self) -> String {
        now(self).to_string()
    }

    /// Tells the server to stop, like a signal. It keeps serving for the configured drain delay.
    pub fn announce_stop(&mut self) {
        self.running.announce_stop();
    }

    /// Opens a connection and sends the beginning of a request; dropping it ends the connection.
    pub async fn open(&self, request: &[u8]) -> TcpStream {
        let mut connection = TcpStream::connect(self.address).await.expect("the server listens");
        connection.write_all(request).await.expect("it is sent");
        connection
    }

    /// Sends raw bytes and returns everything received until the server closes the connection.
    ///
    /// The request must ask for the close, or be one after which the server closes the connection anyway.
    pub async fn exchange(&self, request: &[u8]) -> String {
        let mut connection = TcpStream::connect(self.address).await.expect("the server listens");
        // The server may respond and close before it has read everything, which makes the write fail.
        let _ = connection.write_all(request).await;
        let mut response = Vec::new();
        let _ = connection.read_to_end(&mut response).await;
        String::from_utf8_lossy(&response).into_owned()
    }
}

fn now(app: &TestApp) -> Timestamp {
    memo_domain::Clock::now(&*app.clock)
}

fn settings(data: &TempDir) -> Settings {
    let data = data.path().to_str().expect("a UTF-8 path");
    let variables = [
        ("MEMO_ENV", "test"),
        ("MEMO__DATA_DIR", data),
        ("MEMO__SERVER__LISTEN", "127.0.0.1:0"),
        // Without the port, so that responses are the same in each run.
        ("MEMO__SERVER__PUBLIC_URL", "http://memo.test"),
        ("MEMO__SERVER__METRICS_LISTEN", "off"),
        ("MEMO__SERVER__WORKERS", "1"),
        ("MEMO__SERVER__SHUTDOWN_GRACE", "0s"),
        ("MEMO__DATABASE__URL", "memory:"),
        ("MEMO__AUTH__BCRYPT_COST", "4"),
        ("MEMO__RATE_LIMIT__ENABLED", "false"),
    ];
    let variables: HashMap<_, _> = variables.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
    Settings::of_variables(&variables).unwrap_or_else(|error| panic!("{error}"))
}
