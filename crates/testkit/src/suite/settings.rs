//! What settings change. These tests start their own app.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use memo_conformance::TestStore;
use memo_domain::{Access, Store, StoreError, UnitOfWork};
use memo_memory::SequentialIds;
use memo_server::SignUpSetting;
use serde_json::json;

use crate::{TestApp, contract::known, suite::merged};

pub async fn a_closed_server_takes_no_sign_ups(store: Box<dyn TestStore>) {
    let app = TestApp::builder(store).settings(|settings| settings.auth.sign_up = SignUpSetting::Closed).start().await;
    let body = json!({"email": "a@example.com", "password": "correct horse", "display_name": "A"});
    app.anonymous().sign_up(&body).await.expect_status(403).problem("sign_up_closed");
    assert_eq!(
        app.anonymous().sign_in("a@example.com", "correct horse").await.expect_status(400)["error"],
        "invalid_grant"
    );
}

pub async fn without_a_leeway_a_refresh_token_is_used_once(store: Box<dyn TestStore>) {
    let none = Duration::ZERO.into();
    let app = TestApp::builder(store).settings(|settings| settings.auth.refresh_reuse_leeway = none).start().await;
    let (alice, anyone) = (app.user("alice").await, app.anonymous());
    let tokens = anyone.refresh(&alice.refresh_token).await.expect_status(200);
    assert_eq!(anyone.refresh(&alice.refresh_token).await.expect_status(400)["error"], "invalid_grant");
    anyone.with_token(tokens.text("access_token")).me().await.problem("sign_in_ended");
    assert_eq!(anyone.refresh(tokens.text("refresh_token")).await.expect_status(400)["error"], "invalid_grant");
}

