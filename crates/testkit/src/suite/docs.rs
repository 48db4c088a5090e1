use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::{Response, TestApp, contract::known};

pub async fn document_is_openapi_3_1(app: TestApp) {
    let response = app.anonymous().get("/openapi.json").await.expect_status(200);
    assert_eq!(response.media_type(), Some("application/json"));
    assert!(response.text("openapi").starts_with("3.1"));
    app.anonymous().get("/openapi.json").if_none_match(response.tag()).await.expect_empty(304);
    let flow = &response["components"]["securitySchemes"]["password"]["flows"]["password"];
    assert_eq!(flow["tokenUrl"], "/api/v1/auth/token");
    assert_eq!(flow["scopes"].as_object().map(serde_json::Map::len), Some(5));
}

pub async fn every_operation_is_described(_: TestApp) {
    let mut names = BTreeSet::new();
    for operation in known().operations() {
        let shown = format!("{} {}", operation.method, operation.path);
        let name = operation.item["operationId"].as_str().expect(&shown);
        assert!(names.insert(name), "{name} is used twice");
        assert!(operation.item["summary"].is_string() && operation.item["tags"][0].is_string(), "{shown}");
        assert!(operation.item["security"].is_array(), "{shown} does not declare its security");
        for parameter in operation.item["parameters"].as_array().into_iter().flatten() {
            let is_described = parameter["description"].is_string() || parameter["schema"]["description"].is_string();
            assert!(is_described && parameter["schema"].is_object(), "{shown}: {parameter}");
        }
        assert_eq!(operation.example().is_some(), operation.item["requestBody"].is_object(), "{shown}");
        assert!(operation.example().is_none_or(|(_, example)| example.is_object()), "{shown} has no example");
        let responses = operation.item["responses"].as_object().expect(&shown);
        assert!(responses.keys().any(|status| status.starts_with(['1', '2', '3'])), "{shown}");
        for (status, response) in responses {
            assert!(response["description"].as_str().is_some_and(|text| !text.is_empty()), "{shown} {status}");
            for name in ["X-Request-Id", "Server-Timing"] {
                assert!(response["headers"][name].is_object(), "{shown} {status} without {name}");
            }
        }
    }
    let expected = BTreeSet::from([
        "batch_memos",
        "create_memo",
        "delete_memo",
        "delete_tag",
        "get_keys",
        "get_me",
        "get_memo",
        "healthz",
        "list_changes",
        "list_memos",
        "list_tags",
        "patch_me",
        "patch_memo",
        "patch_tag",
        "readyz",
        "replace_memo",
        "restore_memo",
        "revoke",
        "sign_up",
        "token",
    ]);
    assert!(names.is_superset(&expected), "{names:?}");
}

pub async fn every_reference_in_the_document_resolves(_: TestApp) {
    fn visit(value: &Value) {
        known().resolve(value);
        value.as_object().into_iter().flat_map(serde_json::Map::values).for_each(visit);
        value.as_array().into_iter().flatten().for_each(visit);
    }
    visit(&known().document);
}

pub async fn every_error_code_is_explained(app: TestApp) {
    let examples = known().document["components"]["examples"].as_object().expect("examples");
    for language in ["en", "ko"] {
        let page = app.anonymous().get("/docs/errors").header("accept-language", language).await.expect_status(200);
        let text = String::from_utf8(page.body.clone()).expect("UTF-8");
        assert!(text.contains(&format!("<html lang=\"{language}\">")));
        for code in examples.keys() {
            assert!(text.contains(&format!("id=\"{code}\"")), "{code}");
        }
        assert!(page.header("vary").is_some_and(|vary| vary.eq_ignore_ascii_case("accept-language")));
    }
    // The page also explains the one code that occurs outside of operations.
    let codes: BTreeSet<_> = known().codes.iter().filter(|code| !code.starts_with("errors-")).collect();
    let of_operations = examples.keys().collect::<BTreeSet<_>>();
    let others: Vec<_> = codes.difference(&of_operations).map(|code| code.as_str()).collect();
    assert_eq!(others, ["method_not_allowed"]);
    assert!(of_operations.is_subset(&codes));
}

