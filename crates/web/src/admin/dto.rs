use garde::Validate;
use memo_application::MemberChange;
use memo_domain::{AuditEvent, Job, User};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{paging::PageInfo, validation};

/// A member, as administrators see them.
#[derive(Serialize, ToSchema)]
#[schema(as = Member, example = json!({
    "id": "0198c0de-7f00-7000-8000-00000000000a",
    "email": "alice@example.com",
    "email_verified": true,
    "display_name": "Alice",
    "role": "member",
    "disabled": false,
    "disabled_at": null,
    "created_at": "2026-01-31T09:00:00.123456Z",
    "updated_at": "2026-01-31T09:00:00.123456Z"
}))]
pub struct Member {
    /// Their id.
    #[schema(format = "uuid")]
    id: String,
    /// Their address.
    #[schema(format = "email")]
    email: String,
    /// Whether they proved that it is theirs.
    email_verified: bool,
    /// The name that others see.
    display_name: String,
    #[schema(inline)]
    role: Role,
    /// Whether they are shut out.
    disabled: bool,
    /// Since when.
    #[schema(required = true, format = "date-time")]
    disabled_at: Option<String>,
    /// When they signed up.
    #[schema(format = "date-time")]
    created_at: String,
    /// When any of this changed last.
    #[schema(format = "date-time")]
    updated_at: String,
}

/// What a member may do beside using their own things.
#[derive(Debug, Clone, Copy, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    Member,
    Admin,
}

impl From<Role> for memo_domain::Role {
    fn from(role: Role) -> Self {
        match role {
            Role::Member => Self::Member,
            Role::Admin => Self::Admin,
        }
    }
}

impl From<User> for Member {
    fn from(user: User) -> Self {
        Self {
            id: user.id.to_string(),
            email: user.email.as_str().to_owned(),
            email_verified: user.email_verified,
            display_name: user.display_name.as_str().to_owned(),
            role: match user.role {
                memo_domain::Role::Member => Role::Member,
                memo_domain::Role::Admin => Role::Admin,
            },
            disabled: user.disabled_at.is_some(),
            disabled_at: user.disabled_at.map(|at| at.to_string()),
            created_at: user.created_at.to_string(),
            updated_at: user.updated_at.to_string(),
        }
    }
}

/// A page of members.
#[derive(Serialize, ToSchema)]
pub struct MemberList {
    #[schema(max_items = 100)]
    pub items: Vec<Member>,
    pub page: PageInfo,
    /// How many there are in all, with `include_total=true`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub total: Option<u64>,
}

/// A JSON Merge Patch (RFC 7396) of a member.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"disabled": true}))]
pub struct MemberPatch {
    /// Their role.
    #[serde(default, deserialize_with = "optional_choice")]
    #[garde(skip)]
    #[schema(inline, nullable = false)]
    pub role: Option<Role>,
    /// Whether they are shut out: then all their sign-ins end.
    #[serde(default, deserialize_with = "present")]
    #[garde(skip)]
    #[schema(nullable = false)]
    pub disabled: Option<bool>,
}

fn optional_choice<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Role>, D::Error> {
    validation::choice(deserializer).map(Some)
}

/// A truth value that may be left out, but is not null.
fn present<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<bool>, D::Error> {
    bool::deserialize(deserializer).map(Some)
}

impl From<MemberPatch> for MemberChange {
    fn from(patch: MemberPatch) -> Self {
        Self { role: patch.role.map(Into::into), disabled: patch.disabled }
    }
}

/// Something that happened to an account.
#[derive(Serialize, ToSchema)]
#[schema(as = AuditEvent, example = json!({
    "id": "0198c0de-7f00-7000-8000-00000000000d",
    "kind": "sign_in.succeeded",
    "user_id": "0198c0de-7f00-7000-8000-00000000000a",
    "actor_id": null,
    "at": "2026-01-31T09:00:00.123456Z",
    "ip": "203.0.113.7",
    "device": "Mozilla/5.0 (X11; Linux x86_64) Firefox/143.0",
    "request_id": "0198c0de-7f00-7000-8000-0000000000ff",
    "detail": "password"
}))]
pub struct Event {
    /// Its id; ids sort by time.
    #[schema(format = "uuid")]
    id: String,
    /// What happened. Other kinds may be added.
    #[schema(pattern = r"^[a-z_]+\.[a-z_]+$")]
    kind: &'static str,
    /// Whose account.
    #[schema(format = "uuid")]
    user_id: String,
    /// The administrator who did it, where it was not the member.
    #[schema(required = true, format = "uuid")]
    actor_id: Option<String>,
    /// When.
    #[schema(format = "date-time")]
    at: String,
    /// From which address.
    #[schema(required = true)]
    ip: Option<String>,
    /// From what, as it names itself.
    #[schema(required = true)]
    device: Option<String>,
    /// The request it happened in.
    #[schema(required = true)]
    request_id: Option<String>,
    /// What else is worth knowing.
    #[schema(required = true)]
    detail: Option<String>,
}

impl From<AuditEvent> for Event {
    fn from(event: AuditEvent) -> Self {
        Self {
            id: event.id.to_string(),
            kind: event.kind.name(),
            user_id: event.user_id.to_string(),
            actor_id: event.actor_id.map(|id| id.to_string()),
            at: event.at.to_string(),
            ip: event.ip,
            device: event.device,
            request_id: event.request_id,
            detail: event.detail,
        }
    }
}

/// A page of events, the newest first.
#[derive(Serialize, ToSchema)]
pub struct EventList {
    #[schema(max_items = 100)]
    pub items: Vec<Event>,
    pub page: PageInfo,
}

/// A mail that is not tried any more.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({
    "id": "0198c0de-7f00-7000-8000-00000000000e",
    "user_id": "0198c0de-7f00-7000-8000-00000000000a",
    "kind": "verify_email",
    "tries": 12,
    "error": "550 no such mailbox",
    "created_at": "2026-01-31T09:00:00.123456Z"
}))]
pub struct DeadMail {
    /// Its id, and its `Message-ID`.
    #[schema(format = "uuid")]
    id: String,
    /// Whose it was.
    #[schema(format = "uuid")]
    user_id: String,
    /// What it was.
    kind: String,
    /// How often it was tried.
    tries: u32,
    /// What went wrong last.
    #[schema(required = true)]
    error: Option<String>,
    /// When it was written.
    #[schema(format = "date-time")]
    created_at: String,
}

impl From<Job> for DeadMail {
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

/// A page of dead mail, the newest first.
#[derive(Serialize, ToSchema)]
pub struct DeadMailList {
    #[schema(max_items = 100)]
    pub items: Vec<DeadMail>,
    pub page: PageInfo,
}
