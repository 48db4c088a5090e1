use std::ops::Index;

use reqwest::header::HeaderMap;
use serde_json::Value;

use crate::contract;

/// The response to a [`Call`](crate::Call).
///
/// Fields of a JSON body are read by index: `response["page"]["limit"]`. The methods that assert something panic with
/// the whole response otherwise.
#[derive(Debug, Clone)]
pub struct Response {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) public_url: String,
    /// The status.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Vec<u8>,
    /// The body if it is JSON, null otherwise.
    pub json: Value,
}

impl Response {
    pub(crate) fn new(
        method: &str,
        path: String,
        public_url: String,
        status: u16,
        headers: HeaderMap,
        body: Vec<u8>,
    ) -> Self {
        let json = serde_json::from_slice(&body).unwrap_or_default();
        Self { method: method.to_owned(), path, public_url, status, headers, body, json }
    }

    /// The request line, status, headers and body, for failure messages.
    pub(crate) fn shown(&self) -> String {
        let body: String = String::from_utf8_lossy(&self.body).chars().take(2_000).collect();
        format!("{} {}: {} {:?}\n{body}", self.method, self.path, self.status, self.headers)
    }
}

#[expect(
    clippy::must_use_candidate,
    clippy::return_self_not_must_use,
    reason = "the assertion is made whether the returned response is used or not"
)]
impl Response {
    /// Asserts the status.
    #[track_caller]
    pub fn expect_status(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}", self.shown());
        self
    }

    /// Asserts the status and an empty body.
    #[track_caller]
    pub fn expect_empty(self, status: u16) -> Self {
        let response = self.expect_status(status);
        assert!(response.body.is_empty(), "{}", response.shown());
        response
    }

    /// Asserts that a header has this value.
    #[track_caller]
    pub fn expect_header(self, name: &str, value: &str) -> Self {
        assert_eq!(self.header(name), Some(value), "the header {name} of {}", self.shown());
        self
    }

    /// Asserts that a header is absent.
    #[track_caller]
    pub fn expect_no_header(self, name: &str) -> Self {
        assert_eq!(self.header(name), None, "the header {name} of {}", self.shown());
        self
    }

    /// Asserts a status below 500.
    #[track_caller]
    pub fn expect_no_server_error(self) -> Self {
        assert!(self.status < 500, "{}", self.shown());
        self
    }

    /// Asserts a problem document with this code that is well formed, documented, and accompanied by the headers that
    /// its status requires.
    #[track_caller]
    pub fn problem(self, code: &str) -> Self {
        contract::check_problem(&self);
        assert_eq!(self["code"], *code, "{}", self.shown());
        self
    }

    /// Asserts that exactly one field of the body was rejected: its pointer and the error code.
    #[track_caller]
    pub fn invalid(self, pointer: &str, code: &str) -> Self {
        let response = self.problem("validation_failed");
        assert_eq!(response.errors(), [("pointer", pointer, code)], "{}", response.shown());
        response
    }

    /// Asserts that exactly one query parameter was rejected: its name and the error code.
    #[track_caller]
    pub fn invalid_parameter(self, name: &str, code: &str) -> Self {
        let response = self.problem("validation_failed");
        assert_eq!(response.errors(), [("parameter", name, code)], "{}", response.shown());
        response
    }
}

impl Response {
    /// The `errors` of a problem: each "pointer" or "parameter", its value, and the code.
    #[must_use]
    pub fn errors(&self) -> Vec<(&str, &str, &str)> {
        let errors = self["errors"].as_array().into_iter().flatten();
        errors
            .map(|error| {
                let place = if error["pointer"].is_string() { "pointer" } else { "parameter" };
                (place, error[place].as_str().unwrap_or_default(), error["code"].as_str().unwrap_or_default())
            })
            .collect()
    }

    /// The value of a header, if present and valid text.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The media type without its parameters.
    #[must_use]
    pub fn media_type(&self) -> Option<&str> {
        Some(self.header("content-type")?.split(';').next()?.trim())
    }

    /// The `ETag`, which must be a strong validator.
    #[track_caller]
    #[must_use]
    pub fn tag(&self) -> &str {
        let tag = self.header("etag").unwrap_or_else(|| panic!("no ETag: {}", self.shown()));
        assert!(tag.len() > 2 && tag.starts_with('"') && tag.ends_with('"'), "{tag} is not a strong tag");
        tag
    }

    /// A string field of the body.
    #[track_caller]
    #[must_use]
    pub fn text(&self, field: &str) -> &str {
        self[field].as_str().unwrap_or_else(|| panic!("no string `{field}`: {}", self.shown()))
    }

    /// The field `id`.
    #[track_caller]
    #[must_use]
    pub fn id(&self) -> &str {
        self.text("id")
    }

    /// The titles of a memo list, in order.
    #[track_caller]
    #[must_use]
    pub fn titles(&self) -> Vec<String> {
        let items = self["items"].as_array().unwrap_or_else(|| panic!("no list: {}", self.shown()));
        items.iter().map(|item| item["title"].as_str().unwrap_or_default().to_owned()).collect()
    }

    /// The target of the link with this relation (RFC 8288), as a path with its query.
    #[track_caller]
    #[must_use]
    pub fn link(&self, relation: &str) -> Option<String> {
        let relation = format!("rel=\"{relation}\"");
        let links = self.header("link")?.split(", ").filter_map(|link| link.split_once("; "));
        let url = links.into_iter().find(|(_, parameter)| *parameter == relation)?.0;
        let url = url.strip_prefix('<').and_then(|url| url.strip_suffix('>')).expect("a link in angle brackets");
        Some(url.strip_prefix(&self.public_url).expect("a link to this server").to_owned())
    }
}

impl Index<&str> for Response {
    type Output = Value;

    fn index(&self, field: &str) -> &Value {
        &self.json[field]
    }
}
