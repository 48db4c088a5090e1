use std::time::Duration;

use serde_json::{Value, json};

use super::*;

const ISSUER: &str = "https://memo.example";
const KEY: Secret = Secret::new([7; 32]);

/// An algorithm, with [`KEY`] as its key.
struct Kind {
    algorithm: Algorithm,
    signer: fn(&[Secret]) -> Option<JwtSigner>,
    key: EncodingKey,
}

fn kinds() -> [Kind; 2] {
    let pkcs8 = SigningKey::from_bytes(KEY.expose()).to_pkcs8_der().expect("a key");
    [
        Kind {
            algorithm: Algorithm::HS256,
            signer: |keys| JwtSigner::hs256(ISSUER, keys),
            key: EncodingKey::from_secret(KEY.expose()),
        },
        Kind {
            algorithm: Algorithm::EdDSA,
            signer: |keys| JwtSigner::eddsa(ISSUER, keys),
            key: EncodingKey::from_ed_der(pkcs8.as_bytes()),
        },
    ]
}

impl Kind {
    fn signer(&self) -> JwtSigner {
        self.signer_of(&[KEY])
    }

    fn signer_of(&self, keys: &[Secret]) -> JwtSigner {
        (self.signer)(keys).expect("keys")
    }

    fn token(&self) -> String {
        self.signer().sign(&claims()).expect("signed")
    }

    /// Returns a token whose header and claims were changed before it was signed with the right key.
    fn forged(&self, change: impl Fn(&mut Value, &mut Value)) -> String {
        self.forged_with(&self.key, self.algorithm, change)
    }

    /// Like [`forged`](Self::forged), signed with another key or algorithm.
    fn forged_with(&self, key: &EncodingKey, algorithm: Algorithm, change: impl Fn(&mut Value, &mut Value)) -> String {
        let token = self.token();
        let parts: Vec<_> = token.split('.').map(|part| URL_SAFE_NO_PAD.decode(part).expect("base64url")).collect();
        let mut header: Value = serde_json::from_slice(&parts[0]).expect("a header");
        let mut body: Value = serde_json::from_slice(&parts[1]).expect("claims");
        change(&mut header, &mut body);
        let signed = format!("{}.{}", encode(&header), encode(&body));
        let signature = jsonwebtoken::crypto::sign(signed.as_bytes(), key, algorithm).expect("signed");
        format!("{signed}.{signature}")
    }

    #[track_caller]
    fn refuses(&self, token: &str, what: &str) {
        let verified = self.signer().verify(token, now());
        assert!(matches!(verified, Err(TokenError::Invalid)), "{:?}: {what}", self.algorithm);
    }
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

fn encode(value: &Value) -> String {
    URL_SAFE_NO_PAD.encode(value.to_string())
}

#[test]
fn a_token_reads_back() {
    for kind in kinds() {
        assert_eq!(kind.signer().verify(&kind.token(), now()).expect("valid"), claims());
        assert!(kind.signer().verify(&kind.forged(|_, _| {}), now()).is_ok(), "an unchanged token is valid");
        assert!((kind.signer)(&[]).is_none(), "no signer without a key");
    }
}

type Change = fn(&mut Value, &mut Value);

#[test]
fn a_token_with_another_header_or_other_claims_is_invalid() {
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
    for kind in kinds() {
        for (name, change) in changes {
            kind.refuses(&kind.forged(change), name);
        }
    }
}

#[test]
fn a_wrong_signature_is_invalid() {
    for kind in kinds() {
        let other = kind.signer_of(&[Secret::new([8; 32])]);
        kind.refuses(&other.sign(&claims()).expect("signed"), "another key");
        let token = kind.token();
        let (unsigned, signature) = token.rsplit_once('.').expect("three parts");
        let short = &signature[..signature.len() / 2];
        for forged in [
            format!("{unsigned}."),
            format!("{unsigned}.{short}"),
            unsigned.to_owned(),
            String::new(),
            "a.b.c".to_owned(),
        ] {
            kind.refuses(&forged, &forged);
        }
    }
}

#[test]
fn a_token_of_the_other_algorithm_is_invalid() {
    let [hs256, eddsa] = kinds();
    let [shared, signed] = [&hs256, &eddsa].map(|kind| kind.signer().verifying[0].0.clone());
    hs256.refuses(&eddsa.token(), "unchanged");
    eddsa.refuses(&hs256.token(), "unchanged");
    // With the key id that is known there.
    hs256.refuses(&eddsa.forged(|header, _| header["kid"] = json!(shared)), "with the known key id");
    eddsa.refuses(&hs256.forged(|header, _| header["kid"] = json!(signed)), "with the known key id");
    // And with the algorithm that is known there, signed with the other one.
    let renamed = |alg: &'static str, kid: String| {
        move |header: &mut Value, _: &mut Value| {
            header["alg"] = json!(alg);
            header["kid"] = json!(kid);
        }
    };
    hs256.refuses(&eddsa.forged(renamed("HS256", shared)), "with the known algorithm and key id");
    eddsa.refuses(&hs256.forged(renamed("EdDSA", signed)), "with the known algorithm and key id");
}

