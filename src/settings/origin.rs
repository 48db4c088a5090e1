//! Origins and hosts, in the form in which browsers send them.

use std::net::Ipv6Addr;

use url::{Host, Url};

/// Returns the origin of a URL that has nothing else: A-labels, in lower case, without the default port. `None` if the text
/// is no such URL.
pub fn origin(text: &str) -> Option<String> {
    // The parser removes line breaks and tabs, and accepts a URL without slashes or with too many.
    let (_, rest) = text.split_once("://")?;
    let is_blank = |char: char| char.is_control() || char.is_whitespace();
    if text.contains(is_blank) || rest.starts_with('/') || rest.contains(['@', '\\']) {
        return None;
    }
    let url = Url::parse(text).ok()?;
    let is_origin = matches!(url.scheme(), "http" | "https")
        && url.path() == "/"
        && url.query().is_none()
        && url.fragment().is_none()
        && url.port() != Some(0)
        && url.host().is_some_and(|host| !matches!(host, Host::Domain(name) if !is_name(name)));
    is_origin.then(|| url.origin().ascii_serialization())
}

fn is_name(name: &str) -> bool {
    let is_label = |label: &str| {
        (1..64).contains(&label.len())
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
    };
    name.len() < 255 && without_dot(name).split('.').all(is_label)
}

/// Returns a pattern for hosts as it is compared: `*`, `*.example.com`, a name or an address. `None` if no host can match.
pub fn host_pattern(text: &str) -> Option<String> {
    if text == "*" {
        return Some(text.to_owned());
    }
    let (wildcard, name) = text.strip_prefix("*.").map_or(("", text), |name| ("*.", name));
    let is_bare_ipv6 = name.parse::<Ipv6Addr>().is_ok();
    let is_ipv6 = is_bare_ipv6 || (name.starts_with('[') && name.ends_with(']'));
    if name.contains(['/', '?', '#']) || (name.contains(':') && !is_ipv6) {
        return None;
    }
    let url = if is_bare_ipv6 { format!("http://[{name}]") } else { format!("http://{name}") };
    let host = origin(&url)?;
    let host = without_dot(host.strip_prefix("http://")?);
    // Nothing is below an address.
    let is_name = || Url::parse(&url).is_ok_and(|url| url.domain().is_some());
    (wildcard.is_empty() || is_name()).then(|| format!("{wildcard}{host}"))
}

fn without_dot(name: &str) -> &str {
    name.strip_suffix('.').unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_is_written_as_browsers_send_it() {
        for (text, expected) in [
            ("https://memo.example.com", "https://memo.example.com"),
            ("https://메모.한국", "https://xn--h32b2f.xn--3e0b707e"),
            ("HTTPS://Memo.Example.COM:443/", "https://memo.example.com"),
            ("http://memo.example.com:80", "http://memo.example.com"),
            ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
            ("http://[0:0::1]:8080", "http://[::1]:8080"),
            ("https://memo.example.com.", "https://memo.example.com."),
            ("http://my_host", "http://my_host"),
        ] {
            assert_eq!(origin(text).as_deref(), Some(expected), "{text}");
        }
    }

    #[test]
    fn other_texts_are_no_origin() {
        for text in [
            "",
            "memo.example.com",
            "https:memo.example.com",
            "https:///memo.example.com",
            "https:\\\\memo.example.com",
            "https://",
            "ftp://memo.example.com",
            "https://memo.example.com:99999",
            "https://memo.example.com:0",
            "https://memo.example.com/memo",
            "https://memo.example.com?a",
            "https://memo.example.com#a",
            "https://u:p@memo.example.com",
            "https://@memo.example.com",
            "https://\"memo.example.com\"",
            "\"https://memo.example.com\"",
            "'https://memo.example.com'",
            "https://memo.\texample.com",
            "https://memo.example.com\n",
            " https://memo.example.com",
            "https://memo example.com",
            "https://a..b",
            "https://*.example.com",
            "https://memo.example.com, https://other.example.com",
            "https://1.2.3.4.5",
            "null",
            "*",
        ] {
            assert_eq!(origin(text), None, "{text}");
        }
    }

    #[test]
    fn a_host_pattern_can_match_a_host() {
        for (text, expected) in [
            ("*", "*"),
            ("memo.example.com", "memo.example.com"),
            ("Memo.Example.com.", "memo.example.com"),
            ("*.example.com", "*.example.com"),
            ("*.한국", "*.xn--3e0b707e"),
            ("메모.한국", "xn--h32b2f.xn--3e0b707e"),
            ("[::1]", "[::1]"),
            ("0::1", "[::1]"),
            ("127.0.0.1", "127.0.0.1"),
        ] {
            assert_eq!(host_pattern(text).as_deref(), Some(expected), "{text}");
        }
        for text in [
            "",
            ".",
            "*.",
            "**",
            "*example.com",
            ".example.com",
            "memo.*.com",
            "memo.example.com:8080",
            "[::1]:8080",
            "memo.example.com:80",
            "https://memo.example.com",
            "memo.example.com/",
            "a b",
            "a..b",
            "\"a\"",
            "*.127.0.0.1",
            "*.[::1]",
            "[::g]",
            "u@a",
        ] {
            assert_eq!(host_pattern(text), None, "{text}");
        }
    }
}
