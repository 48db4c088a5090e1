//! Settings of the HTTP interface.

use std::{path::PathBuf, sync::Arc, time::Duration};

use ipnet::IpNet;
use serde::Deserialize;

use crate::rate::Quotas;

/// The header in which proxies write the address of the client.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub enum ForwardedHeader {
    /// `X-Forwarded-For`.
    XForwardedFor,
    /// `Forwarded` (RFC 7239).
    Forwarded,
}

impl TryFrom<String> for ForwardedHeader {
    type Error = String;

    fn try_from(name: String) -> Result<Self, String> {
        match name.as_str() {
            "x-forwarded-for" => Ok(Self::XForwardedFor),
            "forwarded" => Ok(Self::Forwarded),
            _ => Err(format!("`{name}` is not x-forwarded-for or forwarded")),
        }
    }
}

/// How clients reach this server, and the limits of their requests.
#[derive(Debug, Clone)]
pub struct HttpSettings {
    /// The base URL for clients, without a trailing slash.
    pub public_url: Arc<str>,
    /// The hosts that it answers for: names, `*`, or `*.example.com`.
    pub trusted_hosts: Vec<String>,
    /// The proxies whose header with the address of the client is trusted.
    pub trusted_proxies: Vec<IpNet>,
    /// The header that these proxies write; a client may have written the other one.
    pub forwarded_header: ForwardedHeader,
    /// The time limit of a request, and of each pause in a streamed body.
    pub request_timeout: Duration,
    /// The maximum size of a body in bytes, unless the policy of the route says otherwise.
    pub body_limit: usize,
    /// The maximum size of all responses that are cached, in bytes; 0 for none.
    pub response_cache: usize,
    /// Whether responses are compressed if the client accepts it.
    pub compression: bool,
    /// The maximum size of an import in bytes.
    pub import_limit: u64,
    /// The directory for temporary files.
    pub spool: PathBuf,
    /// The origins whose pages may call this server (CORS).
    pub allowed_origins: Vec<String>,
    /// The rate limits; `None` for no limits.
    pub quotas: Option<Quotas>,
    /// How many requests of one client run at a time.
    pub concurrency: usize,
    /// How many heavy requests of one client run at a time.
    pub heavy: usize,
    /// How many requests of all clients this node handles at a time.
    pub queue: usize,
}

#[cfg(test)]
impl HttpSettings {
    /// Settings of a server on this machine, without limits.
    pub(crate) fn for_tests() -> Self {
        Self {
            public_url: "http://memo.test".into(),
            trusted_hosts: vec!["*".to_owned()],
            trusted_proxies: Vec::new(),
            forwarded_header: ForwardedHeader::XForwardedFor,
            request_timeout: Duration::from_secs(30),
            body_limit: 1 << 20,
            response_cache: 0,
            compression: true,
            import_limit: 1 << 20,
            spool: PathBuf::new(),
            allowed_origins: Vec::new(),
            quotas: None,
            concurrency: 64,
            heavy: 2,
            queue: 64,
        }
    }
}
