use actix_web::http::header::LOCATION;
use memo_application::{Callback, CallbackOutcome, CallbackResult, Principal, Social};
use memo_domain::{Locale, SocialProvider, UserId};

use crate::{cookies, language::Language, prelude::*};

operations! {
    list_providers => Policy::public();
    authorize_provider => Policy::optional().no_store().problems(&[
        Code::ProviderNotFound, Code::ProviderUnavailable, Code::AuthenticationRequired, Code::InteractiveSignInRequired,
        Code::CrossSiteRequest,
    ]);
    provider_callback => Policy::optional().no_store()
        .problems(&[Code::ProviderNotFound, Code::StateInvalid, Code::CacheUnavailable]);
}

/// A social provider.
#[derive(Serialize, ToSchema)]
#[schema(as = Provider, example = json!({"name": "google", "display_name": "Google", "authorize_url": "/api/v1/auth/providers/google/authorize"}))]
struct ProviderDto {
    /// The name in paths.
    name: String,
    /// The name for people.
    display_name: String,
    /// The URL at which a browser starts.
    #[schema(format = "uri-reference")]
    authorize_url: String,
}

impl ProviderDto {
    fn new(provider: &dyn SocialProvider) -> Self {
        let name = provider.name();
        Self {
            name: name.to_owned(),
            display_name: provider.display_name().to_owned(),
            authorize_url: format!("/api/v1/auth/providers/{name}/authorize"),
        }
    }
}

/// List social providers
///
/// The providers that this server is configured for.
#[utoipa::path(
    get, path = "/api/v1/auth/providers", tag = "auth",
    responses((status = 200, description = "The providers", body = Items<ProviderDto>)),
)]
async fn list_providers(social: Data<Social>, _: NoQuery) -> HttpResponse {
    let items: Items<_> = social.providers().iter().map(|provider| ProviderDto::new(&**provider)).collect();
    HttpResponse::Ok().json(items)
}

/// What the social account is used for.
#[derive(Deserialize, Validate, IntoParams)]
#[serde(deny_unknown_fields)]
#[garde(allow_unvalidated)]
#[into_params(parameter_in = Query)]
struct AuthorizeQuery {
    /// The path of this server to return to; anything else is treated as `/`.
    #[param(nullable = false)]
    return_to: Option<String>,
    /// Whether to link the social account to the signed-in user, instead of signing in.
    #[serde(default, deserialize_with = "parsed")]
    #[param(nullable = false, default = false)]
    link: Option<bool>,
}

input_as_is!(AuthorizeQuery);

/// Sign in with a social account
///
/// For browsers: redirects to the provider (`OpenID` Connect, or OAuth 2.0 with PKCE).
#[utoipa::path(
    get, path = "/api/v1/auth/providers/{name}/authorize", tag = "auth",
    params(("name" = String, Path, description = "The name of the provider"), AuthorizeQuery),
    responses((status = 302, description = "To the provider", headers(("Location" = String, description = "The URL at the provider")))),
)]
async fn authorize_provider(
    request: HttpRequest,
    name: Path<String>,
    MaybeCaller(caller): MaybeCaller,
    social: Data<Social>,
    settings: Data<HttpSettings>,
    Query(query): Query<AuthorizeQuery>,
) -> Result<HttpResponse, Problem> {
    let link = if query.link == Some(true) { Some(linking(&request, caller)?) } else { None };
    let authorization = social.authorize(&name, query.return_to.as_deref(), link).await?;
    let mut response = HttpResponse::Found();
    for cookie in cookies::new_flow(&request, &settings, &authorization.state, authorization.flow) {
        response.cookie(cookie);
    }
    Ok(response.insert_header((LOCATION, authorization.url)).finish())
}

/// The user who links a social account.
fn linking(request: &HttpRequest, caller: Option<Principal>) -> Result<UserId, Problem> {
    let caller = caller.ok_or_else(|| Problem::unauthenticated(None))?;
    caller.require_interactive()?;
    cookies::require_own_page(request)?;
    Ok(caller.user_id)
}

/// The parameters of a provider's redirect. Unknown ones are ignored.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
struct CallbackQuery {
    /// The `state` of the authorization request.
    #[param(nullable = false)]
    state: Option<String>,
    /// The authorization code.
    #[param(nullable = false)]
    code: Option<String>,
    /// The issuer of the response (RFC 9207).
    #[param(nullable = false)]
    iss: Option<String>,
    /// Why there is no code.
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
        // A response with a repeated parameter is not trusted.
        let is_unambiguous = ["code", "iss", "error"].into_iter().all(|name| values(name).count() < 2);
        let code = once("code").filter(|_| is_unambiguous);
        Self { state: once("state"), code, iss: once("iss"), error: once("error") }
    }

    fn with_locale(self, locale: Locale) -> Callback {
        Callback { state: self.state, code: self.code, issuer: self.iss, error: self.error, locale }
    }
}

/// Return from a social provider
///
/// The provider redirects here after `authorize`: signs in with a cookie, or links the account. `Accept-Language` sets the
/// `locale` of a new user. A failure is in `sign_in_error` of the URL that the browser returns to: `access_denied` if the
/// user declined, `provider_failed` for reasons of the provider.
#[utoipa::path(
    get, path = "/api/v1/auth/providers/{name}/callback", tag = "auth",
    params(("name" = String, Path, description = "The name of the provider"), CallbackQuery),
    responses((status = 303, description = "To the path that the browser came from", headers(("Location" = String, description = "A path of this server")))),
)]
async fn provider_callback(
    request: HttpRequest,
    name: Path<String>,
    MaybeCaller(caller): MaybeCaller,
    social: Data<Social>,
    settings: Data<HttpSettings>,
    FromDevice(device): FromDevice,
) -> Result<HttpResponse, Problem> {
    let query = CallbackQuery::read(request.query_string());
    let state = query.state.clone().unwrap_or_default();
    let flow = cookies::flow(&request, &settings, &state);
    let previous = cookies::session_secret(&request, &settings);
    let result = query.with_locale(Language::of_request(&request).into());
    let caller = caller.map(|caller| caller.user_id);
    let ended = social.callback(&name, flow.as_deref(), result, caller, previous.as_ref(), &device).await?;
    Ok(returned(ended, &state, &settings))
}

/// The redirect to where the browser came from.
fn returned(
    CallbackResult { return_to, outcome }: CallbackResult,
    state: &str,
    settings: &HttpSettings,
) -> HttpResponse {
    let mut response = HttpResponse::SeeOther();
    if let Some(cookie) = cookies::flow_removal(settings, state) {
        response.cookie(cookie);
    }
    let location = match outcome {
        Ok(CallbackOutcome::SignedIn(grant)) => {
            response.cookie(cookies::session(settings, &grant));
            return_to
        }
        Ok(CallbackOutcome::Linked) => return_to,
        Err(error) => with_error(&return_to, error.name()),
    };
    response.insert_header((LOCATION, location)).finish()
}

/// Adds an error to the query of a path, before its fragment.
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
    fn error_is_added_to_the_query() {
        assert_eq!(with_error("/", "email_taken"), "/?sign_in_error=email_taken");
        assert_eq!(with_error("/a?b=c#d", "email_taken"), "/a?b=c&sign_in_error=email_taken#d");
    }
}
