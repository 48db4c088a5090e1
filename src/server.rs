//! The server: use cases over the ports, behind HTTP.

use std::{
    future::pending,
    net::{SocketAddr, TcpListener},
    pin::pin,
    sync::Arc,
    time::Duration,
};

use actix_web::HttpServer;
use memo_application::{
    AccountSettings, Accounts, Administration, ApiKeys, AuditLog, Changes, Completions, Idempotency, JobHandler,
    JobWorker, Likes, LiveSessions, MailHandler, Memos, Ports, Readiness, Reauthentication, ReminderHandler,
    RetagHandler, Retention, SecondFactors, Shares, SignIn, SignInSettings, SignUpPolicy, Social, Transfer,
    TrashHandler, UsageCounter, UsageReports, Webhooks, WithdrawalHandler,
};
use memo_domain::{
    Clock, Events, IdGenerator, LanguageModel, Mailer, Notifier, SecretGenerator, SocialProvider, Store, WebhookSender,
};
use memo_web::{Limits, RequestIds, Services, UseCases};
use tokio::time::{sleep, timeout};

use crate::{
    Settings, SignUpSetting, StartError,
    adapters::{self, SystemClock, SystemSecrets, UuidV7Generator},
    archives::ArchiveThreads,
    background::{JobLoop, Tasks, WakeUps},
    deliveries::Deliveries,
    housekeeping::{Cleaner, Housekeeping},
    http_settings::{host_name, http_settings},
    ports::{Wired, ports},
    store_source::StoreSource,
    unread,
    usage::UsageLoop,
};

/// How long closing the store may take.
const CLOSE_PATIENCE: Duration = Duration::from_secs(5);

/// Builds a [`Server`]; each port can be replaced.
pub struct ServerBuilder {
    settings: Settings,
    store: StoreSource,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn IdGenerator>,
    secrets: Arc<dyn SecretGenerator>,
    mailer: Option<Arc<dyn Mailer>>,
    messages: Option<Arc<dyn Notifier>>,
    providers: Vec<Arc<dyn SocialProvider>>,
    model: Option<Arc<dyn LanguageModel>>,
    webhooks: Option<Arc<dyn WebhookSender>>,
}

/// A server that listens, but does not serve yet.
pub struct Server {
    settings: Settings,
    listener: TcpListener,
    address: SocketAddr,
    public_url: Arc<str>,
    services: Services,
    housekeeping: Housekeeping,
    jobs: JobLoop,
    reminders: JobLoop,
    usage: UsageLoop,
    deliveries: Deliveries,
    wake_ups: WakeUps,
    live: Arc<LiveSessions>,
    events: Arc<dyn Events>,
    has_peers: bool,
    store: Arc<dyn Store>,
}

impl ServerBuilder {
    /// Uses this store instead of the one that `database.url` names. Its schema must be up to date.
    #[must_use]
    pub fn store(mut self, store: Arc<dyn Store>) -> Self {
        self.store = StoreSource::Opened(store);
        self
    }

    pub(crate) fn store_source(mut self, store: StoreSource) -> Self {
        self.store = store;
        self
    }

    /// Uses this clock instead of the system clock.
    #[must_use]
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// Uses this source of ids instead of `UUIDv7`s by the system clock.
    #[must_use]
    pub fn ids(mut self, ids: Arc<dyn IdGenerator>) -> Self {
        self.ids = ids;
        self
    }

    /// Uses this source of secrets instead of the random numbers of the system.
    #[must_use]
    pub fn secrets(mut self, secrets: Arc<dyn SecretGenerator>) -> Self {
        self.secrets = secrets;
        self
    }

    /// Uses this mailer instead of the one that `mail.url` names.
    #[must_use]
    pub fn mailer(mut self, mailer: Arc<dyn Mailer>) -> Self {
        self.mailer = Some(mailer);
        self
    }

