use memo_application::webhook_secret_text;
use memo_domain::{DeliveryStatus, DisabledReason, Secret, Webhook, WebhookDelivery};
use serde::Serialize;
use utoipa::ToSchema;

use super::mirror::mirror;

/// A webhook of the caller.
#[derive(Serialize, ToSchema)]
#[schema(as = Webhook, example = json!({
    "id": "0198c0de-7f00-7000-8000-00000000001a",
    "name": "build server",
    "url": "https://hooks.example.com/memo",
    "events": ["memo.created", "memo.updated"],
    "enabled": true,
    "disabled_reason": null,
    "failing_since": null,
    "created_at": "2026-01-31T09:00:00.123456Z",
    "updated_at": "2026-01-31T09:00:00.123456Z"
}))]
pub struct WebhookDto {
    /// The id.
    #[schema(format = "uuid")]
    id: String,
    /// The name by which the user recognizes it.
    #[schema(required = true, format = "webhook-name")]
    name: Option<String>,
    /// Where messages are sent.
    #[schema(format = "webhook-url")]
    url: String,
    /// The kinds of changes that are sent. All of them, unless others were chosen; then also those that are added later.
    #[schema(inline, max_items = 100)]
    events: Vec<&'static str>,
    /// Whether changes are sent.
    enabled: bool,
    #[schema(required = true, inline)]
    disabled_reason: Option<DisabledReasonDto>,
    /// When the first attempt failed since the last success; null if the last one succeeded.
    #[schema(required = true, format = "date-time")]
    failing_since: Option<String>,
    /// When it was created.
    #[schema(format = "date-time")]
    created_at: String,
    /// When it was last changed.
    #[schema(format = "date-time")]
    updated_at: String,
    /// The secret that messages are signed with, only in the response to the request that made it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    secret: Option<String>,
}

mirror! {
    /// Why the server has disabled it: `failing` after every attempt has failed for three days, `gone` after a response with
    /// 410; null if it is enabled, or was disabled by its user.
    DisabledReasonDto of DisabledReason { #[default] Failing, Gone }
}

impl WebhookDto {
    /// A webhook, with its secret if that is new.
    pub fn new(webhook: Webhook, secret: Option<&Secret>) -> Self {
        Self { secret: secret.map(webhook_secret_text), ..webhook.into() }
    }

    /// The same without its secret, which is shown once.
    pub fn without_secret(self) -> Self {
        Self { secret: None, ..self }
    }
}

impl From<Webhook> for WebhookDto {
    fn from(webhook: Webhook) -> Self {
        Self {
            id: webhook.id.to_string(),
            name: webhook.name.map(|name| name.as_str().to_owned()),
            url: webhook.url.as_str().to_owned(),
            events: webhook.events.names().collect(),
            enabled: webhook.enabled,
            disabled_reason: webhook.disabled_reason.map(Into::into),
            failing_since: webhook.failing_since.map(|time| time.to_string()),
            created_at: webhook.created_at.to_string(),
            updated_at: webhook.updated_at.to_string(),
            secret: None,
        }
    }
}

/// A message to a webhook, and what has become of it.
#[derive(Serialize, ToSchema)]
#[schema(as = WebhookDelivery, example = json!({
    "id": "0198c0de-7f00-7000-8000-00000000001b",
    "seq": 1024,
    "type": "memo.updated",
    "status": "pending",
    "response_status": 500,
    "duration_ms": 120,
    "error": "unexpected_status",
    "attempts": 2,
    "at": "2026-01-31T09:00:00.123456Z",
    "next_attempt_at": "2026-01-31T09:00:10.123456Z"
}))]
pub struct WebhookDeliveryDto {
    /// The id.
    #[schema(format = "uuid")]
    id: String,
    /// The number of the change; null for a ping.
    #[schema(required = true, minimum = 1)]
    seq: Option<u64>,
    /// The kind of the change, or `ping`. `changes.expired` is no message: it says that the changes up to `seq` were not sent in
    /// time, and are not kept any more.
    #[serde(rename = "type")]
    #[schema(pattern = r"^[a-z_]+(\.[a-z_]+)*$")]
    kind: &'static str,
    #[schema(inline)]
    status: DeliveryStatusDto,
    /// The status of the last response.
    #[schema(required = true, minimum = 100, maximum = 999)]
    response_status: Option<u16>,
    /// How long the last attempt took, in milliseconds.
    #[schema(required = true, minimum = 0)]
    duration_ms: Option<u32>,
    /// Why the last attempt failed: `timeout`, `connection_failed`, `name_not_resolved`, `address_not_allowed`, `tls`,
    /// `redirect`, `unexpected_status` or `expired`. More may be added.
    #[schema(required = true, pattern = "^[a-z_]+$")]
    error: Option<&'static str>,
    /// The number of attempts.
    #[schema(minimum = 0)]
    attempts: u32,
    /// When it was last attempted; before that, when it was asked for.
    #[schema(format = "date-time")]
    at: String,
    /// When it is attempted next.
    #[schema(required = true, format = "date-time")]
    next_attempt_at: Option<String>,
}

mirror! {
    /// `pending` until it is attempted, and while it is retried.
    DeliveryStatusDto of DeliveryStatus { #[default] Pending, Succeeded, Failed }
}

impl From<WebhookDelivery> for WebhookDeliveryDto {
    fn from(delivery: WebhookDelivery) -> Self {
        Self {
            id: delivery.id.to_string(),
            seq: delivery.event.seq(),
            kind: delivery.event.name(),
            status: delivery.status.into(),
            response_status: delivery.response_status,
            duration_ms: delivery.duration_ms,
            error: delivery.error.map(memo_domain::DeliveryError::name),
            attempts: delivery.attempts,
            at: delivery.at.to_string(),
            next_attempt_at: delivery.next_attempt_at.map(|time| time.to_string()),
        }
    }
}
