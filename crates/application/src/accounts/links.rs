//! Limits the mail with links that anyone can have sent to an address, whatever the rate limits allow.

use std::time::Duration;

use memo_domain::{Email, TokenPurpose, User};

use crate::Ports;

/// How many such mails are sent to one address in any hour.
const MAX_PER_HOUR: u32 = 3;
const HOUR: Duration = Duration::from_hours(1);
/// How long a link is not replaced, so that no one can keep voiding the link of another user.
const FRESH: Duration = Duration::from_mins(2);

/// Whether a link may be sent to the address of a user. If so, it is counted.
pub async fn may_send(ports: &Ports, user: &User, to: &Email, purpose: TokenPurpose) -> bool {
    is_due(ports, user, to, purpose).await && has_room(ports, to).await
}

/// Like [`may_send`], for an address that the user just got: they have no link to it yet.
pub async fn may_send_first(ports: &Ports, user: &User, to: &Email, purpose: TokenPurpose) -> bool {
    is_due(ports, user, to, purpose).await;
    has_room(ports, to).await
}

async fn is_due(ports: &Ports, user: &User, to: &Email, purpose: TokenPurpose) -> bool {
    let purpose = match purpose {
        TokenPurpose::VerifyEmail => "verify",
        TokenPurpose::ResetPassword => "reset",
        TokenPurpose::SecondFactor => "second",
    };
    // With the version of the user: a link that was used may be followed by another one at once.
    let (id, version) = (user.id, user.version.get());
    claim(ports, &format!("link {purpose} {id} {version} {}", to.key()), FRESH).await
}

async fn has_room(ports: &Ports, to: &Email) -> bool {
    // Each of these names is claimed at most once in any hour.
    for number in 0..MAX_PER_HOUR {
        if claim(ports, &format!("mail {number} {}", to.key()), HOUR).await {
            return true;
        }
    }
    false
}

async fn claim(ports: &Ports, name: &str, ttl: Duration) -> bool {
    ports.counters.claim(name, ttl).await.unwrap_or(false)
}
