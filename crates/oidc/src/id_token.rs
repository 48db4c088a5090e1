//! Checking ID tokens.
//!
//! Only what is checked must have the right type: a provider may send any other claim in any form.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use memo_domain::ProviderError;
use memo_domain::Timestamp;
use openidconnect::{
    JsonWebKey, JsonWebKeyAlgorithm, JsonWebKeyUse, JwsSigningAlgorithm,
    core::{CoreJsonWebKey, CoreJwsSigningAlgorithm},
};
use serde::{Deserialize, de::IgnoredAny};
use serde_json::{Map, Value};

use super::{discovery::Discovered, quote, refused, settings::Plan};

/// How far the provider's clock may be ahead, in seconds. There is no leeway for `exp`: a token is used when it was issued.
const LEEWAY: f64 = 60.0;

/// A parsed ID token (RFC 7519), not checked yet.
pub struct Token<'a> {
    header: Header,
    /// What is signed: header and payload as they were sent.
    signed: &'a str,
    payload: Vec<u8>,
    signature: Vec<u8>,
}

/// RFC 7515, section 4.1.
#[derive(Deserialize)]
struct Header {
    alg: CoreJwsSigningAlgorithm,
    kid: Option<String>,
    typ: Option<String>,
    cty: Option<IgnoredAny>,
    crit: Option<IgnoredAny>,
}

/// The claims that are checked. Times may be fractional (RFC 7519, section 2).
#[derive(Deserialize)]
struct Checked {
    iss: String,
    aud: Audience,
    azp: Option<String>,
    exp: f64,
    iat: f64,
    nbf: Option<f64>,
    nonce: String,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Audience {
    One(String),
    Many(Vec<String>),
}

/// Why a token is not accepted.
pub enum Fault {
    /// Its key is unknown: the provider may have new keys.
    UnknownKey,
    /// Anything else.
    Other(ProviderError),
}

fn fault(text: impl AsRef<str>) -> Fault {
    Fault::Other(refused(format!("the ID token is invalid: {}", text.as_ref())))
}

impl<'a> Token<'a> {
    pub fn read(text: &'a str) -> Result<Self, ProviderError> {
        // An error of the parser may contain parts of the token.
        Self::parse(text).ok_or_else(|| refused("the ID token cannot be parsed"))
    }

    fn parse(text: &'a str) -> Option<Self> {
        let (signed, signature) = text.rsplit_once('.')?;
        let (header, payload) = signed.split_once('.')?;
        let decode = |part: &str| URL_SAFE_NO_PAD.decode(part).ok();
        let header = serde_json::from_slice(&decode(header)?).ok()?;
        Some(Self { header, signed, payload: decode(payload)?, signature: decode(signature)? })
    }

    /// Checks signature, algorithm, type, `iss`, `aud`, `azp`, `exp`, `iat`, `nbf` and `nonce`, and returns the claims.
    pub fn check(&self, plan: &Plan, known: &Discovered, nonce: &str, now: Timestamp) -> Result<Claims, Fault> {
        self.check_signature(known)?;
        let parse = |error: serde_json::Error| fault(quote(&error.to_string()));
        let checked: Checked = serde_json::from_slice(&self.payload).map_err(parse)?;
        let is_ours = match &checked.aud {
            Audience::One(audience) => *audience == plan.client_id,
            // Other audiences are not trusted.
            Audience::Many(all) => !all.is_empty() && all.iter().all(|audience| *audience == plan.client_id),
        };
        #[expect(clippy::cast_precision_loss, reason = "exact until the year 285,000,000")]
        let now = now.as_secs() as f64;
        let rules = [
            (checked.iss == plan.issuer, "another issuer"),
            (is_ours, "another audience"),
            // A token for another client that was passed on to this server.
            (checked.azp.is_none_or(|party| party == plan.client_id), "it was issued to another client"),
            (checked.exp > now, "it has expired"),
            (checked.iat <= now + LEEWAY, "it was issued in the future"),
            (checked.nbf.is_none_or(|nbf| nbf <= now + LEEWAY), "it is not valid yet"),
            (checked.nonce == nonce, "another nonce"),
        ];
        match rules.iter().find(|(is_kept, _)| !is_kept) {
            Some((_, broken)) => Err(fault(broken)),
            None => serde_json::from_slice(&self.payload).map(Claims).map_err(parse),
        }
    }

    /// Checks the signature with the one key of the provider that may have made it, whatever the header says.
    fn check_signature(&self, known: &Discovered) -> Result<(), Fault> {
        let Header { alg, typ, cty, crit, .. } = &self.header;
        let is_jwt = |typ: &String| ["jwt", "application/jwt"].contains(&&*typ.to_ascii_lowercase());
        if !typ.as_ref().is_none_or(is_jwt) || cty.is_some() || crit.is_some() {
            return Err(fault("it is of another type"));
        }
        // Symmetric algorithms are never among them: nothing is checked with the client's secret.
        if !known.algorithms.contains(alg) || alg.uses_shared_secret() {
            return Err(fault("its algorithm is not accepted"));
        }
        let mut keys = known.keys.keys().iter().filter(|key| self.may_be_signed_with(key));
        let key = keys.next().ok_or(Fault::UnknownKey)?;
        if keys.next().is_some() {
            return Err(fault("more than one key of the provider matches"));
        }
        let verified = key.verify_signature(alg, self.signed.as_bytes(), &self.signature);
        verified.map_err(|error| fault(quote(&error.to_string())))
    }

    fn may_be_signed_with(&self, key: &CoreJsonWebKey) -> bool {
        let Header { alg, kid, .. } = &self.header;
        let is_for_alg = match key.signing_alg() {
            JsonWebKeyAlgorithm::Algorithm(other) => other == alg,
            JsonWebKeyAlgorithm::Unspecified => true,
            JsonWebKeyAlgorithm::Unsupported => false,
        };
        kid.as_ref().is_none_or(|kid| key.key_id().is_some_and(|id| **id == *kid))
            && is_for_alg
            && alg.key_type().as_ref() == Some(key.key_type())
            && key.key_use().is_none_or(JsonWebKeyUse::allows_signature)
    }
}

/// The claims of a checked ID token, or of the user info endpoint. One of an unexpected type counts as absent.
#[derive(Deserialize)]
pub struct Claims(Map<String, Value>);

impl Claims {
    /// Returns a text that is not blank.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name)?.as_str().map(str::trim).filter(|text| !text.is_empty())
    }

    /// Returns the subject exactly as it was sent.
    pub fn subject(&self) -> Option<&str> {
        self.0.get("sub")?.as_str()
    }

    /// Returns whether the address is verified. Some providers send a string.
    pub fn is_email_verified(&self) -> bool {
        self.0.get("email_verified").is_some_and(|value| *value == true || *value == "true")
    }

    /// Returns the name of the user.
    pub fn name(&self) -> Option<&str> {
        self.text("name").or_else(|| self.text("nickname"))
    }

    /// Returns the values of a claim that is a text, a number or a flag, or an array of such.
    pub fn values(&self, name: &str) -> Option<Vec<String>> {
        let plain = |value: &Value| match value {
            Value::String(text) => Some(text.clone()),
            Value::Number(_) | Value::Bool(_) => Some(value.to_string()),
            Value::Null | Value::Array(_) | Value::Object(_) => None,
        };
        match self.0.get(name)? {
            Value::Null => None,
            Value::Array(values) => Some(values.iter().filter_map(plain).collect()),
            value => Some(plain(value).into_iter().collect()),
        }
    }
}
