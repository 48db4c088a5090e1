//! A provider that is away, or behaves as if.

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
    fake::{Answer, CALLBACK, Fake, STATE, assert_refused, assert_unavailable, open_id, provider, redeem, sign_in},
    keys,
};

const PATHS: [&str; 4] = ["/.well-known/openid-configuration", "/keys", "/token", "/me"];

/// A flow in which every address is called.
async fn whole(fake: &Fake, provider: &Provider) -> Result<memo_domain::SocialUser, memo_domain::ProviderError> {
    fake.behaviour().claims = json!({"email": null});
    fake.behaviour().user_info = json!({"sub": "alice-there", "email": "alice@example.com"});
    sign_in(fake, provider).await
}

#[tokio::test]
async fn an_answer_that_is_none_makes_it_unavailable() {
    for path in PATHS {
        for answer in [
            Answer::With(500, json!({"error": "server_error"}).to_string()),
            Answer::With(502, "<html>".into()),
            Answer::With(429, json!({"error": "slow_down"}).to_string()),
            Answer::With(200, "<html>hunter2</html>".into()),
            Answer::With(200, String::new()),
            Answer::With(200, json!({"access_token": 1, "refresh_token": "hunter2"}).to_string()),
            Answer::With(304, String::new()),
            Answer::HangUp,
            Answer::Endless,
        ] {
            let fake = Fake::start().await;
            fake.behaviour().answers.insert(path, answer.clone());
            assert_unavailable(whole(&fake, &open_id(&fake)).await, &format!("{path}: {answer:?}"));
        }
    }
}

#[tokio::test]
async fn no_redirect_is_followed() {
    for path in PATHS {
        let fake = Fake::start().await;
        fake.behaviour().answers.insert(path, Answer::Redirect);
        assert_unavailable(whole(&fake, &open_id(&fake)).await, path);
        assert_eq!((fake.requests_to(path), fake.requests_to("/elsewhere")), (1, 0), "{path}");
    }
}

#[tokio::test]
async fn a_call_ends_in_time() {
    for path in PATHS {
        let fake = Fake::start().await;
        fake.behaviour().answers.insert(path, Answer::Hang);
        let limit = Duration::from_millis(500);
        let provider = open_id(&fake).within(limit);
        let begin = Instant::now();
        assert_unavailable(whole(&fake, &provider).await, path);
        assert!(begin.elapsed() >= limit && begin.elapsed() < Duration::from_secs(5), "{path}");
    }
}

#[tokio::test]
async fn it_is_asked_again_once_it_is_back() {
    let fake = Fake::start().await;
    let provider = open_id(&fake);
    fake.behaviour().answers.insert(PATHS[0], Answer::HangUp);
    assert_unavailable(provider.authorize(STATE, CALLBACK).await, "away");
    fake.behaviour().answers.clear();
    provider.authorize(STATE, CALLBACK).await.expect("it is back");
}

#[tokio::test]
async fn keys_that_cannot_be_had_leave_the_known_ones() {
    let fake = Fake::start().await;
    let (provider, clock) = provider(fake.settings(ProviderKind::Oidc));
    sign_in(&fake, &provider).await.expect("signed in");
    fake.behaviour().answers.insert("/keys", Answer::With(500, String::new()));
    fake.behaviour().header = json!({"kid": "made up"});
    assert_unavailable(sign_in(&fake, &provider).await, "it may be a new one");
    assert_refused(sign_in(&fake, &provider).await, "it was asked a moment ago");
    clock.advance(Duration::from_secs(10));
    assert_unavailable(sign_in(&fake, &provider).await, "it may be a new one");
    fake.behaviour().header = json!({});
    sign_in(&fake, &provider).await.expect("signed in");
}

#[tokio::test]
async fn nothing_goes_to_who_cannot_show_a_certificate() {
    let key = PrivateKeyDer::from_pem_slice(keys::TLS.as_bytes()).expect("a key");
    let certificate = CertificateDer::from_pem_slice(keys::CERTIFICATE.as_bytes()).expect("a certificate");
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .expect("they fit");
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let server = tokio::spawn(async move {
        let (stream, _) = listener.accept().await.expect("a client");
        TlsAcceptor::from(Arc::new(config)).accept(stream).await.is_ok()
    });
    let mut settings = Fake::start().await.settings(ProviderKind::Oidc);
    settings.issuer = Some(format!("https://localhost:{port}"));
    let (provider, _) = provider(settings);
    assert_unavailable(provider.check().await, "a certificate that nobody vouches for");
    assert!(!server.await.expect("it ended"), "it is left before a word is said");
}

#[tokio::test]
async fn nobody_listens() {
    let fake = Fake::start().await;
    let provider = open_id(&fake);
    let request = provider.authorize(STATE, CALLBACK).await.expect("a request");
    let free = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port").local_addr().expect("an address");
    let mut settings = fake.settings(ProviderKind::Oidc);
    settings.token_url = Some(format!("http://{free}/token"));
    let (other, _) = crate::fake::provider(settings);
    assert_unavailable(redeem(&other, "hunter2-code", &request).await, "the token endpoint");
    let mut settings = fake.settings(ProviderKind::Oidc);
    settings.issuer = Some(format!("http://{free}"));
    let (other, _) = crate::fake::provider(settings);
    assert_unavailable(other.authorize(STATE, CALLBACK).await, "the issuer");
    assert_unavailable(other.check().await, "the issuer");
}

#[tokio::test]
async fn what_a_provider_says_is_cut_short() {
    let fake = Fake::start().await;
    let text = json!({"error": format!("x\r\n{}", "y".repeat(100_000))}).to_string();
    fake.behaviour().answers.insert("/token", Answer::With(400, text));
    assert_refused(sign_in(&fake, &open_id(&fake)).await, "a long error");
    fake.behaviour().answers.clear();
    fake.behaviour().claims = json!({"iss": format!("https://example.org/{}", "y".repeat(100_000))});
    assert_refused(sign_in(&fake, &open_id(&fake)).await, "a long issuer");
}
