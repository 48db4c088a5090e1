//! The provider in the suite of its port.

use std::{sync::Arc, time::Duration};

use jsonwebtoken::Algorithm;
use memo_conformance::TestProvider;
use memo_domain::{AuthorizationRequest, SocialProvider, Timestamp};
use memo_oidc::ProviderKind;
use serde_json::{Value, json};

use crate::{
    adapter::provider,
    fake::{self, Fake, NOW, REFRESH_TOKEN, Reply, Signed},
};

/// What can be wrong with an ID token or the user data.
const FORGERIES: &[&str] =
    &["signature", "algorithm", "no algorithm", "iss", "aud", "azp", "exp", "iat", "nonce", "sub of the user data"];

struct OpenId {
    kind: ProviderKind,
    fake: Arc<Fake>,
    provider: Arc<dyn SocialProvider>,
}

impl OpenId {
    fn reply_everywhere(&self, reply: &Reply) {
        for path in ["/.well-known/openid-configuration", "/keys", "/token", "/me"] {
            self.fake.behaviour().replies.insert(path, reply.clone());
        }
    }
}

impl TestProvider for OpenId {
    fn provider(&self) -> Arc<dyn SocialProvider> {
        self.provider.clone()
    }

    fn now(&self) -> Timestamp {
        fake::now()
    }

    fn approve(&self, request: &AuthorizationRequest, state: &str, redirect_uri: &str) -> String {
        self.fake.approve_request(request, state, redirect_uri)
    }

    fn allow_messages(&self, are_allowed: bool) -> bool {
        let scope = if are_allowed { "openid talk_message" } else { "openid account_email" };
        self.fake.behaviour().tokens = json!({"scope": scope, "refresh_token": REFRESH_TOKEN});
        self.kind == ProviderKind::Kakao
    }

    fn forgeries(&self) -> &'static [&'static str] {
        FORGERIES
    }

    fn forge(&self, forgery: &str) {
        let mut behaviour = self.fake.behaviour();
        behaviour.signed = match forgery {
            "signature" => Signed::OtherRsa,
            "algorithm" => Signed::Rsa(Algorithm::RS384),
            "no algorithm" => Signed::Unsigned,
            _ => Signed::Rsa(Algorithm::RS256),
        };
        behaviour.header = if forgery == "no algorithm" { json!({"alg": "none"}) } else { json!({}) };
        behaviour.claims = match forgery {
            "iss" => json!({"iss": "https://accounts.example"}),
            "aud" => json!({"aud": "another-client"}),
            "azp" => json!({"azp": "another-client"}),
            "exp" => json!({"exp": NOW - 1}),
            "iat" => json!({"iat": NOW + 61}),
            "nonce" => json!({"nonce": "another"}),
            // Without an address, the user data are read.
            "sub of the user data" => json!({"email": Value::Null}),
            _ => json!({}),
        };
        behaviour.user_info = json!({"sub": "somebody-else", "email": "alice@example.com"});
    }

    fn hang(&self) -> bool {
        self.reply_everywhere(&Reply::Hang);
        true
    }

    fn redirect(&self) -> bool {
        self.reply_everywhere(&Reply::Redirect);
        true
    }

    fn followed_redirects(&self) -> usize {
        self.fake.requests_to("/elsewhere")
    }
}

async fn of_kind(kind: ProviderKind) -> Option<Box<dyn TestProvider>> {
    let fake = Fake::start().await;
    // Enough for every response, and a hanging provider is given up soon.
    let provider = Arc::new(provider(fake.settings(kind)).0.within(Duration::from_secs(2)));
    Some(Box::new(OpenId { kind, fake, provider }))
}

mod open_id {
    use super::{ProviderKind, TestProvider, of_kind};

    async fn provider() -> Option<Box<dyn TestProvider>> {
        of_kind(ProviderKind::Oidc).await
    }

    memo_conformance::social_provider_tests!(provider);
}

mod kakao {
    use super::{ProviderKind, TestProvider, of_kind};

    async fn provider() -> Option<Box<dyn TestProvider>> {
        of_kind(ProviderKind::Kakao).await
    }

    memo_conformance::social_provider_tests!(provider);
}
