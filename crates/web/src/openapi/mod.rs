//! The OpenAPI document: what the handlers declare, and what follows from the policies of their routes.
//!
//! It is made by a test, which compares it with `openapi/current.json`, or writes that file. The server hands out the file.

mod examples;
mod links;
mod parameters;
mod responses;
mod scopes;
mod values;

use memo_domain::OperationName;
use serde_json::{Value, json};
use utoipa::{
    Modify, OpenApi,
    openapi::{
        PathItem, Paths,
        path::{self, HttpMethod},
        security::{ApiKey, ApiKeyValue, Flow, HttpAuthScheme, HttpBuilder, OAuth2, Password, Scopes, SecurityScheme},
    },
};

use crate::{
    problem::{FieldErrorDocument, ProblemDocument, TokenError},
    routing::Operations,
};

#[derive(OpenApi)]
#[openapi(
    info(
        title = "memo",
        description = "A self-hosted server for memos.\n\nErrors are problem documents (RFC 9457) with a stable `code`; `/docs/errors` lists all codes. Times are RFC 3339 in UTC, ids are UUIDv7. `page.next_cursor` leads to the next page of a list. `ETag` with `If-Match` prevents lost updates.",
        license(name = "MIT OR Apache-2.0", identifier = "MIT OR Apache-2.0"),
    ),
    servers((url = "/", description = "This server")),
    components(schemas(ProblemDocument, FieldErrorDocument, TokenError)),
    modifiers(&Credentials),
    tags(
        (name = "auth", description = "Sign up, sign in, refresh tokens, sign out"),
        (name = "account", description = "The caller's account"),
        (name = "admin", description = "For administrators"),
        (name = "memos", description = "Memos, lists of memos, and the trash"),
        (name = "tags", description = "The tags of the caller's memos"),
        (name = "changes", description = "The changes of the caller's memos, in order"),
        (name = "events", description = "The same changes as they happen"),
        (name = "operations", description = "For operators"),
    ),
)]
struct Base;

struct Credentials;

impl Modify for Credentials {
    fn modify(&self, api: &mut utoipa::openapi::OpenApi) {
        let scopes = Scopes::from_iter([
            ("memos:read", "Read memos, tags and changes"),
            ("memos:write", "Change memos and tags"),
            ("events:read", "Follow events"),
            ("account:read", "Read the account"),
            ("account:write", "Change the account"),
        ]);
        let mut flow = Password::new("/api/v1/auth/token", scopes);
        flow.refresh_url = Some("/api/v1/auth/token".into());
        let scheme = OAuth2::with_description([Flow::Password(flow)], "An e-mail address and a password (RFC 6749)");
        let components = api.components.get_or_insert_default();
        components.add_security_scheme("password", SecurityScheme::OAuth2(scheme));
        let bearer = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).bearer_format("JWT");
        let bearer = bearer.description(Some("An access token (RFC 6750), or an API key of the kind `bearer`")).build();
        components.add_security_scheme("bearer", SecurityScheme::Http(bearer));
        let cookie = ApiKeyValue::with_description(
            "memo_session",
            "The session cookie of a browser; `__Host-memo_session` over https",
        );
        components.add_security_scheme("session", SecurityScheme::ApiKey(ApiKey::Cookie(cookie)));
    }
}

/// The document of these operations.
///
/// # Panics
/// If the `operation_id` of an operation is not the name of its handler.
pub fn document(operations: &Operations) -> Value {
    let (mut api, mut paths) = (Base::openapi(), Paths::new());
    for part in operations.documents() {
        for (path, item) in part.paths.paths {
            for (method, operation) in methods(item) {
                paths.add_path_operation(&*path, vec![method], operation);
            }
        }
        let schemas = part.components.map(|components| components.schemas);
        api.components.get_or_insert_default().schemas.extend(schemas.unwrap_or_default());
    }
    api.paths = paths;
    let mut document = json!(api);
    for operation in operations.iter().filter(|operation| operation.is_documented()) {
        let method = operation.method.as_str().to_ascii_lowercase();
        let part = &mut document["paths"][&*operation.path][method];
        let name = operation.name.as_ref().map(OperationName::as_str);
        assert_eq!(part["operationId"].as_str(), name, "{} {}", operation.method, operation.path);
        parameters::complete(part, operation.policy);
        responses::complete(part, operation);
    }
    links::add(&mut document, operations);
    responses::add_components(&mut document["components"]);
    values::expand(&mut document);
    values::name_lists(&mut document);
    document
}

fn methods(item: PathItem) -> impl Iterator<Item = (HttpMethod, path::Operation)> {
    let methods = [
        (HttpMethod::Get, item.get),
        (HttpMethod::Post, item.post),
        (HttpMethod::Put, item.put),
        (HttpMethod::Patch, item.patch),
        (HttpMethod::Delete, item.delete),
    ];
    methods.into_iter().filter_map(|(method, operation)| Some((method, operation?)))
}

/// Removes a field of an object; null if it is absent.
fn take(object: &mut Value, field: &str) -> Value {
    object.as_object_mut().and_then(|object| object.remove(field)).unwrap_or_default()
}

#[test]
fn committed_document_is_what_the_operations_declare() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../openapi/current.json");
    let document = document(&crate::services::operations());
    if std::env::var_os("MEMO_TEST_WRITE_OPENAPI").is_some() {
        std::fs::write(path, format!("{document:#}\n")).expect("it is written");
    }
    let committed = std::fs::read(path).expect("it is read");
    let committed: Value = serde_json::from_slice(&committed).expect("JSON");
    assert!(committed == document, "openapi/current.json is another document: run `make openapi`");
}
