//! Requests that are signed with an API key, as their client sees them.

use std::fmt::Write as _;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};

use crate::{Call, Response};

/// Signs requests with an API key (RFC 9421), in another way than the server checks it: by putting texts together.
#[derive(Clone)]
pub struct Signer {
    key_id: String,
    secret: String,
    created: i64,
    nonce: String,
    /// Further parameters, as they are sent.
    parameters: String,
    covered: Vec<String>,
    origin: Option<String>,
}

impl Signer {
    /// Signs with a key that was just created, at this time in seconds, all that a signature must cover.
    #[must_use]
    pub fn new(created_key: &Response, created: i64, nonce: &str) -> Self {
        Self {
            key_id: created_key.id().to_owned(),
            secret: created_key.text("secret").to_owned(),
            created,
            nonce: nonce.to_owned(),
            parameters: ";alg=\"hmac-sha256\"".to_owned(),
            covered: ["@method", "@target-uri"].map(String::from).into(),
            origin: None,
        }
    }

    /// Covers these components, and no others but the digest of a body.
    #[must_use]
    pub fn covering(mut self, components: &[&str]) -> Self {
        self.covered = components.iter().map(|name| (*name).to_owned()).collect();
        self
    }

    /// Appends these parameters instead of the algorithm.
    #[must_use]
    pub fn parameters(self, parameters: &str) -> Self {
        Self { parameters: parameters.to_owned(), ..self }
    }

    /// Names the server so, instead of by its address.
    #[must_use]
    pub fn origin(self, origin: &str) -> Self {
        Self { origin: Some(origin.to_owned()), ..self }
    }

    /// Another secret.
    #[must_use]
    pub fn secret(self, secret: &str) -> Self {
        Self { secret: secret.to_owned(), ..self }
    }

    /// Adds the digest of the body, if there is one, and signs.
    pub fn sign(&self, call: Call) -> Call {
        let call = match call.sent_body() {
            Some(body) => {
                let digest = content_digest(body);
                call.header("content-digest", digest)
            }
            None => call,
        };
        let mut covered = self.covered.clone();
        if call.sent_body().is_some() && !covered.iter().any(|name| name == "content-digest") {
            covered.push("content-digest".to_owned());
        }
        self.sign_exactly(call, &covered)
    }

    /// Signs these components, whatever the request has.
    pub fn sign_exactly(&self, call: Call, covered: &[impl AsRef<str>]) -> Call {
        let origin = self.origin.clone().unwrap_or_else(|| call.origin().to_owned());
        let mut base = String::new();
        for name in covered.iter().map(AsRef::as_ref) {
            let _ = writeln!(base, "\"{name}\": {}", component(&call, &origin, name));
        }
        let names: Vec<_> = covered.iter().map(|name| format!("\"{}\"", name.as_ref())).collect();
        let Self { created, key_id, nonce, parameters, .. } = self;
        let input = format!("({});created={created};keyid=\"{key_id}\";nonce=\"{nonce}\"{parameters}", names.join(" "));
        let _ = write!(base, "\"@signature-params\": {input}");
        let mac = Hmac::<Sha256>::new_from_slice(self.secret.as_bytes()).expect("a key of any length");
        let signature = STANDARD.encode(mac.chain_update(base).finalize().into_bytes());
        call.header("signature-input", format!("sig={input}")).header("signature", format!("sig=:{signature}:"))
    }
}

/// The value of `Content-Digest` for a body.
#[must_use]
pub fn content_digest(body: &[u8]) -> String {
    format!("sha-256=:{}:", STANDARD.encode(Sha256::digest(body)))
}

fn component(call: &Call, origin: &str, name: &str) -> String {
    let target = call.target();
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    match name {
        "@method" => call.method().to_owned(),
        "@target-uri" => format!("{origin}{target}"),
        "@authority" => origin.split_once("://").expect("an origin").1.to_owned(),
        "@path" => path.to_owned(),
        "@query" => format!("?{query}"),
        name => call.sent_header(name).unwrap_or_default().to_owned(),
    }
}
