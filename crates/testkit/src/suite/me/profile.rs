use std::time::Duration;

use serde_json::json;

use crate::{TestApp, suite::assert_json};

pub async fn own_account_is_returned_with_an_etag(app: TestApp) {
    let alice = app.user("Alice").await;
    let me = alice.me().await.expect_status(200).expect_header("cache-control", "private, no-cache");
    assert_json!(me.json, @r#"
    {
      "created_at": "2026-01-31T09:00:00.123456Z",
      "display_name": "Alice",
      "email": "alice-0@example.com",
      "email_verified": false,
      "id": "019c1347-d2fb-7000-8000-000000000002",
      "locale": "en",
      "role": "member",
      "time_zone": "UTC",
      "updated_at": "2026-01-31T09:00:00.123456Z"
    }
    "#);
    assert_eq!(me.id(), alice.id);
    let unchanged = alice.me().if_none_match(me.tag()).await.expect_empty(304);
    assert_eq!(unchanged.tag(), me.tag());
}

pub async fn display_name_can_be_changed(app: TestApp) {
    let alice = app.user("Alice").await;
    let before = alice.me().await.expect_status(200);
    app.clock.advance(Duration::from_secs(1));
    let patched = alice.patch_me(&json!({"display_name": "  Alice L. "})).await.expect_status(200);
    assert_eq!(patched["display_name"], "Alice L.");
    assert_eq!((&patched["created_at"], &patched["updated_at"]), (&before["created_at"], &json!(app.now())));
    let after = alice.me().if_none_match(before.tag()).await.expect_status(200);
    assert_eq!(after.json, patched.json);
    assert_eq!(after.tag(), patched.tag());
}

pub async fn locale_can_be_changed_and_reset_by_null(app: TestApp) {
    let alice = app.user("alice").await;
    assert_eq!(alice.patch_me(&json!({"locale": "ko"})).await.expect_status(200)["locale"], "ko");
    let named = alice.patch_me(&json!({"display_name": "A"})).await.expect_status(200);
    assert_eq!(named["locale"], "ko");
    assert_eq!(alice.patch_me(&json!({"locale": null})).await.expect_status(200)["locale"], "en");
}

pub async fn time_zone_can_be_changed_and_reset_by_null(app: TestApp) {
    let alice = app.user("alice").await;
    let before = alice.me().await.expect_status(200);
    assert_eq!(before["time_zone"], "UTC");
    let patched = alice.patch_me(&json!({"time_zone": "Asia/Seoul"})).await.expect_status(200);
    assert_eq!(patched["time_zone"], "Asia/Seoul");
    assert_ne!(patched.tag(), before.tag());
    let named = alice.patch_me(&json!({"display_name": "A"})).await.expect_status(200);
    assert_eq!(named["time_zone"], "Asia/Seoul");
    assert_eq!(alice.me().await.expect_status(200)["time_zone"], "Asia/Seoul");
    assert_eq!(alice.patch_me(&json!({"time_zone": null})).await.expect_status(200)["time_zone"], "UTC");
}

pub async fn empty_account_patch_changes_nothing(app: TestApp) {
    let alice = app.user("alice").await;
    let before = alice.me().await.expect_status(200);
    let patched = alice.patch_me(&json!({})).await.expect_status(200);
    assert_eq!(patched["display_name"], before["display_name"]);
    assert_eq!(patched["locale"], before["locale"]);
    app.clock.advance(Duration::from_secs(1));
    let (name, email) = (before.text("display_name"), before.text("email"));
    let same = json!({"display_name": name, "locale": "en", "email": email, "current_password": alice.password});
    for patch in [json!({}), json!({"display_name": format!(" {name} ")}), same] {
        let patched = alice.patch_me(&patch).await.expect_status(200);
        assert_eq!((&patched.json, patched.tag()), (&before.json, before.tag()), "{patch}");
    }
}

pub async fn invalid_account_patch_is_rejected_with_its_pointer(app: TestApp) {
    let alice = app.user("alice").await;
    let before = alice.me().await.expect_status(200);
    for (patch, pointer, code) in [
        (json!({"display_name": null}), "/display_name", "required"),
        (json!({"display_name": " "}), "/display_name", "too_short"),
        (json!({"display_name": "가".repeat(101)}), "/display_name", "too_long"),
        (json!({"display_name": "a\u{7}"}), "/display_name", "control_character"),
        (json!({"display_name": "\u{200b}\u{2060}"}), "/display_name", "no_visible_character"),
        (json!({"display_name": "\u{202e}ecilA"}), "/display_name", "bidirectional_control"),
        (json!({"display_name": 1}), "/display_name", "wrong_type"),
        (json!({"locale": "fr"}), "/locale", "invalid_choice"),
        (json!({"locale": 1}), "/locale", "wrong_type"),
        (json!({"locale": {"ko": null}}), "/locale", "wrong_type"),
        (json!({"time_zone": "Asia/Pyeongyang"}), "/time_zone", "unknown_time_zone"),
        (json!({"time_zone": "asia/seoul"}), "/time_zone", "unknown_time_zone"),
        (json!({"time_zone": "+09:00"}), "/time_zone", "unknown_time_zone"),
        (json!({"time_zone": ""}), "/time_zone", "unknown_time_zone"),
        (json!({"time_zone": "A".repeat(100_000)}), "/time_zone", "unknown_time_zone"),
        (json!({"time_zone": 9}), "/time_zone", "wrong_type"),
        (json!({"role": "admin"}), "/role", "unknown_member"),
        (json!({"email_verified": true}), "/email_verified", "unknown_member"),
        (json!({"id": alice.id}), "/id", "unknown_member"),
        (json!({"password": "another horse battery"}), "/password", "unknown_member"),
        (json!({"password_hash": "$2b$04$x"}), "/password_hash", "unknown_member"),
        (json!({"disabled": false}), "/disabled", "unknown_member"),
        (json!({"version": 7}), "/version", "unknown_member"),
        (json!({"updated_at": "2026-01-31T09:00:00Z"}), "/updated_at", "unknown_member"),
    ] {
        alice.patch_me(&patch).await.invalid(pointer, code);
    }
    assert_eq!(alice.me().await.expect_status(200).json, before.json);
}

pub async fn account_patch_accepts_json_and_merge_patch(app: TestApp) {
    let alice = app.user("alice").await;
    let call = alice.call("PATCH", "/api/v1/me");
    call.clone().json(&json!({"display_name": "A"})).await.expect_status(200);
    for media_type in ["application/merge-patch+json", "application/json; charset=utf-8"] {
        call.clone().body(media_type, r#"{"display_name": "A"}"#).await.expect_status(200);
    }
    for media_type in ["application/json-patch+json", "text/plain", "application/json; charset=euc-kr"] {
        let response = call.clone().body(media_type, "{}").await.expect_status(415).problem("unsupported_media_type");
        let accepted = response.header("accept-patch").expect("an `Accept-Patch` header");
        assert!(accepted.contains("application/merge-patch+json") && accepted.contains("application/json"));
    }
}

pub async fn account_of_another_user_is_not_shown(app: TestApp) {
    let (alice, bob) = (app.user("alice").await, app.user("bob").await);
    alice.patch_me(&json!({"display_name": "A"})).await.expect_status(200);
    let me = bob.me().await.expect_status(200);
    assert_eq!((me.id(), &me["display_name"]), (&*bob.id, &json!("bob")));
}
