//! Health checks for operators.

use actix_web::http::header::RETRY_AFTER;
use memo_application::Readiness;

use crate::{middleware::Draining, prelude::*};

operations! {
    healthz => Policy::open().any_host().no_store().rate(RateClass::Exempt);
    readyz => Policy::open().no_store().rate(RateClass::Exempt).problems(&[Code::StoreUnavailable, Code::CacheUnavailable, Code::Draining]);
}

/// The state of this node.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({"status": "ok"}))]
struct Health {
    /// Always `ok`: otherwise the response is a problem.
    #[schema(pattern = "^ok$")]
    status: &'static str,
}

/// Check that the process is alive
///
/// Responds as long as the process can respond at all, whatever the state of the store.
#[utoipa::path(
    get, path = "/healthz", tag = "operations",
    responses((status = 200, description = "The process is alive", body = Health)),
)]
async fn healthz(_: NoQuery) -> HttpResponse {
    HttpResponse::Ok().json(Health { status: "ok" })
}

/// Check that this node can serve
///
/// The store is reachable and migrated, the cache is reachable, and the node is not shutting down.
#[utoipa::path(
    get, path = "/readyz", tag = "operations",
    responses((status = 200, description = "The node can serve", body = Health)),
)]
async fn readyz(readiness: Data<Readiness>, draining: Data<Draining>, _: NoQuery) -> Result<HttpResponse, Problem> {
    if draining.is_announced() {
        return Err(Problem::new(Code::Draining).with_header(RETRY_AFTER, 1));
    }
    readiness.check().await?;
    Ok(HttpResponse::Ok().json(Health { status: "ok" }))
}
