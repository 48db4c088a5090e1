//! Sign-in by accounts at social providers, and linking them to accounts here.

mod callback;
mod flow;
mod identities;
mod sign_in;

use std::sync::Arc;

use memo_domain::{ProviderError, SocialProvider, UserId};

use crate::{Error, Ports, Resource, SignIn, SignUpPolicy, secret_text};
pub use callback::{Callback, CallbackOutcome, CallbackResult, SocialError};
pub use flow::FLOW_TTL;
use flow::{Flow, own_path};

/// The authorization request that a browser is redirected to.
#[derive(Debug)]
pub struct AuthorizationRequest {
    /// The URL at the provider.
    pub url: String,
    /// The `state` that the callback brings back.
    pub state: String,
    /// The sealed flow, which the browser keeps in a cookie. It is useless without the state of the callback.
    pub flow: String,
}

/// Sign-in by social providers.
pub struct Social {
    ports: Arc<Ports>,
    sign_in: Arc<SignIn>,
    providers: Vec<Arc<dyn SocialProvider>>,
    policy: SignUpPolicy,
}

impl Social {
    #[must_use]
    pub const fn new(
        ports: Arc<Ports>,
        sign_in: Arc<SignIn>,
        providers: Vec<Arc<dyn SocialProvider>>,
        policy: SignUpPolicy,
    ) -> Self {
        Self { ports, sign_in, providers, policy }
    }

    /// Returns the configured providers.
    #[must_use]
    pub fn providers(&self) -> &[Arc<dyn SocialProvider>] {
        &self.providers
    }

    /// Begins a flow: creates an authorization request. With `link` the identity is linked to that user.
    ///
    /// # Errors
    /// [`Error::NotFound`] if there is no such provider, or [`Error::ProviderUnavailable`].
    pub async fn authorize(
        &self,
        name: &str,
        return_to: Option<&str>,
        link: Option<UserId>,
    ) -> Result<AuthorizationRequest, Error> {
        let provider = self.provider(name)?;
        let state = secret_text(&self.ports.secrets.next());
        let request = provider.authorize(&state, &self.redirect_uri(name)).await;
        let request = request.map_err(|error| match error {
            ProviderError::Unavailable { source } | ProviderError::Refused { source } => {
                Error::ProviderUnavailable { source }
            }
        })?;
        let flow = Flow {
            provider: name.to_owned(),
            state: state.clone(),
            nonce: request.nonce,
            verifier: request.verifier,
            link,
            began_at: self.ports.now(),
            return_to: own_path(return_to).to_owned(),
        };
        Ok(AuthorizationRequest { url: request.url, state, flow: flow.seal(&self.ports)? })
    }

    fn provider(&self, name: &str) -> Result<&Arc<dyn SocialProvider>, Error> {
        let provider = self.providers.iter().find(|provider| provider.name() == name);
        provider.ok_or(Error::NotFound(Resource::Provider))
    }

    fn redirect_uri(&self, name: &str) -> String {
        format!("{}/api/v1/auth/providers/{name}/callback", self.ports.public_url)
    }
}
