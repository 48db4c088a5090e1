//! Validation of ID tokens.

use jsonwebtoken::Algorithm;
use serde_json::{Value, json};

use crate::{
    adapter::{assert_refused, open_id, sign_in},
    fake::{CLIENT, Fake, NOW, SECRET, Signed, rsa_key},
    keys,
};

#[tokio::test]
async fn invalid_claim_is_rejected() {
    let fake = Fake::start().await;
    let provider = open_id(&fake);
    for claims in [
        json!({"iss": "https://accounts.example"}),
        json!({"iss": format!("{}/", fake.url)}),
        json!({"iss": null}),
        json!({"aud": "another-client"}),
        json!({"aud": null}),
        json!({"aud": []}),
        json!({"aud": [CLIENT, "another-client"]}),
        json!({"azp": "another-client"}),
        json!({"nonce": "another"}),
        json!({"nonce": ""}),
        json!({"nonce": null}),
        json!({"exp": NOW}),
        json!({"exp": NOW - 1}),
        json!({"exp": 0}),
        json!({"exp": null}),
        json!({"iat": NOW + 61}),
        json!({"iat": null}),
        json!({"nbf": NOW + 61}),
        json!({"sub": null}),
        json!({"sub": ""}),
        json!({"sub": "a".repeat(256)}),
        json!({"sub": "a\u{0}b"}),
        json!({"sub": 7}),
        json!({"nonce": ["x"]}),
        json!({"aud": 7}),
        json!({"aud": []}),
        json!({"azp": 7}),
        json!({"exp": (NOW + 60).to_string()}),
        json!({"iat": "now"}),
        json!({"nbf": "now"}),
    ] {
        fake.behaviour().claims = claims.clone();
        assert_refused(sign_in(&fake, &provider).await, &claims.to_string());
    }
    assert_eq!(fake.requests_to("/keys"), 1, "invalid claims do not refresh the keys");
}

#[tokio::test]
async fn claims_at_their_limits_are_accepted() {
    let fake = Fake::start().await;
    let provider = open_id(&fake);
    for claims in [
        json!({"aud": [CLIENT]}),
        json!({"azp": CLIENT}),
        json!({"exp": NOW + 1}),
        json!({"iat": NOW + 60}),
        json!({"iat": NOW - 600}),
        json!({"nbf": NOW + 60}),
        json!({"sub": "a".repeat(255)}),
        json!({"email_verified": "true"}),
        json!({"picture": "https://example.com/a.png", "locale": "ko", "auth_time": NOW, "groups": ["a"], "hd": "x"}),
    ] {
        fake.behaviour().claims = claims.clone();
        let user = sign_in(&fake, &provider).await;
        assert!(user.is_ok_and(|user| user.email_verified), "{claims}");
    }
}

#[tokio::test]
async fn claim_that_is_not_needed_may_have_any_type() {
    let fake = Fake::start().await;
    let provider = open_id(&fake);
    let names = "name given_name nickname profile picture website gender birthdate zoneinfo locale phone_number \
                 phone_number_verified address updated_at auth_time acr amr at_hash c_hash groups";
    for value in [json!(null), json!(true), json!(-1.5), json!("x"), json!([1, "a"]), json!({"a": [null]})] {
        let claims: serde_json::Map<_, _> = names.split_whitespace().map(|name| (name.into(), value.clone())).collect();
        fake.behaviour().claims = claims.into();
        let user = sign_in(&fake, &provider).await;
        assert!(user.as_ref().is_ok_and(|user| user.email_verified && user.email.is_some()), "{value}: {user:?}");
    }
    // An address of another type counts as absent.
    fake.behaviour().user_info = json!({"sub": "alice-at-fake", "email": 7, "name": [], "nickname": {}});
    for value in [json!(["alice@example.com"]), json!(7), json!(" ")] {
        fake.behaviour().claims = json!({"email": value, "name": 7});
        let user = sign_in(&fake, &provider).await.expect("signed in");
        assert_eq!((user.email, user.email_verified, user.name), (None, false, None), "{value}");
    }
}

