//! Webhooks and their deliveries.

use memo_domain::{
    DeliveryError, DeliveryStatus, DisabledReason, Source, Webhook, WebhookDelivery, WebhookDeliveryId, WebhookEvent,
    WebhookEvents, WebhookId, WebhookName, WebhookUrl,
};

use super::Entity;
use crate::{
    codec::{Codec, Input, enums, read_text, record, texts, write_bytes},
    keys::{KeyPart, ids, key},
};

ids!(WebhookId WebhookDeliveryId);
texts!(WebhookName WebhookUrl);
enums! {
    DisabledReason { Failing = 1, Gone = 2 }
    DeliveryStatus { Pending = 1, Succeeded = 2, Failed = 3 }
    DeliveryError {
        Timeout = 1, ConnectionFailed = 2, NameNotResolved = 3, AddressNotAllowed = 4, Tls = 5, Redirect = 6,
        UnexpectedStatus = 7, Expired = 8
    }
}

impl Codec for WebhookEvents {
    fn write(&self, out: &mut Vec<u8>) {
        write_bytes(self.to_string().as_bytes(), out);
    }

    fn read(input: &mut Input<'_>) -> Result<Self, Source> {
        Ok(Self::parse(read_text(input)?)?)
    }
}

impl Codec for WebhookEvent {
    fn write(&self, out: &mut Vec<u8>) {
        match self {
            Self::Ping { at } => {
                out.push(1);
                at.write(out);
            }
            Self::Change(change) => {
                out.push(2);
                change.write(out);
            }
            Self::Expired { seq, at } => {
                out.push(3);
                seq.write(out);
                at.write(out);
            }
        }
    }

    fn read(input: &mut Input<'_>) -> Result<Self, Source> {
        match u8::read(input)? {
            1 => Ok(Self::Ping { at: Codec::read(input)? }),
            2 => Codec::read(input).map(Self::Change),
            3 => Ok(Self::Expired { seq: Codec::read(input)?, at: Codec::read(input)? }),
            number => Err(format!("no event of a webhook has number {number}").into()),
        }
    }
}

record!(Webhook, 1, {
    id, user_id, name, url, events, secret, enabled, disabled_reason, delivered_seq, failures, failing_since, created_at,
    updated_at
});

pub const WEBHOOK_BY_USER: u8 = 1;

impl Entity for Webhook {
    const TABLE: u8 = 40;

    fn key(&self) -> Vec<u8> {
        key![self.id]
    }

    fn indexes(&self) -> Vec<(u8, Vec<u8>)> {
        vec![(WEBHOOK_BY_USER, key![self.user_id, self.id])]
    }
}

record!(WebhookDelivery, 1, {
    id, webhook_id, event, status, response_status, duration_ms, error, attempts, at, next_attempt_at
});

pub const WEBHOOK_DELIVERY_BY_WEBHOOK: u8 = 1;
/// The deliveries about changes, by the number of the change.
pub const WEBHOOK_DELIVERY_BY_EVENT: u8 = 2;

impl Entity for WebhookDelivery {
    const TABLE: u8 = 41;

    fn key(&self) -> Vec<u8> {
        key![self.id]
    }

    fn indexes(&self) -> Vec<(u8, Vec<u8>)> {
        let mut indexes = vec![(WEBHOOK_DELIVERY_BY_WEBHOOK, key![self.webhook_id, self.id])];
        indexes.extend(self.event.seq().map(|seq| (WEBHOOK_DELIVERY_BY_EVENT, key![self.webhook_id, seq, self.id])));
        indexes
    }
}
