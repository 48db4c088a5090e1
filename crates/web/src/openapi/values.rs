//! Schemas of values, with the bounds of the domain.
//!
//! A DTO names the value of a field by `format`, e.g. `#[schema(format = "title")]`; the constraints are filled in here.

use memo_domain::{
    ApiKeyName, ApiKeyNote, Content, DisplayName, Email, Limit, MarkdownFacts, MaxTokens, Password, SearchQuery, Tag,
    Tags, Temperature, TimeZone, Title, TopP, UserFilter, WebhookName, WebhookUrl,
};
use serde_json::{Value, json};

use crate::input::{MAX_EXACT, MAX_PROOF};

/// Any characters but NUL.
const NO_NUL: &str = r"^[^\u0000]*$";
/// A `UUIDv7` (RFC 9562).
const UUID_V7: &str = "^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-7[0-9a-fA-F]{3}-[89abAB][0-9a-fA-F]{3}-[0-9a-fA-F]{12}$";
/// No control characters, and one that is not white space.
const VISIBLE: &str = r"^[^\u0000-\u001f\u007f-\u009f]*[^\s\u0000-\u001f\u007f-\u009f][^\u0000-\u001f\u007f-\u009f]*$";
/// Neither control nor bidirectional control characters, and one that is visible.
const LINE: &str = concat!(
    r"^[^\u0000-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]*",
    r"[^\s\u0000-\u001f\u007f-\u009f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e",
    r"\u2060-\u206f\u2800\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb]",
    r"[^\u0000-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]*$",
);

/// An `http` or `https` URL in ASCII, without credentials, fragment and backslash.
const HTTP_URL: &str = r"^[Hh][Tt][Tt][Pp][Ss]?://[A-Za-z0-9._~:\[\]-]+([/?][!-\x22$-\[\]-~]*)?$";

/// The constraints of a value, instead of its name in `format`.
fn constraints(name: &str) -> Option<Value> {
    Some(match name {
        "title" => json!({"minLength": 1, "maxLength": Title::MAX, "pattern": LINE}),
        "content" => json!({"maxLength": Content::MAX, "pattern": NO_NUL}),
        "snippet" => json!({"maxLength": MarkdownFacts::SNIPPET_MAX}),
        "new-id" => json!({"format": "uuid", "pattern": UUID_V7}),
        "tag" | "tags" => json!({"minLength": 1, "maxLength": Tag::MAX, "pattern": VISIBLE}),
        "display-name" => json!({"minLength": 1, "maxLength": DisplayName::MAX, "pattern": LINE}),
        "api-key-name" => json!({"minLength": 1, "maxLength": ApiKeyName::MAX, "pattern": LINE}),
        "api-key-note" => json!({"maxLength": ApiKeyNote::MAX, "pattern": NO_NUL}),
        "webhook-name" => json!({"minLength": 1, "maxLength": WebhookName::MAX, "pattern": LINE}),
        "webhook-url" => json!({"minLength": 1, "maxLength": WebhookUrl::MAX, "pattern": HTTP_URL}),
        "time-zone" => json!({"maxLength": TimeZone::MAX, "pattern": "^[A-Za-z][A-Za-z0-9_+/-]*$"}),
        "email" => json!({"format": "email", "maxLength": Email::MAX}),
        "new-password" => json!({
            "format": "password", "minLength": Password::MIN, "maxLength": Password::MAX, "pattern": NO_NUL
        }),
        "share-password" => {
            json!({"format": "password", "minLength": 1, "maxLength": Password::MAX, "pattern": NO_NUL})
        }
        "current-password" => json!({"format": "password", "maxLength": MAX_PROOF}),
        "proof" => json!({"maxLength": MAX_PROOF}),
        "search" => json!({"maxLength": SearchQuery::MAX, "pattern": NO_NUL}),
        "user-search" => json!({"maxLength": UserFilter::MAX_TEXT, "pattern": NO_NUL}),
        "limit" => {
            json!({"format": "int64", "minimum": Limit::MIN, "maximum": Limit::MAX, "default": Limit::default().get()})
        }
        "page-size" => json!({"format": "int32", "minimum": Limit::MIN, "maximum": Limit::MAX}),
        "offset" | "position" => json!({"format": "int64", "minimum": 0, "maximum": MAX_EXACT}),
        "since" => json!({"format": "int64", "minimum": 0, "maximum": MAX_EXACT, "default": 0}),
        "temperature" => json!({"minimum": 0, "maximum": Temperature::MAX}),
        "top-p" => json!({"minimum": 0, "maximum": TopP::MAX}),
        "max-tokens" => {
            let default = MaxTokens::default().get();
            json!({"format": "int32", "minimum": MaxTokens::MIN, "maximum": MaxTokens::MAX, "default": default})
        }
        "version" => json!({"format": "int64", "minimum": 1, "maximum": u32::MAX}),
        _ => return None,
    })
}

