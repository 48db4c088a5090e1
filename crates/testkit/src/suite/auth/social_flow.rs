use std::time::Duration;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};

use super::social::{
    FLOW, SESSION, account, approve, assert_flow_failed, assert_redirected, assert_signed_out, authorize, callback,
    complete_flow, flow, set_cookie, social_sign_in, start_flow, state,
};
use crate::TestApp;

pub async fn flow_returns_to_the_requested_path(app: TestApp) {
    for (number, path) in
        ["/", "/docs", "/docs/errors?tab=1&x=%2F%2Fevil.example#top", "/%0d%0aa", "/a//b"].into_iter().enumerate()
    {
        let user = app.acme.user(path, Some(&format!("alice-{number}@example.com")), true);
        assert_redirected(complete_flow(&app.browser(), &app.acme, user, &[("return_to", path)]).await, path);
    }
}

pub async fn return_to_another_site_is_ignored(app: TestApp) {
    let long = format!("/{}", "a".repeat(4_000));
    let targets = [
        "//evil.example",
        "///evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "/\t/evil.example",
        "/\n/evil.example",
        "https://evil.example",
        "HTTPS:evil.example",
        "https:/evil.example",
        "javascript:alert(1)",
        "data:text/html,a",
        "evil.example",
        "@evil.example",
        ".evil.example",
        " //evil.example",
        "\u{a0}//evil.example",
        "%2F%2Fevil.example",
        "/a\r\nLocation: https://evil.example",
        "/a\r\nSet-Cookie: memo_session=a",
        "/a\0",
        "/한글",
        "",
        &long,
    ];
    for target in targets {
        let browser = app.browser();
        let user = app.acme.user("alice", Some("alice@example.com"), true);
        let response = complete_flow(&browser, &app.acme, user, &[("return_to", target)]).await;
        assert_eq!(response.header("location"), Some("/"), "{target:?}");
        assert_eq!(response.headers.get_all("location").iter().count(), 1);
        // A failed flow redirects to the same place.
        let state = start_flow(&browser, &app.acme, &[("return_to", target)]).await;
        assert_flow_failed(
            callback(&browser, "acme", &[("state", &state), ("error", "access_denied")]).await,
            "access_denied",
        );
    }
    // A `return_to` of the callback itself is ignored.
    let browser = app.browser();
    let state = start_flow(&browser, &app.acme, &[]).await;
    let code = approve(&app.acme, &state, app.acme.user("bob", Some("bob@example.com"), true));
    let query = [("state", &*state), ("code", &code), ("return_to", "https://evil.example")];
    assert_redirected(callback(&browser, "acme", &query).await, "/");
}

pub async fn flow_error_is_added_to_the_query_of_return_to(app: TestApp) {
    let browser = app.browser();
    for (path, place) in
        [("/docs", "/docs?sign_in_error=access_denied"), ("/docs?a=b#c", "/docs?a=b&sign_in_error=access_denied#c")]
    {
        let state = start_flow(&browser, &app.acme, &[("return_to", path)]).await;
        assert_redirected(callback(&browser, "acme", &[("state", &state), ("error", "access_denied")]).await, place);
    }
}

pub async fn flow_cookie_is_http_only_and_encrypted(app: TestApp) {
    let response = authorize(&app.browser(), "acme").await.expect_status(302);
    let cookie = set_cookie(&response, FLOW).expect("a flow cookie").to_owned();
    let mut attributes: Vec<_> = cookie.split("; ").skip(1).collect();
    attributes.sort_unstable();
    assert_eq!(attributes, ["HttpOnly", "Max-Age=600", "Path=/", "SameSite=Lax"]);
    // The cookie is encrypted: it reveals neither nonce, verifier nor state.
    let state = state(response);
    let value = cookie.split([';', '=']).nth(1).expect("a value");
    let read = URL_SAFE_NO_PAD.decode(value).expect("base64url");
    let read = String::from_utf8_lossy(&read);
    assert!(!read.contains("nonce-1") && !read.contains("verifier-1") && !read.contains(&state));
}

