use std::{fmt, net::IpAddr};

use async_trait::async_trait;
use ipnet::{IpNet, Ipv4Net};

use crate::{
    Id, InvalidValue, Scopes, Sealed, SecretDigest, StoreError, Timestamp, UserId,
    text::{check_length, check_line, check_no_nul, normalize},
};

/// The name of an API key: trimmed, NFC, 1 to 100 characters, one of them visible, none of them a control character.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiKeyName(String);

impl ApiKeyName {
    /// The maximum length in characters (Unicode scalar values), after trimming and NFC.
    pub const MAX: usize = 100;

    /// # Errors
    /// [`InvalidValue`] as of a [`DisplayName`](crate::DisplayName).
    pub fn new(text: impl AsRef<str>) -> Result<Self, InvalidValue> {
        let text = normalize(text.as_ref());
        check_length(&text, 1, Self::MAX)?;
        check_line(&text)?;
        Ok(Self(text))
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// What a user notes about an API key, byte for byte: up to 1,000 characters without U+0000.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiKeyNote(String);

impl ApiKeyNote {
    /// The maximum length in characters (Unicode scalar values).
    pub const MAX: usize = 1_000;

    /// # Errors
    /// [`InvalidValue::TooLong`] or [`InvalidValue::NulCharacter`].
    pub fn new(text: impl Into<String>) -> Result<Self, InvalidValue> {
        let text = text.into();
        check_no_nul(&text)?;
        check_length(&text, 0, Self::MAX)?;
        Ok(Self(text))
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A range of addresses in CIDR notation (RFC 4632, RFC 4291); an address alone is the range of this address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Network(IpNet);

impl Network {
    /// Parses the text form. Bits after the prefix are cleared, and an IPv4 address that is mapped to IPv6 is one of IPv4.
    ///
    /// # Errors
    /// [`InvalidValue::Malformed`].
    pub fn parse(text: &str) -> Result<Self, InvalidValue> {
        let parsed = text.parse().or_else(|_| text.parse::<IpAddr>().map(IpNet::from));
        let network: IpNet = parsed.map_err(|_| InvalidValue::Malformed)?;
        Ok(Self(canonical(network).trunc()))
    }

    /// Whether it has this address, which is canonical: no IPv4 address that is mapped to IPv6.
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        self.0.contains(&address)
    }
}

fn canonical(network: IpNet) -> IpNet {
    /// The prefix of IPv4 addresses that are mapped to IPv6.
    const MAPPED: u8 = 96;
    let IpNet::V6(v6) = network else { return network };
    let mapped = v6.addr().to_ipv4_mapped().filter(|_| v6.prefix_len() >= MAPPED);
    let v4 = mapped.and_then(|address| Ipv4Net::new(address, v6.prefix_len() - MAPPED).ok());
    v4.map_or(network, IpNet::V4)
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The addresses from which an API key may be used: any, if the list is empty. Its text form has a space between the networks.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Networks(Vec<Network>);

impl Networks {
    /// The maximum number of networks.
    pub const MAX: usize = 50;

    /// Equal networks count once.
    ///
    /// # Errors
    /// [`InvalidValue::TooMany`].
    pub fn new(networks: impl IntoIterator<Item = Network>) -> Result<Self, InvalidValue> {
        let mut list = Vec::new();
        for network in networks {
            if !list.contains(&network) {
                list.push(network);
            }
        }
        if list.len() > Self::MAX { Err(InvalidValue::TooMany { max: Self::MAX }) } else { Ok(Self(list)) }
    }

    /// Reads the text form.
    ///
    /// # Errors
    /// [`InvalidValue::Malformed`] or [`InvalidValue::TooMany`].
    pub fn parse(text: &str) -> Result<Self, InvalidValue> {
        let networks = text.split_terminator(' ').map(Network::parse);
        Self::new(networks.collect::<Result<Vec<_>, _>>()?)
    }

    /// The networks, in the order in which the user wrote them.
    pub fn iter(&self) -> impl Iterator<Item = &Network> {
        self.0.iter()
    }

    /// Whether a request from this address is allowed; an unknown address is in no network.
    #[must_use]
    pub fn allow(&self, address: Option<IpAddr>) -> bool {
        self.0.is_empty()
            || address.is_some_and(|address| self.0.iter().any(|network| network.contains(address.to_canonical())))
    }
}

impl fmt::Display for Networks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, network) in self.0.iter().enumerate() {
            write!(f, "{}{network}", if index == 0 { "" } else { " " })?;
        }
        Ok(())
    }
}

/// How an API key authenticates requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ApiKeyKind {
    /// Requests contain the secret.
    Bearer,
    /// Requests are signed with the secret (RFC 9421).
    Signed,
}

