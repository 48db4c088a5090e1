//! Requests that are signed with an API key: HTTP Message Signatures (RFC 9421) with `hmac-sha256`.

mod base;

use actix_web::http::header::{self, HeaderMap, HeaderName};
pub use base::{Message, Origin};
use memo_application::SignedRequest;
use memo_domain::{ApiKeyId, Timestamp};
use sfv::{BareItem, Dictionary, InnerList, Key, ListEntry, Parameters, Parser};

use crate::digest::{CONTENT_DIGEST, Digests, structured};

const SIGNATURE: HeaderName = HeaderName::from_static("signature");
const SIGNATURE_INPUT: HeaderName = HeaderName::from_static("signature-input");
/// The algorithm, if the signature names it.
const ALGORITHM: &str = "hmac-sha256";
/// The maximum length of a nonce in bytes.
const MAX_NONCE: usize = 255;

/// The signature of a request.
#[derive(Debug)]
pub struct Signature {
    key_id: ApiKeyId,
    created: Timestamp,
    expires: Option<Timestamp>,
    nonce: String,
    /// What is signed, and the parameters.
    covered: InnerList,
    bytes: Vec<u8>,
}

/// Why a request is not accepted as signed.
#[derive(Debug, PartialEq, Eq)]
pub enum Refusal {
    /// Several signatures: which one counts?
    Ambiguous,
    /// Malformed, or not as this server requires it.
    Invalid,
}

impl Signature {
    /// Whether a request carries a signature, valid or not.
    pub fn is_sent(headers: &HeaderMap) -> bool {
        headers.contains_key(SIGNATURE) || headers.contains_key(SIGNATURE_INPUT)
    }

    /// Reads the signature of a request.
    ///
    /// # Errors
    /// [`Refusal`].
    pub fn read(headers: &HeaderMap) -> Result<Self, Refusal> {
        let input = read(headers, &SIGNATURE_INPUT)?;
        let signatures = read(headers, &SIGNATURE)?;
        if input.len() > 1 || signatures.len() > 1 {
            return Err(Refusal::Ambiguous);
        }
        let (label, covered) = input.into_iter().next().ok_or(Refusal::Invalid)?;
        let (ListEntry::InnerList(covered), Some(ListEntry::Item(signature))) = (covered, signatures.get(&label))
        else {
            return Err(Refusal::Invalid);
        };
        let bytes = signature.bare_item.as_byte_sequence().ok_or(Refusal::Invalid)?.to_vec();
        Self::of(covered, bytes).ok_or(Refusal::Invalid)
    }

    fn of(covered: InnerList, bytes: Vec<u8>) -> Option<Self> {
        let parameters = &covered.params;
        if parameter(parameters, "alg").is_some_and(|value| text(value) != Some(ALGORITHM)) {
            return None;
        }
        let expires = match parameter(parameters, "expires") {
            Some(expires) => Some(time(expires)?),
            None => None,
        };
        let nonce = text(parameter(parameters, "nonce")?)?;
        if nonce.is_empty() || nonce.len() > MAX_NONCE {
            return None;
        }
        Some(Self {
            key_id: ApiKeyId::parse(text(parameter(parameters, "keyid")?)?).ok()?,
            created: time(parameter(parameters, "created")?)?,
            expires,
            nonce: nonce.to_owned(),
            covered,
            bytes,
        })
    }

    /// Whether the signature covers all of the request that decides what it does.
    pub fn covers_all(&self, headers: &HeaderMap) -> bool {
        let covers = |name: &str| self.covered.items.iter().any(|item| text(&item.bare_item) == Some(name));
        let has_target = covers("@target-uri") || covers("@path") && covers("@query");
        // A digest that can't be verified is refused, signed or not.
        let has_digest = || covers(CONTENT_DIGEST.as_str()) && !matches!(Digests::of(headers), Ok(None));
        covers("@method") && has_target && (!has_body(headers) || has_digest())
    }

    /// What must have been signed, in each form in which the client may have named this server; `None` if the signature covers
    /// something that the request does not have, or that this server does not know.
    pub fn bases(&self, message: &Message<'_>, origins: &[Origin]) -> Option<Vec<String>> {
        let mut bases: Vec<String> = Vec::new();
        for origin in origins {
            let base = message.base(&self.covered, origin)?;
            if !bases.contains(&base) {
                bases.push(base);
            }
        }
        Some(bases)
    }

    /// The request for the use case.
    pub fn request<'a>(&'a self, bases: &'a [String]) -> SignedRequest<'a> {
        SignedRequest {
            key_id: self.key_id,
            created: self.created,
            expires: self.expires,
            nonce: &self.nonce,
            bases,
            signature: &self.bytes,
        }
    }
}

fn read(headers: &HeaderMap, name: &HeaderName) -> Result<Dictionary, Refusal> {
    let header = structured(headers, name).unwrap_or_default();
    Parser::new(&header).parse().map_err(|_| Refusal::Invalid)
}

fn parameter<'a>(parameters: &'a Parameters, name: &str) -> Option<&'a BareItem> {
    parameters.iter().find(|(key, _): &(&Key, _)| key.as_str() == name).map(|(_, value)| value)
}

fn text(value: &BareItem) -> Option<&str> {
    match value {
        BareItem::String(text) => Some(text.as_str()),
        _ => None,
    }
}

/// A time in whole seconds.
fn time(value: &BareItem) -> Option<Timestamp> {
    let BareItem::Integer(seconds) = value else { return None };
    Some(Timestamp::from_micros(i64::from(*seconds).checked_mul(1_000_000)?))
}

/// Whether a request has a body (RFC 9112, section 6).
fn has_body(headers: &HeaderMap) -> bool {
    headers.contains_key(header::TRANSFER_ENCODING)
        || headers.get(header::CONTENT_LENGTH).is_some_and(|length| length.as_bytes() != b"0")
}
