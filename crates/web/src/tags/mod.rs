//! `/api/v1/tags`: the tags of one's memos.

mod change;
mod dto;
mod list;
mod path;

use utoipa_actix_web::service_config::ServiceConfig;

/// The routes.
pub fn routes(config: &mut ServiceConfig) {
    config.service(list::list_tags).service(change::patch_tag).service(change::delete_tag);
}
