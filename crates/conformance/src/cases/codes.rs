use std::sync::Arc;

use memo_domain::{OneTimeCodes, Timestamp};

/// The secret of RFC 6238, appendix B, and in base32.
const SECRET: (&[u8], &str) = (b"12345678901234567890", "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_micros(seconds * 1_000_000)
}

pub(crate) async fn one_time_codes_are_those_of_rfc_6238(codes: Arc<dyn OneTimeCodes>) {
    // RFC 6238, appendix B, cut to six digits.
    for (seconds, code) in [
        (59, "287082"),
        (1_111_111_109, "081804"),
        (1_111_111_111, "050471"),
        (1_234_567_890, "005924"),
        (2_000_000_000, "279037"),
        (20_000_000_000, "353130"),
    ] {
        assert_eq!(codes.code(SECRET.0, at(seconds)), code);
        assert_eq!(codes.step(SECRET.0, code, at(seconds)), Some(seconds / 30));
    }
}

pub(crate) async fn a_one_time_code_is_valid_one_step_before_and_after(codes: Arc<dyn OneTimeCodes>) {
    let now = 1_111_111_111;
    let (code, step) = (codes.code(SECRET.0, at(now)), now / 30);
    let (first, end) = (step * 30 - 30, step * 30 + 60);
    for (seconds, expected) in
        [(first - 1, None), (first, Some(step)), (now, Some(step)), (end - 1, Some(step)), (end, None)]
    {
        assert_eq!(codes.step(SECRET.0, &code, at(seconds)), expected, "at {seconds} s");
    }
}

pub(crate) async fn the_latest_step_of_one_time_codes_is_the_next_one(codes: Arc<dyn OneTimeCodes>) {
    for (seconds, step) in [(0, 1), (29, 1), (30, 2), (-1, 0), (1_111_111_111, 37_037_038)] {
        assert_eq!(codes.latest_step(at(seconds)), step, "at {seconds} s");
    }
}

pub(crate) async fn a_wrong_one_time_code_has_no_step(codes: Arc<dyn OneTimeCodes>) {
    let now = at(1_111_111_111);
    for wrong in ["", "05047", "0504711", "050472", " 050471", "0 50471", "０５０４７１", "abcdef"] {
        assert_eq!(codes.step(SECRET.0, wrong, now), None, "{wrong}");
    }
    assert_eq!(codes.step(b"another secret", "050471", now), None);
}

pub(crate) async fn a_code_secret_is_base32_and_in_the_uri(codes: Arc<dyn OneTimeCodes>) {
    // RFC 4648, section 10, without padding.
    for (secret, text) in [("", ""), ("f", "MY"), ("fo", "MZXQ"), ("foo", "MZXW6"), ("fooba", "MZXW6YTB")] {
        assert_eq!(codes.text(secret.as_bytes()), text);
    }
    assert_eq!(codes.text(SECRET.0), SECRET.1);
    let uri = codes.uri(SECRET.0, "alice+x@example.com&secret=x");
    let (begin, query) = uri.split_once('?').expect("a query");
    assert!(begin.starts_with("otpauth://totp/") && begin.contains("alice%2Bx%40example.com%26secret%3Dx"), "{uri}");
    let mut parameters: Vec<_> = query.split('&').filter(|parameter| !parameter.starts_with("issuer=")).collect();
    parameters.sort_unstable();
    assert_eq!(parameters, ["algorithm=SHA1", "digits=6", "period=30", &format!("secret={}", SECRET.1)]);
}
