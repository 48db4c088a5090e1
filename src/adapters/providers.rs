//! The social providers that the settings name.

use std::sync::Arc;

use memo_domain::{Clock, SecretGenerator, SocialProvider};

use crate::{Settings, StartError};

/// Returns the providers of `auth.providers`.
///
/// # Errors
/// [`StartError`] if a setting is invalid. An unreachable provider is no error.
#[cfg(feature = "oidc")]
pub fn providers(
    settings: &Settings,
    clock: &Arc<dyn Clock>,
    secrets: &Arc<dyn SecretGenerator>,
) -> Result<Vec<Arc<dyn SocialProvider>>, StartError> {
    use memo_oidc::{Provider, ProviderSettings};

    use crate::{Hidden, SocialSettings};

    let make = |(name, social): (&String, &SocialSettings)| {
        let wrong = |error: &dyn std::fmt::Display| StartError::setting(format!("auth.providers.{name}: {error}"));
        let kind = social.kind.parse().map_err(|error| wrong(&error))?;
        let secret = social.client_secret.as_ref().map(Hidden::expose);
        let mut provider = ProviderSettings::new(name, kind, &social.client_id, secret);
        for (field, value) in [
            (&mut provider.issuer, &social.issuer),
            (&mut provider.authorize_url, &social.authorize_url),
            (&mut provider.token_url, &social.token_url),
            (&mut provider.userinfo_url, &social.userinfo_url),
            (&mut provider.scopes, &social.scopes),
            (&mut provider.display_name, &social.display_name),
            (&mut provider.role_claim, &social.role_claim),
        ] {
            field.clone_from(value);
        }
        provider.admin_values.clone_from(&social.admin_values);
        provider.allowed_values.clone_from(&social.allowed_values);
        let provider = Provider::new(provider, clock.clone(), secrets.clone()).map_err(|error| wrong(&error))?;
        Ok(Arc::new(provider) as Arc<dyn SocialProvider>)
    };
    settings.auth.providers.iter().map(make).collect()
}

/// Returns no providers, as none is built in.
///
/// # Errors
/// [`StartError`] if the settings name one.
#[cfg(not(feature = "oidc"))]
pub fn providers(
    settings: &Settings,
    _: &Arc<dyn Clock>,
    _: &Arc<dyn SecretGenerator>,
) -> Result<Vec<Arc<dyn SocialProvider>>, StartError> {
    if settings.auth.providers.is_empty() {
        return Ok(Vec::new());
    }
    Err(StartError::not_built_in("auth.providers: social providers", "oidc"))
}
