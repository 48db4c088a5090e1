//! The settings of a provider over the defaults of its kind.

use std::fmt;

use thiserror::Error;
use url::{Host, Url};

use super::{preset::ProviderKind, roles::RoleRule};

/// Maximum length of a provider's name.
const MAX_NAME: usize = 50;

/// The settings of a provider.
#[derive(Clone)]
pub struct ProviderSettings {
    /// The name in URLs: lower-case letters, digits, `-` and `_`.
    pub name: String,
    /// The kind.
    pub kind: ProviderKind,
    /// The client id of this server.
    pub client_id: String,
    /// The client secret of this server. Kakao and some others need none.
    pub client_secret: Option<String>,
    /// The issuer; required for [`ProviderKind::Oidc`].
    pub issuer: Option<String>,
    /// The authorization endpoint, instead of the default or the discovered one.
    pub authorize_url: Option<String>,
    /// The token endpoint, instead of the default or the discovered one.
    pub token_url: Option<String>,
    /// The user info endpoint, instead of the default or the discovered one. If it is set, it is always called.
    pub userinfo_url: Option<String>,
    /// The requested scopes, separated by spaces, instead of the default.
    pub scopes: Option<String>,
    /// The name shown to users, instead of the default.
    pub display_name: Option<String>,
    /// The claim that decides on the role.
    pub role_claim: Option<String>,
    /// The values of that claim that make an administrator.
    pub admin_values: Vec<String>,
    /// The values of that claim that let a user sign in; all users may if there are no values.
    pub allowed_values: Vec<String>,
}

impl ProviderSettings {
    /// Returns settings with the defaults of the kind.
    #[must_use]
    pub fn new(name: &str, kind: ProviderKind, client_id: &str, client_secret: Option<&str>) -> Self {
        Self {
            name: name.to_owned(),
            kind,
            client_id: client_id.to_owned(),
            client_secret: client_secret.map(str::to_owned),
            issuer: None,
            authorize_url: None,
            token_url: None,
            userinfo_url: None,
            scopes: None,
            display_name: None,
            role_claim: None,
            admin_values: Vec::new(),
            allowed_values: Vec::new(),
        }
    }
}

impl fmt::Debug for ProviderSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProviderSettings")
            .field("name", &self.name)
            .field("kind", &self.kind)
            .field("issuer", &self.issuer)
            .finish_non_exhaustive()
    }
}

/// A setting of a provider is invalid. The text is one line with the provider and the setting, without secrets.
#[derive(Debug, Error)]
#[error("the provider {provider}: {problem}")]
pub struct ProviderSettingsError {
    provider: String,
    problem: Problem,
}

