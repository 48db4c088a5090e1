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
/// How many social sign-ins a browser has on their way.
const FLOWS: usize = 4;

/// What a server behind https adds: no other host or path can set such a cookie (RFC 6265bis).
const HOST_PREFIX: &str = "__Host-";

fn is_secure(settings: &HttpSettings) -> bool {
    settings.public_url.starts_with("https://")
}

fn name(settings: &HttpSettings, name: &str) -> String {
    if is_secure(settings) { format!("{HOST_PREFIX}{name}") } else { name.to_owned() }
}

fn cookie<'a>(settings: &HttpSettings, name: String, value: String, max_age: Duration) -> Cookie<'a> {
    Cookie::build(name, value)
        .path("/")
        .http_only(true)
        .secure(is_secure(settings))
        .same_site(SameSite::Lax)
        .max_age(max_age)
        .finish()
}

/// The cookies of a request, as they were sent. The framework decodes their names, so that any sibling's domain could send
/// `%5F%5FHost-…`, which browsers take for no prefix; and it drops all where one is no UTF-8, whoever has set that.
fn sent(request: &HttpRequest) -> impl Iterator<Item = (&str, String)> {
    let pairs =
        request.headers().get_all(header::COOKIE).flat_map(|header| header.as_bytes().split(|byte| *byte == b';'));
    pairs.filter_map(|pair| {
        let end = pair.iter().position(|byte| *byte == b'=')?;
        let name = std::str::from_utf8(pair[..end].trim_ascii()).ok()?;
        Some((name, String::from_utf8_lossy(pair[end + 1..].trim_ascii()).into_owned()))
    })
}

fn values(request: &HttpRequest, name: String) -> impl Iterator<Item = String> {
    sent(request).filter(move |(other, _)| *other == name).map(|(_, value)| value)
}

/// What the cookies of sign-ins say: more than one where somebody has set another beside the server's own.
pub fn sessions(request: &HttpRequest, settings: &HttpSettings) -> Vec<String> {
    values(request, name(settings, SESSION)).collect()
}

/// The secret of the cookie of the sign-in, where it can be one.
pub fn session_secret(request: &HttpRequest, settings: &HttpSettings) -> Option<Secret> {
    read_secret(sessions(request, settings).first()?)
}

/// Keeps a sign-in in the browser.
pub fn of_grant(settings: &HttpSettings, grant: &CookieGrant) -> Cookie<'static> {
    let max_age = i64::try_from(grant.max_age.as_secs()).unwrap_or(i64::MAX);
    cookie(settings, name(settings, SESSION), secret_text(&grant.secret), Duration::seconds(max_age))
}

/// Takes the sign-in out of the browser.
pub fn no_session(settings: &HttpSettings) -> Cookie<'static> {
    over(settings, name(settings, SESSION))
}

/// Takes a cookie out of the browser.
fn over(settings: &HttpSettings, name: String) -> Cookie<'static> {
    cookie(settings, name, String::new(), Duration::ZERO)
}

/// The name of the cookie of one social sign-in on its way: each tab has its own. `None` where it can't be the state of one.
fn flow_name(settings: &HttpSettings, state: &str) -> Option<String> {
    let begin = state.get(..8).filter(|_| read_secret(state).is_some())?;
    Some(name(settings, &format!("{FLOW}_{begin}")))
}

/// The social sign-in on its way that has this state.
pub fn flow(request: &HttpRequest, settings: &HttpSettings, state: &str) -> Option<String> {
    values(request, flow_name(settings, state)?).next()
}

/// Keeps a social sign-in on its way in the browser; of many that were begun and given up, the oldest go.
pub fn of_flow(request: &HttpRequest, settings: &HttpSettings, state: &str, flow: String) -> Vec<Cookie<'static>> {
    let prefix = name(settings, &format!("{FLOW}_"));
    let is_state = |text: &str| text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
    let is_flow = |name: &&str| name.strip_prefix(&prefix).is_some_and(is_state);
    // A browser sends those first that it has had for longest (RFC 6265, section 5.4).
    let known: Vec<_> = sent(request).map(|(name, _)| name).filter(is_flow).collect();
    let old = known.iter().take((known.len() + 1).saturating_sub(FLOWS)).map(|name| over(settings, (*name).to_owned()));
    let max_age = Duration::seconds(i64::try_from(FLOW_TTL.as_secs()).unwrap_or(600));
    let new = flow_name(settings, state).map(|name| cookie(settings, name, flow, max_age));
    old.chain(new).collect()
}

/// Takes a social sign-in on its way out of the browser.
pub fn no_flow(settings: &HttpSettings, state: &str) -> Option<Cookie<'static>> {
    flow_name(settings, state).map(|name| over(settings, name))
}

/// A page of another site must not do anything with the cookie of this one: browsers say where a request comes from, in
/// `Sec-Fetch-Site`, older ones in `Origin`.
pub fn check_same_site(request: &HttpRequest, settings: &HttpSettings) -> Result<(), Problem> {
    if matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS) {
        return Ok(());
    }
    let origin = || request.headers().get(header::ORIGIN).map(header::HeaderValue::as_bytes);
    let is_own = is_own_page(request).unwrap_or_else(|| origin() == Some(settings.public_url.as_bytes()));
    if is_own { Ok(()) } else { Err(Problem::new(Code::CrossSiteRequest)) }
}

/// A page of another site must not begin what ends in another way into the account, though a browser goes there by GET: at
/// the provider it may be signed in as somebody else, by the same page. Older browsers don't say where they come from.
pub fn check_begun_here(request: &HttpRequest) -> Result<(), Problem> {
    if is_own_page(request).unwrap_or(true) { Ok(()) } else { Err(Problem::new(Code::CrossSiteRequest)) }
}

/// Whether a request comes from a page of this server or from nowhere, where the browser says so.
fn is_own_page(request: &HttpRequest) -> Option<bool> {
    let site = request.headers().get("sec-fetch-site")?.as_bytes();
    Some(site == b"same-origin" || site == b"none")
}
