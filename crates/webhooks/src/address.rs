//! Which addresses may be reached.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::IpNet;

/// The networks that are reached although they are private.
#[derive(Debug, Clone, Default)]
pub struct Allowed(pub Vec<IpNet>);

impl Allowed {
    /// Whether an address may be reached with or without encryption.
    pub fn contains(&self, address: IpAddr) -> bool {
        let address = embedded(address);
        self.0.iter().any(|network| network.contains(&address))
    }

    /// Whether an address may be reached.
    pub fn may_reach(&self, address: IpAddr, is_encrypted: bool) -> bool {
        self.contains(address) || (is_encrypted && is_public(address))
    }
}

/// The IPv4 address that an IPv6 address stands for, if it is one that is mapped, or translated by NAT64 (RFC 6052).
fn embedded(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) if v6.segments()[..6] == [0x64, 0xff9b, 0, 0, 0, 0] => {
            let [.., a, b, c, d] = v6.octets();
            Ipv4Addr::new(a, b, c, d).into()
        }
        address => address,
    }
}

/// Whether an address is one of the public Internet.
fn is_public(address: IpAddr) -> bool {
    match embedded(address) {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

/// By the IANA registry of special-purpose addresses.
#[expect(clippy::unnested_or_patterns, reason = "a network for each pattern")]
const fn is_public_v4(address: Ipv4Addr) -> bool {
    let octets = address.octets();
    let is_special = matches!(
        octets,
        // This network, private, loopback, link-local with the metadata of clouds.
        [0 | 10 | 127, ..] | [169, 254, ..] | [172, 16..=31, ..] | [192, 168, ..]
            // Shared by the customers of a provider (CGNAT).
            | [100, 64..=127, ..]
            // Assignments for protocols, relays of 6to4, benchmarks.
            | [192, 0, 0, _] | [192, 88, 99, _] | [198, 18 | 19, ..]
            // Documentation.
            | [192, 0, 2, _] | [198, 51, 100, _] | [203, 0, 113, _]
            // Multicast, reserved, broadcast.
            | [224..=255, ..]
    );
    !is_special
}

/// Only `2000::/3` is given to networks.
#[expect(clippy::unnested_or_patterns, reason = "a network for each pattern")]
const fn is_public_v6(address: Ipv6Addr) -> bool {
    let is_special = match address.segments() {
        // Assignments for protocols, with Teredo; documentation; 6to4, which may stand for any IPv4 address.
        [0x2001, 0..=0x1ff, ..] | [0x2001, 0xdb8, ..] | [0x2002, ..] | [0x3fff, 0..=0xfff, ..] => true,
        [first, ..] => first & 0xe000 != 0x2000,
    };
    !is_special
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> IpAddr {
        text.parse().expect("an address")
    }

    #[test]
    fn special_addresses_are_not_reached() {
        for text in [
            "0.0.0.0",
            "0.1.2.3",
            "10.0.0.1",
            "100.64.0.1",
            "100.127.255.255",
            "127.0.0.1",
            "127.255.255.255",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.8",
            "192.0.2.1",
            "192.88.99.1",
            "192.168.0.1",
            "198.18.0.1",
            "198.19.255.255",
            "198.51.100.7",
            "203.0.113.9",
            "224.0.0.1",
            "239.255.255.255",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::127.0.0.1",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "::ffff:169.254.169.254",
            "64:ff9b::10.0.0.1",
            "64:ff9b::7f00:1",
            "64:ff9b::169.254.169.254",
            "64:ff9b:1::1",
            "100::1",
            "2001::1",
            "2001:0:7f00:1::",
            "2001:1ff::1",
            "2001:db8::1",
            "2002:7f00:1::",
            "2002:a00:1::1",
            "3fff::1",
            "3fff:fff::1",
            "fc00::1",
            "fd00:ec2::254",
            "fe80::1",
            "fec0::1",
            "ff02::1",
            "5f00::1",
        ] {
            assert!(!Allowed::default().may_reach(address(text), true), "{text}");
        }
    }

    #[test]
    fn public_addresses_are_reached_with_encryption_only() {
        for text in [
            "1.1.1.1",
            "100.63.255.255",
            "100.128.0.1",
            "172.15.0.1",
            "172.32.0.1",
            "192.0.1.1",
            "198.17.0.1",
            "198.20.0.1",
            "223.255.255.255",
            "2606:4700::1111",
            "2001:200::1",
            "2001:4860:4860::8888",
            "3fff:1000::1",
            "::ffff:1.1.1.1",
            "64:ff9b::1.1.1.1",
        ] {
            assert!(Allowed::default().may_reach(address(text), true), "{text}");
            assert!(!Allowed::default().may_reach(address(text), false), "{text}");
        }
    }

    #[test]
    fn allowed_networks_are_reached() {
        let networks = ["10.1.0.0/16", "::1/128", "fd00::/8"].map(|text| text.parse().expect("a network"));
        let allowed = Allowed(networks.into());
        for text in ["10.1.2.3", "::ffff:10.1.2.3", "64:ff9b::10.1.2.3", "::1", "fd12::1"] {
            for is_encrypted in [false, true] {
                assert!(allowed.may_reach(address(text), is_encrypted), "{text}");
            }
        }
        for text in ["10.2.0.1", "127.0.0.1", "fc00::1"] {
            assert!(!allowed.may_reach(address(text), true), "{text}");
        }
    }
}
