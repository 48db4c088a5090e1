//! Parameters, bodies and credentials of an operation, as its policy says.

use memo_domain::Scope;
use serde_json::{Map, Value, json};

use super::take;
use crate::policy::{Access, Body, Condition, Paging, Policy};

/// Completes what a client sends.
pub fn complete(operation: &mut Value, policy: &Policy) {
    operation["security"] = security(policy.access);
    media_types(operation, policy.body);
    if let Some(paging) = policy.paging {
        add(operation, page_parameters(paging));
        let links = match paging {
            Paging::Cursor => "The next page (RFC 8288)",
            Paging::Offset | Paging::Counted => {
                "The next page; by `offset`, also the first and the previous one (RFC 8288)"
            }
        };
        add_header(&mut operation["responses"]["200"], "Link", links);
    }
    match policy.condition {
        None => {}
        Some(Condition::IfNoneMatch) => {
            operation["responses"]["304"] = json!({"description": "The client has the current representation"});
            for status in ["200", "304"] {
                add_header(&mut operation["responses"][status], "ETag", "Identifies this representation");
            }
            add(operation, [header("If-None-Match", "An `ETag`: 304 if the representation is the same")]);
        }
        Some(Condition::IfMatch) => {
            add(operation, [header("If-Match", "An `ETag`: 412 if the memo has changed since")]);
        }
        Some(Condition::Put) => {
            let absent = "`*`: creates a memo with this id, which the client has chosen; 412 if there is one";
            let changed = "An `ETag`: 412 if the memo has changed since";
            let mut if_none_match = header("If-None-Match", absent);
            if_none_match["schema"]["enum"] = json!(["*"]);
            add(operation, [header("If-Match", changed), if_none_match]);
        }
    }
    if policy.is_idempotent {
        add(operation, [idempotency_key()]);
        for (status, response) in operation["responses"].as_object_mut().into_iter().flatten() {
            if status.starts_with('2') {
                let replayed = "`true` if this is the response to an earlier request with the same key";
                add_header(response, "Idempotent-Replayed", replayed);
            }
        }
    }
    for parameter in operation.get_mut("parameters").and_then(Value::as_array_mut).into_iter().flatten() {
        style(parameter);
    }
}

fn idempotency_key() -> Value {
    let description = "A key that the client makes for this request, 1 to 255 printable characters of ASCII, with or without quotes \
        (draft-ietf-httpapi-idempotency-key-header-08). The same request with the same key has its effect once: it gets the first \
        successful response again, without secrets. Keys belong to the user. They expire after 24 hours.";
    let mut key = header("Idempotency-Key", description);
    key["schema"]["pattern"] = json!(r#"^("([ !#-\[\]-~]|\\["\\]){1,255}"|[!#-~]([ -~]{0,253}[!-~])?)$"#);
    key
}

fn security(access: Access) -> Value {
    let scopes = match access {
        Access::Open | Access::Public => return json!([]),
        Access::Optional => return json!([{}, {"bearer": []}, {"password": []}, {"session": []}]),
        Access::Scopes(scopes) => scopes,
        Access::Interactive => &Scope::ALL,
    };
    let scopes: Vec<_> = scopes.iter().map(|scope| scope.name()).collect();
    json!([{"bearer": []}, {"password": scopes}, {"session": []}])
}

/// The handler declares the schema of its body once, unless it differs between media types; the policy knows these.
fn media_types(operation: &mut Value, body: Body) {
    let Some(content) = operation.get_mut("requestBody").and_then(|body| body["content"].as_object_mut()) else {
        return;
    };
    if content.len() > 1 {
        return;
    }
    let Some(schema) = content.values().next().cloned() else { return };
    *content = body.media_types().iter().map(|name| ((*name).to_owned(), schema.clone())).collect::<Map<_, _>>();
}

fn page_parameters(paging: Paging) -> Vec<Value> {
    let parameter = |name: &str, description: &str, schema: Value| json!({"name": name, "in": "query", "required": false, "description": description, "schema": schema});
    let number = |format: &str| json!({"type": "integer", "format": format});
    let mut parameters = vec![parameter("limit", "The maximum number of items of a page.", number("limit"))];
    if paging != Paging::Cursor {
        let description = "The number of items to skip. Cannot be combined with `cursor`.";
        parameters.push(parameter("offset", description, number("offset")));
    }
    let description =
        "`page.next_cursor` of the previous page of the same list. Pages by cursor are stable under inserts.";
    parameters.push(parameter("cursor", description, json!({"type": "string"})));
    if paging == Paging::Counted {
        let schema = json!({"type": "boolean", "default": false});
        parameters.push(parameter("include_total", "Whether to count the whole list.", schema));
    }
    parameters
}

fn add_header(response: &mut Value, name: &str, description: &str) {
    response["headers"][name] = json!({"description": description, "schema": {"type": "string"}});
}

fn header(name: &str, description: &str) -> Value {
    json!({"name": name, "in": "header", "required": false, "description": description, "schema": {"type": "string"}})
}

fn add(operation: &mut Value, new: impl IntoIterator<Item = Value>) {
    if operation["parameters"].is_null() {
        operation["parameters"] = json!([]);
    }
    if let Some(parameters) = operation["parameters"].as_array_mut() {
        parameters.extend(new);
    }
}

/// Arrays in a query are repeated parameters. A parameter whose schema a function makes lacks `required` and its description. One
/// that need not be sent is never null.
fn style(parameter: &mut Value) {
    if parameter["schema"]["type"] == "array" {
        parameter["style"] = json!("form");
        parameter["explode"] = json!(true);
    }
    if parameter["in"] == "path" {
        parameter["required"] = json!(true);
    }
    if let Some([kind, Value::String(null)]) = parameter["schema"]["type"].as_array().map(Vec::as_slice)
        && null == "null"
    {
        parameter["schema"]["type"] = kind.clone();
    }
    if parameter["description"].is_null() && parameter["schema"]["description"].is_string() {
        parameter["description"] = take(&mut parameter["schema"], "description");
    }
}
