//! `/api/v1/auth`: sign up, sign in, stay signed in, sign out.

mod dto;
mod proofs;
mod sessions;
mod social;
mod tokens;

pub use dto::SessionItem;
use utoipa_actix_web::service_config::ServiceConfig;

/// The routes.
pub fn routes(config: &mut ServiceConfig) {
    config
        .service(tokens::sign_up)
        .service(tokens::issue_tokens)
        .service(tokens::revoke)
        .service(sessions::create_session)
        .service(sessions::delete_session)
        .service(sessions::list_sessions)
        .service(sessions::end_sessions)
        .service(sessions::end_session)
        .service(social::list_providers)
        .service(social::authorize_provider)
        .service(social::provider_callback)
        .service(proofs::verify_email)
        .service(proofs::resend_verification)
        .service(proofs::forgot_password)
        .service(proofs::reset_password);
}
