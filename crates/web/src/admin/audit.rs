use memo_application::AuditLog;
use memo_domain::{AuditId, UserId};

use crate::{dto::AuditEventDto, prelude::*};

operations! {
    list_all_events => Policy::interactive().paging(Paging::Offset).problems(&[Code::AdministratorRequired]);
}

/// Whose events.
#[derive(Deserialize, Validate, IntoParams)]
#[serde(deny_unknown_fields)]
#[garde(allow_unvalidated)]
#[into_params(parameter_in = Query)]
struct EventsQuery {
    /// Only events of this user.
    #[param(nullable = false, format = "uuid")]
    user_id: Option<String>,
}

impl Filter for EventsQuery {
    type Command = Option<UserId>;
    type Cursor = AuditId;

    fn read(self, _: UserId, refused: &mut Refusals) -> Result<Option<UserId>, Refused> {
        refused.optional("user_id", self.user_id, |id| UserId::parse(&id))
    }
}

/// List all security events
///
/// For administrators: the security events of one user or of all, the newest first.
#[utoipa::path(
    get, path = "/api/v1/admin/audit", tag = "admin",
    params(EventsQuery),
    responses((status = 200, description = "A page of events", body = Page<AuditEventDto>)),
)]
async fn list_all_events(
    caller: Caller,
    audit: Data<AuditLog>,
    list: List<EventsQuery>,
) -> Result<HttpResponse, Problem> {
    let page = audit.all(caller.user_id, list.filter, &list.page).await?;
    list.respond::<_, AuditEventDto>(page)
}
