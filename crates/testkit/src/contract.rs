//! Checks of every response: general rules, and the server's own OpenAPI document.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::OnceLock,
};

use serde_json::{Map, Value};

use crate::{Response, TestApp};

static CONTRACT: OnceLock<Contract> = OnceLock::new();

/// The server's documents. They depend on the binary only, so they are read once per process.
pub struct Contract {
    /// `/openapi.json`
    pub document: Value,
    /// The codes explained by `/docs/errors`. Those of `errors` have the prefix `errors-`.
    pub codes: BTreeSet<String>,
}

/// An operation of the OpenAPI document.
#[derive(Clone, Copy)]
pub struct Operation<'a> {
    pub method: &'a str,
    pub path: &'a str,
    pub item: &'a Value,
}

/// Reads the documents, unless that has been done.
pub async fn learn(app: &TestApp) {
    if CONTRACT.get().is_none() {
        // With an id of their own: these requests take none of the server, whose ids are the same in each run.
        let get = |path| app.anonymous().get(path).header("x-request-id", "contract");
        let document = get("/openapi.json").await.expect_status(200).json;
        let page = get("/docs/errors").await.expect_status(200);
        let page = String::from_utf8(page.body).expect("a page in UTF-8");
        let codes = page.split(" id=\"").skip(1).filter_map(|rest| Some(rest.split_once('"')?.0.to_owned())).collect();
        // Another test may have set the same value concurrently.
        let _ = CONTRACT.set(Contract { document, codes });
    }
}

/// The documents that [`learn`] has read.
pub fn known() -> &'static Contract {
    CONTRACT.get().expect("an app has started")
}

impl Contract {
    /// Every operation.
    pub fn operations(&self) -> impl Iterator<Item = Operation<'_>> {
        fields(&self.document["paths"])
            .flat_map(|(path, item)| fields(item).map(move |(method, item)| Operation { method, path, item }))
    }

    /// The methods of every path, in upper case.
    pub fn methods(&self) -> BTreeMap<&str, BTreeSet<String>> {
        let mut paths = BTreeMap::<_, BTreeSet<_>>::new();
        for operation in self.operations() {
            paths.entry(operation.path).or_default().insert(operation.method.to_ascii_uppercase());
        }
        paths
    }

    fn operation(&self, method: &str, path: &str) -> Option<Operation<'_>> {
        let method = if method == "HEAD" { "GET" } else { method };
        let paths = self.document["paths"].as_object()?;
        // A literal path takes precedence over a template that it matches.
        let is_named = paths.contains_key(path);
        paths.iter().filter(|(template, _)| if is_named { *template == path } else { is_of(template, path) }).find_map(
            |(path, item)| {
                let (method, item) = fields(item).find(|(name, _)| name.to_ascii_uppercase() == method)?;
                Some(Operation { method, path, item })
            },
        )
    }

    /// The target of a `$ref`, or the value itself.
    pub fn resolve<'a>(&'a self, value: &'a Value) -> &'a Value {
        let reference = value["$ref"].as_str().and_then(|reference| reference.strip_prefix('#'));
        reference.map_or(value, |pointer| self.document.pointer(pointer).expect("a valid reference"))
    }
}

impl<'a> Operation<'a> {
    /// The path, with an unknown id, tag or name.
    pub fn target(&self) -> String {
        target(self.path)
    }

    /// The required scopes; `None` for an operation that needs no credential.
    pub fn scopes(&self) -> Option<Vec<&'a str>> {
        let ways = self.item["security"].as_array()?;
        if ways.iter().any(|way| way.as_object().is_some_and(Map::is_empty)) {
            return None;
        }
        let scopes = ways.iter().find_map(|way| way["password"].as_array())?;
        Some(scopes.iter().filter_map(Value::as_str).collect())
    }

    /// Whether an interactive session with all scopes is required.
    pub fn is_interactive(&self) -> bool {
        self.scopes().is_some_and(|scopes| scopes.len() > 2)
    }

    /// Whether the body is one JSON value, neither NDJSON nor a form.
    pub fn takes_one(&self) -> bool {
        let takes_form = self.item["requestBody"]["content"]["application/x-www-form-urlencoded"].is_object();
        self.path != "/api/v1/me/import" && !takes_form
    }

    /// Whether the response, if it is no problem, does not end by itself.
    pub fn is_live(&self) -> bool {
        self.item["tags"][0] == "events"
    }

    /// The media type of the body, and its example.
    pub fn example(&self) -> Option<(&'a str, &'a Value)> {
        let contents = || fields(&self.item["requestBody"]["content"]);
        // The import has an example of its own lines only.
        let lines = contents().find(|(name, _)| *name == "application/x-ndjson");
        let (media_type, content) = lines.or_else(|| contents().next())?;
        Some((media_type, &known().resolve(&content["schema"])["example"]))
    }
}

