//! Naver: plain OAuth 2.0 with user data in a format of its own.

use memo_domain::{SocialProvider, SocialRole, SocialUser};
use memo_oidc::{Provider, ProviderKind, ProviderSettings};
use serde_json::{Value, json};

use crate::{
    adapter::{assert_refused, assert_unavailable, provider, redeem, sign_in},
    fake::{CALLBACK, Fake, Reply, STATE},
};

async fn naver() -> (std::sync::Arc<Fake>, Provider) {
    let fake = Fake::start().await;
    fake.behaviour().has_id_token = false;
    fake.behaviour().tokens = json!({"expires_in": "3600", "refresh_token": "hunter2-refresh"});
    fake.behaviour().user_info =
        user_info(&json!({"id": "alice_Naver-1", "email": "alice@naver.com", "name": "앨리스"}));
    let (provider, _) = provider(fake.settings(ProviderKind::Naver));
    (fake, provider)
}

fn user_info(response: &Value) -> Value {
    json!({"resultcode": "00", "message": "success", "response": response})
}

#[tokio::test]
async fn user_signs_in() {
    let (fake, provider) = naver().await;
    let user = SocialUser {
        issuer: "https://nid.naver.com".into(),
        subject: "alice_Naver-1".into(),
        email: Some("alice@naver.com".into()),
        email_verified: false,
        name: Some("앨리스".into()),
        role: SocialRole::Unmapped,
        message_tokens: None,
    };
    assert_eq!(sign_in(&fake, &provider).await.expect("signed in"), user);
    assert_eq!(provider.issuer(), user.issuer);
    assert_eq!(fake.requests_to("/.well-known/openid-configuration"), 0, "no discovery");
    let (_, credentials, body) = fake.behaviour().requests[0].clone();
    assert!(credentials.is_none() && body.contains("client_secret="), "the secret is sent as a parameter");
}

#[tokio::test]
async fn authorization_request_omits_scope_and_nonce() {
    let (_, provider) = naver().await;
    let request = provider.authorize(STATE, CALLBACK).await.expect("a request");
    assert!(request.url.contains("code_challenge=") && request.url.contains("code_challenge_method=S256"));
    assert!(!request.url.contains("scope=") && !request.url.contains("nonce="), "{}", request.url);
}

#[tokio::test]
async fn another_verifier_is_rejected() {
    let (fake, provider) = naver().await;
    let one = provider.authorize(STATE, CALLBACK).await.expect("a request");
    let other = provider.authorize(STATE, CALLBACK).await.expect("a request");
    let code = fake.approve(&one);
    assert_refused(redeem(&provider, &code, &other).await, "another verifier");
}

#[tokio::test]
async fn missing_name_or_email_is_accepted() {
    let (fake, provider) = naver().await;
    fake.behaviour().user_info = user_info(&json!({"id": "1", "name": " ", "nickname": "ali", "email": ""}));
    let user = sign_in(&fake, &provider).await.expect("signed in");
    assert_eq!((user.email, user.name.as_deref()), (None, Some("ali")));
    fake.behaviour().user_info = user_info(&json!({"id": "1", "email_verified": true}));
    let user = sign_in(&fake, &provider).await.expect("signed in");
    assert_eq!((user.email, user.name, user.email_verified), (None, None, false));
}

#[tokio::test]
async fn invalid_user_data_is_rejected() {
    let (fake, provider) = naver().await;
    for response in [
        json!({"resultcode": "024", "message": "Authentication failed"}),
        json!({"resultcode": "024", "response": {"id": "1"}}),
        json!({"resultcode": "00"}),
        user_info(&json!({"id": ""})),
        user_info(&json!({"id": "a".repeat(256)})),
    ] {
        fake.behaviour().user_info = response.clone();
        assert_refused(sign_in(&fake, &provider).await, &response.to_string());
    }
    fake.behaviour().user_info = json!({"id": "1", "email": "alice@naver.com"});
    assert_unavailable(sign_in(&fake, &provider).await, "another format");
    fake.behaviour().tokens = json!({"access_token": "hunter2-another"});
    assert_refused(sign_in(&fake, &provider).await, "401");
}

#[tokio::test]
async fn error_with_status_200_is_rejected() {
    let (fake, provider) = naver().await;
    let text = json!({"error": "invalid_request", "error_description": "no valid data in session"}).to_string();
    fake.behaviour().replies.insert("/token", Reply::Status(200, text));
    assert_refused(sign_in(&fake, &provider).await, "an error");
}

#[tokio::test]
async fn check_reports_an_unavailable_provider() {
    let (fake, provider) = naver().await;
    provider.check().await.expect("the provider is available");
    fake.behaviour().replies.insert("/token", Reply::Status(503, String::new()));
    assert_unavailable(provider.check().await, "503");
}

#[tokio::test]
async fn issuer_can_be_set() {
    let (fake, _) = naver().await;
    let settings =
        ProviderSettings { issuer: Some("https://naver.example".into()), ..fake.settings(ProviderKind::Naver) };
    assert_eq!(sign_in(&fake, &provider(settings).0).await.expect("signed in").issuer, "https://naver.example");
}
