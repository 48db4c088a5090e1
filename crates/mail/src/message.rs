//! Messages in the form of RFC 5322 and MIME.

use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

use lettre::{
    Address, Message,
    message::{
        Body, Mailbox, MultiPart, SinglePart,
        header::{ContentTransferEncoding, ContentType, HeaderName, HeaderValue},
    },
};
use memo_domain::{Clock, Mail, MailError};
use url::Host;

use super::MailSettingsError;

/// Maximum length of a line, in bytes (RFC 5322, section 2.1.1).
const MAX_LINE: usize = 998;

/// Which bytes a message may contain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// Any bytes, so that people can read the file.
    EightBit,
    /// ASCII only, as an SMTP server may accept no more.
    #[cfg(any(feature = "smtp", test))]
    SevenBit,
}

/// Composes messages.
pub struct Composer {
    from: Mailbox,
    /// The sender's domain in ASCII.
    domain: String,
    clock: Arc<dyn Clock>,
}

impl Composer {
    /// Composes messages from this sender.
    ///
    /// # Errors
    /// [`MailSettingsError::From`].
    pub fn new(from: &str, clock: Arc<dyn Clock>) -> Result<Self, MailSettingsError> {
        if from.chars().any(char::is_control) {
            return Err(MailSettingsError::From);
        }
        let from: Mailbox = from.parse().map_err(|_| MailSettingsError::From)?;
        let email = in_ascii(&from.email).ok_or(MailSettingsError::From)?;
        let domain = email.domain().to_owned();
        Ok(Self { from: Mailbox::new(from.name, email), domain, clock })
    }

    /// Returns the sender's domain.
    #[cfg(any(feature = "smtp", test))]
    pub fn domain(&self) -> &str {
        &self.domain
    }

    /// Returns the message.
    ///
    /// # Errors
    /// [`MailError::Permanent`] if the header cannot contain the subject or the address.
    pub fn compose(&self, mail: &Mail, way: Way) -> Result<Message, MailError> {
        let refused = |reason: &str| MailError::Permanent { source: reason.into() };
        // A line break here would inject a header.
        if mail.subject.chars().chain(mail.to.as_str().chars()).any(char::is_control) {
            return Err(refused("the subject or the address contains a control character"));
        }
        let to = mail.to.mailbox().parse::<Address>().ok();
        let to = to.ok_or_else(|| refused("the address cannot be written in a mail"))?;
        let seconds = u64::try_from(self.clock.now().as_secs()).unwrap_or(0);
        // Prevents loops of automatic replies (RFC 3834).
        let automatic = HeaderName::new_from_ascii_str("Auto-Submitted");
        let message = Message::builder()
            .message_id(Some(format!("<{}@{}>", mail.id, self.domain)))
            .date(SystemTime::UNIX_EPOCH + Duration::from_secs(seconds))
            .from(self.from.clone())
            .to(Mailbox::new(None, to))
            .subject(&mail.subject)
            .raw_header(HeaderValue::new(automatic, "auto-generated".into()));
        let part = |kind, text| SinglePart::builder().header(kind).body(body(text, way));
        let parts = MultiPart::alternative()
            .singlepart(part(ContentType::TEXT_PLAIN, &mail.text))
            .singlepart(part(ContentType::TEXT_HTML, &mail.html));
        message.multipart(parts).map_err(|error| MailError::Permanent { source: error.into() })
    }
}

/// Returns the address with its domain in ASCII (Punycode).
fn in_ascii(address: &Address) -> Option<Address> {
    if address.domain().is_ascii() {
        return Some(address.clone());
    }
    let Ok(Host::Domain(domain)) = Host::parse(address.domain()) else { return None };
    Address::new(address.user(), domain).ok()
}

/// The body of a part, unencoded if possible, so that links can be copied from the raw mail.
fn body(text: &str, way: Way) -> Body {
    let text = text.replace("\r\n", "\n").replace('\r', "\n").replace('\n', "\r\n");
    let fits = !text.contains('\0') && text.split("\r\n").all(|line| line.len() <= MAX_LINE);
    if fits && text.is_ascii() {
        Body::dangerous_pre_encoded(text.into(), ContentTransferEncoding::SevenBit)
    } else if fits && matches!(way, Way::EightBit) {
        Body::dangerous_pre_encoded(text.into(), ContentTransferEncoding::EightBit)
    } else {
        Body::new(text)
    }
}

