//! The effect of settings. These tests start their own app.

use std::time::Duration;

use memo_conformance::{TestStore, eventually};
use memo_server::{Settings, SignUpSetting};
use serde_json::json;

use crate::{Outage, TestApp, User, contract::known, live::EventStream, suite::merged};

pub async fn closed_sign_up_is_forbidden(store: Box<dyn TestStore>) {
    let app = TestApp::builder(store).settings(|settings| settings.auth.sign_up = SignUpSetting::Closed).start().await;
    let body = json!({"email": "a@example.com", "password": "correct horse", "display_name": "A"});
    app.anonymous().sign_up(&body).await.expect_status(403).problem("sign_up_closed");
    assert_eq!(
        app.anonymous().sign_in("a@example.com", "correct horse").await.expect_status(400)["error"],
        "invalid_grant"
    );
}

pub async fn zero_leeway_ends_the_session_at_the_first_reuse(store: Box<dyn TestStore>) {
    let none = Duration::ZERO.into();
    let app = TestApp::builder(store).settings(|settings| settings.auth.refresh_reuse_leeway = none).start().await;
    let (alice, anonymous) = (app.user("alice").await, app.anonymous());
    let tokens = anonymous.refresh(&alice.refresh_token).await.expect_status(200);
    assert_eq!(anonymous.refresh(&alice.refresh_token).await.expect_status(400)["error"], "invalid_grant");
    anonymous.with_token(tokens.text("access_token")).me().await.problem("sign_in_ended");
    assert_eq!(anonymous.refresh(tokens.text("refresh_token")).await.expect_status(400)["error"], "invalid_grant");
}

pub async fn token_lifetimes_follow_the_settings(store: Box<dyn TestStore>) {
    let app = TestApp::builder(store).settings(|settings| {
        settings.auth.access_token_ttl = Duration::from_mins(1).into();
        settings.auth.refresh_token_ttl = Duration::from_hours(1).into();
    });
    let app = app.start().await;
    let alice = app.user("alice").await;
    assert_eq!(alice.sign_in_again("").await["expires_in"], 60);
    app.clock.advance(Duration::from_secs(66));
    alice.me().await.problem("access_token_expired");
    app.clock.advance(Duration::from_hours(1));
    assert_eq!(app.anonymous().refresh(&alice.refresh_token).await.expect_status(400)["error"], "invalid_grant");
}

pub async fn links_and_trusted_host_follow_the_public_url(store: Box<dyn TestStore>) {
    let url = "https://memo.example.com";
    let app = TestApp::builder(store).settings(|settings| settings.server.public_url = Some(url.into())).start().await;
    assert_eq!(app.url(), url);
    let alice = app.user("alice").await;
    for _ in 0..2 {
        alice.memo("a").await;
    }
    let list = alice.list_memos(&[("limit", "1")]).await.expect_status(200);
    assert!(list.header("link").is_some_and(|link| link.starts_with("<https://memo.example.com/api/v1/memos?")));
    // `problem` checks the `type` URL, which begins with the public URL.
    alice.get_memo("x").await.problem("memo_not_found");
    alice.me().header("host", "memo.example.com").await.expect_status(200);
    alice.me().header("host", "other.example.com").await.problem("untrusted_host");
}

pub async fn password_equal_to_a_name_email_or_host_is_rejected(store: Box<dyn TestStore>) {
    let app = TestApp::builder(store).settings(|settings| {
        settings.server.public_url = Some("https://memo.example.com:8443".into());
    });
    let app = app.start().await;
    let anonymous = app.anonymous();
    let guessable = ["alice.liddell", "Alice.LIDDELL", "Alice Pleasance", "aLICE pLEASANCE", "Memo.Example.COM"];
    let account =
        json!({"email": "Alice.Liddell@example.com", "password": "correct horse", "display_name": "Alice Pleasance"});
    for password in guessable {
        let response = anonymous.sign_up(&merged(account.clone(), &json!({"password": password}))).await;
        let response = response.expect_status(422).problem("password_too_common");
        assert_eq!(response.errors(), [("pointer", "/password", "password_too_common")]);
    }
    anonymous.sign_up(&account).await.expect_status(201);

    let tokens = anonymous.sign_in("alice.liddell@example.com", "correct horse").await.expect_status(200);
    let alice = anonymous.with_token(tokens.text("access_token"));
    for password in guessable {
        let body = json!({"current_password": "correct horse", "new_password": password});
        let response = alice.call("PUT", "/api/v1/me/password").json(&body).await.problem("password_too_common");
        assert_eq!(response.errors(), [("pointer", "/new_password", "password_too_common")]);
    }
    anonymous.forgot_password("alice.liddell@example.com").await.expect_empty(202);
    let token = app.reset_link("Alice.Liddell@example.com").await;
    for password in guessable {
        anonymous.reset_password(&token, password).await.problem("password_too_common");
    }
    // Any additional word makes the password acceptable.
    anonymous.reset_password(&token, "alice.liddell and the rabbit").await.expect_empty(204);
}

