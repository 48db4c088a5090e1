//! What belongs to an account beside memos and sign-ins.

use memo_domain::{
    AuditEvent, AuditId, AuditKind, Identity, MailId, MailState, OneTimeToken, QueuedMail, Sealed, SecondFactor,
    TokenPurpose, UserId,
};

use super::{at, digest, id};

pub(crate) fn mail_id(n: u32) -> MailId {
    MailId::parse(&id(n)).expect("a valid id")
}

pub(crate) fn audit_id(n: u32) -> AuditId {
    AuditId::parse(&id(n)).expect("a valid id")
}

/// A social account that no other member and no other provider has.
pub(crate) fn identity(n: u32, user_id: UserId) -> Identity {
    Identity {
        user_id,
        provider: format!("provider{n}"),
        issuer: format!("https://{n}.example.com"),
        subject: user_id.to_string(),
        email: None,
        created_at: at(0),
    }
}

/// A token that proves an address.
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

/// Bytes of every kind, for a store that takes them for text.
fn sealed() -> Sealed {
    Sealed::new((0..=u8::MAX).rev().collect())
}

/// A second factor that was not confirmed yet.
pub(crate) fn second_factor(user_id: UserId) -> SecondFactor {
    SecondFactor { user_id, secret: sealed(), confirmed_at: None, last_step: 0, created_at: at(0) }
}

/// A mail that waits to be sent.
pub(crate) fn queued_mail(n: u32, user_id: UserId) -> QueuedMail {
    QueuedMail {
        id: mail_id(n),
        user_id,
        kind: "verify_email".to_owned(),
        content: sealed(),
        state: MailState::Waiting,
        tries: 0,
        begun: 0,
        due_at: at(0),
        created_at: at(0),
        error: None,
    }
}

/// An event that its owner made happen, at a moment of its own.
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
    }
}
