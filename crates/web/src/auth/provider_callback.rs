use actix_web::http::header::LOCATION;
use memo_application::{Callback, CallbackOutcome, ProviderAnswer, Social, SocialError, read_secret};
use memo_domain::Sealer;

use super::flow::{PendingFlow, redirect_uri};
use crate::{cookies, language::Language, prelude::*};

operations! {
    provider_callback => Policy::optional().no_store()
        .problems(&[Code::ProviderNotFound, Code::StateInvalid, Code::CacheUnavailable]);
}

/// The error code of a refusal by the user (RFC 6749, section 4.1.2.1); all others are the provider's.
const REFUSAL: &str = "access_denied";

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
}

fn answer(code: Option<String>, error: Option<String>) -> ProviderAnswer {
    match (error, code) {
        (Some(error), _) if error == REFUSAL => ProviderAnswer::Denied,
        (Some(error), _) => ProviderAnswer::Error(error),
        (None, Some(code)) => ProviderAnswer::Code(code),
        (None, None) => ProviderAnswer::Nothing,
    }
}

/// Return from a social provider
///
/// The provider redirects here after `authorize`: signs in with a cookie, or links the account. `Accept-Language` sets the
/// `locale` of a new user. A failure is in `sign_in_error` of the URL that the browser returns to:
///
/// * `access_denied`: the user declined
/// * `provider_failed`: the provider is unavailable, ended the flow for a reason of its own, or sent an invalid response
/// * `provider_mix_up`: the callback is from another provider
/// * `email_taken`: another account has this address; sign in to it and link the social account
/// * `email_missing`: the provider gives no valid address
/// * `not_allowed`: a claim of the provider does not let the user in
/// * `sign_up_closed`: there is no account yet, and sign-up is closed
/// * `account_disabled`: the account is disabled
/// * `identity_taken`: the social account is linked to another user
/// * `already_linked`: the user has linked another social account of this provider
/// * `mfa_required`: the account has a second factor; sign in with the password
/// * `server_error`: a fault of the server
///
/// More values may be added.
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
    sealer: Data<dyn Sealer>,
    settings: Data<HttpSettings>,
    FromDevice(device): FromDevice,
) -> Result<HttpResponse, Problem> {
    let CallbackQuery { state, code, iss, error } = CallbackQuery::read(request.query_string());
    let state = state.unwrap_or_default();
    let pending = cookies::flow(&request, &settings, &state).and_then(|text| PendingFlow::unseal(&**sealer, &text));
    let previous = cookies::session_secret(&request, &settings);
    let callback = Callback {
        state: read_secret(&state),
        issuer: iss,
        answer: answer(code, error),
        redirect_uri: redirect_uri(&settings, &name),
        caller: caller.map(|caller| caller.user_id),
        locale: Language::of_request(&request).into(),
    };
    // A HEAD completes no flow.
    let flow = pending.as_ref().map(|pending| &pending.flow).filter(|_| !IsHead::of(&request));
    let outcome = social.callback(&name, flow, callback, previous.as_ref(), &device).await?;
    let return_to = pending.map(|pending| pending.return_to).unwrap_or_default();
    Ok(returned(outcome, return_to, &state, &settings))
}

/// The redirect to the page of this server that the browser came from.
fn returned(
    outcome: Result<CallbackOutcome, SocialError>,
    return_to: String,
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
            response.cookie(cookies::device(settings, grant.device));
            return_to
        }
        Ok(CallbackOutcome::Linked) => return_to,
        Err(error) => with_error(&return_to, name_of(error)),
    };
    response.insert_header((LOCATION, location)).finish()
}

/// The value of `sign_in_error`.
const fn name_of(error: SocialError) -> &'static str {
    match error {
        SocialError::AccessDenied => "access_denied",
        SocialError::ProviderFailed => "provider_failed",
        SocialError::ProviderMixUp => "provider_mix_up",
        SocialError::EmailTaken => "email_taken",
        SocialError::EmailMissing => "email_missing",
        SocialError::NotAllowed => "not_allowed",
        SocialError::SignUpClosed => "sign_up_closed",
        SocialError::AccountDisabled => "account_disabled",
        SocialError::IdentityTaken => "identity_taken",
        SocialError::AlreadyLinked => "already_linked",
        SocialError::MfaRequired => "mfa_required",
        SocialError::ServerError => "server_error",
    }
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
