//! `OpenID` Connect: the flow and discovery.

use std::time::Duration;

use memo_domain::{Role, SocialProvider, SocialRole, SocialUser};
use memo_oidc::{ProviderKind, ProviderSettings};
use serde_json::json;

use crate::{
    adapter::{advance, assert_refused, assert_unavailable, open_id, provider, redeem, sign_in},
    fake::{CALLBACK, Fake, STATE, Signed, ec_key, rsa_key},
    keys,
};

fn alice(fake: &Fake) -> SocialUser {
    SocialUser {
        issuer: fake.url.clone(),
        subject: "alice-at-fake".into(),
        email: Some("alice@example.com".into()),
        email_verified: true,
        name: Some("Alice".into()),
        role: SocialRole::Unmapped,
        message_tokens: None,
    }
}

#[tokio::test]
async fn user_signs_in() {
    let fake = Fake::start().await;
    for kind in [ProviderKind::Google, ProviderKind::Oidc] {
        let (provider, _) = provider(fake.settings(kind));
        assert_eq!(sign_in(&fake, &provider).await.expect("signed in"), alice(&fake));
        assert_eq!((provider.name(), provider.display_name(), provider.issuer()), ("fake", "Fake", fake.url.as_str()));
    }
    assert_eq!(fake.requests_to("/me"), 0, "the ID token is sufficient");
}

#[tokio::test]
async fn authorization_request_has_state_nonce_and_pkce() {
    let fake = Fake::start().await;
    let provider = open_id(&fake);
    let (one, other) = (provider.authorize(STATE, CALLBACK).await, provider.authorize(STATE, CALLBACK).await);
    let (one, other) = (one.expect("a request"), other.expect("a request"));
    assert!(one.url.contains("tenant=1&"), "the query of the endpoint is kept: {}", one.url);
    assert!(one.url.contains("scope=openid+email+profile") && one.url.contains(&format!("nonce={}", one.nonce)));
    assert!(!one.url.contains(&one.verifier), "the verifier must not be sent");
    assert!((43..=128).contains(&one.verifier.len()) && one.nonce.len() >= 43);
    assert!(one.nonce != one.verifier && one.nonce != other.nonce && one.verifier != other.verifier);
}

#[tokio::test]
async fn kakao_emails_are_never_verified() {
    let fake = Fake::start().await;
    fake.behaviour().claims = json!({"email_verified": null, "name": null, "nickname": " 앨리스 "});
    fake.behaviour().tokens = json!({"scope": "openid account_email profile_nickname"});
    let (kakao, _) = provider(fake.settings(ProviderKind::Kakao));
    let unverified = SocialUser { email_verified: false, name: Some("앨리스".into()), ..alice(&fake) };
    assert_eq!(sign_in(&fake, &kakao).await.expect("signed in"), unverified);
    fake.behaviour().claims = json!({"email": null});
    fake.behaviour().user_info = json!({"sub": "alice-at-fake", "email": "alice@example.com", "email_verified": true});
    assert!(!sign_in(&fake, &kakao).await.expect("signed in").email_verified);
    let request = kakao.authorize(STATE, CALLBACK).await.expect("a request");
    assert!(request.url.contains("scope=openid+account_email+profile_nickname+talk_message"), "{}", request.url);
    let (_, credentials, body) =
        fake.behaviour().requests.iter().find(|(path, ..)| path == "/token").cloned().expect("one");
    assert!(credentials.is_none() && body.contains("client_secret="), "the secret is sent as a parameter");
}

#[tokio::test]
async fn client_authentication_follows_the_discovery_document() {
    let fake = Fake::start().await;
    for (methods, is_basic) in [
        (json!(null), true),
        (json!(["client_secret_post", "client_secret_basic"]), true),
        (json!(["client_secret_post"]), false),
    ] {
        fake.behaviour().document["token_endpoint_auth_methods_supported"] = methods;
        sign_in(&fake, &open_id(&fake)).await.expect("signed in");
        let last = fake.behaviour().requests.last().cloned().expect("a request");
        assert_eq!((last.1.is_some(), last.2.contains("client_secret=")), (is_basic, !is_basic));
    }
}

