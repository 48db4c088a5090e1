//! Codes of the authenticator that tests sign in with.

use memo_domain::Timestamp;
use memo_memory::FixedClock;
use memo_testkit::Authenticator;

#[test]
fn codes_are_those_of_the_rfc() {
    // RFC 6238, appendix B, cut to six digits.
    let authenticator = Authenticator::with_secret("GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
    for (seconds, code) in [(59, "287082"), (1_111_111_109, "081804"), (20_000_000_000, "353130")] {
        let clock = FixedClock::at(Timestamp::from_micros(seconds * 1_000_000));
        assert_eq!(authenticator.code(&clock), code);
    }
}
