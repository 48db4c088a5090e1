use memo_application::Administration;
use memo_domain::{Job, JobId, Page as Found, PageStart};

use crate::prelude::*;

operations! {
    list_dead_mail => Policy::interactive().paging(Paging::Cursor).problems(&[Code::AdministratorRequired]);
}

/// A mail that could not be sent, and is no longer retried.
#[derive(Serialize, ToSchema)]
#[schema(as = DeadMail, example = json!({
    "id": "0198c0de-7f00-7000-8000-00000000000e",
    "user_id": "0198c0de-7f00-7000-8000-00000000000a",
    "kind": "verify_email",
    "tries": 12,
    "error": "550 no such mailbox",
    "created_at": "2026-01-31T09:00:00.123456Z"
}))]
struct DeadMailDto {
    /// The id, which is also the `Message-ID`.
    #[schema(format = "uuid")]
    id: String,
    /// The recipient.
    #[schema(format = "uuid")]
    user_id: String,
    /// The kind of mail.
    kind: String,
    /// The number of attempts.
    tries: u32,
    /// The error of the last attempt.
    #[schema(required = true)]
    error: Option<String>,
    /// When the mail was queued.
    #[schema(format = "date-time")]
    created_at: String,
}

impl From<Job> for DeadMailDto {
    fn from(job: Job) -> Self {
        Self {
            id: job.id.to_string(),
            // Every mail has an owner.
            user_id: job.owner.map(|owner| owner.to_string()).unwrap_or_default(),
            kind: job.label,
            tries: job.attempts,
            error: job.error,
            created_at: job.created_at.to_string(),
        }
    }
}

/// List dead mail
///
/// For administrators: mail that could not be sent and is no longer retried, the newest first, without its text.
#[utoipa::path(
    get, path = "/api/v1/admin/dead-mail", tag = "admin",
    responses((status = 200, description = "A page of dead mail", body = Page<DeadMailDto>)),
)]
async fn list_dead_mail(
    caller: Caller,
    administration: Data<Administration>,
    list: List<Unfiltered<JobId>>,
) -> Result<HttpResponse, Problem> {
    let after = match list.page.start {
        PageStart::After(id) => Some(id),
        PageStart::Offset(_) => None,
    };
    let items = administration.dead_mail(caller.user_id, after, list.page.limit).await?;
    // After a full page there may be another one, which may be empty.
    let is_full = items.len() == usize::from(list.page.limit.get());
    let next = items.last().filter(|_| is_full).map(|job| job.id);
    list.respond::<_, DeadMailDto>(Found { items, next })
}
