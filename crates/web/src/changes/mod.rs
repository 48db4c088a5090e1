//! `/api/v1/changes`: what has become of one's memos.

mod dto;
mod list;

use utoipa_actix_web::service_config::ServiceConfig;

/// The routes.
pub fn routes(config: &mut ServiceConfig) {
    config.service(list::list_changes);
}
