use std::sync::Arc;

use memo_domain::{Locale, MailMessage, MailRenderer, Secret};

const LOCALES: [Locale; 2] = [Locale::En, Locale::Ko];

pub(crate) async fn a_message_contains_its_token(renderer: Arc<dyn MailRenderer>) {
    // In base64url.
    for (token, text) in [(Secret::new([0; 32]), "A".repeat(43)), (Secret::new([0xff; 32]), "_".repeat(42) + "8")] {
        for message in [MailMessage::VerifyEmail { token: token.clone() }, MailMessage::ResetPassword { token }] {
            for locale in LOCALES {
                let content = renderer.render(&message, locale);
                assert!(content.text.contains(&text) && content.html.contains(&text), "{content:?}");
                assert!(!content.subject.contains(&text), "{content:?}");
            }
        }
    }
}

pub(crate) async fn text_of_a_client_stays_text(renderer: Arc<dyn MailRenderer>) {
    for hostile in ["<b>x</b>", "<a href=\"https://evil.example\">x</a>", "\"><img src=x>", "x\r\nBcc: eve@example.com"]
    {
        let message = MailMessage::NewDevice { device: Some(hostile.to_owned()), ip: Some(hostile.to_owned()) };
        for locale in LOCALES {
            let content = renderer.render(&message, locale);
            assert!(!content.html.contains(hostile) || !hostile.contains(['<', '"']), "{}", content.html);
            assert!(!content.html.contains("href=\"https://evil"), "{}", content.html);
            let is_one_line = !content.subject.chars().any(char::is_control);
            assert!(is_one_line && !content.subject.contains(hostile), "{}", content.subject);
        }
    }
}