pub async fn session_cookie_has_the_host_prefix_over_https(store: Box<dyn TestStore>) {
    let url = "https://memo.example.com";
    let app = TestApp::builder(store).settings(|settings| settings.server.public_url = Some(url.into())).start().await;
    let (alice, browser) = (app.user("alice").await, app.browser());
    let response = browser.sign_in_by_cookie(&alice.email, &alice.password).await.expect_status(200);
    let session = browser.cookie("__Host-memo_session").expect("a cookie with the `__Host-` prefix");
    let attributes = "; HttpOnly; SameSite=Lax; Secure; Path=/; Max-Age=7776000";
    response.expect_header("set-cookie", &format!("__Host-memo_session={session}{attributes}"));
    browser.me().await.expect_status(200);
    // A cookie without the `__Host-` prefix can be set by a sibling domain, so it is ignored even if valid.
    let planted = app.browser();
    planted.set_cookie("memo_session", &session);
    planted.me().await.problem("authentication_required");
    browser.set_cookie("memo_session", "planted");
    browser.me().await.expect_status(200);
    let cleared = "__Host-memo_session=; HttpOnly; SameSite=Lax; Secure; Path=/; Max-Age=0";
    browser.sign_out().await.expect_empty(204).expect_header("set-cookie", cleared);
    browser.me().await.problem("authentication_required");
}

pub async fn body_limit_follows_the_settings(store: Box<dyn TestStore>) {
    let app = TestApp::builder(store).settings(|settings| settings.server.body_limit.0 = 1_000).start().await;
    let alice = app.user("alice").await;
    let body = |length: usize| json!({"title": "a", "content": "x".repeat(length)});
    let content_limit = 1_000 - body(0).to_string().len();
    alice.create_memo(&body(content_limit)).await.expect_status(201);
    alice.create_memo(&body(content_limit + 1)).await.expect_status(413).problem("body_too_large");
}

pub async fn larger_body_limit_applies_to_batches_too(store: Box<dyn TestStore>) {
    const MIB: usize = 1024 * 1024;
    let app = TestApp::builder(store).settings(|settings| settings.server.body_limit.0 = 17 * MIB).start().await;
    let alice = app.user("alice").await;
    let body = json!({"operations": [{"op": "create", "memo": {"title": "a"}}]}).to_string();
    let batch = |length: usize| {
        let padded = body.clone() + &" ".repeat(length - body.len());
        alice.call("POST", "/api/v1/memos/batch").body("application/json", padded)
    };
    batch(17 * MIB).await.expect_status(200);
    batch(17 * MIB + 1).await.expect_status(413).problem("body_too_large");
}

pub async fn allowed_origin_gets_cors_headers(store: Box<dyn TestStore>) {
    let origin = "https://app.example.com";
    let app = TestApp::builder(store).settings(|settings| settings.cors.allowed_origins = vec![origin.into()]);
    let app = app.start().await;
    let alice = app.user("alice").await;
    let response = alice.me().header("origin", origin).await.expect_status(200);
    assert_eq!(response.header("access-control-allow-origin"), Some(origin));
    let exposed = response.header("access-control-expose-headers").unwrap_or_default().to_lowercase();
    for name in ["etag", "link", "location", "x-request-id", "retry-after"] {
        assert!(exposed.contains(name), "{exposed}");
    }
    let preflight = app.anonymous().call("OPTIONS", "/api/v1/memos").header("origin", origin);
    let preflight = preflight.header("access-control-request-method", "POST");
    let preflight = preflight.header("access-control-request-headers", "authorization, content-type, if-match").await;
    assert!([200, 204].contains(&preflight.status), "{}", preflight.shown());
    assert_eq!(preflight.header("access-control-allow-origin"), Some(origin));
    let mut methods: Vec<_> =
        preflight.header("access-control-allow-methods").unwrap_or_default().split(", ").collect();
    methods.sort_unstable();
    assert_eq!(methods, ["DELETE", "GET", "HEAD", "PATCH", "POST", "PUT"]);
    // Error responses have the CORS headers, too.
    let rejected = app.anonymous().me().header("origin", origin).await.problem("authentication_required");
    assert_eq!(rejected.header("access-control-allow-origin"), Some(origin));
    let other = alice.me().header("origin", "https://evil.example.com").await;
    other.expect_no_header("access-control-allow-origin").expect_no_server_error();
}

