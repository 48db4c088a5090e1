//! Cross-site requests: pages of other sites for which a browser attaches this server's cookie.

use memo_conformance::TestStore;
use serde_json::json;

use crate::{Actor, Browser, Call, TestApp, User, contract::known};

/// Headers by which a browser tells the origin of a request. None of these is a page of this server.
const FOREIGN_ORIGINS: [&[(&str, &str)]; 17] = [
    &[("sec-fetch-site", "cross-site")],
    // A subdomain of the parent domain is the same site, but not the same origin.
    &[("sec-fetch-site", "same-site")],
    &[("sec-fetch-site", "same-site"), ("origin", URL)],
    &[("sec-fetch-site", "cross-site"), ("origin", URL)],
    &[("sec-fetch-site", "")],
    &[("sec-fetch-site", "same-origin, cross-site")],
    &[("sec-fetch-site", "SAME-ORIGIN")],
    &[("origin", "https://evil.example")],
    &[("origin", "https://evil.memo.example.com")],
    &[("origin", "https://example.com")],
    &[("origin", "https://memo.example.com.evil.example")],
    &[("origin", "http://memo.example.com")],
    &[("origin", "https://memo.example.com:8443")],
    &[("origin", "null")],
    &[("origin", "")],
    &[("referer", "https://memo.example.com/")],
    &[],
];
/// The public URL of the server.
const URL: &str = "https://memo.example.com";

async fn start(store: Box<dyn TestStore>) -> TestApp {
    TestApp::builder(store).settings(|settings| settings.server.public_url = Some(URL.into())).start().await
}

async fn signed_in(app: &TestApp, user: &User) -> Browser {
    let browser = app.browser();
    browser.sign_in_by_cookie(&user.email, &user.password).await.expect_status(200);
    browser
}

/// The same call, as if sent from the page that these headers describe.
fn sent_from(headers: &[(&str, &str)], call: Call) -> Call {
    headers.iter().fold(call.without_header("sec-fetch-site"), |call, (name, value)| call.header(name, value))
}

/// State-changing calls that an attacker would like the user's browser to send.
fn attacks(actor: &Actor, user: &User, memo: &str) -> Vec<Call> {
    vec![
        actor.create_memo(&json!({"title": "planted"})),
        actor.patch_memo(memo, &json!({"visibility": "public"})),
        actor.delete_memo(memo),
        actor.patch_me(&json!({"display_name": "Mallory"})),
        actor.change_password(&user.password, "another horse battery"),
        actor.withdraw(&user.password),
        actor.begin_totp(),
        actor.end_sessions(),
        actor.sign_out(),
        actor.create_session(&json!({"email": "mallory@example.com", "password": "correct horse battery staple"})),
    ]
}

pub async fn cross_site_write_with_a_cookie_is_rejected(store: Box<dyn TestStore>) {
    let app = start(store).await;
    let alice = app.user("alice").await;
    let mallory =
        json!({"email": "mallory@example.com", "password": "correct horse battery staple", "display_name": "M"});
    app.anonymous().sign_up(&mallory).await.expect_status(201);
    let browser = signed_in(&app, &alice).await;
    let memo = browser.memo("Milk").await;
    let (me, memo_before) = (browser.me().await.json, browser.get_memo(&memo).await.json);
    for headers in FOREIGN_ORIGINS {
        for call in attacks(&browser, &alice, &memo) {
            let rejected = sent_from(headers, call).await;
            rejected.expect_status(403).problem("cross_site_request").expect_no_header("set-cookie");
        }
    }
    assert_eq!(browser.me().await.expect_status(200).json, me);
    assert_eq!(browser.get_memo(&memo).await.expect_status(200).json, memo_before);
    assert_eq!(browser.titles(&[]).await, ["Milk"]);
    assert_eq!(browser.mfa().await["totp"], false);
    alice.me().await.expect_status(200);
    alice.sign_in_again("").await;
}

pub async fn same_origin_write_with_a_cookie_is_accepted(store: Box<dyn TestStore>) {
    let app = start(store).await;
    let alice = app.user("alice").await;
    let browser = signed_in(&app, &alice).await;
    // A typed address, or a page of this server; older browsers identify the latter by `Origin` only.
    let same_origin: [&[_]; 3] =
        [&[("sec-fetch-site", "same-origin")], &[("sec-fetch-site", "none")], &[("origin", URL)]];
    for headers in same_origin {
        sent_from(headers, browser.create_memo(&json!({"title": "Milk"}))).await.expect_status(201);
    }
    assert_eq!(browser.titles(&[]).await.len(), 3);
    sent_from(same_origin[2], browser.sign_out()).await.expect_empty(204);
}

pub async fn cross_site_read_with_a_cookie_is_answered_without_cors_headers(store: Box<dyn TestStore>) {
    let app = start(store).await;
    let alice = app.user("alice").await;
    let browser = signed_in(&app, &alice).await;
    for headers in FOREIGN_ORIGINS {
        sent_from(headers, browser.me()).await.expect_status(200).expect_no_header("access-control-allow-origin");
        sent_from(headers, browser.call("HEAD", "/api/v1/me")).await.expect_empty(200);
    }
}

pub async fn every_writing_operation_rejects_cross_site_requests_with_a_cookie(store: Box<dyn TestStore>) {
    let app = start(store).await;
    let browser = app.browser();
    let mut seen = 0;
    for value in ["x", &"A".repeat(43)] {
        browser.set_cookie("__Host-memo_session", value);
        for operation in known().operations().filter(|operation| operation.method != "get") {
            // The form of a share reads no cookie.
            if operation.path.starts_with("/api/v1/shared/") {
                continue;
            }
            seen += 1;
            let call = browser.call(&operation.method.to_uppercase(), &operation.target());
            let call = match operation.example() {
                Some((media_type, example)) => call.body(media_type, example.to_string()),
                None => call,
            };
            sent_from(FOREIGN_ORIGINS[0], call).await.expect_status(403).problem("cross_site_request");
        }
    }
    assert!(seen > 50);
}

pub async fn bearer_token_is_accepted_from_any_origin(store: Box<dyn TestStore>) {
    let app = start(store).await;
    let alice = app.user("alice").await;
    // Browsers never attach a bearer token on their own, so the origin does not matter.
    for headers in FOREIGN_ORIGINS {
        sent_from(headers, alice.create_memo(&json!({"title": "a"}))).await.expect_status(201);
    }
}

pub async fn allowed_cors_origin_cannot_use_the_cookie(store: Box<dyn TestStore>) {
    let app = TestApp::builder(store).settings(|settings| {
        settings.server.public_url = Some(URL.into());
        settings.cors.allowed_origins = vec!["https://app.example.com".into()];
    });
    let app = app.start().await;
    let alice = app.user("alice").await;
    let browser = signed_in(&app, &alice).await;
    for site in ["cross-site", "same-site"] {
        let headers = [("sec-fetch-site", site), ("origin", "https://app.example.com")];
        let read = sent_from(&headers, browser.me()).await.expect_status(200);
        read.expect_no_header("access-control-allow-credentials");
        let rejected = sent_from(&headers, browser.create_memo(&json!({"title": "planted"}))).await;
        rejected.problem("cross_site_request").expect_no_header("access-control-allow-credentials");
    }
    let older_browser = [("origin", "https://app.example.com")];
    sent_from(&older_browser, browser.create_memo(&json!({"title": "planted"}))).await.problem("cross_site_request");
    assert!(browser.titles(&[]).await.is_empty());
}
