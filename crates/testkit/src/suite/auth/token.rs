use std::time::Duration;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Value, json};

use crate::{Response, TestApp, suite::assert_json};

const ALL_SCOPES: &str = "memos:read memos:write events:read account:read account:write";

/// Asserts an error response in the form of RFC 6749, section 5.2.
#[track_caller]
fn assert_error(response: &Response, error: &str) {
    let response = response.clone().expect_status(400);
    let response = response.expect_header("cache-control", "no-store").expect_header("pragma", "no-cache");
    assert_eq!(response.media_type(), Some("application/json"), "{}", response.shown());
    assert_eq!(response["error"], error, "{}", response.shown());
    assert!(!response.text("error_description").is_empty());
    assert_eq!(response.json.as_object().map(serde_json::Map::len), Some(2), "{}", response.shown());
}

pub async fn right_password_returns_tokens(app: TestApp) {
    let alice = app.user("alice").await;
    let tokens = app.anonymous().sign_in(&alice.email, &alice.password).await.expect_status(200);
    let tokens = tokens.expect_header("cache-control", "no-store").expect_header("pragma", "no-cache");
    assert_json!(tokens.json, @r#"
    {
      "access_token": "eyJ0eXAiOiJhdCtqd3QiLCJhbGciOiJIUzI1NiIsImtpZCI6IjVvNnB6VVpTUTRjRiJ9.eyJpc3MiOiJodHRwOi8vbWVtby50ZXN0IiwiYXVkIjoiaHR0cDovL21lbW8udGVzdC9hcGkvdjEiLCJzdWIiOiIwMTljMTM0Ny1kMmZiLTcwMDAtODAwMC0wMDAwMDAwMDAwMDIiLCJzaWQiOiIwMTljMTM0Ny1kMmZiLTcwMDAtODAwMC0wMDAwMDAwMDAwMGEiLCJzY29wZSI6Im1lbW9zOnJlYWQgbWVtb3M6d3JpdGUgZXZlbnRzOnJlYWQgYWNjb3VudDpyZWFkIGFjY291bnQ6d3JpdGUiLCJpYXQiOjE3Njk4NTAwMDAsIm5iZiI6MTc2OTg1MDAwMCwiZXhwIjoxNzY5ODUwOTAwLCJqdGkiOiIwMTljMTM0Ny1kMmZiLTcwMDAtODAwMC0wMDAwMDAwMDAwMGMifQ.y6SdSr5oduGnv-d4hVhyXlIAketmZ6clywgCMVmK__g",
      "expires_in": 900,
      "refresh_token": "iHvxQM4Lakl-2NtcdJikVFTwsr1kSwMT96gqzAhNACc",
      "scope": "memos:read memos:write events:read account:read account:write",
      "token_type": "Bearer"
    }
    "#);
    // A refresh token has 256 bits.
    let refresh_token = URL_SAFE_NO_PAD.decode(tokens.text("refresh_token")).expect("base64url");
    assert_eq!(refresh_token.len(), 32);
    let me = alice.with_token(tokens.text("access_token")).me().await.expect_status(200);
    assert_eq!(me.id(), alice.id);
}

pub async fn access_token_is_a_jwt_as_in_rfc_9068(app: TestApp) {
    let alice = app.user("alice").await;
    let parts: Vec<_> = alice.access_token.split('.').collect();
    let read = |part: &str| -> Value {
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).expect("base64url")).expect("JSON")
    };
    let header = read(parts[0]);
    assert_eq!((&header["typ"], &header["alg"]), (&json!("at+jwt"), &json!("HS256")));
    assert!(header["kid"].as_str().is_some_and(|kid| !kid.is_empty()));
    let claims = read(parts[1]);
    assert_eq!((&claims["iss"], &claims["sub"]), (&json!(app.url()), &json!(alice.id)));
    assert_eq!((&claims["scope"], claims["iat"].as_i64()), (&json!(ALL_SCOPES), Some(1_769_850_000)));
    assert_eq!((claims["nbf"].as_i64(), claims["exp"].as_i64()), (Some(1_769_850_000), Some(1_769_850_900)));
    for name in ["aud", "sid", "jti"] {
        assert!(claims[name].as_str().is_some_and(|value| !value.is_empty()), "{name}");
    }
    assert_eq!(claims.as_object().map(serde_json::Map::len), Some(9), "{claims}");
    assert_eq!(parts.len(), 3);
}

