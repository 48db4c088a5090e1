//! Administrators look after members.

use std::time::Duration;

use serde_json::json;

use crate::{
    Answer, TestApp,
    suite::{assert_json, at_once, known_to_live},
};

fn names(list: &Answer) -> Vec<String> {
    let items = list["items"].as_array().expect("a list");
    items.iter().map(|item| item["display_name"].as_str().expect("a name").to_owned()).collect()
}

pub async fn members_are_listed(app: TestApp) {
    let root = app.admin("root").await;
    app.clock.advance(Duration::from_secs(1));
    let alice = app.user("Alice").await;
    let list = root.list_users(&[("include_total", "true")]).await.expect_status(200);
    let list = list.expect_header("cache-control", "private, no-cache");
    assert_json!(list.json, {".items[].id" => "[id]"}, @r#"
    {
      "items": [
        {
          "created_at": "2026-01-31T09:00:00.123456Z",
          "disabled": false,
          "disabled_at": null,
          "display_name": "root",
          "email": "root-0@example.com",
          "email_verified": false,
          "id": "[id]",
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
          "id": "[id]",
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

pub async fn members_are_searched(app: TestApp) {
    let root = app.admin("root").await;
    let mut members = Vec::new();
    for name in ["Alice", "Bob", "Boris"] {
        app.clock.advance(Duration::from_millis(2));
        members.push(app.user(name).await);
    }
    members[1].patch_me(&json!({"display_name": "최 50%_Bö"})).await.expect_status(200);
    root.patch_user(&members[2].id, &json!({"disabled": true})).await.expect_status(200);
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
    // By what nobody shows.
    for hidden in ["password", "$2b$"] {
        assert!(found(&[("q", hidden)]).await.is_empty());
    }
    let list = root.list_users(&[]).await.expect_status(200);
    assert!(!String::from_utf8_lossy(&list.body).contains("$2"), "no hash is shown");
    root.list_users(&[("q", "\0")]).await.expect_status(422).invalid_parameter("q", "nul_character");
    root.list_users(&[("q", &"a".repeat(321))]).await.expect_status(422).invalid_parameter("q", "too_long");
}

pub async fn members_come_in_pages(app: TestApp) {
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
    // A cursor is good for its list alone.
    let page = root.list_users(&[("limit", "3")]).await;
    let cursor = page["page"]["next_cursor"].as_str().expect("a cursor");
    let other = root.list_users(&[("limit", "3"), ("q", "m"), ("cursor", cursor)]).await;
    other.invalid_parameter("cursor", "invalid_cursor");
}

pub async fn members_do_not_administer(app: TestApp) {
    let (root, alice, bob) = (app.admin("root").await, app.user("alice").await, app.user("bob").await);
    for id in [&alice.id, &bob.id, &root.id, "0198c0de-7f00-7000-8000-0000000000ff"] {
        for patch in [json!({"role": "admin"}), json!({"disabled": true}), json!({})] {
            alice.patch_user(id, &patch).await.expect_status(403).problem("administrator_required");
        }
    }
    for path in ["users", "audit", "dead-mail"] {
        let refused = alice.get(&format!("/api/v1/admin/{path}")).await.expect_status(403);
        assert!(!String::from_utf8_lossy(&refused.problem("administrator_required").body).contains("example.com"));
    }
    // Nor by a token for less than everything.
    let narrow = root.with_scope("account:read account:write").await;
    narrow.list_users(&[]).await.problem("interactive_sign_in_required");
    narrow.patch_user(&bob.id, &json!({"role": "admin"})).await.problem("interactive_sign_in_required");
    assert_eq!(root.list_users(&[("role", "admin")]).await["items"].as_array().expect("a list").len(), 1);
    assert_eq!(alice.me().await["role"], "member");
    bob.me().await.expect_status(200);
}

pub async fn a_member_is_made_an_administrator_and_back(app: TestApp) {
    let (root, alice) = (app.admin("root").await, app.user("alice").await);
    app.clock.advance(Duration::from_secs(1));
    let changed = root.patch_user(&alice.id, &json!({"role": "admin"})).await.expect_status(200);
    assert_eq!(
        (changed.id(), &changed["role"], &changed["updated_at"]),
        (&*alice.id, &json!("admin"), &json!(app.now()))
    );
    assert_eq!(alice.me().await["role"], "admin");
    alice.list_users(&[]).await.expect_status(200);
    // It ends with the role, in the same sign-in.
    root.patch_user(&alice.id, &json!({"role": "member"})).await.expect_status(200);
    alice.list_users(&[]).await.expect_status(403).problem("administrator_required");
    alice.patch_user(&alice.id, &json!({"role": "admin"})).await.problem("administrator_required");
    alice.me().await.expect_status(200);
}

pub async fn a_patch_of_a_member_says_what_it_refuses(app: TestApp) {
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

pub async fn who_is_shut_out_is_out_at_once(app: TestApp) {
    let (root, alice, browser) = (app.admin("root").await, app.user("alice").await, app.browser());
    let anyone = app.anonymous();
    browser.sign_in_by_cookie(&alice.email, &alice.password).await.expect_status(200);
    anyone.forgot_password(&alice.email).await.expect_empty(202);
    let (verification, reset) = (app.verification(&alice.email).await, app.reset_link(&alice.email).await);
    known_to_live(&[&*alice, &*browser]).await;
    app.clock.advance(Duration::from_secs(1));
    let shut = root.patch_user(&alice.id, &json!({"disabled": true})).await.expect_status(200);
    assert_eq!((&shut["disabled"], &shut["disabled_at"]), (&json!(true), &json!(app.now())));
    for actor in [&*alice, &*browser] {
        actor.me().await.expect_status(401).problem("sign_in_ended");
        actor.create_memo(&json!({"title": "a"})).await.problem("sign_in_ended");
    }
    assert_eq!(anyone.refresh(&alice.refresh_token).await.expect_status(400)["error"], "invalid_grant");
    assert_eq!(anyone.sign_in(&alice.email, &alice.password).await.expect_status(400)["error"], "invalid_grant");
    app.browser().sign_in_by_cookie(&alice.email, &alice.password).await.problem("credentials_wrong");
    anyone.verify_email(&verification).await.problem("token_invalid");
    anyone.reset_password(&reset, "another horse battery").await.problem("token_invalid");
    let account = json!({"email": alice.email, "password": alice.password, "display_name": "A"});
    anyone.sign_up(&account).await.expect_status(409).problem("email_taken");
    // Let in again, she signs in anew; what had ended stays so.
    let back = root.patch_user(&alice.id, &json!({"disabled": false})).await.expect_status(200);
    assert_eq!((&back["disabled"], &back["disabled_at"]), (&json!(false), &json!(null)));
    for actor in [&*alice, &*browser] {
        actor.me().await.problem("sign_in_ended");
    }
    assert_eq!(anyone.refresh(&alice.refresh_token).await.expect_status(400)["error"], "invalid_grant");
    alice.sign_in_again("").await;
}

pub async fn the_last_administrator_stays_one(app: TestApp) {
    let (root, alice) = (app.admin("root").await, app.admin("alice").await);
    root.patch_user(&alice.id, &json!({"disabled": true})).await.expect_status(200);
    // One who is shut out administers nothing.
    for patch in [json!({"role": "member"}), json!({"disabled": true}), json!({"role": "member", "disabled": true})] {
        root.patch_user(&root.id, &patch).await.expect_status(409).problem("last_administrator");
    }
    root.list_users(&[]).await.expect_status(200);
    root.patch_user(&root.id, &json!({"role": "admin", "disabled": false})).await.expect_status(200);
    root.patch_user(&alice.id, &json!({"disabled": false})).await.expect_status(200);
    root.patch_user(&root.id, &json!({"role": "member"})).await.expect_status(200);
    root.list_users(&[]).await.problem("administrator_required");
}

pub async fn of_two_administrators_who_oust_each_other_one_stays(app: TestApp) {
    let (one, two) = (app.admin("one").await, app.admin("two").await);
    for patch in [json!({"role": "member"}), json!({"disabled": true})] {
        let calls = [one.patch_user(&two.id, &patch), two.patch_user(&one.id, &patch)];
        let answers = at_once(calls).await;
        assert_eq!(answers.iter().filter(|answer| answer.status == 200).count(), 1, "{answers:?}");
        // Whoever is left puts it right again.
        let (left, other) = if answers_of(&one).await { (&one, &two) } else { (&two, &one) };
        assert!(answers_of(left).await);
        let back = json!({"role": "admin", "disabled": false});
        left.patch_user(&other.id, &back).await.expect_status(200);
    }
}

pub async fn of_two_administrators_who_step_down_at_once_one_stays(app: TestApp) {
    let (one, two) = (app.admin("one").await, app.admin("two").await);
    for patch in [json!({"role": "member"}), json!({"disabled": true})] {
        let calls = [one.patch_user(&one.id, &patch), two.patch_user(&two.id, &patch)];
        let mut answers = at_once(calls).await;
        answers.sort_by_key(|answer| answer.status);
        assert_eq!(answers[0].status, 200, "{answers:?}");
        answers.pop().expect("two answers").expect_status(409).problem("last_administrator");
        let (left, other) = if answers_of(&one).await { (&one, &two) } else { (&two, &one) };
        left.patch_user(&other.id, &json!({"role": "admin", "disabled": false})).await.expect_status(200);
    }
}

async fn answers_of(administrator: &crate::Actor) -> bool {
    administrator.list_users(&[]).await.status == 200
}

/// What is dead, once there is any.
async fn dead_mail(root: &crate::Actor) -> crate::Answer {
    let mut list = root.get("/api/v1/admin/dead-mail").await;
    for _ in 0..200 {
        if list["items"] != json!([]) {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
        list = root.get("/api/v1/admin/dead-mail").await.expect_status(200);
    }
    list
}

pub async fn mail_that_may_have_been_sent_twice_is_listed(app: TestApp) {
    let root = app.admin("root").await;
    app.verification(&root.email).await;
    // It can't be sent at once, and then by nobody who lives to tell. Hers was tried before the one for Bob.
    app.mail.fail_temporarily(1);
    let alice = app.user("alice").await;
    app.clock.advance(Duration::from_millis(1));
    let bob = app.user("bob").await;
    app.verification(&bob.email).await;
    app.take_mail_and_die().await;
    app.take_mail_and_die().await;
    app.clock.advance(Duration::from_mins(2));
    let list = dead_mail(&root.signed_in_anew().await).await;
    assert_json!(list["items"], {"[].id" => "[id]", "[].user_id" => "[alice]"}, @r#"
    [
      {
        "created_at": "2026-01-31T09:00:00.123456Z",
        "error": "It may have been sent: twice nobody wrote down how an attempt ended.",
        "id": "[id]",
        "kind": "verify_email",
        "tries": 3,
        "user_id": "[alice]"
      }
    ]
    "#);
    assert_eq!(list["items"][0]["user_id"], alice.id);
    assert!(app.mail.sent().is_empty());
}

pub async fn mail_of_a_node_that_dies_once_is_sent(app: TestApp) {
    app.mail.fail_temporarily(1);
    let alice = app.user("alice").await;
    app.clock.advance(Duration::from_millis(1));
    let bob = app.user("bob").await;
    app.verification(&bob.email).await;
    app.take_mail_and_die().await;
    app.clock.advance(Duration::from_mins(2));
    let token = app.verification(&alice.email).await;
    app.anonymous().verify_email(&token).await.expect_empty(204);
}

pub async fn mail_that_is_refused_is_listed(app: TestApp) {
    let root = app.admin("root").await;
    app.verification(&root.email).await;
    assert_eq!(root.get("/api/v1/admin/dead-mail").await.expect_status(200)["items"], json!([]));
    app.mail.fail_permanently(1);
    let alice = app.user("alice").await;
    let list = dead_mail(&root).await;
    // Not what it said, nor to which address.
    assert_json!(list["items"], {"[].id" => "[id]", "[].user_id" => "[alice]"}, @r#"
    [
      {
        "created_at": "2026-01-31T09:00:00.123456Z",
        "error": "this mailer was told to fail",
        "id": "[id]",
        "kind": "verify_email",
        "tries": 1,
        "user_id": "[alice]"
      }
    ]
    "#);
    assert_eq!(list["items"][0]["user_id"], alice.id);
    // It is not tried again; another one is written.
    app.clock.advance(Duration::from_mins(5));
    alice.resend_verification().await.expect_empty(202);
    app.verification(&alice.email).await;
    assert!(app.mail.sent().is_empty());
}

pub async fn mail_that_can_not_go_now_goes_later(app: TestApp) {
    app.mail.fail_temporarily(1);
    let alice = app.user("alice").await;
    app.clock.advance(Duration::from_millis(1));
    let bob = app.user("bob").await;
    // Hers was tried before.
    app.verification(&bob.email).await;
    assert!(app.mail.sent().is_empty());
    app.clock.advance(Duration::from_secs(30));
    let token = app.verification(&alice.email).await;
    app.anonymous().verify_email(&token).await.expect_empty(204);
}
