//! Rules for every operation. They read the OpenAPI document, so that each new operation is tested automatically.

use std::collections::HashMap;

use serde_json::Value;

use crate::{
    Actor, Call, TestApp,
    contract::{Operation, known, target},
};

/// Operations that ignore unknown parameters (RFC 6749, RFC 7009).
const LENIENT: [&str; 3] = ["/api/v1/auth/token", "/api/v1/auth/revoke", "/api/v1/auth/providers/{name}/callback"];

/// A request with a valid example body, for a resource that does not exist.
fn call(actor: &Actor, operation: Operation<'_>) -> Call {
    let call = actor.call(&operation.method.to_uppercase(), &operation.target());
    match operation.example() {
        Some((media_type, example)) => call.body(media_type, example.to_string()),
        None => call,
    }
}

pub async fn unknown_parameter_is_rejected_by_name(app: TestApp) {
    let alice = app.user("alice").await;
    for operation in known().operations().filter(|operation| !LENIENT.contains(&operation.path)) {
        let unknown = call(&alice, operation).query(&[("colour", "red")]).await;
        unknown.invalid_parameter("colour", "unknown_member");
    }
}

pub async fn unusual_parameter_name_is_reported_verbatim(app: TestApp) {
    let alice = app.user("alice").await;
    for name in ["a.b", "tag[]", "limit[0]", "a`b", "한", "a b", "~/"] {
        for operation in known().operations().filter(|operation| operation.scopes().is_some()) {
            call(&alice, operation).query(&[(name, "")]).await.invalid_parameter(name, "unknown_member");
        }
    }
}

pub async fn unknown_json_field_is_rejected_by_name(app: TestApp) {
    let alice = app.user("alice").await;
    for operation in known().operations().filter(|one| one.takes_one() && !LENIENT.contains(&one.path)) {
        let Some((media_type, example)) = operation.example() else { continue };
        for (name, pointer) in [("colour", "/colour"), ("a.b", "/a.b"), ("a/b~c", "/a~1b~0c"), ("t[0]", "/t[0]")] {
            let mut body = example.clone();
            body[name] = "red".into();
            let call = alice.call(&operation.method.to_uppercase(), &operation.target());
            call.body(media_type, body.to_string()).await.invalid(pointer, "unknown_member");
        }
    }
}

/// Whether a schema allows null.
fn allows_null(schema: &Value) -> bool {
    let kinds = ["oneOf", "anyOf"].into_iter().filter_map(|name| schema[name].as_array()).flatten();
    let types = schema["type"].as_array().into_iter().flatten();
    schema["type"] == "null" || types.into_iter().any(|kind| kind == "null") || kinds.into_iter().any(allows_null)
}

pub async fn null_is_rejected_unless_the_schema_allows_it(app: TestApp) {
    let alice = app.user("alice").await;
    let mut seen = 0;
    for operation in known().operations().filter(|one| one.takes_one() && !LENIENT.contains(&one.path)) {
        let Some((media_type, example)) = operation.example() else { continue };
        let schema = known().resolve(&operation.item["requestBody"]["content"][media_type]["schema"]);
        for (name, field) in schema["properties"].as_object().into_iter().flatten() {
            if allows_null(known().resolve(field)) {
                continue;
            }
            seen += 1;
            let mut body = example.clone();
            body[name] = Value::Null;
            let call = alice.call(&operation.method.to_uppercase(), &operation.target());
            let response = call.body(media_type, body.to_string()).await.problem("validation_failed");
            let errors = response.errors();
            assert!(errors.iter().any(|(_, pointer, _)| pointer[1..] == **name), "{name}: {}", response.shown());
        }
    }
    assert!(seen > 20, "{seen}");
}

