use std::sync::Arc;

use memo_domain::{Locale, MailMessage, MailRenderer, Reminder, Secret, TimeZone, Timestamp, Title};

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

/// The messages with a text that a client has chosen.
fn with_text(text: &str) -> Vec<MailMessage> {
    let reminder = Title::new(text).map(|title| {
        let (remind_at, time_zone) = (Timestamp::from_micros(0), TimeZone::default());
        MailMessage::Reminder(Reminder { title, remind_at, time_zone, is_late: false })
    });
    let text = || text.to_owned();
    let mut messages = vec![
        MailMessage::NewDevice { device: Some(text()), ip: Some(text()) },
        MailMessage::ApiKeyCreated { name: text() },
        MailMessage::WebhookDisabled { webhook: text() },
    ];
    messages.extend(reminder);
    messages
}

pub(crate) async fn text_of_a_client_stays_text(renderer: Arc<dyn MailRenderer>) {
    for hostile in ["<b>x</b>", "<a href=\"https://evil.example\">x</a>", "\"><img src=x>", "x\r\nBcc: eve@example.com"]
    {
        for (message, locale) in with_text(hostile).iter().flat_map(|message| LOCALES.map(|locale| (message, locale))) {
            let content = renderer.render(message, locale);
            assert!(!content.html.contains(hostile) || !hostile.contains(['<', '"']), "{}", content.html);
            assert!(!content.html.contains("href=\"https://evil"), "{}", content.html);
            assert!(!content.subject.chars().any(char::is_control), "{}", content.subject);
            let has_subject = matches!(message, MailMessage::Reminder(_));
            assert!(has_subject || !content.subject.contains(hostile), "{}", content.subject);
        }
    }
}
