//! The kinds of providers, and the defaults of each.

use std::str::FromStr;

use thiserror::Error;

/// A kind of provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProviderKind {
    /// Google, by `OpenID` Connect.
    Google,
    /// Kakao, by `OpenID` Connect.
    Kakao,
    /// Naver, by plain OAuth 2.0.
    Naver,
    /// Any other provider with `OpenID` Connect.
    Oidc,
}

/// No kind has this name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("the kind must be google, kakao, naver or oidc")]
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

/// The defaults of a kind.
pub struct Preset {
    pub display_name: Option<&'static str>,
    pub issuer: Option<&'static str>,
    pub authorize: Option<&'static str>,
    pub token: Option<&'static str>,
    pub user_info: Option<&'static str>,
    pub scopes: &'static str,
    pub needs_secret: bool,
}

impl ProviderKind {
    /// Whether the provider issues ID tokens and has a discovery document.
    pub(super) const fn is_open_id(self) -> bool {
        !matches!(self, Self::Naver)
    }

    pub(super) const fn preset(self) -> Preset {
        match self {
            Self::Google => Preset {
                display_name: Some("Google"),
                issuer: Some("https://accounts.google.com"),
                scopes: "openid email profile",
                needs_secret: true,
                ..Self::Oidc.preset()
            },
            // Kakao's own scope names. It refuses all if the app lacks one permission: then `scopes` must name fewer.
            Self::Kakao => Preset {
                display_name: Some("Kakao"),
                issuer: Some("https://kauth.kakao.com"),
                scopes: "openid account_email profile_nickname talk_message",
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kind_is_parsed_from_its_name() {
        assert_eq!("naver".parse(), Ok(ProviderKind::Naver));
        for other in ["", "Google", "github"] {
            assert_eq!(other.parse::<ProviderKind>(), Err(UnknownKind), "{other}");
        }
    }
}
