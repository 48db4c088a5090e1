use memo_application::{NewWebhook, Once, WebhookChange, Webhooks};
use memo_domain::{ChangeKind, InvalidValue, Secret, Webhook, WebhookEvents, WebhookId, WebhookName, WebhookUrl};

use crate::{
    dto::WebhookDto,
    input::{one_or_more, patched_one_or_more},
    prelude::*,
    respond::Reply,
};

operations! {
    list_webhooks => Policy::scopes(&[Scope::AccountRead]).condition(Condition::IfNoneMatch);
    create_webhook => Policy::scopes(&[Scope::AccountWrite]).body(Body::Json).no_store().idempotent()
        .problems(&[Code::WebhookLimitReached]);
    patch_webhook => Policy::scopes(&[Scope::AccountWrite]).body(Body::MergePatch).no_store()
        .problems(&[Code::WebhookNotFound]);
    delete_webhook => Policy::scopes(&[Scope::AccountWrite]).body(Body::Empty).problems(&[Code::WebhookNotFound]);
}

id_paths! {
    /// The `{id}` of a webhook in the path.
    WebhookPath(WebhookId) at "id" or WebhookNotFound;
}

/// The names of kinds of changes.
type KindNames = AtMost<String, { WebhookEvents::MAX }>;

fn events(refused: &mut Refusals, names: KindNames) -> Result<WebhookEvents, Refused> {
    let kind = |name: String| ChangeKind::from_name(&name).ok_or(InvalidValue::Malformed);
    Ok(WebhookEvents::new(refused.each("events", names.0, kind)?))
}

#[expect(clippy::ref_option, reason = "garde passes the field by reference")]
fn some_kinds<C>(names: &Option<KindNames>, context: &C) -> garde::Result {
    names.as_ref().map_or(Ok(()), |names| one_or_more(names, context))
}

/// A new webhook.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[garde(allow_unvalidated)]
#[schema(example = json!({"url": "https://hooks.example.com/memo", "events": ["memo.created", "memo.updated"]}))]
struct WebhookInput {
    /// Where to: an `https` URL in ASCII, without credentials and fragment. The address must be a public one, unless the operator
    /// of the server allows others; to these, `http` works, too.
    #[schema(format = "webhook-url")]
    url: String,
    /// The name by which the user recognizes it. White space at its ends is removed.
    #[serde(default)]
    #[schema(format = "webhook-name")]
    name: Option<String>,
    /// The kinds of changes that are sent: as those of `/api/v1/changes`. By default all, also those that are added later.
    #[serde(default)]
    #[garde(custom(some_kinds))]
    #[schema(value_type = Option<Vec<String>>, format = "change-kind", min_items = 1, max_items = 8)]
    events: Option<KindNames>,
    /// Whether changes are sent.
    #[serde(default, deserialize_with = "present")]
    #[schema(nullable = false, default = true)]
    enabled: Option<bool>,
}

impl Input for WebhookInput {
    type Command = NewWebhook;

    fn read(self, refused: &mut Refusals) -> Result<NewWebhook, Refused> {
        let url = refused.value("url", WebhookUrl::new(self.url));
        let name = refused.optional("name", self.name, WebhookName::new);
        let events = events(refused, self.events.unwrap_or_default());
        Ok(NewWebhook { name: name?, url: url?, events: events?, enabled: self.enabled.unwrap_or(true) })
    }
}

/// A JSON Merge Patch (RFC 7396) of a webhook: absent fields stay, null empties `name`, and chooses all `events`.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[garde(allow_unvalidated)]
#[schema(example = json!({"enabled": true, "events": null}))]
struct WebhookPatch {
    /// The new URL.
    #[serde(default)]
    #[schema(value_type = Option<String>, nullable = false, format = "webhook-url")]
    url: Patch<String>,
    /// The new name.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = "webhook-name")]
    name: Patch<String>,
    /// The kinds of changes that are sent, which replace all others.
    #[serde(default)]
    #[garde(custom(patched_one_or_more))]
    #[schema(value_type = Option<Vec<String>>, format = "change-kind", min_items = 1, max_items = 8)]
    events: Patch<KindNames>,
    /// Whether changes are sent. One that is enabled again continues after the last change that was sent.
    #[serde(default)]
    #[schema(value_type = Option<bool>, nullable = false)]
    enabled: Patch<bool>,
    /// `true` replaces the secret, at once. The response has the new one.
    #[serde(default)]
    #[schema(value_type = Option<bool>, nullable = false)]
    rotate_secret: Patch<bool>,
}

