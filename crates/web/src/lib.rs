//! The HTTP interface of memo: actix-web around the use cases of `memo-application`.
//!
//! The way of a request: `middleware::envelope` (request id, problems, log) → `middleware::guard` (limits, host, time) →
//! `middleware::authenticate` → a handler in the folder of its resource: DTO → command → one use case → DTO.
//! `problem` alone knows which error has which status.

mod admin;
mod auth;
mod changes;
mod context;
mod cookies;
mod docs;
mod extract;
mod fallback;
mod language;
mod limits;
mod links;
mod me;
mod memos;
mod middleware;
mod openapi;
mod operations;
mod paging;
mod problem;
mod respond;
mod tags;
mod validation;
mod well_known;

use std::{path::PathBuf, sync::Arc, time::Duration};

use actix_cors::Cors;
use actix_web::{
    App, Error,
    body::BoxBody,
    dev::{ServiceFactory, ServiceRequest, ServiceResponse},
    middleware::{Condition, from_fn},
    web::{self, Data},
};
use ipnet::IpNet;
use memo_application::{
    Accounts, Administration, AuditLog, Changes, Memos, Readiness, SecondFactors, SignIn, Social, Transfer,
};
use memo_domain::{Clock, IdGenerator};
pub use middleware::Draining;
pub use openapi::openapi;
use utoipa_actix_web::{scope::scope, service_config::ServiceConfig};
use uuid::Uuid;

use crate::{docs::Document, fallback::RouteTable, limits::Limits, memos::Pages};

/// How this server is reached, and what it takes.
#[derive(Debug, Clone)]
pub struct HttpSettings {
    /// What clients call it, without a slash at the end.
    pub public_url: Arc<str>,
    /// The hosts that it answers for: names, `*`, or `*.example.com`.
    pub trusted_hosts: Vec<String>,
    /// The proxies whose `X-Forwarded-For` and `Forwarded` are believed.
    pub trusted_proxies: Vec<IpNet>,
    /// The most time a request takes.
    pub request_timeout: Duration,
    /// The greatest body in bytes; a batch may have 16 MiB in any case.
    pub body_limit: usize,
    /// Where what is too much for memory is put for a while.
    pub spool: PathBuf,
    /// The origins whose pages may call it (CORS).
    pub allowed_origins: Vec<String>,
}

/// Makes request ids.
pub struct RequestIds {
    ids: Arc<dyn IdGenerator>,
    clock: Arc<dyn Clock>,
}

impl RequestIds {
    /// Of these ports.
    #[must_use]
    pub fn new(ids: Arc<dyn IdGenerator>, clock: Arc<dyn Clock>) -> Self {
        Self { ids, clock }
    }

    fn next(&self) -> Uuid {
        self.ids.next(self.clock.now())
    }
}

/// Everything that the handlers are given.
#[derive(Clone)]
pub struct Services {
    accounts: Data<Accounts>,
    memos: Data<Memos>,
    pages: Data<Pages>,
    changes: Data<Changes>,
    sign_in: Data<SignIn>,
    second_factors: Data<SecondFactors>,
    social: Data<Social>,
    transfer: Data<Transfer>,
    administration: Data<Administration>,
    audit: Data<AuditLog>,
    readiness: Data<Readiness>,
    settings: Data<HttpSettings>,
    limits: Data<Limits>,
    draining: Data<Draining>,
    request_ids: Data<RequestIds>,
    document: Data<Document>,
    routes: Data<RouteTable>,
}

/// The use cases that the handlers call.
pub struct UseCases {
    /// Accounts.
    pub accounts: Arc<Accounts>,
    /// Memos.
    pub memos: Memos,
    /// The change feed.
    pub changes: Changes,
    /// Signing in.
    pub sign_in: Arc<SignIn>,
    /// Second factors.
    pub second_factors: SecondFactors,
    /// Social sign-in.
    pub social: Social,
    /// Export and import.
    pub transfer: Transfer,
    /// Administration.
    pub administration: Administration,
    /// The audit log.
    pub audit: AuditLog,
    /// Whether all is well.
    pub readiness: Readiness,
}

impl Services {
    /// Of the use cases and the settings.
    #[must_use]
    pub fn new(use_cases: UseCases, request_ids: RequestIds, settings: HttpSettings) -> Self {
        let document = openapi();
        Self {
            accounts: Data::from(use_cases.accounts),
            memos: Data::new(use_cases.memos),
            pages: Data::new(Pages::new()),
            changes: Data::new(use_cases.changes),
            sign_in: Data::from(use_cases.sign_in),
            second_factors: Data::new(use_cases.second_factors),
            social: Data::new(use_cases.social),
            transfer: Data::new(use_cases.transfer),
            administration: Data::new(use_cases.administration),
            audit: Data::new(use_cases.audit),
            readiness: Data::new(use_cases.readiness),
            limits: Data::new(Limits { body: settings.body_limit }),
            settings: Data::new(settings),
            draining: Data::default(),
            request_ids: Data::new(request_ids),
            routes: Data::new(RouteTable::of(&document)),
            document: Data::new(Document::new(document.to_string())),
        }
    }

    /// To be told when the node shuts down.
    #[must_use]
    pub fn draining(&self) -> Arc<Draining> {
        self.draining.clone().into_inner()
    }
}

/// The application for one worker.
pub fn app(
    services: Services,
) -> App<
    impl ServiceFactory<ServiceRequest, Response = ServiceResponse<BoxBody>, Config = (), Error = Error, InitError = ()>,
> {
    let origins = services.settings.allowed_origins.clone();
    App::new()
        .app_data(services.accounts)
        .app_data(services.memos)
        .app_data(services.pages)
        .app_data(services.changes)
        .app_data(services.sign_in)
        .app_data(services.second_factors)
        .app_data(services.social)
        .app_data(services.transfer)
        .app_data(services.administration)
        .app_data(services.audit)
        .app_data(services.readiness)
        .app_data(services.settings)
        .app_data(services.limits)
        .app_data(services.draining)
        .app_data(services.request_ids)
        .app_data(services.document)
        .app_data(services.routes)
        .configure(docs::routes)
        .configure(links::routes)
        .configure(|config| routes(&mut ServiceConfig::new(config)))
        .default_service(web::to(fallback::fallback))
        .wrap(from_fn(middleware::guard))
        .wrap(Condition::new(!origins.is_empty(), cors(&origins)))
        .wrap(from_fn(middleware::envelope))
}

/// Every operation of the OpenAPI document.
fn routes(config: &mut ServiceConfig) {
    config.configure(operations::routes).configure(well_known::routes).service(
        scope("/api/v1")
            .configure(auth::routes)
            .configure(me::routes)
            .configure(memos::routes)
            .configure(tags::routes)
            .configure(changes::routes)
            .configure(admin::routes)
            .wrap(from_fn(middleware::authenticate)),
    );
}

fn cors(origins: &[String]) -> Cors {
    let exposed = ["ETag", "Link", "Location", "Retry-After", "Server-Timing", "X-Request-Id"];
    let cors = Cors::default().allow_any_method().allow_any_header().expose_headers(exposed).max_age(3600);
    origins.iter().fold(cors, |cors, origin| cors.allowed_origin(origin))
}
