//! `/api/v1/admin`.

mod audit;
mod dead_mail;
mod usage;
mod users;

use crate::routing::Operations;

/// The operations.
pub fn operations() -> Operations {
    Operations::all([audit::operations(), dead_mail::operations(), usage::operations(), users::operations()])
}
