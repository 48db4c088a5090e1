//! `/api/v1/me`: the account of who calls.

mod dto;
mod profile;
mod security;
mod transfer;

pub use dto::User;
pub use transfer::IMPORT;
use utoipa_actix_web::service_config::ServiceConfig;

/// The routes.
pub fn routes(config: &mut ServiceConfig) {
    config
        .service(profile::get_me)
        .service(profile::patch_me)
        .service(security::withdraw)
        .service(security::change_password)
        .service(security::get_mfa)
        .service(security::begin_totp)
        .service(security::confirm_totp)
        .service(security::remove_totp)
        .service(security::list_identities)
        .service(security::remove_identity)
        .service(transfer::export)
        .service(transfer::import);
}