pub async fn callback_with_a_wrong_state_is_rejected(app: TestApp) {
    let browser = app.browser();
    let user = || app.acme.user("alice", Some("alice@example.com"), true);
    let elsewhere = start_flow(&app.browser(), &app.acme, &[]).await;
    let state = start_flow(&browser, &app.acme, &[]).await;
    let code = approve(&app.acme, &state, user());
    let code_elsewhere = approve(&app.acme, &elsewhere, user());
    let (cut, longer) = (state[..42].to_owned(), format!("{state}A"));
    let altered = state.replacen(|c: char| c != 'A', "A", 1);
    let queries: [&[(&str, &str)]; 10] = [
        &[],
        &[("code", &code)],
        &[("state", ""), ("code", &code)],
        &[("state", &cut), ("code", &code)],
        &[("state", &longer), ("code", &code)],
        &[("state", &altered), ("code", &code)],
        &[("state", &elsewhere), ("code", &code_elsewhere)],
        &[("state", "한"), ("code", &code)],
        &[("error", "access_denied")],
        &[("state", &altered), ("error", "access_denied")],
    ];
    for query in queries {
        let response = callback(&browser, "acme", query).await.expect_status(400).problem("state_invalid");
        response.expect_no_header("location").expect_no_header("set-cookie");
    }
    for other in [&altered, &state, ""] {
        let twice = [("state", other), ("state", &state), ("code", &code)];
        callback(&browser, "acme", &twice).await.expect_status(400).problem("state_invalid");
    }
    assert_signed_out(&browser).await;
    // None of these requests has ended the flow.
    assert_redirected(callback(&browser, "acme", &[("state", &state), ("code", &code)]).await, "/");
}

pub async fn callback_in_another_browser_is_rejected(app: TestApp) {
    let (mallory, alice) = (app.browser(), app.browser());
    let state = start_flow(&mallory, &app.acme, &[]).await;
    let code = approve(&app.acme, &state, app.acme.user("mallory", Some("m@example.com"), true));
    let query = [("state", &*state), ("code", &code)];
    // A victim is lured to the callback URL of the attacker's flow: without a flow of their own, and with one.
    callback(&alice, "acme", &query).await.expect_status(400).problem("state_invalid");
    start_flow(&alice, &app.acme, &[]).await;
    callback(&alice, "acme", &query).await.expect_status(400).problem("state_invalid");
    assert_signed_out(&alice).await;
    // An altered cookie is rejected.
    let (name, flow) = flow(&mallory);
    let middle = flow.len() / 2;
    let flipped = if flow.as_bytes()[middle] == b'A' { "B" } else { "A" };
    for altered in [
        String::new(),
        "x".to_owned(),
        flow[..flow.len() - 4].to_owned(),
        format!("{flow}AAAA"),
        format!("{}{flipped}{}", &flow[..middle], &flow[middle + 1..]),
        format!("A{flow}"),
    ] {
        alice.set_cookie(&name, &altered);
        callback(&alice, "acme", &query).await.expect_status(400).problem("state_invalid");
    }
    assert_redirected(callback(&mallory, "acme", &query).await, "/");
}

pub async fn callback_cannot_be_replayed(app: TestApp) {
    let browser = app.browser();
    let state = start_flow(&browser, &app.acme, &[]).await;
    let (name, kept) = flow(&browser);
    let new_code = || approve(&app.acme, &state, app.acme.user("alice", Some("a@example.com"), true));
    assert_redirected(callback(&browser, "acme", &[("state", &state), ("code", &new_code())]).await, "/");
    assert_eq!(browser.cookies(FLOW), []);
    callback(&browser, "acme", &[("state", &state), ("code", &new_code())]).await.problem("state_invalid");
    // Replaying the old cookie does not help.
    browser.set_cookie(&name, &kept);
    callback(&browser, "acme", &[("state", &state), ("code", &new_code())]).await.problem("state_invalid");
    // A failed flow has ended, too.
    browser.forget();
    let state = start_flow(&browser, &app.acme, &[]).await;
    let (name, kept) = flow(&browser);
    assert_flow_failed(callback(&browser, "acme", &[("state", &state), ("code", "made up")]).await, "provider_failed");
    browser.set_cookie(&name, &kept);
    let code = approve(&app.acme, &state, app.acme.user("alice", None, true));
    callback(&browser, "acme", &[("state", &state), ("code", &code)]).await.problem("state_invalid");
}

