use std::{
    ffi::OsStr,
    net::SocketAddr,
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use memo_conformance::{TestStore, eventually};
use memo_domain::{Access, JobKind, LanguageModel, Mail, Role, StoreError, Timestamp, UnitOfWork, UserId};
use memo_memory::{
    CapturedMail, CapturedNotifications, CapturedWebhooks, FixedClock, MemoryModel, MemoryProvider, MemoryStore,
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
    world::{InMemory, SharedSettings, World, settings},
};

/// The time at which the clock of a [`TestApp`] starts.
pub const START: &str = "2026-01-31T09:00:00.123456Z";

/// The whole server in this process, on its own port and over its own store. Its ids, times and secrets are the same in
/// each run, and it reads no file and no variable of the process.
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
    world: World,
    shared: SharedSettings,
}

/// Builds a [`TestApp`].
pub struct TestAppBuilder {
    store: Box<dyn TestStore>,
    settings: Settings,
    data: TempDir,
    world: World,
    has_model: bool,
}

impl TestAppBuilder {
    /// Changes the settings: those that the server has in the environment `test`, with a free port, one worker, and no rate
    /// limits.
    #[must_use]
    pub fn settings(mut self, change: impl FnOnce(&mut Settings)) -> Self {
        change(&mut self.settings);
        self
    }

    /// Replaces the clock, which starts at [`START`] by default.
    #[must_use]
    pub fn clock(mut self, clock: Arc<FixedClock>) -> Self {
        self.world.clock = clock;
        self
    }

    /// Leaves out the language model.
    #[must_use]
    pub fn without_model(self) -> Self {
        Self { has_model: false, ..self }
    }

    /// Makes it another node of this server, which must have the same store: with its clock, its generators of ids and
    /// secrets, its keys and cache, and what stands in for mail, providers, receivers and the language model. Call it before
    /// [`settings`](Self::settings).
    #[must_use]
    pub fn node_of(mut self, app: &TestApp) -> Self {
        let SharedSettings { cache, signing_key_file, pepper_file } = app.shared.clone();
        self.settings.cache = cache;
        self.settings.auth.signing_key_file = Some(signing_key_file);
        self.settings.auth.pepper_file = Some(pepper_file);
        Self { world: app.world.clone(), ..self }
    }

    /// Starts the server.
    pub async fn start(self) -> TestApp {
        let Self { store, settings, data, world, has_model } = self;
        let shared = SharedSettings {
            cache: settings.cache.clone(),
            signing_key_file: settings.signing_key_file(),
            pepper_file: settings.pepper_file(),
        };
        let parts = Parts {
            settings,
            store: store.store(),
            clock: world.clock.clone(),
            ids: world.ids.clone(),
            secrets: world.secrets.clone(),
            mailer: world.mail.clone(),
            messages: world.messages.clone(),
            providers: vec![world.acme.clone(), world.other.clone()],
            model: has_model.then(|| world.model.clone() as Arc<dyn LanguageModel>),
            webhooks: world.webhooks.clone(),
        };
        let (running, address, public_url) = Running::start(parts).await;
        let World { clock, mail, messages, acme, other, model, webhooks, .. } = world.clone();
        let app = TestApp {
            clock,
            mail,
            messages,
            acme,
            other,
            model,
            webhooks,
            running,
            reach: Arc::new(Reach::new(address, public_url)),
            store,
            _data: data,
            address,
            world,
            shared,
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
        let mut settings = settings(&data);
        // Its secrets are those of every test: in a shared cache it needs names of its own.
        let name = data.path().file_name().and_then(OsStr::to_str).expect("a UTF-8 path");
        name.clone_into(&mut settings.cache.prefix);
        if let Some(url) = store.cache_url() {
            settings.cache.url = url.as_str().into();
        }
        TestAppBuilder { store, settings, data, world: World::new(), has_model: true }
    }

    /// A builder of a server over a store of its own in memory.
    #[must_use]
    pub fn in_memory() -> TestAppBuilder {
        Self::builder(Box::new(InMemory(Arc::new(MemoryStore::new()))))
    }

    /// The public URL of the server. It is a name, the same in each run, that leads nowhere: see [`address`](Self::address).
    #[must_use]
    pub fn url(&self) -> &str {
        &self.reach.public_url
    }

    /// The address that the server listens on, for other clients: `http://{address}` reaches it.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Removes what is older than it is kept, as the server itself does each hour.
    pub async fn clean_up(&self) {
        self.running.clean_up().await;
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
        let number = self.world.sign_ups.fetch_add(1, Ordering::Relaxed);
        let local: String = name.chars().filter(char::is_ascii_alphanumeric).collect();
        User::sign_up(self.anonymous(), name, &format!("{}-{number}@example.com", local.to_lowercase())).await
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
        let mail = self.write(async |unit| unit.jobs().claim(&MAIL, far, until, 100).await).await;
        assert!(!mail.is_empty(), "there is mail");
    }

    /// Waits until the worker has recorded that a mail failed.
    pub async fn failure_is_recorded(&self) {
        let far = now(self) + Duration::from_hours(24);
        eventually("the failure of a mail", async || {
            // Claimed by a transaction that is never committed, since a worker that runs the job would lose it.
            let claimed = async {
                let mut unit = self.store.store().begin(Access::Write).await?;
                let mail = unit.jobs().claim(&MAIL, far, far, 100).await?;
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

/// The kinds of jobs that send mail.
const MAIL: [JobKind; 2] = [JobKind::MAIL, JobKind::URGENT_MAIL];

fn now(app: &TestApp) -> Timestamp {
    memo_domain::Clock::now(&*app.clock)
}
