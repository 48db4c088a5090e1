use actix_web::{HttpRequest, HttpResponse, get, web::Data};
use garde::Validate;
use memo_application::Administration;
use memo_domain::{JobId, Limit, PageStart};
use serde::Deserialize;
use utoipa::IntoParams;

use super::dto::{DeadMail, DeadMailList};
use crate::{
    HttpSettings,
    extract::{Interactive, Query},
    paging::{IdList, Paging},
    problem::Problem,
    validation,
};

/// Which mail.
#[derive(Deserialize, Validate, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct DeadMailQuery {
    /// The most items of a page.
    #[serde(default, deserialize_with = "validation::parsed")]
    #[garde(custom(validation::limit))]
    #[param(nullable = false, minimum = 1, maximum = 100, default = 20)]
    limit: Option<i64>,
    /// `next_cursor` of the page before.
    #[garde(skip)]
    #[param(nullable = false)]
    cursor: Option<String>,
}

/// List dead mail
///
/// For administrators: mail that could not be sent and is not tried any more, the newest first. Never what it said.
#[utoipa::path(
    tag = "admin",
    operation_id = "list_dead_mail",
    security(("password" = ["account:read"])),
    params(DeadMailQuery),
    responses((
        status = 200, description = "A page of dead mail", body = DeadMailList,
        headers(("Link" = String, description = "The next page (RFC 8288)")),
    )),
    extensions(("x-problems" = json!(["administrator_required", "interactive_sign_in_required"]))),
)]
#[get("/admin/dead-mail")]
pub async fn list_dead_mail(
    caller: Interactive,
    request: HttpRequest,
    administration: Data<Administration>,
    settings: Data<HttpSettings>,
    Query(query): Query<DeadMailQuery>,
) -> Result<HttpResponse, Problem> {
    let paging = Paging { limit: query.limit, offset: None, cursor: query.cursor.as_deref() };
    let list = IdList::read("dead mail", &paging, JobId::new)?;
    let after = match list.request.start {
        PageStart::After(id) => Some(id),
        PageStart::Offset(_) => None,
    };
    let limit = list.request.limit;
    let items = administration.dead_mail(caller.principal.user_id, after, limit).await?;
    // A full page may have another one after it, perhaps an empty one.
    let is_full = items.len() == usize::from(Limit::get(limit));
    let next = items.last().filter(|_| is_full).map(|mail| mail.id.as_uuid());
    let info = list.info(items.len(), next);
    let body = DeadMailList { items: items.into_iter().map(DeadMail::from).collect(), page: info };
    Ok(list.answer(&request, &settings, &body.page, &body))
}