/// A path template filled with an unknown id, tag or name.
pub fn target(template: &str) -> String {
    template
        .replace("{id}", "0198c0de-7f00-7000-8000-0000000000ff")
        .replace("{tag}", "absent")
        .replace("{name}", "absent")
        .replace("{n}", "1")
        .replace("{version}", "1")
        .replace("{a}", "1")
        .replace("{b}", "1")
        .replace("{share_id}", "0198c0de-7f00-7000-8000-0000000000ff")
        .replace("{delivery_id}", "0198c0de-7f00-7000-8000-0000000000ff")
        .replace("{token}", "absent")
}

/// Whether a path matches a template.
fn is_of(template: &str, path: &str) -> bool {
    let mut parts = path.split('/');
    let fits = |of: &str| parts.next().is_some_and(|part| part == of || of.starts_with('{') && !part.is_empty());
    template.split('/').all(fits) && parts.next().is_none()
}

fn fields(value: &Value) -> impl Iterator<Item = (&str, &Value)> {
    value.as_object().into_iter().flat_map(Map::iter).map(|(name, value)| (name.as_str(), value))
}

/// Asserts the rules for every response.
pub fn check(response: &Response) {
    let shown = || response.shown();
    let id = response.header("x-request-id").unwrap_or_default();
    let is_sane = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    assert!((1..=64).contains(&id.len()) && id.bytes().all(is_sane), "X-Request-Id: {}", shown());
    assert!(response.header("server-timing").is_some_and(is_timing), "Server-Timing: {}", shown());
    assert_eq!(response.header("x-content-type-options"), Some("nosniff"), "{}", shown());
    assert!(response.header("cache-control").is_some(), "Cache-Control: {}", shown());
    if response.media_type() == Some("application/problem+json") {
        if response.method != "HEAD" {
            check_problem(response);
        }
    } else {
        // The token endpoint has the error format of RFC 6749.
        let is_token_error = response.status == 400 && response.path == "/api/v1/auth/token";
        let is_page = response.media_type() == Some("text/html") && response.path.starts_with("/api/v1/shared/");
        assert!(
            response.status < 400 || is_token_error || is_page,
            "an error that is not a problem document: {}",
            shown()
        );
    }
    check_documented(response);
}

/// `app;dur=1.234`
fn is_timing(value: &str) -> bool {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let parts = value.strip_prefix("app;dur=").and_then(|value| value.split_once('.'));
    parts.is_some_and(|(whole, fraction)| digits(whole) && digits(fraction) && fraction.len() == 3)
}

/// Headers that a response may lack: a single page has neither a previous nor a next one, rate limits may be off, and most
/// responses are the first ones to their requests.
const OPTIONAL: [&str; 6] =
    ["Clear-Site-Data", "Idempotent-Replayed", "Link", "RateLimit", "RateLimit-Policy", "Set-Cookie"];

/// Asserts that the document lists the status and media type, and that the listed headers are present.
fn check_documented(response: &Response) {
    let Some(contract) = CONTRACT.get() else { return };
    let Some(operation) = contract.operation(&response.method, &response.path) else { return };
    let documented = &operation.item["responses"][response.status.to_string()];
    assert!(documented.is_object(), "this status is not documented: {}", response.shown());
    if let Some(media_type) = response.media_type() {
        assert!(
            documented["content"][media_type].is_object(),
            "this media type is not documented: {}",
            response.shown()
        );
    }
    let is_expected = |(name, header): &(&str, &Value)| header["required"] != false && !OPTIONAL.contains(name);
    for (name, _) in fields(&documented["headers"]).filter(is_expected) {
        assert!(response.headers.contains_key(name), "the documented header {name} is missing: {}", response.shown());
    }
}

/// Problems of a batch that are caused by one of its operations.
const OF_OPERATIONS: [&str; 5] =
    ["memo_not_found", "not_owner", "memo_trashed", "precondition_failed", "too_many_tags"];

