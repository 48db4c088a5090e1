use actix_web::{HttpRequest, HttpResponse, get, web::Data};
use garde::Validate;
use memo_application::AuditLog;
use memo_domain::{AuditEvent, AuditId, Page, UserId};
use serde::Deserialize;
use utoipa::IntoParams;

use super::dto::{Event, EventList};
use crate::{
    HttpSettings,
    extract::{AccountRead, Caller, Interactive, Query},
    paging::{IdList, Paging},
    problem::Problem,
    validation,
};

/// Which events.
#[derive(Deserialize, Validate, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct OwnEventsQuery {
    /// The most items of a page.
    #[serde(default, deserialize_with = "validation::parsed")]
    #[garde(custom(validation::limit))]
    #[param(nullable = false, minimum = 1, maximum = 100, default = 20)]
    limit: Option<i64>,
    /// How many items of the whole list are left out.
    #[serde(default, deserialize_with = "validation::parsed")]
    #[garde(custom(validation::natural))]
    #[param(nullable = false, minimum = 0, maximum = 9_007_199_254_740_991_i64)]
    offset: Option<i64>,
    /// `next_cursor` of the page before.
    #[garde(skip)]
    #[param(nullable = false)]
    cursor: Option<String>,
}

/// Which events of which member.
#[derive(Deserialize, Validate, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct AllEventsQuery {
    /// Those of this member.
    #[garde(inner(custom(validation::user_id)))]
    #[param(nullable = false, format = "uuid")]
    user_id: Option<String>,
    /// The most items of a page.
    #[serde(default, deserialize_with = "validation::parsed")]
    #[garde(custom(validation::limit))]
    #[param(nullable = false, minimum = 1, maximum = 100, default = 20)]
    limit: Option<i64>,
    /// How many items of the whole list are left out.
    #[serde(default, deserialize_with = "validation::parsed")]
    #[garde(custom(validation::natural))]
    #[param(nullable = false, minimum = 0, maximum = 9_007_199_254_740_991_i64)]
    offset: Option<i64>,
    /// `next_cursor` of the page before.
    #[garde(skip)]
    #[param(nullable = false)]
    cursor: Option<String>,
}

/// Read one's security events
///
/// What happened to the account, the newest first.
#[utoipa::path(
    tag = "account",
    operation_id = "list_own_events",
    security(("password" = ["account:read"])),
    params(OwnEventsQuery),
    responses((
        status = 200, description = "A page of events", body = EventList,
        headers(("Link" = String, description = "The next page; with `offset` the first and the one before, too (RFC 8288)")),
    )),
)]
#[get("/me/audit")]
pub async fn list_own_events(
    caller: Caller<AccountRead>,
    request: HttpRequest,
    audit: Data<AuditLog>,
    settings: Data<HttpSettings>,
    Query(query): Query<OwnEventsQuery>,
) -> Result<HttpResponse, Problem> {
    let paging = Paging { limit: query.limit, offset: query.offset, cursor: query.cursor.as_deref() };
    let list = IdList::read(&format!("audit {}", caller.user_id), &paging, AuditId::new)?;
    let page = audit.own(caller.user_id, &list.request).await?;
    Ok(answer(&list, &request, &settings, page))
}

/// Read all security events
///
/// For administrators: what happened to one account or to all, the newest first.
#[utoipa::path(
    tag = "admin",
    operation_id = "list_all_events",
    security(("password" = ["account:read"])),
    params(AllEventsQuery),
    responses((
        status = 200, description = "A page of events", body = EventList,
        headers(("Link" = String, description = "The next page; with `offset` the first and the one before, too (RFC 8288)")),
    )),
    extensions(("x-problems" = json!(["administrator_required", "interactive_sign_in_required"]))),
)]
#[get("/admin/audit")]
pub async fn list_all_events(
    caller: Interactive,
    request: HttpRequest,
    audit: Data<AuditLog>,
    settings: Data<HttpSettings>,
    Query(query): Query<AllEventsQuery>,
) -> Result<HttpResponse, Problem> {
    let user = query.user_id.as_deref().map(UserId::parse).transpose()?;
    let paging = Paging { limit: query.limit, offset: query.offset, cursor: query.cursor.as_deref() };
    let list = IdList::read(&format!("all audit {user:?}"), &paging, AuditId::new)?;
    let page = audit.all(caller.principal.user_id, user, &list.request).await?;
    Ok(answer(&list, &request, &settings, page))
}

fn answer(
    list: &IdList<AuditId>,
    request: &HttpRequest,
    settings: &HttpSettings,
    page: Page<AuditEvent, AuditId>,
) -> HttpResponse {
    let info = list.info(page.items.len(), page.next.map(AuditId::as_uuid));
    let body = EventList { items: page.items.into_iter().map(Event::from).collect(), page: info };
    list.answer(request, settings, &body.page, &body)
}