impl Input for WebhookPatch {
    type Command = WebhookChange;

    fn read(self, refused: &mut Refusals) -> Result<WebhookChange, Refused> {
        let url = refused.patched("url", self.url, WebhookUrl::new);
        let name = refused.patched_optional("name", self.name, WebhookName::new);
        let events = self.events.or_default().map(|names| events(refused, names));
        let enabled = refused.patched("enabled", self.enabled, Ok);
        let rotates = refused.patched("rotate_secret", self.rotate_secret, Ok);
        Ok(WebhookChange {
            name: name?,
            url: url?,
            events: events.transpose()?,
            enabled: enabled?,
            rotates_secret: rotates? == Some(true),
        })
    }
}

/// List webhooks
///
/// The webhooks of the caller, the newest first. Their secrets can't be read again.
#[utoipa::path(
    get, path = "/api/v1/me/webhooks", tag = "account",
    responses((status = 200, description = "The webhooks", body = Items<WebhookDto>)),
)]
async fn list_webhooks(
    caller: Caller,
    request: HttpRequest,
    webhooks: Data<Webhooks>,
    _: NoQuery,
) -> Result<HttpResponse, Problem> {
    let items: Items<_> = webhooks.list(caller.user_id).await?.into_iter().map(WebhookDto::from).collect();
    revalidated(&request, &items)
}

/// Create a webhook
///
/// From now on, each change of the caller's memos is sent to the URL, in order, as
/// [Standard Webhooks](https://www.standardwebhooks.com) defines it: `{"type", "timestamp", "data": {"seq", "kind", "memo_id",
/// "version", "at"}}`, signed with the `secret`, which is shown only once. A message may come twice, with the same `webhook-id`.
/// What fails is retried for three days; then the webhook is disabled. A user has up to 10 webhooks.
#[utoipa::path(
    post, path = "/api/v1/me/webhooks", tag = "account",
    request_body = WebhookInput,
    responses((status = 201, description = "The webhook", body = WebhookDto, headers(("Location" = String, description = "The path of the webhook")))),
)]
async fn create_webhook(
    caller: Caller,
    webhooks: Data<Webhooks>,
    FromDevice(device): FromDevice,
    once: IdempotencyKey,
    request: HttpRequest,
    _: NoQuery,
    Json(new): Json<WebhookInput>,
) -> Result<HttpResponse, Problem> {
    let create = async |once: Option<&Once<'_, (Webhook, Secret)>>| {
        Ok(webhooks.create(caller.user_id, new, &device, once).await?)
    };
    let render = async |(webhook, secret): (Webhook, Secret)| {
        let location = format!("/api/v1/me/webhooks/{}", webhook.id);
        Reply::shown_once(location, WebhookDto::new(webhook, Some(&secret)), WebhookDto::without_secret)
    };
    once.once(&request, create, render).await
}

/// Change a webhook
///
/// A JSON Merge Patch: absent fields stay. With another URL, what failed before is attempted again at once.
#[utoipa::path(
    patch, path = "/api/v1/me/webhooks/{id}", tag = "account",
    params(("id" = String, Path, format = "uuid", description = "The id of the webhook")),
    request_body = WebhookPatch,
    responses((status = 200, description = "The webhook", body = WebhookDto)),
)]
async fn patch_webhook(
    caller: Caller,
    webhooks: Data<Webhooks>,
    WebhookPath(id): WebhookPath,
    FromDevice(device): FromDevice,
    _: NoQuery,
    Json(change): Json<WebhookPatch>,
) -> Result<HttpResponse, Problem> {
    let (webhook, secret) = webhooks.change(caller.user_id, id, change, &device).await?;
    Ok(HttpResponse::Ok().json(WebhookDto::new(webhook, secret.as_ref())))
}

/// Remove a webhook
///
/// Nothing more is sent to it, but for a message that is on its way.
#[utoipa::path(
    delete, path = "/api/v1/me/webhooks/{id}", tag = "account",
    params(("id" = String, Path, format = "uuid", description = "The id of the webhook")),
    responses((status = 204, description = "The webhook is removed")),
)]
async fn delete_webhook(
    caller: Caller,
    webhooks: Data<Webhooks>,
    WebhookPath(id): WebhookPath,
    FromDevice(device): FromDevice,
    _: NoQuery,
    _: EmptyBody,
) -> Result<HttpResponse, Problem> {
    webhooks.remove(caller.user_id, id, &device).await?;
    Ok(HttpResponse::NoContent().finish())
}
