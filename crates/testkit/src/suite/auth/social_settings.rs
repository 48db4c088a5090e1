//! Social accounts under other settings, or after changes made directly in the store. These tests start their own app.

use memo_conformance::{SharedStore, TestStore};
use memo_domain::{SecondFactor, Timestamp, UserId};
use memo_server::SignUpSetting;
use serde_json::json;

use super::social::{
    account, approve, assert_flow_failed, assert_redirected, assert_signed_out, authorize, callback, link, set_cookie,
    social_sign_in, state,
};
use crate::{START, TestApp};

pub async fn social_cookies_have_the_host_prefix_over_https(store: Box<dyn TestStore>) {
    let url = "https://memo.example.com";
    let app = TestApp::builder(store).settings(|settings| settings.server.public_url = Some(url.into())).start().await;
    let browser = app.browser();
    let response = authorize(&browser, "acme").await.expect_status(302);
    let cookie = set_cookie(&response, "__Host-memo_sign_in_").expect("a flow cookie");
    let mut attributes: Vec<_> = cookie.split("; ").skip(1).collect();
    attributes.sort_unstable();
    assert_eq!(attributes, ["HttpOnly", "Max-Age=600", "Path=/", "SameSite=Lax", "Secure"]);
    let state = state(response);
    let code = approve(&app.acme, &state, app.acme.user("alice", Some("alice@example.com"), true));
    // A sibling domain can set a cookie without the `__Host-` prefix; it must be ignored.
    let sibling = app.browser();
    for (name, value) in browser.cookies("__Host-") {
        let name = name.strip_prefix("__Host-").expect("the prefix");
        for name in [name.to_owned(), format!("%5F%5FHost-{name}"), format!("__host-{name}")] {
            sibling.set_cookie(&name, &value);
        }
    }
    callback(&sibling, "acme", &[("state", &state), ("code", &code)]).await.problem("state_invalid");

    let response = callback(&browser, "acme", &[("state", &state), ("code", &code)]).await.expect_status(303);
    let cookie = set_cookie(&response, "__Host-memo_session").expect("a session cookie");
    for attribute in ["HttpOnly", "Path=/", "SameSite=Lax", "Secure"] {
        assert!(cookie.split("; ").any(|part| part == attribute), "{cookie}");
    }
    assert_eq!(account(&browser).await["display_name"], "alice");
    assert_eq!(browser.cookies("__Host-memo_sign_in"), []);
    // A name that equals the server's only after decoding does not get the browser's protection, so it is ignored, too.
    let session = browser.cookie("__Host-memo_session").expect("a session cookie");
    for name in ["memo_session", "%5F%5FHost-memo_session", "__Host-memo%5Fsession", "__host-memo_session"] {
        let sibling = app.browser();
        sibling.set_cookie(name, &session);
        sibling.me().await.expect_status(401).problem("authentication_required");
    }
}

pub async fn disabled_user_cannot_sign_in_with_a_social_account(store: Box<dyn TestStore>) {
    let app = TestApp::builder(store).start().await;
    let browser = app.browser();
    let user = || app.acme.user("alice", Some("alice@example.com"), true);
    assert_redirected(social_sign_in(&browser, &app.acme, user()).await, "/");
    let id = account(&browser).await["id"].as_str().expect("an id").to_owned();
    let admin = app.admin("admin").await;
    let set_disabled = async |is_disabled: bool| {
        let call = admin.call("PATCH", &format!("/api/v1/admin/users/{id}")).json(&json!({"disabled": is_disabled}));
        call.await.expect_status(200);
    };
    set_disabled(true).await;
    assert_signed_out(&browser).await;
    assert_flow_failed(social_sign_in(&browser, &app.acme, user()).await, "account_disabled");
    assert_signed_out(&browser).await;
    // Another social account with the same address does not help.
    let other = app.other.user("alice", Some("alice@example.com"), true);
    assert_flow_failed(social_sign_in(&browser, &app.other, other).await, "email_taken");
    set_disabled(false).await;
    assert_redirected(social_sign_in(&browser, &app.acme, user()).await, "/");
    assert_eq!(account(&browser).await["id"], id);
}

pub async fn social_sign_in_does_not_bypass_the_second_factor(store: Box<dyn TestStore>) {
    let app = TestApp::builder(store).start().await;
    let browser = app.browser();
    let user = || app.acme.user("alice", Some("alice@example.com"), true);
    assert_redirected(social_sign_in(&browser, &app.acme, user()).await, "/");
    let id = account(&browser).await["id"].as_str().map(|id| UserId::parse(id).expect("an id")).expect("an id");
    // A factor that is not confirmed yet is not required.
    let enrolment = browser.call("POST", "/api/v1/me/mfa/totp").await.expect_status(200);
    assert!(enrolment["secret"].is_string());
    assert_redirected(social_sign_in(&app.browser(), &app.acme, user()).await, "/");

    let now = Timestamp::parse(START).expect("a time");
    let confirmed = app.write(async |unit| {
        let factor = unit.second_factors().lookup(id).await?.expect("a factor");
        unit.second_factors().upsert(&SecondFactor { confirmed_at: Some(now), ..factor }).await
    });
    confirmed.await;
    let elsewhere = app.browser();
    assert_flow_failed(social_sign_in(&elsewhere, &app.acme, user()).await, "mfa_required");
    assert_signed_out(&elsewhere).await;
    account(&browser).await;
}

pub async fn closed_sign_up_rejects_new_social_accounts(store: Box<dyn TestStore>) {
    let store = SharedStore::of(store);
    let open = TestApp::builder(store.boxed()).start().await;
    let browser = open.browser();
    assert_redirected(
        social_sign_in(&browser, &open.acme, open.acme.user("alice", Some("a@example.com"), true)).await,
        "/",
    );
    let alice = account(&browser).await;
    let app = TestApp::builder(store.boxed()).node_of(&open);
    let app = app.settings(|settings| settings.auth.sign_up = SignUpSetting::Closed).start().await;
    let browser = app.browser();
    assert_flow_failed(
        social_sign_in(&browser, &app.acme, app.acme.user("bob", Some("b@example.com"), true)).await,
        "sign_up_closed",
    );
    // The error does not reveal whether an address has an account.
    assert_flow_failed(
        social_sign_in(&browser, &app.acme, app.acme.user("bob", Some("a@example.com"), true)).await,
        "sign_up_closed",
    );
    assert_signed_out(&browser).await;
    // Users with an account can still sign in and link.
    assert_redirected(
        social_sign_in(&browser, &app.acme, app.acme.user("alice", Some("a@example.com"), true)).await,
        "/",
    );
    assert_eq!(account(&browser).await, alice);
    assert_redirected(link(&browser, &app.other, app.other.user("alice", None, false)).await, "/");
}
