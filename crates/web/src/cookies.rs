//! The cookies of a browser: the session, and flows of social providers in progress.

use actix_web::{
    HttpRequest,
    cookie::{Cookie, SameSite, time::Duration},
    http::{Method, header},
};
use memo_application::{CookieGrant, DEVICE_TTL, FLOW_TTL, read_secret, secret_text};
use memo_domain::Secret;

use crate::{
    problem::{Code, Problem},
    settings::HttpSettings,
};

const SESSION: &str = "memo_session";
const FLOW: &str = "memo_sign_in";
const DEVICE: &str = "memo_device";
/// The maximum number of flows in progress per browser.
const MAX_FLOWS: usize = 4;

/// The prefix of cookies over https: no other host or path can set such a cookie (RFC 6265bis).
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

fn removal(settings: &HttpSettings, name: String) -> Cookie<'static> {
    cookie(settings, name, String::new(), Duration::ZERO)
}

/// The cookies of a request as they were sent. The framework percent-decodes names, so that a sibling domain could set
/// `%5F%5FHost-…`, which browsers do not treat as the prefix; and it drops all cookies if one of them is not UTF-8.
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

/// The values of session cookies: more than one if another host has set one as well.
pub fn session_values(request: &HttpRequest, settings: &HttpSettings) -> impl Iterator<Item = String> {
    values(request, name(settings, SESSION))
}

/// The secret of the session cookie, if it is well-formed.
pub fn session_secret(request: &HttpRequest, settings: &HttpSettings) -> Option<Secret> {
    read_secret(&session_values(request, settings).next()?)
}

/// The session cookie of a new session.
pub fn session(settings: &HttpSettings, grant: &CookieGrant) -> Cookie<'static> {
    cookie(settings, name(settings, SESSION), secret_text(&grant.secret), seconds(grant.max_age))
}

/// The values of the cookies of known devices.
pub fn device_values(request: &HttpRequest, settings: &HttpSettings) -> impl Iterator<Item = String> {
    values(request, name(settings, DEVICE))
}

/// The cookie of a device that has signed in. It is no credential: it only keeps others from locking its user out.
pub fn device(settings: &HttpSettings, value: String) -> Cookie<'static> {
    cookie(settings, name(settings, DEVICE), value, seconds(DEVICE_TTL))
}

fn seconds(duration: std::time::Duration) -> Duration {
    Duration::seconds(i64::try_from(duration.as_secs()).unwrap_or(i64::MAX))
}

/// Removes the session cookie.
pub fn session_removal(settings: &HttpSettings) -> Cookie<'static> {
    removal(settings, name(settings, SESSION))
}

/// The name of the cookie of one flow: each tab has its own. `None` if the state is malformed.
fn flow_name(settings: &HttpSettings, state: &str) -> Option<String> {
    let begin = state.get(..8).filter(|_| read_secret(state).is_some())?;
    Some(name(settings, &format!("{FLOW}_{begin}")))
}

/// The flow in progress with this state.
pub fn flow(request: &HttpRequest, settings: &HttpSettings, state: &str) -> Option<String> {
    values(request, flow_name(settings, state)?).next()
}

/// The cookie of a new flow, and removals of the oldest ones beyond the maximum.
pub fn new_flow(request: &HttpRequest, settings: &HttpSettings, state: &str, flow: String) -> Vec<Cookie<'static>> {
    let prefix = name(settings, &format!("{FLOW}_"));
    let is_state = |text: &str| text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
    let is_flow = |name: &&str| name.strip_prefix(&prefix).is_some_and(is_state);
    // Browsers send the oldest cookies first (RFC 6265, section 5.4).
    let known: Vec<_> = sent(request).map(|(name, _)| name).filter(is_flow).collect();
    let excess = (known.len() + 1).saturating_sub(MAX_FLOWS);
    let old = known.iter().take(excess).map(|name| removal(settings, (*name).to_owned()));
    let max_age = seconds(FLOW_TTL);
    let new = flow_name(settings, state).map(|name| cookie(settings, name, flow, max_age));
    old.chain(new).collect()
}

/// Removes the cookie of a flow.
pub fn flow_removal(settings: &HttpSettings, state: &str) -> Option<Cookie<'static>> {
    flow_name(settings, state).map(|name| removal(settings, name))
}

/// Refuses an unsafe request with the session cookie that a page of another site sent. Browsers name the origin of a request
/// in `Sec-Fetch-Site`, older ones in `Origin`.
pub fn require_same_site(request: &HttpRequest, settings: &HttpSettings) -> Result<(), Problem> {
    if matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS) {
        return Ok(());
    }
    let origin = || request.headers().get(header::ORIGIN).map(header::HeaderValue::as_bytes);
    let is_own = is_own_page(request).unwrap_or_else(|| origin() == Some(settings.public_url.as_bytes()));
    if is_own { Ok(()) } else { Err(Problem::new(Code::CrossSiteRequest)) }
}

/// Refuses a GET that starts to link a social account from a page of another site: that page may have signed the browser in
/// at the provider as someone else. Older browsers do not name the origin of a GET and pass.
pub fn require_own_page(request: &HttpRequest) -> Result<(), Problem> {
    if is_own_page(request).unwrap_or(true) { Ok(()) } else { Err(Problem::new(Code::CrossSiteRequest)) }
}

/// Whether a page of this server, or the user directly, made the request; `None` if the browser does not say.
fn is_own_page(request: &HttpRequest) -> Option<bool> {
    let site = request.headers().get("sec-fetch-site")?.as_bytes();
    Some(site == b"same-origin" || site == b"none")
}
