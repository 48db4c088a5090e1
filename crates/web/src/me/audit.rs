use actix_web::{HttpResponse, web::Data};
use garde::Validate;
use memo_application::AuditLog;
use memo_domain::{AuditId, Scope, UserId};
use serde::Deserialize;

use crate::{
    dto::AuditEventDto,
    extract::Caller,
    input::{Refusals, Refused},
    list::{Filter, List, Page},
    policy::{Paging, Policy},
    problem::Problem,
    routing::operations,
};

operations! {
    list_own_events => Policy::scopes(&[Scope::AccountRead]).paging(Paging::Offset);
}

#[derive(Deserialize, Validate)]
#[serde(deny_unknown_fields)]
struct OwnEvents {}

impl Filter for OwnEvents {
    type Command = ();
    type Cursor = AuditId;

    fn read(self, _: UserId, _: &mut Refusals) -> Result<(), Refused> {
        Ok(())
    }
}

/// List own security events
///
/// The security events of the caller's account, the newest first.
#[utoipa::path(
    get, path = "/api/v1/me/audit", tag = "account",
    responses((
        status = 200, description = "A page of events", body = Page<AuditEventDto>,
        headers(("Link" = String, description = "The next page; by `offset`, also the first and the previous one (RFC 8288)")),
    )),
)]
async fn list_own_events(
    caller: Caller,
    audit: Data<AuditLog>,
    list: List<OwnEvents>,
) -> Result<HttpResponse, Problem> {
    let page = audit.own(caller.user_id, &list.page).await?;
    Ok(list.respond::<_, AuditEventDto>(page))
}