pub async fn flow_expires_after_ten_minutes(app: TestApp) {
    for (time, is_in_time) in [(Duration::from_secs(599), true), (Duration::from_mins(10), false)] {
        let browser = app.browser();
        let state = start_flow(&browser, &app.acme, &[]).await;
        let code = approve(&app.acme, &state, app.acme.user("alice", Some("a@example.com"), true));
        app.clock.advance(time);
        let response = callback(&browser, "acme", &[("state", &state), ("code", &code)]).await;
        if is_in_time {
            assert_redirected(response, "/");
        } else {
            response.expect_status(400).problem("state_invalid");
            assert_signed_out(&browser).await;
        }
    }
}

pub async fn callback_of_another_provider_is_rejected(app: TestApp) {
    let browser = app.browser();
    let mallory = || app.other.user("mallory", Some("mallory@example.com"), true);
    // Detected by the URL of the callback.
    let state = start_flow(&browser, &app.acme, &[]).await;
    let code = approve(&app.acme, &state, app.acme.user("alice", Some("a@example.com"), true));
    callback(&browser, "other", &[("state", &state), ("code", &code)])
        .await
        .expect_status(400)
        .problem("state_invalid");
    // Detected by the `iss` parameter (RFC 9207).
    for issuer in ["https://other.example", "https://acme.example/", "HTTPS://acme.example", ""] {
        let state = start_flow(&browser, &app.acme, &[]).await;
        let code = approve(&app.acme, &state, app.acme.user("alice", Some("a@example.com"), true));
        let query = [("state", &*state), ("code", &code), ("iss", issuer)];
        assert_flow_failed(callback(&browser, "acme", &query).await, "provider_mix_up");
    }
    // Detected by the code.
    let state_there = start_flow(&app.browser(), &app.other, &[]).await;
    let code_there = approve(&app.other, &state_there, mallory());
    let state = start_flow(&browser, &app.acme, &[]).await;
    assert_flow_failed(
        callback(&browser, "acme", &[("state", &state), ("code", &code_there)]).await,
        "provider_failed",
    );
    assert_signed_out(&browser).await;

    let state = start_flow(&browser, &app.acme, &[]).await;
    let code = approve(&app.acme, &state, app.acme.user("alice", Some("a@example.com"), true));
    let query = [("state", &*state), ("code", &code), ("iss", "https://acme.example"), ("session_state", "x")];
    assert_redirected(callback(&browser, "acme", &query).await, "/");
}

pub async fn code_is_accepted_in_its_own_flow_only(app: TestApp) {
    let (mallory, alice) = (app.browser(), app.browser());
    let mallory_state = start_flow(&mallory, &app.acme, &[]).await;
    let alice_state = start_flow(&alice, &app.acme, &[]).await;
    let mallory_code = app.acme.approve(&mallory_state, app.acme.user("mallory", Some("m@example.com"), true));
    let alice_code = app.acme.approve(&alice_state, app.acme.user("alice", Some("a@example.com"), true));
    let (mallory_code, alice_code) = (mallory_code.expect("a pending request"), alice_code.expect("a pending request"));
    // A stolen code in the attacker's flow, and the attacker's code in the victim's flow.
    let response = callback(&mallory, "acme", &[("state", &mallory_state), ("code", &alice_code)]).await;
    assert_flow_failed(response, "provider_failed");
    let response = callback(&alice, "acme", &[("state", &alice_state), ("code", &mallory_code)]).await;
    assert_flow_failed(response, "provider_failed");
    assert_signed_out(&mallory).await;
    assert_signed_out(&alice).await;
}

