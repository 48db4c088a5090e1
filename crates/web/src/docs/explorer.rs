//! The explorer: Swagger UI, all of it in the binary.

use std::{borrow::Cow, sync::Arc};

use actix_web::{
    HttpRequest, HttpResponse, get,
    web::{Bytes, Path},
};
use utoipa_swagger_ui::Config;

use super::{file as served, page as html};
use crate::problem::{Code, Problem};

/// The files of Swagger UI that the page needs.
const FILES: [&str; 4] = ["swagger-ui.css", "index.css", "swagger-ui-bundle.js", "favicon-32x32.png"];

#[get("/docs")]
pub async fn explorer(request: HttpRequest) -> HttpResponse {
    html(&request, include_str!("explorer.html"))
}

#[get("/docs/{file}")]
pub async fn explorer_file(request: HttpRequest, name: Path<String>) -> Result<HttpResponse, Problem> {
    match name.as_str() {
        "explorer.js" => Ok(served(&request, "text/javascript; charset=utf-8", include_str!("explorer.js").into())),
        "errors.css" => Ok(served(&request, "text/css; charset=utf-8", include_str!("errors.css").into())),
        name if FILES.contains(&name) => vendored(&request, name).ok_or(Problem::new(Code::InternalError)),
        _ => Err(Problem::new(Code::NotFound)),
    }
}

fn vendored(request: &HttpRequest, name: &str) -> Option<HttpResponse> {
    let file = utoipa_swagger_ui::serve(name, Arc::new(Config::from("/openapi.json"))).ok()??;
    let bytes = match file.bytes {
        Cow::Borrowed(bytes) => Bytes::from_static(bytes),
        Cow::Owned(bytes) => Bytes::from(bytes),
    };
    Some(served(request, &file.content_type, bytes))
}
