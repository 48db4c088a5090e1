use std::time::{Duration, Instant};

use memo_domain::{AuthorizationRequest, ProviderError, SocialUser};

use crate::subjects::TestProvider;

const REDIRECT_URI: &str = "http://127.0.0.1:8080/api/v1/auth/providers/fake/callback";

async fn authorize(given: &dyn TestProvider, state: &str) -> AuthorizationRequest {
    given.provider().authorize(state, REDIRECT_URI).await.expect("an authorization request")
}

async fn redeem(
    given: &dyn TestProvider,
    code: &str,
    request: &AuthorizationRequest,
) -> Result<SocialUser, ProviderError> {
    let (provider, now) = (given.provider(), given.now());
    provider.redeem(code, &request.nonce, &request.verifier, REDIRECT_URI, now).await
}

async fn sign_in(given: &dyn TestProvider, state: &str) -> Result<SocialUser, ProviderError> {
    let request = authorize(given, state).await;
    let code = given.approve(&request, state, REDIRECT_URI);
    redeem(given, &code, &request).await
}

#[track_caller]
fn assert_refused(result: &Result<SocialUser, ProviderError>, what: &str) {
    assert!(matches!(result, Err(ProviderError::Refused { .. })), "{what}: {result:?}");
}

pub(crate) async fn a_code_is_redeemed_once_and_with_its_verifier(given: Box<dyn TestProvider>) {
    let (one, other) = (authorize(&*given, "one").await, authorize(&*given, "other").await);
    assert!(one.verifier != other.verifier && one.nonce != other.nonce);
    let code = given.approve(&one, "one", REDIRECT_URI);
    let user = redeem(&*given, &code, &one).await.expect("a user");
    assert_eq!(user.issuer, given.provider().issuer());
    assert_refused(&redeem(&*given, &code, &one).await, "a second time");
    let code = given.approve(&one, "one", REDIRECT_URI);
    let with_another = AuthorizationRequest { verifier: other.verifier.clone(), ..one.clone() };
    assert_refused(&redeem(&*given, &code, &with_another).await, "another verifier");
    assert_refused(&redeem(&*given, "no-code", &one).await, "an unknown code");
}

pub(crate) async fn a_forged_statement_about_a_user_is_refused(given: Box<dyn TestProvider>) {
    sign_in(&*given, "first").await.expect("a user");
    let (one, other) = (authorize(&*given, "one").await, authorize(&*given, "other").await);
    let code = given.approve(&one, "one", REDIRECT_URI);
    let with_another = AuthorizationRequest { nonce: other.nonce, ..one };
    assert_refused(&redeem(&*given, &code, &with_another).await, "another nonce");
    for forgery in given.forgeries() {
        given.forge(forgery);
        assert_refused(&sign_in(&*given, forgery).await, forgery);
    }
}

pub(crate) async fn message_tokens_need_the_consent_of_the_user(given: Box<dyn TestProvider>) {
    let is_refused = |error| matches!(error, ProviderError::Refused { .. });
    assert!(given.provider().refresh_messages("no-token", given.now()).await.is_err_and(is_refused));
    for are_allowed in [false, true] {
        if !given.allow_messages(are_allowed) {
            return;
        }
        let user = sign_in(&*given, &format!("allowed {are_allowed}")).await.expect("a user");
        assert_eq!(user.message_tokens.is_some(), are_allowed);
        let Some(tokens) = user.message_tokens else { continue };
        let refresh_token = tokens.refresh_token.expect("a refresh token");
        let refreshed = given.provider().refresh_messages(&refresh_token, given.now()).await.expect("new tokens");
        assert_ne!(refreshed.access_token, tokens.access_token);
        assert!(given.provider().refresh_messages("no-token", given.now()).await.is_err_and(is_refused));
    }
}

pub(crate) async fn a_provider_call_ends_in_time(given: Box<dyn TestProvider>) {
    let request = authorize(&*given, "state").await;
    let code = given.approve(&request, "state", REDIRECT_URI);
    if !given.hang() {
        return;
    }
    let begin = Instant::now();
    let is_unavailable = |error| matches!(error, ProviderError::Unavailable { .. });
    assert!(redeem(&*given, &code, &request).await.is_err_and(is_unavailable));
    assert!(given.provider().check().await.is_err_and(is_unavailable));
    assert!(begin.elapsed() < Duration::from_secs(2 * 10), "{:?}", begin.elapsed());
}

pub(crate) async fn a_redirect_of_a_provider_is_not_followed(given: Box<dyn TestProvider>) {
    let request = authorize(&*given, "state").await;
    let code = given.approve(&request, "state", REDIRECT_URI);
    if !given.redirect() {
        return;
    }
    let result = redeem(&*given, &code, &request).await;
    assert!(matches!(result, Err(ProviderError::Unavailable { .. })), "{result:?}");
    given.provider().check().await.expect_err("a redirect is no answer");
    assert_eq!(given.followed_redirects(), 0);
}
