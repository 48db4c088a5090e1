//! What is known of a provider before it is asked: settings over presets.

use std::{fmt, str::FromStr};

use thiserror::Error;
use url::{Host, Url};

/// The longest name of a provider.
const NAME: usize = 50;

/// Which provider it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProviderKind {
    /// Google, by `OpenID` Connect.
    Google,
    /// Kakao, by `OpenID` Connect.
    Kakao,
    /// Naver, by plain OAuth 2.0.
    Naver,
    /// Any other by `OpenID` Connect.
    Oidc,
}

/// The name of a kind is another one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("the kind of a provider is google, kakao, naver or oidc")]
pub struct UnknownKind;

impl FromStr for ProviderKind {
    type Err = UnknownKind;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        match name {
            "google" => Ok(Self::Google),
            "kakao" => Ok(Self::Kakao),
            "naver" => Ok(Self::Naver),
            "oidc" => Ok(Self::Oidc),
            _ => Err(UnknownKind),
        }
    }
}

/// The settings of a provider.
#[derive(Clone)]
pub struct ProviderSettings {
    /// Its name in addresses: lower-case letters, digits, `-` and `_`.
    pub name: String,
    /// Which one it is.
    pub kind: ProviderKind,
    /// What this server is called there.
    pub client_id: String,
    /// What shows there that it is this server. Kakao and some others work without.
    pub client_secret: Option<String>,
    /// Who signs; needed for [`ProviderKind::Oidc`].
    pub issuer: Option<String>,
    /// Where a browser is sent, in place of what is known of the provider.
    pub authorize_url: Option<String>,
    /// Where a code is redeemed, in place of what is known of the provider.
    pub token_url: Option<String>,
    /// Where user data are asked for, in place of what is known of the provider. With it they are asked for always.
    pub userinfo_url: Option<String>,
    /// What is asked for, separated by spaces, in place of what the kind asks for.
    pub scopes: Option<String>,
    /// What people call it, in place of what its kind or its name tells.
    pub display_name: Option<String>,
}

