//! Social sign-ins where the server is set up otherwise, or somebody has changed what it keeps. These tests start their own
//! app.

use std::sync::Arc;

use memo_conformance::TestStore;
use memo_domain::{Access, Email, Role, SecondFactor, Store, Timestamp, User, UserId};
use memo_server::SignUpSetting;
use serde_json::json;

use super::social::{
    account, authorize, callback, come_in, failed, link, no_one_is_signed_in, sent_to, set_cookie, state,
};
use crate::{START, TestApp};

/// The store of a test, for two servers.
struct Kept(Arc<dyn Store>);

impl TestStore for Kept {
    fn store(&self) -> Arc<dyn Store> {
        self.0.clone()
    }
}

async fn change_user(store: &Arc<dyn Store>, email: &str, change: impl FnOnce(&mut User)) -> UserId {
    let mut unit = store.begin(Access::Write).await.expect("a unit of work");
    let email = Email::new(email).expect("an address");
    let mut user = unit.users().find_by_email(&email).await.expect("a store").expect("a member");
    let from = user.version;
    change(&mut user);
    user.version = from.next();
    unit.users().update(&user, from).await.expect("changed");
    unit.commit().await.expect("committed");
    user.id
}

pub async fn cookies_of_a_server_behind_https_are_its_own_alone(store: Box<dyn TestStore>) {
    let url = "https://memo.example.com";
    let app = TestApp::builder(store).settings(|settings| settings.server.public_url = Some(url.into())).start().await;
    let browser = app.browser();
    let answer = authorize(&browser, "acme").await.expect_status(302);
    let cookie = set_cookie(&answer, "__Host-memo_sign_in_").expect("a flow");
    let mut attributes: Vec<_> = cookie.split("; ").skip(1).collect();
    attributes.sort_unstable();
    assert_eq!(attributes, ["HttpOnly", "Max-Age=600", "Path=/", "SameSite=Lax", "Secure"]);
    let state = state(answer);
    let code = app.acme.approve(&state, app.acme.user("alice", Some("alice@example.com"), true)).expect("a request");
    // A sibling's domain can set a cookie without the prefix: it counts for nothing.
    let sibling = app.browser();
    for (name, value) in browser.cookies("__Host-") {
        let name = name.strip_prefix("__Host-").expect("the prefix");
        for name in [name.to_owned(), format!("%5F%5FHost-{name}"), format!("__host-{name}")] {
            sibling.set_cookie(&name, &value);
        }
    }
    callback(&sibling, "acme", &[("state", &state), ("code", &code)]).await.problem("state_invalid");

    let answer = callback(&browser, "acme", &[("state", &state), ("code", &code)]).await.expect_status(303);
    let cookie = set_cookie(&answer, "__Host-memo_session").expect("a sign-in");
    for attribute in ["HttpOnly", "Path=/", "SameSite=Lax", "Secure"] {
        assert!(cookie.split("; ").any(|part| part == attribute), "{cookie}");
    }
    assert_eq!(account(&browser).await["display_name"], "alice");
    assert_eq!(browser.cookies("__Host-memo_sign_in"), []);
    // Nor is a name the server's that is so only when it is decoded: no browser takes that for the prefix.
    let session = browser.cookie("__Host-memo_session").expect("a sign-in");
    for name in ["memo_session", "%5F%5FHost-memo_session", "__Host-memo%5Fsession", "__host-memo_session"] {
        let sibling = app.browser();
        sibling.set_cookie(name, &session);
        sibling.me().await.expect_status(401).problem("authentication_required");
    }
}

pub async fn a_disabled_member_does_not_come_in(store: Box<dyn TestStore>) {
    let inside = store.store();
    let app = TestApp::builder(store).start().await;
    let browser = app.browser();
    let user = || app.acme.user("alice", Some("alice@example.com"), true);
    sent_to(come_in(&browser, &app.acme, user()).await, "/");
    let id = account(&browser).await["id"].as_str().expect("an id").to_owned();
    let admin = app.user("admin").await;
    change_user(&inside, &admin.email, |user| user.role = Role::Admin).await;
    let set = async |is_disabled: bool| {
        let call = admin.call("PATCH", &format!("/api/v1/admin/users/{id}")).json(&json!({"disabled": is_disabled}));
        call.await.expect_status(200);
    };
    set(true).await;
    no_one_is_signed_in(&browser).await;
    failed(come_in(&browser, &app.acme, user()).await, "account_disabled");
    no_one_is_signed_in(&browser).await;
    // Another social account with this address does not help.
    let other = app.other.user("alice", Some("alice@example.com"), true);
    failed(come_in(&browser, &app.other, other).await, "email_taken");
    set(false).await;
    sent_to(come_in(&browser, &app.acme, user()).await, "/");
    assert_eq!(account(&browser).await["id"], id);
}

pub async fn a_social_account_is_no_way_around_a_second_factor(store: Box<dyn TestStore>) {
    let inside = store.store();
    let app = TestApp::builder(store).start().await;
    let browser = app.browser();
    let user = || app.acme.user("alice", Some("alice@example.com"), true);
    sent_to(come_in(&browser, &app.acme, user()).await, "/");
    let id = account(&browser).await["id"].as_str().map(|id| UserId::parse(id).expect("an id")).expect("an id");
    // One that is not confirmed yet is not asked for.
    let enrolment = browser.call("POST", "/api/v1/me/mfa/totp").await.expect_status(200);
    assert!(enrolment["secret"].is_string());
    sent_to(come_in(&app.browser(), &app.acme, user()).await, "/");

    let now = Timestamp::parse(START).expect("a time");
    let mut unit = inside.begin(Access::Write).await.expect("a unit of work");
    let factor = SecondFactor {
        confirmed_at: Some(now),
        ..unit.second_factors().lookup(id).await.expect("a store").expect("one")
    };
    unit.second_factors().upsert(&factor).await.expect("kept");
    unit.commit().await.expect("committed");
    let elsewhere = app.browser();
    failed(come_in(&elsewhere, &app.acme, user()).await, "mfa_required");
    no_one_is_signed_in(&elsewhere).await;
    account(&browser).await;
}

pub async fn a_closed_server_makes_no_accounts_of_social_ones(store: Box<dyn TestStore>) {
    let open = TestApp::builder(Box::new(Kept(store.store()))).start().await;
    let browser = open.browser();
    sent_to(come_in(&browser, &open.acme, open.acme.user("alice", Some("a@example.com"), true)).await, "/");
    let alice = account(&browser).await;
    let app = TestApp::builder(Box::new(Kept(store.store())));
    let app = app.settings(|settings| settings.auth.sign_up = SignUpSetting::Closed).start().await;
    let browser = app.browser();
    failed(come_in(&browser, &app.acme, app.acme.user("bob", Some("b@example.com"), true)).await, "sign_up_closed");
    // Nor is it told whose an address is.
    failed(come_in(&browser, &app.acme, app.acme.user("bob", Some("a@example.com"), true)).await, "sign_up_closed");
    no_one_is_signed_in(&browser).await;
    // Who has an account comes in, and links.
    sent_to(come_in(&browser, &app.acme, app.acme.user("alice", Some("a@example.com"), true)).await, "/");
    assert_eq!(account(&browser).await, alice);
    sent_to(link(&browser, &app.other, app.other.user("alice", None, false)).await, "/");
}