pub async fn tokens_live_as_long_as_the_settings_say(store: Box<dyn TestStore>) {
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

pub async fn the_public_url_is_what_links_name(store: Box<dyn TestStore>) {
    let url = "https://memo.example.com";
    let app = TestApp::builder(store).settings(|settings| settings.server.public_url = Some(url.into())).start().await;
    assert_eq!(app.url(), url);
    let alice = app.user("alice").await;
    for _ in 0..2 {
        alice.memo("a").await;
    }
    let list = alice.list_memos(&[("limit", "1")]).await.expect_status(200);
    assert!(list.header("link").is_some_and(|link| link.starts_with("<https://memo.example.com/api/v1/memos?")));
    // The type of a problem is checked wherever there is one.
    alice.get_memo("x").await.problem("memo_not_found");
    alice.me().header("host", "memo.example.com").await.expect_status(200);
    alice.me().header("host", "other.example.com").await.problem("untrusted_host");
}

pub async fn what_is_known_of_a_member_or_the_server_is_no_password(store: Box<dyn TestStore>) {
    let app = TestApp::builder(store).settings(|settings| {
        settings.server.public_url = Some("https://memo.example.com:8443".into());
    });
    let app = app.start().await;
    let anyone = app.anonymous();
    let known = ["alice.liddell", "Alice.LIDDELL", "Alice Pleasance", "aLICE pLEASANCE", "Memo.Example.COM"];
    let account =
        json!({"email": "Alice.Liddell@example.com", "password": "correct horse", "display_name": "Alice Pleasance"});
    for password in known {
        let answer = anyone.sign_up(&merged(account.clone(), &json!({"password": password}))).await;
        let answer = answer.expect_status(422).problem("password_too_common");
        assert_eq!(answer.errors(), [("pointer", "/password", "password_too_common")]);
    }
    anyone.sign_up(&account).await.expect_status(201);

    let tokens = anyone.sign_in("alice.liddell@example.com", "correct horse").await.expect_status(200);
    let alice = anyone.with_token(tokens.text("access_token"));
    for password in known {
        let body = json!({"current_password": "correct horse", "new_password": password});
        let answer = alice.call("PUT", "/api/v1/me/password").json(&body).await.problem("password_too_common");
        assert_eq!(answer.errors(), [("pointer", "/new_password", "password_too_common")]);
    }
    anyone.forgot_password("alice.liddell@example.com").await.expect_empty(202);
    let token = app.reset_link("Alice.Liddell@example.com").await;
    for password in known {
        anyone.reset_password(&token, password).await.problem("password_too_common");
    }
    // A word more, and nobody guesses it first.
    anyone.reset_password(&token, "alice.liddell and the rabbit").await.expect_empty(204);
}

pub async fn behind_https_a_cookie_is_of_its_host_alone(store: Box<dyn TestStore>) {
    let url = "https://memo.example.com";
    let app = TestApp::builder(store).settings(|settings| settings.server.public_url = Some(url.into())).start().await;
    let (alice, browser) = (app.user("alice").await, app.browser());
    let answer = browser.sign_in_by_cookie(&alice.email, &alice.password).await.expect_status(200);
    let session = browser.cookie("__Host-memo_session").expect("a cookie of the host alone");
    let attributes = "; HttpOnly; SameSite=Lax; Secure; Path=/; Max-Age=7776000";
    answer.expect_header("set-cookie", &format!("__Host-memo_session={session}{attributes}"));
    browser.me().await.expect_status(200);
    // A name that a sibling's domain can set is no sign-in, be its value good or not.
    let planted = app.browser();
    planted.set_cookie("memo_session", &session);
    planted.me().await.problem("authentication_required");
    browser.set_cookie("memo_session", "planted");
    browser.me().await.expect_status(200);
    let gone = "__Host-memo_session=; HttpOnly; SameSite=Lax; Secure; Path=/; Max-Age=0";
    browser.sign_out().await.expect_empty(204).expect_header("set-cookie", gone);
    browser.me().await.problem("authentication_required");
}

pub async fn a_body_may_be_as_large_as_the_settings_say(store: Box<dyn TestStore>) {
    let app = TestApp::builder(store).settings(|settings| settings.server.body_limit.0 = 1_000).start().await;
    let alice = app.user("alice").await;
    let body = |length: usize| json!({"title": "a", "content": "x".repeat(length)});
    let room = 1_000 - body(0).to_string().len();
    alice.create_memo(&body(room)).await.expect_status(201);
    alice.create_memo(&body(room + 1)).await.expect_status(413).problem("body_too_large");
}

pub async fn a_batch_is_bounded_by_the_greater_limit(store: Box<dyn TestStore>) {
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

pub async fn allowed_origins_may_call(store: Box<dyn TestStore>) {
    let origin = "https://app.example.com";
    let app = TestApp::builder(store).settings(|settings| settings.cors.allowed_origins = vec![origin.into()]);
    let app = app.start().await;
    let alice = app.user("alice").await;
    let answer = alice.me().header("origin", origin).await.expect_status(200);
    assert_eq!(answer.header("access-control-allow-origin"), Some(origin));
    let exposed = answer.header("access-control-expose-headers").unwrap_or_default().to_lowercase();
    for name in ["etag", "link", "location", "x-request-id", "retry-after"] {
        assert!(exposed.contains(name), "{exposed}");
    }
    let preflight = app.anonymous().call("OPTIONS", "/api/v1/memos").header("origin", origin);
    let preflight = preflight.header("access-control-request-method", "POST");
    let preflight = preflight.header("access-control-request-headers", "authorization, content-type, if-match").await;
    assert!([200, 204].contains(&preflight.status), "{}", preflight.shown());
    assert_eq!(preflight.header("access-control-allow-origin"), Some(origin));
    // A page learns why it was refused, too.
    let refused = app.anonymous().me().header("origin", origin).await.problem("authentication_required");
    assert_eq!(refused.header("access-control-allow-origin"), Some(origin));
    let other = alice.me().header("origin", "https://evil.example.com").await;
    other.expect_no_header("access-control-allow-origin").expect_no_server_error();
}

pub async fn ids_come_from_the_port(store: Box<dyn TestStore>) {
    let app = TestApp::builder(store).ids(Arc::new(SequentialIds::new())).start().await;
    let id = app.user("alice").await.memo("a").await;
    assert!(id.starts_with("019c1347-d2fb-7000-8000-0000000000"), "{id}");
}

pub async fn a_node_that_stops_says_so_first(store: Box<dyn TestStore>) {
    let app = TestApp::builder(store).settings(|settings| {
        settings.server.shutdown_drain_delay = Duration::from_millis(500).into();
    });
    let mut app = app.start().await;
    let alice = app.user("alice").await;
    app.announce_stop();
    loop {
        let answer = app.anonymous().get("/readyz").await;
        if answer.status == 503 {
            answer.problem("draining");
            break;
        }
    }
    alice.memo("served as ever").await;
    app.anonymous().get("/healthz").await.expect_status(200);
}

/// A store that can be cut off.
struct Cut {
    store: Arc<dyn Store>,
    off: AtomicBool,
}

impl Cut {
    fn reached(&self) -> Result<&dyn Store, StoreError> {
        if self.off.load(Ordering::SeqCst) {
            Err(StoreError::Unavailable { source: "SELECT password FROM users at /var/lib/memo".into() })
        } else {
            Ok(&*self.store)
        }
    }
}

#[async_trait]
impl Store for Cut {
    async fn begin(&self, access: Access) -> Result<Box<dyn UnitOfWork>, StoreError> {
        self.reached()?.begin(access).await
    }

    async fn check(&self) -> Result<(), StoreError> {
        self.reached()?.check().await
    }

    async fn close(&self) {
        self.store.close().await;
    }
}

struct TestCut {
    cut: Arc<Cut>,
    _data: Box<dyn TestStore>,
}

impl TestStore for TestCut {
    fn store(&self) -> Arc<dyn Store> {
        self.cut.clone()
    }
}

pub async fn a_store_out_of_reach_is_said(store: Box<dyn TestStore>) {
    let cut = Arc::new(Cut { store: store.store(), off: AtomicBool::new(false) });
    let app = TestApp::builder(Box::new(TestCut { cut: cut.clone(), _data: store })).start().await;
    let alice = app.user("alice").await;
    let tokens = alice.sign_in_again("").await;
    // Whether the sign-in lives is remembered for a while: this one must be asked for.
    app.clock.advance(Duration::from_mins(1));
    cut.off.store(true, Ordering::SeqCst);
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
        let answer = call.await.expect_status(503).problem("store_unavailable");
        let text = String::from_utf8_lossy(&answer.body);
        assert!(!text.contains("SELECT") && !text.contains("/var/lib"), "{text}");
    }
    app.anonymous().get("/healthz").await.expect_status(200);
    cut.off.store(false, Ordering::SeqCst);
    app.anonymous().get("/readyz").await.expect_status(200);
    alice.memo("as ever").await;
}

pub async fn an_outage_is_no_guess(store: Box<dyn TestStore>) {
    let cut = Arc::new(Cut { store: store.store(), off: AtomicBool::new(false) });
    let app = TestApp::builder(Box::new(TestCut { cut: cut.clone(), _data: store })).start().await;
    let alice = app.user("alice").await;
    cut.off.store(true, Ordering::SeqCst);
    for _ in 0..12 {
        let answer = app.anonymous().sign_in(&alice.email, &alice.password).await;
        answer.expect_status(503).problem("store_unavailable");
    }
    cut.off.store(false, Ordering::SeqCst);
    alice.sign_in_again("").await;
    alice.change_password(&alice.password, "another horse battery").await.expect_empty(204);
}
