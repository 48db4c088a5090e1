//! Who signs up with the address of another person does not keep its owner out: the first proof of the address removes what
//! came before it.

use serde_json::json;

use super::social::{account, assert_flow_failed, assert_redirected, identities, link, social_sign_in};
use crate::{
    TestApp,
    suite::{me::mfa::with_second_factor, warm_session_cache},
};

const NEW: &str = "another horse battery";

pub async fn second_factor_needs_a_verified_address(app: TestApp) {
    let alice = app.user("alice").await;
    alice.begin_totp().await.expect_status(403).problem("email_not_verified");
    alice.verify_email(&app.verification(&alice.email).await).await.expect_empty(204);
    alice.begin_totp().await.expect_status(200);
    let moved = json!({"email": "liddell@example.com", "current_password": alice.password});
    alice.patch_me(&moved).await.expect_status(200);
    alice.begin_totp().await.expect_status(403).problem("email_not_verified");
}

pub async fn first_verification_removes_what_came_before_it(app: TestApp) {
    // Mallory has signed up with an address of Alice.
    let (mallory, browser) = (app.user("alice").await, app.browser());
    browser.sign_in_by_cookie(&mallory.email, &mallory.password).await.expect_status(200);
    let identity = || app.acme.user("mallory", None, false);
    assert_redirected(link(&browser, &app.acme, identity()).await, "/");
    mallory.memo("Milk").await;
    mallory.create_webhook(&json!({"url": "https://mallory.example.com"})).await.expect_status(201);
    warm_session_cache(&[&*mallory, &*browser]).await;
    app.anonymous().verify_email(&app.verification(&mallory.email).await).await.expect_empty(204);
    for actor in [&*mallory, &*browser] {
        actor.me().await.problem("sign_in_ended");
    }
    assert_eq!(app.anonymous().refresh(&mallory.refresh_token).await.expect_status(400)["error"], "invalid_grant");
    let elsewhere = app.browser();
    assert_redirected(
        social_sign_in(&elsewhere, &app.acme, app.acme.user("mallory", Some("m@example.com"), true)).await,
        "/",
    );
    assert_ne!(account(&elsewhere).await["id"], mallory.id);
    // The memos stay: the user who proves the address has the whole account.
    app.anonymous().forgot_password(&mallory.email).await.expect_empty(202);
    let reset = app.reset_link(&mallory.email).await;
    app.anonymous().reset_password(&reset, NEW).await.expect_empty(204);
    let tokens = app.anonymous().sign_in(&mallory.email, NEW).await.expect_status(200);
    let alice = app.anonymous().with_token(tokens.text("access_token"));
    assert_eq!(alice.titles(&[]).await, ["Milk"]);
    assert_eq!(alice.webhooks().await["items"], json!([]));
    let events = alice.audit().await.expect_status(200);
    let kinds: Vec<_> = events["items"].as_array().expect("a list").iter().map(|event| event["kind"].clone()).collect();
    assert!(kinds.contains(&json!("identity.unlinked")), "{kinds:?}");
}

pub async fn first_verification_keeps_the_session_that_carries_it(app: TestApp) {
    let (alice, bob, browser) = (app.user("alice").await, app.user("bob").await, app.browser());
    browser.sign_in_by_cookie(&alice.email, &alice.password).await.expect_status(200);
    // A session of another user keeps nothing.
    warm_session_cache(&[&*alice, &*bob, &*browser]).await;
    browser.verify_email(&app.verification(&alice.email).await).await.expect_empty(204);
    browser.me().await.expect_status(200);
    alice.me().await.problem("sign_in_ended");
    browser.verify_email(&app.verification(&bob.email).await).await.expect_empty(204);
    bob.me().await.problem("sign_in_ended");
    browser.me().await.expect_status(200);
}

pub async fn first_verification_keeps_the_identity_of_the_session_that_carries_it(app: TestApp) {
    let browser = app.browser();
    let user = || app.acme.user("carol", Some("carol@example.com"), false);
    assert_redirected(social_sign_in(&browser, &app.acme, user()).await, "/");
    assert_redirected(link(&browser, &app.other, app.other.user("carol", None, false)).await, "/");
    browser.verify_email(&app.verification("carol@example.com").await).await.expect_empty(204);
    assert_eq!(identities(&browser).await, [("acme".to_owned(), json!("carol@example.com"))]);
    assert_redirected(social_sign_in(&app.browser(), &app.acme, user()).await, "/");
}

pub async fn later_verification_and_reset_remove_nothing(app: TestApp) {
    let (alice, browser) = (app.verified_user("alice").await, app.browser());
    browser.sign_in_by_cookie(&alice.email, &alice.password).await.expect_status(200);
    assert_redirected(link(&browser, &app.acme, app.acme.user("alice", None, false)).await, "/");
    with_second_factor(&app, &alice).await;
    let moved = json!({"email": "liddell@example.com", "current_password": alice.password});
    alice.patch_me(&moved).await.expect_status(200);
    app.anonymous().verify_email(&app.verification("liddell@example.com").await).await.expect_empty(204);
    browser.me().await.expect_status(200);
    assert_eq!((&alice.mfa().await["totp"], identities(&alice).await.len()), (&json!(true), 1));
    // A reset at an address that is not verified yet keeps the second factor, too.
    let moved = json!({"email": "a.liddell@example.com", "current_password": alice.password});
    alice.patch_me(&moved).await.expect_status(200);
    app.anonymous().forgot_password("a.liddell@example.com").await.expect_empty(202);
    let reset = app.reset_link("a.liddell@example.com").await;
    app.anonymous().reset_password(&reset, NEW).await.expect_empty(204);
    let response = app.anonymous().sign_in("a.liddell@example.com", NEW).await.expect_status(400);
    assert_eq!(response["error"], "mfa_required");
}

pub async fn account_of_a_vouching_provider_counts_as_proved(app: TestApp) {
    let browser = app.browser();
    let user = || app.acme.user("alice", Some("alice@example.com"), true);
    assert_redirected(social_sign_in(&browser, &app.acme, user()).await, "/");
    browser.begin_totp().await.expect_status(200);
    app.anonymous().forgot_password("alice@example.com").await.expect_empty(202);
    let reset = app.reset_link("alice@example.com").await;
    app.anonymous().reset_password(&reset, NEW).await.expect_empty(204);
    assert_redirected(social_sign_in(&browser, &app.acme, user()).await, "/");
    // An account of one that does not vouch is proved by the reset.
    let thief = || app.acme.user("thief", Some("victim@example.com"), false);
    assert_redirected(social_sign_in(&app.browser(), &app.acme, thief()).await, "/");
    app.anonymous().forgot_password("victim@example.com").await.expect_empty(202);
    let reset = app.reset_link("victim@example.com").await;
    app.anonymous().reset_password(&reset, NEW).await.expect_empty(204);
    assert_flow_failed(social_sign_in(&app.browser(), &app.acme, thief()).await, "email_taken");
}
