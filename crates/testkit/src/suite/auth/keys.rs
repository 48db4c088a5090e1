//! Access tokens signed by `EdDSA`, and the set of public keys.

use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use jsonwebtoken::{
    Algorithm, DecodingKey, EncodingKey, Validation, decode, decode_header,
    jwk::{Jwk, JwkSet},
};
use memo_conformance::TestStore;
use memo_server::AlgorithmSetting;
use serde_json::{Value, json};

use super::hostile::{Change, assert_rejected, re_signed_with};
use crate::{TestApp, actor::User};

const KEY: [u8; 32] = [7; 32];
const OLDER: [u8; 32] = [8; 32];
const JWKS: &str = "/.well-known/jwks.json";

/// The private key of this seed in PKCS#8.
fn pkcs8(seed: [u8; 32]) -> Vec<u8> {
    [&[0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20][..], &seed].concat()
}

fn pem(kind: &str, der: &[u8]) -> String {
    format!("-----BEGIN {kind} KEY-----\n{}\n-----END {kind} KEY-----\n", STANDARD.encode(der))
}

fn signing(seed: [u8; 32]) -> EncodingKey {
    EncodingKey::from_ed_der(&pkcs8(seed))
}

/// An app with the keys of these seeds. The first one signs.
async fn app_with_keys(store: Box<dyn TestStore>, seeds: &[[u8; 32]]) -> (TestApp, tempfile::TempDir) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("signing.pem");
    let blocks: Vec<_> = seeds.iter().map(|seed| pem("PRIVATE", &pkcs8(*seed))).collect();
    std::fs::write(&file, blocks.concat()).expect("a file");
    #[cfg(unix)]
    std::fs::set_permissions(&file, std::os::unix::fs::PermissionsExt::from_mode(0o600)).expect("permissions are set");
    let app = TestApp::builder(store).settings(|settings| {
        settings.auth.algorithm = AlgorithmSetting::EdDsa;
        settings.auth.signing_key_file = Some(file);
    });
    (app.start().await, folder)
}

/// The published key set.
async fn keys(app: &TestApp) -> Vec<Value> {
    let response = app.anonymous().get(JWKS).await.expect_status(200);
    response["keys"].as_array().expect("keys").clone()
}

fn kid(token: &str) -> String {
    decode_header(token).expect("a header").kid.expect("a key id")
}

fn re_signed(alice: &User, seed: [u8; 32], change: impl FnOnce(&mut Value, &mut Value)) -> String {
    re_signed_with(&alice.access_token, &signing(seed), Algorithm::EdDSA, change)
}

