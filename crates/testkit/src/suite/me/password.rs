//! Changes of the password.

use serde_json::json;

use crate::{
    TestApp,
    suite::{merged, send_concurrently, warm_session_cache},
};

const NEW: &str = "another horse battery";

pub async fn password_change_ends_all_other_sessions(app: TestApp) {
    let (alice, browser) = (app.user("alice").await, app.browser());
    let anonymous = app.anonymous();
    browser.sign_in_by_cookie(&alice.email, &alice.password).await.expect_status(200);
    let other = alice.sign_in_again("").await;
    let other_token = anonymous.with_token(other.text("access_token"));
    warm_session_cache(&[&*alice, &*browser, &other_token]).await;
    let done = browser.change_password(&alice.password, NEW).await.expect_empty(204);
    done.expect_header("cache-control", "no-store");
    browser.me().await.expect_status(200);
    // All other sessions have ended immediately.
    for actor in [&*alice, &other_token] {
        actor.me().await.problem("sign_in_ended");
    }
    for token in [&*alice.refresh_token, other.text("refresh_token")] {
        assert_eq!(anonymous.refresh(token).await.expect_status(400)["error"], "invalid_grant");
    }
    assert_eq!(anonymous.sign_in(&alice.email, &alice.password).await.expect_status(400)["error"], "invalid_grant");
    anonymous.sign_in(&alice.email, NEW).await.expect_status(200);
    app.mail_to(&alice.email, "Your password was changed").await;
}

pub async fn password_change_keeps_the_current_token_session(app: TestApp) {
    let alice = app.user("alice").await;
    alice.change_password(&alice.password, NEW).await.expect_empty(204);
    alice.me().await.expect_status(200);
    app.anonymous().refresh(&alice.refresh_token).await.expect_status(200);
}

pub async fn password_change_needs_the_current_password(app: TestApp) {
    let (alice, bob) = (app.user("alice").await, app.user("bob").await);
    let call = |body| alice.call("PUT", "/api/v1/me/password").json(&body);
    let body = json!({"current_password": alice.password, "new_password": NEW});
    for wrong in ["a wrong password", "", "short", &alice.password.to_uppercase(), NEW] {
        let wrong = merged(body.clone(), &json!({"current_password": wrong}));
        call(wrong).await.expect_status(403).problem("password_wrong");
    }
    call(json!({"new_password": NEW})).await.problem("password_wrong");
    call(merged(body.clone(), &json!({"current_password": null}))).await.problem("password_wrong");
    for (change, pointer, code) in [
        (json!({"new_password": "short"}), "/new_password", "too_short"),
        (json!({"new_password": "x".repeat(129)}), "/new_password", "too_long"),
        (json!({"new_password": null}), "/new_password", "wrong_type"),
        (json!({"email": "mallory@example.com"}), "/email", "unknown_member"),
        (json!({"id": bob.id}), "/id", "unknown_member"),
        (json!({"password_hash": "x"}), "/password_hash", "unknown_member"),
    ] {
        call(merged(body.clone(), &change)).await.invalid(pointer, code);
    }
    call(merged(body.clone(), &json!({"new_password": "password123"}))).await.problem("password_too_common");
    let own = call(merged(body, &json!({"new_password": alice.email}))).await.problem("password_too_common");
    assert_eq!(own.errors(), [("pointer", "/new_password", "password_too_common")]);
    alice.sign_in_again("").await;
    bob.sign_in_again("").await;
}

pub async fn concurrent_password_changes_succeed_once(app: TestApp) {
    let alice = app.user("alice").await;
    let passwords = [format!("{NEW} 1"), format!("{NEW} 2")];
    let responses = send_concurrently(passwords.iter().map(|new| alice.change_password(&alice.password, new))).await;
    let mut statuses: Vec<_> = responses.iter().map(|response| response.status).collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [204, 403]);
    let mut accepted = 0;
    for password in &passwords {
        accepted += usize::from(app.anonymous().sign_in(&alice.email, password).await.status == 200);
    }
    assert_eq!(accepted, 1);
}
