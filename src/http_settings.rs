use std::net::SocketAddr;

use memo_domain::Rate;
use memo_web::{HttpSettings, Quota, Quotas};

use crate::{RateLimitSettings, RateSetting, Settings};

/// Returns the host name of a URL such as `https://memo.example.com:8443`.
pub fn host_name(url: &str) -> &str {
    let host = url.split_once("://").map_or("", |(_, host)| host);
    host.rsplit_once(':').filter(|(_, port)| port.parse::<u16>().is_ok()).map_or(host, |(name, _)| name)
}

fn quotas(settings: &RateLimitSettings) -> Quotas {
    let quota = |rate: RateSetting| Quota { rate: Rate::new(rate.quota, rate.window), window: rate.window };
    Quotas {
        principal: quota(settings.principal),
        anonymous: quota(settings.anonymous),
        sign_in: quota(settings.sign_in),
    }
}

/// The settings of the HTTP interface, on this address.
pub fn http_settings(settings: &Settings, address: SocketAddr) -> HttpSettings {
    let server = &settings.server;
    let public_url = server.public_url.clone().unwrap_or_else(|| format!("http://{address}"));
    let name = host_name(&public_url);
    let trusted_hosts = server.trusted_hosts.clone();
    HttpSettings {
        trusted_hosts: trusted_hosts
            .unwrap_or_else(|| vec![name.to_owned(), "localhost".to_owned(), "127.0.0.1".to_owned()]),
        trusted_proxies: server.trusted_proxies.clone(),
        forwarded_header: server.forwarded_header,
        request_timeout: *server.request_timeout,
        body_limit: server.body_limit.0,
        response_cache: server.response_cache.0,
        compression: server.compression,
        import_limit: settings.import.max_size.0 as u64,
        spool: settings.data_dir.clone(),
        allowed_origins: settings.cors.allowed_origins.clone(),
        quotas: settings.rate_limit.enabled.then(|| quotas(&settings.rate_limit)),
        concurrency: settings.limits.concurrency.get(),
        heavy: settings.limits.heavy.get(),
        queue: settings.limits.queue.get(),
        public_url: public_url.into(),
    }
}