/// Asserts that a page may load files of this server only and may not be framed.
#[track_caller]
fn assert_locked_down(page: &Response) {
    assert_eq!(page.header("content-type"), Some("text/html; charset=utf-8"));
    let policy = page.header("content-security-policy").expect("a policy");
    let directives: Vec<_> = policy.split(';').map(str::trim).collect();
    assert!(directives.contains(&"default-src 'none'") && directives.contains(&"frame-ancestors 'none'"), "{policy}");
    for directive in &directives {
        for source in directive.split(' ').skip(1) {
            let is_own = ["'none'", "'self'"].contains(&source) || *directive == "img-src 'self' data:";
            assert!(is_own, "{directive}");
        }
    }
    let html = String::from_utf8(page.body.clone()).expect("UTF-8");
    assert!(!html.contains("style=") && !html.contains("onload=") && !html.contains("javascript:"), "{html}");
    assert_eq!(html.matches("<script").count(), html.matches("<script src=\"/docs/").count(), "{html}");
}

pub async fn doc_pages_load_only_own_files(app: TestApp) {
    let anonymous = app.anonymous();
    for path in ["/docs", "/docs/errors"] {
        let page = anonymous.get(path).await.expect_status(200);
        assert_locked_down(&page);
        let html = String::from_utf8(page.body.clone()).expect("UTF-8");
        let mut files = 0;
        for link in html.split(['"', '\'']).filter(|text| text.starts_with('/') || text.starts_with("http")) {
            assert!(link.starts_with("/docs"), "{link} is not a file of the server");
            let file = anonymous.get(link).await.expect_status(200);
            let media_type = match link.rsplit_once('.').map(|(_, extension)| extension) {
                Some("js") => "text/javascript",
                Some("css") => "text/css",
                Some("png") => "image/png",
                _ => "text/html",
            };
            assert_eq!(file.media_type(), Some(media_type), "{link}");
            assert!(!file.body.is_empty());
            anonymous.get(link).if_none_match(file.tag()).await.expect_empty(304);
            files += 1;
        }
        assert!(files > 1, "{path} loads no files");
    }
}

pub async fn start_page_is_for_browsers_and_fields_are_for_programs(app: TestApp) {
    let anonymous = app.anonymous();
    for (language, session) in [("en", "A first session"), ("ko-KR", "처음 써 보기")] {
        let call = anonymous.get("/?sign_in_error=email_taken").header("accept-language", language);
        let page = call.header("accept", "text/html,application/xhtml+xml,*/*;q=0.8").await.expect_status(200);
        assert_locked_down(&page);
        let html = String::from_utf8(page.body.clone()).expect("UTF-8");
        assert!(html.contains(session) && html.contains("URL=http://memo.test\n"), "{html}");
        for link in html.split("href=\"").skip(1).filter_map(|rest| rest.split('"').next()) {
            anonymous.get(link).await.expect_status(200);
        }
        assert_eq!(page.header("vary"), Some("Accept, Accept-Language"));
        anonymous
            .get("/")
            .header("accept-language", language)
            .header("accept", "text/html")
            .if_none_match(page.tag())
            .await
            .expect_empty(304);
    }
    for accept in ["*/*", "application/json"] {
        let server = anonymous.get("/").header("accept", accept).await.expect_status(200);
        let version = known().document["info"]["version"].clone();
        let fields = json!({"name": "memo", "version": version, "docs": "http://memo.test/docs", "openapi": "http://memo.test/openapi.json"});
        assert_eq!(server.json, fields);
    }
    anonymous.call("POST", "/").await.expect_status(405).problem("method_not_allowed");
}

pub async fn unknown_doc_file_is_not_found(app: TestApp) {
    for path in ["/docs/", "/docs/x", "/docs/index.html", "/docs/..%2fCargo.toml", "/docs/%2e%2e/x", "/docs/a/b"] {
        app.anonymous().get(path).await.expect_status(404).problem("not_found");
    }
}