pub async fn access_denied_at_the_provider_changes_no_session(app: TestApp) {
    let browser = app.browser();
    let user = || app.acme.user("alice", Some("a@example.com"), true);
    let state = start_flow(&browser, &app.acme, &[]).await;
    let query = [("state", &*state), ("error", "access_denied"), ("error_description", "<script>")];
    assert_flow_failed(callback(&browser, "acme", &query).await, "access_denied");
    // An error counts even if the response has a code as well.
    let state = start_flow(&browser, &app.acme, &[]).await;
    let code = approve(&app.acme, &state, user());
    let query = [("state", &*state), ("code", &code), ("error", "access_denied")];
    assert_flow_failed(callback(&browser, "acme", &query).await, "access_denied");
    assert_signed_out(&browser).await;
    // An existing session continues.
    assert_redirected(social_sign_in(&browser, &app.acme, user()).await, "/");
    let state = start_flow(&browser, &app.acme, &[]).await;
    assert_flow_failed(
        callback(&browser, "acme", &[("state", &state), ("error", "access_denied")]).await,
        "access_denied",
    );
    account(&browser).await;
}

pub async fn other_provider_errors_are_reported_as_provider_failure(app: TestApp) {
    let browser = app.browser();
    let errors = [
        "server_error",
        "temporarily_unavailable",
        "invalid_scope",
        "interaction_required",
        "unauthorized_client",
        "ACCESS_DENIED",
        "access_denied ",
        "",
        "한\r\n\u{1b}[31m",
    ];
    for error in errors {
        let state = start_flow(&browser, &app.acme, &[]).await;
        let query = [("state", &*state), ("error", error), ("error_description", "<script>")];
        assert_flow_failed(callback(&browser, "acme", &query).await, "provider_failed");
    }
    // An error counts even if there is a code as well. A response with neither is a failure, too.
    let state = start_flow(&browser, &app.acme, &[]).await;
    let code = approve(&app.acme, &state, app.acme.user("alice", Some("a@example.com"), true));
    let query = [("state", &*state), ("code", &code), ("error", "server_error")];
    assert_flow_failed(callback(&browser, "acme", &query).await, "provider_failed");
    let state = start_flow(&browser, &app.acme, &[]).await;
    assert_flow_failed(callback(&browser, "acme", &[("state", &state)]).await, "provider_failed");
    assert_signed_out(&browser).await;
}

pub async fn unreachable_provider_is_reported(app: TestApp) {
    let browser = app.browser();
    let state = start_flow(&browser, &app.acme, &[]).await;
    let code = approve(&app.acme, &state, app.acme.user("alice", Some("a@example.com"), true));
    app.acme.be_away(true);
    let response = authorize(&app.browser(), "acme").await.expect_status(503).problem("provider_unavailable");
    assert!(response.header("retry-after").is_some());
    response.expect_no_header("set-cookie").expect_no_header("location");
    assert_flow_failed(callback(&browser, "acme", &[("state", &state), ("code", &code)]).await, "provider_failed");
    assert_signed_out(&browser).await;
    // Other providers are not affected.
    assert_redirected(
        social_sign_in(&browser, &app.other, app.other.user("alice", Some("a@example.com"), true)).await,
        "/",
    );
    app.acme.be_away(false);
    assert_redirected(
        social_sign_in(&app.browser(), &app.acme, app.acme.user("bob", Some("b@example.com"), true)).await,
        "/",
    );
}

pub async fn social_sign_in_replaces_a_planted_or_old_session(app: TestApp) {
    let user = || app.acme.user("alice", Some("alice@example.com"), true);
    // An attacker plants the cookie of their own session, or a made-up one.
    let mallory = app.user("mallory").await;
    let mallory_browser = app.browser();
    mallory_browser.sign_in_by_cookie(&mallory.email, &mallory.password).await.expect_status(200);
    for planted in [mallory_browser.cookie(SESSION).expect("a session cookie"), "A".repeat(43), "planted".to_owned()] {
        let browser = app.browser();
        browser.set_cookie(SESSION, &planted);
        assert_redirected(social_sign_in(&browser, &app.acme, user()).await, "/");
        assert_ne!(browser.cookie(SESSION), Some(planted.clone()));
        assert_eq!(account(&browser).await["email"], "alice@example.com");
        let thief = app.browser();
        thief.set_cookie(SESSION, &planted);
        assert_signed_out(&thief).await;
    }
    // Signing in again creates a new session and ends the old one.
    let browser = app.browser();
    assert_redirected(social_sign_in(&browser, &app.acme, user()).await, "/");
    let before = browser.cookie(SESSION).expect("a session cookie");
    assert_redirected(social_sign_in(&browser, &app.acme, user()).await, "/");
    assert_ne!(browser.cookie(SESSION).as_ref(), Some(&before));
    browser.set_cookie(SESSION, &before);
    assert_signed_out(&browser).await;
}

