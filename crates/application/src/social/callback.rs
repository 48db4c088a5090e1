//! The callback of a provider.

use memo_domain::{Locale, Secret, SocialProvider, SocialUser, UserId};

use super::{FLOW_TTL, Social, flow::Flow};
use crate::{CookieGrant, Device, Error, read_secret, tokens::bytes_text};

/// The error code of a refusal by the user (RFC 6749, section 4.1.2.1); all others are the provider's.
const REFUSAL: &str = "access_denied";
/// How many characters of an error are logged.
const MAX_LOGGED: usize = 64;
/// The maximum length of an issuer and of a subject (`OpenID` Connect Core 1.0, section 2).
const MAX_NAME: usize = 255;

/// The parameters of a callback.
#[derive(Debug, Clone, Default)]
pub struct Callback {
    /// `state`.
    pub state: Option<String>,
    /// `code`.
    pub code: Option<String>,
    /// `iss` (RFC 9207).
    pub issuer: Option<String>,
    /// `error`.
    pub error: Option<String>,
    /// The preferred language of the browser, which becomes that of a new account.
    pub locale: Locale,
}

/// The end of a flow.
#[derive(Debug)]
pub struct CallbackResult {
    /// The path of this server that the browser is redirected to.
    pub return_to: String,
    /// Whether the flow succeeded.
    pub outcome: Result<CallbackOutcome, SocialError>,
}

/// The outcome of a successful flow.
#[derive(Debug)]
pub enum CallbackOutcome {
    /// The user is signed in.
    SignedIn(CookieGrant),
    /// The identity is linked to the user who began the flow.
    Linked,
}

/// Why a flow failed, as the browser is told (`sign_in_error`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SocialError {
    /// The user refused at the provider.
    AccessDenied,
    /// The provider is unavailable, ended the flow for a reason of its own, or sent an invalid response.
    ProviderFailed,
    /// The callback is from another provider.
    ProviderMixUp,
    /// An account with this address exists: sign in to it and link.
    EmailTaken,
    /// The provider gives no address, and an account needs one.
    EmailMissing,
    /// Sign-up is closed.
    SignUpClosed,
    /// The account is disabled.
    AccountDisabled,
    /// The identity is linked to another user.
    IdentityTaken,
    /// The user has linked another identity of this provider.
    AlreadyLinked,
    /// The account has a second factor, which this flow can't ask for: sign in by password.
    MfaRequired,
    /// A fault of the server.
    ServerError,
}

impl SocialError {
    /// Returns its name in the URL.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::AccessDenied => "access_denied",
            Self::ProviderFailed => "provider_failed",
            Self::ProviderMixUp => "provider_mix_up",
            Self::EmailTaken => "email_taken",
            Self::EmailMissing => "email_missing",
            Self::SignUpClosed => "sign_up_closed",
            Self::AccountDisabled => "account_disabled",
            Self::IdentityTaken => "identity_taken",
            Self::AlreadyLinked => "already_linked",
            Self::MfaRequired => "mfa_required",
            Self::ServerError => "server_error",
        }
    }
}

impl Social {
    /// Handles the callback of a provider. `caller` is the user that the browser is signed in as, `previous` its cookie.
    ///
    /// # Errors
    /// [`Error::StateInvalid`] if the browser did not begin this flow, or it has ended. All other failures are an
    /// [`outcome`](CallbackResult::outcome) that the browser is told.
    pub async fn callback(
        &self,
        name: &str,
        flow: Option<&str>,
        callback: Callback,
        caller: Option<UserId>,
        previous: Option<&Secret>,
        device: &Device,
    ) -> Result<CallbackResult, Error> {
        let provider = self.provider(name)?;
        let flow = flow.and_then(|flow| Flow::unseal(&self.ports, flow)).ok_or(Error::StateInvalid)?;
        let state = callback.state.as_deref().and_then(read_secret).ok_or(Error::StateInvalid)?;
        let is_same = read_secret(&flow.state).is_some_and(|own| own.digest() == state.digest());
        let is_in_time = self.ports.now().since(flow.began_at) < FLOW_TTL;
        // Another user may have signed in with this browser since.
        let is_theirs = flow.link.is_none() || flow.link == caller;
        if !is_same || !is_in_time || !is_theirs || flow.provider != name {
            return Err(Error::StateInvalid);
        }
        // A state is accepted once.
        if !self.ports.cache.claim(&format!("state:{}", bytes_text(state.digest().as_bytes())), FLOW_TTL).await? {
            return Err(Error::StateInvalid);
        }
        let outcome = self.finish(&**provider, &flow, callback, previous, device).await;
        Ok(CallbackResult { return_to: flow.return_to, outcome })
    }

