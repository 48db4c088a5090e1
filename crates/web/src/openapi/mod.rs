//! The OpenAPI document: what the handlers declare, and what all operations have in common.

mod common;

use actix_web::App;
use serde_json::{Value, json};
use utoipa::{
    Modify, OpenApi,
    openapi::security::{
        ApiKey, ApiKeyValue, Flow, HttpAuthScheme, HttpBuilder, OAuth2, Password, Scopes, SecurityScheme,
    },
};
use utoipa_actix_web::AppExt;

use crate::problem::{FieldErrorDocument, ProblemDocument};

#[derive(OpenApi)]
#[openapi(
    info(
        title = "memo",
        description = "Self-hosted memos: a REST API that never surprises.\n\nErrors are problem documents (RFC 9457) with a stable `code`, all of which are listed at `/docs/errors`. Times are RFC 3339 in UTC, ids are UUIDv7. Pages are walked by `page.next_cursor`. `ETag` with `If-Match` prevents lost updates.",
        license(name = "MIT OR Apache-2.0", identifier = "MIT OR Apache-2.0"),
    ),
    servers((url = "/", description = "This server")),
    components(schemas(ProblemDocument, FieldErrorDocument)),
    modifiers(&SignIn),
    tags(
        (name = "auth", description = "Sign up, sign in, stay signed in, sign out"),
        (name = "account", description = "The account of who calls"),
        (name = "admin", description = "For administrators"),
        (name = "memos", description = "Memos, their pages and their trash"),
        (name = "tags", description = "The tags of one's memos"),
        (name = "changes", description = "What has become of one's memos, in order"),
        (name = "operations", description = "For operators"),
    ),
)]
struct Base;

struct SignIn;

impl Modify for SignIn {
    fn modify(&self, api: &mut utoipa::openapi::OpenApi) {
        let scopes = Scopes::from_iter([
            ("memos:read", "Read memos and what belongs to them"),
            ("memos:write", "Change memos and what belongs to them"),
            ("events:read", "Follow events"),
            ("account:read", "Read the account"),
            ("account:write", "Change the account"),
        ]);
        let mut flow = Password::new("/api/v1/auth/token", scopes);
        flow.refresh_url = Some("/api/v1/auth/token".into());
        let scheme = OAuth2::with_description([Flow::Password(flow)], "An e-mail address and its password (RFC 6749)");
        let components = api.components.get_or_insert_default();
        components.add_security_scheme("password", SecurityScheme::OAuth2(scheme));
        let bearer = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).bearer_format("JWT");
        let bearer = bearer.description(Some("An access token (RFC 6750), however it was got")).build();
        components.add_security_scheme("bearer", SecurityScheme::Http(bearer));
        let cookie = ApiKeyValue::with_description(
            "memo_session",
            "The cookie of a browser; `__Host-memo_session` behind https",
        );
        components.add_security_scheme("session", SecurityScheme::ApiKey(ApiKey::Cookie(cookie)));
    }
}

/// The document, as JSON.
#[must_use]
pub fn openapi() -> Value {
    let (_, api) = App::new().into_utoipa_app().openapi(Base::openapi()).configure(crate::routes).split_for_parts();
    let mut document = json!(api);
    common::complete(&mut document);
    document
}
