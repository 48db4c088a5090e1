//! Sample entities of an account, apart from memos and sessions.

use std::time::Duration;

use memo_domain::{
    ApiKey, ApiKeyId, ApiKeyName, ApiKeySecret, AuditEvent, AuditId, AuditKind, CountedRequest, Day, DeliveryStatus,
    IdempotentRequest, IdempotentResponse, Identity, Job, JobId, JobKind, JobState, Networks, OneTimeToken,
    OperationName, Scopes, Sealed, SecondFactor, TokenPurpose, Usage, UsageCounters, UsageKey, UserId, Webhook,
    WebhookDelivery, WebhookDeliveryId, WebhookEvent, WebhookEvents, WebhookId, WebhookUrl,
};

use super::{at, digest, digest_of, id};

pub(crate) fn job_id(n: u32) -> JobId {
    JobId::parse(&id(n)).expect("a valid id")
}

pub(crate) fn audit_id(n: u32) -> AuditId {
    AuditId::parse(&id(n)).expect("a valid id")
}

pub(crate) fn api_key_id(n: u32) -> ApiKeyId {
    ApiKeyId::parse(&id(n)).expect("a valid id")
}

/// A bearer key.
pub(crate) fn api_key(n: u32, user_id: UserId) -> ApiKey {
    ApiKey {
        id: api_key_id(n),
        user_id,
        name: ApiKeyName::new("backup").expect("a valid name"),
        note: None,
        secret: ApiKeySecret::Digest(digest_of(n)),
        scopes: Scopes::all(),
        networks: Networks::default(),
        created_at: at(0),
        expires_at: None,
        last_used_at: None,
    }
}

/// An identity of a provider numbered `n`. The subject is unique to the user.
pub(crate) fn identity(n: u32, user_id: UserId) -> Identity {
    Identity {
        user_id,
        provider: format!("provider{n}"),
        issuer: format!("https://{n}.example.com"),
        subject: user_id.to_string(),
        email: None,
        created_at: at(0),
        message_tokens: None,
    }
}

/// A token that verifies an e-mail address.
pub(crate) fn one_time_token(n: u8, user_id: UserId) -> OneTimeToken {
    OneTimeToken {
        digest: digest(n),
        user_id,
        purpose: TokenPurpose::VerifyEmail,
        email_key: None,
        scopes: None,
        tries: 0,
        created_at: at(0),
        expires_at: at(1_000_002),
    }
}

/// Every byte value, to detect a store that treats them as text.
pub(crate) fn sealed() -> Sealed {
    Sealed::new((0..=u8::MAX).rev().collect())
}

/// A second factor that is not confirmed yet.
pub(crate) fn second_factor(user_id: UserId) -> SecondFactor {
    SecondFactor { user_id, secret: sealed(), confirmed_at: None, last_step: 0, created_at: at(0) }
}

/// A mail to be sent, which is due.
pub(crate) fn job(n: u32, owner: UserId) -> Job {
    Job {
        id: job_id(n),
        owner: Some(owner),
        kind: JobKind::MAIL,
        label: "verify_email".to_owned(),
        payload: sealed(),
        state: JobState::Waiting,
        attempts: 0,
        begun: 0,
        run_at: at(0),
        created_at: at(0),
        error: None,
    }
}

/// An event without an actor, at a time of its own.
pub(crate) fn audit_event(n: u32, user_id: UserId) -> AuditEvent {
    AuditEvent {
        id: audit_id(n),
        user_id,
        actor_id: None,
        kind: AuditKind::SignedIn,
        at: at(i64::from(n)),
        ip: None,
        device: None,
        request_id: None,
        detail: None,
        api_key_id: None,
    }
}

/// The response to a request numbered `n`, at a time of its own.
pub(crate) fn idempotent_response(n: u32, user_id: UserId) -> IdempotentResponse {
    IdempotentResponse {
        request: IdempotentRequest { user_id, id: digest_of(n), fingerprint: digest(7) },
        status: 201,
        location: Some(format!("/api/v1/memos/{n}")),
        etag: Some(format!("\"{n}\"")),
        body: sealed().as_bytes().to_vec(),
        created_at: at(i64::from(n)),
    }
}

/// The usage of a user on a day, with the operation and the API key numbered `n`; 0 is without a key. `requests` were counted.
pub(crate) fn usage(user_id: UserId, day: i64, n: u32, requests: u32) -> Usage {
    let operation = OperationName::new(format!("operation_{n}")).expect("a valid name");
    let api_key_id = (n > 0).then(|| api_key_id(n));
    let mut counters = UsageCounters::default();
    for request in 0..requests {
        counters.count(&CountedRequest {
            is_error: request % 3 == 2,
            bytes_in: 10,
            bytes_out: 1_000,
            latency: Duration::from_micros(u64::from(request * request * 77)),
        });
    }
    Usage { key: UsageKey { user_id, day: Day::from_number(day), operation, api_key_id }, counters }
}

pub(crate) fn webhook_id(n: u32) -> WebhookId {
    WebhookId::parse(&id(n)).expect("a valid id")
}

pub(crate) fn webhook_delivery_id(n: u32) -> WebhookDeliveryId {
    WebhookDeliveryId::parse(&id(n)).expect("a valid id")
}

/// An enabled webhook that has sent nothing.
pub(crate) fn webhook(n: u32, user_id: UserId) -> Webhook {
    Webhook {
        id: webhook_id(n),
        user_id,
        name: None,
        url: WebhookUrl::new("https://example.com/in").expect("a valid URL"),
        events: WebhookEvents::default(),
        secret: Sealed::new(vec![7; 60]),
        enabled: true,
        disabled_reason: None,
        delivered_seq: 0,
        failures: 0,
        failing_since: None,
        created_at: at(0),
        updated_at: at(0),
    }
}

/// A ping that is about to be sent.
pub(crate) fn webhook_delivery(n: u32, webhook_id: WebhookId) -> WebhookDelivery {
    WebhookDelivery {
        id: webhook_delivery_id(n),
        webhook_id,
        event: WebhookEvent::Ping { at: at(0) },
        status: DeliveryStatus::Pending,
        response_status: None,
        duration_ms: None,
        error: None,
        attempts: 0,
        at: at(0),
        next_attempt_at: None,
    }
}
