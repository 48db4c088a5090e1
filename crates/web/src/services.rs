//! The application: its services, its routes, its middleware.

use std::sync::Arc;

use actix_cors::Cors;
use actix_web::{
    App, Error,
    body::BoxBody,
    dev::{ServiceFactory, ServiceRequest, ServiceResponse},
    middleware::{Condition, from_fn},
    web::{Data, ServiceConfig},
};
use memo_application::{
    Accounts, Administration, AuditLog, Changes, Memos, Readiness, SecondFactors, SignIn, Social, Transfer,
};

use crate::{
    admin, auth, changes,
    docs::{self, Document},
    health, me,
    memos::{self, PageCache},
    middleware::{Draining, RequestIds, envelope, guard},
    openapi::document,
    pages,
    routing::{self, Operations},
    settings::HttpSettings,
    tags, well_known,
};

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
    /// Social accounts.
    pub social: Social,
    /// Export and import.
    pub transfer: Transfer,
    /// Administration.
    pub administration: Administration,
    /// The audit log.
    pub audit: AuditLog,
    /// Readiness checks.
    pub readiness: Readiness,
}

/// What all workers share.
#[derive(Clone)]
pub struct Services {
    accounts: Data<Accounts>,
    memos: Data<Memos>,
    page_cache: Data<PageCache>,
    changes: Data<Changes>,
    sign_in: Data<SignIn>,
    second_factors: Data<SecondFactors>,
    social: Data<Social>,
    transfer: Data<Transfer>,
    administration: Data<Administration>,
    audit: Data<AuditLog>,
    readiness: Data<Readiness>,
    settings: Data<HttpSettings>,
    draining: Data<Draining>,
    request_ids: Data<RequestIds>,
    document: Data<Document>,
    operations: Arc<Operations>,
}

impl Services {
    /// The services of these use cases.
    #[must_use]
    pub fn new(use_cases: UseCases, request_ids: RequestIds, settings: HttpSettings) -> Self {
        let operations = operations();
        let json = document(&operations).to_string();
        Self {
            accounts: Data::from(use_cases.accounts),
            memos: Data::new(use_cases.memos),
            page_cache: Data::new(PageCache::new()),
            changes: Data::new(use_cases.changes),
            sign_in: Data::from(use_cases.sign_in),
            second_factors: Data::new(use_cases.second_factors),
            social: Data::new(use_cases.social),
            transfer: Data::new(use_cases.transfer),
            administration: Data::new(use_cases.administration),
            audit: Data::new(use_cases.audit),
            readiness: Data::new(use_cases.readiness),
            settings: Data::new(settings),
            draining: Data::default(),
            request_ids: Data::new(request_ids),
            document: Data::new(Document(json.into())),
            operations: Arc::new(operations),
        }
    }

    /// The switch to shut this node down.
    #[must_use]
    pub fn draining(&self) -> Arc<Draining> {
        self.draining.clone().into_inner()
    }

    fn register(self, config: &mut ServiceConfig) {
        config
            .app_data(self.accounts)
            .app_data(self.memos)
            .app_data(self.page_cache)
            .app_data(self.changes)
            .app_data(self.sign_in)
            .app_data(self.second_factors)
            .app_data(self.social)
            .app_data(self.transfer)
            .app_data(self.administration)
            .app_data(self.audit)
            .app_data(self.readiness)
            .app_data(self.settings)
            .app_data(self.draining)
            .app_data(self.request_ids)
            .app_data(self.document);
        for resource in routing::resources(&self.operations) {
            config.service(resource);
        }
    }
}

/// All operations, of the OpenAPI document and of the pages for browsers.
fn operations() -> Operations {
    Operations::all([
        admin::operations(),
        auth::operations(),
        changes::operations(),
        docs::operations(),
        health::operations(),
        me::operations(),
        memos::operations(),
        pages::operations(),
        tags::operations(),
        well_known::operations(),
    ])
}

/// The OpenAPI document.
#[must_use]
pub fn openapi() -> serde_json::Value {
    document(&operations())
}

/// The application of one worker.
pub fn app(
    services: Services,
) -> App<
    impl ServiceFactory<ServiceRequest, Response = ServiceResponse<BoxBody>, Config = (), Error = Error, InitError = ()>,
> {
    let origins = services.settings.allowed_origins.clone();
    App::new()
        .configure(|config| services.register(config))
        .default_service(routing::default_service())
        .wrap(from_fn(guard))
        .wrap(Condition::new(!origins.is_empty(), cors(&origins)))
        .wrap(from_fn(envelope))
}

fn cors(origins: &[String]) -> Cors {
    let exposed = ["ETag", "Link", "Location", "Retry-After", "Server-Timing", "X-Request-Id"];
    let cors = Cors::default().allow_any_method().allow_any_header().expose_headers(exposed).max_age(3600);
    origins.iter().fold(cors, |cors, origin| cors.allowed_origin(origin))
}
