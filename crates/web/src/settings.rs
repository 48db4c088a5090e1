//! Settings of the HTTP interface.

use std::{path::PathBuf, sync::Arc, time::Duration};

use ipnet::IpNet;

use crate::rate::Quotas;

/// How clients reach this server, and the limits of their requests.
#[derive(Debug, Clone)]
pub struct HttpSettings {
    /// The base URL for clients, without a trailing slash.
    pub public_url: Arc<str>,
    /// The hosts that it answers for: names, `*`, or `*.example.com`.
    pub trusted_hosts: Vec<String>,
    /// The proxies whose `X-Forwarded-For` and `Forwarded` headers are trusted.
    pub trusted_proxies: Vec<IpNet>,
    /// The time limit of a request, and of each pause in a streamed body.
    pub request_timeout: Duration,
    /// The maximum size of a body in bytes, unless the policy of the route says otherwise.
    pub body_limit: usize,
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
}
