//! `/api/v1/memos`.

mod batch;
mod batch_dto;
mod change;
mod create;
mod dto;
mod line;
mod list;
mod pages;
mod read;
mod remove;

use actix_web::web;
pub use dto::{Memo, tag_schema};
pub use line::MemoLine;
pub use pages::Pages;
use utoipa_actix_web::service_config::ServiceConfig;

use crate::fallback::fallback;

/// The routes.
pub fn routes(config: &mut ServiceConfig) {
    config
        .service(create::create_memo)
        .service(list::list_memos)
        .service(batch::batch_memos)
        // It is no id: other methods than the one above are not those of a memo.
        .map(|config| config.service(web::resource("/memos/batch").default_service(web::to(fallback))))
        .service(read::get_memo)
        .service(change::replace_memo)
        .service(change::patch_memo)
        .service(remove::delete_memo)
        .service(remove::restore_memo);
}
