//! `/api/v1/admin`, and what members and administrators read of the audit log.

mod audit;
mod dto;
mod mail;
mod users;

pub use dto::Event;
use utoipa_actix_web::service_config::ServiceConfig;

/// The routes.
pub fn routes(config: &mut ServiceConfig) {
    config
        .service(users::list_users)
        .service(users::patch_user)
        .service(mail::list_dead_mail)
        .service(audit::list_own_events)
        .service(audit::list_all_events);
}
