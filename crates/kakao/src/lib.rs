//! Messages by Kakao: to the user themselves, in `KakaoTalk` ("send to me"), with an access token that has the scope
//! `talk_message`.

mod template;

use std::{
    fmt,
    io::Cursor,
    sync::{Arc, LazyLock},
    time::Duration,
};

use async_trait::async_trait;
use http::{
    HeaderValue, Request, StatusCode, Uri,
    header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, USER_AGENT},
};
use http_body_util::{BodyExt, Full, Limited};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::{TokioExecutor, TokioTimer},
};
use memo_domain::{Notification, Notifier, NotifyError, Recipient, Source};
use rustls::{ClientConfig, RootCertStore, crypto::ring};
use serde_json::Value;
use thiserror::Error;
use tokio::time::timeout;
use url::{Host, Url};

/// The time limit of a call.
const LIMIT: Duration = Duration::from_secs(5);
/// The maximum size of a response, in bytes.
const MAX_RESPONSE: usize = 64 * 1024;
/// The path of the operation below the base.
const PATH: &str = "v2/api/talk/memo/default/send";
/// The `User-Agent` of this server.
const AGENT: HeaderValue = HeaderValue::from_static(concat!("memo/", env!("CARGO_PKG_VERSION")));

/// The setting `kakao.api_base` is invalid. The text is one line, and shows no value.
#[derive(Debug, Error)]
pub enum KakaoSettingsError {
    /// It is no URL, or not one that may be called.
    #[error(
        "api_base must be an https URL such as https://kapi.kakao.com, without a user, a query and a fragment; http is \
         allowed on this machine only"
    )]
    Address,
    /// The certificates of the system cannot be used.
    #[error("api_base: the certificates of this machine can't be used")]
    Tls(#[from] rustls::Error),
}

/// Why a call failed. It shows nothing that was sent, and nothing that was received but the status.
#[derive(Debug, Error)]
enum CallError {
    #[error("the message API of Kakao is unreachable")]
    Unreachable(#[source] Source),
    #[error("the message API of Kakao did not respond in time")]
    TimedOut,
    #[error("the message API of Kakao responded with {0}")]
    Status(StatusCode),
    #[error("the message API of Kakao sent an unknown response")]
    Response,
}

type Http = Client<HttpsConnector<HttpConnector>, Full<Cursor<Vec<u8>>>>;

/// Sends notifications by the message API of Kakao.
pub struct KakaoMessages {
    http: Http,
    send: Uri,
    public_url: Arc<str>,
    limit: Duration,
}

impl fmt::Debug for KakaoMessages {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KakaoMessages").field("send", &self.send).finish_non_exhaustive()
    }
}

impl KakaoMessages {
    /// Returns the message API at this base, without calling it. The messages link to `public_url`.
    ///
    /// # Errors
    /// [`KakaoSettingsError`] if the base is invalid.
    pub fn new(api_base: &str, public_url: Arc<str>) -> Result<Self, KakaoSettingsError> {
        let mut base = Url::parse(api_base).ok().filter(may_be_called).ok_or(KakaoSettingsError::Address)?;
        if !base.path().ends_with('/') {
            let path = format!("{}/", base.path());
            base.set_path(&path);
        }
        let send = base.join(PATH).ok().and_then(|url| url.as_str().parse().ok());
        Ok(Self { http: http()?, send: send.ok_or(KakaoSettingsError::Address)?, public_url, limit: LIMIT })
    }

    /// Sets a shorter time limit for each call.
    #[must_use]
    pub fn within(mut self, limit: Duration) -> Self {
        self.limit = limit.min(LIMIT);
        self
    }

