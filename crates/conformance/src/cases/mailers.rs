use std::time::{Duration, Instant};

use memo_domain::{Email, JobId, Mail, MailError, Uuid};

use crate::subjects::TestMailer;

fn mail(n: u128) -> Mail {
    Mail {
        id: JobId::new(Uuid::from_u128(n)),
        to: Email::new("alice@example.com").expect("a valid address"),
        subject: format!("Subject {n}"),
        text: format!("Text {n}\n.\nhttps://memo.example/verify?token={n}\n"),
        html: format!("<p>Text {n}</p>\n"),
    }
}

pub(crate) async fn a_sent_mail_is_at_the_next_hop(given: Box<dyn TestMailer>) {
    let mailer = given.mailer();
    mailer.check().await.expect("mail can be sent");
    for n in 1..=3_usize {
        mailer.send(&mail(n as u128)).await.expect("sent");
        let delivered = given.delivered().await;
        assert_eq!(delivered.len(), n);
        let parts = ["alice@example.com".to_owned(), format!("Subject {n}"), format!("verify?token={n}")];
        assert!(parts.iter().all(|part| delivered.iter().any(|message| message.contains(part))), "{delivered:?}");
    }
    given.fail().await;
    mailer.send(&mail(4)).await.expect_err("the next hop refuses it");
    assert_eq!(given.delivered().await.len(), 3);
}

pub(crate) async fn a_header_cannot_be_injected(given: Box<dyn TestMailer>) {
    for subject in ["a\r\nBcc: eve@example.com", "a\nBcc: eve@example.com", "a\rBcc: eve@example.com", "a\0b"] {
        let result = given.mailer().send(&Mail { subject: subject.into(), ..mail(1) }).await;
        assert!(matches!(result, Err(MailError::Permanent { .. })), "{subject:?}: {result:?}");
    }
    assert!(given.delivered().await.is_empty());
    // A text may look like a header.
    let text = "a\r\n\r\nBcc: eve@example.com\r\n.\r\nb\n".to_owned();
    given.mailer().send(&Mail { text, ..mail(2) }).await.expect("sent");
    let [message] = &given.delivered().await[..] else { panic!("one message") };
    let (headers, _) = message.split_once("\r\n\r\n").expect("headers, then the body");
    assert!(!headers.contains("eve@example.com"), "{headers}");
}

pub(crate) async fn a_send_ends_in_time(given: Box<dyn TestMailer>) {
    if !given.hang().await {
        return;
    }
    let begin = Instant::now();
    assert!(matches!(given.mailer().send(&mail(1)).await, Err(MailError::Temporary { .. })));
    assert!(matches!(given.mailer().check().await, Err(MailError::Temporary { .. })));
    assert!(begin.elapsed() < Duration::from_mins(1), "{:?}", begin.elapsed());
}
