use memo_domain::{AuditEvent, AuditKind};
use serde::Serialize;
use utoipa::ToSchema;

/// A security event of an account.
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
    "detail": "password",
    "api_key_id": null
}))]
pub struct AuditEventDto {
    /// The id; ids sort by time.
    #[schema(format = "uuid")]
    id: String,
    /// What happened. More kinds may be added.
    #[schema(pattern = r"^[a-z_]+\.[a-z_]+$")]
    kind: &'static str,
    /// The user of the account.
    #[schema(format = "uuid")]
    user_id: String,
    /// The administrator who acted, if it was not the user.
    #[schema(required = true, format = "uuid")]
    actor_id: Option<String>,
    /// When it happened.
    #[schema(format = "date-time")]
    at: String,
    /// The IP address of the request.
    #[schema(required = true)]
    ip: Option<String>,
    /// The `User-Agent` of the request.
    #[schema(required = true)]
    device: Option<String>,
    /// The id of the request.
    #[schema(required = true)]
    request_id: Option<String>,
    /// Details, e.g. the provider or the new role.
    #[schema(required = true)]
    detail: Option<String>,
    /// The API key that authenticated the request, if one did.
    #[schema(required = true, format = "uuid")]
    api_key_id: Option<String>,
}

impl From<AuditEvent> for AuditEventDto {
    fn from(event: AuditEvent) -> Self {
        Self {
            id: event.id.to_string(),
            kind: kind(event.kind),
            user_id: event.user_id.to_string(),
            actor_id: event.actor_id.map(|id| id.to_string()),
            at: event.at.to_string(),
            ip: event.ip,
            device: event.device,
            request_id: event.request_id,
            detail: event.detail,
            api_key_id: event.api_key_id.map(|id| id.to_string()),
        }
    }
}

const fn kind(kind: AuditKind) -> &'static str {
    match kind {
        AuditKind::SignedUp => "account.signed_up",
        AuditKind::Withdrawn => "account.withdrawn",
        AuditKind::Exported => "account.exported",
        AuditKind::SignedIn => "sign_in.succeeded",
        AuditKind::SignInFailed => "sign_in.failed",
        AuditKind::SignedOut => "sign_in.ended",
        AuditKind::RefreshReused => "sign_in.refresh_reused",
        AuditKind::PasswordChanged => "password.changed",
        AuditKind::PasswordForgotten => "password.forgotten",
        AuditKind::PasswordReset => "password.reset",
        AuditKind::EmailChanged => "email.changed",
        AuditKind::EmailVerified => "email.verified",
        AuditKind::MfaEnabled => "mfa.enabled",
        AuditKind::MfaDisabled => "mfa.disabled",
        AuditKind::RecoveryCodeUsed => "mfa.recovery_code_used",
        AuditKind::IdentityLinked => "identity.linked",
        AuditKind::IdentityUnlinked => "identity.unlinked",
        AuditKind::ApiKeyCreated => "api_key.created",
        AuditKind::ApiKeyChanged => "api_key.changed",
        AuditKind::ApiKeyRemoved => "api_key.removed",
        AuditKind::ApiKeyExposed => "api_key.exposed",
        AuditKind::ShareCreated => "share.created",
        AuditKind::ShareRevoked => "share.revoked",
        AuditKind::WebhookCreated => "webhook.created",
        AuditKind::WebhookChanged => "webhook.changed",
        AuditKind::WebhookRemoved => "webhook.removed",
        AuditKind::WebhookDisabled => "webhook.disabled",
        AuditKind::Disabled => "admin.disabled",
        AuditKind::Enabled => "admin.enabled",
        AuditKind::RoleChanged => "admin.role_changed",
    }
}
