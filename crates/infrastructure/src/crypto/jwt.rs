//! Access tokens as JWT (RFC 9068), by the rules of RFC 8725.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use memo_domain::{AccessClaims, Scopes, Secret, SessionId, Source, Timestamp, TokenError, TokenSigner, UserId};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use uuid::Uuid;

/// The type of an access token, so that no other JWT passes for one (RFC 9068, section 2.1).
const TYPE: &str = "at+jwt";

/// How far the clocks of two nodes may differ, in seconds.
const LEEWAY: i64 = 5;

/// Signs with HMAC-SHA-256.
pub struct JwtSigner {
    issuer: String,
    audience: String,
    header: Header,
    signing: EncodingKey,
    verifying: Vec<(String, DecodingKey)>,
    validation: Validation,
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
    /// For tokens that `issuer` gives for the API of the same URL. The first key signs, all of them verify; `None` where
    /// there is no key.
    #[must_use]
    pub fn hs256(issuer: &str, keys: &[Secret]) -> Option<Self> {
        let audience = format!("{issuer}/api/v1");
        let mut validation = Validation::new(Algorithm::HS256);
        validation.set_issuer(&[issuer]);
        validation.set_audience(&[&audience]);
        validation.set_required_spec_claims(&["iss", "aud", "sub", "exp", "nbf"]);
        // Time is checked below, by the clock that all else goes by.
        validation.validate_exp = false;
        validation.validate_nbf = false;
        let signing = EncodingKey::from_secret(keys.first()?.expose());
        let verifying: Vec<_> = keys.iter().map(|key| (key_id(key), DecodingKey::from_secret(key.expose()))).collect();
        let mut header = Header::new(Algorithm::HS256);
        header.typ = Some(TYPE.into());
        header.kid = verifying.first().map(|(id, _)| id.clone());
        Some(Self { issuer: issuer.to_owned(), audience, header, signing, verifying, validation })
    }

    fn decode(&self, token: &str) -> Option<Claims> {
        // What the header says picks one of our own keys, and nothing else: no algorithm, no address, no key of its own.
        let header = jsonwebtoken::decode_header(token).ok()?;
        if header.typ.as_deref() != Some(TYPE) || header.crit.is_some() {
            return None;
        }
        let id = header.kid?;
        let (_, key) = self.verifying.iter().find(|(known, _)| *known == id)?;
        Some(jsonwebtoken::decode::<Claims>(token, key, &self.validation).ok()?.claims)
    }
}

