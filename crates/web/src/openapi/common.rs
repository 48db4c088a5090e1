//! What all operations have in common, so that no handler repeats it: headers, and the problems that the way of a
//! request can give. A handler names its own problems in `x-problems`, and in `x-conditional` which condition it heeds.

use std::collections::BTreeMap;

use memo_domain::Scope;
use serde_json::{Map, Value, json};

use crate::{
    language::Language,
    problem::{Code, FieldError, MEDIA_TYPE, Place, Problem},
};

/// Completes the document.
pub fn complete(document: &mut Value) {
    let paths = document["paths"].as_object_mut().into_iter().flatten();
    for (path, item) in paths {
        for (method, operation) in item.as_object_mut().into_iter().flatten() {
            let codes = problems(path, method, operation);
            conditions(operation);
            ways_in(operation);
            parameters(operation);
            for (status, codes) in codes {
                add_problem(operation, &status, &codes);
            }
            for response in operation["responses"].as_object_mut().into_iter().flatten().map(|(_, response)| response) {
                add_headers(response);
            }
        }
    }
    let components = &mut document["components"];
    components["headers"] = json!({
        "X-Request-Id": {
            "description": "Names the request in the log: the client's own, where it sent a sane one",
            "required": true,
            "schema": {"type": "string", "pattern": "^[A-Za-z0-9._-]{1,64}$"},
        },
        "Server-Timing": {
            "description": "How long the server took, in milliseconds",
            "required": true,
            "schema": {"type": "string", "pattern": r"^app;dur=[0-9]+\.[0-9]{3}$"},
        },
    });
    // That one comes where no operation is.
    let of_operations = Code::ALL.iter().filter(|code| !matches!(code, Code::MethodNotAllowed));
    components["examples"] = of_operations.map(|code| (code.info().code.to_owned(), example(*code))).collect();
}

/// The problems of an operation by status.
fn problems(path: &str, method: &str, operation: &mut Value) -> BTreeMap<String, Vec<Code>> {
    let own = take(operation, "x-problems");
    let own: Vec<_> = own.as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let body = operation.get("requestBody").and_then(|body| body["content"].as_object());
    let is_form = body.is_some_and(|content| content.contains_key("application/x-www-form-urlencoded"));
    let is_json = body.is_some() && !is_form;
    let is_signed_in = operation["security"].as_array().into_iter().flatten().any(|way| way.get("password").is_some());
    let is_api = path.starts_with("/api/");
    let takes_no_body = path.ends_with("/restore") || take(operation, "x-body") == "none";

    let mut codes = vec![Code::BadRequest, Code::UriTooLong, Code::HeadersTooLarge, Code::InternalError];
    codes.extend([Code::RequestTimeout, Code::Draining]);
    if path != "/healthz" {
        codes.push(Code::UntrustedHost);
    }
    if is_api {
        codes.extend([Code::StoreUnavailable, Code::AmbiguousCredentials]);
    }
    if is_signed_in {
        codes.extend([Code::AuthenticationRequired, Code::AccessTokenInvalid, Code::AccessTokenExpired]);
        codes.push(Code::SignInEnded);
        if own.contains(&Code::InteractiveSignInRequired.info().code) {
            needs_all_scopes(operation);
        } else {
            codes.push(Code::InsufficientScope);
        }
    }
    // Where nobody need sign in, too: a cookie is looked at wherever one comes.
    if is_api && method != "get" {
        codes.push(Code::CrossSiteRequest);
    }
    if is_json || takes_no_body {
        codes.extend([Code::InvalidJson, Code::JsonTooDeep, Code::BodyTooLarge]);
    }
    if is_form {
        codes.push(Code::BodyTooLarge);
    }
    if is_json || is_form {
        codes.push(Code::UnsupportedMediaType);
    }
    if !is_form {
        codes.push(Code::ValidationFailed);
    }
    if operation.get("x-conditional").is_some_and(|kind| kind == "change") {
        codes.extend([Code::InvalidHeader, Code::PreconditionFailed]);
    }
    codes.extend(Code::ALL.iter().filter(|code| own.contains(&code.info().code)));

    let mut by_status = BTreeMap::<String, Vec<Code>>::new();
    for code in Code::ALL.iter().filter(|code| codes.contains(code)) {
        by_status.entry(code.info().status.as_str().to_owned()).or_default().push(*code);
    }
    by_status
}

