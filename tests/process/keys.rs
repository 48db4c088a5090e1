//! Keys in files.

use std::os::unix::fs::PermissionsExt;

use jsonwebtoken::{Algorithm, DecodingKey, Validation, jwk::JwkSet};
use reqwest::StatusCode;
use rustix::process::Signal;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::time::timeout;

use crate::running::{PATIENCE, Running, command};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tokens_signed_with_a_key_pair_hold_over_a_restart() {
    let folder = TempDir::new().expect("a folder");
    let eddsa = [("MEMO__AUTH__ALGORITHM", "EdDSA"), ("MEMO__SERVER__PUBLIC_URL", "http://memo.example")];
    let eddsa = [&eddsa[..], &[("MEMO__SERVER__TRUSTED_HOSTS", "*"), ("MEMO__LOG__LEVEL", "trace")]].concat();
    let mut server = Running::start(folder.path(), &eddsa).await;
    server.sign_up().await;
    let token = server.sign_in().await["access_token"].as_str().expect("a token").to_owned();
    let (status, set) = server.get("/.well-known/jwks.json", "").await;
    assert_eq!(status, StatusCode::OK);
    let file = folder.path().join("data/signing.pem");
    let made = std::fs::metadata(&file).expect("the key file");
    assert_eq!(made.permissions().mode() & 0o777, 0o600);
    assert!(!folder.path().join("data/signing.key").exists(), "one key is enough");

    // Whoever has nothing but the set of keys can tell.
    let keys: JwkSet = serde_json::from_value(set.clone()).expect("a set of keys");
    let header = jsonwebtoken::decode_header(&token).expect("a header");
    let key = keys.find(&header.kid.expect("the name of a key")).expect("the key of the token");
    let mut validation = Validation::new(Algorithm::EdDSA);
    validation.set_issuer(&["http://memo.example"]);
    validation.set_audience(&["http://memo.example/api/v1"]);
    let key = DecodingKey::from_jwk(key).expect("a key");
    let claims = jsonwebtoken::decode::<Value>(&token, &key, &validation).expect("a token that holds").claims;
    let (_, me) = server.get("/api/v1/me", &token).await;
    assert_eq!(claims["sub"], me["id"]);

    let private = std::fs::read_to_string(&file).expect("the key");
    let private = private.lines().nth(1).expect("the key").to_owned();
    server.signal(Signal::TERM);
    server.child.wait().await.expect("it has ended");
    assert!(!server.log.lock().expect("nobody panicked").contains(&private), "the key is in the log");
    let mut server = Running::start(folder.path(), &eddsa).await;
    assert_eq!(server.get("/.well-known/jwks.json", "").await.1, set);
    assert_eq!(server.get("/api/v1/me", &token).await, (StatusCode::OK, me));

    // The other algorithm has another file: a token of before is worth nothing, and nothing need be put aside.
    server.signal(Signal::TERM);
    server.child.wait().await.expect("it has ended");
    let server = Running::start(folder.path(), &eddsa[1..]).await;
    assert_eq!(server.get("/api/v1/me", &token).await.0, StatusCode::UNAUTHORIZED);
    assert_eq!(server.get("/.well-known/jwks.json", "").await.1, json!({"keys": []}));
    server.sign_in().await;
}

#[tokio::test]
async fn a_key_file_of_another_algorithm_is_named_and_not_shown() {
    let folder = TempDir::new().expect("a folder");
    let secret = "A".repeat(43);
    let seed = "MC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g";
    let block = format!("-----BEGIN PRIVATE KEY-----\n{seed}\n-----END PRIVATE KEY-----\n");
    for (algorithm, text) in [("EdDSA", format!("{secret}\n")), ("HS256", block)] {
        std::fs::write(folder.path().join("my.key"), &text).expect("written");
        let variables = [("MEMO__AUTH__ALGORITHM", algorithm), ("MEMO__AUTH__SIGNING_KEY_FILE", "my.key")];
        let ended = timeout(PATIENCE, command(folder.path(), &variables).output()).await.expect("it ends in time");
        let ended = ended.expect("it starts");
        let error = String::from_utf8(ended.stderr).expect("UTF-8");
        assert_eq!(ended.status.code(), Some(1), "{error}");
        assert!(error.starts_with("memo: settings: ") && error.lines().count() == 1, "{error}");
        for says in ["my.key", "auth.signing_key_file", "auth.algorithm", algorithm] {
            assert!(error.contains(says), "{error}");
        }
        let output = error + &String::from_utf8(ended.stdout).expect("UTF-8");
        assert!(!output.contains(&secret) && !output.contains(seed), "the key is shown: {output}");
        let kept = std::fs::read_to_string(folder.path().join("my.key")).expect("the file");
        assert_eq!(kept, text, "the file is as it was");
    }
}
