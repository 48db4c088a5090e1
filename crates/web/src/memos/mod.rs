//! `/api/v1/memos`.

mod change;
mod create;
mod dto;
mod list;
mod read;
mod remove;

use utoipa_actix_web::service_config::ServiceConfig;

/// The routes.
pub fn routes(config: &mut ServiceConfig) {
    config
        .service(create::create_memo)
        .service(list::list_memos)
        .service(read::get_memo)
        .service(change::replace_memo)
        .service(change::patch_memo)
        .service(remove::delete_memo)
        .service(remove::restore_memo);
}