#[tokio::test]
async fn invalid_signature_is_rejected() {
    let fake = Fake::start().await;
    let provider = open_id(&fake);
    let cases: [(&str, Signed, Value); 12] = [
        ("another key with this id", Signed::OtherRsa, json!({})),
        ("unsigned", Signed::Unsigned, json!({"alg": "none"})),
        ("unsigned, in another spelling", Signed::Unsigned, json!({"alg": "None"})),
        ("unsigned, declared as signed", Signed::Unsigned, json!({"alg": "RS256"})),
        ("HMAC with the public key", Signed::Hmac(keys::RSA_PUBLIC), json!({})),
        ("HMAC with the public key, declared as RSA", Signed::Hmac(keys::RSA_PUBLIC), json!({"alg": "RS256"})),
        ("HMAC with the modulus", Signed::Hmac(keys::RSA_N), json!({})),
        ("HMAC with the client's secret", Signed::Hmac(SECRET), json!({})),
        ("another algorithm declared for this key", Signed::Rsa(Algorithm::RS256), json!({"alg": "RS512"})),
        ("an algorithm that discovery does not list", Signed::Rsa(Algorithm::RS384), json!({})),
        ("an EC signature declared as RSA", Signed::Ec, json!({"alg": "RS256", "kid": "rsa"})),
        ("an unknown critical header", Signed::Rsa(Algorithm::RS256), json!({"crit": ["x"], "x": 1})),
    ];
    for (what, signed, header) in cases {
        fake.behaviour().signed = signed;
        fake.behaviour().header = header;
        assert_refused(sign_in(&fake, &provider).await, what);
    }
}

#[tokio::test]
async fn every_supported_algorithm_is_accepted() {
    let fake = Fake::start().await;
    let provider = open_id(&fake);
    let signed =
        [Algorithm::RS256, Algorithm::RS512, Algorithm::PS256].map(Signed::Rsa).into_iter().chain([Signed::Ec]);
    for signed in signed {
        fake.behaviour().signed = signed;
        assert!(sign_in(&fake, &provider).await.is_ok(), "{signed:?}");
    }
}

#[tokio::test]
async fn token_without_a_key_id_needs_exactly_one_matching_key() {
    let fake = Fake::start().await;
    let provider = open_id(&fake);
    fake.behaviour().header = json!({"kid": null, "typ": null});
    assert!(sign_in(&fake, &provider).await.is_ok(), "one RSA key matches");
    fake.behaviour().keys = json!({"keys": [rsa_key("a", keys::RSA_N), rsa_key("b", keys::OTHER_RSA_N)]});
    assert_refused(sign_in(&fake, &open_id(&fake)).await, "two keys match");
    fake.behaviour().keys = json!({"keys": []});
    assert_refused(sign_in(&fake, &open_id(&fake)).await, "no key matches");
}

#[tokio::test]
async fn token_of_another_type_is_rejected() {
    let fake = Fake::start().await;
    let provider = open_id(&fake);
    for header in [json!({"typ": "at+jwt"}), json!({"typ": "logout+jwt"}), json!({"cty": "JWT"})] {
        fake.behaviour().header = header.clone();
        assert_refused(sign_in(&fake, &provider).await, &header.to_string());
    }
}

#[tokio::test]
async fn missing_or_malformed_id_token_is_rejected() {
    let fake = Fake::start().await;
    let provider = open_id(&fake);
    fake.behaviour().user_info = json!({"sub": "alice-at-fake", "email": "alice@example.com", "email_verified": true});
    fake.behaviour().has_id_token = false;
    assert_refused(sign_in(&fake, &provider).await, "no ID token");
    for token in
        ["", ".", "..", "a.b.c", "eyJhbGciOiJSUzI1NiJ9", "eyJhbGciOiJSUzI1NiJ9.e30.", "eyJhbGciOiJub25lIn0.e30."]
    {
        fake.behaviour().tokens = json!({"id_token": token});
        assert_refused(sign_in(&fake, &provider).await, token);
    }
    assert_eq!(fake.requests_to("/me"), 0);
}
