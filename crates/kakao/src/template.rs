//! The text of a message, in English and Korean.

use memo_domain::{Locale, Reminder};
use serde_json::{Value, json};

/// The maximum length of a text, as Kakao says. It is counted in UTF-16, the stricter way to count characters.
const MAX_TEXT: usize = 200;

/// A template of the type `text`.
pub fn text(reminder: &Reminder, locale: Locale, public_url: &str) -> Value {
    let (intro, late, button) = match locale {
        Locale::En => ("Reminder", "This reminder is late.", "Open"),
        Locale::Ko => ("메모 알림", "늦게 도착한 알림입니다.", "열기"),
    };
    let late = if reminder.is_late { format!("\n{late}") } else { String::new() };
    let end = format!("\n{}{late}", reminder.local_time());
    let room = MAX_TEXT - intro.encode_utf16().count() - 1 - end.encode_utf16().count();
    let title = shortened(reminder.title.as_str(), room);
    json!({
        "object_type": "text",
        "text": format!("{intro}\n{title}{end}"),
        "link": {"web_url": public_url, "mobile_web_url": public_url},
        "button_title": button,
    })
}

/// A text of at most this length in UTF-16, with an ellipsis if it was longer.
fn shortened(text: &str, max: usize) -> String {
    if text.encode_utf16().count() <= max {
        return text.to_owned();
    }
    let mut length = 1;
    let fitting = text.chars().take_while(|char| {
        length += char.len_utf16();
        length <= max
    });
    fitting.chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use memo_domain::{TimeZone, Timestamp, Title};

    use super::*;

    fn reminder(title: &str, is_late: bool) -> Reminder {
        Reminder {
            title: Title::new(title).expect("a title"),
            remind_at: Timestamp::parse("2026-01-31T15:00:00Z").expect("a time"),
            time_zone: TimeZone::new("America/Argentina/ComodRivadavia").expect("a zone"),
            is_late,
        }
    }

    #[test]
    fn a_text_is_at_most_200_characters() {
        for title in ["a".repeat(200), "가".repeat(200), "🦀".repeat(200), "a".to_owned()] {
            for (locale, is_late) in [(Locale::En, true), (Locale::Ko, true), (Locale::En, false), (Locale::Ko, false)]
            {
                let template = text(&reminder(&title, is_late), locale, "https://memo.example");
                let text = template["text"].as_str().expect("a text");
                assert!(text.encode_utf16().count() <= 200, "{text}");
                assert!(text.contains("2026-01-31 12:00 (America/Argentina/ComodRivadavia)"), "{text}");
                assert_eq!(text.contains('…'), title.len() > 1, "{text}");
            }
        }
    }

    #[test]
    fn a_template_links_to_the_server() {
        let template = text(&reminder("회의", false), Locale::Ko, "https://memo.example");
        assert_eq!(template["object_type"], "text");
        assert_eq!(template["link"]["web_url"], "https://memo.example");
        assert_eq!(template["text"], "메모 알림\n회의\n2026-01-31 12:00 (America/Argentina/ComodRivadavia)");
        assert_eq!(template["button_title"], "열기");
    }
}
