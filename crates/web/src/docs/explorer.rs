//! The explorer: Swagger UI, embedded in the binary.

use std::{borrow::Cow, sync::Arc};

use actix_web::{
    HttpRequest, HttpResponse,
    web::{Bytes, Path},
};
use utoipa_swagger_ui::Config;

use crate::{
    problem::{Code, Problem},
    respond::{file, page},
};

/// The files of Swagger UI that the page uses.
const FILES: [&str; 4] = ["swagger-ui.css", "index.css", "swagger-ui-bundle.js", "favicon-32x32.png"];

pub async fn explorer(request: HttpRequest) -> HttpResponse {
    page(&request, include_str!("explorer.html"))
}

pub async fn explorer_file(request: HttpRequest, name: Path<String>) -> Result<HttpResponse, Problem> {
    match name.as_str() {
        "explorer.js" => Ok(file(&request, "text/javascript; charset=utf-8", include_str!("explorer.js").into())),
        "errors.css" => Ok(file(&request, "text/css; charset=utf-8", include_str!("errors.css").into())),
        name if FILES.contains(&name) => vendored(&request, name).ok_or(Problem::new(Code::InternalError)),
        _ => Err(Problem::new(Code::NotFound)),
    }
}

fn vendored(request: &HttpRequest, name: &str) -> Option<HttpResponse> {
    let vendored = utoipa_swagger_ui::serve(name, Arc::new(Config::from("/openapi.json"))).ok()??;
    let bytes = match vendored.bytes {
        Cow::Borrowed(bytes) => Bytes::from_static(bytes),
        Cow::Owned(bytes) => Bytes::from(bytes),
    };
    Some(file(request, &vendored.content_type, bytes))
}
