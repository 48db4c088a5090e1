//! `/api/v1/admin`.

mod audit;
mod dead_mail;
mod users;

use crate::routing::Operations;

/// The operations.
pub fn operations() -> Operations {
    Operations::all([audit::operations(), dead_mail::operations(), users::operations()])
}
