//! The callback of a provider.

use memo_domain::{Causes, Locale, Secret, SocialProvider, SocialRole, SocialUser, UnitOfWork, UserId};

use super::{FLOW_TTL, Flow, Social};
use crate::{CookieGrant, Device, Error, jobs::messages, tokens::bytes_text};

/// How many characters of an error are logged.
const MAX_LOGGED: usize = 64;
/// The maximum length of an issuer and of a subject (`OpenID` Connect Core 1.0, section 2).
const MAX_NAME: usize = 255;

/// The callback of a provider.
#[derive(Debug)]
pub struct Callback {
    /// The state that it brings back, if it is well-formed.
    pub state: Option<Secret>,
    /// The issuer that it names (RFC 9207).
    pub issuer: Option<String>,
    /// What the provider answers.
    pub answer: ProviderAnswer,
    /// The URI that the provider redirected to.
    pub redirect_uri: String,
    /// The user that the browser is signed in as.
    pub caller: Option<UserId>,
    /// The preferred language of the browser, which becomes that of a new account.
    pub locale: Locale,
}

/// The answer of a provider to an authorization request.
#[derive(Debug)]
pub enum ProviderAnswer {
    /// An authorization code.
    Code(String),
    /// The user refused.
    Denied,
    /// The provider ended the flow, for this reason.
    Error(String),
    /// Neither a code nor an error.
    Nothing,
}

/// The outcome of a successful flow.
#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "one per request, and the large one is the usual one")]
pub enum CallbackOutcome {
    /// The user is signed in.
    SignedIn(CookieGrant),
    /// The identity is linked to the user who began the flow.
    Linked,
}

/// Why a flow failed, as the browser is told.
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
    /// The provider says that the user may not use this server.
    NotAllowed,
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

impl Social {
    /// Handles the callback of a provider. `flow` is the one in progress in this browser, `previous` its session cookie.
    ///
    /// # Errors
    /// [`Error::StateInvalid`] if the browser did not begin this flow, or it has ended. All other failures are a
    /// [`SocialError`].
    pub async fn callback(
        &self,
        name: &str,
        flow: Option<&Flow>,
        callback: Callback,
        previous: Option<&Secret>,
        device: &Device,
    ) -> Result<Result<CallbackOutcome, SocialError>, Error> {
        let provider = self.provider(name)?;
        let flow = flow.ok_or(Error::StateInvalid)?;
        let state = callback.state.as_ref().ok_or(Error::StateInvalid)?.digest();
        let is_same = flow.state.digest() == state;
        let is_in_time = self.ports.now().since(flow.began_at) < FLOW_TTL;
        // Another user may have signed in with this browser since.
        let is_theirs = flow.link.is_none() || flow.link == callback.caller;
        if !is_same || !is_in_time || !is_theirs || flow.provider != name {
            return Err(Error::StateInvalid);
        }
        // A state is accepted once.
        if !self.ports.cache.claim("states", &format!("state:{}", bytes_text(state.as_bytes())), FLOW_TTL).await? {
            return Err(Error::StateInvalid);
        }
        Ok(self.finish(&**provider, flow, callback, previous, device).await)
    }

    async fn finish(
        &self,
        provider: &dyn SocialProvider,
        flow: &Flow,
        callback: Callback,
        previous: Option<&Secret>,
        device: &Device,
    ) -> Result<CallbackOutcome, SocialError> {
        let Callback { issuer, answer, redirect_uri, locale, .. } = callback;
        if issuer.is_some_and(|issuer| issuer != provider.issuer()) {
            return Err(SocialError::ProviderMixUp);
        }
        let code = code_of(flow, answer)?;
        let user = provider.redeem(&code, &flow.nonce, &flow.verifier, &redirect_uri, self.ports.now()).await;
        let user = user.map_err(|error| {
            tracing::warn!(
                provider = flow.provider,
                error = %Causes(&error),
                "a social sign-in failed"
            );
            SocialError::ProviderFailed
        })?;
        if !is_valid(&user) {
            tracing::warn!(provider = flow.provider, "a provider sent an invalid issuer or subject");
            return Err(SocialError::ProviderFailed);
        }
        let result = match flow.link {
            _ if user.role == SocialRole::Refused => self.refuse(&flow.provider, &user, device).await,
            Some(owner) => self.link(&flow.provider, owner, &user, device).await,
            None => self.sign_in_or_up(&flow.provider, &user, locale, previous, device).await,
        };
        // The session has begun, or the account is linked, also if messages can't be sent.
        if matches!(result, Ok(Ok(_)))
            && let Err(error) = self.keep_tokens(&flow.provider, &user).await
        {
            tracing::warn!(error = %Causes(&error), "tokens for messages were not kept");
        }
        result.unwrap_or_else(|error| {
            tracing::error!(error = %Causes(&error), "a social sign-in failed");
            Err(SocialError::ServerError)
        })
    }
}

impl Social {
    /// Keeps the tokens for messages to a user who has signed in or linked.
    async fn keep_tokens(&self, provider: &str, social: &SocialUser) -> Result<(), Error> {
        let find = async |unit: &mut dyn UnitOfWork| {
            Ok(unit.identities().find_by_subject(&social.issuer, &social.subject).await?)
        };
        match self.ports.transactions.read(find).await? {
            Some(identity) if identity.provider == provider => {
                messages::keep(&self.ports, &identity, social.message_tokens.as_ref()).await
            }
            _ => Ok(()),
        }
    }
}

/// Returns the authorization code of an answer.
fn code_of(flow: &Flow, answer: ProviderAnswer) -> Result<String, SocialError> {
    match answer {
        ProviderAnswer::Code(code) => Ok(code),
        ProviderAnswer::Denied => Err(SocialError::AccessDenied),
        ProviderAnswer::Error(error) => {
            tracing::warn!(provider = flow.provider, error = loggable(&error), "a provider ended a social sign-in");
            Err(SocialError::ProviderFailed)
        }
        ProviderAnswer::Nothing => {
            tracing::warn!(provider = flow.provider, "a callback has neither a code nor an error");
            Err(SocialError::ProviderFailed)
        }
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
