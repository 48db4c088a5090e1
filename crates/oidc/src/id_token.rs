//! ID tokens, checked whole.

use chrono::{DateTime, Utc};
use memo_domain::{ProviderError, Timestamp};
use openidconnect::{
    AdditionalClaims, ClaimsVerificationError, ClientId, IdToken, IdTokenClaims, IdTokenVerifier, IssuerUrl, Nonce,
    SignatureVerificationError,
    core::{CoreGenderClaim, CoreJweContentEncryptionAlgorithm, CoreJwsSigningAlgorithm},
};
use serde::{Deserialize, Serialize};

use super::{discovery::Discovered, refused, said, settings::Plan};

/// How far the clock of a provider may be ahead, in seconds. Nothing is given at the end: a token is read when it was made.
const AHEAD: i64 = 60;

/// What an ID token may say that the crate does not look at.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Others {
    /// Not valid before; nothing of `OpenID` Connect, but some have it.
    nbf: Option<i64>,
}

impl AdditionalClaims for Others {}

/// What an ID token says.
pub type Claims = IdTokenClaims<Others, CoreGenderClaim>;

/// An ID token that was read, and not checked yet.
pub struct Token(IdToken<Others, CoreGenderClaim, CoreJweContentEncryptionAlgorithm, CoreJwsSigningAlgorithm>);

/// Why a token does not hold.
pub enum Fault {
    /// It is signed with a key that is not known: there may be new ones.
    UnknownKey,
    /// Anything else.
    Other(ProviderError),
}

impl Token {
    pub fn read(text: &str) -> Result<Self, ProviderError> {
        let read = text.parse().map(Self);
        // The error may show parts of it.
        read.map_err(|_: serde_json::Error| refused("the ID token can't be read"))
    }

    /// What it says, where it holds: signature, `iss`, `aud`, `azp`, `exp`, `iat`, `nbf`, `nonce`, and the algorithm.
    pub fn check(&self, plan: &Plan, known: &Discovered, nonce: &str, now: Timestamp) -> Result<Claims, Fault> {
        let fault = |text: &str| Fault::Other(refused(format!("the ID token does not hold: {text}")));
        let issuer = IssuerUrl::new(plan.issuer.clone()).map_err(|_| fault("the issuer is no address"))?;
        let seconds = now.as_secs();
        let present: DateTime<Utc> = DateTime::from_timestamp_secs(seconds).unwrap_or_default();
        // A public client's, though there is a secret: nothing is ever checked by it, as HS256 would.
        let verifier =
            IdTokenVerifier::new_public_client(ClientId::new(plan.client_id.clone()), issuer, known.keys.clone())
                .set_allowed_algs(known.algorithms.iter().cloned())
                .set_time_fn(move || present)
                .set_issue_time_verifier_fn(move |issued| {
                    let is_ahead = issued.timestamp() > seconds + AHEAD;
                    if is_ahead { Err("it was issued in the future".into()) } else { Ok(()) }
                });
        let claims = self.0.claims(&verifier, &Nonce::new(nonce.to_owned())).map_err(|error| match error {
            ClaimsVerificationError::SignatureVerification(SignatureVerificationError::NoMatchingKey) => {
                Fault::UnknownKey
            }
            ClaimsVerificationError::SignatureVerification(error) => fault(&said(&error.to_string())),
            error => fault(&said(&error.to_string())),
        })?;
        // It is for somebody else, who gave it to this server.
        if claims.authorized_party().is_some_and(|party| party.as_str() != plan.client_id) {
            return Err(fault("it was issued to another client"));
        }
        if claims.additional_claims().nbf.is_some_and(|nbf| nbf > seconds + AHEAD) {
            return Err(fault("it is not valid yet"));
        }
        Ok(claims.clone())
    }
}