pub async fn concurrent_flows_in_one_browser_are_independent(app: TestApp) {
    let browser = app.browser();
    let user = |name: &str| app.acme.user(name, Some(&format!("{name}@example.com")), true);
    // Two tabs, and a third with another provider, return in another order.
    let one = start_flow(&browser, &app.acme, &[("return_to", "/docs")]).await;
    let other = start_flow(&browser, &app.acme, &[("return_to", "/docs/errors")]).await;
    let third = start_flow(&browser, &app.other, &[]).await;
    let code = approve(&app.other, &third, app.other.user("carol", Some("carol@example.com"), true));
    assert_redirected(callback(&browser, "other", &[("state", &third), ("code", &code)]).await, "/");
    let code = approve(&app.acme, &one, user("alice"));
    assert_redirected(callback(&browser, "acme", &[("state", &one), ("code", &code)]).await, "/docs");
    assert_eq!(account(&browser).await["email"], "alice@example.com");
    // One flow's cookie does not validate another flow's state, even if an attacker copies it.
    let (name, kept) = flow(&browser);
    let attacker = app.browser();
    let attacker_state = start_flow(&attacker, &app.acme, &[]).await;
    attacker.set_cookie(&flow(&attacker).0, &kept);
    let code = approve(&app.acme, &attacker_state, user("bob"));
    callback(&attacker, "acme", &[("state", &attacker_state), ("code", &code)]).await.problem("state_invalid");
    assert!(!name.contains(&other), "the cookie's name must not reveal the state");
    let code = approve(&app.acme, &other, user("bob"));
    assert_redirected(callback(&browser, "acme", &[("state", &other), ("code", &code)]).await, "/docs/errors");
    assert_eq!(account(&browser).await["email"], "bob@example.com");
    assert_eq!(browser.cookies(FLOW), []);
}

pub async fn abandoned_flow_cookies_are_limited(app: TestApp) {
    let browser = app.browser();
    for _ in 0..20 {
        start_flow(&browser, &app.acme, &[("return_to", &format!("/{}", "a".repeat(1_900)))]).await;
        assert!(browser.cookies(FLOW).len() <= 4);
    }
    assert_redirected(
        social_sign_in(&browser, &app.acme, app.acme.user("alice", Some("a@example.com"), true)).await,
        "/",
    );
    assert_eq!(browser.cookies(FLOW).len(), 3);
    // Cookies that only share the prefix are ignored.
    let odd = ["é", "a b", "\"", "a\tb", "한"].map(|rest| format!("memo_sign_in_{rest}=x")).join("; ");
    let response = authorize(&app.anonymous(), "acme").header("cookie", &odd).await;
    assert_eq!(response.headers.get_all("set-cookie").iter().count(), 1);
    state(response);
}

pub async fn duplicate_callback_parameters_are_rejected(app: TestApp) {
    let browser = app.browser();
    let mallory = app.browser();
    let attacker_state = start_flow(&mallory, &app.acme, &[]).await;
    let planted = approve(&app.acme, &attacker_state, app.acme.user("mallory", Some("m@example.com"), true));
    for more in [("code", &*planted), ("iss", "https://acme.example"), ("error", "")] {
        let state = start_flow(&browser, &app.acme, &[]).await;
        let code = approve(&app.acme, &state, app.acme.user("alice", Some("a@example.com"), true));
        let query = [("state", &*state), ("code", &code), more, more];
        assert_flow_failed(callback(&browser, "acme", &query).await, "provider_failed");
        assert_signed_out(&browser).await;
    }
}
