//! For operators: is it alive, is it ready?

use actix_web::{
    HttpResponse, get,
    http::header::{CACHE_CONTROL, RETRY_AFTER},
    web::Data,
};
use memo_application::Readiness;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

use crate::{
    extract::NoQuery,
    middleware::Draining,
    problem::{Code, Problem},
};

/// The routes.
pub fn routes(config: &mut ServiceConfig) {
    config.service(healthz).service(readyz);
}

/// The state of this node.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({"status": "ok"}))]
pub struct Health {
    /// Always `ok`: otherwise the answer is a problem.
    #[schema(pattern = "^ok$")]
    status: &'static str,
}

/// Is it alive?
///
/// Answers while the process can answer at all, whatever the state of the store.
#[utoipa::path(
    tag = "operations",
    operation_id = "healthz",
    security(()),
    responses((status = 200, description = "It is alive", body = Health)),
)]
#[get("/healthz")]
async fn healthz(_: NoQuery) -> HttpResponse {
    ok()
}

/// Is it ready?
///
/// Whether this node can serve: the store is in reach, its migrations are done, the cache is in reach, and the node is
/// not shutting down.
#[utoipa::path(
    tag = "operations",
    operation_id = "readyz",
    security(()),
    responses((status = 200, description = "It is ready", body = Health)),
    extensions(("x-problems" = json!(["store_unavailable", "cache_unavailable", "draining"]))),
)]
#[get("/readyz")]
async fn readyz(readiness: Data<Readiness>, draining: Data<Draining>, _: NoQuery) -> Result<HttpResponse, Problem> {
    if draining.is_announced() {
        return Err(Problem::new(Code::Draining).with_header(RETRY_AFTER, 1));
    }
    readiness.check().await?;
    Ok(ok())
}

fn ok() -> HttpResponse {
    HttpResponse::Ok().insert_header((CACHE_CONTROL, "no-store")).json(Health { status: "ok" })
}