pub async fn email_for_signing_in_is_case_insensitive(app: TestApp) {
    let alice = app.user("alice").await;
    for email in [alice.email.to_uppercase(), format!(" {} ", alice.email)] {
        app.anonymous().sign_in(&email, &alice.password).await.expect_status(200);
    }
}

pub async fn wrong_email_and_wrong_password_look_alike(app: TestApp) {
    let alice = app.user("alice").await;
    let anonymous = app.anonymous();
    let wrong = anonymous.sign_in(&alice.email, "correct horse battery stapler").await;
    assert_error(&wrong, "invalid_grant");
    for (email, password) in [
        ("nobody@example.com", &*alice.password),
        ("no address", &alice.password),
        (&alice.email, "short"),
        (&alice.email, &"x".repeat(200)),
        (&alice.email, "correct\0horse"),
        ("a\0@example.com", &alice.password),
    ] {
        let response = anonymous.sign_in(email, password).await;
        assert_error(&response, "invalid_grant");
        assert_eq!(response.body, wrong.body, "{email}");
    }
}

pub async fn invalid_token_request_is_rejected_as_in_rfc_6749(app: TestApp) {
    let alice = app.user("alice").await;
    let (email, password) = (("username", &*alice.email), ("password", &*alice.password));
    let grant = ("grant_type", "password");
    for (form, error) in [
        (vec![], "invalid_request"),
        (vec![email, password], "invalid_request"),
        (vec![("grant_type", ""), email, password], "invalid_request"),
        (vec![grant, email], "invalid_request"),
        (vec![grant, password], "invalid_request"),
        (vec![grant, email, password, password], "invalid_request"),
        (vec![grant, grant, email, password], "invalid_request"),
        (vec![("grant_type", "refresh_token")], "invalid_request"),
        (vec![("grant_type", "client_credentials")], "unsupported_grant_type"),
        (vec![("grant_type", "PASSWORD"), email, password], "unsupported_grant_type"),
        (vec![grant, email, password, ("scope", "everything")], "invalid_scope"),
        (vec![grant, email, password, ("scope", "memos:read,memos:write")], "invalid_scope"),
    ] {
        assert_error(&app.anonymous().token(&form).await, error);
    }
    // A body that is not a form has no parameters.
    for body in ["%", "%ff%fe=%00", "&&=&", "{\"grant_type\": \"password\"}"] {
        let call = app.anonymous().call("POST", "/api/v1/auth/token").body("application/x-www-form-urlencoded", body);
        assert_error(&call.await, "invalid_request");
    }
}

pub async fn unknown_token_parameters_are_ignored(app: TestApp) {
    let alice = app.user("alice").await;
    let form = [
        ("grant_type", "password"),
        ("username", &*alice.email),
        ("password", &*alice.password),
        ("client_id", "explorer"),
        ("client_secret", "secret"),
        ("flavour", "vanilla"),
        ("flavour", "chocolate"),
    ];
    app.anonymous().token(&form).await.expect_status(200);
    app.anonymous().token(&form).query(&[("flavour", "vanilla")]).await.expect_status(200);
    // A client may authenticate with HTTP Basic, too (RFC 6749, section 2.3.1).
    app.anonymous().token(&form).header("authorization", "Basic ZXhwbG9yZXI6").await.expect_status(200);
}

pub async fn token_has_the_requested_scopes(app: TestApp) {
    let alice = app.user("alice").await;
    let tokens = alice.sign_in_again("account:read memos:read memos:read").await;
    assert_eq!(tokens["scope"], "memos:read account:read");
    let reader = alice.with_token(tokens.text("access_token"));
    reader.list_memos(&[]).await.expect_status(200);
    reader.me().await.expect_status(200);
    let rejected = reader.create_memo(&json!({"title": "a"})).await.expect_status(403).problem("insufficient_scope");
    assert!(rejected.header("www-authenticate").is_some_and(|value| value.contains("insufficient_scope")));
}

