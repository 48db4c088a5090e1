use std::{collections::HashSet, time::Duration};

use memo_domain::{AccessClaims, Scope, Scopes, Secret, SessionId, Timestamp, TokenError, UserId, Uuid};

use crate::subjects::TestSigners;

const KEY: Secret = Secret::new([7; 32]);
const OTHER_KEY: Secret = Secret::new([8; 32]);

fn now() -> Timestamp {
    Timestamp::from_micros(1_800_000_000_000_000)
}

fn before(time: Timestamp, seconds: i64) -> Timestamp {
    Timestamp::from_micros(time.as_micros() - seconds * 1_000_000)
}

fn claims() -> AccessClaims {
    AccessClaims {
        id: Uuid::from_u128(1),
        user_id: UserId::new(Uuid::from_u128(2)),
        session_id: SessionId::new(Uuid::from_u128(3)),
        scopes: Scopes::all(),
        issued_at: now(),
        expires_at: now() + Duration::from_mins(15),
    }
}

pub(crate) async fn an_access_token_reads_back_equal(given: Box<dyn TestSigners>) {
    let signer = given.signer(&[KEY]);
    let of_one_scope = |scope| AccessClaims { scopes: Scopes::from_iter([scope]), ..claims() };
    for claims in [claims(), of_one_scope(Scope::MemosRead), of_one_scope(Scope::MemosWrite)] {
        let token = signer.sign(&claims).expect("signed");
        assert_eq!(signer.verify(&token, now()).expect("valid"), claims);
    }
}

pub(crate) async fn a_foreign_token_is_invalid(given: Box<dyn TestSigners>) {
    let signer = given.signer(&[KEY]);
    let refuse = |token: &str, what: &str| {
        assert!(matches!(signer.verify(token, now()), Err(TokenError::Invalid)), "{what}: {token}");
    };
    let foreign = given.foreign(&KEY, &claims());
    for needed in ["algorithm", "type", "issuer", "audience"] {
        assert!(foreign.iter().any(|(what, _)| *what == needed), "no token with another {needed}");
    }
    for (what, token) in foreign {
        refuse(&token, what);
    }
    refuse(&given.signer(&[OTHER_KEY]).sign(&claims()).expect("signed"), "another key");

    let token = signer.sign(&claims()).expect("signed");
    for place in 0..token.len() {
        refuse(&token[..place], "cut off");
        // The last character of a part may have bits that mean nothing; a dot is in no part.
        let changed = if token.as_bytes()[place] == b'.' { "A" } else { "." };
        refuse(&[&token[..place], changed, &token[place + 1..]].concat(), "another character");
    }
    refuse(&format!("{token}A"), "longer");
}

pub(crate) async fn a_token_is_valid_from_its_issue_to_its_expiry(given: Box<dyn TestSigners>) {
    let signer = given.signer(&[KEY]);
    let AccessClaims { issued_at, expires_at, session_id, .. } = claims();
    let token = signer.sign(&claims()).expect("signed");
    for time in [issued_at, before(expires_at, 1)] {
        assert_eq!(signer.verify(&token, time).expect("valid"), claims(), "{time}");
    }
    for time in [before(issued_at, 6), Timestamp::from_micros(0)] {
        assert!(matches!(signer.verify(&token, time), Err(TokenError::Invalid)), "{time}");
    }
    for time in [expires_at + Duration::from_secs(5), expires_at + Duration::from_hours(24 * 365)] {
        let Err(TokenError::Expired { session_id: expired }) = signer.verify(&token, time) else {
            panic!("the token has not expired at {time}")
        };
        assert_eq!(expired, session_id);
    }
}

pub(crate) async fn public_keys_are_those_that_verify(given: Box<dyn TestSigners>) {
    let (both, new, old) = (given.signer(&[OTHER_KEY, KEY]), given.signer(&[OTHER_KEY]), given.signer(&[KEY]));
    assert!(both.verify(&old.sign(&claims()).expect("signed"), now()).is_ok(), "all keys verify");
    let signed = both.sign(&claims()).expect("signed");
    assert!(new.verify(&signed, now()).is_ok() && old.verify(&signed, now()).is_err(), "the first key signs");

    // A key that signs and verifies is no public key.
    if old.public_keys().is_empty() {
        assert_eq!((both.public_keys(), new.public_keys()), (&[][..], &[][..]));
        return;
    }
    let [first, second] = both.public_keys() else { panic!("{:?}", both.public_keys()) };
    assert_eq!((std::slice::from_ref(first), std::slice::from_ref(second)), (new.public_keys(), old.public_keys()));
    assert_eq!(HashSet::from([&first.id, &second.id]).len(), 2);
    for (public, key) in [(first, &OTHER_KEY), (second, &KEY)] {
        assert_ne!(&public.point, key.expose(), "the secret");
        let shared = given.signer(&[Secret::new(public.point)]).sign(&claims()).expect("signed");
        assert!(both.verify(&shared, now()).is_err(), "no token can be created with a public key");
    }
}

pub(crate) async fn a_successor_is_the_same_each_time(given: Box<dyn TestSigners>) {
    let token = Secret::new([1; 32]);
    let of = |keys: &[Secret]| given.signer(keys).successors(&token);
    let (new, old) = (of(&[OTHER_KEY]), of(&[KEY]));
    assert_eq!((new.len(), old.len()), (1, 1));
    assert_eq!(of(&[KEY]), old, "on another node");
    assert_eq!(of(&[OTHER_KEY, KEY]), [new, old].concat());
}

pub(crate) async fn successors_of_other_tokens_or_keys_differ(given: Box<dyn TestSigners>) {
    let mut seen = vec![KEY, OTHER_KEY, Secret::new([1; 32]), Secret::new([2; 32])];
    for key in [KEY, OTHER_KEY] {
        let signer = given.signer(&[key]);
        for token in [1, 2].map(|byte| Secret::new([byte; 32])) {
            let successor = signer.successors(&token).remove(0);
            seen.extend([successor.clone(), signer.successors(&successor).remove(0)]);
        }
    }
    assert_eq!(seen.iter().map(Secret::expose).collect::<HashSet<_>>().len(), seen.len());
}
