use actix_web::{
    HttpRequest, HttpResponse,
    http::header::{CACHE_CONTROL, LOCATION, PRAGMA},
    post,
    web::Data,
};
use memo_application::{Accounts, Error, Grant, SignIn, SignedIn, read_secret, secret_text};
use memo_domain::Scopes;

use super::dto::{RevokeForm, SignUpRequest, TokenError, TokenErrorCode, TokenForm, TokenResponse};
use crate::{
    extract::{Form, FromDevice, Json, NoQuery},
    language::Language,
    me::User,
    problem::Problem,
};

/// Sign up
///
/// Makes an account. Sign in with it at `/api/v1/auth/token`. Its `locale`, and so the language of its mail, is the one that
/// `Accept-Language` prefers.
#[utoipa::path(
    tag = "auth",
    operation_id = "sign_up",
    security(()),
    params(("Accept-Language" = Option<String>, Header, description = "The language of the member's mail: `en` or `ko`; `PATCH /api/v1/me` changes it")),
    request_body = SignUpRequest,
    responses((
        status = 201, description = "The account", body = User,
        headers(("Location" = String, description = "Where it is read, once signed in")),
    )),
    extensions(("x-problems" = json!(["sign_up_closed", "email_taken", "password_too_common", "overloaded"]))),
)]
#[post("/auth/sign-up")]
pub async fn sign_up(
    request: HttpRequest,
    accounts: Data<Accounts>,
    FromDevice(device): FromDevice,
    _: NoQuery,
    body: Json<SignUpRequest>,
) -> Result<HttpResponse, Problem> {
    let sign_up = body.value.in_language(Language::of_request(&request))?;
    let user = accounts.sign_up(sign_up, &device).await?;
    Ok(HttpResponse::Created()
        .insert_header((LOCATION, "/api/v1/me"))
        .insert_header((CACHE_CONTROL, "no-store"))
        .json(User::from(user)))
}

/// Get tokens
///
/// Exchanges a password or a refresh token for an access token and the next refresh token (RFC 6749).
#[utoipa::path(
    tag = "auth",
    operation_id = "token",
    security(()),
    request_body(content = TokenForm, content_type = "application/x-www-form-urlencoded"),
    responses(
        (status = 200, description = "The tokens", body = TokenResponse),
        (status = 400, description = "The grant was refused", body = TokenError),
    ),
    extensions(("x-problems" = json!(["overloaded", "too_many_attempts"]))),
)]
#[post("/auth/token")]
pub async fn issue_tokens(
    sign_in: Data<SignIn>,
    FromDevice(device): FromDevice,
    form: Form,
) -> Result<HttpResponse, Problem> {
    let grant = match Request::read(&form) {
        Ok(Request::Password { username, password, scopes }) => {
            match sign_in.by_password(username, password, scopes.unwrap_or_else(Scopes::all), &device).await {
                Ok(SignedIn::SecondFactorNeeded(token)) => return Ok(refused(&mfa_required(secret_text(&token)))),
                Ok(SignedIn::Done(grant)) => Ok(grant),
                Err(error) => Err(error),
            }
        }
        Ok(Request::SecondStep { token, code }) => match read_secret(token) {
            Some(token) => sign_in.by_code(&token, code, &device).await,
            None => Err(Error::InvalidGrant),
        },
        Ok(Request::Refresh { token, scopes }) => match read_secret(token) {
            Some(secret) => sign_in.refresh(&secret, scopes, &device).await,
            None => Err(Error::InvalidGrant),
        },
        Err(error) => return Ok(refused(&error)),
    };
    match grant {
        Ok(grant) => Ok(granted(grant)),
        Err(Error::InvalidGrant) => Ok(refused(&INVALID_GRANT)),
        Err(Error::InvalidScope) => Ok(refused(&INVALID_SCOPE)),
        Err(error) => Err(error.into()),
    }
}

/// Sign out
///
/// Ends the whole sign-in that a refresh token or an access token belongs to, its access tokens too (RFC 7009). A token
/// that is worth nothing is no error.
#[utoipa::path(
    tag = "auth",
    operation_id = "revoke",
    security(()),
    request_body(content = RevokeForm, content_type = "application/x-www-form-urlencoded"),
    responses((status = 200, description = "The sign-in has ended, if there was one")),
)]
#[post("/auth/revoke")]
pub async fn revoke(
    sign_in: Data<SignIn>,
    FromDevice(device): FromDevice,
    form: Form,
) -> Result<HttpResponse, Problem> {
    if let Ok(Some(token)) = form.get("token") {
        sign_in.revoke(read_secret(token).as_ref(), token, &device).await?;
    }
    Ok(HttpResponse::Ok().insert_header((CACHE_CONTROL, "no-store")).finish())
}

enum Request<'a> {
    Password { username: &'a str, password: &'a str, scopes: Option<Scopes> },
    Refresh { token: &'a str, scopes: Option<Scopes> },
    SecondStep { token: &'a str, code: &'a str },
}

impl<'a> Request<'a> {
    fn read(form: &'a Form) -> Result<Self, TokenError> {
        let parameter = |name| form.get(name).map_err(|_| TWICE);
        let needed = |name| parameter(name)?.ok_or(MISSING);
        let scopes = parameter("scope")?.map(Scopes::parse).transpose().map_err(|_| INVALID_SCOPE)?;
        match needed("grant_type")? {
            "password" => Ok(Self::Password { username: needed("username")?, password: needed("password")?, scopes }),
            "refresh_token" => Ok(Self::Refresh { token: needed("refresh_token")?, scopes }),
            "mfa_otp" => Ok(Self::SecondStep { token: needed("mfa_token")?, code: needed("otp")? }),
            _ => Err(UNSUPPORTED),
        }
    }
}

const fn error(error: TokenErrorCode, error_description: &'static str) -> TokenError {
    TokenError { error, error_description, mfa_token: None }
}

fn mfa_required(token: String) -> TokenError {
    let description = "The password is right. Repeat the call with grant_type=mfa_otp, mfa_token and otp.";
    TokenError { mfa_token: Some(token), ..error(TokenErrorCode::MfaRequired, description) }
}

const TWICE: TokenError = error(TokenErrorCode::InvalidRequest, "A parameter is given twice.");
const MISSING: TokenError = error(TokenErrorCode::InvalidRequest, "A parameter that this grant_type needs is missing.");
const UNSUPPORTED: TokenError =
    error(TokenErrorCode::UnsupportedGrantType, "The grant_type is one of password, refresh_token and mfa_otp.");
const INVALID_GRANT: TokenError = error(
    TokenErrorCode::InvalidGrant,
    "The credentials are wrong, or the refresh token is not valid any more. Sign in again.",
);
const INVALID_SCOPE: TokenError =
    error(TokenErrorCode::InvalidScope, "A scope is unknown, or more than the sign-in has.");

fn granted(grant: Grant) -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((CACHE_CONTROL, "no-store"))
        .insert_header((PRAGMA, "no-cache"))
        .json(TokenResponse::from(grant))
}

fn refused(error: &TokenError) -> HttpResponse {
    HttpResponse::BadRequest()
        .insert_header((CACHE_CONTROL, "no-store"))
        .insert_header((PRAGMA, "no-cache"))
        .json(error)
}
