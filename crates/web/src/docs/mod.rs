//! Documentation: `/openapi.json`, the explorer at `/docs`, the error codes at `/docs/errors`.

mod errors;
mod explorer;

use actix_web::{
    HttpRequest, HttpResponse,
    web::{Bytes, Data, to},
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

/// The OpenAPI document, encoded once.
pub struct Document(pub Bytes);

async fn openapi(request: HttpRequest, document: Data<Document>) -> HttpResponse {
    file(&request, "application/json", document.0.clone())
}
