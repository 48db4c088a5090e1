//! `/api/v1/auth`: sign up, sign in, stay signed in, sign out.

mod dto;
mod handlers;

use utoipa_actix_web::service_config::ServiceConfig;

/// The routes.
pub fn routes(config: &mut ServiceConfig) {
    config.service(handlers::sign_up).service(handlers::issue_tokens).service(handlers::revoke);
}