#[tokio::test]
async fn client_credentials_may_have_any_characters() {
    let fake = Fake::start().await;
    for (id, secret) in [
        ("memo client", "hunter2 with spaces"),
        ("100%25", "hunter2%20%+%zz"),
        ("a:b", "hunter2::+:"),
        ("메모", "hunter2 비밀 é \u{1f511}"),
        ("https://memo.example/?a=b&c=d#e", "hunter2&client_id=x\"\\'=;,"),
    ] {
        fake.behaviour().client = (id.into(), secret.into());
        for methods in [json!(["client_secret_basic"]), json!(["client_secret_post"])] {
            fake.behaviour().document["token_endpoint_auth_methods_supported"] = methods.clone();
            assert_eq!(sign_in(&fake, &open_id(&fake)).await.expect("signed in"), alice(&fake), "{id} {methods}");
        }
        let provider = open_id(&fake);
        fake.behaviour().client.1.push('x');
        assert_refused(sign_in(&fake, &provider).await, "another secret");
    }
    fake.behaviour().client = ("메모 app".into(), "hunter2 %+:비밀".into());
    sign_in(&fake, &provider(fake.settings(ProviderKind::Kakao)).0).await.expect("signed in");
    fake.behaviour().user_info = json!({"resultcode": "00", "message": "success", "response": {"id": "1"}});
    sign_in(&fake, &provider(fake.settings(ProviderKind::Naver)).0).await.expect("signed in");
}

#[tokio::test]
async fn code_is_bound_to_its_request_and_client() {
    let fake = Fake::start().await;
    let provider = open_id(&fake);
    let one = provider.authorize(STATE, CALLBACK).await.expect("a request");
    let other = provider.authorize(STATE, CALLBACK).await.expect("a request");
    let code = fake.approve(&one);
    assert_refused(redeem(&provider, &code, &other).await, "another verifier");
    let code = fake.approve(&one);
    let mixed = memo_domain::AuthorizationRequest { nonce: other.nonce.clone(), ..one.clone() };
    assert_refused(redeem(&provider, &code, &mixed).await, "another nonce");
    assert_refused(redeem(&provider, "hunter2-made-up", &one).await, "an unknown code");
    let code = fake.approve(&one);
    assert!(redeem(&provider, &code, &one).await.is_ok());
    assert_refused(redeem(&provider, &code, &one).await, "a second time");
    let wrong = ProviderSettings { client_secret: Some("hunter3".into()), ..fake.settings(ProviderKind::Oidc) };
    let (other_client, _) = crate::adapter::provider(wrong);
    assert_refused(sign_in(&fake, &other_client).await, "another secret");
}

#[tokio::test]
async fn user_info_is_requested_if_the_id_token_has_no_email() {
    let fake = Fake::start().await;
    let provider = open_id(&fake);
    fake.behaviour().claims = json!({"email": null, "name": null});
    for verified in [json!(true), json!("true")] {
        fake.behaviour().user_info =
            json!({"sub": "alice-at-fake", "email": "alice@example.com", "email_verified": verified, "name": "Alice"});
        assert_eq!(sign_in(&fake, &provider).await.expect("signed in"), alice(&fake));
    }
    // `email_verified` applies to the address next to it only.
    for verified in [json!(false), json!("false"), json!(null), json!(1)] {
        fake.behaviour().user_info =
            json!({"sub": "alice-at-fake", "email": "alice@example.com", "email_verified": verified});
        assert!(!sign_in(&fake, &provider).await.expect("signed in").email_verified);
    }
    fake.behaviour().user_info = json!({"sub": "alice-at-fake"});
    let user = sign_in(&fake, &provider).await.expect("signed in");
    assert_eq!((user.email, user.email_verified, user.name), (None, false, None));
    fake.behaviour().document["userinfo_endpoint"] = json!(null);
    assert!(sign_in(&fake, &open_id(&fake)).await.expect("signed in").email.is_none(), "no user info endpoint");
}

