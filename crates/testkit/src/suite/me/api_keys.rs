//! API keys: how users manage them, and what a bearer key may do.

use std::time::Duration;

use memo_conformance::eventually;
use serde_json::{Value, json};

use crate::{
    Actor, Response, TestApp,
    contract::{Operation, known},
    suite::{assert_json, send_concurrently, warm_session_cache},
};

const SCOPES: [&str; 5] = ["memos:read", "memos:write", "events:read", "account:read", "account:write"];

/// A new bearer key with these scopes.
pub async fn created(user: &Actor, scopes: &[&str]) -> Response {
    user.create_api_key(&json!({"name": "a", "scopes": scopes})).await.expect_status(201)
}

/// An actor with a new bearer key.
pub async fn with_key(app: &TestApp, user: &Actor, scopes: &[&str]) -> Actor {
    app.anonymous().with_token(created(user, scopes).await.text("secret"))
}

pub async fn new_api_key_is_told_by_mail(app: TestApp) {
    let alice = app.verified_user("alice").await;
    for (locale, subject) in [("en", "An API key was created"), ("ko", "API 키가 생성되었습니다")] {
        alice.patch_me(&json!({"locale": locale})).await.expect_status(200);
        let key = alice.create_api_key(&json!({"name": "백업 <b>", "scopes": ["memos:read"]})).await.expect_status(201);
        let mail = app.mail_to(&alice.email, subject).await;
        assert!(mail.text.contains("\n\n백업 <b>\n\n") && !mail.html.contains("<b>"), "{}", mail.text);
        assert!(!mail.text.contains(key.text("secret")), "{}", mail.text);
    }
}