pub async fn key_set_is_empty_with_a_shared_secret(store: Box<dyn TestStore>) {
    let app = TestApp::builder(store).start().await;
    let response = app.anonymous().get(JWKS).await.expect_status(200);
    assert_eq!(response.body, br#"{"keys":[]}"#);
}

pub async fn access_token_verifies_with_the_published_key_set(store: Box<dyn TestStore>) {
    let app = TestApp::builder(store).settings(|settings| settings.auth.algorithm = AlgorithmSetting::EdDsa);
    let app = app.start().await;
    let alice = app.user("alice").await;
    let response = app.anonymous().get(JWKS).await.expect_status(200);
    assert_eq!(response.header("content-type"), Some("application/json"));
    assert_eq!(response.header("cache-control"), Some("public, max-age=300"));
    let again = app.anonymous().get(JWKS).if_none_match(response.tag()).await.expect_empty(304);
    assert_eq!(again.header("cache-control"), Some("public, max-age=300"));
    let key = response["keys"][0].as_object().expect("a key");
    assert_eq!(
        key.keys().collect::<Vec<_>>(),
        ["alg", "crv", "kid", "kty", "use", "x"],
        "the key shows its public parts only"
    );
    let fixed = ["alg", "crv", "kty", "use"].map(|name| key[name].as_str().expect("a text"));
    assert_eq!(fixed, ["EdDSA", "Ed25519", "OKP", "sig"]);

    // Verify the token the way another service does: with a JOSE library and the published keys.
    let set: JwkSet = serde_json::from_slice(&response.body).expect("a set of keys");
    let key: &Jwk = set.find(&kid(&alice.access_token)).expect("the key of the token");
    let mut validation = Validation::new(Algorithm::EdDSA);
    validation.set_issuer(&[app.url()]);
    validation.set_audience(&[format!("{}/api/v1", app.url())]);
    // The clock of the app is in the past.
    validation.validate_exp = false;
    let by = DecodingKey::from_jwk(key).expect("a key");
    let read = decode::<Value>(&alice.access_token, &by, &validation).expect("a valid token");
    assert_eq!(read.header.typ.as_deref(), Some("at+jwt"));
    assert_eq!(read.claims["sub"], *alice.id);
    let altered = re_signed(&alice, OLDER, |_, _| ());
    assert!(decode::<Value>(&altered, &by, &validation).is_err());
}

pub async fn first_key_signs_and_all_keys_verify(store: Box<dyn TestStore>) {
    let (app, _folder) = app_with_keys(store, &[KEY, OLDER]).await;
    let alice = app.user("alice").await;
    let keys = keys(&app).await;
    assert_eq!(keys.len(), 2);
    assert_eq!(kid(&alice.access_token), keys[0]["kid"]);
    let older = re_signed(&alice, OLDER, |header, _| header["kid"] = keys[1]["kid"].clone());
    alice.with_token(&older).me().await.expect_status(200);
    let swapped = re_signed(&alice, KEY, |header, _| header["kid"] = keys[1]["kid"].clone());
    assert_rejected(alice.with_token(&swapped).me().await, "the id of the other key");
}

pub async fn eddsa_token_with_one_wrong_claim_or_header_is_rejected(store: Box<dyn TestStore>) {
    let (app, _folder) = app_with_keys(store, &[KEY]).await;
    let alice = app.user("alice").await;
    let good = re_signed(&alice, KEY, |_, _| ());
    alice.with_token(&good).me().await.expect_status(200);
    let changes: [(&str, Change); 16] = [
        ("another type", |header, _| header["typ"] = json!("JWT")),
        ("no algorithm", |header, _| header["alg"] = json!("none")),
        ("no algorithm, by another name", |header, _| header["alg"] = json!("nOnE")),
        ("a shared secret", |header, _| header["alg"] = json!("HS256")),
        ("RSA", |header, _| header["alg"] = json!("RS256")),
        ("an elliptic curve", |header, _| header["alg"] = json!("ES256")),
        ("no key id", |header, _| header["kid"] = json!(null)),
        ("an empty key id", |header, _| header["kid"] = json!("")),
        ("a path as key id", |header, _| header["kid"] = json!("../../../../dev/null")),
        ("a URL as key id", |header, _| header["kid"] = json!("https://evil.example/jwks.json")),
        ("a key id with a trailing NUL", |header, _| {
            header["kid"] = json!(format!("{}\0", header["kid"].as_str().expect("a name")));
        }),
        ("an unknown critical header", |header, _| header["crit"] = json!(["exp"])),
        ("another issuer", |_, claims| claims["iss"] = json!("https://evil.example")),
        ("another audience", |_, claims| claims["aud"] = json!("https://evil.example/api/v1")),
        ("no expiry", |_, claims| claims["exp"] = json!(null)),
        ("not valid yet", |_, claims| claims["nbf"] = json!(4_102_444_800_i64)),
    ];
    for (what, change) in changes {
        assert_rejected(alice.with_token(&re_signed(&alice, KEY, change)).me().await, what);
    }
    let (unsigned, signature) = good.rsplit_once('.').expect("three parts");
    let zeros = URL_SAFE_NO_PAD.encode([0; 64]);
    for signature in ["", &signature[..43], &zeros, &format!("{signature}AA")] {
        assert_rejected(alice.with_token(&format!("{unsigned}.{signature}")).me().await, signature);
    }
}

pub async fn key_embedded_in_the_token_is_ignored(store: Box<dyn TestStore>) {
    let (app, _folder) = app_with_keys(store, &[KEY]).await;
    let alice = app.user("alice").await;
    assert_rejected(alice.with_token(&re_signed(&alice, OLDER, |_, _| ())).me().await, "another key");
    // The public key of the seed `OLDER`.
    let jwk = json!({"kty": "OKP", "crv": "Ed25519", "x": "E5j2LG0aRXxRumpLXz29L2n8qTIWIY3ImX5Ba9F9k8o"});
    let token = re_signed(&alice, OLDER, |header, _| {
        header["jwk"] = jwk;
        header["jku"] = json!("http://127.0.0.1:1/jwks.json");
        header["x5u"] = json!("http://127.0.0.1:1/key.pem");
    });
    assert_rejected(alice.with_token(&token).me().await, "a key embedded in the token");
}

pub async fn public_key_is_not_accepted_as_a_shared_secret(store: Box<dyn TestStore>) {
    let (app, _folder) = app_with_keys(store, &[KEY]).await;
    let alice = app.user("alice").await;
    let key = keys(&app).await.remove(0);
    let x = key["x"].as_str().expect("a text");
    let point = URL_SAFE_NO_PAD.decode(x).expect("base64url");
    let spki = [&[0x30, 0x2a, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 3, 0x21, 0][..], &point].concat();
    let pem = pem("PUBLIC", &spki);
    let json = key.to_string();
    for secret in [&point[..], &spki, pem.as_bytes(), pem.trim_end().as_bytes(), x.as_bytes(), json.as_bytes(), b""] {
        for algorithm in [Algorithm::HS256, Algorithm::HS384, Algorithm::HS512] {
            for name in [json!(algorithm), json!("EdDSA")] {
                let secret = EncodingKey::from_secret(secret);
                let change = |header: &mut Value, _: &mut Value| header["alg"] = name;
                let token = re_signed_with(&alice.access_token, &secret, algorithm, change);
                assert_rejected(alice.with_token(&token).me().await, "a shared secret");
            }
        }
    }
}

pub async fn eddsa_token_is_rejected_with_a_shared_secret(store: Box<dyn TestStore>) {
    let app = TestApp::builder(store).start().await;
    let alice = app.user("alice").await;
    assert_rejected(
        alice.with_token(&re_signed(&alice, KEY, |header, _| header["alg"] = json!("EdDSA"))).me().await,
        "EdDSA",
    );
    assert_rejected(alice.with_token(&re_signed(&alice, KEY, |_, _| ())).me().await, "EdDSA, declared as HS256");
}
