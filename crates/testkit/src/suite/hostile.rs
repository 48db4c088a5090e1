//! No input causes a server error.

use proptest::prelude::*;
use serde_json::{Value, json};

use crate::{
    Actor, Call, TestApp,
    contract::known,
    suite::{for_all, merged},
};

/// Unusual JSON values.
fn values() -> Vec<Value> {
    vec![
        json!(null),
        json!(true),
        json!(0),
        json!(-1),
        json!(1.5),
        json!(u64::MAX),
        json!(1e308),
        json!(""),
        json!("\0"),
        json!("a\0b"),
        json!("%"),
        json!("_"),
        json!("한\u{300}"),
        json!("\u{ffff}"),
        json!("x".repeat(100_001)),
        json!("🎈".repeat(201)),
        json!("9999-12-31T23:59:59.9999999Z"),
        json!("-0001-01-01T00:00:00Z"),
        json!("2026-12-31T23:59:60Z"),
        json!("2026-01-31T09:00:00+99:99"),
        json!([]),
        json!([[]]),
        json!([null]),
        json!({}),
        json!({"a": {"b": []}}),
        json!(vec!["a"; 1_000]),
    ]
}

const MEMO_FIELDS: &[&str] = &["title", "content", "tags", "pinned", "archived", "visibility", "remind_at", "x"];

/// The operations that take a body, with the fields to try.
fn operations_with_body(actor: &Actor, id: &str) -> Vec<(Call, &'static [&'static str])> {
    vec![
        (actor.call("POST", "/api/v1/memos"), MEMO_FIELDS),
        (actor.call("PUT", &format!("/api/v1/memos/{id}")), MEMO_FIELDS),
        (actor.call("PATCH", &format!("/api/v1/memos/{id}")), MEMO_FIELDS),
        (actor.call("PATCH", "/api/v1/tags/a"), &["tag", "x"]),
        (actor.call("PATCH", "/api/v1/me"), &["display_name", "locale", "time_zone", "email", "role"]),
        (actor.call("POST", "/api/v1/auth/sign-up"), &["email", "password", "display_name"]),
    ]
}

pub async fn no_field_value_causes_a_server_error(app: TestApp) {
    let alice = app.user("alice").await;
    let id = alice.memo("a").await;
    for (call, fields) in operations_with_body(&alice, &id) {
        for field in fields {
            for value in values() {
                let body = json!({"title": "a", *field: value});
                call.clone().json(&body).await.expect_no_server_error();
            }
        }
    }
}

pub async fn no_batch_value_causes_a_server_error(app: TestApp) {
    let alice = app.user("alice").await;
    let id = alice.memo("a").await;
    let update = json!({"op": "update", "id": id, "memo": {}});
    let mut operations = values();
    for value in values() {
        for field in ["op", "id", "if_version", "memo", "x"] {
            operations.push(merged(update.clone(), &json!({field: value})));
        }
        for field in MEMO_FIELDS {
            operations.push(json!({"op": "create", "memo": {"title": "a", *field: value}}));
            operations.push(merged(update.clone(), &json!({"memo": {*field: value}})));
        }
        alice.batch(&value).await.expect_no_server_error();
    }
    for operation in &operations {
        alice.batch(&json!([operation])).await.expect_no_server_error();
    }
    for chunk in operations.chunks(90) {
        alice.batch(&json!(chunk)).await.expect_no_server_error();
    }
    let any = "\\{\"operations\": ?\\[\\{?[\\[\\]{}\",:\\\\ a-z0-9]{0,40}\\}?\\]\\}";
    for_all(50, any, async |body: String| {
        let call = alice.call("POST", "/api/v1/memos/batch").body("application/json", body);
        call.await.expect_no_server_error();
    })
    .await;
}

pub async fn no_body_causes_a_server_error(app: TestApp) {
    let alice = app.user("alice").await;
    let id = alice.memo("a").await;
    let bodies = prop_oneof![
        prop::collection::vec(any::<u8>(), 0..200),
        "[\\[\\]{}\",:\\\\ a0-9eu.-]{0,60}".prop_map(String::into_bytes),
        "\\{\"(title|content|tags)\": ?(\"\\PC{0,20}\"|[0-9.eE-]{1,30}|\\[.{0,20}\\])\\}".prop_map(String::into_bytes),
    ];
    let calls = operations_with_body(&alice, &id);
    for_all(100, (bodies, 0..calls.len()), async |(body, n)| {
        calls[n].0.clone().body("application/json", body).await.expect_no_server_error();
    })
    .await;
}

