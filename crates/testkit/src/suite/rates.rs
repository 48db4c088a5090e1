//! Limits of requests per time and of requests at a time.

use memo_conformance::{TestStore, eventually};
use memo_memory::ModelEnding;
use memo_server::Settings;
use serde_json::json;
use tokio::io::AsyncReadExt;

use crate::{Response, TestApp, content_digest};

/// An app with these rates; the window is long enough that nothing is regained during a test.
async fn app(store: Box<dyn TestStore>, anonymous: &str, principal: &str, sign_in: &str) -> TestApp {
    let rate = |text: &str| text.parse().expect("a rate");
    let change = |settings: &mut Settings| {
        settings.rate_limit.enabled = true;
        settings.rate_limit.anonymous = rate(anonymous);
        settings.rate_limit.principal = rate(principal);
        settings.rate_limit.sign_in = rate(sign_in);
        settings.server.trusted_proxies = vec!["127.0.0.0/8".parse().expect("a network")];
    };
    TestApp::builder(store).settings(change).start().await
}

/// Asserts the headers of a policy with this quota per hour, and returns what is left.
#[track_caller]
fn remaining(response: &Response, policy: &str, quota: u32) -> u32 {
    let expected = format!("\"{policy}\";q={quota};w=3600");
    assert_eq!(response.header("ratelimit-policy"), Some(&*expected), "{}", response.shown());
    let state = response.header("ratelimit").expect("a state").strip_prefix(&format!("\"{policy}\";r="));
    let (remaining, next) = state.and_then(|state| state.split_once(";t=")).expect("a state of this policy");
    let next: u32 = next.parse().expect("seconds");
    assert!((1..=3_600 / quota + 1).contains(&next), "{next}");
    remaining.parse().expect("a number")
}

#[track_caller]
fn assert_limited(response: Response, policy: &str) {
    let response = response.expect_status(429).problem("rate_limited");
    assert_eq!(response["violated_policies"], json!([policy]));
    let next = response.header("ratelimit").and_then(|state| state.rsplit_once(";t=")).expect("a state").1;
    let seconds = |text: &str| text.parse::<u32>().expect("seconds");
    let retry_after = response.header("retry-after").map(seconds).expect("a time");
    assert!(retry_after >= seconds(next) && retry_after > 0, "{}", response.shown());
}

pub async fn anonymous_requests_are_limited_by_address(store: Box<dyn TestStore>) {
    let app = app(store, "3/1h", "100/1h", "100/1h").await;
    let from = |address: &str| app.anonymous().get("/api/v1/auth/providers").header("x-forwarded-for", address);
    for left in [2, 1, 0] {
        let response = from("203.0.113.1").await.expect_status(200);
        assert_eq!(remaining(&response, "anonymous", 3), left);
    }
    for _ in 0..3 {
        assert_limited(from("203.0.113.1").await, "anonymous");
    }
    from("203.0.113.2").await.expect_status(200);
    // A host has all addresses of its IPv6 network.
    for last in 1..=3 {
        from(&format!("2001:db8::{last}")).await.expect_status(200);
    }
    assert_limited(from("2001:db8::4").await, "anonymous");
    from("2001:db8:0:1::1").await.expect_status(200);
}

pub async fn a_user_is_limited_whatever_address_and_token_they_use(store: Box<dyn TestStore>) {
    let app = app(store, "100/1h", "4/1h", "100/1h").await;
    let (alice, bob) = (app.user("alice").await, app.user("bob").await);
    let tokens = app.anonymous().sign_in(&alice.email, &alice.password).await.expect_status(200);
    let again = app.anonymous().with_token(tokens.text("access_token"));
    for (number, actor) in [&*alice, &again, &alice, &again].into_iter().enumerate() {
        let response = actor.me().header("x-forwarded-for", format!("203.0.113.{number}")).await;
        assert_eq!(remaining(&response.expect_status(200), "principal", 4), 3 - u32::try_from(number).expect("small"));
    }
    assert_limited(alice.me().await, "principal");
    assert_limited(again.create_memo(&json!({"title": "a"})).await, "principal");
    bob.me().await.expect_status(200);
}

pub async fn a_refused_credential_counts_as_anonymous(store: Box<dyn TestStore>) {
    let app = app(store, "2/1h", "100/1h", "100/1h").await;
    let wrong = app.anonymous().with_token("wrong");
    for left in [1, 0] {
        let response = wrong.me().await.expect_status(401).problem("access_token_invalid");
        assert_eq!(remaining(&response, "anonymous", 2), left);
    }
    assert_limited(wrong.me().await, "anonymous");
    assert_limited(app.anonymous().me().await, "anonymous");
}

