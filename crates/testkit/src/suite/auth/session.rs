//! Sessions of browsers, by a cookie.

use std::{collections::BTreeSet, time::Duration};

use serde_json::{Value, json};

use crate::{
    Browser, Response, TestApp, User,
    suite::{DAY, warm_session_cache},
};

const CLEAR_SITE_DATA: &str = r#""cache", "storage""#;

/// The name, value and attributes of the one cookie that a response sets, in addition to that of a known device.
#[track_caller]
fn set_cookie(response: &Response) -> (&str, &str, BTreeSet<&str>) {
    let cookies = response.headers.get_all("set-cookie").iter().map(|cookie| cookie.to_str().expect("text"));
    let cookies: Vec<_> = cookies.filter(|cookie| !cookie.starts_with("memo_device=")).collect();
    let [cookie] = cookies[..] else { panic!("one cookie: {:?}", response.headers) };
    let mut parts = cookie.split("; ");
    let (name, value) = parts.next().and_then(|pair| pair.split_once('=')).expect("a pair");
    (name, value, parts.collect())
}

/// A browser in which this user is signed in.
async fn signed_in(app: &TestApp, user: &User) -> Browser {
    let browser = app.browser();
    browser.sign_in_by_cookie(&user.email, &user.password).await.expect_status(200);
    browser
}

/// A browser with no cookie but this session.
fn with_session(app: &TestApp, session: &str) -> Browser {
    let browser = app.browser();
    browser.set_session(session);
    browser
}

pub async fn right_password_sets_a_session_cookie(app: TestApp) {
    let (alice, browser) = (app.user("alice").await, app.browser());
    let response = browser.sign_in_by_cookie(&alice.email, &alice.password).await.expect_status(200);
    let response = response.expect_header("cache-control", "no-store");
    let (name, value, attributes) = set_cookie(&response);
    assert_eq!((name, value.len()), ("memo_session", 43));
    assert_eq!(attributes, BTreeSet::from(["HttpOnly", "SameSite=Lax", "Path=/", "Max-Age=7776000"]));
    let me = browser.me().await.expect_status(200);
    assert_eq!((me.id(), &me.json), (&*alice.id, &response.json));
    assert!(!String::from_utf8_lossy(&response.body).contains(value));
    // The session has all scopes.
    let memo = browser.memo("Milk").await;
    alice.get_memo(&memo).await.expect_status(200);
    browser.mfa().await.expect_status(200);
}

pub async fn wrong_credentials_set_no_cookie_and_look_alike(app: TestApp) {
    let (alice, browser) = (app.user("alice").await, app.browser());
    let mut bodies = Vec::new();
    for (email, password) in [
        (&*alice.email, "a wrong password"),
        ("nobody@example.com", "a wrong password"),
        ("nobody@example.com", &*alice.password),
        ("not an address", &*alice.password),
        (&*alice.email, "short"),
        (&*alice.email, ""),
        (&*alice.email, &*alice.password.to_uppercase()),
    ] {
        let response = browser.sign_in_by_cookie(email, password).await.expect_status(401).problem("credentials_wrong");
        let mut body = response.expect_no_header("set-cookie").json;
        body["request_id"] = Value::Null;
        bodies.push(body);
    }
    bodies.dedup();
    assert_eq!(bodies.len(), 1, "the responses differ: {bodies:?}");
    browser.me().await.problem("authentication_required");
}

pub async fn invalid_session_request_is_rejected_with_its_pointer(app: TestApp) {
    let browser = app.browser();
    for (body, pointer, code) in [
        (json!({"email": "a@example.com"}), "/password", "required"),
        (json!({"password": "correct horse"}), "/email", "required"),
        (json!({"mfa_token": "x"}), "/otp", "required"),
        (json!({"otp": "123456"}), "/mfa_token", "required"),
        (json!({"mfa_token": "x", "otp": "1", "email": "a@example.com"}), "/email", "unknown_member"),
        (json!({"mfa_token": "x", "otp": "1", "password": "correct horse"}), "/password", "unknown_member"),
        (json!({"email": "a@example.com", "password": "x", "user_id": "1"}), "/user_id", "unknown_member"),
        (json!({"email": "a@example.com", "password": 1}), "/password", "wrong_type"),
        (json!({"email": ["a@example.com"], "password": "x"}), "/email", "wrong_type"),
        (json!({"email": "a@example.com", "password": "x".repeat(1_025)}), "/password", "too_long"),
    ] {
        browser.create_session(&body).await.invalid(pointer, code).expect_no_header("set-cookie");
    }
}

