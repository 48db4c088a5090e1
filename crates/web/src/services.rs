//! The application: its services, its routes, its middleware.

use std::sync::{Arc, LazyLock};

use actix_cors::Cors;
use actix_web::{
    App, Error,
    body::BoxBody,
    dev::{ServiceFactory, ServiceRequest, ServiceResponse},
    http::Method,
    middleware::{Condition, from_fn},
    web::{Data, ServiceConfig},
};
use memo_application::{
    Accounts, Administration, ApiKeys, AuditLog, Changes, Completions, Idempotency, Likes, Memos, Readiness,
    SecondFactors, Shares, SignIn, Social, Transfer, UsageCounter, UsageReports, Webhooks,
};
use memo_domain::Sealer;

use crate::{
    admin, auth, changes, docs, health, live,
    live_feeds::LiveFeeds,
    me,
    memos::{self, ResponseCache},
    middleware::{Draining, Limits, RequestIds, envelope, guard},
    operations, pages,
    routing::{self, Operations, Resources},
    settings::HttpSettings,
    shared::{self as shared_memos, SharePages},
    start, tags, usage, well_known,
};

/// The use cases that the handlers call.
pub struct UseCases {
    /// Accounts.
    pub accounts: Arc<Accounts>,
    /// Memos.
    pub memos: Memos,
    /// Completions of memos by a language model.
    pub completions: Completions,
    /// Likes.
    pub likes: Likes,
    /// Shares.
    pub shares: Arc<Shares>,
    /// The change feed.
    pub changes: Changes,
    /// The keys of requests.
    pub idempotency: Idempotency,
    /// Signing in.
    pub sign_in: Arc<SignIn>,
    /// API keys.
    pub api_keys: ApiKeys,
    /// Second factors.
    pub second_factors: SecondFactors,
    /// Social accounts.
    pub social: Social,
    /// Export and import.
    pub transfer: Transfer,
    /// Administration.
    pub administration: Administration,
    /// The audit log.
    pub audit: AuditLog,
    /// What counts the requests of users.
    pub usage_counter: Arc<UsageCounter>,
    /// Reports of the requests of users.
    pub usage: UsageReports,
    /// Webhooks.
    pub webhooks: Webhooks,
    /// Readiness checks.
    pub readiness: Readiness,
}

/// What all workers share.
#[derive(Clone)]
pub struct Services {
    shared: Arc<[Register]>,
    settings: Data<HttpSettings>,
    draining: Data<Draining>,
    live: Data<LiveFeeds>,
}

/// Gives handlers and middleware access to a value.
type Register = Box<dyn Fn(&mut ServiceConfig) + Send + Sync>;

fn shared<T: ?Sized + Send + Sync + 'static>(value: impl Into<Data<T>>) -> Register {
    let value = value.into();
    Box::new(move |config| {
        config.app_data(value.clone());
    })
}

impl Services {
    /// The services of these use cases. The sealer protects what browsers keep in cookies, the pages are
    /// those of shares.
    #[must_use]
    pub fn new(
        use_cases: UseCases,
        request_ids: RequestIds,
        limits: Limits,
        sealer: Arc<dyn Sealer>,
        pages: Arc<dyn SharePages>,
        settings: HttpSettings,
    ) -> Self {
        let (settings, draining, live) =
            (Data::new(settings), Data::<Draining>::default(), Data::<LiveFeeds>::default());
        let shared = [
            shared(use_cases.accounts),
            shared(Data::new(use_cases.memos)),
            shared(Data::new(use_cases.completions)),
            shared(Data::new(use_cases.likes)),
            shared(use_cases.shares),
            shared(pages),
            shared(Data::new(ResponseCache::new(settings.response_cache))),
            shared(Data::new(use_cases.changes)),
            shared(Data::new(use_cases.idempotency)),
            shared(use_cases.sign_in),
            shared(Data::new(use_cases.api_keys)),
            shared(Data::new(use_cases.second_factors)),
            shared(Data::new(use_cases.social)),
            shared(Data::new(use_cases.transfer)),
            shared(Data::new(use_cases.administration)),
            shared(Data::new(use_cases.audit)),
            shared(use_cases.usage_counter),
            shared(Data::new(use_cases.usage)),
            shared(Data::new(use_cases.webhooks)),
            shared(Data::new(use_cases.readiness)),
            shared(sealer),
            shared(settings.clone()),
            shared(draining.clone()),
            shared(live.clone()),
            shared(Data::new(request_ids)),
            shared(Data::new(limits)),
        ];
        Self { shared: Arc::new(shared), settings, draining, live }
    }

    /// The switch to shut this node down.
    #[must_use]
    pub fn draining(&self) -> Arc<Draining> {
        self.draining.clone().into_inner()
    }

    /// What wakes the live connections of this node.
    #[must_use]
    pub fn live_feeds(&self) -> Arc<LiveFeeds> {
        self.live.clone().into_inner()
    }

    fn register(&self, config: &mut ServiceConfig) {
        self.shared.iter().for_each(|register| register(config));
        RESOURCES.register(config);
    }
}

/// Those of every server of this process: they do not depend on its settings.
static OPERATIONS: LazyLock<Operations> = LazyLock::new(operations);
static RESOURCES: LazyLock<Resources> = LazyLock::new(|| Resources::of(&OPERATIONS));

/// All operations, of the OpenAPI document and of the pages for browsers.
pub(crate) fn operations() -> Operations {
    Operations::all([
        admin::operations(),
        auth::operations(),
        changes::operations(),
        docs::operations(),
        health::operations(),
        live::operations(),
        me::operations(),
        memos::operations(),
        operations::operations(),
        pages::operations(),
        shared_memos::operations(),
        start::operations(),
        tags::operations(),
        usage::operations(),
        well_known::operations(),
    ])
}

/// The application of one worker.
pub fn app(
    services: Services,
) -> App<
    impl ServiceFactory<ServiceRequest, Response = ServiceResponse<BoxBody>, Config = (), Error = Error, InitError = ()>,
> {
    let origins = services.settings.allowed_origins.clone();
    let cors = cors(&origins, &OPERATIONS);
    App::new()
        .configure(move |config| services.register(config))
        .default_service(routing::default_service())
        .wrap(from_fn(guard))
        .wrap(Condition::new(!origins.is_empty(), cors))
        .wrap(from_fn(envelope))
}

/// Pages of other origins may send the methods that operations have, with any header.
fn cors(origins: &[String], operations: &Operations) -> Cors {
    let methods = operations.iter().map(|operation| operation.method.clone()).chain([Method::HEAD]);
    let exposed = [
        "Deprecation",
        "ETag",
        "Idempotent-Replayed",
        "Link",
        "Location",
        "RateLimit",
        "RateLimit-Policy",
        "Retry-After",
        "Server-Timing",
        "Sunset",
        "X-Request-Id",
    ];
    let cors = Cors::default().allowed_methods(methods).allow_any_header().expose_headers(exposed).max_age(3600);
    origins.iter().fold(cors, |cors, origin| cors.allowed_origin(origin))
}
