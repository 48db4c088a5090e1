//! The pages that links in mail lead to. Only a POST of the page uses a token, so that programs that follow links in mail
//! use none.

use actix_web::{
    HttpRequest, HttpResponse,
    http::header::{HeaderValue, REFERRER_POLICY},
    web::to,
};

use crate::{
    policy::Policy,
    respond::{file, page},
    routing::Operations,
};

static POLICY: Policy = Policy::open();

/// The pages.
pub fn operations() -> Operations {
    Operations::pages(
        &POLICY,
        [
            ("/verify-email", || to(verify_email)),
            ("/reset-password", || to(reset_password)),
            ("/links.js", || to(script)),
        ],
    )
}

async fn verify_email(request: HttpRequest) -> HttpResponse {
    without_referrer(page(&request, include_str!("verify-email.html")))
}

async fn reset_password(request: HttpRequest) -> HttpResponse {
    without_referrer(page(&request, include_str!("reset-password.html")))
}

async fn script(request: HttpRequest) -> HttpResponse {
    file(&request, "text/javascript; charset=utf-8", include_str!("links.js").into())
}

/// The URL contains a token, which no other server may see.
fn without_referrer(mut response: HttpResponse) -> HttpResponse {
    response.headers_mut().insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    response
}
