//! What is true of every answer, and what the server's own documents say of it.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::OnceLock,
};

use serde_json::{Map, Value};

use crate::{Answer, TestApp};

static CONTRACT: OnceLock<Contract> = OnceLock::new();

/// What the server says of itself: the same for all of this process, since the binary alone decides it.
pub struct Contract {
    /// `/openapi.json`
    pub document: Value,
    /// The codes that `/docs/errors` explains; those of `errors` with a prefix.
    pub codes: BTreeSet<String>,
}

/// An operation of the document.
#[derive(Clone, Copy)]
pub struct Operation<'a> {
    pub method: &'a str,
    pub path: &'a str,
    pub item: &'a Value,
}

/// Reads the documents, once.
pub async fn learn(app: &TestApp) {
    if CONTRACT.get().is_none() {
        let document = app.anonymous().get("/openapi.json").await.expect_status(200).json;
        let page = app.anonymous().get("/docs/errors").await.expect_status(200);
        let page = String::from_utf8(page.body).expect("a page in UTF-8");
        let codes = page.split(" id=\"").skip(1).filter_map(|rest| Some(rest.split_once('"')?.0.to_owned())).collect();
        // Another test may have been faster: it read the same.
        let _ = CONTRACT.set(Contract { document, codes });
    }
}

/// What [`learn`] has read.
pub fn known() -> &'static Contract {
    CONTRACT.get().expect("an app has started")
}

impl Contract {
    /// Every operation.
    pub fn operations(&self) -> impl Iterator<Item = Operation<'_>> {
        members(&self.document["paths"])
            .flat_map(|(path, item)| members(item).map(move |(method, item)| Operation { method, path, item }))
    }

    /// The methods of every path, in capitals.
    pub fn methods(&self) -> BTreeMap<&str, BTreeSet<String>> {
        let mut paths = BTreeMap::<_, BTreeSet<_>>::new();
        for operation in self.operations() {
            paths.entry(operation.path).or_default().insert(operation.method.to_ascii_uppercase());
        }
        paths
    }

    fn operation(&self, method: &str, path: &str) -> Option<Operation<'_>> {
        let method = if method == "HEAD" { "GET" } else { method };
        // A path that is named comes before a template that it fits.
        let is_named = self.document["paths"][path].is_object();
        self.operations()
            .filter(|operation| if is_named { operation.path == path } else { is_of(operation.path, path) })
            .find(|operation| operation.method.to_ascii_uppercase() == method)
    }

    /// What a `$ref` leads to, or the value itself.
    pub fn resolve<'a>(&'a self, value: &'a Value) -> &'a Value {
        let reference = value["$ref"].as_str().and_then(|reference| reference.strip_prefix('#'));
        reference.map_or(value, |pointer| self.document.pointer(pointer).expect("a reference to what is there"))
    }
}

impl<'a> Operation<'a> {
    /// Its path with an id, or a tag, that nothing has.
    pub fn target(&self) -> String {
        target(self.path)
    }

    /// The scopes that it needs; `None` where nobody need sign in.
    pub fn scopes(&self) -> Option<Vec<&'a str>> {
        let ways = self.item["security"].as_array()?;
        let scopes = ways.iter().find_map(|way| way["password"].as_array())?;
        Some(scopes.iter().filter_map(Value::as_str).collect())
    }

    /// Whether it takes nothing but a sign-in for everything.
    pub fn is_interactive(&self) -> bool {
        self.scopes().is_some_and(|scopes| scopes.len() > 2)
    }

    /// Whether its body is one JSON value, rather than a line for each of many.
    pub fn takes_one(&self) -> bool {
        self.path != "/api/v1/me/import"
    }

    /// The media type of its body and an example of it.
    pub fn example(&self) -> Option<(&'a str, &'a Value)> {
        let (media_type, content) = members(&self.item["requestBody"]["content"]).next()?;
        Some((media_type, &known().resolve(&content["schema"])["example"]))
    }
}

/// A path of a template, with an id, or a tag, that nothing has.
pub fn target(template: &str) -> String {
    template
        .replace("{id}", "0198c0de-7f00-7000-8000-0000000000ff")
        .replace("{tag}", "absent")
        .replace("{name}", "absent")
}

/// Whether a path is of a template.
fn is_of(template: &str, path: &str) -> bool {
    let (template, path): (Vec<_>, Vec<_>) = (template.split('/').collect(), path.split('/').collect());
    let fits = |(part, of): (&&str, &&str)| part == of || part.starts_with('{') && !of.is_empty();
    template.len() == path.len() && template.iter().zip(&path).all(fits)
}

fn members(value: &Value) -> impl Iterator<Item = (&str, &Value)> {
    value.as_object().into_iter().flat_map(Map::iter).map(|(name, value)| (name.as_str(), value))
}

