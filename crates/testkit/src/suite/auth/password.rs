//! Reset of a forgotten password by a link in a mail.

use std::time::Duration;

use serde_json::json;

use crate::{
    Response, TestApp,
    suite::{send_concurrently, warm_session_cache},
};

const NEW: &str = "another horse battery";

/// The status, headers and body of a response, without the headers that differ in every response.
fn comparable(response: &Response) -> (u16, Vec<String>, Vec<u8>) {
    let own = ["x-request-id", "server-timing", "date"];
    let mut headers: Vec<_> = response
        .headers
        .iter()
        .filter(|(name, _)| !own.contains(&name.as_str()))
        .map(|(name, value)| format!("{name}: {value:?}"))
        .collect();
    headers.sort();
    (response.status, headers, response.body.clone())
}

pub async fn forgot_password_response_does_not_reveal_the_account(app: TestApp) {
    let (alice, bob, admin) = (app.user("alice").await, app.user("bob").await, app.admin("root").await);
    admin.patch_user(&bob.id, &json!({"disabled": true})).await.expect_status(200);
    let anonymous = app.anonymous();
    let mut responses = Vec::new();
    for email in ["nobody@example.com", &*bob.email, &*alice.email, &*alice.email.to_uppercase()] {
        responses.push(comparable(&anonymous.forgot_password(email).await.expect_empty(202)));
    }
    responses.dedup();
    assert_eq!(responses.len(), 1, "the responses differ: {responses:?}");
    // Her link is queued last, so mail to the others would have been sent by now.
    app.reset_link(&alice.email).await;
    let others: Vec<_> = app.mail.sent().into_iter().filter(|mail| mail.subject.contains("password")).collect();
    assert!(others.is_empty(), "{others:?}");
    anonymous.forgot_password("not an address").await.invalid("/email", "malformed");
}

pub async fn reset_link_sets_a_new_password_and_ends_all_sessions(app: TestApp) {
    let (alice, browser) = (app.user("alice").await, app.browser());
    browser.sign_in_by_cookie(&alice.email, &alice.password).await.expect_status(200);
    warm_session_cache(&[&*alice, &*browser]).await;
    app.anonymous().forgot_password(&alice.email).await.expect_empty(202);
    let token = app.reset_link(&alice.email).await;
    app.anonymous().get(&format!("/reset-password?token={token}")).await.expect_status(200);
    let done = app.anonymous().reset_password(&token, NEW).await.expect_empty(204);
    done.expect_header("cache-control", "no-store").expect_no_header("set-cookie");
    // Every session has ended immediately.
    alice.me().await.problem("sign_in_ended");
    browser.me().await.problem("sign_in_ended");
    let anonymous = app.anonymous();
    assert_eq!(anonymous.refresh(&alice.refresh_token).await.expect_status(400)["error"], "invalid_grant");
    assert_eq!(anonymous.sign_in(&alice.email, &alice.password).await.expect_status(400)["error"], "invalid_grant");
    let tokens = anonymous.sign_in(&alice.email, NEW).await.expect_status(200);
    // Following the link proves ownership of the address.
    assert_eq!(anonymous.with_token(tokens.text("access_token")).me().await["email_verified"], true);
    app.mail_to(&alice.email, "Your password was changed").await;
    anonymous.reset_password(&token, "yet another horse").await.expect_status(422).problem("token_invalid");
    anonymous.sign_in(&alice.email, NEW).await.expect_status(200);
}

pub async fn reset_link_expires_after_an_hour(app: TestApp) {
    let (alice, bob, anonymous) = (app.user("alice").await, app.user("bob").await, app.anonymous());
    for user in [&alice, &bob] {
        anonymous.forgot_password(&user.email).await.expect_empty(202);
    }
    let (alice_token, bob_token) = (app.reset_link(&alice.email).await, app.reset_link(&bob.email).await);
    app.clock.advance(Duration::from_secs(3_599));
    anonymous.reset_password(&alice_token, NEW).await.expect_empty(204);
    app.clock.advance(Duration::from_secs(1));
    anonymous.reset_password(&bob_token, NEW).await.problem("token_invalid");
    anonymous.sign_in(&bob.email, &bob.password).await.expect_status(200);
}

pub async fn reset_link_is_revoked_by_a_change_of_password_or_address(app: TestApp) {
    let (alice, bob, anonymous) = (app.user("alice").await, app.user("bob").await, app.anonymous());
    for user in [&alice, &bob] {
        anonymous.forgot_password(&user.email).await.expect_empty(202);
    }
    let (alice_token, bob_token) = (app.reset_link(&alice.email).await, app.reset_link(&bob.email).await);
    alice.change_password(&alice.password, NEW).await.expect_empty(204);
    anonymous.reset_password(&alice_token, "yet another horse").await.problem("token_invalid");
    // The owner of the old mailbox must not be able to take over the account.
    let moved = json!({"email": "robert@example.com", "current_password": bob.password});
    bob.patch_me(&moved).await.expect_status(200);
    anonymous.reset_password(&bob_token, "yet another horse").await.problem("token_invalid");
    anonymous.forgot_password(&bob.email).await.expect_empty(202);
    let back = json!({"email": bob.email, "current_password": bob.password});
    bob.patch_me(&back).await.expect_status(200);
    anonymous.reset_password(&bob_token, "yet another horse").await.problem("token_invalid");
    anonymous.sign_in(&bob.email, &bob.password).await.expect_status(200);
    anonymous.sign_in(&alice.email, NEW).await.expect_status(200);
}

pub async fn rejected_reset_keeps_the_link_valid(app: TestApp) {
    let (alice, anonymous) = (app.user("alice").await, app.anonymous());
    anonymous.forgot_password(&alice.email).await.expect_empty(202);
    let token = app.reset_link(&alice.email).await;
    anonymous.reset_password(&token, "password123").await.expect_status(422).problem("password_too_common");
    anonymous.reset_password(&token, &alice.email).await.problem("password_too_common");
    anonymous.reset_password(&token, "short").await.invalid("/password", "too_short");
    let more = json!({"token": token, "password": NEW, "email": "mallory@example.com"});
    anonymous.call("POST", "/api/v1/auth/password/reset").json(&more).await.invalid("/email", "unknown_member");
    alice.me().await.expect_status(200);
    anonymous.reset_password(&token, NEW).await.expect_empty(204);
    for wrong in ["", "x", &"A".repeat(43), &alice.refresh_token, &alice.access_token] {
        let rejected = anonymous.reset_password(wrong, "yet another horse").await.problem("token_invalid");
        assert_eq!(rejected.errors(), [("pointer", "/token", "token_invalid")]);
    }
}

pub async fn concurrent_resets_by_one_link_succeed_once(app: TestApp) {
    let (alice, anonymous) = (app.user("alice").await, app.anonymous());
    anonymous.forgot_password(&alice.email).await.expect_empty(202);
    let token = app.reset_link(&alice.email).await;
    let passwords: Vec<_> = (0..6).map(|number| format!("{NEW} {number}")).collect();
    let responses =
        send_concurrently(passwords.iter().map(|password| anonymous.reset_password(&token, password))).await;
    let done = responses.iter().filter(|response| response.status == 204).count();
    assert_eq!(done, 1);
    for response in responses.into_iter().filter(|response| response.status != 204) {
        response.problem("token_invalid");
    }
    let mut signed_in = 0;
    for password in &passwords {
        signed_in += usize::from(anonymous.sign_in(&alice.email, password).await.status == 200);
    }
    assert_eq!(signed_in, 1);
}
