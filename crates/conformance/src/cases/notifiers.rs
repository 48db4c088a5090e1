use std::time::{Duration, Instant};

use memo_domain::{
    Email, JobId, Locale, Notification, Notifier, NotifyError, Recipient, Reminder, TimeZone, Timestamp, Title, Uuid,
};

use crate::subjects::TestNotifier;

fn notification(given: &dyn TestNotifier, n: u128, title: &str) -> Notification {
    let reminder = Reminder {
        title: Title::new(title).expect("a title"),
        remind_at: Timestamp::parse("2026-01-31T15:00:00Z").expect("a time"),
        time_zone: TimeZone::new("Asia/Seoul").expect("a zone"),
        is_late: false,
    };
    Notification { id: JobId::new(Uuid::from_u128(n)), to: given.recipient(), locale: Locale::En, reminder }
}

async fn notify(given: &dyn TestNotifier, notification: &Notification) -> Result<(), NotifyError> {
    let notifier: std::sync::Arc<dyn Notifier> = given.notifier();
    notifier.notify(notification).await
}

pub(crate) async fn a_sent_notification_is_at_the_service(given: Box<dyn TestNotifier>) {
    for n in 1..=3_usize {
        let title = format!("Title {n}");
        notify(&*given, &notification(&*given, n as u128, &title)).await.expect("sent");
        let delivered = given.delivered().await;
        assert_eq!(delivered.len(), n);
        assert!(delivered.iter().any(|text| text.contains(&title)), "{delivered:?}");
    }
}

pub(crate) async fn a_notification_says_what_and_when(given: Box<dyn TestNotifier>) {
    let mut texts = Vec::new();
    let longest = format!("회의 {}", "가".repeat(Title::MAX - 3));
    for (locale, is_late) in [(Locale::En, false), (Locale::En, true), (Locale::Ko, false), (Locale::Ko, true)] {
        let plain = notification(&*given, texts.len() as u128 + 1, &longest);
        let reminder = Reminder { is_late, ..plain.reminder.clone() };
        notify(&*given, &Notification { locale, reminder, ..plain }).await.expect("sent");
        let delivered = given.delivered().await;
        let new: Vec<_> = delivered.into_iter().filter(|text| !texts.contains(text)).collect();
        // Another language and another state make another text.
        let [text] = &new[..] else { panic!("one new text: {new:?}") };
        assert!(text.contains("회의 가가가") && text.contains("2026-02-01 00:00"), "{text}");
        texts.extend(new);
    }
}

pub(crate) async fn another_kind_of_recipient_is_refused(given: Box<dyn TestNotifier>) {
    let to = match given.recipient() {
        Recipient::Email(_) => Recipient::Messages { access_token: "token".to_owned() },
        Recipient::Messages { .. } => Recipient::Email(Email::new("alice@example.com").expect("an address")),
    };
    let result = notify(&*given, &Notification { to, ..notification(&*given, 1, "a") }).await;
    assert!(matches!(result, Err(NotifyError::Permanent { .. })), "{result:?}");
    assert_eq!(given.delivered().await.len(), 0);
}

pub(crate) async fn a_failed_notification_is_an_error(given: Box<dyn TestNotifier>) {
    given.fail().await;
    notify(&*given, &notification(&*given, 1, "a")).await.expect_err("the service fails");
    assert_eq!(given.delivered().await.len(), 0);
}

pub(crate) async fn a_notification_ends_in_time(given: Box<dyn TestNotifier>) {
    if !given.hang().await {
        return;
    }
    let begin = Instant::now();
    let result = notify(&*given, &notification(&*given, 1, "a")).await;
    assert!(matches!(result, Err(NotifyError::Temporary { .. })), "{result:?}");
    assert!(begin.elapsed() < Duration::from_secs(30), "{:?}", begin.elapsed());
}
