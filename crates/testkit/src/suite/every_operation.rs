//! What holds for every operation, read from the document, so that a new one is tested with the day it is there.

use crate::{
    Actor, Call, TestApp,
    contract::{Operation, known, target},
};

/// Those that ignore what they do not know (RFC 6749, RFC 7009).
const LENIENT: [&str; 3] = ["/api/v1/auth/token", "/api/v1/auth/revoke", "/api/v1/auth/providers/{name}/callback"];

/// A call that is good as far as the document tells, of something that is not there.
fn call(actor: &Actor, operation: Operation<'_>) -> Call {
    let call = actor.call(&operation.method.to_uppercase(), &operation.target());
    match operation.example() {
        Some((media_type, example)) => call.body(media_type, example.to_string()),
        None => call,
    }
}

pub async fn unknown_parameters_are_named(app: TestApp) {
    let alice = app.user("alice").await;
    for operation in known().operations().filter(|operation| !LENIENT.contains(&operation.path)) {
        let unknown = call(&alice, operation).query(&[("colour", "red")]).await;
        unknown.invalid_parameter("colour", "unknown_member");
    }
}

pub async fn awkward_names_of_parameters_are_named_as_they_are(app: TestApp) {
    let alice = app.user("alice").await;
    for name in ["a.b", "tag[]", "limit[0]", "a`b", "한", "a b", "~/"] {
        for operation in known().operations().filter(|operation| operation.scopes().is_some()) {
            call(&alice, operation).query(&[(name, "")]).await.invalid_parameter(name, "unknown_member");
        }
    }
}

pub async fn unknown_members_are_named(app: TestApp) {
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

pub async fn a_sign_in_is_asked_for(app: TestApp) {
    let anyone = app.anonymous();
    let mut seen = 0;
    for operation in known().operations().filter(|operation| operation.scopes().is_some()) {
        seen += 1;
        let answer = call(&anyone, operation).await.expect_status(401).problem("authentication_required");
        assert_eq!(answer.header("www-authenticate"), Some("Bearer realm=\"memo\""));
        // Before anything else is looked at.
        let bare = anyone.call(&operation.method.to_uppercase(), &operation.target()).query(&[("colour", "red")]);
        bare.await.problem("authentication_required");
        call(&anyone.with_token("x"), operation).await.problem("access_token_invalid");
    }
    assert!(seen > 8);
}

pub async fn a_missing_scope_is_named(app: TestApp) {
    let all = ["memos:read", "memos:write", "events:read", "account:read", "account:write"];
    let alice = app.user("alice").await;
    for operation in known().operations() {
        let Some(needed) = operation.scopes() else { continue };
        assert!(!needed.is_empty(), "{} {} needs no scope", operation.method, operation.path);
        for scope in needed {
            let others: Vec<_> = all.into_iter().filter(|other| *other != scope).collect();
            let without = alice.with_scope(&others.join(" ")).await;
            let answer = call(&without, operation).await.expect_status(403);
            if operation.is_interactive() {
                answer.problem("interactive_sign_in_required");
            } else {
                assert!(answer.problem("insufficient_scope").text("detail").contains(scope));
            }
        }
    }
}

pub async fn the_scopes_are_those_of_the_contract(_: TestApp) {
    let of_memos =
        |path: &str| ["memos", "tags", "changes"].iter().any(|kind| is_below(path, &format!("/api/v1/{kind}")));
    let of_account = |path: &str| is_below(path, "/api/v1/me");
    for operation in known().operations().filter(|one| of_memos(one.path) || of_account(one.path)) {
        // What only the member in person may do.
        if operation.is_interactive() {
            assert!(!of_memos(operation.path) && operation.path != "/api/v1/me" || operation.method == "delete");
            continue;
        }
        let kind = if of_memos(operation.path) { "memos" } else { "account" };
        let access = if operation.method == "get" { "read" } else { "write" };
        let mut scopes = vec![format!("{kind}:{access}")];
        if ["/api/v1/me/export", "/api/v1/me/import"].contains(&operation.path) {
            scopes.push(format!("memos:{access}"));
        }
        assert_eq!(operation.scopes().unwrap_or_default(), scopes, "{}", operation.path);
    }
}

/// Whether a path is this one, or begins with it.
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

pub async fn bodies_have_a_media_type(app: TestApp) {
    let alice = app.user("alice").await;
    for operation in known().operations() {
        let Some((_, example)) = operation.example() else { continue };
        let bare = || alice.call(&operation.method.to_uppercase(), &operation.target());
        for media_type in ["text/plain", "application/xml", "multipart/form-data; boundary=x", "json", "*/*", ""] {
            let answer = bare().body(media_type, example.to_string()).await;
            answer.expect_status(415).problem("unsupported_media_type");
        }
        bare().untyped_body(example.to_string()).await.problem("unsupported_media_type");
    }
}

pub async fn bodies_are_objects(app: TestApp) {
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

pub async fn other_methods_are_refused_and_the_right_ones_named(app: TestApp) {
    let mut paths = known().methods();
    for path in ["/openapi.json", "/docs", "/docs/errors", "/docs/explorer.js"] {
        paths.insert(path, ["GET".to_owned()].into());
    }
    let anyone = app.anonymous();
    for (path, mut methods) in paths {
        if methods.contains("GET") {
            methods.insert("HEAD".into());
        }
        methods.insert("OPTIONS".into());
        let target = target(path);
        let allowed = |answer: &crate::Answer| -> std::collections::BTreeSet<String> {
            answer.header("allow").expect("Allow").split(',').map(|method| method.trim().to_owned()).collect()
        };
        for method in ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "TRACE", "PROPFIND", "get", "X-Y"] {
            if !methods.contains(method) {
                let answer = anyone.call(method, &target).await.expect_status(405);
                assert_eq!(allowed(&answer), methods, "{method} {path}");
                if method != "HEAD" {
                    answer.problem("method_not_allowed");
                }
            }
        }
        let options = anyone.call("OPTIONS", &target).await.expect_empty(204);
        assert_eq!(allowed(&options), methods, "OPTIONS {path}");
    }
}

pub async fn a_head_is_a_get_without_its_body(app: TestApp) {
    let alice = app.user("alice").await;
    let memo = format!("/api/v1/memos/{}", alice.memo("a").await);
    let pages = ["/docs", "/docs/errors", "/openapi.json", "/docs/explorer.js", "/docs/nowhere", "/nowhere"];
    let gets = known().operations().filter(|operation| operation.method == "get").map(|operation| operation.target());
    for target in gets.chain([memo]).chain(pages.map(str::to_owned)) {
        let get = alice.get(&target).await;
        let head = alice.call("HEAD", &target).await.expect_empty(get.status);
        for name in ["content-type", "etag", "cache-control", "link", "content-security-policy"] {
            assert_eq!(head.header(name), get.header(name), "{name} of {target}");
        }
        // A problem names its request, so two of them differ in it; the length of what is streamed is not known.
        if get.status == 200 && get.header("content-length").is_some() {
            assert_eq!(head.header("content-length"), Some(&*get.body.len().to_string()), "{target}");
        }
    }
}