pub async fn no_query_causes_a_server_error(app: TestApp) {
    let alice = app.user("alice").await;
    let id = alice.memo("a").await;
    let names = [
        "scope",
        "q",
        "since",
        "tag",
        "pinned",
        "archived",
        "visibility",
        "trashed",
        "created_after",
        "created_before",
        "updated_after",
        "updated_before",
        "sort",
        "limit",
        "offset",
        "cursor",
        "include_total",
        "permanent",
    ];
    let values = [
        "",
        "0",
        "-1",
        "1e3",
        "9223372036854775807",
        "9223372036854775808",
        "-9223372036854775809",
        "%25",
        "_",
        "%00",
        "%ff",
        "%ed%a0%80",
        "true",
        "null",
        "[]",
        "'%20OR%201=1",
        "0000-01-01T00:00:00Z",
        "9999-12-31T23:59:59.999999Z",
        "9999-12-31T23:59:60Z",
        "%F0%9F%8E%88",
        "a&tag=b&tag=%25",
        "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAdAAAAAAAAAAA",
    ];
    for name in names {
        for value in values {
            alice.get(&format!("/api/v1/memos?{name}={value}")).await.expect_no_server_error();
            if ["since", "limit"].contains(&name) {
                alice.get(&format!("/api/v1/changes?{name}={value}")).await.expect_no_server_error();
            }
        }
    }
    for query in ["&", "=", "?", "&&==&", "%", "%zz", "tag", "tag=a&tag", "limit=1&offset=1&cursor=", "tag[]=a", "+"] {
        for target in ["/api/v1/memos", "/api/v1/me", &format!("/api/v1/memos/{id}")] {
            alice.get(&format!("{target}?{query}")).await.expect_no_server_error();
        }
    }
    let parameter = (prop::sample::select(names.to_vec()), "(%[0-9a-f]{2}|[a-zA-Z0-9:.+_-]|\\PC){0,30}");
    for_all(100, prop::collection::vec(parameter, 1..4), async |parameters: Vec<(&str, String)>| {
        let query: Vec<_> = parameters.iter().map(|(name, value)| (*name, &**value)).collect();
        alice.list_memos(&query).await.expect_no_server_error();
    })
    .await;
}

pub async fn no_header_causes_a_server_error(app: TestApp) {
    let alice = app.user("alice").await;
    let target = format!("/api/v1/memos/{}", alice.memo("a").await);
    let values: [&[u8]; 16] = [
        b"",
        b" ",
        b",",
        b"\"",
        b"\"\"",
        b"W/",
        b"W/\"",
        b"*",
        b"\xff\xfe",
        "한".as_bytes(),
        b"-1",
        b"99999999999999999999",
        b"\"1-0123456789abcdef0123456789abcdef\"",
        b"\"99999999999-0123456789abcdef0123456789abcdef\"",
        b";;=,",
        b"gzip",
    ];
    let names = [
        "if-match",
        "if-none-match",
        "if-modified-since",
        "accept",
        "accept-language",
        "accept-encoding",
        "range",
        "content-type",
        "content-encoding",
        "expect",
        "cookie",
        "origin",
        "x-request-id",
        "x-forwarded-for",
        "forwarded",
        "te",
        "upgrade",
        "user-agent",
        "idempotency-key",
        "authorization",
        "x-http-method-override",
    ];
    for name in names {
        for value in values {
            alice.get(&target).header(name, value).await.expect_no_server_error();
            if ["if-match", "content-type", "content-encoding", "expect"].contains(&name) {
                let patch = alice.call("PATCH", &target).untyped_body("{}").header(name, value);
                patch.await.expect_no_server_error();
            }
        }
    }
}

pub async fn no_path_causes_a_server_error(app: TestApp) {
    let alice = app.user("alice").await;
    for operation in known().operations().filter(|operation| operation.path.contains('{')) {
        for id in ["%00", "%ff", "%2f", "..", "%2e%2e", "{id}", "%7Bid%7D", "🎈", "%", "%zz", &"a".repeat(5_000)] {
            let target = operation.path.replace("{id}", id).replace("{tag}", id);
            let call = alice.call(&operation.method.to_uppercase(), &target);
            call.json(&json!({"title": "a"})).await.expect_no_server_error();
        }
    }
    for_all(50, "(/|[a-z0-9]|%[0-9a-f]{2}|\\PC){0,40}", async |path: String| {
        alice.get(&format!("/{path}")).await.expect_no_server_error();
        alice.get(&format!("/api/v1/memos/{path}")).await.expect_no_server_error();
        alice.get(&format!("/docs/{path}")).await.expect_no_server_error();
        alice.call("DELETE", &format!("/api/v1/tags/{path}")).await.expect_no_server_error();
    })
    .await;
}

pub async fn no_form_causes_a_server_error(app: TestApp) {
    let anonymous = app.anonymous();
    let forms = prop_oneof![
        prop::collection::vec(any::<u8>(), 0..100),
        "(grant_type=(password|refresh_token)&)?(username|password|refresh_token|scope|token)=(%[0-9a-f]{2}|.){0,50}"
            .prop_map(String::into_bytes),
    ];
    for_all(60, forms, async |form: Vec<u8>| {
        for path in ["/api/v1/auth/token", "/api/v1/auth/revoke"] {
            let call = anonymous.call("POST", path).body("application/x-www-form-urlencoded", form.clone());
            call.await.expect_no_server_error();
        }
    })
    .await;
}
