use std::ops::Index;

use reqwest::header::HeaderMap;
use serde_json::Value;

use crate::contract;

/// What came back.
///
/// Members of a JSON body are read by index: `answer["page"]["limit"]`. What is expected is said by methods that panic
/// otherwise, and show the answer.
#[derive(Debug, Clone)]
pub struct Answer {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) public_url: String,
    /// The status.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Vec<u8>,
    /// The body where it is JSON, null otherwise.
    pub json: Value,
}

impl Answer {
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

    /// The whole of it, for the message of a failure.
    pub(crate) fn shown(&self) -> String {
        let body: String = String::from_utf8_lossy(&self.body).chars().take(2_000).collect();
        format!("{} {}: {} {:?}\n{body}", self.method, self.path, self.status, self.headers)
    }
}

#[expect(
    clippy::must_use_candidate,
    clippy::return_self_not_must_use,
    reason = "what is expected is checked, whether the test goes on with the answer or not"
)]
impl Answer {
    /// It has this status.
    #[track_caller]
    pub fn expect_status(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}", self.shown());
        self
    }

    /// It has this status, and no body.
    #[track_caller]
    pub fn expect_empty(self, status: u16) -> Self {
        let answer = self.expect_status(status);
        assert!(answer.body.is_empty(), "{}", answer.shown());
        answer
    }

    /// It has this header with this value.
    #[track_caller]
    pub fn expect_header(self, name: &str, value: &str) -> Self {
        assert_eq!(self.header(name), Some(value), "the header {name} of {}", self.shown());
        self
    }

    /// It does not have this header.
    #[track_caller]
    pub fn expect_no_header(self, name: &str) -> Self {
        assert_eq!(self.header(name), None, "the header {name} of {}", self.shown());
        self
    }

    /// It is not a failure of the server.
    #[track_caller]
    pub fn expect_no_server_error(self) -> Self {
        assert!(self.status < 500, "{}", self.shown());
        self
    }

    /// It is a problem document with this code, well formed in every part, documented, and with the headers that its
    /// status needs.
    #[track_caller]
    pub fn problem(self, code: &str) -> Self {
        contract::check_problem(&self);
        assert_eq!(self["code"], *code, "{}", self.shown());
        self
    }

    /// It refuses this member of the body, and nothing else, for this reason.
    #[track_caller]
    pub fn invalid(self, pointer: &str, code: &str) -> Self {
        let answer = self.problem("validation_failed");
        assert_eq!(answer.errors(), [("pointer", pointer, code)], "{}", answer.shown());
        answer
    }

    /// It refuses this parameter of the query, and nothing else, for this reason.
    #[track_caller]
    pub fn invalid_parameter(self, name: &str, code: &str) -> Self {
        let answer = self.problem("validation_failed");
        assert_eq!(answer.errors(), [("parameter", name, code)], "{}", answer.shown());
        answer
    }
}

impl Answer {
    /// The members `errors` of a problem: pointer or parameter, its value, the code.
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

    /// A header, where it is there and is text.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The media type without its parameters.
    #[must_use]
    pub fn media_type(&self) -> Option<&str> {
        Some(self.header("content-type")?.split(';').next()?.trim())
    }

    /// The `ETag`, which must be a strong one.
    #[track_caller]
    #[must_use]
    pub fn tag(&self) -> &str {
        let tag = self.header("etag").unwrap_or_else(|| panic!("no ETag: {}", self.shown()));
        assert!(tag.len() > 2 && tag.starts_with('"') && tag.ends_with('"'), "{tag} is no strong tag");
        tag
    }

    /// A member of the body that is a text.
    #[track_caller]
    #[must_use]
    pub fn text(&self, member: &str) -> &str {
        self[member].as_str().unwrap_or_else(|| panic!("no text `{member}`: {}", self.shown()))
    }

    /// The member `id`.
    #[track_caller]
    #[must_use]
    pub fn id(&self) -> &str {
        self.text("id")
    }

    /// The titles of a list, in order.
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

impl Index<&str> for Answer {
    type Output = Value;

    fn index(&self, member: &str) -> &Value {
        &self.json[member]
    }
}
