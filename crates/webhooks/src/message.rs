//! The body of a message, and its signature.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use hmac::{Hmac, KeyInit, Mac};
use memo_domain::{Secret, WebhookEvent, WebhookMessage};
use serde_json::{Value, json};
use sha2::Sha256;

/// The JSON of a message. It is the same at each attempt.
pub fn body(message: &WebhookMessage) -> String {
    let event = &message.event;
    let data = match event {
        WebhookEvent::Change(change) => json!({
            "seq": change.seq,
            "kind": change.kind.name(),
            "memo_id": change.memo_id.to_string(),
            "version": change.version.get(),
            "at": change.at.to_string(),
        }),
        WebhookEvent::Expired { seq, .. } => json!({ "seq": seq }),
        WebhookEvent::Ping { .. } => Value::Object(serde_json::Map::new()),
    };
    json!({ "type": event.name(), "timestamp": event.at().to_string(), "data": data }).to_string()
}

/// The value of `webhook-signature`.
pub fn signature(secret: &Secret, id: &str, timestamp: i64, body: &str) -> String {
    let mut mac =
        Hmac::<Sha256>::new_from_slice(secret.expose()).unwrap_or_else(|_| unreachable!("any length is valid"));
    mac.update(format!("{id}.{timestamp}.{body}").as_bytes());
    format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()))
}

#[cfg(test)]
mod tests {
    use memo_domain::{Change, ChangeKind, MemoId, Timestamp, Version, WebhookUrl};

    use super::*;

    fn message(event: WebhookEvent) -> WebhookMessage {
        WebhookMessage {
            id: "msg_1".to_owned(),
            url: WebhookUrl::new("https://example.com").expect("a URL"),
            secret: Secret::new([7; 32]),
            sent_at: Timestamp::from_micros(0),
            event,
        }
    }

    #[test]
    fn body_has_the_change() {
        let at = Timestamp::parse("2026-01-31T09:00:00.500Z").expect("a time");
        let memo_id = MemoId::parse("0198c0de-7f00-7000-8000-00000000000a").expect("an id");
        let change = Change { seq: 7, kind: ChangeKind::Updated, memo_id, version: Version::new(2), at };
        let read = |event| serde_json::from_str::<Value>(&body(&message(event))).expect("JSON");
        let data = json!({
            "seq": 7, "kind": "memo.updated", "memo_id": memo_id.to_string(), "version": 2,
            "at": "2026-01-31T09:00:00.500Z",
        });
        let expected = json!({"type": "memo.updated", "timestamp": "2026-01-31T09:00:00.500Z", "data": data});
        assert_eq!(read(WebhookEvent::Change(change)), expected);
        let expected = json!({"type": "ping", "timestamp": "2026-01-31T09:00:00.500Z", "data": {}});
        assert_eq!(read(WebhookEvent::Ping { at }), expected);
    }

    #[test]
    fn signature_is_that_of_standard_webhooks() {
        // Made with the reference library for Python: Webhook("whsec_" + base64 of 32 times 7).sign(…).
        let signed =
            signature(&Secret::new([7; 32]), "msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, "{\"test\": 2432232314}");
        assert_eq!(signed, "v1,YO/ulmd+VFtlnbodv7yLOOsS6RlBZ48h++gXZrGOpZo=");
    }
}
