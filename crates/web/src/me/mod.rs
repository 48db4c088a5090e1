//! `/api/v1/me`: the account of who calls.

mod dto;
mod handlers;

pub use dto::User;
use utoipa_actix_web::service_config::ServiceConfig;

/// The routes.
pub fn routes(config: &mut ServiceConfig) {
    config.service(handlers::get_me).service(handlers::patch_me);
}