    async fn finish(
        &self,
        provider: &dyn SocialProvider,
        flow: &Flow,
        callback: Callback,
        previous: Option<&Secret>,
        device: &Device,
    ) -> Result<CallbackOutcome, SocialError> {
        let locale = callback.locale;
        let code = code_of(provider, flow, callback)?;
        let redirect_uri = self.redirect_uri(&flow.provider);
        let user = provider.redeem(&code, &flow.nonce, &flow.verifier, &redirect_uri, self.ports.now()).await;
        let user = user.map_err(|error| {
            tracing::warn!(
                provider = flow.provider,
                error = &error as &dyn std::error::Error,
                "a social sign-in failed"
            );
            SocialError::ProviderFailed
        })?;
        if !is_valid(&user) {
            tracing::warn!(provider = flow.provider, "a provider sent an invalid issuer or subject");
            return Err(SocialError::ProviderFailed);
        }
        let result = match flow.link {
            Some(owner) => self.link(&flow.provider, owner, &user, device).await,
            None => self.sign_in_or_up(&flow.provider, &user, locale, previous, device).await,
        };
        result.unwrap_or_else(|error| {
            tracing::error!(error = &error as &dyn std::error::Error, "a social sign-in failed");
            Err(SocialError::ServerError)
        })
    }
}

/// Returns the authorization code of a callback.
fn code_of(provider: &dyn SocialProvider, flow: &Flow, callback: Callback) -> Result<String, SocialError> {
    if callback.issuer.is_some_and(|issuer| issuer != provider.issuer()) {
        return Err(SocialError::ProviderMixUp);
    }
    match (callback.error.as_deref(), callback.code) {
        (Some(REFUSAL), _) => Err(SocialError::AccessDenied),
        (Some(error), _) => {
            tracing::warn!(provider = flow.provider, error = loggable(error), "a provider ended a social sign-in");
            Err(SocialError::ProviderFailed)
        }
        (None, None) => {
            tracing::warn!(provider = flow.provider, "a callback has neither a code nor an error");
            Err(SocialError::ProviderFailed)
        }
        (None, Some(code)) => Ok(code),
    }
}

/// Returns whether issuer and subject are neither empty nor too long to be stored.
fn is_valid(user: &SocialUser) -> bool {
    [&user.issuer, &user.subject].into_iter().all(|name| {
        let is_long = name.chars().count() > MAX_NAME;
        !name.is_empty() && !is_long && !name.chars().any(char::is_control)
    })
}

/// Shortens an error for the log; it may contain anything.
fn loggable(error: &str) -> String {
    error.chars().map(|char| if char.is_ascii_graphic() { char } else { '_' }).take(MAX_LOGGED).collect()
}

#[cfg(test)]
mod tests {
    use super::loggable;

    #[test]
    fn a_logged_error_is_short_and_ascii() {
        assert_eq!(loggable("temporarily_unavailable"), "temporarily_unavailable");
        assert_eq!(loggable("a\r\nb c\u{202e}\u{1b}[31m한"), "a__b_c__[31m_");
        assert_eq!(loggable(&"x".repeat(10_000)).len(), 64);
    }
}
