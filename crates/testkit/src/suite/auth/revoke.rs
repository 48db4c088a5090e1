use std::time::Duration;

use serde_json::json;

use crate::{TestApp, User, suite::send_concurrently};

/// Revokes a token of one session, and asserts that this session has ended and another one has not.
async fn assert_revokes_session(app: TestApp, token: impl Fn(&User) -> String) {
    let (alice, anonymous) = (app.user("alice").await, app.anonymous());
    let elsewhere = alice.sign_in_again("").await;
    // Fill the session cache.
    alice.me().await.expect_status(200);
    anonymous.revoke(&token(&alice)).await.expect_empty(200).expect_header("cache-control", "no-store");
    alice.me().await.problem("sign_in_ended");
    assert_eq!(anonymous.refresh(&alice.refresh_token).await.expect_status(400)["error"], "invalid_grant");
    alice.with_token(elsewhere.text("access_token")).me().await.expect_status(200);
    // Revoking again is not an error.
    anonymous.revoke(&token(&alice)).await.expect_empty(200);
}

pub async fn revoking_a_refresh_token_ends_its_session(app: TestApp) {
    assert_revokes_session(app, |alice| alice.refresh_token.clone()).await;
}

pub async fn revoking_an_access_token_ends_its_session(app: TestApp) {
    assert_revokes_session(app, |alice| alice.access_token.clone()).await;
}

pub async fn revoking_a_used_refresh_token_ends_its_session(app: TestApp) {
    let (alice, anonymous) = (app.user("alice").await, app.anonymous());
    let tokens = anonymous.refresh(&alice.refresh_token).await.expect_status(200);
    anonymous.revoke(&alice.refresh_token).await.expect_empty(200);
    anonymous.with_token(tokens.text("access_token")).me().await.problem("sign_in_ended");
    assert_eq!(anonymous.refresh(tokens.text("refresh_token")).await.expect_status(400)["error"], "invalid_grant");
}

pub async fn revoking_an_expired_access_token_ends_its_session(app: TestApp) {
    let (alice, anonymous) = (app.user("alice").await, app.anonymous());
    app.clock.advance(Duration::from_hours(1));
    alice.me().await.problem("access_token_expired");
    anonymous.revoke(&alice.access_token).await.expect_empty(200);
    assert_eq!(anonymous.refresh(&alice.refresh_token).await.expect_status(400)["error"], "invalid_grant");
}

pub async fn revoking_an_invalid_token_succeeds(app: TestApp) {
    let alice = app.user("alice").await;
    let revoke = |form: &[(&str, &str)]| app.anonymous().call("POST", "/api/v1/auth/revoke").form(form);
    let forged = format!("{}A", alice.access_token);
    for token in ["", "x", "%00", &forged, &"A".repeat(43)] {
        revoke(&[("token", token)]).await.expect_empty(200);
    }
    revoke(&[]).await.expect_empty(200);
    revoke(&[("token_type_hint", "refresh_token")]).query(&[("a", "b")]).await.expect_empty(200);
    alice.me().await.expect_status(200);
}

pub async fn revoke_ignores_unknown_parameters(app: TestApp) {
    let alice = app.user("alice").await;
    let form = [("token_type_hint", "access_token"), ("token", &*alice.refresh_token), ("client_id", "explorer")];
    let call = app.anonymous().call("POST", "/api/v1/auth/revoke").form(&form).query(&[("flavour", "vanilla")]);
    call.await.expect_empty(200);
    alice.create_memo(&json!({"title": "a"})).await.problem("sign_in_ended");
}

pub async fn revocation_wins_over_concurrent_refreshes(app: TestApp) {
    let (alice, anonymous) = (app.user("alice").await, app.anonymous());
    for round in 0..5 {
        let tokens = alice.sign_in_again("").await;
        let token = tokens.text("refresh_token");
        let calls = (0..8).map(|n| if n == round + 2 { anonymous.revoke(token) } else { anonymous.refresh(token) });
        let responses = send_concurrently(calls).await;
        for fresh in responses.iter().filter_map(|response| response.json["refresh_token"].as_str()).chain([token]) {
            assert_eq!(anonymous.refresh(fresh).await.expect_status(400)["error"], "invalid_grant");
        }
        anonymous.with_token(tokens.text("access_token")).me().await.problem("sign_in_ended");
    }
    alice.me().await.expect_status(200);
}