    /// Uses this notifier instead of the one of `kakao`, for messages to users with an identity that allows them.
    #[must_use]
    pub fn messages(mut self, messages: Arc<dyn Notifier>) -> Self {
        self.messages = Some(messages);
        self
    }

    /// Adds a social provider to those of the settings.
    #[must_use]
    pub fn provider(mut self, provider: Arc<dyn SocialProvider>) -> Self {
        self.providers.push(provider);
        self
    }

    /// Uses this language model instead of the one that `llm` names.
    #[must_use]
    pub fn language_model(mut self, model: Arc<dyn LanguageModel>) -> Self {
        self.model = Some(model);
        self
    }

    /// Sends webhooks by this sender.
    #[must_use]
    pub fn webhook_sender(mut self, sender: Arc<dyn WebhookSender>) -> Self {
        self.webhooks = Some(sender);
        self
    }

    pub(crate) const fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Opens the store and the other adapters, and listens.
    ///
    /// # Errors
    /// [`StartError`] if a setting or key file is invalid, the store cannot be opened, or the address is in use.
    pub async fn build(self) -> Result<Server, StartError> {
        let Self { settings, store, clock, ids, secrets, mailer, messages, mut providers, model, webhooks } = self;
        // First what fails fast and changes nothing.
        let listen = settings.server.listen;
        let failed = |source| StartError::Io { what: format!("can't listen on {listen}"), source };
        let listener = TcpListener::bind(listen).map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        let http = http_settings(&settings, address);

        // Read again with the ports: an invalid key file is reported before the store is opened.
        adapters::check_keys(&settings, &*secrets)?.iter().for_each(|path| adapters::warn_of_exposed(path));
        providers.extend(adapters::providers(&settings, &clock, &secrets)?);
        let model = match model {
            Some(model) => Some(model),
            None => adapters::language_model(&settings)?,
        };
        let mailer = match mailer {
            Some(mailer) => mailer,
            None => adapters::mailer(&settings, clock.clone())?,
        };
        let messages = match messages {
            Some(messages) => Some(messages),
            None => adapters::messages(&settings, &http.public_url)?,
        };
        let store = adapters::traced(store.open_migrated(&settings).await?.store);
        let background = Tasks::default();
        let (wake_ups, crowded) = (background.wake_ups(), background.crowded());
        let (url, background) = (&http.public_url, Arc::new(background));
        let Wired { ports, live, events, has_peers } =
            ports(&settings, url, store.clone(), clock.clone(), ids.clone(), secrets, background)?;
        let ports = Arc::new(ports);
        let kept_mail = mailer.clone();
        let trash = Arc::new(TrashHandler::new(ports.clone(), *settings.memos.trash_retention));
        let templates = Arc::new(adapters::MailTemplates::new(url.clone()));
        let by_mail = Arc::new(adapters::MailNotifier::new(templates.clone(), mailer.clone()));
        let reminders = Arc::new(ReminderHandler::new(ports.clone(), by_mail, messages, providers.clone()));
        let mail = MailHandler::new(&ports, templates, mailer);
        // A loop of their own: a user may have any number of them at one time.
        let reminders = JobLoop::new(JobWorker::new(ports.clone(), vec![reminders]), wake_ups.reminders.clone());
        let handlers: Vec<Arc<dyn JobHandler>> = vec![
            Arc::new(mail),
            Arc::new(RetagHandler::new(ports.clone())),
            Arc::new(WithdrawalHandler::new(ports.clone())),
            trash.clone(),
        ];
        let jobs = JobLoop::new(JobWorker::new(ports.clone(), handlers), wake_ups.jobs.clone());
        let sender = webhooks.unwrap_or_else(|| adapters::webhook_sender(&settings));
        let deliveries = Deliveries::new(&ports, sender.clone(), wake_ups.clone());
        let webhooks = Webhooks::new(ports.clone(), sender);
        let use_cases = use_cases(&settings, host_name(&http.public_url), &ports, &live, providers, model, webhooks);
        let usage = UsageLoop::new(use_cases.usage_counter.clone(), crowded);
        let housekeeping = {
            let (changes, retention) = (Changes::new(ports.clone()), Retention::new(ports.clone()));
            let (shares, counter) = (use_cases.shares.clone(), use_cases.usage_counter.clone());
            Housekeeping::new(changes, retention, trash.clone(), shares, counter, kept_mail)
        };
        let limits = Limits::new(&http, ports.counters.clone());
        let (ids, pages) = (RequestIds::new(ids, clock), Arc::new(adapters::MarkdownPages));
        let services = Services::new(use_cases, ids, limits, ports.sealer.clone(), pages, http.clone());
        Ok(Server {
            settings,
            listener,
            address,
            public_url: http.public_url,
            services,
            housekeeping,
            jobs,
            reminders,
            deliveries,
            wake_ups,
            usage,
            live,
            events,
            has_peers,
            store,
        })
    }
}

