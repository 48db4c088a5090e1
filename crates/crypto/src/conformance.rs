//! The adapters of this crate in the suites of their ports.

use std::sync::Arc;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use ed25519_dalek::{SigningKey, pkcs8::EncodePrivateKey};
use jsonwebtoken::{Algorithm, EncodingKey};
use memo_conformance::TestSigners;
use memo_domain::{AccessClaims, OneTimeCodes, PasswordHasher, Sealer, Secret, TokenSigner};
use memo_memory::SequentialSecrets;
use serde_json::{Value, json};

use crate::{AeadSealer, BcryptHasher, BcryptSettings, JwtSigner, Totp};

const ISSUER: &str = "https://memo.example";

async fn bcrypt() -> Option<Arc<dyn PasswordHasher>> {
    let settings = BcryptSettings { cost: 4, threads: 1, queue: 64 };
    let peppers = vec![Secret::new([1; 32]), Secret::new([2; 32])];
    Some(Arc::new(BcryptHasher::new(settings, peppers, Arc::new(SequentialSecrets::new()))))
}

memo_conformance::password_hasher_tests!(bcrypt);

async fn aead() -> Option<[Arc<dyn Sealer>; 2]> {
    let secrets = Arc::new(SequentialSecrets::new());
    let sealer = |byte| {
        let sealer = AeadSealer::new(&[Secret::new([byte; 32])], secrets.clone()).expect("a key");
        Arc::new(sealer) as Arc<dyn Sealer>
    };
    Some([1, 2].map(sealer))
}

memo_conformance::sealer_tests!(aead);

async fn totp() -> Option<Arc<dyn OneTimeCodes>> {
    Some(Arc::new(Totp::new("memo")))
}

memo_conformance::one_time_codes_tests!(totp);

/// Signers of one algorithm.
#[derive(Clone, Copy)]
struct Signers {
    algorithm: Algorithm,
    signer: fn(&str, &[Secret]) -> Option<JwtSigner>,
    key: fn(&Secret) -> EncodingKey,
    /// A key and an algorithm that a careless verifier would accept.
    confused: fn(&Secret) -> (EncodingKey, Algorithm),
}

impl Signers {
    const HS256: Self = Self {
        algorithm: Algorithm::HS256,
        signer: JwtSigner::hs256,
        key: |key| EncodingKey::from_secret(key.expose()),
        confused: |key| (EncodingKey::from_secret(key.expose()), Algorithm::HS512),
    };
    const EDDSA: Self = Self {
        algorithm: Algorithm::EdDSA,
        signer: JwtSigner::eddsa,
        key: |key| {
            let key = SigningKey::from_bytes(key.expose()).to_pkcs8_der().expect("a key");
            EncodingKey::from_ed_der(key.as_bytes())
        },
        confused: |key| {
            let public = SigningKey::from_bytes(key.expose()).verifying_key().to_bytes();
            (EncodingKey::from_secret(&public), Algorithm::HS256)
        },
    };
}

impl TestSigners for Signers {
    fn signer(&self, keys: &[Secret]) -> Arc<dyn TokenSigner> {
        Arc::new((self.signer)(ISSUER, keys).expect("a key"))
    }

    fn foreign(&self, key: &Secret, claims: &AccessClaims) -> Vec<(&'static str, String)> {
        let token = self.signer(std::slice::from_ref(key)).sign(claims).expect("signed");
        let part = |part: &str| -> Value {
            serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).expect("base64url")).expect("JSON")
        };
        let mut parts = token.split('.');
        let (header, claims) = (part(parts.next().expect("a header")), part(parts.next().expect("claims")));
        let encode = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let forge = |header: &Value, claims: &Value, key: &EncodingKey, algorithm| {
            let signed = format!("{}.{}", encode(header), encode(claims));
            let signature = jsonwebtoken::crypto::sign(signed.as_bytes(), key, algorithm).expect("signed");
            format!("{signed}.{signature}")
        };
        let with = |value: &Value, name: &str, text: &str| {
            let mut value = value.clone();
            value[name] = json!(text);
            value
        };
        let signed = |header: Value, claims: Value| forge(&header, &claims, &(self.key)(key), self.algorithm);
        assert!(self.signer(std::slice::from_ref(key)).verify(&signed(header.clone(), claims.clone()), time()).is_ok());
        let (confused, algorithm) = (self.confused)(key);
        let confused_header = with(&header, "alg", &format!("{algorithm:?}"));
        vec![
            ("algorithm", forge(&confused_header, &claims, &confused, algorithm)),
            ("algorithm", format!("{}.{}.", encode(&with(&header, "alg", "none")), encode(&claims))),
            ("type", signed(with(&header, "typ", "JWT"), claims.clone())),
            ("key", signed(with(&header, "kid", "another"), claims.clone())),
            ("issuer", signed(header.clone(), with(&claims, "iss", "https://evil.example"))),
            ("audience", signed(header.clone(), with(&claims, "aud", "https://memo.example/api/v2"))),
            ("subject", signed(header, with(&claims, "sub", "admin"))),
        ]
    }
}

/// The time at which the suite verifies.
fn time() -> memo_domain::Timestamp {
    memo_domain::Timestamp::from_micros(1_800_000_000_000_000)
}

mod hs256 {
    use super::{Signers, TestSigners};

    async fn signers() -> Option<Box<dyn TestSigners>> {
        Some(Box::new(Signers::HS256))
    }

    memo_conformance::token_signer_tests!(signers);
}

mod eddsa {
    use super::{Signers, TestSigners};

    async fn signers() -> Option<Box<dyn TestSigners>> {
        Some(Box::new(Signers::EDDSA))
    }

    memo_conformance::token_signer_tests!(signers);
}
