//! Paths without a resource, and methods that a resource does not have.

use actix_web::{
    HttpRequest, HttpResponse,
    http::{Method, header::ALLOW},
};

use crate::problem::{Code, Problem};

/// The value of `Allow` for these methods: HEAD works where GET does, OPTIONS everywhere.
pub fn allow(methods: impl Iterator<Item = Method>) -> String {
    let mut methods: Vec<_> = methods.map(|method| method.as_str().to_owned()).collect();
    if methods.iter().any(|method| method == "GET") {
        methods.push("HEAD".into());
    }
    methods.push("OPTIONS".into());
    methods.sort();
    methods.join(", ")
}

/// Answers OPTIONS, and refuses other methods.
pub fn other_method(request: &HttpRequest, allow: &str) -> Result<HttpResponse, Problem> {
    if request.method() == Method::OPTIONS {
        return Ok(HttpResponse::NoContent().insert_header((ALLOW, allow)).finish());
    }
    Err(Problem::new(Code::MethodNotAllowed).about(allow).with_header(ALLOW, allow))
}

/// There is nothing at this path.
pub async fn not_found() -> Result<HttpResponse, Problem> {
    Err(Problem::new(Code::NotFound))
}