pub async fn ids_come_from_the_id_generator(store: Box<dyn TestStore>) {
    let app = TestApp::builder(store).start().await;
    let id = app.user("alice").await.memo("a").await;
    assert!(id.starts_with("019c1347-d2fb-7000-8000-0000000000"), "{id}");
}

pub async fn stopping_node_reports_draining_and_still_serves(store: Box<dyn TestStore>) {
    let app = TestApp::builder(store).settings(|settings| {
        // Enough for what follows; the end of the test waits for the rest of it.
        settings.server.shutdown_drain_delay = Duration::from_secs(5).into();
    });
    let mut app = app.start().await;
    let alice = app.user("alice").await;
    let mut events = EventStream::after(&app, &alice.access_token, 0).await;
    app.announce_stop();
    let draining = eventually("the node is not ready", async || {
        Some(app.anonymous().get("/readyz").await).filter(|response| response.status == 503)
    });
    draining.await.problem("draining");
    let memo = alice.memo("still served").await;
    let (_, event) = events.event().await.expect("an event");
    assert_eq!(event["memo_id"], memo);
    // Mail is sent by the loop of the jobs.
    app.anonymous().forgot_password(&alice.email).await.expect_empty(202);
    app.reset_link(&alice.email).await;
    app.anonymous().get("/healthz").await.expect_status(200);
}

pub async fn unreachable_store_is_reported_without_details(store: Box<dyn TestStore>) {
    let (store, outage) = Outage::of(store);
    let app = TestApp::builder(store).start().await;
    let alice = app.user("alice").await;
    let tokens = alice.sign_in_again("").await;
    // Let the session cache expire, so that the store must be asked.
    app.clock.advance(Duration::from_mins(1));
    outage.begin();
    let mut calls = vec![
        app.anonymous().get("/readyz"),
        app.anonymous().sign_in(&alice.email, &alice.password),
        app.anonymous().refresh(tokens.text("refresh_token")),
        app.anonymous().revoke(tokens.text("refresh_token")),
    ];
    for operation in known().operations().filter(|operation| operation.scopes().is_some()) {
        let mut call = alice.call(&operation.method.to_uppercase(), &operation.target());
        if let Some((media_type, example)) = operation.example() {
            call = call.body(media_type, example.to_string());
        }
        calls.push(call);
    }
    for call in calls {
        let response = call.await.expect_status(503).problem("store_unavailable");
        let text = String::from_utf8_lossy(&response.body);
        assert!(!text.contains("SELECT") && !text.contains("/var/lib"), "{text}");
    }
    app.anonymous().get("/healthz").await.expect_status(200);
    outage.end();
    app.anonymous().get("/readyz").await.expect_status(200);
    alice.memo("served again").await;
}

pub async fn outage_does_not_count_as_a_wrong_password(store: Box<dyn TestStore>) {
    let (store, outage) = Outage::of(store);
    let app = TestApp::builder(store).start().await;
    let alice = app.user("alice").await;
    outage.begin();
    for _ in 0..12 {
        let response = app.anonymous().sign_in(&alice.email, &alice.password).await;
        response.expect_status(503).problem("store_unavailable");
    }
    outage.end();
    alice.sign_in_again("").await;
    alice.change_password(&alice.password, "another horse battery").await.expect_empty(204);
}

pub async fn stored_responses_of_a_user_are_bounded(store: Box<dyn TestStore>) {
    let limit = |settings: &mut Settings| {
        settings.limits.idempotent_responses.0 = 64 * 1024;
        settings.auth.access_token_ttl = Duration::from_hours(24).into();
    };
    let app = TestApp::builder(store).settings(limit).start().await;
    let (alice, bob) = (app.user("alice").await, app.user("bob").await);
    let body = json!({"title": "a", "content": "x".repeat(20_000)});
    let create = |user: &User, key: &str| user.create_memo(&body).header("idempotency-key", key);
    let mut stored = 0;
    let refused = loop {
        let response = create(&alice, &stored.to_string()).await;
        if response.status != 201 {
            break response.expect_status(429).problem("idempotent_responses_full");
        }
        stored += 1;
    };
    // 64 KiB, and the one that is too much.
    assert_eq!((stored, alice.titles(&[]).await.len()), (4, 4), "a refused request changes nothing");
    // A KiB is regained in 22.5 minutes.
    let wait: u64 = refused.header("retry-after").expect("a time").parse().expect("seconds");
    assert!((20_000..40_000).contains(&wait), "{wait}");
    create(&alice, "0").await.expect_status(201).expect_header("idempotent-replayed", "true");
    alice.create_memo(&body).await.expect_status(201);
    create(&bob, "0").await.expect_status(201);
    app.clock.advance(Duration::from_secs(wait));
    create(&alice, "new").await.expect_status(201);
}
