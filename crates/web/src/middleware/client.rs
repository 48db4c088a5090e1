use std::{net::IpAddr, str, sync::Once};

use actix_web::http::header::{self, HeaderMap, HeaderName};
use ipnet::IpNet;

use crate::{context::Scheme, settings::ForwardedHeader};

/// From where and how a client sent a request, as far as that is known.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Client {
    /// Its address: the peer, or, if the peer is a trusted proxy, the nearest address in the header of the proxies that is no
    /// trusted proxy. The client may have written the part before that, and all of the other header.
    pub address: Option<IpAddr>,
    /// The scheme that it used, if the peer is a trusted proxy that says so.
    pub scheme: Option<Scheme>,
}

impl Client {
    /// The client of a request.
    pub fn of(peer: Option<IpAddr>, headers: &HeaderMap, trusted: &[IpNet], header: ForwardedHeader) -> Self {
        let Some(peer) = peer.map(|peer| peer.to_canonical()) else { return Self::default() };
        let is_trusted = |address: &IpAddr| trusted.iter().any(|net| net.contains(address));
        if !is_trusted(&peer) {
            warn_once(peer, headers);
            return Self { address: Some(peer), scheme: None };
        }
        let (mut client, mut hops_back) = (peer, 0);
        for hop in hops(headers, header).into_iter().rev() {
            // What is no address was sent by the hop next to it.
            let Some(hop) = hop else { break };
            (client, hops_back) = (hop.to_canonical(), hops_back + 1);
            if !is_trusted(&client) {
                break;
            }
        }
        Self { address: Some(client), scheme: scheme(headers, header, hops_back) }
    }
}

/// The scheme in the element of this hop, counted from the end. Most proxies write one element for all hops.
fn scheme(headers: &HeaderMap, header: ForwardedHeader, hops_back: usize) -> Option<Scheme> {
    let name = match header {
        ForwardedHeader::XForwardedFor => header::X_FORWARDED_PROTO,
        ForwardedHeader::Forwarded => header::FORWARDED,
    };
    let elements: Vec<_> = elements(headers, &name).collect();
    let index = elements.len().saturating_sub(hops_back.max(1));
    let element = str::from_utf8(elements.get(index)?).ok()?;
    match header {
        ForwardedHeader::XForwardedFor => scheme_named(element),
        ForwardedHeader::Forwarded => scheme_named(parameter(element, "proto")?),
    }
}

fn scheme_named(name: &str) -> Option<Scheme> {
    [Scheme::Http, Scheme::Https].into_iter().find(|scheme| name.eq_ignore_ascii_case(scheme.name()))
}

/// The elements of a list in a header; empty ones are ignored (RFC 9110, section 5.6.1).
fn elements<'a>(headers: &'a HeaderMap, name: &'a HeaderName) -> impl Iterator<Item = &'a [u8]> {
    let elements = headers.get_all(name).flat_map(|value| value.as_bytes().split(|byte| *byte == b','));
    elements.map(<[u8]>::trim_ascii).filter(|element| !element.is_empty())
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
    let name = header.name();
    let hop = |element| {
        let element = str::from_utf8(element).ok()?;
        match header {
            ForwardedHeader::XForwardedFor => address(element),
            ForwardedHeader::Forwarded => address(parameter(element, "for")?),
        }
    };
    elements(headers, &name).map(hop).collect()
}

/// A parameter of an element of `Forwarded` (RFC 7239, section 4).
fn parameter<'a>(element: &'a str, parameter: &str) -> Option<&'a str> {
    let mut pairs = element.split(';').filter_map(|pair| pair.trim().split_once('='));
    let (_, value) = pairs.find(|(name, _)| name.eq_ignore_ascii_case(parameter))?;
    Some(value.trim_matches('"'))
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
        sent(peer, header, headers).address.expect("a client").to_string()
    }

    fn sent(peer: &str, header: ForwardedHeader, headers: &[(HeaderName, &[u8])]) -> Client {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(name.clone(), HeaderValue::from_bytes(value).expect("a value"));
        }
        let trusted = ["10.0.0.0/8".parse().expect("a network")];
        Client::of(peer.parse().ok(), &map, &trusted, header)
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

    #[test]
    fn the_scheme_is_what_a_trusted_proxy_says_of_the_hop_of_the_client() {
        let by_x = |peer: &str, chain: &str, protos: &[&str]| {
            let mut headers = vec![(header::X_FORWARDED_FOR, chain.as_bytes())];
            headers.extend(protos.iter().map(|proto| (header::X_FORWARDED_PROTO, proto.as_bytes())));
            sent(peer, ForwardedHeader::XForwardedFor, &headers).scheme
        };
        let (http, https) = (Some(Scheme::Http), Some(Scheme::Https));
        assert_eq!(by_x("10.0.0.1", "198.51.100.7", &["http"]), http);
        assert_eq!(by_x("10.0.0.1", "198.51.100.7", &["HTTPS"]), https);
        assert_eq!(by_x("10.0.0.1", "", &["http"]), http);
        assert_eq!(by_x("192.0.2.1", "198.51.100.7", &["http"]), None, "no trusted proxy");
        assert_eq!(by_x("10.0.0.1", "198.51.100.7", &[]), None);
        assert_eq!(by_x("10.0.0.1", "198.51.100.7", &["ftp"]), None);
        // The client wrote the first element; the proxies between them speak http.
        assert_eq!(by_x("10.0.0.1", "198.51.100.7", &["https, http"]), http);
        assert_eq!(by_x("10.0.0.1", "198.51.100.7, 10.0.0.2", &["https", "http"]), https);
        assert_eq!(by_x("10.0.0.1", "198.51.100.7, 10.0.0.2", &["http"]), http, "one element for all hops");
        let forwarded =
            |value: &str| sent("10.0.0.1", ForwardedHeader::Forwarded, &[(header::FORWARDED, value.as_bytes())]).scheme;
        assert_eq!(forwarded("for=198.51.100.7;Proto=\"http\""), http);
        assert_eq!(forwarded("proto=http, for=198.51.100.7;proto=https, for=10.0.0.2;proto=http"), https);
        assert_eq!(forwarded("for=198.51.100.7"), None);
        let other = [(header::X_FORWARDED_PROTO, &b"http"[..])];
        assert_eq!(sent("10.0.0.1", ForwardedHeader::Forwarded, &other).scheme, None);
    }
}
