//! The explorer: Swagger UI, embedded in the binary.

use actix_web::{HttpRequest, HttpResponse, web::Path};

use super::packed::{Packed, packed};
use crate::{
    problem::{Code, Problem},
    respond::{file, page},
};

/// The files of Swagger UI that the page uses.
static VENDORED: [Packed; 4] = [
    packed!("swagger-ui.css", "text/css; charset=utf-8"),
    packed!("index.css", "text/css; charset=utf-8"),
    packed!("swagger-ui-bundle.js", "text/javascript; charset=utf-8"),
    packed!("favicon-32x32.png", "image/png"),
];

pub async fn explorer(request: HttpRequest) -> HttpResponse {
    page(&request, include_str!("explorer.html"))
}

pub async fn explorer_file(request: HttpRequest, name: Path<String>) -> Result<HttpResponse, Problem> {
    match name.as_str() {
        "explorer.js" => Ok(file(&request, "text/javascript; charset=utf-8", include_str!("explorer.js").into())),
        "errors.css" => Ok(file(&request, "text/css; charset=utf-8", include_str!("errors.css").into())),
        name => {
            let packed = VENDORED.iter().find(|file| file.name == name).ok_or(Problem::new(Code::NotFound))?;
            Ok(file(&request, packed.media_type, packed.unpacked().map_err(Problem::internal)?))
        }
    }
}
