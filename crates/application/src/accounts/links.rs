//! Limits the mail with links that anyone can have sent to an address, whatever the rate limits allow.

use std::time::Duration;

use memo_domain::{TokenPurpose, User};

use crate::Ports;

/// How many such mails are sent to one address in any hour.
const MAX_PER_HOUR: u32 = 3;
const HOUR: Duration = Duration::from_hours(1);
/// How long a link is not replaced, so that no one can keep voiding the link of another user.
const FRESH: Duration = Duration::from_mins(2);

/// Whether a link may be sent to a user. If so, it is counted.
pub async fn may_send(ports: &Ports, user: &User, purpose: TokenPurpose) -> bool {
    let purpose = match purpose {
        TokenPurpose::VerifyEmail => "verify",
        TokenPurpose::ResetPassword => "reset",
        TokenPurpose::SecondFactor => "second",
    };
    // A link that was used changes the user, and so does another address.
    if !claim(ports, &format!("link {purpose} {} {}", user.id, user.version.get()), FRESH).await {
        return false;
    }
    // Each of these names is claimed at most once in any hour.
    for number in 0..MAX_PER_HOUR {
        if claim(ports, &format!("mail {number} {}", user.email.key()), HOUR).await {
            return true;
        }
    }
    false
}

async fn claim(ports: &Ports, name: &str, ttl: Duration) -> bool {
    ports.counters.claim(name, name, ttl).await.unwrap_or(false)
}
