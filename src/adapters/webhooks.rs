//! What sends webhooks.

use std::sync::Arc;

use memo_domain::WebhookSender;
use memo_webhooks::WebhookClient;

use crate::Settings;

/// Returns the sender, which reaches public addresses, and those that the settings allow.
pub fn webhook_sender(settings: &Settings) -> Arc<dyn WebhookSender> {
    Arc::new(WebhookClient::new(settings.webhooks.allowed_networks.clone()))
}
