//! Access tokens as JWT (RFC 9068), following RFC 8725.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use ed25519_dalek::{SigningKey, pkcs8::EncodePrivateKey};
use hkdf::Hkdf;
use hmac::{Hmac, KeyInit, Mac};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use memo_domain::{
    AccessClaims, PublicKey, Scopes, Secret, SessionId, Source, Timestamp, TokenError, TokenSigner, UserId,
};
use quick_cache::sync::Cache;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use uuid::Uuid;

/// The type of an access token, so that no other JWT is taken for one (RFC 9068, section 2.1).
const TYPE: &str = "at+jwt";

/// How far the clocks of two nodes may differ, in seconds.
const LEEWAY: i64 = 5;

/// The purpose of the keys that refresh tokens are derived with, so that they reveal nothing about those that sign.
const SUCCESSORS: &[u8] = b"memo refresh tokens, HMAC-SHA-256, form 1";

/// How many verified tokens are remembered; the least used make room.
const CAPACITY: usize = 10_000;

/// Signs access tokens with HMAC-SHA-256 or Ed25519.
///
/// A token whose signature was verified is remembered by its SHA-256, until it expires at most: only its times are checked again.
pub struct JwtSigner {
    issuer: String,
    audience: String,
    header: Header,
    signing: EncodingKey,
    verifying: Vec<(String, DecodingKey)>,
    public: Vec<PublicKey>,
    /// One for each key: derives refresh tokens.
    successors: Vec<Hmac<Sha256>>,
    validation: Validation,
    verified: Cache<[u8; 32], Verified>,
}

/// A token with a valid signature and valid claims, apart from its times.
#[derive(Clone)]
struct Verified {
    claims: AccessClaims,
    iat: i64,
    nbf: i64,
    exp: i64,
}

#[derive(Serialize, Deserialize)]
struct Claims {
    iss: String,
    aud: String,
    sub: String,
    sid: String,
    scope: String,
    iat: i64,
    nbf: i64,
    exp: i64,
    jti: String,
}

impl JwtSigner {
    /// Returns a signer with HMAC-SHA-256, for tokens that `issuer` issues for the API at the same URL. The first key signs, all
    /// of them verify. `None` without a key.
    #[must_use]
    pub fn hs256(issuer: &str, keys: &[Secret]) -> Option<Self> {
        let signing = EncodingKey::from_secret(keys.first()?.expose());
        let verifying = keys.iter().map(|key| (key_id(key), DecodingKey::from_secret(key.expose()))).collect();
        Some(Self { successors: successors(keys)?, ..Self::new(issuer, Algorithm::HS256, signing, verifying) })
    }

    /// Like [`hs256`](Self::hs256), with Ed25519 (RFC 8037). Each secret is the seed of a private key.
    #[must_use]
    pub fn eddsa(issuer: &str, keys: &[Secret]) -> Option<Self> {
        let successors = successors(keys)?;
        let keys: Vec<_> = keys.iter().map(|key| SigningKey::from_bytes(key.expose())).collect();
        let signing = EncodingKey::from_ed_der(keys.first()?.to_pkcs8_der().ok()?.as_bytes());
        let public: Vec<_> = keys.iter().map(|key| public_key(key.verifying_key().to_bytes())).collect();
        let verifying = public.iter().map(|key| (key.id.clone(), DecodingKey::from_ed_der(&key.point))).collect();
        Some(Self { public, successors, ..Self::new(issuer, Algorithm::EdDSA, signing, verifying) })
    }

    fn new(issuer: &str, algorithm: Algorithm, signing: EncodingKey, verifying: Vec<(String, DecodingKey)>) -> Self {
        let audience = format!("{issuer}/api/v1");
        let mut validation = Validation::new(algorithm);
        validation.set_issuer(&[issuer]);
        validation.set_audience(&[&audience]);
        validation.set_required_spec_claims(&["iss", "aud", "sub", "exp", "nbf"]);
        // Times are checked below, by the clock of the port.
        validation.validate_exp = false;
        validation.validate_nbf = false;
        let mut header = Header::new(algorithm);
        header.typ = Some(TYPE.into());
        header.kid = verifying.first().map(|(id, _)| id.clone());
        let issuer = issuer.to_owned();
        let verified = Cache::new(CAPACITY);
        let (public, successors) = (Vec::new(), Vec::new());
        Self { issuer, audience, header, signing, verifying, public, successors, validation, verified }
    }