pub async fn access_token_expires_after_fifteen_minutes(app: TestApp) {
    let alice = app.user("alice").await;
    // The clocks of two nodes may differ by five seconds.
    app.clock.advance(Duration::from_secs(15 * 60 + 4));
    alice.me().await.expect_status(200);
    app.clock.advance(Duration::from_secs(2));
    let response = alice.me().await.expect_status(401).problem("access_token_expired");
    assert!(response.header("www-authenticate").is_some_and(|value| value.contains("error=\"invalid_token\"")));
    let tokens = app.anonymous().refresh(&alice.refresh_token).await.expect_status(200);
    alice.with_token(tokens.text("access_token")).me().await.expect_status(200);
}

pub async fn access_token_not_valid_yet_is_rejected(app: TestApp) {
    let start = memo_domain::Timestamp::parse(crate::START).expect("a valid time");
    app.clock.set(start + Duration::from_mins(1));
    let alice = app.user("alice").await;
    app.clock.set(start + Duration::from_secs(56));
    alice.me().await.expect_status(200);
    app.clock.set(start);
    alice.me().await.problem("access_token_invalid");
}

pub async fn malformed_access_token_is_rejected(app: TestApp) {
    let alice = app.user("alice").await;
    let (head, signature) = alice.access_token.rsplit_once('.').expect("a JWT");
    let (header, claims) = head.split_once('.').expect("a JWT");
    let encode = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let header_value: Value =
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(header).expect("base64url")).expect("JSON");
    let with = |name: &str, value: &str| {
        let mut header = header_value.clone();
        header[name] = json!(value);
        encode(&header)
    };
    let bob = app.user("bob").await;
    let (_, bobs_signature) = bob.access_token.rsplit_once('.').expect("a JWT");
    for token in [
        "x".to_owned(),
        "..".to_owned(),
        head.to_owned(),
        format!("{head}."),
        format!("{head}.{bobs_signature}"),
        format!("{head}.{signature}A"),
        format!("{}.{claims}.", with("alg", "none")),
        format!("{}.{claims}.{signature}", with("alg", "none")),
        format!("{}.{claims}.{signature}", with("typ", "JWT")),
        format!("{}.{claims}.{signature}", with("kid", "another")),
        alice.refresh_token.clone(),
    ] {
        let response = alice.with_token(&token).me().await.expect_status(401).problem("access_token_invalid");
        assert!(response.header("www-authenticate").is_some_and(|value| value.contains("error=\"invalid_token\"")));
    }
    for header in ["Bearer", "Bearer ", "Basic YTpi", "bearer", &*alice.access_token] {
        let response = app.anonymous().me().header("authorization", header).await.expect_status(401);
        response.problem("access_token_invalid");
    }
}

pub async fn bearer_scheme_is_case_insensitive(app: TestApp) {
    let alice = app.user("alice").await;
    for scheme in ["bearer", "BEARER", "Bearer"] {
        let header = format!("{scheme} {}", alice.access_token);
        app.anonymous().me().header("authorization", header).await.expect_status(200);
    }
}

pub async fn token_endpoints_accept_only_forms(app: TestApp) {
    for path in ["/api/v1/auth/token", "/api/v1/auth/revoke"] {
        let call = app.anonymous().call("POST", path);
        call.clone().json(&json!({"grant_type": "password"})).await.problem("unsupported_media_type");
        call.clone().await.problem("unsupported_media_type");
        let form = "application/x-www-form-urlencoded";
        call.clone().body(form, vec![b'a'; 3 * 1024 * 1024]).await.problem("body_too_large");
        let with_charset = call.body("application/x-www-form-urlencoded; charset=UTF-8", "token=a").await;
        assert!([200, 400].contains(&with_charset.status), "{}", with_charset.shown());
    }
}