#[derive(Debug, Error)]
enum Problem {
    #[error("its name must be up to {MAX_NAME} lower-case letters, digits, - and _")]
    Name,
    #[error("{0} is missing")]
    Missing(&'static str),
    #[error("{0} contains control characters, or begins or ends with a space")]
    Malformed(&'static str),
    #[error("{0} is not a URL such as https://accounts.example.org")]
    Address(&'static str),
    #[error("{0} must begin with https, except on this machine")]
    Plain(&'static str),
    #[error("role_claim needs admin_values or allowed_values, and they need role_claim")]
    Roles,
    #[error("role_claim needs an OpenID provider")]
    RolesWithoutClaims,
    #[error("the certificates of this machine can't be used: {0}")]
    Tls(String),
}

/// The checked settings, with defaults filled in.
pub struct Plan {
    pub name: String,
    pub display_name: String,
    pub kind: ProviderKind,
    pub client_id: String,
    pub client_secret: Option<String>,
    pub issuer: String,
    pub authorize: Option<Url>,
    pub token: Option<Url>,
    pub user_info: Option<Url>,
    pub scopes: Vec<String>,
    pub roles: Option<RoleRule>,
    /// Whether an endpoint is on this machine and called without TLS.
    pub is_plain: bool,
}

impl ProviderSettings {
    /// Checks the settings, without calling the provider.
    pub(super) fn plan(self) -> Result<Plan, ProviderSettingsError> {
        let provider = self.name.clone();
        self.check().map_err(|problem| ProviderSettingsError { provider, problem })
    }

    fn check(self) -> Result<Plan, Problem> {
        let preset = self.kind.preset();
        let is_name = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'_');
        if self.name.is_empty() || self.name.len() > MAX_NAME || !self.name.bytes().all(is_name) {
            return Err(Problem::Name);
        }
        let client_id = credential("client_id", Some(self.client_id))?.ok_or(Problem::Missing("client_id"))?;
        let client_secret = credential("client_secret", self.client_secret)?;
        if preset.needs_secret && client_secret.is_none() {
            return Err(Problem::Missing("client_secret"));
        }
        let issuer = self.issuer.filter(|issuer| !issuer.is_empty()).or(preset.issuer.map(str::to_owned));
        let issuer = issuer.ok_or(Problem::Missing("issuer"))?;
        let issuer_url = address("issuer", &issuer)?;
        if issuer_url.query().is_some() {
            return Err(Problem::Address("issuer"));
        }
        let endpoint = |name, own: Option<String>, preset: Option<&str>| {
            let text = own.filter(|text| !text.is_empty()).or(preset.map(str::to_owned));
            text.map(|text| address(name, &text)).transpose()
        };
        let authorize = endpoint("authorize_url", self.authorize_url, preset.authorize)?;
        let token = endpoint("token_url", self.token_url, preset.token)?;
        let user_info = endpoint("userinfo_url", self.userinfo_url, preset.user_info)?;
        // The issuer of plain OAuth is only a name.
        let called = self.kind.is_open_id().then_some(&issuer_url);
        let is_plain = called.into_iter().chain(&authorize).chain(&token).chain(&user_info).any(is_http);
        let roles = roles(self.role_claim, self.admin_values, self.allowed_values)?;
        if roles.is_some() && !self.kind.is_open_id() {
            return Err(Problem::RolesWithoutClaims);
        }
        let scopes = self.scopes.unwrap_or_else(|| preset.scopes.to_owned());
        let by_kind = preset.display_name.filter(|name| name.eq_ignore_ascii_case(&self.name)).map(str::to_owned);
        let display_name = self.display_name.or(by_kind).unwrap_or_else(|| capitalized(&self.name));
        Ok(Plan {
            display_name,
            kind: self.kind,
            client_id,
            client_secret,
            issuer,
            authorize,
            token,
            user_info,
            scopes: scopes.split_whitespace().map(str::to_owned).collect(),
            roles,
            is_plain,
            name: self.name,
        })
    }
}

impl ProviderSettingsError {
    pub(super) fn tls(provider: &str, error: impl fmt::Display) -> Self {
        Self { provider: provider.to_owned(), problem: Problem::Tls(super::quote(&error.to_string())) }
    }
}

fn roles(
    claim: Option<String>,
    admin_values: Vec<String>,
    allowed_values: Vec<String>,
) -> Result<Option<RoleRule>, Problem> {
    let claim = claim.filter(|claim| !claim.is_empty());
    match (claim, admin_values.is_empty() && allowed_values.is_empty()) {
        (Some(claim), false) => Ok(Some(RoleRule { claim, admin_values, allowed_values })),
        (None, true) => Ok(None),
        _ => Err(Problem::Roles),
    }
}

/// Checks a client id or secret; an empty one counts as absent. It may contain any characters, as it is always form-encoded,
/// except those that a careless copy adds.
fn credential(name: &'static str, text: Option<String>) -> Result<Option<String>, Problem> {
    let text = text.filter(|text| !text.is_empty());
    match text {
        Some(text) if text.trim() != text || text.contains(char::is_control) => Err(Problem::Malformed(name)),
        text => Ok(text),
    }
}

fn address(name: &'static str, text: &str) -> Result<Url, Problem> {
    let url = Url::parse(text).ok().filter(is_address).ok_or(Problem::Address(name))?;
    if may_be_called(&url, true) { Ok(url) } else { Err(Problem::Plain(name)) }
}

fn is_address(url: &Url) -> bool {
    let is_http = matches!(url.scheme(), "http" | "https");
    is_http && url.username().is_empty() && url.password().is_none() && url.fragment().is_none()
}

fn is_http(url: &Url) -> bool {
    url.scheme() == "http"
}

/// Returns whether a URL may be called: with https, or, if that is allowed, without TLS on this machine.
pub fn may_be_called(url: &Url, is_plain_allowed: bool) -> bool {
    let is_loopback = match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    };
    match url.scheme() {
        "https" => url.host().is_some(),
        "http" => is_plain_allowed && is_loopback,
        _ => false,
    }
}

fn capitalized(name: &str) -> String {
    let mut chars = name.chars();
    chars.next().into_iter().flat_map(char::to_uppercase).chain(chars).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn google() -> ProviderSettings {
        ProviderSettings::new("google", ProviderKind::Google, "id", Some("hunter2"))
    }

    fn oidc(issuer: &str) -> ProviderSettings {
        let settings = ProviderSettings::new("acme", ProviderKind::Oidc, "id", None);
        ProviderSettings { issuer: Some(issuer.into()), ..settings }
    }

    #[test]
    fn a_role_claim_needs_values_and_claims() {
        let with = |claim: Option<&str>, admins: &[&str], kind| {
            let settings = ProviderSettings::new("acme", kind, "id", Some("secret"));
            let admin_values = admins.iter().map(ToString::to_string).collect();
            let (role_claim, issuer) = (claim.map(str::to_owned), Some("https://accounts.example.org".into()));
            ProviderSettings { issuer, role_claim, admin_values, ..settings }.plan()
        };
        assert!(with(Some("groups"), &["ops"], ProviderKind::Oidc).is_ok_and(|plan| plan.roles.is_some()));
        assert!(with(None, &[], ProviderKind::Oidc).is_ok_and(|plan| plan.roles.is_none()));
        for (claim, admins, kind) in [
            (Some("groups"), &[][..], ProviderKind::Oidc),
            (None, &["ops"], ProviderKind::Oidc),
            (Some(""), &["ops"], ProviderKind::Oidc),
            (Some("groups"), &["ops"], ProviderKind::Naver),
        ] {
            let error = with(claim, admins, kind).err().expect("refused").to_string();
            assert!(error.contains("role_claim") && error.contains("acme"), "{error}");
        }
    }

    #[test]
    fn a_kind_has_defaults() {
        for (kind, name, issuer) in [
            (ProviderKind::Google, "Google", "https://accounts.google.com"),
            (ProviderKind::Kakao, "Kakao", "https://kauth.kakao.com"),
            (ProviderKind::Naver, "Naver", "https://nid.naver.com"),
        ] {
            let plan = ProviderSettings::new(&name.to_lowercase(), kind, "id", Some("secret")).plan().expect("a plan");
            assert_eq!((plan.display_name.as_str(), plan.issuer.as_str()), (name, issuer));
            assert!(!plan.is_plain);
            assert_eq!(plan.token.is_some(), kind == ProviderKind::Naver);
        }
    }

    #[test]
    fn settings_override_defaults() {
        let settings = ProviderSettings {
            name: "work".into(),
            issuer: Some("http://127.0.0.1:1".into()),
            token_url: Some("https://token.example".into()),
            scopes: Some(" openid  groups ".into()),
            ..google()
        };
        let plan = settings.clone().plan().expect("a plan");
        assert_eq!((plan.display_name.as_str(), plan.issuer.as_str()), ("Work", "http://127.0.0.1:1"));
        assert_eq!(plan.token.expect("an address").as_str(), "https://token.example/");
        assert_eq!(plan.scopes, ["openid", "groups"]);
        assert!(plan.is_plain);
        let named = ProviderSettings { display_name: Some("우리 회사".into()), ..settings };
        assert_eq!(named.plan().expect("a plan").display_name, "우리 회사");
    }

    #[test]
    fn http_is_allowed_on_this_machine_only() {
        for issuer in ["http://localhost:8080/realm", "http://127.0.0.1", "http://127.9.9.9:1", "http://[::1]:8080"] {
            assert!(oidc(issuer).plan().is_ok(), "{issuer}");
        }
        for issuer in [
            "http://accounts.example",
            "http://127.0.0.1.example",
            "http://localhost.example",
            "http://10.0.0.1",
            "http://0.0.0.0",
            "http://[::2]",
        ] {
            let error = oidc(issuer).plan().err().expect("refused").to_string();
            assert!(error.contains("https") && error.contains("acme") && error.lines().count() == 1, "{error}");
        }
        let settings = ProviderSettings { userinfo_url: Some("http://example.org/me".into()), ..google() };
        assert!(settings.plan().err().expect("refused").to_string().contains("userinfo_url"));
    }

    #[test]
    fn client_id_and_secret_may_contain_any_characters_except_control_and_outer_space() {
        let with = |text: &str| {
            ProviderSettings { client_id: text.into(), client_secret: Some(text.into()), ..google() }.plan().ok()
        };
        for text in ["a b", "100%", "a+b", "a:b", "a&b=c", "\"\\'", "비밀 번호", "é"] {
            let plan = with(text).unwrap_or_else(|| panic!("{text}"));
            assert_eq!((&*plan.client_id, plan.client_secret.as_deref()), (text, Some(text)));
        }
        for text in [" a", "a ", "a\n", "a\tb", "a\0b", "\u{85}a", "\u{3000}a"] {
            assert!(with(text).is_none(), "{text:?}");
        }
    }

    #[test]
    fn an_invalid_setting_is_named_in_one_line_without_the_secret() {
        let secret = ProviderSettings { client_secret: Some("hunter2 ".into()), ..google() };
        for (settings, said) in [
            (ProviderSettings { name: "Google".into(), ..google() }, "name"),
            (ProviderSettings { name: "a/b".into(), ..google() }, "name"),
            (ProviderSettings { name: String::new(), ..google() }, "name"),
            (ProviderSettings { name: "a".repeat(51), ..google() }, "name"),
            (ProviderSettings { client_id: String::new(), ..google() }, "client_id is missing"),
            (ProviderSettings { client_secret: None, ..google() }, "client_secret is missing"),
            (secret, "client_secret contains"),
            (ProviderSettings { issuer: None, ..oidc("") }, "issuer is missing"),
            (oidc("accounts.example"), "issuer is not a URL"),
            (oidc("ftp://accounts.example"), "issuer is not a URL"),
            (oidc("https://u:hunter2@accounts.example"), "issuer is not a URL"),
            (oidc("https://accounts.example?x=1"), "issuer is not a URL"),
            (oidc("https://accounts.example#x"), "issuer is not a URL"),
        ] {
            let debug = format!("{settings:?}");
            let error = settings.plan().err().expect("refused").to_string();
            assert!(error.contains(said) && error.lines().count() == 1, "{said}: {error}");
            assert!(!error.contains("hunter2"), "{error}");
            assert!(!debug.contains("client_secret"), "{debug}");
        }
    }
}
