//! The audit log of an account, as its owner reads it.

use std::time::Duration;

use memo_conformance::eventually;
use serde_json::{Value, json};

use crate::{
    Actor, Response, TestApp,
    suite::{assert_json, me::mfa::with_second_factor},
};

fn kinds(list: &Response) -> Vec<String> {
    let items = list["items"].as_array().expect("a list");
    items.iter().map(|item| item["kind"].as_str().expect("a kind").to_owned()).collect()
}

/// The first page, as soon as it has `count` events of a kind. Failures are recorded asynchronously.
async fn wait_for_events(actor: &Actor, kind: &str, count: usize) -> Response {
    eventually(&format!("{count} events {kind}"), async || {
        let list = actor.audit().query(&[("limit", "100")]).await.expect_status(200);
        (kinds(&list).iter().filter(|one| *one == kind).count() == count).then_some(list)
    })
    .await
}

pub async fn audit_event_has_kind_time_device_ip_and_request_id(app: TestApp) {
    let alice = app.user("alice").await;
    app.clock.advance(Duration::from_mins(1));
    let call = alice.change_password(&alice.password, "another horse battery").header("user-agent", "Firefox/143.0");
    call.header("x-request-id", "the-change").await.expect_empty(204);
    let list = alice.audit().await.expect_status(200);
    assert_eq!(kinds(&list), ["password.changed", "sign_in.succeeded", "account.signed_up"]);
    assert_json!(list["items"][0], @r#"
    {
      "actor_id": null,
      "api_key_id": null,
      "at": "2026-01-31T09:01:00.123456Z",
      "detail": null,
      "device": "Firefox/143.0",
      "id": "019c1348-bd5b-7000-8000-00000000000a",
      "ip": "127.0.0.1",
      "kind": "password.changed",
      "request_id": "the-change",
      "user_id": "019c1347-d2fb-7000-8000-000000000002"
    }
    "#);
    assert_eq!(list["items"][0]["user_id"], alice.id);
    assert_eq!(list["items"][1]["detail"], "password");
}

pub async fn every_kind_of_audit_event_is_recorded(app: TestApp) {
    let (alice, anonymous, browser) = (app.user("alice").await, app.anonymous(), app.browser());
    alice.verify_email(&app.verification(&alice.email).await).await.expect_empty(204);
    let moved = json!({"email": "liddell@example.com", "current_password": alice.password});
    alice.patch_me(&moved).await.expect_status(200);
    anonymous.forgot_password("liddell@example.com").await.expect_empty(202);
    let reset = app.reset_link("liddell@example.com").await;
    anonymous.reset_password(&reset, "another horse battery").await.expect_empty(204);
    browser.sign_in_by_cookie("liddell@example.com", "another horse battery").await.expect_status(200);
    assert_eq!(anonymous.sign_in("liddell@example.com", "a wrong password").await.status, 400);
    wait_for_events(&browser, "sign_in.failed", 1).await;
    let enrolment = browser.begin_totp().await.expect_status(200);
    let code = crate::Authenticator::of(&enrolment).code(&app.clock);
    let codes = browser.confirm_totp(&code).await.expect_status(200);
    let first = anonymous.sign_in("liddell@example.com", "another horse battery").await.expect_status(400);
    let recovery = codes["recovery_codes"][0].as_str().expect("a code");
    let tokens = anonymous.second_step(first.text("mfa_token"), recovery).await.expect_status(200);
    anonymous.revoke(tokens.text("refresh_token")).await.expect_status(200);
    browser.remove_totp("another horse battery").await.expect_empty(204);
    let key = browser.create_api_key(&json!({"name": "a", "scopes": ["memos:read"]})).await.expect_status(201);
    browser.patch_api_key(key.id(), &json!({"name": "b"})).await.expect_status(200);
    browser.delete_api_key(key.id()).await.expect_empty(204);
    let memo = browser.memo("a").await;
    let share = browser.share(&memo, &json!({})).await.expect_status(201);
    browser.revoke_share(&memo, share.id()).await.expect_empty(204);
    browser.revoke_share(&memo, share.id()).await.expect_status(404);
    browser.get("/api/v1/me/export").await.expect_status(200);
    let list = browser.audit().await.expect_status(200);
    assert_eq!(
        kinds(&list),
        [
            "account.exported",
            "share.revoked",
            "share.created",
            "api_key.removed",
            "api_key.changed",
            "api_key.created",
            "mfa.disabled",
            "sign_in.ended",
            "sign_in.succeeded",
            "mfa.recovery_code_used",
            "mfa.enabled",
            "sign_in.failed",
            "sign_in.succeeded",
            "password.reset",
            "password.forgotten",
            "email.changed",
            "email.verified",
            "sign_in.succeeded",
            "account.signed_up",
        ]
        .map(str::to_owned)
    );
    assert_eq!(list["items"][9]["detail"], "9 left");
    let detail = json!(format!("share {} of memo {memo}", share.id()));
    assert_eq!([&list["items"][1]["detail"], &list["items"][2]["detail"]], [&detail; 2]);
}

pub async fn refresh_token_reuse_is_recorded_once(app: TestApp) {
    let (alice, anonymous) = (app.user("alice").await, app.anonymous());
    anonymous.refresh(&alice.refresh_token).await.expect_status(200);
    app.clock.advance(Duration::from_secs(11));
    let theft = anonymous.refresh(&alice.refresh_token).header("x-request-id", "the-theft").await;
    assert_eq!(theft.expect_status(400)["error"], "invalid_grant");
    let alice_again = alice.with_token(alice.sign_in_again("").await.text("access_token"));
    let list = alice_again.audit().await.expect_status(200);
    let event = &list["items"][1];
    assert_eq!((&event["kind"], &event["request_id"]), (&json!("sign_in.refresh_reused"), &json!("the-theft")));
    // Only the first reuse is recorded, as it has ended the session.
    assert_eq!(anonymous.refresh(&alice.refresh_token).await.status, 400);
    wait_for_events(&alice_again, "sign_in.refresh_reused", 1).await;
}

pub async fn audit_log_shows_own_events_only(app: TestApp) {
    let (alice, bob, admin) = (app.user("alice").await, app.user("bob").await, app.admin("root").await);
    bob.sign_in_again("").await;
    admin.patch_user(&bob.id, &json!({"role": "admin"})).await.expect_status(200);
    admin.patch_user(&bob.id, &json!({"role": "member"})).await.expect_status(200);
    for user in [&alice, &bob, &admin] {
        let list = user.audit().await.expect_status(200);
        let owners = list["items"].as_array().expect("a list").iter().map(|item| item["user_id"].clone());
        assert!(owners.into_iter().all(|owner| owner == json!(user.id)), "{}", list.json);
    }
    assert_eq!(kinds(&alice.audit().await).len(), 2);
    // The actor is recorded.
    let bob_events = bob.audit().await;
    assert_eq!(kinds(&bob_events)[..2], ["admin.role_changed", "admin.role_changed"]);
    assert_eq!(
        (&bob_events["items"][0]["actor_id"], &bob_events["items"][0]["detail"]),
        (&json!(admin.id), &json!("member"))
    );
    alice.audit().query(&[("user_id", &bob.id)]).await.invalid_parameter("user_id", "unknown_member");
    // The cursor of another user's list is rejected.
    let cursor =
        bob.audit().query(&[("limit", "1")]).await["page"]["next_cursor"].as_str().expect("a cursor").to_owned();
    alice.audit().query(&[("cursor", &cursor)]).await.invalid_parameter("cursor", "invalid_cursor");
    for call in [alice.get("/api/v1/admin/audit"), alice.get("/api/v1/admin/audit").query(&[("user_id", &alice.id)])] {
        call.await.expect_status(403).problem("administrator_required");
    }
}

pub async fn user_does_not_see_from_where_an_administrator_acted(app: TestApp) {
    let (bob, admin) = (app.user("bob").await, app.admin("root").await);
    admin.patch_user(&bob.id, &json!({"role": "admin"})).header("user-agent", "Desk of Root").await.expect_status(200);
    let hidden = |event: &Value| {
        assert_eq!((&event["kind"], &event["actor_id"]), (&json!("admin.role_changed"), &json!(admin.id)), "{event}");
        assert_eq!([&event["ip"], &event["device"], &event["request_id"]], [&json!(null); 3], "{event}");
    };
    hidden(&bob.audit().await.expect_status(200)["items"][0]);
    let export = String::from_utf8(bob.get("/api/v1/me/export").await.expect_status(200).body).expect("UTF-8");
    assert!(!export.contains("Desk of Root"), "{export}");
    let line = export.lines().find(|line| line.contains("admin.role_changed")).expect("the event");
    hidden(&serde_json::from_str::<Value>(line).expect("JSON")["event"]);
    // Administrators see it, and users see the address and device of their own requests.
    let query = [("user_id", &*bob.id)];
    let all = admin.get("/api/v1/admin/audit").query(&query).await.expect_status(200);
    let changed = all["items"].as_array().expect("a list").iter().find(|event| event["kind"] == "admin.role_changed");
    assert_eq!(changed.expect("the event")["device"], "Desk of Root");
    admin
        .patch_user(&admin.id, &json!({"role": "member"}))
        .header("user-agent", "Desk of Root")
        .await
        .expect_status(200);
    assert_eq!(admin.audit().await["items"][0]["device"], "Desk of Root");
}

pub async fn head_of_an_export_is_not_recorded(app: TestApp) {
    let alice = app.user("alice").await;
    alice.call("HEAD", "/api/v1/me/export").await.expect_empty(200);
    assert!(!kinds(&alice.audit().await).contains(&"account.exported".to_owned()));
    alice.get("/api/v1/me/export").await.expect_status(200);
    assert_eq!(kinds(&alice.audit().await)[0], "account.exported");
}

pub async fn audit_pages_are_newest_first(app: TestApp) {
    let (alice, admin) = (app.user("alice").await, app.admin("root").await);
    for _ in 0..5 {
        app.clock.advance(Duration::from_secs(1));
        alice.sign_in_again("").await;
    }
    let all = alice.audit().await.expect_status(200);
    let all: Vec<Value> = all["items"].as_array().expect("a list").clone();
    assert_eq!(all.len(), 7);
    assert!(all.windows(2).all(|pair| pair[0]["at"].as_str() >= pair[1]["at"].as_str()), "{all:?}");
    for (actor, target) in [
        (&*alice, "/api/v1/me/audit?limit=3".to_owned()),
        (&*admin, format!("/api/v1/admin/audit?limit=3&user_id={}", alice.id)),
    ] {
        let (mut seen, mut next) = (Vec::new(), Some(target));
        while let Some(target) = next {
            let page = actor.get(&target).await.expect_status(200);
            seen.extend(page["items"].as_array().expect("a list").clone());
            assert!(seen.len() <= all.len());
            next = page.link("next");
        }
        assert_eq!(seen, all);
    }
    let by_offset = alice.audit().query(&[("limit", "3"), ("offset", "3")]).await.expect_status(200);
    assert_eq!(by_offset["items"].as_array().expect("a list")[..], all[3..6]);
}

pub async fn audit_events_contain_no_secrets(app: TestApp) {
    let (alice, anonymous, browser) = (app.user("alice").await, app.anonymous(), app.browser());
    let admin = app.admin("root").await;
    let mut secrets = vec![alice.password.clone(), alice.access_token.clone(), alice.refresh_token.clone()];
    browser.sign_in_by_cookie(&alice.email, &alice.password).await.expect_status(200);
    secrets.push(browser.session());
    let wrong = "a wrong password of hers";
    anonymous.sign_in(&alice.email, wrong).await;
    browser.sign_in_by_cookie(&alice.email, wrong).await;
    alice.change_password(wrong, "yet another horse").await.problem("password_wrong");
    secrets.extend([wrong.to_owned(), "yet another horse".to_owned()]);
    let verification = app.verification(&alice.email).await;
    alice.verify_email(&verification).await.expect_empty(204);
    let (_, codes) = with_second_factor(&app, &alice).await;
    let first = anonymous.sign_in(&alice.email, &alice.password).await;
    anonymous.second_step(first.text("mfa_token"), &codes[0]).await.expect_status(200);
    anonymous.forgot_password(&alice.email).await.expect_empty(202);
    let reset = app.reset_link(&alice.email).await;
    anonymous.reset_password(&reset, "another horse battery").await.expect_empty(204);
    secrets.extend([verification, reset, first.text("mfa_token").to_owned(), "another horse battery".to_owned()]);
    secrets.extend(codes);
    let query = [("user_id", &*alice.id), ("limit", "100")];
    // Failures are recorded asynchronously: wait for all three.
    let text = eventually("three failed sign-ins", async || {
        let list = admin.get("/api/v1/admin/audit").query(&query).await.expect_status(200);
        let text = String::from_utf8(list.body).expect("UTF-8");
        (text.matches("sign_in.failed").count() == 3).then_some(text)
    })
    .await;
    for secret in secrets {
        assert!(!text.contains(&secret), "{secret} is in {text}");
    }
}