pub async fn attempts_to_sign_in_have_a_limit_of_their_own(store: Box<dyn TestStore>) {
    let app = app(store, "100/1h", "100/1h", "6/1h").await;
    let alice = app.user("alice").await;
    let anonymous = app.anonymous();
    let response = anonymous.sign_in(&alice.email, "wrong password").await.expect_status(400);
    assert_eq!(remaining(&response, "sign_in", 6), 3, "after signing up and signing in");
    app.browser().sign_in_by_cookie(&alice.email, "wrong password").await.problem("credentials_wrong");
    anonymous.forgot_password("nobody@example.com").await.expect_status(202);
    anonymous.reset_password("wrong", "another horse battery").await.problem("token_invalid");
    assert_limited(anonymous.sign_in(&alice.email, &alice.password).await, "sign_in");
    assert_limited(anonymous.forgot_password("nobody@example.com").await, "sign_in");
    let elsewhere = anonymous.sign_in(&alice.email, &alice.password).header("x-forwarded-for", "203.0.113.1");
    elsewhere.await.expect_status(200);
    let response = anonymous.refresh(&alice.refresh_token).await.expect_status(200);
    assert_eq!(remaining(&response, "anonymous", 100), 99, "a refresh is no attempt to sign in");
}

pub async fn clients_that_have_signed_in_before_are_not_refused_by_the_limit_of_attempts(store: Box<dyn TestStore>) {
    let app = app(store, "100/1h", "100/1h", "3/1h").await;
    // She signs up and signs in.
    let (alice, browser) = (app.user("alice").await, app.browser());
    let sign_in = || browser.sign_in_by_cookie(&alice.email, &alice.password);
    assert_eq!(remaining(&sign_in().await.expect_status(200), "sign_in", 3), 0);
    assert_limited(app.anonymous().sign_in(&alice.email, &alice.password).await, "sign_in");
    // A live session counts as its user, a known device as anonymous.
    remaining(&sign_in().await.expect_status(200), "principal", 100);
    let response =
        alice.token(&[("grant_type", "password"), ("username", &alice.email), ("password", &alice.password)]);
    remaining(&response.await.expect_status(200), "principal", 100);
    browser.sign_out().await.expect_empty(204);
    remaining(&sign_in().await.expect_status(200), "anonymous", 100);
    browser.sign_out().await.expect_empty(204);
    let known = format!("memo_device={}", browser.cookie("memo_device").expect("a known device"));
    let by_token = app.anonymous().sign_in(&alice.email, "wrong password").header("cookie", known);
    remaining(&by_token.await.expect_status(400), "anonymous", 100);
    browser.forget();
    assert_limited(sign_in().await, "sign_in");
}

pub async fn heavy_requests_count_as_several(store: Box<dyn TestStore>) {
    let app = app(store, "100/1h", "100/1h", "100/1h").await;
    let alice = app.user("alice").await;
    let operations = json!([{"op": "create", "memo": {"title": "a"}}]);
    let tag = json!({"title": "b", "tags": ["t"]});
    for (call, left) in [
        (alice.list_memos(&[]), 99),
        (alice.list_memos(&[("q", "a")]), 94),
        (alice.get("/api/v1/memos?%71=a"), 89),
        (alice.batch(&operations), 79),
        (alice.get("/api/v1/me/export"), 59),
        (alice.create_memo(&tag), 58),
        (alice.patch_tag("t", "u"), 48),
        (alice.complete("0198c0de-7f00-7000-8000-0000000000ff", &json!({"task": "title"})), 38),
    ] {
        let response = call.await.expect_no_server_error();
        assert_eq!(remaining(&response, "principal", 100), left, "{}", response.shown());
    }
}

pub async fn health_checks_are_not_limited(store: Box<dyn TestStore>) {
    let app = app(store, "1/1h", "1/1h", "1/1h").await;
    for _ in 0..5 {
        for path in ["/healthz", "/readyz"] {
            app.anonymous().get(path).await.expect_status(200).expect_no_header("ratelimit");
        }
    }
}

