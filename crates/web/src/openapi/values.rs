//! Schemas of values, with the bounds of the domain.
//!
//! A DTO names the value of a field by `format`, e.g. `#[schema(format = "title")]`; the constraints are filled in here.

use std::collections::BTreeMap;

use memo_domain::{
    ApiKeyName, ApiKeyNote, ChangeKind, Content, DisplayName, Email, Limit, MarkdownFacts, MaxTokens, Password,
    SearchQuery, Tag, Tags, Temperature, TimeZone, Title, TopP, UserFilter, WebhookName, WebhookUrl,
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
        "day" => json!({"format": "date"}),
        "change-kind" => json!({"enum": ChangeKind::NAMES.map(|(name, _)| name)}),
        "origin" => json!({"enum": ["session", "api_key", "server"]}),
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

/// Names the schemas of generic lists after their items: `Page_Memo` becomes `MemoList`. If there are lists of several kinds of
/// one item, the name also says which: `Page_Memo` becomes `MemoPage`, `CountedPage_Memo` becomes `MemoCountedPage`.
pub fn name_lists(document: &mut Value) {
    let schemas = document["components"]["schemas"].as_object();
    let names: Vec<String> = schemas.into_iter().flat_map(|schemas| schemas.keys().cloned()).collect();
    rename_lists(document, &list_names(&names));
}

/// The new names of the lists among these schemas. No two schemas have one name.
fn list_names(schemas: &[String]) -> BTreeMap<String, String> {
    let lists = || schemas.iter().filter_map(|name| Some((name, list_of(name)?)));
    let new_name = |(name, (kind, item)): (&String, (&ListKind, &str))| {
        let short = format!("{item}List");
        let is_alone = lists().filter(|(_, (_, other))| *other == item).count() == 1 && !schemas.contains(&short);
        let new = if is_alone { short } else { format!("{item}{}", kind.prefix.trim_end_matches('_')) };
        assert!(!schemas.contains(&new), "two schemas are named {new}");
        (name.clone(), new)
    };
    lists().map(new_name).collect()
}

fn rename_lists(document: &mut Value, names: &BTreeMap<String, String>) {
    match document {
        Value::Array(items) => items.iter_mut().for_each(|item| rename_lists(item, names)),
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
                rename_lists(schema, names);
            }
            let renamed = std::mem::take(object).into_iter().map(|(name, value)| match names.get(&name) {
                Some(new) => (new.clone(), value),
                None => (name, value),
            });
            *object = renamed.collect();
        }
        Value::String(text) => {
            if let Some((path, name)) = text.rsplit_once('/').filter(|(path, _)| *path == "#/components/schemas")
                && let Some(new) = names.get(name)
            {
                *text = format!("{path}/{new}");
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

    const STANDARD: [&str; 10] =
        ["date", "date-time", "double", "email", "int32", "int64", "password", "uri", "uri-reference", "uuid"];

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
    fn lists_of_several_kinds_of_one_item_keep_their_names_apart() {
        let reference = |name: &str| json!({"$ref": format!("#/components/schemas/{name}")});
        let mut document = json!({
            "components": {"schemas": {"CountedPage_Memo": {}, "Items_Share": {}, "Memo": {}, "Page_Memo": {}, "Share": {}}},
            "paths": [reference("CountedPage_Memo"), reference("Page_Memo"), reference("Items_Share"), reference("Memo")],
        });
        name_lists(&mut document);
        let names: Vec<_> =
            document["components"]["schemas"].as_object().into_iter().flatten().map(|(name, _)| name).collect();
        assert_eq!(names, ["Memo", "MemoCountedPage", "MemoPage", "Share", "ShareList"]);
        let references = ["MemoCountedPage", "MemoPage", "ShareList", "Memo"].map(reference);
        assert_eq!(document["paths"], json!(references));
    }

    #[test]
    #[should_panic(expected = "two schemas are named MemoItems")]
    fn list_with_the_name_of_another_schema_is_refused() {
        let schemas = ["Items_Memo", "MemoItems", "Page_Memo"];
        name_lists(
            &mut json!({"components": {"schemas": schemas.map(|name| (name, json!({}))).into_iter().collect::<BTreeMap<_, _>>()}}),
        );
    }

    #[test]
    fn every_named_value_is_expanded() {
        let document = crate::openapi();
        let mut found = Vec::new();
        formats(&document, &mut found);
        for format in found {
            assert!(STANDARD.contains(&format), "{format}");
        }
    }
}