#[cfg(test)]
mod tests {
    use memo_domain::Email;

    use super::*;
    use crate::tests::{clock, mail};

    fn composed(mail: &Mail, way: Way) -> String {
        let composer = Composer::new("Memo <memo@example.org>", clock()).expect("a sender");
        String::from_utf8(composer.compose(mail, way).expect("composed").formatted()).expect("UTF-8")
    }

    #[test]
    fn a_message_has_its_headers_and_both_texts() {
        let text = composed(&mail(), Way::SevenBit);
        for line in [
            "Message-ID: <0198c0de-7f00-7000-8000-00000000000a@example.org>\r\n",
            "Date: Sat, 31 Jan 2026 09:00:00 +0000\r\n",
            "From: Memo <memo@example.org>\r\n",
            "To: alice@example.com\r\n",
            "Subject: Confirm your address\r\n",
            "Auto-Submitted: auto-generated\r\n",
            "MIME-Version: 1.0\r\n",
            "Content-Type: multipart/alternative;",
            "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 7bit\r\n\r\nHello,\r\n\r\nhttps:",
            "\r\nhttps://memo.example/verify?token=abc\r\n.\r\n",
            "Content-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: 7bit\r\n\r\n<p>Hello</p>\r\n",
        ] {
            assert!(text.contains(line), "{line} in {text}");
        }
        assert!(!text.replace("\r\n", "").contains(['\r', '\n']), "every line ends with CRLF");
    }

    #[test]
    fn other_scripts_are_encoded_if_necessary() {
        let korean = Mail {
            subject: "이메일 주소를 확인해 주세요".into(), text: "안녕하세요\n".into(), ..mail()
        };
        let text = composed(&korean, Way::SevenBit);
        assert!(text.is_ascii() && text.contains("Subject: =?utf-8?b?"), "{text}");
        let text = composed(&korean, Way::EightBit);
        assert!(text.contains("Content-Transfer-Encoding: 8bit\r\n\r\n안녕하세요\r\n"), "{text}");
        assert!(text.contains("Subject: =?utf-8?b?"), "{text}");
        let long = Mail { text: format!("{}\n", "x".repeat(MAX_LINE + 1)), ..mail() };
        let text = composed(&long, Way::EightBit);
        assert!(text.lines().all(|line| line.len() <= MAX_LINE), "{text}");
        let long = Mail { subject: "제목 ".repeat(200), ..mail() };
        assert!(composed(&long, Way::SevenBit).lines().all(|line| line.len() <= MAX_LINE));
    }

    #[test]
    fn a_domain_in_another_script_is_written_in_ascii() {
        let korean = Mail { to: Email::new("alice@메모.한국").expect("an address"), ..mail() };
        assert!(composed(&korean, Way::SevenBit).contains("To: alice@xn--h32b2f.xn--3e0b707e\r\n"));
        let composer = Composer::new("memo@메모.한국", clock()).expect("a sender");
        assert_eq!(composer.domain(), "xn--h32b2f.xn--3e0b707e");
    }

    #[test]
    fn a_header_is_not_injected() {
        let composer = Composer::new("memo@example.org", clock()).expect("a sender");
        for subject in
            ["a\r\nBcc: eve@example.com", "a\nBcc: eve@example.com", "a\rBcc: eve@example.com", "a\0b", "\u{85}"]
        {
            let mail = Mail { subject: subject.into(), ..mail() };
            let error = composer.compose(&mail, Way::SevenBit).expect_err("refused");
            assert!(matches!(error, MailError::Permanent { .. }), "{subject:?}");
        }
        // What looks like a header or the end of a part stays text.
        let text = composed(&Mail { text: "\r\n\r\n--x\r\nBcc: eve@example.com\r".into(), ..mail() }, Way::SevenBit);
        let (headers, _) = text.split_once("\r\n\r\n").expect("headers");
        assert!(!headers.contains("Bcc"), "{text}");
    }
}
