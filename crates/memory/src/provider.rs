use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use memo_domain::{
    AuthorizationRequest, MessageTokens, ProviderError, SocialProvider, SocialRole, SocialUser, Timestamp,
};

/// A social provider in memory, with the people that a test says.
///
/// It checks what a real one and its client check: a code is good once, and only with the nonce, the verifier and the address
/// of the request that it came of.
#[derive(Debug)]
pub struct MemoryProvider {
    name: String,
    issuer: String,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    requests: Vec<Request>,
    codes: Vec<Code>,
    /// How many codes there have been, so that each has another text.
    issued: usize,
    /// What refresh tokens are exchanged for.
    refreshed: Vec<(String, MessageTokens)>,
    is_away: bool,
}

#[derive(Debug, Clone)]
struct Request {
    state: String,
    redirect_uri: String,
    nonce: String,
    verifier: String,
}

#[derive(Debug)]
struct Code {
    text: String,
    request: Request,
    user: SocialUser,
}

impl MemoryProvider {
    /// A provider without accounts.
    #[must_use]
    pub fn new(name: &str) -> Self {
        Self { name: name.to_owned(), issuer: format!("https://{name}.example"), state: Mutex::default() }
    }

    /// A user with an account here.
    #[must_use]
    pub fn user(&self, subject: &str, email: Option<&str>, email_verified: bool) -> SocialUser {
        SocialUser {
            issuer: self.issuer.clone(),
            subject: subject.to_owned(),
            email: email.map(str::to_owned),
            email_verified,
            name: Some(subject.to_owned()),
            role: SocialRole::Unmapped,
            message_tokens: None,
        }
    }

    /// Lets a user approve the request with this state: returns the code of the callback, or `None` if there is no such
    /// request.
    #[must_use]
    pub fn approve(&self, state: &str, user: SocialUser) -> Option<String> {
        let mut inner = self.lock();
        let request = inner.requests.iter().find(|request| request.state == state)?.clone();
        inner.issued += 1;
        let text = format!("code-{}-{}", self.name, inner.issued);
        inner.codes.push(Code { text: text.clone(), request, user });
        Some(text)
    }

    /// Accepts a refresh token for messages from now on, and exchanges it for these tokens.
    pub fn accept_refresh(&self, refresh_token: &str, tokens: MessageTokens) {
        self.lock().refreshed.push((refresh_token.to_owned(), tokens));
    }

    /// Whether it can't be reached, from now on.
    pub fn be_away(&self, is_away: bool) {
        self.lock().is_away = is_away;
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // A test that panicked says enough.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn reach(&self) -> Result<MutexGuard<'_, State>, ProviderError> {
        let state = self.lock();
        if state.is_away {
            return Err(ProviderError::Unavailable { source: "this provider was told to be away".into() });
        }
        Ok(state)
    }
}

#[async_trait]
impl SocialProvider for MemoryProvider {
    fn name(&self) -> &str {
        &self.name
    }

    fn display_name(&self) -> &str {
        &self.name
    }

    fn issuer(&self) -> &str {
        &self.issuer
    }

    async fn authorize(&self, state: &str, redirect_uri: &str) -> Result<AuthorizationRequest, ProviderError> {
        let mut inner = self.reach()?;
        let number = inner.requests.len() + 1;
        let (nonce, verifier) = (format!("nonce-{number}"), format!("verifier-{number}"));
        inner.requests.push(Request {
            state: state.to_owned(),
            redirect_uri: redirect_uri.to_owned(),
            nonce: nonce.clone(),
            verifier: verifier.clone(),
        });
        Ok(AuthorizationRequest { url: format!("{}/authorize?state={state}", self.issuer), nonce, verifier })
    }

    async fn redeem(
        &self,
        code: &str,
        nonce: &str,
        verifier: &str,
        redirect_uri: &str,
        _: Timestamp,
    ) -> Result<SocialUser, ProviderError> {
        let mut inner = self.reach()?;
        let refused = |what: &str| ProviderError::Refused { source: what.into() };
        let place = inner.codes.iter().position(|known| known.text == code).ok_or_else(|| refused("no such code"))?;
        let Code { request, user, .. } = inner.codes.remove(place);
        if request.verifier != verifier || request.redirect_uri != redirect_uri {
            return Err(refused("the code is another request's"));
        }
        if request.nonce != nonce {
            return Err(refused("the nonce is another request's"));
        }
        Ok(user)
    }

    async fn refresh_messages(&self, refresh_token: &str, _: Timestamp) -> Result<MessageTokens, ProviderError> {
        let inner = self.reach()?;
        let known = inner.refreshed.iter().rev().find(|(known, _)| known == refresh_token);
        let tokens = known.map(|(_, tokens)| tokens.clone());
        tokens.ok_or_else(|| ProviderError::Refused { source: "no such refresh token".into() })
    }

    async fn check(&self) -> Result<(), ProviderError> {
        self.reach().map(drop)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_micros(1_769_850_000_000_000);
    const HERE: &str = "https://memo.example/callback";

    #[tokio::test]
    async fn a_code_is_good_once_and_for_its_request() {
        let provider = MemoryProvider::new("acme");
        let alice = provider.user("alice", Some("alice@example.com"), true);
        let request = provider.authorize("a", HERE).await.expect("a request");
        let other = provider.authorize("b", HERE).await.expect("a request");
        let redeem = async |code: &str, request: &AuthorizationRequest, to| {
            provider.redeem(code, &request.nonce, &request.verifier, to, NOW).await.ok()
        };
        let approve = || provider.approve("a", alice.clone()).expect("there is such a request");

        let code = approve();
        assert_eq!(redeem(&code, &request, HERE).await, Some(alice.clone()));
        assert_eq!(redeem(&code, &request, HERE).await, None);
        let codes = [approve(), approve()];
        assert_eq!(redeem(&codes[0], &request, HERE).await, Some(alice.clone()));
        assert_ne!(approve(), codes[1], "no code is given twice");
        assert_eq!(redeem(&approve(), &other, HERE).await, None);
        assert_eq!(redeem(&approve(), &request, "https://evil.example").await, None);
        assert_eq!(redeem("code", &request, HERE).await, None);
        assert_eq!(provider.approve("c", alice.clone()), None);
        provider.be_away(true);
        assert!(matches!(provider.authorize("d", HERE).await, Err(ProviderError::Unavailable { .. })));
    }
}