impl ApiKeyKind {
    /// Every kind with its stable name, for stores.
    pub const NAMES: [(Self, &'static str); 2] = [(Self::Bearer, "bearer"), (Self::Signed, "signed")];
}

/// What a store has of the secret of an API key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ApiKeySecret {
    /// Of a bearer key, which is compared.
    Digest(SecretDigest),
    /// Of a key that signs: it is needed to check signatures.
    Sealed(Sealed),
}

impl ApiKeySecret {
    /// The kind of a key with such a secret.
    #[must_use]
    pub const fn kind(&self) -> ApiKeyKind {
        match self {
            Self::Digest(_) => ApiKeyKind::Bearer,
            Self::Sealed(_) => ApiKeyKind::Signed,
        }
    }
}

/// The id of an API key.
pub type ApiKeyId = Id<ApiKey>;

/// A credential of a program that acts for a user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiKey {
    /// The id.
    pub id: ApiKeyId,
    /// The user that it acts for.
    pub user_id: UserId,
    /// The name by which the user recognizes it.
    pub name: ApiKeyName,
    /// What the user notes about it.
    pub note: Option<ApiKeyNote>,
    /// The secret.
    pub secret: ApiKeySecret,
    /// What it may be used for.
    pub scopes: Scopes,
    /// The addresses that it may be used from.
    pub networks: Networks,
    /// When it was created.
    pub created_at: Timestamp,
    /// When it expires; `None` if it does not.
    pub expires_at: Option<Timestamp>,
    /// When it was last used, as far as that is recorded.
    pub last_used_at: Option<Timestamp>,
}

/// Stores API keys.
///
/// # Contract
/// * `an_api_key_reads_back_equal`: what was inserted or updated MUST read back equal.
/// * `an_insert_with_a_taken_api_key_id_conflicts`: [`insert`](Self::insert) MUST fail with
///   [`Conflict::Id`](crate::Conflict::Id) if the id is taken.
/// * `an_api_key_needs_its_user`: [`insert`](Self::insert) MUST fail with [`Conflict::Parent`](crate::Conflict::Parent) if
///   the user does not exist.
/// * `an_update_of_an_absent_api_key_is_stale`: [`update`](Self::update) MUST fail with [`StoreError::Stale`] if there is no
///   such key.
/// * `api_keys_are_listed_newest_first`: [`list_by_user`](Self::list_by_user) MUST return all keys of a user, and no other
///   user's, by descending ids.
/// * `a_use_of_an_api_key_is_never_set_back`: [`touch`](Self::touch) MUST set the last use if it is later than the recorded
///   one, and return whether it was; [`update`](Self::update) MUST NOT change it.
/// * `an_api_key_is_removed_once`: [`remove`](Self::remove) MUST return `true` if the key existed.
/// * `a_looked_up_api_key_does_not_change_until_the_commit`: after [`lookup`](Self::lookup) in a writing unit of work, others
///   MUST NOT change or remove the key before this one has ended.
#[async_trait]
pub trait ApiKeyRepository: Send {
    /// Returns the key with this id.
    async fn lookup(&mut self, id: ApiKeyId) -> Result<Option<ApiKey>, StoreError>;

