//! Sign-in by accounts at social providers, and linking them to accounts here.

mod callback;
mod flow;
mod identities;
mod sign_in;

use std::sync::Arc;

use memo_domain::{ProviderError, SocialProvider};

use crate::{Error, Ports, Principal, Resource, SignIn, SignUpPolicy, secret_text};
pub use callback::{Callback, CallbackOutcome, ProviderAnswer, SocialError};
pub use flow::{FLOW_TTL, Flow};
pub use identities::remove_identity;

/// A flow that has begun.
pub struct StartedFlow {
    /// The URL at the provider that the browser is redirected to.
    pub url: String,
    /// What the callback needs.
    pub flow: Flow,
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

    /// Begins a flow, whose callback is at `redirect_uri`. With `link` the identity is linked to that user, who must have signed
    /// in or proved who they are within the last 10 minutes.
    ///
    /// # Errors
    /// [`Error::NotFound`] if there is no such provider, [`Error::ProofRequired`], or [`Error::ProviderUnavailable`].
    pub async fn authorize(
        &self,
        name: &str,
        redirect_uri: &str,
        link: Option<&Principal>,
    ) -> Result<StartedFlow, Error> {
        let provider = self.provider(name)?;
        if let Some(caller) = link {
            self.sign_in.require_recent(caller).await?;
        }
        let state = self.ports.secrets.next();
        let request = provider.authorize(&secret_text(&state), redirect_uri).await;
        let request = request.map_err(|error| match error {
            ProviderError::Unavailable { source } | ProviderError::Refused { source } => {
                Error::ProviderUnavailable { source }
            }
        })?;
        let flow = Flow {
            provider: name.to_owned(),
            state,
            nonce: request.nonce,
            verifier: request.verifier,
            link: link.map(|caller| caller.user_id),
            began_at: self.ports.now(),
        };
        Ok(StartedFlow { url: request.url, flow })
    }

    fn provider(&self, name: &str) -> Result<&Arc<dyn SocialProvider>, Error> {
        let provider = self.providers.iter().find(|provider| provider.name() == name);
        provider.ok_or(Error::NotFound(Resource::Provider))
    }
}