fn use_cases(
    settings: &Settings,
    host: &str,
    ports: &Arc<Ports>,
    live: &Arc<LiveSessions>,
    providers: Vec<Arc<dyn SocialProvider>>,
    model: Option<Arc<dyn LanguageModel>>,
    webhooks: Webhooks,
) -> UseCases {
    let policy = match settings.auth.sign_up {
        SignUpSetting::Open => SignUpPolicy::Open,
        SignUpSetting::Closed => SignUpPolicy::Closed,
    };
    let sign_in = SignInSettings {
        access_token_ttl: *settings.auth.access_token_ttl,
        refresh_token_ttl: *settings.auth.refresh_token_ttl,
        session_ttl: *settings.auth.session_ttl,
        refresh_reuse_leeway: *settings.auth.refresh_reuse_leeway,
    };
    let reauthentication = Arc::new(Reauthentication::new(ports.clone()));
    let sign_in = Arc::new(SignIn::new(ports.clone(), sign_in, live.clone(), reauthentication.clone()));
    let accounts = AccountSettings { sign_up: policy, host: host.to_owned() };
    let usage_counter = Arc::new(UsageCounter::new(ports.clone(), *settings.usage.retention));
    let archives = Arc::new(ArchiveThreads::new(settings.import.max_size.0 as u64));
    UseCases {
        accounts: Arc::new(Accounts::new(ports.clone(), accounts, reauthentication.clone())),
        memos: Memos::new(ports.clone()),
        completions: Completions::new(ports.clone(), model),
        likes: Likes::new(ports.clone()),
        shares: Arc::new(Shares::new(ports.clone())),
        changes: Changes::new(ports.clone()),
        idempotency: Idempotency::new(ports.clone(), settings.limits.idempotent_responses.0),
        api_keys: ApiKeys::new(ports.clone(), live.clone(), settings.api_keys.max_per_user),
        second_factors: SecondFactors::new(ports.clone(), reauthentication),
        social: Social::new(ports.clone(), sign_in.clone(), providers, policy),
        sign_in,
        transfer: Transfer::new(ports.clone(), archives),
        administration: Administration::new(ports.clone()),
        audit: AuditLog::new(ports.clone()),
        usage: UsageReports::new(ports.clone(), usage_counter.clone()),
        usage_counter,
        webhooks,
        readiness: Readiness::new(ports.clone()),
    }
}

impl Server {
    /// Returns a builder with the adapters that the settings name.
    #[must_use]
    pub fn builder(settings: Settings) -> ServerBuilder {
        ServerBuilder {
            settings,
            store: StoreSource::default(),
            clock: Arc::new(SystemClock),
            ids: Arc::new(UuidV7Generator::default()),
            secrets: Arc::new(SystemSecrets),
            mailer: None,
            messages: None,
            providers: Vec::new(),
            model: None,
            webhooks: None,
        }
    }

    /// Returns the address that it listens on.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Returns the URL that clients use.
    #[must_use]
    pub fn public_url(&self) -> &str {
        &self.public_url
    }