/// Names a key without telling anything of it.
fn key_id(key: &Secret) -> String {
    let digest = Sha256::new_with_prefix(b"memo key id").chain_update(key.expose()).finalize();
    URL_SAFE_NO_PAD.encode(&digest[..9])
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
        let claims = self.decode(token).ok_or(TokenError::Invalid)?;
        let now = now.as_secs();
        if claims.nbf > now + LEEWAY || claims.iat > now + LEEWAY {
            return Err(TokenError::Invalid);
        }
        if claims.exp.saturating_add(LEEWAY) <= now {
            return Err(TokenError::Expired);
        }
        let time = |secs: i64| Timestamp::from_micros(secs.saturating_mul(1_000_000));
        Ok(AccessClaims {
            id: Uuid::parse_str(&claims.jti).map_err(|_| TokenError::Invalid)?,
            user_id: UserId::parse(&claims.sub).map_err(|_| TokenError::Invalid)?,
            session_id: SessionId::parse(&claims.sid).map_err(|_| TokenError::Invalid)?,
            scopes: Scopes::parse(&claims.scope).map_err(|_| TokenError::Invalid)?,
            issued_at: time(claims.iat),
            expires_at: time(claims.exp),
        })
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serde_json::{Value, json};

    use super::*;

    const ISSUER: &str = "https://memo.example";
    const KEY: Secret = Secret::new([7; 32]);

    fn signer() -> JwtSigner {
        JwtSigner::hs256(ISSUER, &[KEY]).expect("a key")
    }

    fn now() -> Timestamp {
        Timestamp::from_micros(1_800_000_000_000_000)
    }

    fn claims() -> AccessClaims {
        let id = "0198c0de-7f00-7000-8000-00000000000a";
        AccessClaims {
            id: Uuid::parse_str(id).expect("an id"),
            user_id: UserId::parse(id).expect("an id"),
            session_id: SessionId::parse(id).expect("an id"),
            scopes: Scopes::all(),
            issued_at: now(),
            expires_at: now() + Duration::from_mins(15),
        }
    }

    /// A token whose header and claims are changed before it is signed with the right key.
    fn forged(change: impl Fn(&mut Value, &mut Value)) -> String {
        let token = signer().sign(&claims()).expect("signed");
        let parts: Vec<_> = token.split('.').map(|part| URL_SAFE_NO_PAD.decode(part).expect("base64url")).collect();
        let mut header: Value = serde_json::from_slice(&parts[0]).expect("a header");
        let mut body: Value = serde_json::from_slice(&parts[1]).expect("claims");
        change(&mut header, &mut body);
        let signed = format!("{}.{}", encode(&header), encode(&body));
        let key = EncodingKey::from_secret(KEY.expose());
        let signature = jsonwebtoken::crypto::sign(signed.as_bytes(), &key, Algorithm::HS256).expect("signed");
        format!("{signed}.{signature}")
    }

    fn encode(value: &Value) -> String {
        URL_SAFE_NO_PAD.encode(value.to_string())
    }

    #[test]
    fn a_token_reads_back() {
        let token = signer().sign(&claims()).expect("signed");
        assert_eq!(signer().verify(&token, now()).expect("valid"), claims());
        assert!(signer().verify(&forged(|_, _| {}), now()).is_ok(), "the forge itself works");
    }

    type Change = fn(&mut Value, &mut Value);

    #[test]
    fn what_is_not_exactly_ours_is_invalid() {
        let changes: [(&str, Change); 14] = [
            ("type", |header, _| header["typ"] = json!("JWT")),
            ("no type", |header, _| drop(header.as_object_mut().expect("an object").remove("typ"))),
            ("alg none", |header, _| header["alg"] = json!("none")),
            ("other alg", |header, _| header["alg"] = json!("HS512")),
            ("unknown kid", |header, _| header["kid"] = json!("../../etc/passwd")),
            ("no kid", |header, _| drop(header.as_object_mut().expect("an object").remove("kid"))),
            ("crit", |header, _| header["crit"] = json!(["exp"])),
            ("issuer", |_, claims| claims["iss"] = json!("https://evil.example")),
            ("audience", |_, claims| claims["aud"] = json!("https://memo.example/api/v2")),
            ("no audience", |_, claims| drop(claims.as_object_mut().expect("an object").remove("aud"))),
            ("no expiry", |_, claims| drop(claims.as_object_mut().expect("an object").remove("exp"))),
            ("no nbf", |_, claims| drop(claims.as_object_mut().expect("an object").remove("nbf"))),
            ("subject", |_, claims| claims["sub"] = json!("admin")),
            ("scope", |_, claims| claims["scope"] = json!("everything")),
        ];
        for (name, change) in changes {
            assert!(matches!(signer().verify(&forged(change), now()), Err(TokenError::Invalid)), "{name}");
        }
    }

    #[test]
    fn a_wrong_signature_is_invalid() {
        let other = JwtSigner::hs256(ISSUER, &[Secret::new([8; 32])]).expect("a key");
        let token = other.sign(&claims()).expect("signed");
        assert!(matches!(signer().verify(&token, now()), Err(TokenError::Invalid)));
        let token = signer().sign(&claims()).expect("signed");
        let unsigned = token.rsplit_once('.').expect("three parts").0;
        for forged in [format!("{unsigned}."), unsigned.to_owned(), String::new(), "a.b.c".to_owned()] {
            assert!(matches!(signer().verify(&forged, now()), Err(TokenError::Invalid)), "{forged}");
        }
    }

    #[test]
    fn time_is_kept_within_five_seconds() {
        let token = signer().sign(&claims()).expect("signed");
        let end = claims().expires_at;
        assert!(signer().verify(&token, end + Duration::from_secs(4)).is_ok());
        assert!(matches!(signer().verify(&token, end + Duration::from_secs(5)), Err(TokenError::Expired)));
        let before = |secs: i64| Timestamp::from_micros(now().as_micros() - secs * 1_000_000);
        assert!(signer().verify(&token, before(5)).is_ok());
        assert!(matches!(signer().verify(&token, before(6)), Err(TokenError::Invalid)));
    }

    #[test]
    fn no_time_is_too_great() {
        for (end, is_valid) in [(i64::MAX, true), (i64::MIN, false)] {
            let token = forged(|_, claims| claims["exp"] = json!(end));
            assert_eq!(signer().verify(&token, now()).is_ok(), is_valid, "{end}");
        }
        let token = forged(|_, claims| claims["nbf"] = json!(i64::MAX));
        assert!(matches!(signer().verify(&token, now()), Err(TokenError::Invalid)));
    }

    #[test]
    fn an_older_key_still_verifies() {
        let token = signer().sign(&claims()).expect("signed");
        let rotated = JwtSigner::hs256(ISSUER, &[Secret::new([9; 32]), KEY]).expect("keys");
        assert!(rotated.verify(&token, now()).is_ok());
    }
}
