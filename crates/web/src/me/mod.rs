//! `/api/v1/me`: the caller's account.

mod api_keys;
mod audit;
mod export;
mod identities;
mod import;
mod mfa;
mod password;
mod profile;
mod usage;
mod webhook_deliveries;
mod webhooks;

use crate::routing::Operations;

/// The operations.
pub fn operations() -> Operations {
    Operations::all([
        api_keys::operations(),
        audit::operations(),
        export::operations(),
        identities::operations(),
        import::operations(),
        mfa::operations(),
        password::operations(),
        profile::operations(),
        usage::operations(),
        webhook_deliveries::operations(),
        webhooks::operations(),
    ])
}
