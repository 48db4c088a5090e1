use std::str::FromStr;

use email_address::EmailAddress;
use idna::{
    AsciiDenyList,
    uts46::{DnsLength, Hyphens, Uts46},
};

use crate::{
    InvalidValue,
    text::{check_length, check_no_control, lower_case, normalize},
};

/// An e-mail address (RFC 5321, and RFC 6531 for other scripts), NFC, up to 254 characters, without quoted parts.
///
/// Two addresses that differ only in case or Unicode form are equal, or in the spelling of the domain: in Unicode, in full width,
/// or in ASCII (IDNA, UTS #46).
#[derive(Debug, Clone)]
pub struct Email {
    address: String,
    key: String,
    /// The domain in ASCII (A-labels), in lower case.
    domain: String,
}

impl Email {
    /// The maximum length in characters (Unicode scalar values).
    pub const MAX: usize = 254;

    /// # Errors
    /// [`InvalidValue::TooLong`], [`InvalidValue::NulCharacter`], [`InvalidValue::ControlCharacter`] or
    /// [`InvalidValue::Malformed`].
    pub fn new(text: impl AsRef<str>) -> Result<Self, InvalidValue> {
        check_no_control(text.as_ref())?;
        let address = normalize(text.as_ref());
        check_length(&address, 0, Self::MAX)?;
        // Quoted local parts and address literals are legal, but in practice used to attack the next parser.
        if address.contains(|c: char| c.is_whitespace() || "\"(),:;<>[\\]".contains(c)) {
            return Err(InvalidValue::Malformed);
        }
        let (local, domain) = address.rsplit_once('@').ok_or(InvalidValue::Malformed)?;
        let domain = Uts46::new().to_ascii(domain.as_bytes(), AsciiDenyList::STD3, Hyphens::Allow, DnsLength::Verify);
        let domain = domain.map_err(|_| InvalidValue::Malformed)?.into_owned();
        EmailAddress::from_str(&format!("{local}@{domain}")).map_err(|_| InvalidValue::Malformed)?;
        let key = format!("{}@{domain}", lower_case(local));
        Ok(Self { address, key, domain })
    }

    /// The address as given, after trimming and NFC.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.address
    }

    /// The address as mail is sent to it: the domain in ASCII.
    #[must_use]
    pub fn mailbox(&self) -> String {
        let local = self.address.rsplit_once('@').map_or("", |(local, _)| local);
        format!("{local}@{}", self.domain)
    }

    /// The form that addresses are compared by: the local part in lower case and NFC, the domain in ASCII.
    #[must_use]
    pub fn key(&self) -> &str {
        &self.key
    }
}

impl PartialEq for Email {
    fn eq(&self, other: &Self) -> bool {
        self.key == other.key
    }
}

impl Eq for Email {}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn parsing_an_address_again_changes_nothing(text in "[a-zA-Zé가-힣.+_@ -]{0,40}") {
            if let Ok(email) = Email::new(&text) {
                let again = Email::new(email.as_str()).expect("an address is a valid address");
                prop_assert_eq!(again.as_str(), email.as_str());
                prop_assert_eq!(again.key(), email.key());
            }
        }
    }

    #[test]
    fn addresses_are_compared_ignoring_case_and_unicode_form() {
        assert_eq!(Email::new("Alice@Example.com"), Email::new(" alice@example.COM"));
        assert_eq!(Email::new("jose\u{301}@example.com"), Email::new("JOS\u{c9}@example.com"));
        assert_ne!(Email::new("alice@example.com"), Email::new("bob@example.com"));
        assert_eq!(Email::new("Alice@Example.com").expect("valid").as_str(), "Alice@Example.com");
    }

    #[test]
    fn spellings_of_a_domain_are_one_address() {
        let ascii = Email::new("Alice@xn--bcher-kva.example").expect("valid");
        for text in [
            "alice@b\u{fc}cher.example",
            "alice@bu\u{308}cher.example",
            "ALICE@B\u{dc}CHER.EXAMPLE",
            "alice@XN--BCHER-KVA.example",
            "alice@\u{ff42}\u{fc}\u{ff43}\u{ff48}\u{ff45}\u{ff52}.example",
            "alice@b\u{fc}cher\u{3002}example",
            "alice@b\u{fc}\u{ad}cher.example",
        ] {
            let email = Email::new(text).expect(text);
            assert_eq!(email, ascii, "{text}");
            assert_eq!(email.key(), "alice@xn--bcher-kva.example");
            assert_eq!(email.mailbox().split_once('@').expect("a domain").1, "xn--bcher-kva.example");
        }
        assert_eq!(Email::new("Zoë@한글.한국").expect("valid").mailbox(), "Zoë@xn--bj0bj06e.xn--3e0b707e");
        // Letters that only look alike are others.
        assert_ne!(Email::new("a@b\u{430}r.example"), Email::new("a@bar.example"));
        for text in ["a@xn--a.example", "a@\u{2488}com", "a@b..example", "a@xn--.example"] {
            assert_eq!(Email::new(text), Err(InvalidValue::Malformed), "{text}");
        }
    }

    #[test]
    fn invalid_addresses_are_rejected() {
        for text in [
            "",
            "alice",
            "alice@",
            "@example.com",
            "a b@example.com",
            "\"a b\"@example.com",
            "a@[127.0.0.1]",
            "a@b@c.com",
        ] {
            assert_eq!(Email::new(text), Err(InvalidValue::Malformed), "{text}");
        }
        assert_eq!(Email::new("a@example.com\r\nBcc: b@example.com"), Err(InvalidValue::ControlCharacter));
        assert_eq!(Email::new(format!("{}@example.com", "a".repeat(250))), Err(InvalidValue::TooLong { max: 254 }));
    }
}
