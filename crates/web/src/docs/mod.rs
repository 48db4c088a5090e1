//! Documentation: `/openapi.json`, the explorer at `/docs`, the error codes at `/docs/errors`.

mod errors;
mod explorer;

use std::sync::LazyLock;

use actix_web::{
    HttpRequest, HttpResponse,
    web::{Bytes, to},
};

use crate::{policy::Policy, respond::file, routing::Operations};

static POLICY: Policy = Policy::open();

/// The pages and files.
pub fn operations() -> Operations {
    Operations::pages(
        &POLICY,
        [
            ("/openapi.json", || to(openapi)),
            ("/docs", || to(explorer::explorer)),
            ("/docs/errors", || to(errors::error_codes)),
            ("/docs/{file}", || to(explorer::explorer_file)),
        ],
    )
}

/// The OpenAPI document, built and encoded once per process.
static DOCUMENT: LazyLock<Bytes> = LazyLock::new(|| crate::openapi().to_string().into());

async fn openapi(request: HttpRequest) -> HttpResponse {
    file(&request, "application/json", DOCUMENT.clone())
}