#[test]
fn a_public_key_is_not_accepted_as_a_shared_secret() {
    let [_, eddsa] = kinds();
    let PublicKey { id, point } = eddsa.signer().public_keys()[0].clone();
    let spki = [&[0x30, 0x2a, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 3, 0x21, 0][..], &point].concat();
    let x = URL_SAFE_NO_PAD.encode(point);
    let base64 = base64::engine::general_purpose::STANDARD.encode(&spki);
    let pem = format!("-----BEGIN PUBLIC KEY-----\n{base64}\n-----END PUBLIC KEY-----");
    let pem_and_newline = format!("{pem}\n");
    for secret in [&point[..], &spki, x.as_bytes(), pem.as_bytes(), pem_and_newline.as_bytes(), id.as_bytes(), b""] {
        let key = EncodingKey::from_secret(secret);
        for algorithm in [Algorithm::HS256, Algorithm::HS384, Algorithm::HS512] {
            let token = eddsa.forged_with(&key, algorithm, |header, _| header["alg"] = json!(algorithm));
            eddsa.refuses(&token, "a shared secret");
            eddsa.refuses(
                &eddsa.forged_with(&key, algorithm, |_, _| {}),
                "a shared secret, with another algorithm in the header",
            );
        }
    }
}

#[test]
fn times_have_a_leeway_of_five_seconds() {
    for kind in kinds() {
        let (signer, token) = (kind.signer(), kind.token());
        let end = claims().expires_at;
        assert!(signer.verify(&token, end + Duration::from_secs(4)).is_ok());
        assert!(matches!(signer.verify(&token, end + Duration::from_secs(5)), Err(TokenError::Expired { .. })));
        let before = |secs: i64| Timestamp::from_micros(now().as_micros() - secs * 1_000_000);
        assert!(signer.verify(&token, before(5)).is_ok());
        assert!(matches!(signer.verify(&token, before(6)), Err(TokenError::Invalid)));
    }
}

#[test]
fn a_remembered_token_is_refused_outside_its_times() {
    for kind in kinds() {
        let (signer, token) = (kind.signer(), kind.token());
        assert!(signer.verify(&token, now()).is_ok());
        assert_eq!(signer.verified.len(), 1);
        assert_eq!(signer.verify(&token, now()).expect("valid"), claims(), "from memory");
        assert!(matches!(signer.verify(&token, now() - Duration::from_secs(6)), Err(TokenError::Invalid)));
        let end = claims().expires_at + Duration::from_secs(5);
        assert!(
            matches!(signer.verify(&token, end), Err(TokenError::Expired { session_id }) if session_id == claims().session_id)
        );
        assert!(signer.verified.is_empty(), "an expired token is forgotten");
    }
}

#[test]
fn a_remembered_token_with_a_changed_byte_is_invalid() {
    for kind in kinds() {
        let (signer, token) = (kind.signer(), kind.token());
        assert!(signer.verify(&token, now()).is_ok());
        for at in 0..token.len() {
            let mut changed = token.clone().into_bytes();
            changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(changed).expect("ASCII");
            assert!(matches!(signer.verify(&changed, now()), Err(TokenError::Invalid)), "byte {at}");
        }
        assert_eq!(signer.verified.len(), 1, "an invalid token is not remembered");
    }
}

#[test]
fn a_bounded_number_of_tokens_is_remembered() {
    let [kind, _] = kinds();
    let signer = kind.signer();
    for id in 0..=CAPACITY + 100 {
        let token = signer.sign(&AccessClaims { id: Uuid::from_u128(id as u128), ..claims() }).expect("signed");
        assert!(signer.verify(&token, now()).is_ok());
    }
    assert!(signer.verified.len() <= CAPACITY);
}

#[test]
fn extreme_times_do_not_overflow() {
    for kind in kinds() {
        for (end, is_valid) in [(i64::MAX, true), (i64::MIN, false)] {
            let token = kind.forged(|_, claims| claims["exp"] = json!(end));
            assert_eq!(kind.signer().verify(&token, now()).is_ok(), is_valid, "{end}");
        }
        kind.refuses(&kind.forged(|_, claims| claims["nbf"] = json!(i64::MAX)), "not yet");
    }
}

#[test]
fn an_older_key_verifies_and_the_first_key_signs() {
    for kind in kinds() {
        let new = Secret::new([9; 32]);
        let rotated = kind.signer_of(&[new.clone(), KEY]);
        assert!(rotated.verify(&kind.token(), now()).is_ok());
        let token = rotated.sign(&claims()).expect("signed");
        assert!(kind.signer_of(&[new]).verify(&token, now()).is_ok());
        kind.refuses(&token, "a new key that this node does not have");
    }
}

#[test]
fn public_keys_are_those_that_verify_and_contain_no_secret() {
    let keys = [Secret::new([9; 32]), KEY];
    let [hs256, eddsa] = kinds().map(|kind| kind.signer_of(&keys));
    assert_eq!(hs256.public_keys(), []);
    let ids: Vec<_> = eddsa.public_keys().iter().map(|key| &key.id).collect();
    assert_eq!(ids, eddsa.verifying.iter().map(|(id, _)| id).collect::<Vec<_>>());
    assert_eq!(eddsa.header.kid.as_ref(), Some(ids[0]), "the first key signs");
    for (public, key) in eddsa.public_keys().iter().zip(&keys) {
        assert_eq!(public.point, SigningKey::from_bytes(key.expose()).verifying_key().to_bytes());
        assert_ne!(&public.point, key.expose());
    }
}

#[test]
fn a_signature_is_that_of_the_example_of_rfc_8037() {
    let bytes = |text: &str| URL_SAFE_NO_PAD.decode(text).expect("base64url").try_into().expect("32 bytes");
    let seed = Secret::new(bytes("nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A"));
    let signer = JwtSigner::eddsa(ISSUER, &[seed]).expect("a key");
    let [PublicKey { id, point }] = signer.public_keys() else { panic!("one key") };
    assert_eq!(*point, bytes("11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"));
    assert_eq!(id, "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
    let text = b"eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc";
    let signature = "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg";
    assert_eq!(jsonwebtoken::crypto::sign(text, &signer.signing, Algorithm::EdDSA).expect("signed"), signature);
}
