use actix_web::{
    HttpRequest,
    http::{header, uri::Authority},
};

use crate::settings::HttpSettings;

/// Whether the settings allow the host that a request names.
pub fn is_trusted_host(request: &HttpRequest, settings: &HttpSettings) -> bool {
    is_trusted(&settings.trusted_hosts, named_host(request))
}

/// The host that a request names, with the port if there is one.
pub fn named_host(request: &HttpRequest) -> &str {
    // Not connection_info(), which believes forwarding headers of any client.
    let named = request.headers().get(header::HOST).and_then(|host| host.to_str().ok());
    request.uri().authority().map(Authority::as_str).or(named).unwrap_or_default()
}

/// A host with user information is refused (RFC 9110, section 4.2.4): what precedes the `@` looks like the host.
fn is_trusted(patterns: &[String], host: &str) -> bool {
    !host.contains('@') && patterns.iter().any(|pattern| host_matches(pattern, without_port(host)))
}

fn without_port(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port)) if !name.ends_with(':') && port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    }
}

/// `*` is any host, `*.example.com` any host below `example.com`. A dot at the end makes no difference: it is the same name.
fn host_matches(pattern: &str, host: &str) -> bool {
    let [pattern, host] = [pattern, host].map(|name| name.strip_suffix('.').unwrap_or(name));
    if pattern == "*" {
        return true;
    }
    match pattern.strip_prefix('*') {
        Some(suffix) => {
            host.len() > suffix.len()
                && host.get(host.len() - suffix.len()..).is_some_and(|end| end.eq_ignore_ascii_case(suffix))
        }
        None => pattern.eq_ignore_ascii_case(host),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_are_matched_by_name_ignoring_the_port() {
        assert_eq!(without_port("example.com:8080"), "example.com");
        assert_eq!(without_port("[::1]:8080"), "[::1]");
        assert_eq!(without_port("localhost"), "localhost");
        assert!(host_matches("*", "anything"));
        assert!(host_matches("*.example.com", "memo.Example.com"));
        assert!(!host_matches("*.example.com", "example.com"));
        assert!(!host_matches("*.example.com", "badexample.com"));
        assert!(!host_matches("localhost", "localhost.evil.com"));
        assert!(host_matches("[::1]", without_port("[::1]:8080")));
    }

    #[test]
    fn a_dot_at_the_end_of_a_host_makes_no_difference() {
        for (pattern, host) in [("a.b", "a.b."), ("a.b.", "a.b"), ("a.b.", "A.b."), ("*.b", "a.b.")] {
            assert!(host_matches(pattern, host), "{pattern} {host}");
        }
        for (pattern, host) in [("a.b", "a.b.."), ("a.b", "."), ("*.b", "b."), ("", "a")] {
            assert!(!host_matches(pattern, host), "{pattern} {host}");
        }
    }

    #[test]
    fn hosts_with_user_information_are_refused() {
        for pattern in ["localhost", "*", "*.com"] {
            assert!(!is_trusted(&[pattern.to_owned()], "evil.com@localhost"), "{pattern}");
            assert!(!is_trusted(&[pattern.to_owned()], "localhost:80@evil.com"), "{pattern}");
        }
        assert!(is_trusted(&["localhost".to_owned()], "LOCALHOST:80"));
    }
}
