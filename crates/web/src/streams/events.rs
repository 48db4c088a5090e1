//! Server-Sent Events (HTML Living Standard, section 9.2).

use actix_web::{HttpResponse, HttpResponseBuilder, http::header::HeaderName, web::Bytes};
use serde::Serialize;

/// Asks nginx, which would wait for the end of the body otherwise, to forward each event.
const X_ACCEL_BUFFERING: HeaderName = HeaderName::from_static("x-accel-buffering");

/// A response whose body is a stream of events.
pub fn event_stream() -> HttpResponseBuilder {
    let mut response = HttpResponse::Ok();
    response.content_type("text/event-stream").insert_header((X_ACCEL_BUFFERING, "no"));
    response
}

/// An event with this data as JSON, which has no line breaks.
pub fn event(name: Option<&str>, data: &impl Serialize) -> Bytes {
    // Writing to memory cannot fail, nor can keys that are strings.
    let data = serde_json::to_string(data).unwrap_or_default();
    match name {
        Some(name) => format!("event: {name}\ndata: {data}\n\n").into(),
        None => format!("data: {data}\n\n").into(),
    }
}

/// An event with a number, from which a client that reconnects continues.
pub fn numbered_event(number: u64, data: &impl Serialize) -> Bytes {
    let data = serde_json::to_string(data).unwrap_or_default();
    format!("id: {number}\ndata: {data}\n\n").into()
}

/// Has the client reconnect after a second, from this number on. It is no event for its page.
pub fn beginning(number: u64) -> Bytes {
    format!("retry: 1000\nid: {number}\n\n").into()
}

/// An event that clients ignore.
pub const fn comment() -> Bytes {
    Bytes::from_static(b":\n\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_cannot_end_its_event() {
        for text in ["a\n\nevent: error\ndata: b", "a\r\rb", "\u{2028}", ""] {
            let event = event(None, &text);
            let event = str::from_utf8(&event).expect("UTF-8");
            let data = event.strip_prefix("data: ").and_then(|data| data.strip_suffix("\n\n")).expect("one event");
            assert!(!data.contains(['\n', '\r']), "{data:?}");
            assert_eq!(serde_json::from_str::<String>(data).expect("JSON"), text);
        }
        assert_eq!(event(Some("error"), &1), "event: error\ndata: 1\n\n");
    }
}
