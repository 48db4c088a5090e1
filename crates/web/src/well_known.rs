//! `/.well-known` (RFC 8615).

use actix_web::http::header::{CACHE_CONTROL, HeaderValue};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use memo_application::SignIn;
use memo_domain::PublicKey;

use crate::prelude::*;

/// Short, so that a new key is soon known.
const FIVE_MINUTES: HeaderValue = HeaderValue::from_static("public, max-age=300");

operations! {
    get_keys => Policy::open().condition(Condition::IfNoneMatch);
}

/// Public keys (RFC 7517).
#[derive(Serialize, ToSchema)]
#[schema(as = KeySet)]
struct KeySetDto {
    /// The keys, the one that signs first.
    keys: Vec<KeyDto>,
}

/// A public key of Ed25519 (RFC 8037).
#[derive(Serialize, ToSchema)]
#[schema(as = Key, example = json!({
    "kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
    "kid": "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k", "alg": "EdDSA", "use": "sig",
}))]
struct KeyDto {
    /// Always `OKP`.
    #[schema(pattern = "^OKP$")]
    kty: &'static str,
    /// Always `Ed25519`.
    #[schema(pattern = "^Ed25519$")]
    crv: &'static str,
    /// The key, 32 bytes in base64url.
    #[schema(pattern = "^[A-Za-z0-9_-]{43}$")]
    x: String,
    /// The thumbprint of the key (RFC 7638), to which the `kid` of tokens refers.
    #[schema(pattern = "^[A-Za-z0-9_-]{43}$")]
    kid: String,
    /// Always `EdDSA`.
    #[schema(pattern = "^EdDSA$")]
    alg: &'static str,
    /// Always `sig`.
    #[schema(pattern = "^sig$")]
    r#use: &'static str,
}

impl From<&PublicKey> for KeyDto {
    fn from(key: &PublicKey) -> Self {
        let x = URL_SAFE_NO_PAD.encode(key.point);
        Self { kty: "OKP", crv: "Ed25519", x, kid: key.id.clone(), alg: "EdDSA", r#use: "sig" }
    }
}

/// Public keys of access tokens
///
/// A JWK Set (RFC 7517, RFC 8037), with which other services verify access tokens by the `kid` in their header. The first key
/// signs; older ones follow as long as their tokens may live. The set is empty if tokens are signed with a shared secret
/// (`HS256`, the default).
///
/// A valid signature does not tell whether the session has ended since.
#[utoipa::path(
    get, path = "/.well-known/jwks.json", tag = "auth",
    responses((
        status = 200,
        description = "The keys",
        body = KeySetDto,
        headers(("Cache-Control" = String, description = "May be cached for five minutes")),
    )),
)]
async fn get_keys(request: HttpRequest, sign_in: Data<SignIn>, _: NoQuery) -> Result<HttpResponse, Problem> {
    let keys = KeySetDto { keys: sign_in.public_keys().iter().map(KeyDto::from).collect() };
    let mut response = revalidated(&request, &keys)?;
    response.headers_mut().insert(CACHE_CONTROL, FIVE_MINUTES);
    Ok(response)
}