    /// Returns all keys of a user, newest first.
    async fn list_by_user(&mut self, user: UserId) -> Result<Vec<ApiKey>, StoreError>;

    /// Adds a key.
    async fn insert(&mut self, key: &ApiKey) -> Result<(), StoreError>;

    /// Replaces the key with this id, except its last use.
    async fn update(&mut self, key: &ApiKey) -> Result<(), StoreError>;

    /// Records a use. Returns whether it is later than the last one.
    async fn touch(&mut self, id: ApiKeyId, at: Timestamp) -> Result<bool, StoreError>;

    /// Removes a key. Returns whether it existed.
    async fn remove(&mut self, id: ApiKeyId) -> Result<bool, StoreError>;
}

#[cfg(test)]
mod tests {
    use std::net::Ipv6Addr;

    use super::*;

    fn networks(text: &str) -> Networks {
        Networks::parse(text).expect("valid networks")
    }

    #[test]
    fn networks_are_canonical() {
        for (text, canonical) in [
            ("203.0.113.7", "203.0.113.7/32"),
            ("10.1.2.3/8", "10.0.0.0/8"),
            ("2001:DB8::1", "2001:db8::1/128"),
            ("2001:db8::1/32", "2001:db8::/32"),
            ("::ffff:10.0.0.1", "10.0.0.1/32"),
            ("::ffff:10.0.0.1/104", "10.0.0.0/8"),
            ("::/0", "::/0"),
        ] {
            assert_eq!(Network::parse(text).expect(text).to_string(), canonical, "{text}");
        }
        for text in ["", "10.0.0", "10.0.0.1/33", "10.0.0.1/", "example.com", "10.0.0.1 ", "::1/129", "0x7f000001"] {
            assert_eq!(Network::parse(text), Err(InvalidValue::Malformed), "{text:?}");
        }
    }

    #[test]
    fn addresses_in_one_of_the_networks_are_allowed() {
        let list = networks("10.0.0.0/8 2001:db8::/32");
        let allows = |address: &str| list.allow(Some(address.parse().expect("an address")));
        assert!(allows("10.255.0.1") && allows("2001:db8:ffff::1") && allows("::ffff:10.0.0.1"));
        assert!(!allows("11.0.0.1") && !allows("2001:db9::1") && !allows("::1") && !list.allow(None));
        assert!(networks("").allow(None), "without a list, from anywhere");
    }

    #[test]
    fn the_text_form_of_networks_reads_back() {
        for text in ["", "10.0.0.0/8", "10.0.0.0/8 ::1/128"] {
            assert_eq!(networks(text).to_string(), text);
        }
        assert_eq!(networks("10.0.0.1/8 10.0.0.2/8").to_string(), "10.0.0.0/8");
        let many = (0..=Networks::MAX).map(|n| Network(IpNet::from(IpAddr::from(Ipv6Addr::from_bits(n as u128)))));
        assert_eq!(Networks::new(many), Err(InvalidValue::TooMany { max: Networks::MAX }));
    }

    #[test]
    fn names_are_lines_and_notes_are_texts() {
        assert_eq!(ApiKeyName::new(" backup ").expect("valid").as_str(), "backup");
        assert_eq!(ApiKeyName::new(" "), Err(InvalidValue::TooShort { min: 1 }));
        assert_eq!(ApiKeyName::new("a".repeat(101)), Err(InvalidValue::TooLong { max: 100 }));
        assert_eq!(ApiKeyName::new("a\nb"), Err(InvalidValue::ControlCharacter));
        assert_eq!(ApiKeyNote::new("a\nb ").expect("valid").as_str(), "a\nb ");
        assert_eq!(ApiKeyNote::new("a\0"), Err(InvalidValue::NulCharacter));
        assert_eq!(ApiKeyNote::new("a".repeat(1_001)), Err(InvalidValue::TooLong { max: 1_000 }));
    }
}
