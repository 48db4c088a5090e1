//! The cookies of a browser: the sign-in, and a social sign-in on its way.

use actix_web::{
    HttpRequest,
    cookie::{Cookie, SameSite, time::Duration},
    http::{Method, header},
};
use memo_application::{CookieGrant, FLOW_TTL, read_secret, secret_text};
use memo_domain::Secret;

use crate::{
    HttpSettings,
    problem::{Code, Problem},
};

const SESSION: &str = "memo_session";
const FLOW: &str = "memo_sign_in";

/// What a server behind https adds: no other host or path can set such a cookie (RFC 6265bis).
const HOST_PREFIX: &str = "__Host-";

fn is_secure(settings: &HttpSettings) -> bool {
    settings.public_url.starts_with("https://")
}

fn name(settings: &HttpSettings, name: &str) -> String {
    if is_secure(settings) { format!("{HOST_PREFIX}{name}") } else { name.to_owned() }
}

fn cookie<'a>(settings: &HttpSettings, of: &str, value: String, max_age: Duration) -> Cookie<'a> {
    Cookie::build(name(settings, of), value)
        .path("/")
        .http_only(true)
        .secure(is_secure(settings))
        .same_site(SameSite::Lax)
        .max_age(max_age)
        .finish()
}

/// What the cookie of the sign-in says.
pub fn session(request: &HttpRequest, settings: &HttpSettings) -> Option<String> {
    request.cookie(&name(settings, SESSION)).map(|cookie| cookie.value().to_owned())
}

/// The secret of the cookie of the sign-in, where it can be one.
pub fn session_secret(request: &HttpRequest, settings: &HttpSettings) -> Option<Secret> {
    read_secret(&session(request, settings)?)
}

/// Keeps a sign-in in the browser.
pub fn of_grant(settings: &HttpSettings, grant: &CookieGrant) -> Cookie<'static> {
    let max_age = i64::try_from(grant.max_age.as_secs()).unwrap_or(i64::MAX);
    cookie(settings, SESSION, secret_text(&grant.secret), Duration::seconds(max_age))
}

/// Takes the sign-in out of the browser.
pub fn no_session(settings: &HttpSettings) -> Cookie<'static> {
    cookie(settings, SESSION, String::new(), Duration::ZERO)
}

/// The social sign-in on its way.
pub fn flow(request: &HttpRequest, settings: &HttpSettings) -> Option<String> {
    request.cookie(&name(settings, FLOW)).map(|cookie| cookie.value().to_owned())
}

/// Keeps a social sign-in on its way in the browser.
pub fn of_flow(settings: &HttpSettings, flow: String) -> Cookie<'static> {
    cookie(settings, FLOW, flow, Duration::seconds(i64::try_from(FLOW_TTL.as_secs()).unwrap_or(600)))
}

/// Takes the social sign-in out of the browser.
pub fn no_flow(settings: &HttpSettings) -> Cookie<'static> {
    cookie(settings, FLOW, String::new(), Duration::ZERO)
}

/// A page of another site must not do anything with the cookie of this one: browsers say where a request comes from, in
/// `Sec-Fetch-Site`, older ones in `Origin`.
pub fn check_same_site(request: &HttpRequest, settings: &HttpSettings) -> Result<(), Problem> {
    if matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS) {
        return Ok(());
    }
    let header = |name: header::HeaderName| request.headers().get(name).map(header::HeaderValue::as_bytes);
    let is_own = match header(header::HeaderName::from_static("sec-fetch-site")) {
        Some(site) => site == b"same-origin" || site == b"none",
        None => header(header::ORIGIN) == Some(settings.public_url.as_bytes()),
    };
    if is_own { Ok(()) } else { Err(Problem::new(Code::CrossSiteRequest)) }
}