/// Fills in the constraints of all values.
pub fn expand(document: &mut Value) {
    match document {
        Value::Array(items) => items.iter_mut().for_each(expand),
        Value::Object(object) => {
            // The tags of a memo, as opposed to a filter by tags.
            if object.get("items").is_some_and(|items| items["format"] == "tags") {
                object.insert("maxItems".into(), Tags::MAX.into());
            }
            if let Some(Value::Object(constraints)) = object.get("format").and_then(Value::as_str).and_then(constraints)
            {
                object.remove("format");
                object.extend(constraints);
            }
            object.values_mut().for_each(expand);
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// Names the schemas of generic lists after their items: `Page_Memo` becomes `MemoList`.
pub fn name_lists(document: &mut Value) {
    match document {
        Value::Array(items) => items.iter_mut().for_each(name_lists),
        Value::Object(object) => {
            for (name, schema) in object.iter_mut() {
                if let Some((kind, item)) = list_of(name) {
                    // utoipa would repeat the schema of the items.
                    let items = &mut schema["properties"]["items"];
                    items["items"] = json!({"$ref": format!("#/components/schemas/{item}")});
                    if kind.is_page {
                        items["maxItems"] = Limit::MAX.into();
                    }
                }
                name_lists(schema);
            }
            let renamed = std::mem::take(object).into_iter().map(|(name, value)| match list_of(&name) {
                Some((_, item)) => (format!("{item}List"), value),
                None => (name, value),
            });
            *object = renamed.collect();
        }
        Value::String(text) => {
            if let Some((path, name)) = text.rsplit_once('/').filter(|(path, _)| *path == "#/components/schemas")
                && let Some((_, item)) = list_of(name)
            {
                *text = format!("{path}/{item}List");
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

struct ListKind {
    prefix: &'static str,
    is_page: bool,
}

const LISTS: [ListKind; 3] = [
    ListKind { prefix: "Items_", is_page: false },
    ListKind { prefix: "Page_", is_page: true },
    ListKind { prefix: "CountedPage_", is_page: true },
];

fn list_of(name: &str) -> Option<(&'static ListKind, &str)> {
    LISTS.iter().find_map(|kind| Some((kind, name.strip_prefix(kind.prefix)?)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const STANDARD: [&str; 8] = ["date-time", "email", "int32", "int64", "password", "uri", "uri-reference", "uuid"];

    fn formats<'a>(value: &'a Value, found: &mut Vec<&'a str>) {
        match value {
            Value::Array(items) => items.iter().for_each(|item| formats(item, found)),
            Value::Object(object) => {
                found.extend(object.get("format").and_then(Value::as_str));
                object.values().for_each(|value| formats(value, found));
            }
            _ => {}
        }
    }

    #[test]
    fn every_named_value_is_expanded() {
        let document = crate::services::openapi();
        let mut found = Vec::new();
        formats(&document, &mut found);
        for format in found {
            assert!(STANDARD.contains(&format), "{format}");
        }
    }
}
