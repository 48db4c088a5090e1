//! Calls of a chat API: no redirects, bounded, and nothing of them in errors.

use std::{
    io::Cursor,
    sync::{Arc, LazyLock},
    time::Duration,
};

use async_trait::async_trait;
use http::{
    HeaderMap, HeaderValue, Request, StatusCode, Uri,
    header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, RETRY_AFTER, USER_AGENT},
};
use http_body_util::{BodyExt, Full};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::{TokioExecutor, TokioTimer},
};
use memo_domain::{CompletionOptions, LanguageModel, ModelAnswer, ModelError, Prompt, Source};
use rustls::{ClientConfig, RootCertStore, crypto::ring};
use thiserror::Error;
use tokio::{
    sync::Semaphore,
    time::{Instant, timeout, timeout_at},
};
use url::Url;

use super::{
    ModelSettings, ModelSettingsError,
    answer::{Answer, Form, Limits},
    failed, request,
};

/// The maximum number of calls at a time.
const MAX_CALLS: usize = 64;
/// When to retry if there are too many.
const BUSY: Duration = Duration::from_secs(5);
/// The maximum time of a call.
const MAX_TIME: Duration = Duration::from_mins(5);
/// The maximum time of a check.
const CHECK_TIME: Duration = Duration::from_secs(10);
/// The maximum of the time after which a model wants to be asked again.
const MAX_RETRY_AFTER: Duration = Duration::from_hours(1);
/// The `User-Agent` of this server.
const AGENT: HeaderValue = HeaderValue::from_static(concat!("memo/", env!("CARGO_PKG_VERSION")));

/// Why a call failed. It shows nothing that was sent, and nothing that was received but the status.
#[derive(Debug, Error)]
enum CallError {
    #[error("{url} is unreachable")]
    Unreachable { url: String, source: Source },
    #[error("{url} responded with {status}")]
    Status { url: String, status: StatusCode },
}

type Http = Client<HttpsConnector<HttpConnector>, Full<Cursor<Vec<u8>>>>;

/// A model of a chat API.
pub struct ChatModel {
    http: Http,
    completions: Uri,
    models: Uri,
    authorization: Option<HeaderValue>,
    name: String,
    pause: Duration,
    calls: Arc<Semaphore>,
}

impl ChatModel {
    /// Returns a model with these settings, without calling it.
    ///
    /// # Errors
    /// [`ModelSettingsError`] if a setting is invalid.
    pub fn new(settings: ModelSettings) -> Result<Self, ModelSettingsError> {
        let base = settings.check()?;
        let authorization = settings.api_key.map(|key| HeaderValue::try_from(format!("Bearer {key}"))).transpose();
        let mut authorization = authorization.map_err(|_| ModelSettingsError::Key)?;
        if let Some(value) = &mut authorization {
            value.set_sensitive(true);
        }
        Ok(Self {
            http: http()?,
            completions: below(&base, "chat/completions")?,
            models: below(&base, "models")?,
            authorization,
            name: settings.model,
            pause: settings.pause,
            calls: Arc::new(Semaphore::new(MAX_CALLS)),
        })
    }

    fn request(
        &self,
        builder: http::request::Builder,
        body: Vec<u8>,
    ) -> Result<Request<Full<Cursor<Vec<u8>>>>, ModelError> {
        let mut request = builder.header(USER_AGENT, AGENT).body(Full::new(Cursor::new(body))).map_err(failed)?;
        if let Some(value) = &self.authorization {
            request.headers_mut().insert(AUTHORIZATION, value.clone());
        }
        Ok(request)
    }
}

#[async_trait]
impl LanguageModel for ChatModel {
    async fn complete(&self, prompt: &Prompt, options: &CompletionOptions) -> Result<Box<dyn ModelAnswer>, ModelError> {
        let permit = self.calls.clone().try_acquire_owned().map_err(|_| ModelError::Busy { retry_after: BUSY })?;
        let (begin, url) = (Instant::now(), &self.completions);
        let limits = Limits { pause: self.pause, deadline: begin + MAX_TIME };
        let accept = if options.is_streamed { "text/event-stream" } else { "application/json" };
        let request = Request::post(url).header(CONTENT_TYPE, "application/json").header(ACCEPT, accept);
        let request = self.request(request, request::body(&self.name, prompt, options))?;
        let response = timeout_at(limits.deadline.min(begin + limits.pause), self.http.request(request)).await;
        let response = response.map_err(|_| ModelError::TimedOut)?.map_err(|error| unreachable(url, error))?;
        if !response.status().is_success() {
            let (source, retry_after) = (status(url, response.status()).into(), retry_after(response.headers()));
            return Err(ModelError::Failed { source, retry_after });
        }
        let media_type = response.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let form = Form::of(media_type)?;
        let body = response.into_body().into_data_stream();
        Ok(Box::new(Answer::new(body, permit, form, &self.name, limits)))
    }

    /// Requests the list of models. An API without one is reachable, too.
    async fn check(&self) -> Result<(), ModelError> {
        let url = &self.models;
        let request = self.request(Request::get(url).header(ACCEPT, "application/json"), Vec::new())?;
        let response = timeout(CHECK_TIME.min(self.pause), self.http.request(request)).await;
        let response = response.map_err(|_| ModelError::TimedOut)?.map_err(|error| unreachable(url, error))?;
        match response.status() {
            StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED => Ok(()),
            code if code.is_success() => Ok(()),
            code => Err(failed(status(url, code))),
        }
    }
}

/// The root certificates of the system, read when they are first needed, as that takes a while.
static ROOTS: LazyLock<Arc<RootCertStore>> = LazyLock::new(|| {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    Arc::new(roots)
});

fn http() -> Result<Http, rustls::Error> {
    let tls = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_root_certificates(ROOTS.clone())
        .with_no_client_auth();
    let connector = HttpsConnectorBuilder::new().with_tls_config(tls).https_or_http().enable_http1().build();
    Ok(Client::builder(TokioExecutor::new()).pool_timer(TokioTimer::new()).build(connector))
}

fn below(base: &Url, path: &str) -> Result<Uri, ModelSettingsError> {
    let url = base.join(path).map_err(|_| ModelSettingsError::Address)?;
    url.as_str().parse().map_err(|_| ModelSettingsError::Address)
}

fn unreachable(url: &Uri, source: impl Into<Source>) -> ModelError {
    failed(CallError::Unreachable { url: url.to_string(), source: source.into() })
}

fn status(url: &Uri, status: StatusCode) -> CallError {
    CallError::Status { url: url.to_string(), status }
}

/// The time of `Retry-After` in seconds; dates are ignored.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let seconds = headers.get(RETRY_AFTER)?.to_str().ok()?.trim().parse().ok()?;
    Some(Duration::from_secs(seconds).min(MAX_RETRY_AFTER))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retry_after_is_in_seconds_and_bounded() {
        for (value, seconds) in [
            ("7", Some(7)),
            ("0", Some(0)),
            ("999999999999", Some(3_600)),
            ("Wed, 21 Oct 2026 07:28:00 GMT", None),
            ("-1", None),
        ] {
            let headers = HeaderMap::from_iter([(RETRY_AFTER, HeaderValue::from_static(value))]);
            assert_eq!(retry_after(&headers).map(|time| time.as_secs()), seconds, "{value}");
        }
        assert_eq!(retry_after(&HeaderMap::new()), None);
    }
}