/// Where problem types of HTTP are registered.
const REGISTRY: &str = "https://iana.org/assignments/http-problem-types#";

/// Asserts that a problem document has all fields, and that its code is explained.
#[track_caller]
pub fn check_problem(response: &Response) {
    let shown = || response.shown();
    assert_eq!(response.header("content-type"), Some("application/problem+json"), "{}", shown());
    let names: BTreeSet<_> = fields(&response.json).map(|(name, _)| name).collect();
    let mut expected = BTreeSet::from(["type", "title", "status", "detail", "instance", "code", "request_id"]);
    let code = response.text("code");
    // The `errors` of a batch point to the operation.
    let is_of_operation = response.path == "/api/v1/memos/batch" && OF_OPERATIONS.contains(&code);
    if response.status == 422 || is_of_operation {
        expected.insert("errors");
    }
    if code == "mfa_required" {
        expected.insert("mfa_token");
    }
    if code == "rate_limited" {
        expected.insert("violated_policies");
    }
    let registered = match code {
        "digest_mismatch" => {
            expected.extend(["algorithm", "provided-digest"]);
            Some("digest-mismatching-value")
        }
        "digest_unsupported" => {
            expected.insert("unsupported-algorithm");
            Some("digest-unsupported-algorithm")
        }
        // Malformed ones have no registered type.
        "digest_invalid" if response.text("type").starts_with(REGISTRY) => Some("digest-invalid-value"),
        _ => None,
    };
    if response.status == 410 {
        expected.insert("next_since");
    }
    assert_eq!(names, expected, "{}", shown());

    let documented = format!("{}/docs/errors#{code}", response.public_url);
    let expected_type = registered.map_or(documented, |name| format!("{REGISTRY}{name}"));
    assert_eq!(response["type"], expected_type, "{}", shown());
    assert_eq!(response["status"], response.status, "{}", shown());
    assert_eq!(response["instance"], response.path, "{}", shown());
    assert_eq!(Some(response.text("request_id")), response.header("x-request-id"), "{}", shown());
    for text in ["title", "detail"] {
        let text = response.text(text);
        assert!(!text.is_empty() && !text.contains(['{', '…', '\n']) || text.contains("Bearer …"), "{}", shown());
    }
    assert!(matches!(response.header("content-language"), Some("en" | "ko")), "{}", shown());
    if expected.contains("errors") {
        check_errors(response);
    }
    check_challenge(response);

    let Some(contract) = CONTRACT.get() else { return };
    assert!(contract.codes.contains(code), "/docs/errors does not explain {code}");
    if let Some(operation) = contract.operation(&response.method, &response.path) {
        let content = &operation.item["responses"][response.status.to_string()]["content"]["application/problem+json"];
        let example = contract.resolve(&content["examples"][code]);
        assert_eq!(example["value"]["code"], code, "the document does not name this problem: {}", shown());
    }
}

fn check_errors(response: &Response) {
    let errors = response["errors"].as_array().map_or(&[][..], Vec::as_slice);
    assert!(!errors.is_empty(), "{}", response.shown());
    for error in errors {
        let names: Vec<_> = fields(error).map(|(name, _)| name).collect();
        assert!(names == ["code", "detail", "pointer"] || names == ["code", "detail", "parameter"], "{names:?}");
        assert!(fields(error).all(|(_, value)| value.is_string()), "{error}");
        let detail = error["detail"].as_str().unwrap_or_default();
        assert!(!detail.is_empty() && !detail.contains(['{', '…']), "{detail}");
        let code = format!("errors-{}", error["code"].as_str().unwrap_or_default());
        assert!(CONTRACT.get().is_none_or(|contract| contract.codes.contains(&code)), "{code} is not explained");
    }
}

/// Asserts the header that some statuses require: a challenge, the allowed methods, or a retry time.
fn check_challenge(response: &Response) {
    let (name, is_right): (_, fn(&str) -> bool) = match response.status {
        401 => ("www-authenticate", |value| value.starts_with("Bearer ") || value.starts_with("SharePassword ")),
        405 => ("allow", |value| !value.is_empty()),
        429 | 503 => ("retry-after", |value| value.parse::<u32>().is_ok_and(|seconds| seconds > 0)),
        _ => return,
    };
    assert!(response.header(name).is_some_and(is_right), "{name}: {}", response.shown());
}
