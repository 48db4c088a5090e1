//! Forged, altered and expired credentials, and credentials used for another purpose.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, EncodingKey, crypto::sign};
use memo_conformance::TestStore;
use serde_json::{Value, json};

use crate::{Actor, Response, TestApp};

const KEY: [u8; 32] = [7; 32];
const FAR_FUTURE: i64 = 4_102_444_800; // 2100-01-01

/// Changes the header and the claims of a token.
pub(super) type Change = fn(&mut Value, &mut Value);

fn encode(value: &Value) -> String {
    URL_SAFE_NO_PAD.encode(value.to_string())
}

fn read(part: &str) -> Value {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).expect("base64url")).expect("JSON")
}

/// The three parts of an access token.
fn parts(token: &str) -> [&str; 3] {
    token.split('.').collect::<Vec<_>>().try_into().expect("three parts")
}

/// The token after `change`, signed with this shared secret.
fn re_signed(token: &str, key: &[u8], algorithm: Algorithm, change: impl FnOnce(&mut Value, &mut Value)) -> String {
    re_signed_with(token, &EncodingKey::from_secret(key), algorithm, change)
}

/// The token after `change`, signed with any key.
pub(super) fn re_signed_with(
    token: &str,
    key: &EncodingKey,
    algorithm: Algorithm,
    change: impl FnOnce(&mut Value, &mut Value),
) -> String {
    let [header, claims, _] = parts(token);
    let (mut header, mut claims) = (read(header), read(claims));
    change(&mut header, &mut claims);
    let signed = format!("{}.{}", encode(&header), encode(&claims));
    let signature = sign(signed.as_bytes(), key, algorithm).expect("the token is signed");
    format!("{signed}.{signature}")
}

/// An app with a signing key that is known here.
async fn app_with_key(store: Box<dyn TestStore>) -> (TestApp, tempfile::TempDir) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("signing.key");
    std::fs::write(&file, format!("{}\n", URL_SAFE_NO_PAD.encode(KEY))).expect("a file");
    #[cfg(unix)]
    std::fs::set_permissions(&file, std::os::unix::fs::PermissionsExt::from_mode(0o600)).expect("permissions are set");
    let app = TestApp::builder(store).settings(|settings| settings.auth.signing_key_file = Some(file)).start().await;
    (app, folder)
}

#[track_caller]
pub(super) fn assert_rejected(response: Response, what: &str) {
    assert_eq!(response.status, 401, "{what}: {}", response.shown());
    let response = response.problem("access_token_invalid");
    assert!(
        response.header("www-authenticate").is_some_and(|value| value.contains("error=\"invalid_token\"")),
        "{what}"
    );
}

#[track_caller]
fn assert_invalid_grant(response: Response) {
    assert_eq!(response.expect_status(400)["error"], "invalid_grant");
}

