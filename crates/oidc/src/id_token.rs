//! Checking ID tokens.

use chrono::{DateTime, Utc};
use memo_domain::{ProviderError, Timestamp};
use openidconnect::{
    AdditionalClaims, ClaimsVerificationError, ClientId, IdToken, IdTokenClaims, IdTokenVerifier, IssuerUrl, Nonce,
    SignatureVerificationError,
    core::{CoreGenderClaim, CoreJweContentEncryptionAlgorithm, CoreJwsSigningAlgorithm},
};
use serde::{Deserialize, Serialize};

use super::{discovery::Discovered, quote, refused, settings::Plan};

/// How far the provider's clock may be ahead, in seconds. There is no leeway for `exp`: a token is used when it was issued.
const LEEWAY: i64 = 60;

/// Claims that `openidconnect` does not check.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Others {
    /// Not valid before. Not part of `OpenID` Connect, but some providers set it.
    nbf: Option<i64>,
}

impl AdditionalClaims for Others {}

/// The claims of an ID token.
pub type Claims = IdTokenClaims<Others, CoreGenderClaim>;

/// A parsed ID token, not checked yet.
pub struct Token(IdToken<Others, CoreGenderClaim, CoreJweContentEncryptionAlgorithm, CoreJwsSigningAlgorithm>);

/// Why a token is not accepted.
pub enum Fault {
    /// Its key is unknown: the provider may have new keys.
    UnknownKey,
    /// Anything else.
    Other(ProviderError),
}

impl Token {
    pub fn read(text: &str) -> Result<Self, ProviderError> {
        let read = text.parse().map(Self);
        // The error may contain parts of the token.
        read.map_err(|_: serde_json::Error| refused("the ID token cannot be parsed"))
    }

    /// Checks signature, algorithm, `iss`, `aud`, `azp`, `exp`, `iat`, `nbf` and `nonce`, and returns the claims.
    pub fn check(&self, plan: &Plan, known: &Discovered, nonce: &str, now: Timestamp) -> Result<Claims, Fault> {
        let fault = |text: &str| Fault::Other(refused(format!("the ID token is invalid: {text}")));
        let issuer = IssuerUrl::new(plan.issuer.clone()).map_err(|_| fault("the issuer is not a URL"))?;
        let seconds = now.as_secs();
        let present: DateTime<Utc> = DateTime::from_timestamp_secs(seconds).unwrap_or_default();
        // That of a public client, although there is a secret: no signature is checked with the secret (HS256).
        let verifier =
            IdTokenVerifier::new_public_client(ClientId::new(plan.client_id.clone()), issuer, known.keys.clone())
                .set_allowed_algs(known.algorithms.iter().cloned())
                .set_time_fn(move || present)
                .set_issue_time_verifier_fn(move |issued| {
                    let is_ahead = issued.timestamp() > seconds + LEEWAY;
                    if is_ahead { Err("it was issued in the future".into()) } else { Ok(()) }
                });
        let claims = self.0.claims(&verifier, &Nonce::new(nonce.to_owned())).map_err(|error| match error {
            ClaimsVerificationError::SignatureVerification(SignatureVerificationError::NoMatchingKey) => {
                Fault::UnknownKey
            }
            ClaimsVerificationError::SignatureVerification(error) => fault(&quote(&error.to_string())),
            error => fault(&quote(&error.to_string())),
        })?;
        // A token for another client that was passed on to this server.
        if claims.authorized_party().is_some_and(|party| party.as_str() != plan.client_id) {
            return Err(fault("it was issued to another client"));
        }
        if claims.additional_claims().nbf.is_some_and(|nbf| nbf > seconds + LEEWAY) {
            return Err(fault("it is not valid yet"));
        }
        Ok(claims.clone())
    }
}
