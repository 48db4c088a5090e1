//! Key files.

use std::os::unix::fs::PermissionsExt;

use jsonwebtoken::{Algorithm, DecodingKey, Validation, jwk::JwkSet};
use reqwest::StatusCode;
use rustix::process::Signal;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::time::timeout;

use crate::running::{PATIENCE, Running, command};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn eddsa_tokens_stay_valid_over_a_restart() {
    let folder = TempDir::new().expect("a folder");
    let eddsa = [("MEMO__AUTH__ALGORITHM", "EdDSA"), ("MEMO__SERVER__PUBLIC_URL", "http://memo.example")];
    let eddsa = [&eddsa[..], &[("MEMO__SERVER__TRUSTED_HOSTS", "*"), ("MEMO__LOG__LEVEL", "trace")]].concat();
    let mut server = Running::start(folder.path(), &eddsa).await;
    server.sign_up().await;
    let token = server.sign_in().await["access_token"].as_str().expect("a token").to_owned();
    let (status, set) = server.get("/.well-known/jwks.json", "").await;
    assert_eq!(status, StatusCode::OK);
    let file = folder.path().join("data/signing.pem");
    let metadata = std::fs::metadata(&file).expect("the key file");
    assert_eq!(metadata.permissions().mode() & 0o777, 0o600);
    assert!(!folder.path().join("data/signing.key").exists(), "no second key file is created");

    // A service that has only the key set can verify the token.
    let keys: JwkSet = serde_json::from_value(set.clone()).expect("a set of keys");
    let header = jsonwebtoken::decode_header(&token).expect("a header");
    let key = keys.find(&header.kid.expect("a key id")).expect("the key of the token");
    let mut validation = Validation::new(Algorithm::EdDSA);
    validation.set_issuer(&["http://memo.example"]);
    validation.set_audience(&["http://memo.example/api/v1"]);
    let key = DecodingKey::from_jwk(key).expect("a key");
    let claims = jsonwebtoken::decode::<Value>(&token, &key, &validation).expect("a valid token").claims;
    let (_, me) = server.get("/api/v1/me", &token).await;
    assert_eq!(claims["sub"], me["id"]);

    let private = std::fs::read_to_string(&file).expect("the key");
    let private = private.lines().nth(1).expect("the key").to_owned();
    server.signal(Signal::TERM);
    server.child.wait().await.expect("the exit status");
    assert!(!server.log.lock().expect("the reader has not panicked").contains(&private), "the key is in the log");
    let mut server = Running::start(folder.path(), &eddsa).await;
    assert_eq!(server.get("/.well-known/jwks.json", "").await.1, set);
    assert_eq!(server.get("/api/v1/me", &token).await, (StatusCode::OK, me));

    // The other algorithm has a key file of its own: old tokens are invalid, and no file has to be moved away.
    server.signal(Signal::TERM);
    server.child.wait().await.expect("the exit status");
    let server = Running::start(folder.path(), &eddsa[1..]).await;
    assert_eq!(server.get("/api/v1/me", &token).await.0, StatusCode::UNAUTHORIZED);
    assert_eq!(server.get("/.well-known/jwks.json", "").await.1, json!({"keys": []}));
    server.sign_in().await;
}

#[tokio::test]
async fn key_file_of_another_algorithm_is_reported_without_its_content() {
    let folder = TempDir::new().expect("a folder");
    let secret = "A".repeat(43);
    let seed = "MC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g";
    let block = format!("-----BEGIN PRIVATE KEY-----\n{seed}\n-----END PRIVATE KEY-----\n");
    for (algorithm, text) in [("EdDSA", format!("{secret}\n")), ("HS256", block)] {
        std::fs::write(folder.path().join("my.key"), &text).expect("written");
        let variables = [("MEMO__AUTH__ALGORITHM", algorithm), ("MEMO__AUTH__SIGNING_KEY_FILE", "my.key")];
        let output =
            timeout(PATIENCE, command(folder.path(), &variables).output()).await.expect("the command ends in time");
        let output = output.expect("the binary starts");
        let error = String::from_utf8(output.stderr).expect("UTF-8");
        assert_eq!(output.status.code(), Some(1), "{error}");
        assert!(error.starts_with("memo: settings: ") && error.lines().count() == 1, "{error}");
        for part in ["my.key", "auth.signing_key_file", "auth.algorithm", algorithm] {
            assert!(error.contains(part), "{error}");
        }
        let shown = error + &String::from_utf8(output.stdout).expect("UTF-8");
        assert!(!shown.contains(&secret) && !shown.contains(seed), "the key is shown: {shown}");
        let kept = std::fs::read_to_string(folder.path().join("my.key")).expect("the file");
        assert_eq!(kept, text, "the file is unchanged");
    }
}