    fn decode(&self, token: &str) -> Option<Claims> {
        // The header only selects one of our own keys: no algorithm, no URL, no embedded key.
        let header = jsonwebtoken::decode_header(token).ok()?;
        if header.typ.as_deref() != Some(TYPE) || header.crit.is_some() {
            return None;
        }
        let id = header.kid?;
        let (_, key) = self.verifying.iter().find(|(known, _)| *known == id)?;
        Some(jsonwebtoken::decode::<Claims>(token, key, &self.validation).ok()?.claims)
    }
}

impl Verified {
    /// `None` if an id or the scopes are malformed.
    fn new(claims: &Claims) -> Option<Self> {
        let time = |secs: i64| Timestamp::from_micros(secs.saturating_mul(1_000_000));
        let (iat, nbf, exp) = (claims.iat, claims.nbf, claims.exp);
        let claims = AccessClaims {
            id: Uuid::parse_str(&claims.jti).ok()?,
            user_id: UserId::parse(&claims.sub).ok()?,
            session_id: SessionId::parse(&claims.sid).ok()?,
            scopes: Scopes::parse(&claims.scope).ok()?,
            issued_at: time(iat),
            expires_at: time(exp),
        };
        Some(Self { claims, iat, nbf, exp })
    }
}

/// Returns a key for refresh tokens for each of these, derived by HKDF-SHA-256.
fn successors(keys: &[Secret]) -> Option<Vec<Hmac<Sha256>>> {
    let derive = |key: &Secret| {
        let mut derived = [0; 32];
        Hkdf::<Sha256>::new(None, key.expose()).expand(SUCCESSORS, &mut derived).ok()?;
        Hmac::new_from_slice(&derived).ok()
    };
    keys.iter().map(derive).collect()
}

/// Returns an id of a key that reveals nothing about it.
fn key_id(key: &Secret) -> String {
    let digest = Sha256::new_with_prefix(b"memo key id").chain_update(key.expose()).finalize();
    URL_SAFE_NO_PAD.encode(&digest[..9])
}

/// Returns a public key with its thumbprint as id (RFC 7638): fields in this order, without white space.
fn public_key(point: [u8; 32]) -> PublicKey {
    let key = format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{}"}}"#, URL_SAFE_NO_PAD.encode(point));
    PublicKey { id: URL_SAFE_NO_PAD.encode(Sha256::digest(key)), point }
}

impl TokenSigner for JwtSigner {
    fn sign(&self, claims: &AccessClaims) -> Result<String, Source> {
        let claims = Claims {
            iss: self.issuer.clone(),
            aud: self.audience.clone(),
            sub: claims.user_id.to_string(),
            sid: claims.session_id.to_string(),
            scope: claims.scopes.to_string(),
            iat: claims.issued_at.as_secs(),
            nbf: claims.issued_at.as_secs(),
            exp: claims.expires_at.as_secs(),
            jti: claims.id.to_string(),
        };
        Ok(jsonwebtoken::encode(&self.header, &claims, &self.signing)?)
    }

    fn verify(&self, token: &str, now: Timestamp) -> Result<AccessClaims, TokenError> {
        // A hash without collisions: a forged token must not be taken for a verified one.
        let digest = Sha256::digest(token).into();
        let known = self.verified.get(&digest);
        let is_known = known.is_some();
        let token = known.or_else(|| Verified::new(&self.decode(token)?)).ok_or(TokenError::Invalid)?;
        let now = now.as_secs();
        if token.nbf > now + LEEWAY || token.iat > now + LEEWAY {
            return Err(TokenError::Invalid);
        }
        if token.exp.saturating_add(LEEWAY) <= now {
            self.verified.remove(&digest);
            return Err(TokenError::Expired { session_id: token.claims.session_id });
        }
        if !is_known {
            self.verified.insert(digest, token.clone());
        }
        Ok(token.claims)
    }

    fn public_keys(&self) -> &[PublicKey] {
        &self.public
    }

    fn successors(&self, refresh_token: &Secret) -> Vec<Secret> {
        let derive =
            |key: &Hmac<Sha256>| key.clone().chain_update(refresh_token.expose()).finalize().into_bytes().into();
        self.successors.iter().map(derive).map(Secret::new).collect()
    }
}

#[cfg(test)]
mod tests;
