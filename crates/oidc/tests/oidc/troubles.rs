//! Unavailable and misbehaving providers.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use memo_domain::SocialProvider;
use memo_oidc::{Provider, ProviderKind};
use rustls::{
    ServerConfig,
    crypto::ring,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
};
use serde_json::json;
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use crate::{
    adapter::{assert_refused, assert_unavailable, open_id, provider, redeem, sign_in},
    fake::{CALLBACK, Fake, Reply, STATE},
    keys,
};

const PATHS: [&str; 4] = ["/.well-known/openid-configuration", "/keys", "/token", "/me"];

/// A flow that calls every endpoint.
async fn complete_flow(
    fake: &Fake,
    provider: &Provider,
) -> Result<memo_domain::SocialUser, memo_domain::ProviderError> {
    fake.behaviour().claims = json!({"email": null});
    fake.behaviour().user_info = json!({"sub": "alice-at-fake", "email": "alice@example.com"});
    sign_in(fake, provider).await
}

#[tokio::test]
async fn invalid_response_makes_the_provider_unavailable() {
    for path in PATHS {
        for reply in [
            Reply::Status(500, json!({"error": "server_error"}).to_string()),
            Reply::Status(502, "<html>".into()),
            Reply::Status(429, json!({"error": "slow_down"}).to_string()),
            Reply::Status(200, "<html>hunter2</html>".into()),
            Reply::Status(200, String::new()),
            Reply::Status(200, json!({"access_token": 1, "refresh_token": "hunter2"}).to_string()),
            Reply::Status(304, String::new()),
            Reply::HangUp,
            Reply::Endless,
        ] {
            let fake = Fake::start().await;
            fake.behaviour().replies.insert(path, reply.clone());
            assert_unavailable(complete_flow(&fake, &open_id(&fake)).await, &format!("{path}: {reply:?}"));
        }
    }
}

#[tokio::test]
async fn redirects_are_not_followed() {
    for path in PATHS {
        let fake = Fake::start().await;
        fake.behaviour().replies.insert(path, Reply::Redirect);
        assert_unavailable(complete_flow(&fake, &open_id(&fake)).await, path);
        assert_eq!((fake.requests_to(path), fake.requests_to("/elsewhere")), (1, 0), "{path}");
    }
}

#[tokio::test]
async fn call_times_out() {
    for path in PATHS {
        let fake = Fake::start().await;
        fake.behaviour().replies.insert(path, Reply::Hang);
        let limit = Duration::from_millis(500);
        let provider = open_id(&fake).within(limit);
        let begin = Instant::now();
        assert_unavailable(complete_flow(&fake, &provider).await, path);
        assert!(begin.elapsed() >= limit && begin.elapsed() < Duration::from_secs(5), "{path}");
    }
}

#[tokio::test]
async fn recovered_provider_is_available_again() {
    let fake = Fake::start().await;
    let provider = open_id(&fake);
    fake.behaviour().replies.insert(PATHS[0], Reply::HangUp);
    assert_unavailable(provider.authorize(STATE, CALLBACK).await, "unavailable");
    fake.behaviour().replies.clear();
    provider.authorize(STATE, CALLBACK).await.expect("the provider is available");
}

#[tokio::test]
async fn failed_key_refresh_keeps_the_known_keys() {
    let fake = Fake::start().await;
    let (provider, clock) = provider(fake.settings(ProviderKind::Oidc));
    sign_in(&fake, &provider).await.expect("signed in");
    fake.behaviour().replies.insert("/keys", Reply::Status(500, String::new()));
    fake.behaviour().header = json!({"kid": "made up"});
    assert_unavailable(sign_in(&fake, &provider).await, "the key may be new");
    assert_refused(sign_in(&fake, &provider).await, "the keys were just requested");
    clock.advance(Duration::from_secs(10));
    assert_unavailable(sign_in(&fake, &provider).await, "the key may be new");
    fake.behaviour().header = json!({});
    sign_in(&fake, &provider).await.expect("signed in");
}

#[tokio::test]
async fn untrusted_certificate_is_rejected_before_a_request() {
    let key = PrivateKeyDer::from_pem_slice(keys::TLS.as_bytes()).expect("a key");
    let certificate = CertificateDer::from_pem_slice(keys::CERTIFICATE.as_bytes()).expect("a certificate");
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .expect("the key matches the certificate");
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let server = tokio::spawn(async move {
        let (stream, _) = listener.accept().await.expect("a client");
        TlsAcceptor::from(Arc::new(config)).accept(stream).await.is_ok()
    });
    let mut settings = Fake::start().await.settings(ProviderKind::Oidc);
    settings.issuer = Some(format!("https://localhost:{port}"));
    let (provider, _) = provider(settings);
    assert_unavailable(provider.check().await, "an untrusted certificate");
    assert!(!server.await.expect("the server task ended"), "the client must abort the handshake");
}

#[tokio::test]
async fn refused_connection_makes_the_provider_unavailable() {
    let fake = Fake::start().await;
    let provider = open_id(&fake);
    let request = provider.authorize(STATE, CALLBACK).await.expect("a request");
    let free = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port").local_addr().expect("an address");
    let mut settings = fake.settings(ProviderKind::Oidc);
    settings.token_url = Some(format!("http://{free}/token"));
    let (other, _) = crate::adapter::provider(settings);
    assert_unavailable(redeem(&other, "hunter2-code", &request).await, "the token endpoint");
    let mut settings = fake.settings(ProviderKind::Oidc);
    settings.issuer = Some(format!("http://{free}"));
    let (other, _) = crate::adapter::provider(settings);
    assert_unavailable(other.authorize(STATE, CALLBACK).await, "the issuer");
    assert_unavailable(other.check().await, "the issuer");
}

#[tokio::test]
async fn long_provider_texts_are_truncated() {
    let fake = Fake::start().await;
    let text = json!({"error": format!("x\r\n{}", "y".repeat(100_000))}).to_string();
    fake.behaviour().replies.insert("/token", Reply::Status(400, text));
    assert_refused(sign_in(&fake, &open_id(&fake)).await, "a long error");
    fake.behaviour().replies.clear();
    fake.behaviour().claims = json!({"iss": format!("https://example.org/{}", "y".repeat(100_000))});
    assert_refused(sign_in(&fake, &open_id(&fake)).await, "a long issuer");
}