pub async fn concurrent_requests_of_a_user_are_limited(store: Box<dyn TestStore>) {
    let change = |settings: &mut Settings| settings.limits.heavy = std::num::NonZeroUsize::MIN;
    let app = TestApp::builder(store).settings(change).start().await;
    let (alice, bob) = (app.user("alice").await, app.user("bob").await);
    // An import whose body never ends.
    let head = |token: &str| {
        format!(
            "POST /api/v1/me/import HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\n\
             Content-Type: application/x-ndjson\r\nTransfer-Encoding: chunked\r\n\r\n"
        )
    };
    let running = app.open(head(&alice.access_token).as_bytes()).await;
    let refused = async || alice.list_memos(&[("q", "a")]).await;
    let response = loop {
        // Until the import has arrived, a search finds room.
        let response = refused().await;
        if response.status != 200 {
            break response;
        }
    };
    let response = response.expect_status(429).problem("too_many_concurrent_requests");
    assert_eq!(response.header("retry-after"), Some("2"));
    alice.list_memos(&[]).await.expect_status(200);
    bob.list_memos(&[("q", "a")]).await.expect_status(200);
    drop(running);
    let ended = async { while refused().await.status != 200 {} };
    tokio::time::timeout(std::time::Duration::from_secs(20), ended).await.expect("the import has ended");
}

pub async fn requests_whose_body_is_not_read_are_counted_as_well(store: Box<dyn TestStore>) {
    let app = app(store, "5/1h", "100/1h", "100/1h").await;
    let token = || app.anonymous().call("POST", "/api/v1/auth/token");
    let form = "application/x-www-form-urlencoded";
    let refused = [
        token().body("application/json", b"{}".to_vec()).await.expect_status(415),
        token().body(form, vec![b'a'; 70_000]).await.expect_status(413),
        token().body(form, b"a".to_vec()).header("content-encoding", "gzip").await.expect_status(415),
        token().body(form, b"a".to_vec()).header("content-digest", "x").await.expect_status(400),
        token().body("text/plain", Vec::new()).header("authorization", "Bearer x").await.expect_status(415),
    ];
    for (response, left) in refused.iter().zip([4, 3, 2, 1, 0]) {
        assert_eq!(remaining(response, "anonymous", 5), left);
    }
    assert_limited(token().body("application/json", b"{}".to_vec()).await, "anonymous");
}

pub async fn node_that_handles_too_many_requests_refuses_more(store: Box<dyn TestStore>) {
    let one = std::num::NonZeroUsize::MIN;
    let change = |settings: &mut Settings| {
        settings.limits.queue = one;
        settings.limits.concurrency = one;
    };
    let app = TestApp::builder(store).settings(change).start().await;
    let (alice, bob, carol) = (app.user("alice").await, app.user("bob").await, app.user("carol").await);
    let id = alice.memo("a").await;
    // Streams are not counted, nor requests that wait for their client.
    app.model.answer_with(&[], ModelEnding::Waits);
    let stream = tokio::spawn(alice.complete(&id, &json!({"task": "title"})).into_future());
    eventually("the model is asked", async || (app.model.running() > 0).then_some(())).await;
    let waiting = async |user: &crate::User, line: &str, lines: &str| {
        let head = format!("{line} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {}\r\n", user.access_token);
        let request = format!("{head}{lines}Content-Length: 1\r\nExpect: 100-continue\r\n\r\n");
        let mut connection = app.open(request.as_bytes()).await;
        let mut response = [0; 25];
        connection.read_exact(&mut response).await.expect("a response");
        assert_eq!(&response, b"HTTP/1.1 100 Continue\r\n\r\n");
        connection
    };
    let uploading = waiting(&bob, "POST /api/v1/memos", "Content-Type: application/json\r\n").await;
    // A body that is only verified.
    let digest = format!("Content-Digest: {}\r\n", content_digest(b"a"));
    let verifying = waiting(&carol, "GET /api/v1/me", &digest).await;
    let get = async || app.anonymous().get("/.well-known/jwks.json").await;
    eventually("requests that wait for their clients are no load", async || (get().await.status == 200).then_some(()))
        .await;
    // The next request of alice waits for her first one, two seconds at most.
    let mut queued = tokio::spawn(alice.list_memos(&[]).into_future());
    let refused = eventually("a request waits", async || {
        if queued.is_finished() {
            queued = tokio::spawn(alice.list_memos(&[]).into_future());
        }
        Some(get().await).filter(|response| response.status != 200)
    });
    let refused = refused.await.expect_status(503).problem("overloaded");
    assert_eq!(refused.header("retry-after"), Some("1"));
    app.anonymous().get("/healthz").await.expect_status(200);
    stream.abort();
    drop((uploading, verifying));
    let free = eventually("the requests have ended", async || {
        Some(bob.list_memos(&[]).await).filter(|response| response.status != 503)
    });
    free.await.expect_status(200);
}
