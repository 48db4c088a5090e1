use actix_web::http::header::LOCATION;
use memo_application::{Principal, Social};
use memo_domain::{Sealer, SocialProvider};

use super::flow::{PendingFlow, own_path, redirect_uri};
use crate::{cookies, prelude::*};

operations! {
    list_providers => Policy::public();
    authorize_provider => Policy::optional().no_store().problems(&[
        Code::ProviderNotFound, Code::ProviderUnavailable, Code::AuthenticationRequired, Code::InteractiveSignInRequired,
        Code::CrossSiteRequest, Code::ProofRequired,
    ]);
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
    /// Whether to link the social account to the signed-in user, instead of signing in. The sign-in must be at most 10 minutes
    /// old, or proved again by `POST /api/v1/auth/session/proof`.
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
    sealer: Data<dyn Sealer>,
    settings: Data<HttpSettings>,
    Query(query): Query<AuthorizeQuery>,
) -> Result<HttpResponse, Problem> {
    let link = if query.link == Some(true) { Some(linking(&request, caller)?) } else { None };
    let started = social.authorize(&name, &redirect_uri(&settings, &name), link.as_ref()).await?;
    let pending = PendingFlow { flow: started.flow, return_to: own_path(query.return_to.as_deref()).to_owned() };
    let mut response = HttpResponse::Found();
    for cookie in cookies::new_flow(&request, &settings, &pending.state(), pending.seal(&**sealer)?) {
        response.cookie(cookie);
    }
    Ok(response.insert_header((LOCATION, started.url)).finish())
}

/// The user who links a social account.
fn linking(request: &HttpRequest, caller: Option<Principal>) -> Result<Principal, Problem> {
    let caller = caller.ok_or_else(|| Problem::unauthenticated(None))?;
    caller.require_interactive()?;
    cookies::require_own_page(request)?;
    Ok(caller)
}
