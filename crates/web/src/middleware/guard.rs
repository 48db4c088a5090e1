//! Refuses requests that the server does not answer at all: for other hosts, too large, while draining, too slow.

use std::sync::atomic::{AtomicBool, Ordering};

use actix_web::{
    Error,
    body::{BoxBody, MessageBody},
    dev::{ServiceRequest, ServiceResponse},
    http::header,
    middleware::Next,
    web,
};

use crate::{
    HttpSettings,
    limits::Limits,
    me::IMPORT,
    problem::{Code, Problem},
};

/// Set when the node shuts down.
#[derive(Debug, Default)]
pub struct Draining {
    announced: AtomicBool,
    refusing: AtomicBool,
}

impl Draining {
    /// `/readyz` says that this node is going; requests are still served.
    pub fn announce(&self) {
        self.announced.store(true, Ordering::Release);
    }

    /// New requests are refused.
    pub fn refuse(&self) {
        self.refusing.store(true, Ordering::Release);
    }

    /// Whether [`announce`](Self::announce) was called.
    pub fn is_announced(&self) -> bool {
        self.announced.load(Ordering::Acquire)
    }
}

/// Checks a request before it is routed, and bounds its time.
pub async fn guard(
    settings: web::Data<HttpSettings>,
    draining: web::Data<Draining>,
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    if let Err(problem) = check(&request, &settings, &draining) {
        return Ok(request.error_response(problem));
    }
    // It has a limit of its own: the time without a byte.
    if request.path() == IMPORT {
        return next.call(request).await.map(ServiceResponse::map_into_boxed_body);
    }
    match tokio::time::timeout(settings.request_timeout, next.call(request)).await {
        Ok(response) => response.map(ServiceResponse::map_into_boxed_body),
        Err(_) => Err(Problem::new(Code::RequestTimeout).with_header(header::RETRY_AFTER, 1).into()),
    }
}

fn check(request: &ServiceRequest, settings: &HttpSettings, draining: &Draining) -> Result<(), Problem> {
    if draining.refusing.load(Ordering::Acquire) {
        return Err(Problem::new(Code::Draining).with_header(header::RETRY_AFTER, 1));
    }
    let uri = request.uri().path_and_query().map_or(0, |path| path.as_str().len());
    if uri > Limits::URI {
        return Err(Problem::new(Code::UriTooLong).about(Limits::URI));
    }
    let headers: usize = request.headers().iter().map(|(name, value)| name.as_str().len() + value.len()).sum();
    if headers > Limits::HEADERS {
        return Err(Problem::new(Code::HeadersTooLarge).about(Limits::HEADERS));
    }
    if request.path() == "/healthz" || is_trusted_host(request, settings) {
        Ok(())
    } else {
        Err(Problem::new(Code::UntrustedHost))
    }
}

fn is_trusted_host(request: &ServiceRequest, settings: &HttpSettings) -> bool {
    // Not connection_info(): it believes forwarded headers from anybody.
    let named = request.headers().get(header::HOST).and_then(|host| host.to_str().ok());
    let host = request.uri().authority().map(actix_web::http::uri::Authority::as_str).or(named).unwrap_or_default();
    settings.trusted_hosts.iter().any(|pattern| host_matches(pattern, without_port(host)))
}

fn without_port(host: &str) -> &str {
    let host = host.rsplit_once('@').map_or(host, |(_, host)| host);
    match host.rsplit_once(':') {
        Some((name, port)) if !name.ends_with(':') && port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    }
}

/// `*` is every host, `*.example.com` each one below `example.com`.
fn host_matches(pattern: &str, host: &str) -> bool {
    if pattern == "*" {
        return true;
    }
    match pattern.strip_prefix('*') {
        Some(suffix) => {
            host.len() > suffix.len()
                && host.get(host.len() - suffix.len()..).is_some_and(|end| end.eq_ignore_ascii_case(suffix))
        }
        None => pattern.eq_ignore_ascii_case(host),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_are_matched_by_name_alone() {
        assert_eq!(without_port("example.com:8080"), "example.com");
        assert_eq!(without_port("[::1]:8080"), "[::1]");
        assert_eq!(without_port("localhost"), "localhost");
        assert!(host_matches("*", "anything"));
        assert!(host_matches("*.example.com", "memo.Example.com"));
        assert!(!host_matches("*.example.com", "example.com"));
        assert!(!host_matches("*.example.com", "badexample.com"));
        assert!(!host_matches("localhost", "localhost.evil.com"));
    }
}
