//! Documentation: `/openapi.json`, the explorer at `/docs`, the error codes at `/docs/errors`.

mod errors;
mod explorer;
mod packed;

use std::sync::LazyLock;

use actix_web::{
    HttpRequest, HttpResponse,
    web::{Bytes, to},
};

use packed::{Packed, packed};
use serde_json::Value;

use crate::{policy::Policy, respond::file, routing::Operations};

static POLICY: Policy = Policy::open();

/// The pages and files.
pub fn operations() -> Operations {
    Operations::pages(
        &POLICY,
        [
            ("/openapi.json", || to(document)),
            ("/docs", || to(explorer::explorer)),
            ("/docs/errors", || to(errors::error_codes)),
            ("/docs/{file}", || to(explorer::explorer_file)),
        ],
    )
}

/// The OpenAPI document of this commit. What makes it of the operations is part of the tests alone: it is larger than all handlers.
static DOCUMENT: Packed = packed!("openapi.json", "application/json");
/// The same as it is sent.
static ENCODED: LazyLock<Bytes> = LazyLock::new(|| openapi().to_string().into());

async fn document(request: HttpRequest) -> HttpResponse {
    file(&request, DOCUMENT.media_type, ENCODED.clone())
}

/// The OpenAPI document.
///
/// # Panics
/// If this binary is damaged.
#[must_use]
pub fn openapi() -> Value {
    let packed = DOCUMENT.unpacked().expect("the build script has packed it");
    serde_json::from_slice(&packed).expect("a test has read it")
}