pub async fn api_key_is_shown_with_its_secret_once(app: TestApp) {
    let alice = app.user("alice").await;
    let new = json!({
        "name": " backup ", "kind": "signed", "scopes": ["memos:write", "memos:read", "memos:read"],
        "ip_allowlist": ["10.1.2.3/8", "::1"], "note": "nightly\n", "expires_at": "2026-03-01T10:00:00+01:00"
    });
    let created = alice.create_api_key(&new).await.expect_status(201);
    assert_eq!(created.header("cache-control"), Some("no-store"));
    assert_eq!(created.header("location"), Some(&*format!("/api/v1/me/api-keys/{}", created.id())));
    let secret = created.text("secret");
    let random = secret.strip_prefix(&format!("memo_{}_", created.id())).expect("the id");
    assert!(random.len() == 64 && random.bytes().all(|byte| byte.is_ascii_hexdigit()), "{secret}");
    let other = alice.create_api_key(&json!({"name": "b", "scopes": ["events:read"]})).await.expect_status(201);
    let list = alice.api_keys().await.expect_status(200);
    assert_json!(list.json, @r#"
    {
      "items": [
        {
          "created_at": "2026-01-31T09:00:00.123456Z",
          "expires_at": null,
          "id": "019c1347-d2fb-7000-8000-00000000000e",
          "ip_allowlist": [],
          "kind": "bearer",
          "last_used_at": null,
          "name": "b",
          "note": null,
          "scopes": [
            "events:read"
          ]
        },
        {
          "created_at": "2026-01-31T09:00:00.123456Z",
          "expires_at": "2026-03-01T09:00:00Z",
          "id": "019c1347-d2fb-7000-8000-00000000000a",
          "ip_allowlist": [
            "10.0.0.0/8",
            "::1/128"
          ],
          "kind": "signed",
          "last_used_at": null,
          "name": "backup",
          "note": "nightly\n",
          "scopes": [
            "memos:read",
            "memos:write"
          ]
        }
      ]
    }
    "#);
    let mut expected = other.json.clone();
    expected.as_object_mut().expect("an object").remove("secret");
    assert_eq!(list["items"][0], expected);
}

pub async fn invalid_api_key_is_rejected_with_its_pointer(app: TestApp) {
    let alice = app.user("alice").await;
    let valid = created(&alice, &["memos:read"]).await;
    let many: Vec<_> = (0..51).map(|n| format!("10.0.0.{n}")).collect();
    for (field, value, place, code) in [
        ("name", json!(" "), "/name", "too_short"),
        ("name", json!("a".repeat(101)), "/name", "too_long"),
        ("name", json!("a\nb"), "/name", "control_character"),
        ("name", json!(7), "/name", "wrong_type"),
        ("scopes", json!([]), "/scopes", "required"),
        ("scopes", json!(["memos:read", "memos"]), "/scopes/1", "invalid_choice"),
        ("scopes", json!([{"memos:read": null}]), "/scopes/0", "wrong_type"),
        ("scopes", json!("memos:read"), "/scopes", "wrong_type"),
        ("ip_allowlist", json!(["10.0.0.1", "example.com"]), "/ip_allowlist/1", "malformed"),
        ("ip_allowlist", json!(["10.0.0.1/33"]), "/ip_allowlist/0", "malformed"),
        ("ip_allowlist", json!(many), "/ip_allowlist", "too_many"),
        ("note", json!("a".repeat(1_001)), "/note", "too_long"),
        ("note", json!("\0"), "/note", "nul_character"),
        ("expires_at", json!("tomorrow"), "/expires_at", "malformed"),
        ("expires_at", json!("2026-01-31T09:00:00.123456Z"), "/expires_at", "not_in_future"),
        ("secret", json!("x"), "/secret", "unknown_member"),
        ("user_id", json!(alice.id), "/user_id", "unknown_member"),
    ] {
        let mut new = json!({"name": "a", "scopes": ["memos:read"]});
        new[field] = value.clone();
        alice.create_api_key(&new).await.expect_status(422).invalid(place, code);
        let patch = json!({field: value});
        alice.patch_api_key(valid.id(), &patch).await.expect_status(422).invalid(place, code);
    }
    alice
        .create_api_key(&json!({"name": "a", "scopes": ["memos:read"], "kind": "other"}))
        .await
        .invalid("/kind", "invalid_choice");
    for (patch, place, code) in [
        (json!({"name": null}), "/name", "required"),
        (json!({"scopes": null}), "/scopes", "required"),
        (json!({"kind": "signed"}), "/kind", "unknown_member"),
    ] {
        alice.patch_api_key(valid.id(), &patch).await.expect_status(422).invalid(place, code);
    }
    assert_eq!(alice.api_keys().await["items"].as_array().map(Vec::len), Some(1));
}

/// A request with the example body, for a resource that does not exist.
async fn called(actor: &Actor, operation: Operation<'_>) -> Response {
    let call = actor.call(&operation.method.to_uppercase(), &operation.target());
    match operation.example() {
        Some((media_type, example)) => call.body(media_type, example.to_string()).await,
        None => call.await,
    }
}

/// The whole table of `docs/scopes.md`: each operation with a key that has its scopes alone, and with keys that lack one.
pub async fn api_key_may_do_exactly_what_its_scopes_allow(app: TestApp) {
    let alice = app.user("alice").await;
    let all = with_key(&app, &alice, &SCOPES).await;
    let mut lacking = Vec::new();
    for scope in SCOPES {
        let others: Vec<_> = SCOPES.into_iter().filter(|other| *other != scope).collect();
        lacking.push((scope, with_key(&app, &alice, &others).await));
    }
    let mut seen = 0;
    for operation in known().operations() {
        let Some(needed) = operation.scopes() else { continue };
        seen += 1;
        let shown = format!("{} {}", operation.method, operation.path);
        if operation.is_interactive() {
            called(&all, operation).await.expect_status(403).problem("interactive_sign_in_required");
            continue;
        }
        for (scope, key) in &lacking {
            // A live connection would not end.
            if operation.is_live() && !needed.contains(scope) {
                continue;
            }
            let response = called(key, operation).await;
            if needed.contains(scope) {
                assert!(response.expect_status(403).problem("insufficient_scope").text("detail").contains(scope));
            } else {
                assert!(![401, 403].contains(&response.expect_no_server_error().status), "{shown} needs {scope}");
            }
        }
    }
    assert!(seen > 20);
}

pub async fn api_key_of_another_user_is_not_found(app: TestApp) {
    let (alice, bob) = (app.user("alice").await, app.user("bob").await);
    let key = created(&alice, &["account:read"]).await;
    for id in [key.id(), "0198c0de-7f00-7000-8000-0000000000ff", "x"] {
        bob.patch_api_key(id, &json!({"name": "b"})).await.expect_status(404).problem("api_key_not_found");
        bob.delete_api_key(id).await.expect_status(404).problem("api_key_not_found");
    }
    assert_eq!(bob.api_keys().await.expect_status(200).json, json!({"items": []}));
    // A key acts for its own user.
    let with_key = app.anonymous().with_token(key.text("secret"));
    assert_eq!(with_key.me().await.expect_status(200).id(), alice.id);
    assert_eq!(alice.api_keys().await["items"][0]["name"], "a");
}

pub async fn changed_api_key_takes_effect_at_once(app: TestApp) {
    let alice = app.user("alice").await;
    let created = created(&alice, &["account:read"]).await;
    let key = app.anonymous().with_token(created.text("secret"));
    warm_session_cache(&[&key]).await;
    alice.patch_api_key(created.id(), &json!({"scopes": ["memos:read"]})).await.expect_status(200);
    key.me().await.expect_status(403).problem("insufficient_scope");
    key.list_memos(&[]).await.expect_status(200);
    alice.patch_api_key(created.id(), &json!({"ip_allowlist": ["192.0.2.1"]})).await.expect_status(200);
    key.list_memos(&[]).await.expect_status(403).problem("ip_not_allowed");
    let patch = json!({"ip_allowlist": ["127.0.0.1"], "note": "n", "name": "b"});
    let changed = alice.patch_api_key(created.id(), &patch).await.expect_status(200);
    assert_eq!((&changed["note"], &changed["name"], &changed["kind"]), (&json!("n"), &json!("b"), &json!("bearer")));
    key.list_memos(&[]).await.expect_status(200);
    alice.delete_api_key(changed.id()).await.expect_empty(204);
    key.list_memos(&[]).await.expect_status(401).problem("api_key_invalid");
    alice.delete_api_key(changed.id()).await.expect_status(404);
}

pub async fn api_key_ends_with_its_account(app: TestApp) {
    let (alice, root) = (app.user("alice").await, app.admin("root").await);
    let key = with_key(&app, &alice, &["account:read"]).await;
    warm_session_cache(&[&key]).await;
    root.patch_user(&alice.id, &json!({"disabled": true})).await.expect_status(200);
    key.me().await.expect_status(401).problem("api_key_invalid");
    root.patch_user(&alice.id, &json!({"disabled": false})).await.expect_status(200);
    key.me().await.expect_status(200);
    // It does not belong to a session.
    app.anonymous().sign_in(&alice.email, &alice.password).await.expect_status(200);
    let again = alice.with_new_token().await;
    again.end_sessions().await.expect_empty(204);
    key.me().await.expect_status(200);
    let again = alice.with_new_token().await;
    again.withdraw(&alice.password).await.expect_empty(204);
    key.me().await.expect_status(401).problem("api_key_invalid");
}

pub async fn api_key_expires_by_the_clock(app: TestApp) {
    let alice = app.user("alice").await;
    let new = json!({"name": "a", "scopes": ["account:read"], "expires_at": "2026-01-31T09:00:03Z"});
    let created = alice.create_api_key(&new).await.expect_status(201);
    let key = app.anonymous().with_token(created.text("secret"));
    warm_session_cache(&[&key]).await;
    app.clock.advance(Duration::from_secs(3));
    let expired = key.me().await.expect_status(401).problem("api_key_expired");
    assert!(expired.header("www-authenticate").is_some_and(|value| value.contains("invalid_token")));
    alice.patch_api_key(created.id(), &json!({"name": "b"})).await.expect_status(200);
    let past = alice.patch_api_key(created.id(), &json!({"expires_at": "2026-01-31T09:00:02Z"})).await;
    past.invalid("/expires_at", "not_in_future");
    alice.patch_api_key(created.id(), &json!({"expires_at": null})).await.expect_status(200);
    key.me().await.expect_status(200);
}

pub async fn api_key_with_another_secret_is_invalid(app: TestApp) {
    let (alice, anonymous) = (app.user("alice").await, app.anonymous());
    let created = created(&alice, &["account:read"]).await;
    let secret = created.text("secret");
    let signed = alice.create_api_key(&json!({"name": "s", "kind": "signed", "scopes": ["account:read"]})).await;
    let other = signed.expect_status(201);
    let flipped = format!("{}{}", &secret[..secret.len() - 1], if secret.ends_with('0') { '1' } else { '0' });
    for wrong in [
        &*flipped,
        &secret[..secret.len() - 1],
        &format!("{secret}0"),
        &secret.to_uppercase().replace("MEMO", "memo"),
        &secret.replace(created.id(), other.id()),
        &secret.replace(created.id(), "0198c0de-7f00-7000-8000-0000000000ff"),
        "memo_",
        "memo_x_y",
        // A key that signs is no bearer key.
        other.text("secret"),
    ] {
        anonymous.with_token(wrong).me().await.expect_status(401).problem("api_key_invalid");
    }
    let twice = anonymous.with_token(secret).me().header("authorization", format!("Bearer {}", alice.access_token));
    twice.await.expect_status(400).problem("ambiguous_credentials");
    anonymous.with_token(secret).me().await.expect_status(200);
}

pub async fn concurrent_creations_respect_the_limit_of_api_keys(app: TestApp) {
    let alice = app.user("alice").await;
    let new = json!({"name": "a", "scopes": ["memos:read"]});
    let responses = send_concurrently((0..14).map(|_| alice.create_api_key(&new))).await;
    let mut statuses: Vec<_> = responses.iter().map(|response| response.status).collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [[201; 10].as_slice(), &[409; 4]].concat());
    assert_eq!(alice.api_keys().await["items"].as_array().map(Vec::len), Some(10));
}