    async fn send(&self, access_token: &str, template: &Value) -> Result<(), NotifyError> {
        let body = form_urlencoded::Serializer::new(String::new())
            .append_pair("template_object", &template.to_string())
            .finish();
        let mut token = HeaderValue::try_from(format!("Bearer {access_token}"))
            .map_err(|_| NotifyError::Permanent { source: "the access token can't be sent".into() })?;
        token.set_sensitive(true);
        let request = Request::post(&self.send)
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded;charset=utf-8")
            .header(ACCEPT, "application/json")
            .header(AUTHORIZATION, token)
            .header(USER_AGENT, AGENT)
            .body(Full::new(Cursor::new(body.into_bytes())))
            .map_err(|error| temporary(CallError::Unreachable(error.into())))?;
        let unreachable = |source: Source| temporary(CallError::Unreachable(source));
        let response = self.http.request(request).await.map_err(|error| unreachable(error.into()))?;
        let status = response.status();
        match status {
            StatusCode::UNAUTHORIZED => return Err(NotifyError::Unauthorized),
            StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_MANY_REQUESTS => {
                return Err(temporary(CallError::Status(status)));
            }
            _ if status.is_client_error() => {
                return Err(NotifyError::Permanent { source: CallError::Status(status).into() });
            }
            _ if !status.is_success() => return Err(temporary(CallError::Status(status))),
            _ => {}
        }
        let body = Limited::new(response.into_body(), MAX_RESPONSE).collect().await.map_err(unreachable)?;
        let answer: Option<Value> = serde_json::from_slice(&body.to_bytes()).ok();
        match answer.and_then(|answer| answer["result_code"].as_i64()) {
            Some(0) => Ok(()),
            _ => Err(temporary(CallError::Response)),
        }
    }
}

#[async_trait]
impl Notifier for KakaoMessages {
    async fn notify(&self, notification: &Notification) -> Result<(), NotifyError> {
        let Recipient::Messages { access_token } = &notification.to else {
            return Err(NotifyError::Permanent { source: "the recipient has no access token of Kakao".into() });
        };
        let template = template::text(&notification.reminder, notification.locale, &self.public_url);
        timeout(self.limit, self.send(access_token, &template))
            .await
            .unwrap_or_else(|_| Err(temporary(CallError::TimedOut)))
    }
}

fn temporary(error: CallError) -> NotifyError {
    NotifyError::Temporary { source: error.into() }
}

/// Whether a base may be called: with https, or without TLS on this machine.
fn may_be_called(url: &Url) -> bool {
    let is_loopback = match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    };
    let is_allowed = url.scheme() == "https" || url.scheme() == "http" && is_loopback;
    let is_plain = url.username().is_empty() && url.password().is_none();
    is_allowed && is_plain && url.query().is_none() && url.fragment().is_none()
}

/// The root certificates of the system, read when they are first needed, as that takes a while.
static ROOTS: LazyLock<Arc<RootCertStore>> = LazyLock::new(|| {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    Arc::new(roots)
});

/// A client that follows no redirects.
fn http() -> Result<Http, rustls::Error> {
    let tls = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_root_certificates(ROOTS.clone())
        .with_no_client_auth();
    let connector = HttpsConnectorBuilder::new().with_tls_config(tls).https_or_http().enable_http1().build();
    Ok(Client::builder(TokioExecutor::new()).pool_timer(TokioTimer::new()).build(connector))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_base_is_https_or_on_this_machine() {
        for (base, send) in [
            ("https://kapi.kakao.com", "https://kapi.kakao.com/v2/api/talk/memo/default/send"),
            ("http://127.0.0.1:8080/fake/", "http://127.0.0.1:8080/fake/v2/api/talk/memo/default/send"),
            ("http://localhost:1/a", "http://localhost:1/a/v2/api/talk/memo/default/send"),
        ] {
            let messages = KakaoMessages::new(base, "https://memo.example".into()).expect("a valid base");
            assert_eq!(messages.send.to_string(), send);
        }
        for base in [
            "",
            "kapi",
            "http://kapi.kakao.com",
            "ftp://kapi",
            "https://u:p@kapi",
            "https://kapi/?a",
            "https://kapi/#a",
        ] {
            let error = KakaoMessages::new(base, "https://memo.example".into()).expect_err("an invalid base");
            assert!(matches!(error, KakaoSettingsError::Address), "{base}");
        }
    }
}
