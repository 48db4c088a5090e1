use memo_application::Webhooks;
use memo_domain::WebhookDeliveryId;

use super::webhooks::WebhookPath;
use crate::{dto::WebhookDeliveryDto, prelude::*};

operations! {
    ping_webhook => Policy::scopes(&[Scope::AccountWrite]).body(Body::Empty)
        .problems(&[Code::WebhookNotFound, Code::WebhookBusy]);
    list_deliveries => Policy::scopes(&[Scope::AccountRead]).paging(Paging::Offset).problems(&[Code::WebhookNotFound]);
    redeliver => Policy::scopes(&[Scope::AccountWrite]).body(Body::Empty).problems(&[
        Code::WebhookNotFound, Code::WebhookDeliveryNotFound, Code::WebhookBusy, Code::WebhookEventExpired,
    ]);
}

id_paths! {
    /// The `{delivery_id}` of a delivery in the path.
    WebhookDeliveryPath(WebhookDeliveryId) at "delivery_id" or WebhookDeliveryNotFound;
}

/// Ping a webhook
///
/// Sends a message of the type `ping`, once, also if the webhook is disabled. It is among the deliveries.
#[utoipa::path(
    post, path = "/api/v1/me/webhooks/{id}/ping", tag = "account",
    params(("id" = String, Path, format = "uuid", description = "The id of the webhook")),
    responses((status = 202, description = "The message is about to be sent", body = WebhookDeliveryDto)),
)]
async fn ping_webhook(
    caller: Caller,
    webhooks: Data<Webhooks>,
    WebhookPath(id): WebhookPath,
    _: NoQuery,
    _: EmptyBody,
) -> Result<HttpResponse, Problem> {
    let delivery = webhooks.ping(caller.user_id, id).await?;
    Ok(HttpResponse::Accepted().json(WebhookDeliveryDto::from(delivery)))
}

/// List the deliveries of a webhook
///
/// The last 100, the newest first.
#[utoipa::path(
    get, path = "/api/v1/me/webhooks/{id}/deliveries", tag = "account",
    params(("id" = String, Path, format = "uuid", description = "The id of the webhook")),
    responses((status = 200, description = "A page of deliveries", body = Page<WebhookDeliveryDto>)),
)]
async fn list_deliveries(
    caller: Caller,
    webhooks: Data<Webhooks>,
    WebhookPath(id): WebhookPath,
    list: List<Unfiltered<WebhookDeliveryId>>,
) -> Result<HttpResponse, Problem> {
    let page = webhooks.deliveries(caller.user_id, id, &list.page).await?;
    list.respond::<_, WebhookDeliveryDto>(page)
}

/// Repeat a delivery
///
/// Sends the message again, once and with the same `webhook-id`. One that waits for its next attempt is attempted now.
#[utoipa::path(
    post, path = "/api/v1/me/webhooks/{id}/deliveries/{delivery_id}/redeliver", tag = "account",
    params(
        ("id" = String, Path, format = "uuid", description = "The id of the webhook"),
        ("delivery_id" = String, Path, format = "uuid", description = "The id of the delivery"),
    ),
    responses((status = 202, description = "The message is about to be sent", body = WebhookDeliveryDto)),
)]
async fn redeliver(
    caller: Caller,
    webhooks: Data<Webhooks>,
    WebhookPath(id): WebhookPath,
    WebhookDeliveryPath(delivery): WebhookDeliveryPath,
    _: NoQuery,
    _: EmptyBody,
) -> Result<HttpResponse, Problem> {
    let delivery = webhooks.redeliver(caller.user_id, id, delivery).await?;
    Ok(HttpResponse::Accepted().json(WebhookDeliveryDto::from(delivery)))
}