/// The header of a condition, and what it can answer.
fn conditions(operation: &mut Value) {
    let (name, description) = match take(operation, "x-conditional").as_str() {
        Some("get") => {
            operation["responses"]["304"] = json!({
                "description": "The body is the one that the client has",
                "headers": {"ETag": {"description": "Names this state", "schema": {"type": "string"}}},
            });
            ("If-None-Match", "An `ETag`: 304 where the body is still the same")
        }
        Some("change") => ("If-Match", "An `ETag`: 412 where the memo has changed since it was given"),
        _ => return,
    };
    let parameter = json!({
        "name": name, "in": "header", "required": false, "description": description,
        "schema": {"type": "string"},
    });
    if let Some(parameters) = operation.get_mut("parameters").and_then(Value::as_array_mut) {
        parameters.push(parameter);
    } else {
        operation["parameters"] = json!([parameter]);
    }
}

fn add_problem(operation: &mut Value, status: &str, codes: &[Code]) {
    let title = |code: &Code| code.info().title.en;
    let response = &mut operation["responses"][status];
    if response.is_null() {
        let titles: Vec<_> = codes.iter().map(title).collect();
        *response = json!({"description": titles.join(" · "), "content": {}});
    }
    let name = |code: &Code| code.info().code;
    let examples: Map<_, _> = codes
        .iter()
        .map(|code| (name(code).to_owned(), json!({"$ref": format!("#/components/examples/{}", name(code))})))
        .collect();
    response["content"][MEDIA_TYPE] = json!({"schema": {"$ref": "#/components/schemas/Problem"}, "examples": examples});
    let mut header = |name: &str, description: &str, kind: &str| {
        response["headers"][name] = json!({"description": description, "schema": {"type": kind}});
    };
    match status {
        "401" => header("WWW-Authenticate", "How to sign in (RFC 6750)", "string"),
        "429" => header("Retry-After", "Seconds after which it is taken again", "integer"),
        "503" => header("Retry-After", "Seconds after which it is worth trying again", "integer"),
        _ => {}
    }
}

/// An interactive sign-in has every scope.
fn needs_all_scopes(operation: &mut Value) {
    for way in operation["security"].as_array_mut().into_iter().flatten() {
        if let Some(scopes) = way.get_mut("password") {
            *scopes = Scope::ALL.map(Scope::name).to_vec().into();
        }
    }
}

/// However the access token was got, it goes into the same header.
fn ways_in(operation: &mut Value) {
    if let Some(ways) = operation["security"].as_array_mut() {
        if ways.iter().any(|way| way.get("password").is_some()) {
            ways.insert(0, json!({"bearer": []}));
            ways.push(json!({"session": []}));
        } else if ways.iter().all(|way| way.as_object().is_some_and(Map::is_empty)) {
            ways.clear();
        }
    }
}

/// How arrays are written in a query: the parameter is repeated. And what is lost of a parameter whose schema a function gives:
/// that one of the path is required, and that the description is its own.
fn parameters(operation: &mut Value) {
    for parameter in operation.get_mut("parameters").and_then(Value::as_array_mut).into_iter().flatten() {
        if parameter["schema"]["type"] == "array" {
            parameter["style"] = json!("form");
            parameter["explode"] = json!(true);
        }
        if parameter["in"] == "path" {
            parameter["required"] = json!(true);
        }
        if parameter["description"].is_null() && parameter["schema"]["description"].is_string() {
            parameter["description"] = take(&mut parameter["schema"], "description");
        }
    }
}

fn add_headers(response: &mut Value) {
    for name in ["ETag", "Location", "WWW-Authenticate", "Retry-After"] {
        if response["headers"].get(name).is_some() {
            response["headers"][name]["required"] = json!(true);
        }
    }
    for name in ["X-Request-Id", "Server-Timing"] {
        response["headers"][name] = json!({"$ref": format!("#/components/headers/{name}")});
    }
}

fn example(code: Code) -> Value {
    let problem = match code {
        Code::ValidationFailed => {
            let title = FieldError::new(Place::Pointer("/title".into()), "too_long").about(200);
            let limit = FieldError::new(Place::Parameter("limit".into()), "too_large").about(100);
            Problem::invalid(vec![title, limit])
        }
        Code::ResyncRequired => Problem::resync_required(1024),
        code => Problem::new(code).about(match code {
            Code::InvalidJson => "line 1, column 12",
            Code::InvalidHeader => "if-match",
            Code::InsufficientScope => "memos:write",
            Code::BodyTooLarge => "2097152",
            Code::UriTooLong => "8192",
            Code::HeadersTooLarge => "32768",
            Code::UnsupportedMediaType => "application/json",
            _ => "",
        }),
    };
    let id = "0198c0de-7f00-7000-8000-0000000000ff";
    let document = problem.document(Language::En, "/api/v1/memos", id, "https://memo.example");
    json!({"summary": code.info().title.en, "value": document})
}

fn take(object: &mut Value, member: &str) -> Value {
    object.as_object_mut().and_then(|object| object.remove(member)).unwrap_or_default()
}
