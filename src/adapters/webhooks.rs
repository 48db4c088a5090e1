//! What sends webhooks.

use std::sync::Arc;

use memo_domain::WebhookSender;

use crate::Settings;

/// Returns the sender, which reaches public addresses, and those that the settings allow.
#[cfg(feature = "webhooks")]
pub fn webhook_sender(settings: &Settings) -> Arc<dyn WebhookSender> {
    Arc::new(memo_webhooks::WebhookClient::new(settings.webhooks.allowed_networks.clone()))
}

/// Returns a sender that reaches no address, as none is built in.
#[cfg(not(feature = "webhooks"))]
pub fn webhook_sender(_: &Settings) -> Arc<dyn WebhookSender> {
    Arc::new(absent::NoSender)
}

#[cfg(not(feature = "webhooks"))]
mod absent {
    use std::time::Duration;

    use async_trait::async_trait;
    use memo_domain::{DeliveryError, InvalidValue, WebhookMessage, WebhookOutcome, WebhookSender, WebhookUrl};

    pub struct NoSender;

    #[async_trait]
    impl WebhookSender for NoSender {
        async fn check(&self, _: &WebhookUrl) -> Result<(), InvalidValue> {
            Err(InvalidValue::AddressNotAllowed)
        }

        async fn send(&self, _: &WebhookMessage) -> WebhookOutcome {
            let error = Some(DeliveryError::AddressNotAllowed);
            WebhookOutcome { status: None, error, duration: Duration::ZERO }
        }
    }
}