pub async fn access_token_with_one_wrong_claim_or_header_is_rejected(store: Box<dyn TestStore>) {
    let (app, _folder) = app_with_key(store).await;
    let alice = app.user("alice").await;
    let token = re_signed(&alice.access_token, &KEY, Algorithm::HS256, |_, _| ());
    alice.with_token(&token).me().await.expect_status(200);

    let changes: [(&str, Change); 30] = [
        ("another type", |header, _| header["typ"] = json!("JWT")),
        ("an ID token", |header, _| header["typ"] = json!("id+jwt")),
        ("no type", |header, _| header["typ"] = json!(null)),
        ("no algorithm", |header, _| header["alg"] = json!("none")),
        ("no algorithm, by another name", |header, _| header["alg"] = json!("nOnE")),
        ("RSA", |header, _| header["alg"] = json!("RS256")),
        ("an elliptic curve", |header, _| header["alg"] = json!("ES256")),
        ("EdDSA", |header, _| header["alg"] = json!("EdDSA")),
        ("another hash", |header, _| header["alg"] = json!("HS512")),
        ("no key id", |header, _| header["kid"] = json!(null)),
        ("an empty key id", |header, _| header["kid"] = json!("")),
        ("another key id", |header, _| header["kid"] = json!("AAAAAAAAAAAA")),
        ("a path as key id", |header, _| header["kid"] = json!("../../../../dev/null")),
        ("a URL as key id", |header, _| header["kid"] = json!("https://evil.example/jwks.json")),
        ("SQL as key id", |header, _| header["kid"] = json!("' UNION SELECT 'AAAA' -- ")),
        ("a command as key id", |header, _| header["kid"] = json!("|sleep 10")),
        ("a number as key id", |header, _| header["kid"] = json!(0)),
        ("an unknown critical header", |header, _| header["crit"] = json!(["exp"])),
        ("another issuer", |_, claims| claims["iss"] = json!("https://evil.example")),
        ("an issuer with a trailing slash", |_, claims| {
            claims["iss"] = json!(format!("{}/", claims["iss"].as_str().expect("an issuer")));
        }),
        ("no issuer", |_, claims| claims["iss"] = json!(null)),
        ("another audience", |_, claims| claims["aud"] = json!("https://evil.example/api/v1")),
        ("no audience", |_, claims| claims["aud"] = json!(null)),
        ("no expiry", |_, claims| claims["exp"] = json!(null)),
        ("an expiry as a string", |_, claims| claims["exp"] = json!("4102444800")),
        ("no `nbf`", |_, claims| claims["nbf"] = json!(null)),
        ("not valid yet", |_, claims| claims["nbf"] = json!(FAR_FUTURE)),
        ("issued in the future", |_, claims| claims["iat"] = json!(FAR_FUTURE)),
        ("unknown scopes", |_, claims| claims["scope"] = json!("admin")),
        ("a subject that is not an id", |_, claims| claims["sub"] = json!("' OR 1=1 --")),
    ];
    for (what, change) in changes {
        let token = re_signed(&alice.access_token, &KEY, Algorithm::HS256, change);
        assert_rejected(alice.with_token(&token).me().await, what);
    }
    for algorithm in [Algorithm::HS384, Algorithm::HS512] {
        let token = re_signed(&alice.access_token, &KEY, algorithm, |header, _| header["alg"] = json!(algorithm));
        assert_rejected(alice.with_token(&token).me().await, "another hash with a valid signature");
    }
    let token = re_signed(&alice.access_token, &KEY, Algorithm::HS256, |_, claims| claims["exp"] = json!(1));
    alice.with_token(&token).me().await.expect_status(401).problem("access_token_expired");
    for end in [json!(i64::MAX), json!(i64::MIN), json!(1e300), json!(-1), json!(0.5)] {
        let token = re_signed(&alice.access_token, &KEY, Algorithm::HS256, |_, claims| claims["exp"] = end.clone());
        alice.with_token(&token).me().await.expect_no_server_error();
        let token = re_signed(&alice.access_token, &KEY, Algorithm::HS256, |_, claims| {
            claims["nbf"] = end.clone();
            claims["iat"] = end;
        });
        alice.with_token(&token).me().await.expect_no_server_error();
    }
}

pub async fn access_token_with_unknown_subject_or_session_is_rejected(store: Box<dyn TestStore>) {
    let (app, _folder) = app_with_key(store).await;
    let (alice, bob) = (app.user("alice").await, app.user("bob").await);
    let with = |name: &'static str, value: &str| {
        re_signed(&alice.access_token, &KEY, Algorithm::HS256, |_, claims| claims[name] = json!(value))
    };
    let unknown_id = "0198c0de-7f00-7000-8000-0000000000ff";
    for token in [with("sub", &bob.id), with("sub", unknown_id), with("sid", unknown_id), with("sid", &alice.id)] {
        alice.with_token(&token).me().await.expect_status(401).problem("sign_in_ended");
    }
}

