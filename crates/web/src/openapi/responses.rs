//! Responses of an operation: the problems that follow from its policy, and the headers of every response.

use std::collections::BTreeMap;

use actix_web::http::Method;
use serde_json::{Map, Value, json};

use super::examples::example;
use crate::{
    deprecation::Deprecation,
    policy::{Access, Body, Condition, Policy, RateClass},
    problem::{Code, MEDIA_TYPE},
    routing::Operation,
};

/// Completes what a client receives.
pub fn complete(part: &mut Value, operation: &Operation) {
    if operation.policy.has_oauth_errors {
        part["responses"]["400"] = json!({
            "description": "The grant is refused",
            "content": {"application/json": {"schema": {"$ref": "#/components/schemas/TokenError"}}},
        });
    }
    for (status, codes) in problems(&operation.method, operation.policy) {
        add_problem(part, &status, &codes);
    }
    let has_rate = operation.policy.rate != RateClass::Exempt;
    for (_, response) in part["responses"].as_object_mut().into_iter().flatten() {
        add_headers(response, has_rate);
    }
    describe_weight(part, operation.policy);
    if let Some(deprecation) = &operation.policy.deprecation {
        deprecate(part, deprecation);
    }
}

fn deprecate(part: &mut Value, deprecation: &Deprecation) {
    part["deprecated"] = json!(true);
    let mut headers = vec![("Deprecation", "Since when the operation is deprecated (RFC 9745)")];
    headers.extend(deprecation.sunset.map(|_| ("Sunset", "When the operation ends (RFC 8594)")));
    for (_, response) in part["responses"].as_object_mut().into_iter().flatten() {
        for (name, description) in &headers {
            response["headers"][*name] = json!({"description": description, "schema": {"type": "string"}});
        }
    }
}

/// The problems of an operation, by status.
fn problems(method: &Method, policy: &Policy) -> BTreeMap<String, Vec<Code>> {
    let mut codes = vec![Code::BadRequest, Code::UriTooLong, Code::HeadersTooLarge, Code::InternalError];
    codes.extend([Code::RequestTimeout, Code::Draining]);
    codes.extend([Code::DigestMismatch, Code::DigestUnsupported, Code::DigestInvalid, Code::InsecureTransport]);
    codes.push(Code::BodyTooLarge);
    if !policy.any_host {
        codes.push(Code::UntrustedHost);
    }
    if policy.access != Access::Open {
        codes.extend([Code::StoreUnavailable, Code::AmbiguousCredentials]);
        // Also if credentials are not needed: a session cookie is checked wherever it is sent.
        if *method != Method::GET {
            codes.push(Code::CrossSiteRequest);
        }
    }
    if matches!(policy.access, Access::Scopes(_) | Access::Interactive) {
        codes.extend([Code::AuthenticationRequired, Code::AccessTokenInvalid, Code::AccessTokenExpired]);
        codes.extend([Code::SignInEnded, Code::ApiKeyInvalid, Code::ApiKeyExpired, Code::IpNotAllowed]);
        codes.extend([Code::SignatureInvalid, Code::SignatureExpired, Code::SignatureReplayed]);
        codes.push(Code::CacheUnavailable);
    }
    match policy.access {
        Access::Scopes(_) => codes.push(Code::InsufficientScope),
        Access::Interactive => codes.push(Code::InteractiveSignInRequired),
        Access::Open | Access::Public | Access::Optional => {}
    }
    if policy.rate != RateClass::Exempt {
        codes.extend([Code::RateLimited, Code::TooManyConcurrentRequests, Code::Overloaded]);
    }
    match policy.body {
        Body::Ignored => {}
        Body::Empty => codes.extend([Code::InvalidJson, Code::JsonTooDeep, Code::BodyTooLarge]),
        Body::Form => codes.extend([Code::BodyTooLarge, Code::UnsupportedMediaType]),
        Body::Json | Body::JsonOrText | Body::MergePatch | Body::LinesOrArchive => {
            codes.extend([Code::InvalidJson, Code::JsonTooDeep, Code::BodyTooLarge, Code::UnsupportedMediaType]);
        }
    }
    if policy.body != Body::Ignored {
        codes.push(Code::UnsupportedContentEncoding);
    }
    if policy.body != Body::Form {
        codes.push(Code::ValidationFailed);
    }
    if policy.is_idempotent {
        codes.extend([Code::InvalidHeader, Code::IdempotencyKeyInUse, Code::IdempotencyKeyReused]);
        codes.extend([Code::IdempotentResponseTooLarge, Code::IdempotentResponsesFull]);
    }
    if matches!(policy.condition, Some(Condition::IfMatch | Condition::Put)) {
        codes.extend([Code::InvalidHeader, Code::PreconditionFailed]);
    }
    codes.extend(policy.problems);

    let mut by_status = BTreeMap::<String, Vec<Code>>::new();
    for code in Code::ALL.iter().filter(|code| codes.contains(code)) {
        by_status.entry(code.info().status.as_str().to_owned()).or_default().push(*code);
    }
    by_status
}

