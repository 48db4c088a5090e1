use actix_web::{
    HttpRequest, HttpResponse, get,
    http::header::{CACHE_CONTROL, LOCATION},
    web::{Data, Path},
};
use garde::Validate;
use memo_application::{Arrival, Arrived, Return, Social};
use memo_domain::Locale;
use serde::Deserialize;
use utoipa::IntoParams;

use super::dto::{ProviderItem, ProviderList};
use crate::{
    HttpSettings, cookies,
    extract::{FromDevice, MaybeCaller, NoQuery, Query},
    language::Language,
    problem::Problem,
    validation,
};

/// List social providers
///
/// Those that this server is set up for.
#[utoipa::path(
    tag = "auth",
    operation_id = "list_providers",
    security(()),
    responses((status = 200, description = "The providers", body = ProviderList)),
)]
#[get("/auth/providers")]
pub async fn list_providers(social: Data<Social>, _: NoQuery) -> HttpResponse {
    let item = |name: &str, display_name: &str| ProviderItem {
        name: name.to_owned(),
        display_name: display_name.to_owned(),
        authorize_url: format!("/api/v1/auth/providers/{name}/authorize"),
    };
    let items = social.providers().iter().map(|provider| item(provider.name(), provider.display_name()));
    HttpResponse::Ok().json(ProviderList { items: items.collect() })
}

/// Where a browser goes afterwards.
#[derive(Deserialize, Validate, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct AuthorizeQuery {
    /// A path of this server; anything else is `/`.
    #[garde(skip)]
    #[param(nullable = false)]
    return_to: Option<String>,
    /// Whether the social account is linked to the member who is signed in, rather than signing in by it.
    #[serde(default, deserialize_with = "validation::parsed")]
    #[garde(skip)]
    #[param(nullable = false, default = false)]
    link: Option<bool>,
}

/// Sign in by a social account
///
/// For browsers: sends them to the provider (`OpenID` Connect, or OAuth 2.0 with PKCE).
#[utoipa::path(
    tag = "auth",
    operation_id = "authorize_provider",
    security((), ("session" = [])),
    params(("name" = String, Path, description = "The name of the provider"), AuthorizeQuery),
    responses((status = 302, description = "To the provider", headers(("Location" = String, description = "At the provider")))),
    extensions(("x-problems" = json!([
        "provider_not_found", "provider_unavailable", "authentication_required", "interactive_sign_in_required",
        "cross_site_request"
    ]))),
)]
#[get("/auth/providers/{name}/authorize")]
pub async fn authorize_provider(
    request: HttpRequest,
    name: Path<String>,
    caller: MaybeCaller,
    social: Data<Social>,
    settings: Data<HttpSettings>,
    Query(query): Query<AuthorizeQuery>,
) -> Result<HttpResponse, Problem> {
    let link = match (query.link, caller.0) {
        (Some(true), None) => return Err(Problem::unauthenticated(None)),
        (Some(true), Some(principal)) => {
            principal.require_interactive()?;
            cookies::check_begun_here(&request)?;
            Some(principal.user_id)
        }
        _ => None,
    };
    let departure = social.depart(&name, query.return_to.as_deref(), link).await?;
    let mut answer = HttpResponse::Found();
    for cookie in cookies::of_flow(&request, &settings, &departure.state, departure.flow) {
        answer.cookie(cookie);
    }
    Ok(answer.insert_header((LOCATION, departure.url)).insert_header((CACHE_CONTROL, "no-store")).finish())
}

/// What a provider sends a browser back with. Whatever else it adds is ignored.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub struct CallbackQuery {
    /// What the flow began with.
    #[param(nullable = false)]
    state: Option<String>,
    /// What the provider gives in exchange for the identity.
    #[param(nullable = false)]
    code: Option<String>,
    /// Who the provider says it is (RFC 9207).
    #[param(nullable = false)]
    iss: Option<String>,
    /// Why the provider gives no code.
    #[param(nullable = false)]
    error: Option<String>,
}

impl CallbackQuery {
    fn read(query: &str) -> Self {
        let values = |name: &'static str| {
            let pairs = form_urlencoded::parse(query.as_bytes()).filter(move |(other, _)| other == name);
            pairs.map(|(_, value)| value.into_owned())
        };
        let once = |name| values(name).next().filter(|_| values(name).count() == 1);
        // What is said twice is said by nobody who can be believed.
        let is_said_once = ["code", "iss", "error"].into_iter().all(|name| values(name).count() < 2);
        let code = once("code").filter(|_| is_said_once);
        Self { state: once("state"), code, iss: once("iss"), error: once("error") }
    }

    fn with_locale(self, locale: Locale) -> Return {
        Return { state: self.state, code: self.code, issuer: self.iss, error: self.error, locale }
    }
}

/// Come back from a provider
///
/// Ends what `authorize` began: signs in with a cookie, or links. A new member's `locale` is the one that `Accept-Language`
/// prefers. What went wrong stands in `sign_in_error` of the address that the browser goes to: `access_denied` where the member
/// said no, `provider_failed` where the provider has a reason of its own.
#[utoipa::path(
    tag = "auth",
    operation_id = "provider_callback",
    security((), ("session" = [])),
    params(("name" = String, Path, description = "The name of the provider"), CallbackQuery),
    responses((status = 303, description = "To where the browser wanted to go", headers(("Location" = String, description = "A path of this server")))),
    extensions(("x-problems" = json!(["provider_not_found", "state_invalid", "cache_unavailable"]))),
)]
#[get("/auth/providers/{name}/callback")]
pub async fn provider_callback(
    request: HttpRequest,
    name: Path<String>,
    caller: MaybeCaller,
    social: Data<Social>,
    settings: Data<HttpSettings>,
    FromDevice(device): FromDevice,
) -> Result<HttpResponse, Problem> {
    let query = CallbackQuery::read(request.query_string());
    let state = query.state.clone().unwrap_or_default();
    let flow = cookies::flow(&request, &settings, &state);
    let before = cookies::session_secret(&request, &settings);
    let back = query.with_locale(Language::of_request(&request).into());
    let caller = caller.0.map(|principal| principal.user_id);
    let Arrival { return_to, outcome } =
        social.arrive(&name, flow.as_deref(), back, caller, before.as_ref(), &device).await?;
    let mut answer = HttpResponse::SeeOther();
    answer.insert_header((CACHE_CONTROL, "no-store"));
    if let Some(cookie) = cookies::no_flow(&settings, &state) {
        answer.cookie(cookie);
    }
    let location = match outcome {
        Ok(Arrived::SignedIn(grant)) => {
            answer.cookie(cookies::of_grant(&settings, &grant));
            return_to
        }
        Ok(Arrived::Linked) => return_to,
        Err(error) => with_error(&return_to, error.name()),
    };
    Ok(answer.insert_header((LOCATION, location)).finish())
}

/// The path with what went wrong in its query, before its fragment.
fn with_error(path: &str, error: &str) -> String {
    let (path, fragment) = path.split_once('#').map_or((path, None), |(path, fragment)| (path, Some(fragment)));
    let separator = if path.contains('?') { '&' } else { '?' };
    let fragment = fragment.map(|fragment| format!("#{fragment}")).unwrap_or_default();
    format!("{path}{separator}sign_in_error={error}{fragment}")
}

#[cfg(test)]
mod tests {
    use super::with_error;

    #[test]
    fn an_error_stands_in_the_query() {
        assert_eq!(with_error("/", "email_taken"), "/?sign_in_error=email_taken");
        assert_eq!(with_error("/a?b=c#d", "email_taken"), "/a?b=c&sign_in_error=email_taken#d");
    }
}