pub async fn unknown_field_is_rejected_by_operations_without_a_body(app: TestApp) {
    let alice = app.user("alice").await;
    let mut seen = 0;
    for operation in known().operations().filter(|one| one.method != "get" && one.item["requestBody"].is_null()) {
        seen += 1;
        let call = || alice.call(&operation.method.to_uppercase(), &operation.target());
        call().body("application/json", r#"{"colour": "red"}"#).await.invalid("/colour", "unknown_member");
    }
    assert!(seen > 10, "{seen}");
    // The session has not ended meanwhile.
    alice.get("/api/v1/me").await.expect_status(200);
}

/// Except usage, which counts the request itself.
pub async fn private_json_is_revalidated(app: TestApp) {
    let (admin, alice) = (app.admin("root").await, app.user("alice").await);
    let memo = alice.memo("a").await;
    let below = ["", "/revisions", "/revisions/1", "/likes", "/shares", "/backlinks"];
    let mut targets: Vec<_> = below.iter().map(|name| (&alice, format!("/api/v1/memos/{memo}{name}"))).collect();
    for operation in known().operations().filter(|one| one.method == "get" && one.scopes().is_some()) {
        let is_json = operation.item["responses"]["200"]["content"]["application/json"].is_object();
        if is_json && !operation.path.contains('{') && !operation.path.ends_with("/usage") {
            targets.push((if operation.path.contains("/admin/") { &admin } else { &alice }, operation.target()));
        }
    }
    assert!(targets.len() > 18, "{}", targets.len());
    for (actor, target) in targets {
        let response = actor.get(&target).await.expect_status(200);
        let response = response.expect_header("cache-control", "private, no-cache");
        let tag = response.header("etag").unwrap_or_else(|| panic!("{target} has no ETag")).to_owned();
        let again = actor.get(&target).header("if-none-match", &tag).await.expect_status(304);
        assert_eq!(again.header("etag"), Some(&*tag), "{target}");
        actor.get(&target).header("if-none-match", "\"other\"").await.expect_status(200);
    }
}

pub async fn anonymous_request_is_unauthorized(app: TestApp) {
    let anonymous = app.anonymous();
    let mut seen = 0;
    for operation in known().operations().filter(|operation| operation.scopes().is_some()) {
        seen += 1;
        let response = call(&anonymous, operation).await.expect_status(401).problem("authentication_required");
        assert_eq!(response.header("www-authenticate"), Some("Bearer realm=\"memo\""));
        // Authentication comes before any validation.
        let bare = anonymous.call(&operation.method.to_uppercase(), &operation.target()).query(&[("colour", "red")]);
        bare.await.problem("authentication_required");
        call(&anonymous.with_token("x"), operation).await.problem("access_token_invalid");
    }
    assert!(seen > 8);
}

pub async fn missing_scope_is_reported_by_name(app: TestApp) {
    let all = ["memos:read", "memos:write", "events:read", "account:read", "account:write"];
    let alice = app.user("alice").await;
    let mut without = HashMap::new();
    for scope in all {
        let others: Vec<_> = all.into_iter().filter(|other| *other != scope).collect();
        without.insert(scope, alice.with_scope(&others.join(" ")).await);
    }
    for operation in known().operations() {
        let Some(needed) = operation.scopes() else { continue };
        assert!(!needed.is_empty(), "{} {} needs no scope", operation.method, operation.path);
        for scope in needed {
            let response = call(&without[scope], operation).await.expect_status(403);
            if operation.is_interactive() {
                response.problem("interactive_sign_in_required");
            } else {
                assert!(response.problem("insufficient_scope").text("detail").contains(scope));
            }
        }
    }
}

pub async fn scopes_follow_from_path_and_method(_: TestApp) {
    let is_memos =
        |path: &str| ["memos", "tags", "changes"].iter().any(|kind| is_below(path, &format!("/api/v1/{kind}")));
    let is_account = |path: &str| is_below(path, "/api/v1/me");
    for operation in known().operations().filter(|one| is_memos(one.path) || is_account(one.path)) {
        // Interactive operations are the sensitive ones of an account.
        if operation.is_interactive() {
            assert!(!is_memos(operation.path) && operation.path != "/api/v1/me" || operation.method == "delete");
            continue;
        }
        let kind = if is_memos(operation.path) { "memos" } else { "account" };
        // A completion writes nothing.
        let is_read = operation.method == "get" || operation.path.ends_with("/completions");
        let access = if is_read { "read" } else { "write" };
        let mut scopes = vec![format!("{kind}:{access}")];
        if ["/api/v1/me/export", "/api/v1/me/import"].contains(&operation.path) {
            scopes.push(format!("memos:{access}"));
        }
        assert_eq!(operation.scopes().unwrap_or_default(), scopes, "{}", operation.path);
    }
}

/// Whether `path` is `root` or below it.
fn is_below(path: &str, root: &str) -> bool {
    path.strip_prefix(root).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

pub async fn two_credentials_are_ambiguous(app: TestApp) {
    let alice = app.user("alice").await;
    for operation in known().operations().filter(|operation| operation.scopes().is_some()) {
        let twice = call(&alice, operation).header("authorization", format!("Bearer {}", alice.access_token));
        twice.await.expect_status(400).problem("ambiguous_credentials");
    }
}

pub async fn body_with_another_media_type_is_rejected(app: TestApp) {
    let alice = app.user("alice").await;
    for operation in known().operations() {
        let Some((_, example)) = operation.example() else { continue };
        let bare = || alice.call(&operation.method.to_uppercase(), &operation.target());
        for media_type in ["text/csv", "application/xml", "multipart/form-data; boundary=x", "json", "*/*", ""] {
            let response = bare().body(media_type, example.to_string()).await;
            response.expect_status(415).problem("unsupported_media_type");
        }
        bare().untyped_body(example.to_string()).await.problem("unsupported_media_type");
    }
}

pub async fn body_with_a_content_coding_is_rejected(app: TestApp) {
    let alice = app.user("alice").await;
    for operation in known().operations() {
        let Some((media_type, example)) = operation.example() else { continue };
        let call =
            alice.call(&operation.method.to_uppercase(), &operation.target()).body(media_type, example.to_string());
        for coding in ["gzip", "br", "identity, gzip", "x"] {
            let response = call.clone().header("content-encoding", coding).await.expect_status(415);
            response.problem("unsupported_content_encoding").expect_header("accept-encoding", "identity");
        }
    }
    let call = alice.create_memo(&serde_json::json!({"title": "a"}));
    call.header("content-encoding", "Identity").await.expect_status(201);
}

pub async fn body_that_is_not_an_object_is_rejected(app: TestApp) {
    let alice = app.user("alice").await;
    for operation in known().operations().filter(|one| one.takes_one() && !LENIENT.contains(&one.path)) {
        let Some((media_type, example)) = operation.example() else { continue };
        let values = example.as_object().expect("an object").values();
        let in_order = serde_json::Value::Array(values.cloned().collect()).to_string();
        for body in ["[]", "[\"a\"]", "null", "\"a\"", "1", "true", &in_order] {
            let call = alice.call(&operation.method.to_uppercase(), &operation.target()).body(media_type, body);
            call.await.expect_status(422).invalid("", "wrong_type");
        }
    }
}

pub async fn unsupported_method_is_rejected_with_the_allowed_ones(app: TestApp) {
    let mut paths = known().methods();
    for path in ["/openapi.json", "/docs", "/docs/errors", "/docs/explorer.js"] {
        paths.insert(path, ["GET".to_owned()].into());
    }
    let anonymous = app.anonymous();
    for (path, mut methods) in paths {
        if methods.contains("GET") {
            methods.insert("HEAD".into());
        }
        methods.insert("OPTIONS".into());
        let target = target(path);
        let allowed = |response: &crate::Response| -> std::collections::BTreeSet<String> {
            response.header("allow").expect("Allow").split(',').map(|method| method.trim().to_owned()).collect()
        };
        for method in ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "TRACE", "PROPFIND", "get", "X-Y"] {
            if !methods.contains(method) {
                let response = anonymous.call(method, &target).await.expect_status(405);
                assert_eq!(allowed(&response), methods, "{method} {path}");
                if method != "HEAD" {
                    response.problem("method_not_allowed");
                }
            }
        }
        let options = anonymous.call("OPTIONS", &target).await.expect_empty(204);
        assert_eq!(allowed(&options), methods, "OPTIONS {path}");
    }
}

pub async fn head_equals_get_without_the_body(app: TestApp) {
    let alice = app.user("alice").await;
    let memo = format!("/api/v1/memos/{}", alice.memo("a").await);
    let pages = ["/docs", "/docs/errors", "/openapi.json", "/docs/explorer.js", "/docs/nowhere", "/nowhere"];
    let gets = known().operations().filter(|operation| operation.method == "get" && !operation.is_live());
    let gets = gets.map(|operation| operation.target());
    for target in gets.chain([memo]).chain(pages.map(str::to_owned)) {
        let get = alice.get(&target).await;
        let head = alice.call("HEAD", &target).await.expect_empty(get.status);
        for name in ["content-type", "etag", "cache-control", "link", "content-security-policy"] {
            assert_eq!(head.header(name), get.header(name), "{name} of {target}");
        }
        // Problems differ by request id, usage includes the requests before, and the length of a streamed body is not known in
        // advance.
        if get.status == 200 && !target.ends_with("/usage") && get.header("content-length").is_some() {
            assert_eq!(head.header("content-length"), Some(&*get.body.len().to_string()), "{target}");
        }
    }
}