pub async fn use_of_an_api_key_is_recorded_once_a_minute(app: TestApp) {
    let alice = app.user("alice").await;
    let key = with_key(&app, &alice, &["account:read"]).await;
    let used = async |at: &str| {
        key.me().await.expect_status(200);
        eventually("the use is recorded", async || {
            let list = alice.api_keys().await.expect_status(200);
            (list["items"][0]["last_used_at"] == at).then_some(())
        })
        .await;
    };
    used("2026-01-31T09:00:00.123456Z").await;
    app.clock.advance(Duration::from_secs(59));
    used("2026-01-31T09:00:00.123456Z").await;
    app.clock.advance(Duration::from_secs(1));
    used("2026-01-31T09:01:00.123456Z").await;
}

pub async fn audit_event_names_the_api_key(app: TestApp) {
    let alice = app.user("alice").await;
    let created = created(&alice, &["account:read", "account:write"]).await;
    let key = app.anonymous().with_token(created.text("secret"));
    let moved = json!({"email": "liddell@example.com", "current_password": alice.password});
    key.patch_me(&moved).await.expect_status(200);
    let list = key.audit().await.expect_status(200);
    let events: Vec<_> = (0..2).map(|n| (&list["items"][n]["kind"], &list["items"][n]["api_key_id"])).collect();
    let id = json!(created.id());
    assert_eq!(events, [(&json!("email.changed"), &id), (&json!("api_key.created"), &Value::Null)]);
    assert_eq!(list["items"][1]["detail"], id);
    assert!(!list.json.to_string().contains(created.text("secret").rsplit('_').next().expect("the random part")));
}

pub async fn first_proof_of_an_account_removes_its_api_keys(app: TestApp) {
    // Mallory has signed up with an address of Alice.
    let mallory = app.user("alice").await;
    let key = with_key(&app, &mallory, &["account:read"]).await;
    warm_session_cache(&[&key]).await;
    let verification = app.verification(&mallory.email).await;
    app.anonymous().verify_email(&verification).await.expect_empty(204);
    key.me().await.expect_status(401).problem("api_key_invalid");
}
