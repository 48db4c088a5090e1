//! A claim of the provider decides on the role.

use memo_domain::{Role, SocialRole, SocialUser};
use serde_json::json;

use super::social::{
    account, assert_flow_failed, assert_redirected, assert_signed_out, identities, link, social_sign_in,
};
use crate::TestApp;

const ADMIN: SocialRole = SocialRole::Mapped(Role::Admin);
const USER: SocialRole = SocialRole::Mapped(Role::Member);

fn alice(app: &TestApp, role: SocialRole) -> SocialUser {
    SocialUser { role, ..app.acme.user("alice", Some("alice@example.com"), true) }
}

pub async fn role_follows_the_provider_at_each_sign_in(app: TestApp) {
    app.admin("root").await;
    let browser = app.browser();
    for (says, role) in [(ADMIN, "admin"), (SocialRole::Unmapped, "admin"), (USER, "member"), (ADMIN, "admin")] {
        assert_redirected(social_sign_in(&browser, &app.acme, alice(&app, says)).await, "/");
        assert_eq!(account(&browser).await["role"], role, "{says:?}");
        let status = if role == "admin" { 200 } else { 403 };
        browser.get("/api/v1/admin/users").await.expect_status(status);
    }
    let events = browser.audit().await.expect_status(200);
    let events =
        events["items"].as_array().expect("a list").iter().filter(|event| event["kind"] == "admin.role_changed");
    let details: Vec<_> = events.map(|event| event["detail"].clone()).collect();
    assert_eq!(details, [json!("admin"), json!("member"), json!("admin")]);
}

pub async fn last_administrator_stays_one_whatever_the_provider_says(app: TestApp) {
    let browser = app.browser();
    assert_redirected(social_sign_in(&browser, &app.acme, alice(&app, ADMIN)).await, "/");
    assert_redirected(social_sign_in(&browser, &app.acme, alice(&app, USER)).await, "/");
    assert_eq!(account(&browser).await["role"], "admin");
    app.admin("root").await;
    assert_redirected(social_sign_in(&browser, &app.acme, alice(&app, USER)).await, "/");
    assert_eq!(account(&browser).await["role"], "member");
}

pub async fn user_whom_the_provider_does_not_let_in_is_refused(app: TestApp) {
    let (browser, bob) = (app.browser(), app.user("bob").await);
    let refused = || alice(&app, SocialRole::Refused);
    assert_flow_failed(social_sign_in(&browser, &app.acme, refused()).await, "not_allowed");
    assert_signed_out(&browser).await;
    // No account was created, and none is linked.
    app.anonymous()
        .sign_up(&json!({"email": "alice@example.com", "password": bob.password, "display_name": "A"}))
        .await
        .expect_status(201);
    let of_bob = app.browser();
    of_bob.sign_in_by_cookie(&bob.email, &bob.password).await.expect_status(200);
    assert_flow_failed(link(&of_bob, &app.acme, refused()).await, "not_allowed");
    assert!(identities(&bob).await.is_empty());
    // A user who signed in before is refused as well, and finds it in the audit log.
    let known = |role| SocialUser { role, ..app.other.user("carol", Some("carol@example.com"), true) };
    assert_redirected(social_sign_in(&browser, &app.other, known(SocialRole::Unmapped)).await, "/");
    assert_flow_failed(social_sign_in(&app.browser(), &app.other, known(SocialRole::Refused)).await, "not_allowed");
    let events = browser.audit().await.expect_status(200);
    assert_eq!(
        (&events["items"][0]["kind"], &events["items"][0]["detail"]),
        (&json!("sign_in.failed"), &json!("other"))
    );
}
