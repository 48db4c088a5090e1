use actix_web::{
    HttpRequest, HttpResponse, delete, get,
    http::header::{CACHE_CONTROL, HeaderName},
    post,
    web::Data,
};
use memo_application::{CookieGrant, SignIn, SignedIn, read_secret, secret_text};
use memo_domain::InvalidValue;

use super::dto::{EndSessionsQuery, SessionList, SessionRequest};
use crate::{
    HttpSettings, cookies,
    extract::{FromDevice, Interactive, Json, MaybeCaller, NoQuery, Query, SessionPath},
    me::User,
    problem::{FieldError, Problem},
};

/// Has the browser throw away what it kept of this site (W3C Clear Site Data).
const CLEAR_SITE_DATA: HeaderName = HeaderName::from_static("clear-site-data");

/// Sign in by a cookie
///
/// For browsers: the answer sets a cookie that is `HttpOnly`, and what it held before is worth nothing any more.
#[utoipa::path(
    tag = "auth",
    operation_id = "create_session",
    security(()),
    request_body = SessionRequest,
    responses((status = 200, description = "Who signed in", body = User, headers(("Set-Cookie" = String, description = "The sign-in")))),
    extensions(("x-problems" = json!([
        "credentials_wrong", "mfa_required", "overloaded", "too_many_attempts"
    ]))),
)]
#[post("/auth/session")]
pub async fn create_session(
    request: HttpRequest,
    sign_in: Data<SignIn>,
    settings: Data<HttpSettings>,
    FromDevice(device): FromDevice,
    _: NoQuery,
    body: Json<SessionRequest>,
) -> Result<HttpResponse, Problem> {
    let before = cookies::session_secret(&request, &settings);
    match body.value {
        SessionRequest { email: Some(email), password: Some(password), mfa_token: None, otp: None } => {
            match sign_in.cookie_by_password(&email, &password, before.as_ref(), &device).await? {
                SignedIn::Done(grant) => Ok(signed_in(&settings, grant)),
                SignedIn::SecondFactorNeeded(token) => Err(Problem::mfa_required(secret_text(&token))),
            }
        }
        SessionRequest { email: None, password: None, mfa_token: Some(token), otp: Some(code) } => {
            let token = read_secret(&token).ok_or_else(Problem::credentials_wrong)?;
            let grant = sign_in.cookie_by_code(&token, &code, before.as_ref(), &device).await?;
            Ok(signed_in(&settings, grant))
        }
        // Either step is whole, and nothing of the other is there.
        SessionRequest { email, password, mfa_token, otp } => {
            let is_second = mfa_token.is_some() || otp.is_some();
            let members = if is_second {
                [
                    ("mfa_token", mfa_token.is_none(), true),
                    ("otp", otp.is_none(), true),
                    ("email", email.is_some(), false),
                    ("password", password.is_some(), false),
                ]
            } else {
                [
                    ("email", email.is_none(), true),
                    ("password", password.is_none(), true),
                    ("mfa_token", false, false),
                    ("otp", false, false),
                ]
            };
            let wrong = members.into_iter().filter(|(_, is_wrong, _)| *is_wrong).map(|(name, _, is_missing)| {
                if is_missing {
                    FieldError::member(name, InvalidValue::Required)
                } else {
                    FieldError::unknown_member(name)
                }
            });
            Err(Problem::invalid(wrong.collect()))
        }
    }
}

fn signed_in(settings: &HttpSettings, grant: CookieGrant) -> HttpResponse {
    HttpResponse::Ok()
        .cookie(cookies::of_grant(settings, &grant))
        .insert_header((CACHE_CONTROL, "no-store"))
        .json(User::from(grant.user))
}

/// Sign the browser out
///
/// Ends the sign-in of the cookie, or of the access token. Without one nothing happens.
#[utoipa::path(
    tag = "auth",
    operation_id = "delete_session",
    security((), ("session" = [])),
    responses((status = 204, description = "Signed out", headers(
        ("Set-Cookie" = String, description = "Takes the cookie away"),
        ("Clear-Site-Data" = String, description = "Has the browser throw away what it kept"),
    ))),
)]
#[delete("/auth/session")]
pub async fn delete_session(
    sign_in: Data<SignIn>,
    settings: Data<HttpSettings>,
    caller: MaybeCaller,
    FromDevice(device): FromDevice,
    _: NoQuery,
) -> Result<HttpResponse, Problem> {
    if let Some(session_id) = caller.0.and_then(|principal| principal.session_id()) {
        sign_in.sign_out(session_id, &device).await?;
    }
    Ok(signed_out(&settings))
}

fn signed_out(settings: &HttpSettings) -> HttpResponse {
    HttpResponse::NoContent()
        .cookie(cookies::no_session(settings))
        .insert_header((CLEAR_SITE_DATA, r#""cache", "cookies", "storage""#))
        .insert_header((CACHE_CONTROL, "no-store"))
        .finish()
}

/// List sign-ins
///
/// Where the member is signed in, the newest first.
#[utoipa::path(
    tag = "auth",
    operation_id = "list_sessions",
    security(("password" = ["account:read"])),
    responses((status = 200, description = "The sign-ins that are good", body = SessionList)),
    extensions(("x-problems" = json!(["interactive_sign_in_required"]))),
)]
#[get("/auth/sessions")]
pub async fn list_sessions(caller: Interactive, sign_in: Data<SignIn>, _: NoQuery) -> Result<HttpResponse, Problem> {
    let sessions = sign_in.sessions(caller.principal.user_id).await?;
    Ok(HttpResponse::Ok().json(SessionList::of(sessions, caller.principal.session_id())))
}

/// End a sign-in
///
/// Its access tokens end, too.
#[utoipa::path(
    tag = "auth",
    operation_id = "end_session",
    security(("password" = ["account:write"])),
    params(("id" = String, Path, description = "The id of the sign-in", format = "uuid")),
    responses((status = 204, description = "It has ended")),
    extensions(("x-problems" = json!(["session_not_found", "interactive_sign_in_required"]))),
)]
#[delete("/auth/sessions/{id}")]
pub async fn end_session(
    caller: Interactive,
    SessionPath(id): SessionPath,
    sign_in: Data<SignIn>,
    FromDevice(device): FromDevice,
    _: NoQuery,
) -> Result<HttpResponse, Problem> {
    sign_in.end_session(caller.principal.user_id, id, &device).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// End all sign-ins
///
/// This one, too, unless it is to stay.
#[utoipa::path(
    tag = "auth",
    operation_id = "end_sessions",
    security(("password" = ["account:write"])),
    params(EndSessionsQuery),
    responses((status = 204, description = "They have ended")),
    extensions(("x-problems" = json!(["interactive_sign_in_required"]))),
)]
#[delete("/auth/sessions")]
pub async fn end_sessions(
    caller: Interactive,
    sign_in: Data<SignIn>,
    settings: Data<HttpSettings>,
    FromDevice(device): FromDevice,
    Query(query): Query<EndSessionsQuery>,
) -> Result<HttpResponse, Problem> {
    let except_current = query.except_current == Some(true);
    sign_in.end_all(&caller.principal, except_current, &device).await?;
    Ok(if except_current { HttpResponse::NoContent().finish() } else { signed_out(&settings) })
}
