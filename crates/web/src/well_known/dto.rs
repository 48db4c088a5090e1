use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use memo_domain::PublicKey;
use serde::Serialize;
use utoipa::ToSchema;

/// Public keys (RFC 7517).
#[derive(Serialize, ToSchema)]
#[schema(as = KeySet)]
pub struct KeySet {
    /// The keys, the one that signs first.
    keys: Vec<Key>,
}

impl KeySet {
    pub fn of(keys: &[PublicKey]) -> Self {
        Self { keys: keys.iter().map(Key::of).collect() }
    }
}

/// A public key of Ed25519 (RFC 8037).
#[derive(Serialize, ToSchema)]
#[schema(as = Key, example = json!({
    "kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
    "kid": "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k", "alg": "EdDSA", "use": "sig",
}))]
struct Key {
    /// Always `OKP`.
    #[schema(pattern = "^OKP$")]
    kty: &'static str,
    /// Always `Ed25519`.
    #[schema(pattern = "^Ed25519$")]
    crv: &'static str,
    /// The key, 32 bytes in base64url.
    #[schema(pattern = "^[A-Za-z0-9_-]{43}$")]
    x: String,
    /// What tokens call it: its thumbprint (RFC 7638).
    #[schema(pattern = "^[A-Za-z0-9_-]{43}$")]
    kid: String,
    /// Always `EdDSA`.
    #[schema(pattern = "^EdDSA$")]
    alg: &'static str,
    /// Always `sig`.
    #[schema(pattern = "^sig$")]
    r#use: &'static str,
}

impl Key {
    fn of(key: &PublicKey) -> Self {
        let x = URL_SAFE_NO_PAD.encode(key.point);
        Self { kty: "OKP", crv: "Ed25519", x, kid: key.id.clone(), alg: "EdDSA", r#use: "sig" }
    }
}