pub async fn access_token_signed_with_another_secret_is_rejected(store: Box<dyn TestStore>) {
    let (app, _folder) = app_with_key(store).await;
    let alice = app.user("alice").await;
    // Keys that a faulty verifier might fall back to, each also embedded in the token's own header.
    for key in [&[][..], &[0], &[0; 32], &[7; 31], &[7; 33], b"secret", b"null", &[9; 32]] {
        let jwk = json!({"kty": "oct", "k": URL_SAFE_NO_PAD.encode(key)});
        let token = re_signed(&alice.access_token, key, Algorithm::HS256, |header, _| {
            header["jwk"] = jwk;
            header["jku"] = json!("http://127.0.0.1:1/jwks.json");
            header["x5u"] = json!("http://127.0.0.1:1/key.pem");
        });
        assert_rejected(alice.with_token(&token).me().await, &format!("{key:?}"));
        let token = re_signed(&alice.access_token, key, Algorithm::HS256, |_, _| ());
        assert_rejected(alice.with_token(&token).me().await, &format!("{key:?}"));
    }
}

pub async fn altered_access_token_is_rejected(store: Box<dyn TestStore>) {
    let (app, _folder) = app_with_key(store).await;
    let (alice, bob) = (app.user("alice").await, app.user("bob").await);
    let narrow = alice.sign_in_again("memos:read").await;
    let [header, claims, signature] = parts(narrow.text("access_token"));
    let altered = |name: &str, value: &Value| {
        let mut claims = read(claims);
        claims[name] = value.clone();
        format!("{header}.{}.{signature}", encode(&claims))
    };
    let all = json!("memos:read memos:write events:read account:read account:write");
    let [_, bobs, bobs_signature] = parts(&bob.access_token);
    for token in [
        altered("scope", &all),
        altered("sub", &json!(bob.id)),
        altered("exp", &json!(FAR_FUTURE)),
        format!("{header}.{bobs}.{signature}"),
        format!("{header}.{claims}.{bobs_signature}"),
        format!("{header}.{claims}"),
        format!("{header}.{claims}."),
        format!("{header}.{claims}.{}", &signature[..signature.len() - 1]),
        format!("{header}.{claims}.{}", &signature[..22]),
        format!("{header}.{claims}.{signature}="),
        format!("{header}.{claims}.{signature}.{signature}"),
        format!("{header}.{claims}.{}", signature.to_uppercase()),
        format!("{header}..{signature}"),
        format!(".{claims}.{signature}"),
        format!("{header}=.{claims}.{signature}"),
        format!("{}.{claims}.{signature}", encode(&json!([]))),
        format!("{claims}.{header}.{signature}"),
        format!("{header}.{claims}.{signature} {header}.{claims}.{signature}"),
        // JWE (RFC 7516) and the JSON serialization of RFC 7515.
        format!("{header}.{claims}.{signature}.{claims}.{signature}"),
        json!({"protected": header, "payload": claims, "signature": signature}).to_string(),
    ] {
        assert_rejected(alice.with_token(&token).list_memos(&[]).await, &token);
    }
    alice.with_token(narrow.text("access_token")).list_memos(&[]).await.expect_status(200);
}

pub async fn huge_token_is_rejected(store: Box<dyn TestStore>) {
    let (app, _folder) = app_with_key(store).await;
    let alice = app.user("alice").await;
    for length in [1_000, 20_000] {
        let token = re_signed(&alice.access_token, &[9; 32], Algorithm::HS256, |header, _| {
            header["x5c"] = json!(["A".repeat(length / 2)]);
        });
        assert_rejected(alice.with_token(&token).me().await, "a large header");
        assert_rejected(alice.with_token(&"A".repeat(length)).me().await, "one part");
        assert_rejected(alice.with_token(&".".repeat(length)).me().await, "many parts");
        assert_invalid_grant(app.anonymous().refresh(&"A".repeat(length)).await);
    }
    alice.with_token(&"A".repeat(40_000)).me().await.expect_status(431).problem("headers_too_large");
    // Deeply nested JSON in place of the header and the claims.
    let deep = URL_SAFE_NO_PAD.encode(format!("{{\"alg\":\"HS256\",\"typ\":\"at+jwt\",\"x\":{}", "[".repeat(8_000)));
    assert_rejected(alice.with_token(&format!("{deep}.{deep}.AAAA")).me().await, "deeply nested JSON");
    app.anonymous().revoke(&"A".repeat(20_000)).await.expect_status(200);
}

