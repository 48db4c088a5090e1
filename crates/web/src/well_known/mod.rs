//! `/.well-known`: what others look up here by a name that all servers share (RFC 8615).

mod dto;

use actix_web::{
    HttpRequest, HttpResponse, get,
    http::header::{CACHE_CONTROL, HeaderValue},
    web::Data,
};
use memo_application::SignIn;
use utoipa_actix_web::service_config::ServiceConfig;

use crate::{extract::NoQuery, problem::Problem, respond::revalidated};
use dto::KeySet;

/// Short enough that a key is known soon after it is put into the file.
const FIVE_MINUTES: HeaderValue = HeaderValue::from_static("public, max-age=300");

/// The routes.
pub fn routes(config: &mut ServiceConfig) {
    config.service(get_keys);
}

/// Public keys of access tokens
///
/// A JWK Set (RFC 7517, RFC 8037), by which other services check access tokens without asking here: the key that `kid` in the
/// token's header names. The first one signs; older ones follow while their tokens may still live. Where tokens are signed with a
/// secret that is shared (`HS256`, the default), there is none.
///
/// A signature does not say whether the sign-in has ended since.
#[utoipa::path(
    tag = "auth",
    operation_id = "get_keys",
    security(()),
    responses((
        status = 200,
        description = "The keys",
        body = KeySet,
        headers(
            ("ETag" = String, description = "Names this answer as it is, for If-None-Match"),
            ("Cache-Control" = String, description = "How long it may be kept: five minutes"),
        ),
    )),
    extensions(("x-conditional" = json!("get"))),
)]
#[get("/.well-known/jwks.json")]
async fn get_keys(request: HttpRequest, sign_in: Data<SignIn>, _: NoQuery) -> Result<HttpResponse, Problem> {
    let mut answer = revalidated(&request, &KeySet::of(sign_in.public_keys()))?;
    answer.headers_mut().insert(CACHE_CONTROL, FIVE_MINUTES);
    Ok(answer)
}
