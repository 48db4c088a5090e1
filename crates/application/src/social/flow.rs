//! A flow between the authorization request and the callback.

use std::time::Duration;

use memo_domain::{Secret, Timestamp, UserId};

/// How long a flow may take.
pub const FLOW_TTL: Duration = Duration::from_mins(10);

/// A flow that waits for its callback. It is kept by the browser, which must be unable to read or to change it.
pub struct Flow {
    /// The name of the provider.
    pub provider: String,
    /// The `state` that the callback brings back.
    pub state: Secret,
    /// The `nonce` that the provider's ID token must contain.
    pub nonce: String,
    /// The PKCE code verifier (RFC 7636).
    pub verifier: String,
    /// The user to link the social account to; `None` signs in.
    pub link: Option<UserId>,
    /// When it began.
    pub began_at: Timestamp,
}
