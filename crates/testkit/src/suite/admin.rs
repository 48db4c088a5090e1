//! Administration of users, and the list of dead mail.

use std::time::Duration;

use memo_conformance::eventually;
use serde_json::json;

use crate::{
    Response, TestApp,
    suite::{assert_json, send_concurrently, warm_session_cache},
};

fn names(list: &Response) -> Vec<String> {
    let items = list["items"].as_array().expect("`items` is an array");
    items.iter().map(|item| item["display_name"].as_str().expect("`display_name` is a string").to_owned()).collect()
}

pub async fn user_list_is_in_order_of_sign_up(app: TestApp) {
    let root = app.admin("root").await;
    app.clock.advance(Duration::from_secs(1));
    let alice = app.user("Alice").await;
    let list = root.list_users(&[("include_total", "true")]).await.expect_status(200);
    let list = list.expect_header("cache-control", "private, no-cache");
    assert_json!(list.json, @r#"
    {
      "items": [
        {
          "created_at": "2026-01-31T09:00:00.123456Z",
          "disabled": false,
          "disabled_at": null,
          "display_name": "root",
          "email": "root-0@example.com",
          "email_verified": false,
          "id": "019c1347-d2fb-7000-8000-000000000002",
          "role": "admin",
          "updated_at": "2026-01-31T09:00:00.123456Z"
        },
        {
          "created_at": "2026-01-31T09:00:01.123456Z",
          "disabled": false,
          "disabled_at": null,
          "display_name": "Alice",
          "email": "alice-1@example.com",
          "email_verified": false,
          "id": "019c1347-d6e3-7000-8000-00000000000a",
          "role": "member",
          "updated_at": "2026-01-31T09:00:01.123456Z"
        }
      ],
      "page": {
        "limit": 20,
        "next_cursor": null,
        "offset": 0
      },
      "total": 2
    }
    "#);
    assert_eq!(list["items"][1]["id"], alice.id);
}

pub async fn users_are_found_by_text_role_and_status(app: TestApp) {
    let root = app.admin("root").await;
    let mut users = Vec::new();
    for name in ["Alice", "Bob", "Boris"] {
        app.clock.advance(Duration::from_millis(2));
        users.push(app.user(name).await);
    }
    users[1].patch_me(&json!({"display_name": "최 50%_Bö"})).await.expect_status(200);
    root.patch_user(&users[2].id, &json!({"disabled": true})).await.expect_status(200);
    let found = async |query: &[(&str, &str)]| names(&root.list_users(query).await.expect_status(200));
    for (query, expected) in [
        (&[("q", "ALICE")][..], &["Alice"][..]),
        (&[("q", "bo")], &["최 50%_Bö", "Boris"]),
        (&[("q", "최")], &["최 50%_Bö"]),
        (&[("q", "BÖ")], &["최 50%_Bö"]),
        (&[("q", "%_")], &["최 50%_Bö"]),
        (&[("q", "a_ice")], &[]),
        (&[("q", "%")], &["최 50%_Bö"]),
        (&[("q", "' OR 1=1 --")], &[]),
        (&[("q", "\\")], &[]),
        (&[("q", "  ")], &["root", "Alice", "최 50%_Bö", "Boris"]),
        (&[("q", "@example.com"), ("role", "admin")], &["root"]),
        (&[("disabled", "true")], &["Boris"]),
        (&[("disabled", "false"), ("q", "bo")], &["최 50%_Bö"]),
        (&[("role", "member"), ("disabled", "false")], &["Alice", "최 50%_Bö"]),
    ] {
        assert_eq!(found(query).await, expected, "{query:?}");
    }
    for (name, value, code) in [
        ("role", "root", "invalid_choice"),
        ("disabled", "maybe", "wrong_type"),
        ("limit", "101", "too_large"),
        ("cursor", "x", "invalid_cursor"),
    ] {
        root.list_users(&[(name, value)]).await.invalid_parameter(name, code);
    }
    // Columns that are not shown are not searched either.
    for hidden in ["password", "$2b$"] {
        assert!(found(&[("q", hidden)]).await.is_empty());
    }
    let list = root.list_users(&[]).await.expect_status(200);
    assert!(!String::from_utf8_lossy(&list.body).contains("$2"), "the list shows a password hash");
    root.list_users(&[("q", "\0")]).await.expect_status(422).invalid_parameter("q", "nul_character");
    root.list_users(&[("q", &"a".repeat(321))]).await.expect_status(422).invalid_parameter("q", "too_long");
}

pub async fn user_list_pages_contain_each_user_once(app: TestApp) {
    let root = app.admin("root").await;
    for number in 0..6 {
        app.clock.advance(Duration::from_millis(2));
        app.user(&format!("m{number}")).await;
    }
    let all = names(&root.list_users(&[]).await.expect_status(200));
    assert_eq!(all.len(), 7);
    let (mut seen, mut next) = (Vec::new(), Some("/api/v1/admin/users?limit=3&include_total=true".to_owned()));
    while let Some(target) = next {
        let page = root.get(&target).await.expect_status(200);
        assert_eq!(page["total"], 7);
        seen.extend(names(&page));
        assert!(seen.len() <= all.len());
        next = page.link("next");
    }
    assert_eq!(seen, all);
    // A cursor is valid for its own list only.
    let page = root.list_users(&[("limit", "3")]).await;
    let cursor = page["page"]["next_cursor"].as_str().expect("`next_cursor` is a string");
    let other = root.list_users(&[("limit", "3"), ("q", "m"), ("cursor", cursor)]).await;
    other.invalid_parameter("cursor", "invalid_cursor");
}

pub async fn users_without_the_admin_role_are_forbidden(app: TestApp) {
    let (root, alice, bob) = (app.admin("root").await, app.user("alice").await, app.user("bob").await);
    for id in [&alice.id, &bob.id, &root.id, "0198c0de-7f00-7000-8000-0000000000ff"] {
        for patch in [json!({"role": "admin"}), json!({"disabled": true}), json!({})] {
            alice.patch_user(id, &patch).await.expect_status(403).problem("administrator_required");
        }
    }
    for path in ["users", "audit", "dead-mail"] {
        let rejected = alice.get(&format!("/api/v1/admin/{path}")).await.expect_status(403);
        assert!(!String::from_utf8_lossy(&rejected.problem("administrator_required").body).contains("example.com"));
    }
    // A token without all scopes is rejected, too.
    let narrow = root.with_scope("account:read account:write").await;
    narrow.list_users(&[]).await.problem("interactive_sign_in_required");
    narrow.patch_user(&bob.id, &json!({"role": "admin"})).await.problem("interactive_sign_in_required");
    assert_eq!(root.list_users(&[("role", "admin")]).await["items"].as_array().expect("`items` is an array").len(), 1);
    assert_eq!(alice.me().await["role"], "member");
    bob.me().await.expect_status(200);
}

pub async fn role_change_takes_effect_immediately(app: TestApp) {
    let (root, alice) = (app.admin("root").await, app.user("alice").await);
    app.clock.advance(Duration::from_secs(1));
    let changed = root.patch_user(&alice.id, &json!({"role": "admin"})).await.expect_status(200);
    assert_eq!(
        (changed.id(), &changed["role"], &changed["updated_at"]),
        (&*alice.id, &json!("admin"), &json!(app.now()))
    );
    assert_eq!(alice.me().await["role"], "admin");
    alice.list_users(&[]).await.expect_status(200);
    // The privilege ends with the role, within the same session.
    root.patch_user(&alice.id, &json!({"role": "member"})).await.expect_status(200);
    alice.list_users(&[]).await.expect_status(403).problem("administrator_required");
    alice.patch_user(&alice.id, &json!({"role": "admin"})).await.problem("administrator_required");
    alice.me().await.expect_status(200);
}

pub async fn invalid_user_patch_is_rejected_with_its_pointer(app: TestApp) {
    let (root, alice) = (app.admin("root").await, app.user("alice").await);
    let before = root.list_users(&[]).await.json;
    for (patch, pointer, code) in [
        (json!({"role": "root"}), "/role", "invalid_choice"),
        (json!({"role": null}), "/role", "wrong_type"),
        (json!({"role": 1}), "/role", "wrong_type"),
        (json!({"disabled": "true"}), "/disabled", "wrong_type"),
        (json!({"disabled": null}), "/disabled", "wrong_type"),
        (json!({"email": "mallory@example.com"}), "/email", "unknown_member"),
        (json!({"email_verified": true}), "/email_verified", "unknown_member"),
        (json!({"password": "another horse battery"}), "/password", "unknown_member"),
        (json!({"password_hash": "x"}), "/password_hash", "unknown_member"),
        (json!({"id": root.id}), "/id", "unknown_member"),
        (json!({"disabled_at": "2026-01-31T09:00:00Z"}), "/disabled_at", "unknown_member"),
        (json!({"display_name": "Mallory"}), "/display_name", "unknown_member"),
    ] {
        root.patch_user(&alice.id, &patch).await.invalid(pointer, code);
    }
    for id in ["0198c0de-7f00-7000-8000-0000000000ff", "x", "%00"] {
        root.patch_user(id, &json!({"disabled": true})).await.expect_status(404).problem("user_not_found");
    }
    root.patch_user(&alice.id, &json!({})).await.expect_status(200);
    assert_eq!(root.list_users(&[]).await.json, before);
}

pub async fn disabled_user_loses_all_access_immediately(app: TestApp) {
    let (root, alice, browser) = (app.admin("root").await, app.user("alice").await, app.browser());
    let anonymous = app.anonymous();
    browser.sign_in_by_cookie(&alice.email, &alice.password).await.expect_status(200);
    anonymous.forgot_password(&alice.email).await.expect_empty(202);
    let (verification, reset) = (app.verification(&alice.email).await, app.reset_link(&alice.email).await);
    warm_session_cache(&[&*alice, &*browser]).await;
    app.clock.advance(Duration::from_secs(1));
    let disabled = root.patch_user(&alice.id, &json!({"disabled": true})).await.expect_status(200);
    assert_eq!((&disabled["disabled"], &disabled["disabled_at"]), (&json!(true), &json!(app.now())));
    for actor in [&*alice, &*browser] {
        actor.me().await.expect_status(401).problem("sign_in_ended");
        actor.create_memo(&json!({"title": "a"})).await.problem("sign_in_ended");
    }
    assert_eq!(anonymous.refresh(&alice.refresh_token).await.expect_status(400)["error"], "invalid_grant");
    assert_eq!(anonymous.sign_in(&alice.email, &alice.password).await.expect_status(400)["error"], "invalid_grant");
    app.browser().sign_in_by_cookie(&alice.email, &alice.password).await.problem("credentials_wrong");
    anonymous.verify_email(&verification).await.problem("token_invalid");
    anonymous.reset_password(&reset, "another horse battery").await.problem("token_invalid");
    let account = json!({"email": alice.email, "password": alice.password, "display_name": "A"});
    anonymous.sign_up(&account).await.expect_status(409).problem("email_taken");
    // After she is enabled again she can sign in, but her old sessions and tokens stay revoked.
    let enabled = root.patch_user(&alice.id, &json!({"disabled": false})).await.expect_status(200);
    assert_eq!((&enabled["disabled"], &enabled["disabled_at"]), (&json!(false), &json!(null)));
    for actor in [&*alice, &*browser] {
        actor.me().await.problem("sign_in_ended");
    }
    assert_eq!(anonymous.refresh(&alice.refresh_token).await.expect_status(400)["error"], "invalid_grant");
    alice.sign_in_again("").await;
}

pub async fn last_administrator_cannot_be_demoted_or_disabled(app: TestApp) {
    let (root, alice) = (app.admin("root").await, app.admin("alice").await);
    root.patch_user(&alice.id, &json!({"disabled": true})).await.expect_status(200);
    // A disabled administrator does not count.
    for patch in [json!({"role": "member"}), json!({"disabled": true}), json!({"role": "member", "disabled": true})] {
        root.patch_user(&root.id, &patch).await.expect_status(409).problem("last_administrator");
    }
    root.list_users(&[]).await.expect_status(200);
    root.patch_user(&root.id, &json!({"role": "admin", "disabled": false})).await.expect_status(200);
    root.patch_user(&alice.id, &json!({"disabled": false})).await.expect_status(200);
    root.patch_user(&root.id, &json!({"role": "member"})).await.expect_status(200);
    root.list_users(&[]).await.problem("administrator_required");
}

pub async fn administrators_who_demote_each_other_concurrently_leave_one(app: TestApp) {
    let (one, two) = (app.admin("one").await, app.admin("two").await);
    for patch in [json!({"role": "member"}), json!({"disabled": true})] {
        let calls = [one.patch_user(&two.id, &patch), two.patch_user(&one.id, &patch)];
        let responses = send_concurrently(calls).await;
        assert_eq!(responses.iter().filter(|response| response.status == 200).count(), 1, "{responses:?}");
        // The one who is left restores the other.
        let (left, other) = if is_administrator(&one).await { (&one, &two) } else { (&two, &one) };
        assert!(is_administrator(left).await);
        let back = json!({"role": "admin", "disabled": false});
        left.patch_user(&other.id, &back).await.expect_status(200);
    }
}

pub async fn administrators_who_step_down_concurrently_leave_one(app: TestApp) {
    let (one, two) = (app.admin("one").await, app.admin("two").await);
    for patch in [json!({"role": "member"}), json!({"disabled": true})] {
        let calls = [one.patch_user(&one.id, &patch), two.patch_user(&two.id, &patch)];
        let mut responses = send_concurrently(calls).await;
        responses.sort_by_key(|response| response.status);
        assert_eq!(responses[0].status, 200, "{responses:?}");
        responses.pop().expect("two responses").expect_status(409).problem("last_administrator");
        let (left, other) = if is_administrator(&one).await { (&one, &two) } else { (&two, &one) };
        left.patch_user(&other.id, &json!({"role": "admin", "disabled": false})).await.expect_status(200);
    }
}

async fn is_administrator(administrator: &crate::Actor) -> bool {
    administrator.list_users(&[]).await.status == 200
}

/// The list of dead mail, as soon as it has an item.
async fn dead_mail(root: &crate::Actor) -> crate::Response {
    eventually("dead mail", async || {
        let list = root.get("/api/v1/admin/dead-mail").await.expect_status(200);
        (list["items"] != json!([])).then_some(list)
    })
    .await
}

pub async fn mail_claimed_by_two_crashed_nodes_is_listed_as_dead(app: TestApp) {
    let root = app.admin("root").await;
    app.verification(&root.email).await;
    // Alice's mail fails once, and is due again.
    app.mail.fail_temporarily(1);
    let alice = app.user("alice").await;
    app.failure_is_recorded().await;
    app.claim_mail_and_crash().await;
    app.claim_mail_and_crash().await;
    app.clock.advance(Duration::from_mins(2));
    let list = dead_mail(&root.with_new_token().await).await;
    assert_json!(list["items"], @r#"
    [
      {
        "created_at": "2026-01-31T09:00:00.123456Z",
        "error": "It may have been sent: the outcome of two attempts is unknown.",
        "id": "019c1347-d2fb-7000-8000-00000000000c",
        "kind": "verify_email",
        "tries": 3,
        "user_id": "019c1347-d2fb-7000-8000-00000000000a"
      }
    ]
    "#);
    assert_eq!(list["items"][0]["user_id"], alice.id);
    assert!(app.mail.sent().is_empty());
}

pub async fn mail_claimed_by_one_crashed_node_is_sent_again(app: TestApp) {
    app.mail.fail_temporarily(1);
    let alice = app.user("alice").await;
    app.failure_is_recorded().await;
    app.claim_mail_and_crash().await;
    app.clock.advance(Duration::from_mins(2));
    let token = app.verification(&alice.email).await;
    app.anonymous().verify_email(&token).await.expect_empty(204);
}

pub async fn permanently_failed_mail_is_listed_as_dead(app: TestApp) {
    let root = app.admin("root").await;
    app.verification(&root.email).await;
    assert_eq!(root.get("/api/v1/admin/dead-mail").await.expect_status(200)["items"], json!([]));
    app.mail.fail_permanently(1);
    let alice = app.user("alice").await;
    let list = dead_mail(&root).await;
    // The entry shows neither the text of the mail nor its address.
    assert_json!(list["items"], @r#"
    [
      {
        "created_at": "2026-01-31T09:00:00.123456Z",
        "error": "this mailer was told to fail",
        "id": "019c1347-d2fb-7000-8000-00000000000d",
        "kind": "verify_email",
        "tries": 1,
        "user_id": "019c1347-d2fb-7000-8000-00000000000b"
      }
    ]
    "#);
    assert_eq!(list["items"][0]["user_id"], alice.id);
    // It is not retried, but a new mail can be requested.
    app.clock.advance(Duration::from_mins(5));
    app.anonymous().forgot_password(&alice.email).await.expect_empty(202);
    app.reset_link(&alice.email).await;
    assert!(app.mail.sent().is_empty());
}

pub async fn temporarily_failed_mail_is_retried(app: TestApp) {
    app.mail.fail_temporarily(1);
    let alice = app.user("alice").await;
    app.failure_is_recorded().await;
    assert!(app.mail.sent().is_empty());
    app.clock.advance(Duration::from_secs(30));
    let token = app.verification(&alice.email).await;
    app.anonymous().verify_email(&token).await.expect_empty(204);
}
