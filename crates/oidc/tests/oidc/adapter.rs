//! The adapter under test, and assertions on its results.

use std::{sync::Arc, time::Duration};

use memo_domain::{AuthorizationRequest, Clock, ProviderError, SocialProvider, SocialUser};
use memo_memory::{FixedClock, SequentialSecrets};
use memo_oidc::{Provider, ProviderKind, ProviderSettings};

use crate::fake::{CALLBACK, Fake, STATE, now};

/// A provider with these settings, and its clock.
pub fn provider(settings: ProviderSettings) -> (Provider, Arc<FixedClock>) {
    let clock = Arc::new(FixedClock::at(now()));
    let provider = Provider::new(settings, clock.clone(), Arc::new(SequentialSecrets::new())).expect("a provider");
    (provider.within(Duration::from_secs(8)), clock)
}

/// An `OpenID` Connect provider for this fake.
pub fn open_id(fake: &Fake) -> Provider {
    provider(fake.settings(ProviderKind::Oidc)).0
}

pub async fn sign_in(fake: &Fake, provider: &Provider) -> Result<SocialUser, ProviderError> {
    let request = provider.authorize(STATE, CALLBACK).await?;
    let code = fake.approve(&request);
    redeem(provider, &code, &request).await
}

pub async fn redeem(
    provider: &Provider,
    code: &str,
    request: &AuthorizationRequest,
) -> Result<SocialUser, ProviderError> {
    provider.redeem(code, &request.nonce, &request.verifier, CALLBACK, now()).await
}

#[track_caller]
pub fn assert_refused(result: Result<SocialUser, ProviderError>, what: &str) {
    match result {
        Err(error @ ProviderError::Refused { .. }) => assert_clean(&error),
        other => panic!("{what}: {other:?}"),
    }
}

#[track_caller]
pub fn assert_unavailable<T>(result: Result<T, ProviderError>, what: &str) {
    match result {
        Err(error @ ProviderError::Unavailable { .. }) => assert_clean(&error),
        other => panic!("{what}: {:?}", other.err()),
    }
}

/// Asserts that an error fits in one line of a log and contains no secret.
#[track_caller]
fn assert_clean(error: &ProviderError) {
    let mut texts = vec![format!("{error:?}")];
    let mut next: Option<&dyn std::error::Error> = Some(error);
    while let Some(error) = next {
        assert_eq!(error.to_string().lines().count(), 1, "{error}");
        texts.push(error.to_string());
        next = error.source();
    }
    for text in texts {
        assert!(!text.contains("hunter2") && !text.contains("eyJ"), "{text}");
        assert!(text.len() < 1_000, "{text}");
    }
}

pub fn advance(clock: &FixedClock, duration: Duration) {
    let before = clock.now();
    clock.advance(duration);
    assert_eq!(clock.now().since(before), duration);
}
