//! `/api/v1/auth`: sign up, sign in, refresh tokens, sign out.

mod email;
mod flow;
mod password;
mod provider_callback;
mod providers;
mod revoke;
mod session;
mod sessions;
mod sign_up;
mod step;
mod token;

use crate::routing::Operations;

/// The operations.
pub fn operations() -> Operations {
    Operations::all([
        email::operations(),
        password::operations(),
        providers::operations(),
        provider_callback::operations(),
        revoke::operations(),
        session::operations(),
        sessions::operations(),
        sign_up::operations(),
        token::operations(),
    ])
}