#[tokio::test]
async fn user_info_is_requested_if_its_url_is_set() {
    let fake = Fake::start().await;
    let settings = fake.settings(ProviderKind::Oidc);
    let settings = ProviderSettings { userinfo_url: Some(format!("{}/me", fake.url)), ..settings };
    let (provider, _) = provider(settings);
    fake.behaviour().user_info = json!({"sub": "alice-at-fake", "email": "other@example.com", "email_verified": false});
    assert_eq!(sign_in(&fake, &provider).await.expect("signed in"), alice(&fake), "the ID token takes precedence");
    assert_eq!(fake.requests_to("/me"), 1);
    fake.behaviour().user_info["sub"] = json!("mallory-at-fake");
    assert_refused(sign_in(&fake, &provider).await, "data of another subject");
}

#[tokio::test]
async fn user_info_of_another_subject_is_rejected() {
    let fake = Fake::start().await;
    fake.behaviour().claims = json!({"email": null});
    for subject in [json!("mallory-at-fake"), json!("Alice-at-fake"), json!("")] {
        fake.behaviour().user_info = json!({"sub": subject, "email": "alice@example.com", "email_verified": true});
        assert_refused(sign_in(&fake, &open_id(&fake)).await, "another sub");
    }
    fake.behaviour().user_info = json!({"email": "alice@example.com", "email_verified": true});
    assert_unavailable(sign_in(&fake, &open_id(&fake)).await, "no sub");
}

#[tokio::test]
async fn discovery_and_keys_are_cached_for_an_hour() {
    let fake = Fake::start().await;
    let (provider, clock) = provider(fake.settings(ProviderKind::Oidc));
    let requests = || (fake.requests_to("/.well-known/openid-configuration"), fake.requests_to("/keys"));
    assert_eq!(requests(), (0, 0), "nothing is requested before it is needed");
    let (one, other) = tokio::join!(sign_in(&fake, &provider), sign_in(&fake, &provider));
    assert!(one.is_ok() && other.is_ok());
    assert_eq!(requests(), (1, 1), "concurrent flows share one request");
    advance(&clock, Duration::from_mins(59));
    sign_in(&fake, &provider).await.expect("signed in");
    assert_eq!(requests(), (1, 1));
    advance(&clock, Duration::from_mins(2));
    sign_in(&fake, &provider).await.expect("signed in");
    assert_eq!(requests(), (2, 2));
}

#[tokio::test]
async fn unknown_key_id_refreshes_the_keys_at_most_every_ten_seconds() {
    let fake = Fake::start().await;
    let (provider, clock) = provider(fake.settings(ProviderKind::Oidc));
    sign_in(&fake, &provider).await.expect("signed in");
    // The provider rotates its key.
    fake.behaviour().keys = json!({"keys": [rsa_key("new", keys::OTHER_RSA_N)]});
    fake.behaviour().signed = Signed::OtherRsa;
    fake.behaviour().header = json!({"kid": "new"});
    sign_in(&fake, &provider).await.expect("signed in");
    assert_eq!(fake.requests_to("/keys"), 2);
    // An attacker makes up key ids.
    fake.behaviour().header = json!({"kid": "made up"});
    for _ in 0..3 {
        assert_refused(sign_in(&fake, &provider).await, "an unknown key");
    }
    assert_eq!(fake.requests_to("/keys"), 2, "the keys were just refreshed");
    advance(&clock, Duration::from_secs(10));
    assert_refused(sign_in(&fake, &provider).await, "an unknown key");
    assert_refused(sign_in(&fake, &provider).await, "an unknown key");
    assert_eq!(fake.requests_to("/keys"), 3);
    // The old key is no longer valid.
    fake.behaviour().signed = Signed::Rsa(jsonwebtoken::Algorithm::RS256);
    fake.behaviour().header = json!({});
    assert_refused(sign_in(&fake, &provider).await, "a retired key");
    assert_eq!(fake.requests_to("/.well-known/openid-configuration"), 1);
}