pub async fn tokens_of_a_removed_or_disabled_user_are_revoked(store: Box<dyn TestStore>) {
    let app = TestApp::builder(store).start().await;
    let (alice, bob, admin) = (app.user("alice").await, app.user("bob").await, app.admin("admin").await);

    alice.call("DELETE", "/api/v1/me").json(&json!({"password": alice.password})).await.expect_empty(204);
    let target = format!("/api/v1/admin/users/{}", bob.id);
    admin.call("PATCH", &target).json(&json!({"disabled": true})).await.expect_status(200);
    for user in [&alice, &bob] {
        user.me().await.expect_status(401).problem("sign_in_ended");
        user.create_memo(&json!({"title": "a"})).await.expect_status(401).problem("sign_in_ended");
        assert_invalid_grant(app.anonymous().refresh(&user.refresh_token).await);
        assert_invalid_grant(app.anonymous().sign_in(&user.email, &user.password).await);
    }
    // Enabling the account again does not revive ended sessions.
    admin.call("PATCH", &target).json(&json!({"disabled": false})).await.expect_status(200);
    bob.me().await.expect_status(401).problem("sign_in_ended");
    assert_invalid_grant(app.anonymous().refresh(&bob.refresh_token).await);
    app.anonymous().sign_in(&bob.email, &bob.password).await.expect_status(200);
    admin.me().await.expect_status(200);
}

pub async fn tokens_end_with_their_session(store: Box<dyn TestStore>) {
    let app = TestApp::builder(store).start().await;
    let alice = app.user("alice").await;
    let again = async || {
        let tokens = alice.sign_in_again("").await;
        (alice.with_token(tokens.text("access_token")), tokens.text("refresh_token").to_owned())
    };
    let assert_ended = async |(actor, refresh_token): (Actor, String)| {
        actor.me().await.expect_status(401).problem("sign_in_ended");
        assert_invalid_grant(app.anonymous().refresh(&refresh_token).await);
    };
    let (one, refresh_token) = again().await;
    one.revoke(&refresh_token).await.expect_status(200);
    assert_ended((one, refresh_token)).await;
    let (one, refresh_token) = again().await;
    one.call("DELETE", "/api/v1/auth/session").await.expect_empty(204);
    assert_ended((one, refresh_token)).await;
    let (one, two) = (again().await, again().await);
    let list = one.0.get("/api/v1/auth/sessions").await.expect_status(200);
    let current = |item: &&Value| item["current"] == true;
    let id = list["items"]
        .as_array()
        .and_then(|items| items.iter().find(current)?["id"].as_str())
        .expect("the current session is listed");
    two.0.call("DELETE", &format!("/api/v1/auth/sessions/{id}")).await.expect_empty(204);
    assert_ended(one).await;
    let three = again().await;
    let passwords = json!({"current_password": alice.password, "new_password": "another correct horse"});
    two.0.call("PUT", "/api/v1/me/password").json(&passwords).await.expect_empty(204);
    assert_ended(three).await;
    two.0.call("DELETE", "/api/v1/auth/sessions").await.expect_empty(204);
    assert_ended(two).await;
    alice.me().await.expect_status(401);
}

/// The token of the link in a mail.
async fn token_from_mail(app: &TestApp, email: &str, subject: &str) -> String {
    let mail = app.mail_to(email, subject).await;
    let rest = mail.text.split_once("token=").expect("a link").1;
    rest.split_whitespace().next().expect("a token").to_owned()
}

