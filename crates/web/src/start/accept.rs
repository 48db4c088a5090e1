use actix_web::http::header::HeaderValue;

use crate::weights::weighted;

/// Whether `Accept` (RFC 9110, section 12.5.1) prefers HTML to JSON. A client that accepts anything is a program.
pub fn prefers_html(accept: Option<&HeaderValue>) -> bool {
    let Some(accept) = accept.and_then(|value| value.to_str().ok()) else { return false };
    let quality = |wanted: &str| {
        let named = weighted(accept).find(|(name, _)| name.eq_ignore_ascii_case(wanted));
        named.map(|(_, weight)| weight.unwrap_or(1.0))
    };
    let html = quality("text/html").or(quality("application/xhtml+xml")).unwrap_or_default();
    html > 0.0 && html >= quality("application/json").unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn html_is_for_clients_that_name_it() {
        for (accept, is_html) in [
            ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", true),
            ("TEXT/HTML", true),
            ("application/json;q=0.5, text/html;q=0.6", true),
            ("application/json, text/html;q=0.6", false),
            ("text/html;q=0", false),
            ("*/*", false),
            ("text/*", false),
            ("application/json", false),
            ("", false),
        ] {
            assert_eq!(prefers_html(Some(&HeaderValue::from_static(accept))), is_html, "{accept}");
        }
        assert!(!prefers_html(None));
    }
}