#[tokio::test]
async fn minimal_discovery_document_and_unknown_key_types_are_accepted() {
    let fake = Fake::start().await;
    let url = fake.url.clone();
    fake.behaviour().document = json!({
        "issuer": url,
        "authorization_endpoint": format!("{url}/authorize"),
        "token_endpoint": format!("{url}/token"),
        "jwks_uri": format!("{url}/keys"),
    });
    fake.behaviour().keys = json!({"keys": [{"kty": "XYZ", "kid": "rsa"}, {"kty": "RSA", "kid": "broken"}, rsa_key("rsa", keys::RSA_N), ec_key("ec")]});
    assert_eq!(sign_in(&fake, &open_id(&fake)).await.expect("signed in"), alice(&fake));
}

#[tokio::test]
async fn invalid_discovery_document_makes_the_provider_unavailable() {
    for (name, value) in [
        ("issuer", json!("https://accounts.example")),
        ("issuer", json!(null)),
        ("jwks_uri", json!(null)),
        ("jwks_uri", json!("http://accounts.example/keys")),
        ("jwks_uri", json!("file:///etc/passwd")),
        ("token_endpoint", json!(null)),
        ("token_endpoint", json!("http://accounts.example/token")),
        ("authorization_endpoint", json!("javascript:alert(1)")),
        ("authorization_endpoint", json!(null)),
        ("userinfo_endpoint", json!("http://169.254.169.254/latest")),
        ("id_token_signing_alg_values_supported", json!(["HS256", "none"])),
    ] {
        let fake = Fake::start().await;
        fake.behaviour().document[name] = value.clone();
        let provider = open_id(&fake);
        assert_unavailable(provider.authorize(STATE, CALLBACK).await, &format!("{name}: {value}"));
        assert_unavailable(provider.check().await, name);
    }
}

#[tokio::test]
async fn urls_in_the_settings_override_discovery() {
    let fake = Fake::start().await;
    for name in ["authorization_endpoint", "token_endpoint"] {
        fake.behaviour().document[name] = json!("https://nowhere.example/");
    }
    let settings = ProviderSettings {
        authorize_url: Some(format!("{}/authorize", fake.url)),
        token_url: Some(format!("{}/token", fake.url)),
        ..fake.settings(ProviderKind::Google)
    };
    sign_in(&fake, &provider(settings).0).await.expect("signed in");
}

#[tokio::test]
async fn check_ignores_the_cache_and_fills_it() {
    let fake = Fake::start().await;
    let provider = open_id(&fake);
    provider.check().await.expect("the provider is available");
    provider.check().await.expect("the provider is available");
    assert_eq!(fake.requests_to("/keys"), 2);
    provider.authorize(STATE, CALLBACK).await.expect("a request");
    assert_eq!(fake.requests_to("/keys"), 2, "a flow uses the result of a check");
}

#[tokio::test]
async fn role_follows_the_claim_of_the_id_token_or_the_user_info() {
    let fake = Fake::start().await;
    let settings = ProviderSettings {
        role_claim: Some("groups".into()),
        admin_values: vec!["ops".into()],
        allowed_values: vec!["staff".into()],
        ..fake.settings(ProviderKind::Oidc)
    };
    let (provider, _) = provider(settings);
    for (claim, info, role) in [
        (json!(["staff", "ops"]), json!("staff"), SocialRole::Mapped(Role::Admin)),
        (json!(["staff"]), json!("ops"), SocialRole::Mapped(Role::Member)),
        (json!(null), json!("ops"), SocialRole::Mapped(Role::Admin)),
        (json!(null), json!(null), SocialRole::Refused),
        (json!("guest"), json!("ops"), SocialRole::Refused),
    ] {
        fake.behaviour().claims = json!({"groups": claim});
        fake.behaviour().user_info = json!({"sub": "alice-at-fake", "groups": info});
        assert_eq!(sign_in(&fake, &provider).await.expect("signed in").role, role, "{claim} {info}");
    }
}