pub async fn planted_cookie_is_replaced_when_signing_in(app: TestApp) {
    let alice = app.user("alice").await;
    let planted = "A".repeat(43);
    let browser = with_session(&app, &planted);
    browser.sign_in_by_cookie(&alice.email, &alice.password).await.expect_status(200);
    assert_ne!(browser.session(), planted);
    with_session(&app, &planted).me().await.problem("sign_in_ended");
}

pub async fn signing_in_ends_the_previous_session_of_the_browser(app: TestApp) {
    let (alice, mallory) = (app.user("alice").await, app.user("mallory").await);
    // Mallory plants a live session of her own in Alice's browser.
    let planted = signed_in(&app, &mallory).await.session();
    let browser = with_session(&app, &planted);
    assert_eq!(browser.me().await.expect_status(200).id(), mallory.id);
    warm_session_cache(&[&browser]).await;
    browser.sign_in_by_cookie(&alice.email, &alice.password).await.expect_status(200);
    assert_eq!(browser.me().await.expect_status(200).id(), alice.id);
    assert_ne!(browser.session(), planted);
    with_session(&app, &planted).me().await.problem("sign_in_ended");
    // Signing in again as the same user creates a new session, too.
    let before = browser.session();
    browser.sign_in_by_cookie(&alice.email, &alice.password).await.expect_status(200);
    assert_ne!(browser.session(), before);
    with_session(&app, &before).me().await.problem("sign_in_ended");
    browser.me().await.expect_status(200);
    // A failed attempt keeps the old session.
    browser.sign_in_by_cookie(&alice.email, "a wrong password").await.problem("credentials_wrong");
    browser.me().await.expect_status(200);
}

pub async fn sign_out_ends_the_session_and_clears_the_cookie(app: TestApp) {
    let alice = app.user("alice").await;
    let (browser, elsewhere) = (signed_in(&app, &alice).await, signed_in(&app, &alice).await);
    let session = browser.session();
    warm_session_cache(&[&browser]).await;
    let response = browser.sign_out().await.expect_empty(204).expect_header("clear-site-data", CLEAR_SITE_DATA);
    let (name, value, attributes) = set_cookie(&response);
    assert_eq!((name, value), ("memo_session", ""));
    assert_eq!(attributes, BTreeSet::from(["HttpOnly", "SameSite=Lax", "Path=/", "Max-Age=0"]));
    assert_eq!(browser.cookie("memo_session"), None);
    browser.me().await.problem("authentication_required");
    with_session(&app, &session).me().await.problem("sign_in_ended");
    // Signing out again, with the ended session or without one, succeeds.
    with_session(&app, &session).sign_out().await.expect_empty(204);
    browser.sign_out().await.expect_empty(204).expect_header("clear-site-data", CLEAR_SITE_DATA);
    // Other sessions continue.
    elsewhere.me().await.expect_status(200);
    alice.me().await.expect_status(200);
}

pub async fn sign_out_revokes_the_access_token_immediately(app: TestApp) {
    let alice = app.user("alice").await;
    warm_session_cache(&[&alice]).await;
    alice.sign_out().await.expect_empty(204);
    alice.me().await.expect_status(401).problem("sign_in_ended");
    let rejected = app.anonymous().refresh(&alice.refresh_token).await.expect_status(400);
    assert_eq!(rejected["error"], "invalid_grant");
}

pub async fn unused_cookie_expires_after_fourteen_days(app: TestApp) {
    let alice = app.user("alice").await;
    let (used, unused) = (signed_in(&app, &alice).await, signed_in(&app, &alice).await);
    app.clock.advance(13 * DAY + Duration::from_hours(23));
    used.me().await.expect_status(200);
    app.clock.advance(Duration::from_hours(1));
    unused.me().await.problem("sign_in_ended");
    app.clock.advance(13 * DAY);
    used.me().await.expect_status(200);
    app.clock.advance(14 * DAY);
    used.me().await.problem("sign_in_ended");
}

