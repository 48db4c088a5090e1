//! Users delete their account.

use serde_json::json;

use crate::{
    TestApp,
    suite::{me::mfa::with_second_factor, warm_session_cache},
};

pub async fn withdrawal_removes_all_data_and_sessions(app: TestApp) {
    let (mut alice, bob, browser) = (app.verified_user("alice").await, app.user("bob").await, app.browser());
    let anonymous = app.anonymous();
    browser.sign_in_by_cookie(&alice.email, &alice.password).await.expect_status(200);
    let other = alice.with_token(alice.sign_in_again("").await.text("access_token"));
    let public = alice.create_memo(&json!({"title": "Milk", "visibility": "public"})).await.expect_status(201);
    alice.memo("Bread").await;
    with_second_factor(&app, &alice).await;
    let moved = json!({"email": "moved@example.com", "current_password": alice.password});
    alice.patch_me(&moved).await.expect_status(200);
    "moved@example.com".clone_into(&mut alice.email);
    let verification = app.verification(&alice.email).await;
    anonymous.forgot_password(&alice.email).await.expect_empty(202);
    let reset = app.reset_link(&alice.email).await;
    warm_session_cache(&[&*alice, &*browser, &other]).await;
    bob.get_memo(public.id()).await.expect_status(200);
    let session = browser.session();

    let done = browser.withdraw(&alice.password).await.expect_empty(204);
    assert!(done.header("clear-site-data").is_some());
    assert_eq!(browser.cookie("memo_session"), None);
    // Every session has ended immediately.
    browser.set_session(&session);
    for actor in [&*alice, &*browser, &other] {
        for call in [actor.me(), actor.list_memos(&[]), actor.sessions(), actor.audit()] {
            call.await.expect_status(401).problem("sign_in_ended");
        }
        actor.create_memo(&json!({"title": "a"})).await.problem("sign_in_ended");
    }
    for response in
        [anonymous.refresh(&alice.refresh_token).await, anonymous.sign_in(&alice.email, &alice.password).await]
    {
        assert_eq!(response.expect_status(400)["error"], "invalid_grant");
    }
    anonymous.verify_email(&verification).await.problem("token_invalid");
    anonymous.reset_password(&reset, "another horse battery").await.problem("token_invalid");
    bob.get_memo(public.id()).await.problem("memo_not_found");
    assert!(bob.titles(&[("scope", "public")]).await.is_empty());

    // The address is free, and a new account with it inherits nothing.
    let account = json!({"email": alice.email, "password": alice.password, "display_name": "Another"});
    let another = anonymous.sign_up(&account).await.expect_status(201);
    assert_ne!(another.id(), alice.id);
    let tokens = anonymous.sign_in(&alice.email, &alice.password).await.expect_status(200);
    let another = anonymous.with_token(tokens.text("access_token"));
    assert!(another.titles(&[]).await.is_empty());
    assert_eq!(another.mfa().await["totp"], false);
    let events = another.audit().await.expect_status(200);
    assert!(!String::from_utf8_lossy(&events.body).contains(&alice.id));
    alice.me().await.problem("sign_in_ended");
}

pub async fn withdrawal_needs_the_password_and_an_interactive_session(app: TestApp) {
    let (alice, bob) = (app.user("alice").await, app.user("bob").await);
    let call = |body| alice.call("DELETE", "/api/v1/me").json(&body);
    for wrong in ["a wrong password", "", &alice.password.to_uppercase()] {
        alice.withdraw(wrong).await.expect_status(403).problem("password_wrong");
    }
    call(json!({})).await.problem("password_wrong");
    call(json!({"password": null})).await.problem("password_wrong");
    call(json!({"password": alice.password, "id": bob.id})).await.invalid("/id", "unknown_member");
    call(json!({"password": alice.password, "email": bob.email})).await.invalid("/email", "unknown_member");
    alice.call("DELETE", "/api/v1/me").await.expect_status(415).problem("unsupported_media_type");
    alice.with_scope("account:write").await.withdraw(&alice.password).await.problem("interactive_sign_in_required");
    alice.me().await.expect_status(200);
    bob.me().await.expect_status(200);
}

pub async fn last_administrator_cannot_withdraw(app: TestApp) {
    let (root, second) = (app.admin("root").await, app.admin("second").await);
    second.withdraw(&second.password).await.expect_empty(204);
    root.memo("Milk").await;
    root.withdraw(&root.password).await.expect_status(409).problem("last_administrator");
    // The account is unchanged.
    assert_eq!(root.titles(&[]).await, ["Milk"]);
    root.list_users(&[]).await.expect_status(200);
    app.anonymous().refresh(&root.refresh_token).await.expect_status(200);
}
