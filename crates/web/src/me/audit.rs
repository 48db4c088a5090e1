use memo_application::AuditLog;
use memo_domain::AuditId;

use crate::{dto::AuditEventDto, prelude::*};

operations! {
    list_own_events => Policy::scopes(&[Scope::AccountRead]).paging(Paging::Offset);
}

/// List own security events
///
/// The security events of the caller's account, the newest first.
#[utoipa::path(
    get, path = "/api/v1/me/audit", tag = "account",
    responses((status = 200, description = "A page of events", body = Page<AuditEventDto>)),
)]
async fn list_own_events(
    caller: Caller,
    audit: Data<AuditLog>,
    list: List<Unfiltered<AuditId>>,
) -> Result<HttpResponse, Problem> {
    let page = audit.own(caller.user_id, &list.page).await?;
    list.respond::<_, AuditEventDto>(page)
}