pub async fn cookie_expires_after_ninety_days(app: TestApp) {
    let alice = app.user("alice").await;
    let browser = signed_in(&app, &alice).await;
    for _ in 0..9 {
        app.clock.advance(9 * DAY + Duration::from_hours(23));
        browser.me().await.expect_status(200);
    }
    app.clock.advance(Duration::from_hours(9));
    browser.me().await.problem("sign_in_ended");
}

pub async fn invalid_session_cookie_is_rejected(app: TestApp) {
    let alice = app.user("alice").await;
    let session = signed_in(&app, &alice).await.session();
    let damaged = session.replacen(|char: char| char != 'A', "A", 1);
    let other_end = format!("{}{}", &session[..42], if session.ends_with('A') { 'E' } else { 'A' });
    let values = [
        "",
        "x",
        "%00",
        "\"\"",
        &"A".repeat(43),
        &damaged,
        &other_end,
        &session[..42],
        &alice.refresh_token,
        &alice.access_token,
        &"A".repeat(5_000),
    ];
    for value in values {
        let browser = with_session(&app, value);
        browser.me().await.expect_status(401).problem("sign_in_ended");
        browser.create_memo(&json!({"title": "a"})).await.problem("sign_in_ended");
        // Public operations do not look at the cookie.
        browser.get("/api/v1/auth/providers").await.expect_status(200);
        browser.sign_in_by_cookie(&alice.email, &alice.password).await.expect_status(200);
        browser.me().await.expect_status(200);
    }
    // A session cookie is not accepted as another kind of token.
    app.anonymous().with_token(&session).me().await.problem("access_token_invalid");
    assert_eq!(app.anonymous().refresh(&session).await.expect_status(400)["error"], "invalid_grant");
    with_session(&app, &session).me().await.expect_status(200);
}

pub async fn cookie_together_with_a_token_is_ambiguous(app: TestApp) {
    let alice = app.user("alice").await;
    let browser = signed_in(&app, &alice).await;
    let bearer = format!("Bearer {}", alice.access_token);
    browser.me().header("authorization", &bearer).await.expect_status(400).problem("ambiguous_credentials");
    let both = browser.create_memo(&json!({"title": "a"})).header("authorization", &bearer).await;
    both.expect_status(400).problem("ambiguous_credentials");
    // Even if one of the two is invalid.
    browser.me().header("authorization", "Bearer x").await.problem("ambiguous_credentials");
    with_session(&app, "x").me().header("authorization", &bearer).await.problem("ambiguous_credentials");
    browser.sign_out().header("authorization", &bearer).await.problem("ambiguous_credentials");
    browser.me().await.expect_status(200);
    alice.me().await.expect_status(200);
    assert!(alice.titles(&[]).await.is_empty());
}

pub async fn two_session_cookies_are_ambiguous(app: TestApp) {
    let (alice, mallory) = (app.user("alice").await, app.user("mallory").await);
    let (own, planted) = (signed_in(&app, &alice).await, signed_in(&app, &mallory).await);
    // A sibling domain can set a cookie that the browser sends first or last.
    for (one, other) in [(&own, &planted), (&planted, &own), (&own, &own)] {
        let both = format!("memo_session={}; memo_session={}", one.session(), other.session());
        let me = || app.anonymous().me().header("sec-fetch-site", "same-origin");
        me().header("cookie", &both).await.expect_status(400).problem("ambiguous_credentials");
        let [one, other] = [one, other].map(|browser| format!("memo_session={}", browser.session()));
        me().header("cookie", one).header("cookie", other).await.problem("ambiguous_credentials");
    }
}

pub async fn unrelated_and_malformed_cookies_are_ignored(app: TestApp) {
    let alice = app.user("alice").await;
    let own = format!("memo_session={}", signed_in(&app, &alice).await.session());
    for other in [
        &b"a=\xe9\xff"[..],
        b"a",
        b"=a",
        b"=",
        b"",
        b"a=%ff",
        b"a=b=c",
        b"\xff=a",
        b"\"",
        b"a=\"; \"",
        b"memo_session_=x",
    ] {
        for cookies in [[other, own.as_bytes()].join(&b"; "[..]), [own.as_bytes(), other].join(&b";"[..])] {
            let me = app.anonymous().me().header("cookie", &cookies).await;
            assert_eq!(me.expect_status(200).id(), alice.id);
        }
    }
}
