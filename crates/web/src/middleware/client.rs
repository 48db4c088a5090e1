use std::net::IpAddr;

use actix_web::http::header::{self, HeaderMap};
use ipnet::IpNet;

/// The address of the client: the peer, or, if the peer is a trusted proxy, the nearest address in `Forwarded` (RFC 7239)
/// or `X-Forwarded-For` that is no trusted proxy. Headers of untrusted peers are ignored.
pub fn client_address(peer: Option<IpAddr>, headers: &HeaderMap, trusted: &[IpNet]) -> Option<IpAddr> {
    let mut client = peer?.to_canonical();
    let is_trusted = |address: &IpAddr| trusted.iter().any(|net| net.contains(address));
    if trusted.is_empty() || !is_trusted(&client) {
        return Some(client);
    }
    for hop in forwarded(headers).into_iter().rev() {
        let Some(hop) = hop else { break };
        client = hop.to_canonical();
        if !is_trusted(&client) {
            break;
        }
    }
    Some(client)
}

/// The chain of addresses, the farthest first; `None` for a hop without an address.
fn forwarded(headers: &HeaderMap) -> Vec<Option<IpAddr>> {
    let values = |name| headers.get_all(name).filter_map(|value| value.to_str().ok());
    if headers.contains_key(header::FORWARDED) {
        let elements = values(header::FORWARDED).flat_map(|value| value.split(','));
        return elements
            .map(|element| {
                let pairs = element.split(';').filter_map(|pair| pair.trim().split_once('='));
                let node = pairs.into_iter().find(|(name, _)| name.eq_ignore_ascii_case("for"))?.1;
                address(node.trim_matches('"'))
            })
            .collect();
    }
    values(header::X_FORWARDED_FOR).flat_map(|value| value.split(',')).map(|node| address(node.trim())).collect()
}

/// Parses an address with or without a port, IPv6 with or without brackets.
fn address(node: &str) -> Option<IpAddr> {
    let bracketed = node.strip_prefix('[').and_then(|node| Some(node.split_once(']')?.0));
    let without_port = || node.rsplit_once(':').map(|(address, _)| address);
    bracketed.unwrap_or(node).parse().ok().or_else(|| without_port()?.parse().ok())
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::HeaderValue;

    use super::*;

    fn client(peer: &str, name: &'static str, value: &'static str) -> String {
        let mut headers = HeaderMap::new();
        headers.insert(header::HeaderName::from_static(name), HeaderValue::from_static(value));
        let trusted = ["10.0.0.0/8".parse().expect("a network")];
        client_address(peer.parse().ok(), &headers, &trusted).expect("a client").to_string()
    }

    #[test]
    fn forwarding_headers_of_trusted_proxies_alone_count() {
        assert_eq!(client("192.0.2.1", "x-forwarded-for", "198.51.100.7"), "192.0.2.1");
        assert_eq!(client("10.0.0.1", "x-forwarded-for", "198.51.100.7"), "198.51.100.7");
        assert_eq!(client("10.0.0.1", "x-forwarded-for", "203.0.113.9, 198.51.100.7, 10.0.0.2"), "198.51.100.7");
        assert_eq!(client("10.0.0.1", "x-forwarded-for", "nonsense"), "10.0.0.1");
        assert_eq!(client("10.0.0.1", "forwarded", r#"for="[2001:db8::1]:4711";proto=https"#), "2001:db8::1");
        assert_eq!(client("10.0.0.1", "forwarded", "for=203.0.113.9:80, for=198.51.100.7"), "198.51.100.7");
    }
}
