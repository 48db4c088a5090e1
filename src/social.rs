//! The social providers that the settings name.

use std::sync::Arc;

use memo_domain::{Clock, SecretGenerator, SocialProvider};
use memo_oidc::{Provider, ProviderSettings};

use crate::{Hidden, Settings, SocialSettings, StartError, ports::unusable};

/// All of them, by their names in lower case.
///
/// # Errors
/// [`StartError`] where a setting can't be right; a provider that is away is no error yet.
pub fn providers(
    settings: &Settings,
    clock: &Arc<dyn Clock>,
    secrets: &Arc<dyn SecretGenerator>,
) -> Result<Vec<Arc<dyn SocialProvider>>, StartError> {
    let make = |(name, social): (&String, &SocialSettings)| {
        let name = name.to_lowercase();
        let wrong = |error: &dyn std::fmt::Display| unusable(format!("settings: auth.providers.{name}: {error}"));
        let kind = social.kind.parse().map_err(|error| wrong(&error))?;
        let secret = social.client_secret.as_ref().map(Hidden::expose);
        let mut provider = ProviderSettings::new(&name, kind, &social.client_id, secret);
        for (place, value) in [
            (&mut provider.issuer, &social.issuer),
            (&mut provider.authorize_url, &social.authorize_url),
            (&mut provider.token_url, &social.token_url),
            (&mut provider.userinfo_url, &social.userinfo_url),
            (&mut provider.scopes, &social.scopes),
            (&mut provider.display_name, &social.display_name),
        ] {
            place.clone_from(value);
        }
        let provider = Provider::new(provider, clock.clone(), secrets.clone()).map_err(|error| wrong(&error))?;
        Ok(Arc::new(provider) as Arc<dyn SocialProvider>)
    };
    settings.auth.providers.iter().map(make).collect()
}