fn add_problem(operation: &mut Value, status: &str, codes: &[Code]) {
    let response = &mut operation["responses"][status];
    if response.is_null() {
        let titles: Vec<_> = codes.iter().map(|code| code.info().title.en).collect();
        *response = json!({"description": titles.join(" · "), "content": {}});
    }
    let reference = |name: &str| json!({"$ref": format!("#/components/examples/{name}")});
    let names = codes.iter().map(|code| code.info().code);
    let examples: Map<_, _> = names.map(|name| (name.to_owned(), reference(name))).collect();
    response["content"][MEDIA_TYPE] = json!({"schema": {"$ref": "#/components/schemas/Problem"}, "examples": examples});
    let mut header = |name: &str, description: &str, kind: &str| {
        response["headers"][name] = json!({"description": description, "schema": {"type": kind}});
    };
    match status {
        "401" => header("WWW-Authenticate", "How to authenticate (RFC 6750)", "string"),
        "415" => {
            // Which of them, depends on the problem.
            for (name, description) in [
                ("Accept", "The media types that are accepted, of another method than PATCH"),
                ("Accept-Patch", "The media types that a PATCH accepts (RFC 5789)"),
                ("Accept-Encoding", "`identity`: no content coding is accepted"),
            ] {
                header(name, description, "string");
            }
            for name in ["Accept", "Accept-Patch", "Accept-Encoding"] {
                response["headers"][name]["required"] = json!(false);
            }
        }
        "426" => header("Upgrade", "The protocol: `websocket`", "string"),
        "429" | "503" => header("Retry-After", RETRY_AFTER, "integer"),
        _ if codes.iter().any(|code| PASSING.contains(code)) => {
            header("Retry-After", "If the problem passes by itself: the seconds after which to try again", "integer");
            response["headers"]["Retry-After"]["required"] = json!(false);
        }
        _ => {}
    }
}

const RETRY_AFTER: &str = "The seconds after which to try again";
/// Problems of other statuses than 429 and 503 that say when to try again.
const PASSING: [Code; 4] =
    [Code::ImportRunning, Code::WebhookBusy, Code::IdempotencyKeyInUse, Code::ProviderUnavailable];

/// Says how much an operation counts as, if that is more than one request.
fn describe_weight(part: &mut Value, policy: &Policy) {
    let weight = match (policy.work.weight.get(), policy.search) {
        (1, None) => return,
        (1, Some(work)) => format!("With `q` it counts as {} requests of the rate limit.", work.weight),
        (weight, _) => format!("It counts as {weight} requests of the rate limit."),
    };
    let description = part["description"].as_str().unwrap_or_default().trim_end();
    part["description"] = json!(format!("{description}\n\n{weight}").trim_start());
}

fn add_headers(response: &mut Value, has_rate: bool) {
    for name in ["ETag", "Location", "WWW-Authenticate", "Retry-After"] {
        if response["headers"].get(name).is_some_and(|header| header["required"].is_null()) {
            response["headers"][name]["required"] = json!(true);
        }
    }
    let rate = if has_rate { &["RateLimit-Policy", "RateLimit"][..] } else { &[] };
    for name in ["X-Request-Id", "Server-Timing"].iter().chain(rate) {
        response["headers"][*name] = json!({"$ref": format!("#/components/headers/{name}")});
    }
}

/// Adds the components that all operations refer to.
pub fn add_components(components: &mut Value) {
    components["headers"] = json!({
        "X-Request-Id": {
            "description": "Identifies the request in the log: the client's own id if it is valid, otherwise a new one",
            "required": true,
            "schema": {"type": "string", "pattern": "^[A-Za-z0-9._-]{1,64}$"},
        },
        "Server-Timing": {
            "description": "The time that the server took, in milliseconds",
            "required": true,
            "schema": {"type": "string", "pattern": r"^app;dur=[0-9]+\.[0-9]{3}$"},
        },
        "RateLimit-Policy": {
            "description": "The limit that the request was counted by: its quota `q` per window of `w` seconds (draft-ietf-httpapi-ratelimit-headers-11)",
            "schema": {"type": "string", "examples": ["\"principal\";q=600;w=60"]},
        },
        "RateLimit": {
            "description": "What is left: `r` requests at once; one more in `t` seconds",
            "schema": {"type": "string", "examples": ["\"principal\";r=599;t=1"]},
        },
    });
    // A method without an operation is not part of the document.
    let documented = Code::ALL.iter().filter(|code| **code != Code::MethodNotAllowed);
    components["examples"] = documented.map(|code| (code.info().code.to_owned(), example(*code))).collect();
}
