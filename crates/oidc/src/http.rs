//! HTTP calls to a provider: no redirects, short responses, and TLS except on this machine.

use std::{
    error::Error,
    io::Cursor,
    pin::Pin,
    sync::{Arc, LazyLock},
};

use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::{TokioExecutor, TokioTimer},
};
use oauth2::{
    AsyncHttpClient, HttpRequest, HttpResponse,
    http::{
        HeaderValue, Request, StatusCode,
        header::{ACCEPT, AUTHORIZATION, USER_AGENT},
    },
};
use rustls::{ClientConfig, RootCertStore, crypto::ring};
use thiserror::Error;
use url::Url;

use super::settings::may_be_called;

/// Maximum size of a response, in bytes.
const MAX_RESPONSE: usize = 1024 * 1024;
/// The `User-Agent` of this server.
const AGENT: HeaderValue = HeaderValue::from_static(concat!("memo/", env!("CARGO_PKG_VERSION")));

/// Why a call failed. It shows the URL, but nothing that was sent.
#[derive(Debug, Error)]
pub enum CallError {
    #[error("{0} is not called, as it is not https")]
    Forbidden(String),
    #[error("{address} is unreachable")]
    Unreachable { address: String, source: Box<dyn Error + Send + Sync> },
    #[error("{address} responded with {status}")]
    Status { address: String, status: StatusCode },
    #[error("{0} responded with more than {MAX_RESPONSE} bytes")]
    TooLong(String),
}

/// An HTTP client for a provider.
pub struct Http {
    client: Client<HttpsConnector<HttpConnector>, Full<Cursor<Vec<u8>>>>,
    /// Whether URLs on this machine may be called without TLS.
    is_plain: bool,
}

/// The root certificates of the system, read once for all providers, as that takes a while.
static ROOTS: LazyLock<Arc<RootCertStore>> = LazyLock::new(|| {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    Arc::new(roots)
});

impl Http {
    pub fn new(is_plain: bool) -> Result<Self, rustls::Error> {
        let tls = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()?
            .with_root_certificates(ROOTS.clone())
            .with_no_client_auth();
        let connector = HttpsConnectorBuilder::new().with_tls_config(tls).https_or_http().enable_http1().build();
        let client = Client::builder(TokioExecutor::new()).pool_timer(TokioTimer::new()).build(connector);
        Ok(Self { client, is_plain })
    }

    /// Returns whether this URL may be called.
    pub fn may_call(&self, url: &Url) -> bool {
        may_be_called(url, self.is_plain)
    }

    /// Sends a GET request, with an access token if there is one.
    pub async fn get(&self, url: &Url, token: Option<&str>) -> Result<HttpResponse, CallError> {
        let mut request = Request::get(url.as_str()).header(ACCEPT, "application/json");
        if let Some(token) = token {
            request = request.header(AUTHORIZATION, format!("Bearer {token}"));
        }
        let request = request.body(Vec::new()).map_err(|error| unreachable(url, error))?;
        self.send(url, request).await
    }

    /// Sends a request. A redirect or a server error is an error.
    async fn send(&self, url: &Url, mut request: HttpRequest) -> Result<HttpResponse, CallError> {
        if !self.may_call(url) {
            return Err(CallError::Forbidden(shown(url)));
        }
        request.headers_mut().insert(USER_AGENT, AGENT);
        let request = request.map(|body| Full::new(Cursor::new(body)));
        let (head, body) = self.client.request(request).await.map_err(|error| unreachable(url, error))?.into_parts();
        let status = head.status;
        if !status.is_success() && !status.is_client_error() || status == StatusCode::TOO_MANY_REQUESTS {
            return Err(CallError::Status { address: shown(url), status });
        }
        let body = Limited::new(body, MAX_RESPONSE).collect().await.map_err(|error| {
            if error.is::<LengthLimitError>() { CallError::TooLong(shown(url)) } else { unreachable(url, error) }
        })?;
        Ok(HttpResponse::from_parts(head, body.to_bytes().into()))
    }
}

impl<'c> AsyncHttpClient<'c> for Http {
    type Error = CallError;
    type Future = Pin<Box<dyn Future<Output = Result<HttpResponse, CallError>> + Send + 'c>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        Box::pin(async move {
            let text = request.uri().to_string();
            let url = Url::parse(&text)
                .map_err(|error| CallError::Unreachable { address: "the URL".into(), source: error.into() })?;
            self.send(&url, request).await
        })
    }
}

/// Returns a URL without its query, which may contain secrets.
fn shown(url: &Url) -> String {
    let mut url = url.clone();
    url.set_query(None);
    super::quote(url.as_str())
}

fn unreachable(url: &Url, source: impl Into<Box<dyn Error + Send + Sync>>) -> CallError {
    CallError::Unreachable { address: shown(url), source: source.into() }
}