    /// Returns what lets this node look at once for jobs that are due, instead of at its next poll: for a clock that is moved.
    pub fn waker(&self) -> impl Fn() + Send + Sync + use<> {
        let WakeUps { jobs, deliveries, reminders, .. } = self.wake_ups.clone();
        move || [&jobs, &deliveries, &reminders].into_iter().for_each(|loops| loops.notify_one())
    }

    /// Returns what removes data whose retention is over at once, instead of at the next hour: for a clock that is moved.
    #[must_use]
    pub fn cleaner(&self) -> Cleaner {
        self.housekeeping.cleaner()
    }

    /// Serves until `stop` ends, then finishes running requests within `server.shutdown_grace`.
    ///
    /// # Errors
    /// [`StartError::Io`] if it cannot serve.
    #[expect(clippy::disallowed_methods, reason = "serves while load balancers notice the end")]
    pub async fn run(self, stop: impl Future<Output = ()>) -> Result<(), StartError> {
        let failed = |source| StartError::Io { what: "can't serve".into(), source };
        let Self { settings, listener, services, housekeeping, usage, live, events, store, .. } = self;
        let (jobs, reminders, deliveries) = (&self.jobs, &self.reminders, &self.deliveries);
        // What this node has committed has woken its loops already.
        let jobs_of_peers = async {
            if self.has_peers {
                tokio::join!(jobs.listen(&*events), deliveries.listen(&*events)).0
            } else {
                pending().await
            }
        };
        let (draining, live_feeds) = (services.draining(), services.live_feeds());
        let grace = settings.server.shutdown_grace.as_secs_f64().ceil();
        let patience = *settings.server.request_timeout;
        let mut server = HttpServer::new(move || memo_web::app(services.clone()))
            .on_connect(move |connection, data| {
                unread::limit(connection, patience);
                memo_web::on_connect(connection, data);
            })
            .disable_signals()
            .shutdown_timeout(Duration::from_secs_f64(grace).as_secs());
        if let Some(workers) = settings.server.workers {
            server = server.workers(workers);
        }
        let mut server = pin!(server.listen(listener).map_err(failed)?.run());
        let handle = server.handle();
        let mut working = Box::pin(async { tokio::join!(jobs.run(), reminders.run(), deliveries.run()) });
        let mut counting = pin!(usage.run());
        let stop = async {
            stop.await;
            tracing::info!("shutting down");
            draining.announce();
            // Meanwhile everything goes on: other nodes and load balancers still send requests.
            sleep(*settings.server.shutdown_drain_delay).await;
        };
        tokio::select! {
            ended = &mut server => ended.map_err(failed)?,
            never = housekeeping.run() => match never {},
            ((), (), ()) = &mut working => {}
            () = &mut counting => {}
            never = deliveries.schedule() => match never {},
            never = live.listen(&*events) => match never {},
            never = jobs_of_peers => match never {},
            never = live_feeds.listen(&*events) => match never {},
            () = stop => {
                jobs.close();
                reminders.close();
                usage.close();
                deliveries.close();
                draining.refuse();
                // The job that is running gets the time to end: interrupted, it would run twice. It is dropped then, and never
                // just left: it may be the one writer that requests wait for.
                let worked = async { drop(timeout(*settings.server.shutdown_grace, working).await) };
                let ((), ended, (), ()) = tokio::join!(handle.stop(true), &mut server, worked, &mut counting);
                ended.map_err(failed)?;
            }
        }
        if timeout(CLOSE_PATIENCE, housekeeping.store_reads()).await.is_err() {
            tracing::warn!("the last reads of shares were not stored in time");
        }
        if timeout(CLOSE_PATIENCE, usage.finish()).await.is_err() {
            tracing::warn!("the last usage was not stored in time");
        }
        // Acknowledged writes are on disk already: a store that does not close must not keep the process alive.
        if timeout(CLOSE_PATIENCE, store.close()).await.is_err() {
            tracing::warn!("the store was not closed in time");
        }
        Ok(())
    }
}