/// What every answer must be.
pub fn check(answer: &Answer) {
    let shown = || answer.shown();
    let id = answer.header("x-request-id").unwrap_or_default();
    let is_sane = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    assert!((1..=64).contains(&id.len()) && id.bytes().all(is_sane), "X-Request-Id: {}", shown());
    assert!(answer.header("server-timing").is_some_and(is_timing), "Server-Timing: {}", shown());
    assert_eq!(answer.header("x-content-type-options"), Some("nosniff"), "{}", shown());
    assert!(answer.header("cache-control").is_some(), "Cache-Control: {}", shown());
    if answer.media_type() == Some("application/problem+json") {
        if answer.method != "HEAD" {
            check_problem(answer);
        }
    } else {
        // RFC 6749 has a form of its own.
        let is_token_error = answer.status == 400 && answer.path == "/api/v1/auth/token";
        assert!(answer.status < 400 || is_token_error, "an error that is no problem: {}", shown());
    }
    check_documented(answer);
}

/// `app;dur=1.234`
fn is_timing(value: &str) -> bool {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let parts = value.strip_prefix("app;dur=").and_then(|value| value.split_once('.'));
    parts.is_some_and(|(whole, fraction)| digits(whole) && digits(fraction) && fraction.len() == 3)
}

/// The document names the status, the media type, and the headers that must be there.
fn check_documented(answer: &Answer) {
    let Some(contract) = CONTRACT.get() else { return };
    let Some(operation) = contract.operation(&answer.method, &answer.path) else { return };
    let response = &operation.item["responses"][answer.status.to_string()];
    assert!(response.is_object(), "this status is not documented: {}", answer.shown());
    if let Some(media_type) = answer.media_type() {
        assert!(response["content"][media_type].is_object(), "this media type is not documented: {}", answer.shown());
    }
    // `Link` is the one header that may be missing: a last page has no next one.
    for (name, _) in members(&response["headers"]).filter(|(name, _)| *name != "Link") {
        assert!(answer.headers.contains_key(name), "no header {name}, which is documented: {}", answer.shown());
    }
}

/// The problems that one operation of a batch can give the whole.
const OF_OPERATIONS: [&str; 4] = ["memo_not_found", "not_owner", "memo_trashed", "precondition_failed"];

/// A problem document is whole, and its code is explained.
#[track_caller]
pub fn check_problem(answer: &Answer) {
    let shown = || answer.shown();
    assert_eq!(answer.header("content-type"), Some("application/problem+json"), "{}", shown());
    let members: BTreeSet<_> = members(&answer.json).map(|(name, _)| name).collect();
    let mut expected = BTreeSet::from(["type", "title", "status", "detail", "instance", "code", "request_id"]);
    let code = answer.text("code");
    // A batch says by them which operation it was.
    let is_of_operation = answer.path == "/api/v1/memos/batch" && OF_OPERATIONS.contains(&code);
    if answer.status == 422 || is_of_operation {
        expected.insert("errors");
    }
    if code == "mfa_required" {
        expected.insert("mfa_token");
    }
    if answer.status == 410 {
        expected.insert("next_since");
    }
    assert_eq!(members, expected, "{}", shown());

    assert_eq!(answer["type"], format!("{}/docs/errors#{code}", answer.public_url), "{}", shown());
    assert_eq!(answer["status"], answer.status, "{}", shown());
    assert_eq!(answer["instance"], answer.path, "{}", shown());
    assert_eq!(Some(answer.text("request_id")), answer.header("x-request-id"), "{}", shown());
    for text in ["title", "detail"] {
        let text = answer.text(text);
        assert!(!text.is_empty() && !text.contains(['{', '…', '\n']) || text.contains("Bearer …"), "{}", shown());
    }
    assert!(matches!(answer.header("content-language"), Some("en" | "ko")), "{}", shown());
    if expected.contains("errors") {
        check_errors(answer);
    }
    check_challenge(answer);

    let Some(contract) = CONTRACT.get() else { return };
    assert!(contract.codes.contains(code), "/docs/errors does not explain {code}");
    if let Some(operation) = contract.operation(&answer.method, &answer.path) {
        let content = &operation.item["responses"][answer.status.to_string()]["content"]["application/problem+json"];
        let example = contract.resolve(&content["examples"][code]);
        assert_eq!(example["value"]["code"], code, "the document does not name this problem: {}", shown());
    }
}

fn check_errors(answer: &Answer) {
    let errors = answer["errors"].as_array().map_or(&[][..], Vec::as_slice);
    assert!(!errors.is_empty(), "{}", answer.shown());
    for error in errors {
        let names: Vec<_> = members(error).map(|(name, _)| name).collect();
        assert!(names == ["code", "detail", "pointer"] || names == ["code", "detail", "parameter"], "{names:?}");
        assert!(members(error).all(|(_, value)| value.is_string()), "{error}");
        let detail = error["detail"].as_str().unwrap_or_default();
        assert!(!detail.is_empty() && !detail.contains(['{', '…']), "{detail}");
        let code = format!("errors-{}", error["code"].as_str().unwrap_or_default());
        assert!(CONTRACT.get().is_none_or(|contract| contract.codes.contains(&code)), "{code} is not explained");
    }
}

/// The header that says what to do, where the status needs one.
fn check_challenge(answer: &Answer) {
    let (name, is_right): (_, fn(&str) -> bool) = match answer.status {
        401 => ("www-authenticate", |value| value.starts_with("Bearer ")),
        405 => ("allow", |value| !value.is_empty()),
        429 | 503 => ("retry-after", |value| value.parse::<u32>().is_ok_and(|seconds| seconds > 0)),
        _ => return,
    };
    assert!(answer.header(name).is_some_and(is_right), "{name}: {}", answer.shown());
}