pub async fn credential_is_accepted_for_its_own_purpose_only(store: Box<dyn TestStore>) {
    let app = TestApp::builder(store).start().await;
    let (alice, anonymous) = (app.user("alice").await, app.anonymous());
    let browser = app.browser();
    browser.sign_in_by_cookie(&alice.email, &alice.password).await.expect_status(200);
    let cookie = browser.cookie("memo_session").expect("a session cookie");
    let verify = token_from_mail(&app, &alice.email, "Confirm").await;
    anonymous
        .call("POST", "/api/v1/auth/password/forgot")
        .json(&json!({"email": alice.email}))
        .await
        .expect_status(202);
    let reset = token_from_mail(&app, &alice.email, "password").await;
    let secrets = [
        ("access", &alice.access_token),
        ("refresh", &alice.refresh_token),
        ("cookie", &cookie),
        ("verify", &verify),
        ("reset", &reset),
    ];
    let post = |path: &str, body: Value| anonymous.call("POST", path).json(&body);
    for (name, secret) in secrets {
        if name != "access" {
            assert_rejected(anonymous.with_token(secret).me().await, name);
        }
        if name != "refresh" {
            assert_invalid_grant(anonymous.refresh(secret).await);
        }
        if name != "cookie" {
            let browser = app.browser();
            browser.set_cookie("memo_session", secret);
            browser.me().await.expect_status(401);
        }
        if name != "verify" {
            let response = post("/api/v1/auth/email/verify", json!({"token": secret})).await;
            response.problem("token_invalid");
        }
        if name != "reset" {
            let body = json!({"token": secret, "password": "another correct horse"});
            post("/api/v1/auth/password/reset", body).await.problem("token_invalid");
        }
        assert_invalid_grant(
            anonymous.token(&[("grant_type", "mfa_otp"), ("mfa_token", secret), ("otp", "123456")]).await,
        );
        let body = json!({"mfa_token": secret, "otp": "123456"});
        post("/api/v1/auth/session", body).await.expect_status(401);
        assert_invalid_grant(anonymous.sign_in(&alice.email, secret).await);
    }
    // Used for their own purpose, all of them are still valid.
    alice.me().await.expect_status(200);
    browser.me().await.expect_status(200);
    anonymous.refresh(&alice.refresh_token).await.expect_status(200);
    post("/api/v1/auth/email/verify", json!({"token": verify})).await.expect_empty(204);
    let body = json!({"token": reset, "password": "another correct horse"});
    post("/api/v1/auth/password/reset", body).await.expect_empty(204);
}

pub async fn long_passwords_are_compared_whole(store: Box<dyn TestStore>) {
    let app = TestApp::builder(store).start().await;
    let anonymous = app.anonymous();
    let hangul: String = (0..64).map(|number| char::from_u32(0xac00 + 97 * number).expect("a syllable")).collect();
    let ascii = format!("{}-one", "x".repeat(72));
    for (number, (password, others)) in [
        (
            hangul.clone(),
            vec![hangul.chars().take(24).collect(), hangul.chars().take(63).collect(), format!("{hangul}가")],
        ),
        (ascii, vec!["x".repeat(72), format!("{}-two", "x".repeat(72)), format!("{}-one ", "x".repeat(72))]),
    ]
    .into_iter()
    .enumerate()
    {
        let email = format!("user-{number}@example.com");
        let body = json!({"email": email, "password": password, "display_name": "a"});
        anonymous.sign_up(&body).await.expect_status(201);
        for other in others {
            assert_invalid_grant(anonymous.sign_in(&email, &other).await);
        }
        anonymous.sign_in(&email, &password).await.expect_status(200);
    }
}

pub async fn equivalent_forms_of_an_address_are_one_account(store: Box<dyn TestStore>) {
    let app = TestApp::builder(store).start().await;
    let anonymous = app.anonymous();
    let body = |email: &str| json!({"email": email, "password": "correct horse", "display_name": "J"});
    let id = anonymous.sign_up(&body("Jos\u{e9}@Example.com")).await.expect_status(201).id().to_owned();
    for email in
        ["jos\u{e9}@example.com", "JOSE\u{301}@EXAMPLE.COM", "jose\u{301}@Example.com", " JOS\u{c9}@example.com "]
    {
        anonymous.sign_up(&body(email)).await.expect_status(409).problem("email_taken");
        let tokens = anonymous.sign_in(email, "correct horse").await.expect_status(200);
        assert_eq!(anonymous.with_token(tokens.text("access_token")).me().await.expect_status(200).id(), id);
        app.browser().sign_in_by_cookie(email, "correct horse").await.expect_status(200);
    }
    // Letters that only look the same, or lack the accent, make a different address.
    for email in ["jose@example.com", "j\u{43e}s\u{e9}@example.com", "jos\u{e9}@example.com.evil.example"] {
        assert_invalid_grant(anonymous.sign_in(email, "correct horse").await);
        anonymous.sign_up(&body(email)).await.expect_status(201);
    }
}
