use actix_web::http::header::PRAGMA;
use memo_application::{Grant, SignIn, read_secret, secret_text};
use memo_domain::{Scopes, Secret};

use super::step::completed;
use crate::{cookies, prelude::*, problem::GrantRefusal};

/// The maximum size of a form of the token endpoints, in bytes.
pub const FORM_SIZE: Size = Size::AtMost(64 << 10);

operations! {
    token => Policy::optional().body(Body::Form).size(FORM_SIZE).no_store().oauth_errors().rate(RateClass::ByHandler)
        .problems(&[Code::Overloaded]);
}

/// A form of RFC 6749, section 4.3 (`grant_type=password`) or 6 (`grant_type=refresh_token`), or of the second
/// step of signing in (`grant_type=mfa_otp`). Unknown parameters are ignored, as are `client_id` and `client_secret`.
#[derive(ToSchema)]
#[expect(dead_code, reason = "documents the form, whose parameters are read by name")]
#[schema(example = json!({"grant_type": "password", "username": "alice@example.com", "password": "correct horse battery"}))]
struct TokenForm {
    #[schema(inline)]
    grant_type: GrantType,
    /// The e-mail address, for `password`.
    #[schema(nullable = false)]
    username: Option<String>,
    /// The password, for `password`.
    #[schema(nullable = false, value_type = Option<String>, format = Password)]
    password: Option<String>,
    /// The token of the first step, for `mfa_otp`. It is valid for 5 minutes, and accepts up to five wrong codes.
    #[schema(nullable = false)]
    mfa_token: Option<String>,
    /// A code of the authenticator or a recovery code, for `mfa_otp`.
    #[schema(nullable = false)]
    otp: Option<String>,
    /// The refresh token, for `refresh_token`.
    #[schema(nullable = false)]
    refresh_token: Option<String>,
    /// Scopes, separated by spaces; all of them by default. On refresh, at most those of the session.
    #[schema(nullable = false)]
    scope: Option<String>,
}

/// What is exchanged for tokens.
#[derive(ToSchema)]
#[expect(dead_code, reason = "documents the form, whose parameters are read by name")]
#[schema(rename_all = "snake_case")]
enum GrantType {
    Password,
    RefreshToken,
    MfaOtp,
}

/// The same form, read.
enum GrantRequest<'a> {
    Password { username: &'a str, password: &'a str, scopes: Option<Scopes> },
    Refresh { token: Secret, scopes: Option<Scopes> },
    SecondStep { token: Secret, code: &'a str },
}

impl<'a> GrantRequest<'a> {
    fn read(form: &'a Form) -> Result<Self, GrantRefusal> {
        let required = |name| form.get(name)?.ok_or(GrantRefusal::MissingParameter);
        let secret = |name| read_secret(required(name)?).ok_or(GrantRefusal::InvalidGrant);
        let scopes = form.get("scope")?.map(Scopes::parse).transpose().map_err(|_| GrantRefusal::InvalidScope)?;
        match required("grant_type")? {
            "password" => {
                Ok(Self::Password { username: required("username")?, password: required("password")?, scopes })
            }
            "refresh_token" => Ok(Self::Refresh { token: secret("refresh_token")?, scopes }),
            "mfa_otp" => {
                required("mfa_token")?;
                let code = required("otp")?;
                Ok(Self::SecondStep { token: secret("mfa_token")?, code })
            }
            _ => Err(GrantRefusal::UnsupportedGrantType),
        }
    }
}

/// The tokens (RFC 6749, section 5.1).
#[derive(Serialize, ToSchema)]
#[schema(example = json!({
    "access_token": "eyJ0eXAiOiJhdCtqd3QiLCJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIwMTk4YzBkZSJ9.c2ln",
    "token_type": "Bearer",
    "expires_in": 900,
    "refresh_token": "Zm9vYmFyYmF6cXV4Zm9vYmFyYmF6cXV4Zm9vYmFyYmE",
    "scope": "memos:read memos:write events:read account:read account:write"
}))]
struct TokenResponse {
    /// For `Authorization: Bearer …`. A JWT (RFC 9068), opaque to clients.
    access_token: String,
    /// Always `Bearer`.
    #[schema(pattern = "^Bearer$")]
    token_type: &'static str,
    /// The lifetime of the access token, in seconds.
    #[schema(minimum = 1)]
    expires_in: u64,
    /// Gets the next pair of tokens, once: keep the new one of each response.
    refresh_token: String,
    /// What the access token may be used for.
    scope: String,
}

impl From<Grant> for TokenResponse {
    fn from(grant: Grant) -> Self {
        Self {
            access_token: grant.access_token,
            token_type: "Bearer",
            expires_in: grant.expires_in.as_secs(),
            refresh_token: secret_text(&grant.refresh_token),
            scope: grant.scopes.to_string(),
        }
    }
}

/// Get tokens
///
/// Exchanges a password or a refresh token for an access token and the next refresh token (RFC 6749). After a password, a
/// cookie marks the client as a known device of the user: with it, others cannot lock the user out.
#[utoipa::path(
    post, path = "/api/v1/auth/token", tag = "auth",
    request_body = TokenForm,
    responses((status = 200, description = "The tokens", body = TokenResponse)),
)]
async fn token(
    sign_in: Data<SignIn>,
    settings: Data<HttpSettings>,
    rate: RateCounter,
    FromDevice(device): FromDevice,
    form: Form,
) -> Result<HttpResponse, Problem> {
    let grant = GrantRequest::read(&form);
    // A refresh proves a session: it does not use up the attempts of others at the same address.
    let is_refresh = matches!(grant, Ok(GrantRequest::Refresh { .. }));
    if is_refresh {
        rate.count_anonymous().await?;
    } else {
        rate.count_sign_in().await?;
    }
    let grant = match grant? {
        GrantRequest::Password { username, password, scopes } => {
            let scopes = scopes.unwrap_or_else(Scopes::all);
            completed(sign_in.by_password(username, password, scopes, &device).await?)?
        }
        GrantRequest::SecondStep { token, code } => sign_in.by_code(&token, code, &device).await?,
        GrantRequest::Refresh { token, scopes } => sign_in.refresh(&token, scopes, &device).await?,
    };
    let mut response = HttpResponse::Ok();
    if let Some(device) = &grant.device {
        response.cookie(cookies::device(&settings, device.clone()));
    }
    Ok(response.insert_header((PRAGMA, "no-cache")).json(TokenResponse::from(grant)))
}
