//! Discovery: a provider's endpoints, algorithms and keys.

use std::time::Duration;

use memo_domain::{ProviderError, Timestamp};
use openidconnect::core::{CoreJsonWebKeySet, CoreJwsSigningAlgorithm as Algorithm};
use serde::{Deserialize, de::DeserializeOwned};
use url::Url;

use super::{http::Http, quote, settings::Plan, unavailable};

/// How long a discovered document is used.
const TTL: Duration = Duration::from_hours(1);
/// Minimum interval between requests for the keys after an unknown key.
const REFRESH: Duration = Duration::from_secs(10);

/// The accepted signature algorithms of ID tokens: asymmetric ones, as only the provider has the private key.
const ALGORITHMS: &[(&str, Algorithm)] = &[
    ("RS256", Algorithm::RsaSsaPkcs1V15Sha256),
    ("RS384", Algorithm::RsaSsaPkcs1V15Sha384),
    ("RS512", Algorithm::RsaSsaPkcs1V15Sha512),
    ("PS256", Algorithm::RsaSsaPssSha256),
    ("PS384", Algorithm::RsaSsaPssSha384),
    ("PS512", Algorithm::RsaSsaPssSha512),
    ("ES256", Algorithm::EcdsaP256Sha256),
    ("ES384", Algorithm::EcdsaP384Sha384),
    ("EdDSA", Algorithm::EdDsa),
];

/// `OpenID` Connect Discovery 1.0, section 3. Providers omit much that is required there, so only what is needed here is
/// required.
#[derive(Deserialize)]
struct Document {
    issuer: String,
    authorization_endpoint: Option<String>,
    token_endpoint: Option<String>,
    userinfo_endpoint: Option<String>,
    jwks_uri: String,
    id_token_signing_alg_values_supported: Option<Vec<String>>,
    token_endpoint_auth_methods_supported: Option<Vec<String>>,
}

/// The discovered document and keys of a provider.
#[derive(Clone)]
pub struct Discovered {
    pub authorize: Url,
    pub token: Url,
    pub user_info: Option<Url>,
    /// Whether the client secret is sent in a header (Basic) instead of the form.
    pub is_basic: bool,
    pub algorithms: Vec<Algorithm>,
    pub keys: CoreJsonWebKeySet,
    keys_at: Url,
    requested_at: Timestamp,
    refreshed_at: Option<Timestamp>,
}

impl Discovered {
    /// Requests document and keys from the provider.
    pub async fn request(http: &Http, plan: &Plan, now: Timestamp) -> Result<Self, ProviderError> {
        let at = format!("{}/.well-known/openid-configuration", plan.issuer.trim_end_matches('/'));
        let at = Url::parse(&at).map_err(unavailable)?;
        let document: Document = json(http, &at).await?;
        if document.issuer != plan.issuer {
            let text = format!("{at} has another issuer: {}", quote(&document.issuer));
            return Err(unavailable(text));
        }
        let own = |own: &Option<Url>, found: Option<String>, name: &str| match (own, found) {
            (Some(own), _) => Ok(Some(own.clone())),
            (None, Some(found)) => endpoint(http, &found, name).map(Some),
            (None, None) => Ok(None),
        };
        let needed = |name: &str| unavailable(format!("{at} has no {name}"));
        let authorize = own(&plan.authorize, document.authorization_endpoint, "authorization_endpoint")?;
        let token = own(&plan.token, document.token_endpoint, "token_endpoint")?;
        let user_info = own(&plan.user_info, document.userinfo_endpoint, "userinfo_endpoint")?;
        let keys_at = endpoint(http, &document.jwks_uri, "jwks_uri")?;
        let algorithms = algorithms(document.id_token_signing_alg_values_supported.as_deref());
        if algorithms.is_empty() {
            return Err(unavailable(format!("{at} has no algorithm that is accepted here")));
        }
        let methods = document.token_endpoint_auth_methods_supported;
        Ok(Self {
            authorize: authorize.ok_or_else(|| needed("authorization_endpoint"))?,
            token: token.ok_or_else(|| needed("token_endpoint"))?,
            user_info,
            // The default is Basic.
            is_basic: methods.is_none_or(|methods| methods.iter().any(|method| method == "client_secret_basic")),
            algorithms,
            keys: json(http, &keys_at).await?,
            keys_at,
            requested_at: now,
            refreshed_at: None,
        })
    }

    /// Returns whether it may still be used. It is requested again if the clock went back.
    pub fn is_fresh(&self, now: Timestamp) -> bool {
        now >= self.requested_at && now.since(self.requested_at) < TTL
    }

    /// Requests the keys again, because one is unknown. Returns `false` if that was done a moment ago: clients must not be able
    /// to make this server a burden for the provider.
    pub async fn refresh(&mut self, http: &Http, now: Timestamp) -> Result<bool, ProviderError> {
        if self.refreshed_at.is_some_and(|at| now >= at && now.since(at) < REFRESH) {
            return Ok(false);
        }
        self.refreshed_at = Some(now);
        self.keys = json(http, &self.keys_at).await?;
        Ok(true)
    }
}

fn algorithms(named: Option<&[String]>) -> Vec<Algorithm> {
    let is_named = |name: &str| named.is_none_or(|named| named.iter().any(|other| other == name));
    ALGORITHMS.iter().filter(|(name, _)| is_named(name)).map(|(_, algorithm)| algorithm.clone()).collect()
}

fn endpoint(http: &Http, text: &str, name: &str) -> Result<Url, ProviderError> {
    let url = Url::parse(text).ok().filter(|url| http.may_call(url));
    url.ok_or_else(|| unavailable(format!("the {name} of the provider cannot be called: {}", quote(text))))
}

async fn json<T: DeserializeOwned>(http: &Http, url: &Url) -> Result<T, ProviderError> {
    let response = http.get(url, None).await.map_err(unavailable)?;
    if !response.status().is_success() {
        return Err(unavailable(format!("{url} responded with {}", response.status())));
    }
    let read = serde_json::from_slice(response.body());
    read.map_err(|error| unavailable(format!("the response of {url} cannot be parsed: {error}")))
}
