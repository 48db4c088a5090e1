//! How much a request may carry.

use actix_web::{HttpRequest, web};

/// The bounds of a request; path, query and headers have fixed ones.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// The greatest body in bytes, but for a batch.
    pub body: usize,
}

impl Limits {
    /// Path and query together, in bytes.
    pub const URI: usize = 8 * 1024;
    /// All headers together, in bytes.
    pub const HEADERS: usize = 32 * 1024;
    /// A batch has at least so many bytes, whatever others have.
    pub const BATCH: usize = 16 * 1024 * 1024;

    /// Those of the server that a request came to.
    pub fn of(request: &HttpRequest) -> Self {
        request.app_data::<web::Data<Self>>().map_or(Self { body: 2 * 1024 * 1024 }, |limits| ***limits)
    }
}
