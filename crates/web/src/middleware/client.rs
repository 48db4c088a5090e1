use std::{net::IpAddr, str, sync::Once};

use actix_web::http::header::{self, HeaderMap, HeaderName};
use ipnet::IpNet;

use crate::settings::ForwardedHeader;

/// The address of the client: the peer, or, if the peer is a trusted proxy, the nearest address in the header of the proxies
/// that is no trusted proxy. The client may have written the part before that, and all of the other header.
pub fn client_address(
    peer: Option<IpAddr>,
    headers: &HeaderMap,
    trusted: &[IpNet],
    header: ForwardedHeader,
) -> Option<IpAddr> {
    let mut client = peer?.to_canonical();
    let is_trusted = |address: &IpAddr| trusted.iter().any(|net| net.contains(address));
    if !is_trusted(&client) {
        warn_once(client, headers);
        return Some(client);
    }
    for hop in hops(headers, header).into_iter().rev() {
        // What is no address was sent by the hop next to it.
        let Some(hop) = hop else { break };
        client = hop.to_canonical();
        if !is_trusted(&client) {
            break;
        }
    }
    Some(client)
}

/// Warns of the first header that is ignored: probably a proxy is missing in the settings.
fn warn_once(peer: IpAddr, headers: &HeaderMap) {
    static WARNED: Once = Once::new();
    if let Some(header) = [header::X_FORWARDED_FOR, header::FORWARDED].iter().find(|name| headers.contains_key(*name)) {
        WARNED.call_once(|| {
            tracing::warn!(%peer, %header, "a forwarded address is ignored: the peer is not in server.trusted_proxies");
        });
    }
}

impl ForwardedHeader {
    const fn name(self) -> HeaderName {
        match self {
            Self::XForwardedFor => header::X_FORWARDED_FOR,
            Self::Forwarded => header::FORWARDED,
        }
    }
}

/// The chain of addresses, the farthest first; `None` for a hop without an address.
fn hops(headers: &HeaderMap, header: ForwardedHeader) -> Vec<Option<IpAddr>> {
    let elements = headers.get_all(header.name()).flat_map(|value| value.as_bytes().split(|byte| *byte == b','));
    // Empty elements of a list are ignored (RFC 9110, section 5.6.1).
    let elements = elements.map(<[u8]>::trim_ascii).filter(|element| !element.is_empty());
    let hop = |element| {
        let element = str::from_utf8(element).ok()?;
        match header {
            ForwardedHeader::XForwardedFor => address(element),
            ForwardedHeader::Forwarded => address(node(element)?),
        }
    };
    elements.map(hop).collect()
}

/// The node of the parameter `for` of an element of `Forwarded` (RFC 7239, section 4).
fn node(element: &str) -> Option<&str> {
    let mut pairs = element.split(';').filter_map(|pair| pair.trim().split_once('='));
    let (_, node) = pairs.find(|(name, _)| name.eq_ignore_ascii_case("for"))?;
    Some(node.trim_matches('"'))
}

/// Parses an address with or without a port, IPv6 with or without brackets.
fn address(node: &str) -> Option<IpAddr> {
    let bracketed = node.strip_prefix('[').and_then(|node| node.split_once(']'));
    if let Some((address, port)) = bracketed {
        return address.parse().ok().filter(|_| port.is_empty() || port.starts_with(':'));
    }
    let without_port = || node.rsplit_once(':')?.0.parse().ok();
    node.parse().ok().or_else(without_port)
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::HeaderValue;

    use super::*;

    /// The client of a request with these headers that comes from a peer.
    fn client(peer: &str, header: ForwardedHeader, headers: &[(HeaderName, &[u8])]) -> String {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(name.clone(), HeaderValue::from_bytes(value).expect("a value"));
        }
        let trusted = ["10.0.0.0/8".parse().expect("a network")];
        client_address(peer.parse().ok(), &map, &trusted, header).expect("a client").to_string()
    }

    fn by_x_forwarded_for(peer: &str, values: &[&[u8]]) -> String {
        let headers: Vec<_> = values.iter().map(|value| (header::X_FORWARDED_FOR, *value)).collect();
        client(peer, ForwardedHeader::XForwardedFor, &headers)
    }

    fn by_forwarded(value: &str) -> String {
        client("10.0.0.1", ForwardedHeader::Forwarded, &[(header::FORWARDED, value.as_bytes())])
    }

    #[test]
    fn forwarding_headers_of_trusted_proxies_alone_count() {
        assert_eq!(by_x_forwarded_for("192.0.2.1", &[b"198.51.100.7"]), "192.0.2.1");
        assert_eq!(by_x_forwarded_for("10.0.0.1", &[b"198.51.100.7"]), "198.51.100.7");
        assert_eq!(by_x_forwarded_for("10.0.0.1", &[b"203.0.113.9, 198.51.100.7, 10.0.0.2"]), "198.51.100.7");
        assert_eq!(by_x_forwarded_for("10.0.0.1", &[b"203.0.113.9", b"198.51.100.7:80"]), "198.51.100.7");
        assert_eq!(by_forwarded(r#"for="[2001:db8::1]:4711";proto=https"#), "2001:db8::1");
        assert_eq!(by_forwarded("for=203.0.113.9:80, proto=https; For=198.51.100.7"), "198.51.100.7");
    }

    #[test]
    fn the_header_that_the_proxies_do_not_write_is_ignored() {
        let both: [(_, &[u8]); 2] =
            [(header::FORWARDED, b"for=203.0.113.9"), (header::X_FORWARDED_FOR, b"198.51.100.7")];
        assert_eq!(client("10.0.0.1", ForwardedHeader::XForwardedFor, &both), "198.51.100.7");
        assert_eq!(client("10.0.0.1", ForwardedHeader::Forwarded, &both), "203.0.113.9");
        assert_eq!(client("10.0.0.1", ForwardedHeader::XForwardedFor, &both[..1]), "10.0.0.1");
        assert_eq!(client("10.0.0.1", ForwardedHeader::Forwarded, &both[1..]), "10.0.0.1");
    }

    #[test]
    fn what_is_no_address_was_sent_by_the_hop_next_to_it() {
        for garbage in
            ["", ",", "nonsense", "\u{ff}", "203.0.113.9\u{ff}", "unknown", "[2001:db8::1", "[2001:db8::1]x", "1:2"]
        {
            let alone: Vec<u8> = garbage.chars().map(|char| u8::try_from(char).expect("a byte")).collect();
            let before = [&alone[..], b", 198.51.100.7, 10.0.0.2"].concat();
            assert_eq!(by_x_forwarded_for("10.0.0.1", &[&before]), "198.51.100.7", "{garbage:?}");
            assert_eq!(by_x_forwarded_for("10.0.0.1", &[&alone, b"198.51.100.7"]), "198.51.100.7", "{garbage:?}");
            let between = [b"203.0.113.9, ", &alone[..], b", 10.0.0.2"].concat();
            let last = if garbage.trim_matches(',').is_empty() { "203.0.113.9" } else { "10.0.0.2" };
            assert_eq!(by_x_forwarded_for("10.0.0.1", &[&between]), last, "{garbage:?}");
            assert_eq!(by_x_forwarded_for("10.0.0.1", &[&alone]), "10.0.0.1", "{garbage:?}");
        }
        assert_eq!(by_forwarded("for=203.0.113.9, proto=https, for=10.0.0.2"), "10.0.0.2");
        assert_eq!(by_forwarded("for=\"_hidden\", for=198.51.100.7"), "198.51.100.7");
    }
}
