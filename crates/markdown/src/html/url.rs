//! Which URLs are written.

/// The maximum length of a URL; a longer one is left out.
pub const MAX_URL_BYTES: usize = 4_000;

/// Returns the URL of a link: `http`, `https`, `mailto` or a fragment. Others are relative to the page, or have a scheme that
/// may run code.
pub fn link(url: &str) -> Option<String> {
    encoded(url).filter(|url| {
        let rest = ["https://", "http://", "mailto:", "#"].iter().find_map(|start| strip_start(url, start));
        rest.is_some_and(|rest| !rest.is_empty() && !rest.starts_with(['/', '?', ':', '%']))
    })
}

/// Returns the URL of an image: `https`.
pub fn image(url: &str) -> Option<String> {
    link(url).filter(|url| strip_start(url, "https://").is_some())
}

fn strip_start<'u>(url: &'u str, start: &str) -> Option<&'u str> {
    let (found, rest) = url.split_at_checked(start.len())?;
    found.eq_ignore_ascii_case(start).then_some(rest)
}

/// Returns a URL with the characters encoded that no URL has. Browsers ignore some of them, also within the scheme.
fn encoded(url: &str) -> Option<String> {
    if url.len() > MAX_URL_BYTES {
        return None;
    }
    let mut encoded = String::with_capacity(url.len());
    for char in url.chars() {
        if char.is_control()
            || char.is_whitespace()
            || matches!(char, '"' | '<' | '>' | '\\' | '^' | '`' | '{' | '|' | '}')
        {
            for byte in char.encode_utf8(&mut [0; 4]).bytes() {
                encoded.push('%');
                encoded.extend([byte >> 4, byte & 15].iter().filter_map(|&digit| char::from_digit(digit.into(), 16)));
            }
        } else {
            encoded.push(char);
        }
    }
    Some(encoded)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_have_a_known_scheme() {
        for url in
            ["https://example.org", "HTTP://example.org/a?b=c&d#e", "mailto:a@b.org", "#part", "https://예시.한국/회의"]
        {
            assert_eq!(link(url).as_deref(), Some(url));
        }
        for url in [
            "",
            "#",
            "javascript:alert(1)",
            "JaVaScRiPt:alert(1)",
            " javascript:alert(1)",
            "java\nscript:alert(1)",
            "\u{1}javascript:alert(1)",
            "data:text/html,x",
            "vbscript:x",
            "file:///etc/passwd",
            "blob:https://example.org/x",
            "//evil.example",
            "/api/v1/me",
            "a/b",
            "https:evil.example",
            "https:/evil.example",
            "https:///evil.example",
            "https://\\evil.example",
            "\thttps://example.org",
            "htt\tps://example.org",
        ] {
            assert_eq!(link(url), None, "{url:?}");
        }
    }

    #[test]
    fn images_are_https() {
        assert_eq!(image("HTTPS://example.org/a.png").as_deref(), Some("HTTPS://example.org/a.png"));
        for url in ["http://example.org/a.png", "data:image/png;base64,AA==", "a.png", "#a", "mailto:a@b.org"] {
            assert_eq!(image(url), None, "{url}");
        }
    }

    #[test]
    fn characters_outside_of_urls_are_encoded() {
        assert_eq!(link("https://a.b/ \"<>\\`\u{85}\n").as_deref(), Some("https://a.b/%20%22%3c%3e%5c%60%c2%85%0a"));
    }

    #[test]
    fn long_urls_are_left_out() {
        let url = format!("https://{}", "a".repeat(MAX_URL_BYTES));
        assert!(link(&url[..MAX_URL_BYTES]).is_some());
        assert!(link(&url).is_none());
    }
}