impl ProviderSettings {
    /// What can't be left out; the rest is as the kind has it.
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

/// What is wrong with the settings of a provider. A line that names provider and setting, and no secret.
#[derive(Debug, Error)]
#[error("the provider {provider}: {problem}")]
pub struct ProviderSettingsError {
    provider: String,
    problem: Problem,
}

#[derive(Debug, Error)]
enum Problem {
    #[error("its name is made of up to {NAME} lower-case letters, digits, - and _")]
    Name,
    #[error("{0} is missing")]
    Missing(&'static str),
    #[error("{0} holds control characters, or a space at an end")]
    Malformed(&'static str),
    #[error("{0} is no address, as in https://accounts.example.org")]
    Address(&'static str),
    #[error("{0} begins with http, which is for this machine alone: elsewhere it has to be https")]
    Plain(&'static str),
    #[error("the certificates of this machine can't be used: {0}")]
    Tls(String),
}

/// What settings and presets come to.
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
    /// Whether something of it is reached without TLS, on this machine.
    pub is_plain: bool,
}

/// What is known of a kind.
struct Preset {
    display_name: Option<&'static str>,
    issuer: Option<&'static str>,
    authorize: Option<&'static str>,
    token: Option<&'static str>,
    user_info: Option<&'static str>,
    scopes: &'static str,
    needs_secret: bool,
}

impl ProviderKind {
    /// Whether there is an ID token, and a document to discover the rest by.
    pub(super) const fn is_open_id(self) -> bool {
        !matches!(self, Self::Naver)
    }

    const fn preset(self) -> Preset {
        match self {
            Self::Google => Preset {
                display_name: Some("Google"),
                issuer: Some("https://accounts.google.com"),
                scopes: "openid email profile",
                needs_secret: true,
                ..Self::Oidc.preset()
            },
            // Kakao's own names of scopes. What an app has no permission for makes it refuse all: then `scopes` says less.
            Self::Kakao => Preset {
                display_name: Some("Kakao"),
                issuer: Some("https://kauth.kakao.com"),
                scopes: "openid account_email profile_nickname",
                ..Self::Oidc.preset()
            },
            Self::Naver => Preset {
                display_name: Some("Naver"),
                issuer: Some("https://nid.naver.com"),
                authorize: Some("https://nid.naver.com/oauth2.0/authorize"),
                token: Some("https://nid.naver.com/oauth2.0/token"),
                user_info: Some("https://openapi.naver.com/v1/nid/me"),
                scopes: "",
                needs_secret: true,
            },
            Self::Oidc => Preset {
                display_name: None,
                issuer: None,
                authorize: None,
                token: None,
                user_info: None,
                scopes: "openid email profile",
                needs_secret: false,
            },
        }
    }
}

impl ProviderSettings {
    /// Checks everything that can be checked without the provider.
    pub(super) fn plan(self) -> Result<Plan, ProviderSettingsError> {
        let provider = self.name.clone();
        self.check().map_err(|problem| ProviderSettingsError { provider, problem })
    }

    fn check(self) -> Result<Plan, Problem> {
        let preset = self.kind.preset();
        let is_name = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'_');
        if self.name.is_empty() || self.name.len() > NAME || !self.name.bytes().all(is_name) {
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
        // The issuer of plain OAuth is a name and is never called.
        let called = self.kind.is_open_id().then_some(&issuer_url);
        let is_plain = called.into_iter().chain(&authorize).chain(&token).chain(&user_info).any(is_http);
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
            is_plain,
            name: self.name,
        })
    }
}

impl ProviderSettingsError {
    pub(super) fn tls(provider: &str, error: impl fmt::Display) -> Self {
        Self { provider: provider.to_owned(), problem: Problem::Tls(super::said(&error.to_string())) }
    }
}

/// What names or proves this server; none where it is empty. Any characters may be in it, since it is encoded as in a form
/// wherever it goes; what a careless copy brings along is none of them.
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

/// Whether an address may be called: by https, or, where that is allowed, without it on this machine.
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
    fn a_kind_is_known_by_its_name() {
        assert_eq!("naver".parse(), Ok(ProviderKind::Naver));
        for other in ["", "Google", "github"] {
            assert_eq!(other.parse::<ProviderKind>(), Err(UnknownKind), "{other}");
        }
    }

    #[test]
    fn a_preset_needs_nothing_more() {
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
    fn settings_come_before_the_preset() {
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
    fn http_is_for_this_machine_alone() {
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
    fn an_id_and_a_secret_may_hold_any_characters_but_those_of_a_careless_copy() {
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
    fn what_is_wrong_is_said_in_a_line_without_the_secret() {
        let secret = ProviderSettings { client_secret: Some("hunter2 ".into()), ..google() };
        for (settings, said) in [
            (ProviderSettings { name: "Google".into(), ..google() }, "name"),
            (ProviderSettings { name: "a/b".into(), ..google() }, "name"),
            (ProviderSettings { name: String::new(), ..google() }, "name"),
            (ProviderSettings { name: "a".repeat(51), ..google() }, "name"),
            (ProviderSettings { client_id: String::new(), ..google() }, "client_id is missing"),
            (ProviderSettings { client_secret: None, ..google() }, "client_secret is missing"),
            (secret, "client_secret holds"),
            (ProviderSettings { issuer: None, ..oidc("") }, "issuer is missing"),
            (oidc("accounts.example"), "issuer is no address"),
            (oidc("ftp://accounts.example"), "issuer is no address"),
            (oidc("https://u:hunter2@accounts.example"), "issuer is no address"),
            (oidc("https://accounts.example?x=1"), "issuer is no address"),
            (oidc("https://accounts.example#x"), "issuer is no address"),
        ] {
            let debug = format!("{settings:?}");
            let error = settings.plan().err().expect("refused").to_string();
            assert!(error.contains(said) && error.lines().count() == 1, "{said}: {error}");
            assert!(!error.contains("hunter2"), "{error}");
            assert!(!debug.contains("client_secret"), "{debug}");
        }
    }
}
