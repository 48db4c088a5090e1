//! Pages of other sites, which a browser sends the cookie of this one for.

use memo_conformance::TestStore;
use serde_json::json;

use crate::{Actor, Browser, Call, Member, TestApp, contract::known};

/// Where a browser says that a request comes from: none of these is a page of this server.
const ELSEWHERE: [&[(&str, &str)]; 17] = [
    &[("sec-fetch-site", "cross-site")],
    // A sibling's domain is the same site.
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
/// What the server is called.
const URL: &str = "https://memo.example.com";

async fn start(store: Box<dyn TestStore>) -> TestApp {
    TestApp::builder(store).settings(|settings| settings.server.public_url = Some(URL.into())).start().await
}

async fn signed_in(app: &TestApp, member: &Member) -> Browser {
    let browser = app.browser();
    browser.sign_in_by_cookie(&member.email, &member.password).await.expect_status(200);
    browser
}

/// The same call from elsewhere.
fn from(headers: &[(&str, &str)], call: Call) -> Call {
    headers.iter().fold(call.without_header("sec-fetch-site"), |call, (name, value)| call.header(name, value))
}

/// What somebody would like to have a member's browser do.
fn wishes(actor: &Actor, member: &Member, memo: &str) -> Vec<Call> {
    vec![
        actor.create_memo(&json!({"title": "planted"})),
        actor.patch_memo(memo, &json!({"visibility": "public"})),
        actor.delete_memo(memo),
        actor.patch_me(&json!({"display_name": "Mallory"})),
        actor.change_password(&member.password, "another horse battery"),
        actor.withdraw(&member.password),
        actor.begin_totp(),
        actor.end_sessions(),
        actor.sign_out(),
        actor.create_session(&json!({"email": "mallory@example.com", "password": "correct horse battery staple"})),
    ]
}

pub async fn other_sites_change_nothing_with_a_cookie(store: Box<dyn TestStore>) {
    let app = start(store).await;
    let alice = app.user("alice").await;
    let mallory =
        json!({"email": "mallory@example.com", "password": "correct horse battery staple", "display_name": "M"});
    app.anonymous().sign_up(&mallory).await.expect_status(201);
    let browser = signed_in(&app, &alice).await;
    let memo = browser.memo("Milk").await;
    let (me, memo_before) = (browser.me().await.json, browser.get_memo(&memo).await.json);
    for headers in ELSEWHERE {
        for call in wishes(&browser, &alice, &memo) {
            let refused = from(headers, call).await;
            refused.expect_status(403).problem("cross_site_request").expect_no_header("set-cookie");
        }
    }
    assert_eq!(browser.me().await.expect_status(200).json, me);
    assert_eq!(browser.get_memo(&memo).await.expect_status(200).json, memo_before);
    assert_eq!(browser.titles(&[]).await, ["Milk"]);
    assert_eq!(browser.mfa().await["totp"], false);
    alice.me().await.expect_status(200);
    alice.sign_in_again("").await;
}

pub async fn own_pages_change_what_they_like(store: Box<dyn TestStore>) {
    let app = start(store).await;
    let alice = app.user("alice").await;
    let browser = signed_in(&app, &alice).await;
    // An address that was typed, or a page of this server; older browsers say the latter by `Origin` alone.
    let own: [&[_]; 3] = [&[("sec-fetch-site", "same-origin")], &[("sec-fetch-site", "none")], &[("origin", URL)]];
    for headers in own {
        from(headers, browser.create_memo(&json!({"title": "Milk"}))).await.expect_status(201);
    }
    assert_eq!(browser.titles(&[]).await.len(), 3);
    from(own[2], browser.sign_out()).await.expect_empty(204);
}

pub async fn what_changes_nothing_is_read_from_anywhere(store: Box<dyn TestStore>) {
    let app = start(store).await;
    let alice = app.user("alice").await;
    let browser = signed_in(&app, &alice).await;
    for headers in ELSEWHERE {
        from(headers, browser.me()).await.expect_status(200).expect_no_header("access-control-allow-origin");
        from(headers, browser.call("HEAD", "/api/v1/me")).await.expect_empty(200);
    }
}

pub async fn every_change_asks_where_a_cookie_comes_from(store: Box<dyn TestStore>) {
    let app = start(store).await;
    let browser = app.browser();
    let mut seen = 0;
    for value in ["x", &"A".repeat(43)] {
        browser.set_cookie("__Host-memo_session", value);
        for operation in known().operations().filter(|operation| operation.method != "get") {
            seen += 1;
            let call = browser.call(&operation.method.to_uppercase(), &operation.target());
            let call = match operation.example() {
                Some((media_type, example)) => call.body(media_type, example.to_string()),
                None => call,
            };
            from(ELSEWHERE[0], call).await.expect_status(403).problem("cross_site_request");
        }
    }
    assert!(seen > 50);
}

pub async fn tokens_are_sent_by_no_other_site(store: Box<dyn TestStore>) {
    let app = start(store).await;
    let alice = app.user("alice").await;
    // No browser adds them by itself, so where a page comes from says nothing.
    for headers in ELSEWHERE {
        from(headers, alice.create_memo(&json!({"title": "a"}))).await.expect_status(201);
    }
}

pub async fn an_origin_that_may_call_gets_no_cookies(store: Box<dyn TestStore>) {
    let app = TestApp::builder(store).settings(|settings| {
        settings.server.public_url = Some(URL.into());
        settings.cors.allowed_origins = vec!["https://app.example.com".into()];
    });
    let app = app.start().await;
    let alice = app.user("alice").await;
    let browser = signed_in(&app, &alice).await;
    for site in ["cross-site", "same-site"] {
        let headers = [("sec-fetch-site", site), ("origin", "https://app.example.com")];
        let read = from(&headers, browser.me()).await.expect_status(200);
        read.expect_no_header("access-control-allow-credentials");
        let refused = from(&headers, browser.create_memo(&json!({"title": "planted"}))).await;
        refused.problem("cross_site_request").expect_no_header("access-control-allow-credentials");
    }
    let old = [("origin", "https://app.example.com")];
    from(&old, browser.create_memo(&json!({"title": "planted"}))).await.problem("cross_site_request");
    assert!(browser.titles(&[]).await.is_empty());
}
