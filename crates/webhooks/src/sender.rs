//! One request per message, to an address that was checked.

use std::{
    convert::Infallible,
    future::pending,
    io,
    net::{IpAddr, SocketAddr},
    sync::{Arc, LazyLock},
    time::Duration,
};

use async_trait::async_trait;
use http::{
    HeaderValue, Request,
    header::{CONTENT_TYPE, HOST, USER_AGENT},
};
use http_body_util::Full;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use ipnet::IpNet;
use memo_domain::{DeliveryError, InvalidValue, WebhookMessage, WebhookOutcome, WebhookSender, WebhookUrl};
use rustls::{ClientConfig, RootCertStore, crypto::ring, pki_types::ServerName};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpStream, lookup_host},
    spawn,
    sync::Semaphore,
    time::{Instant, timeout},
};
use tokio_rustls::TlsConnector;
use url::{Host, Url};

use crate::{
    address::Allowed,
    message::{body, signature},
};

/// The time limit of an attempt.
const TIME_LIMIT: Duration = Duration::from_secs(15);
/// How long a name may take that is looked up when a URL is registered.
const CHECK_LIMIT: Duration = Duration::from_secs(2);
/// How many names are looked up at a time for messages, and how many when URLs are registered: a user who registers names whose
/// servers do not answer delays no message. A lookup takes a thread of the process, and goes on without its caller.
const MAX_LOOKUPS: usize = 16;
const MAX_CHECKS: usize = 4;
/// The part of an attempt that one of several addresses gets to accept the connection.
const CONNECT_PART: u32 = 4;
/// The maximum size of the header of a response, in bytes.
const MAX_HEADER: usize = 16 << 10;
/// The `User-Agent` of this server.
const AGENT: HeaderValue = HeaderValue::from_static(concat!("memo/", env!("CARGO_PKG_VERSION")));

/// Looks up the addresses of names.
#[async_trait]
pub trait Resolver: Send + Sync {
    /// Returns the addresses of a name.
    ///
    /// # Errors
    /// If the name has no address.
    async fn resolve(&self, name: &str) -> io::Result<Vec<IpAddr>>;
}

/// The resolver of the system.
pub struct SystemResolver;

#[async_trait]
impl Resolver for SystemResolver {
    async fn resolve(&self, name: &str) -> io::Result<Vec<IpAddr>> {
        Ok(lookup_host((name, 0)).await?.map(|address| address.ip()).collect())
    }
}

/// Sends messages over HTTP/1.1.
pub struct WebhookClient {
    allowed: Allowed,
    resolver: Arc<dyn Resolver>,
    lookups: Arc<Semaphore>,
    checks: Arc<Semaphore>,
    time_limit: Duration,
}

impl WebhookClient {
    /// Sends to public addresses with `https`, and to these networks also with `http`.
    #[must_use]
    pub fn new(allowed: Vec<IpNet>) -> Self {
        let [lookups, checks] = [MAX_LOOKUPS, MAX_CHECKS].map(|most| Arc::new(Semaphore::new(most)));
        Self { allowed: Allowed(allowed), resolver: Arc::new(SystemResolver), lookups, checks, time_limit: TIME_LIMIT }
    }

    /// Looks up names with this resolver.
    #[must_use]
    pub fn with_resolver(self, resolver: Arc<dyn Resolver>) -> Self {
        Self { resolver, ..self }
    }

    /// Gives an attempt less time.
    #[must_use]
    pub fn with_time_limit(self, time_limit: Duration) -> Self {
        Self { time_limit, ..self }
    }

    async fn addresses(&self, target: &Target, places: &Arc<Semaphore>) -> Result<Vec<IpAddr>, DeliveryError> {
        match &target.host {
            Host::Ipv4(address) => Ok(vec![(*address).into()]),
            Host::Ipv6(address) => Ok(vec![(*address).into()]),
            Host::Domain(name) => {
                let found = self.look_up(name.clone(), places).await.unwrap_or_default();
                if found.is_empty() { Err(DeliveryError::NameNotResolved) } else { Ok(found) }
            }
        }
    }

    /// Looks up a name in its turn. The place is taken until the lookup ends, also if its caller has given up.
    async fn look_up(&self, name: String, places: &Arc<Semaphore>) -> io::Result<Vec<IpAddr>> {
        let place = Arc::clone(places).acquire_owned().await.map_err(io::Error::other)?;
        let resolver = Arc::clone(&self.resolver);
        let lookup = spawn(async move {
            let _place = place;
            resolver.resolve(&name).await
        });
        lookup.await?
    }

    /// The addresses of a target that may be reached.
    async fn reachable(&self, target: &Target) -> Result<Vec<IpAddr>, DeliveryError> {
        let mut addresses = self.addresses(target, &self.lookups).await?;
        addresses.retain(|address| self.allowed.may_reach(*address, target.is_encrypted));
        if addresses.is_empty() { Err(DeliveryError::AddressNotAllowed) } else { Ok(addresses) }
    }

    /// Sends a message, and returns the status of the response.
    async fn request(&self, message: &WebhookMessage) -> Result<u16, DeliveryError> {
        let target = Target::new(&message.url).ok_or(DeliveryError::ConnectionFailed)?;
        let request = request(message, &target)?;
        let stream = self.connect(&self.reachable(&target).await?, target.port).await?;
        if !target.is_encrypted {
            return exchange(stream, request).await;
        }
        let name = match &target.host {
            Host::Domain(name) => ServerName::try_from(name.clone()).map_err(|_| DeliveryError::Tls)?,
            Host::Ipv4(address) => ServerName::from(IpAddr::from(*address)),
            Host::Ipv6(address) => ServerName::from(IpAddr::from(*address)),
        };
        let stream = tls()?.connect(name, stream).await.map_err(|_| DeliveryError::Tls)?;
        exchange(stream, request).await
    }

    /// Connects to the first of these addresses that accepts a connection.
    async fn connect(&self, addresses: &[IpAddr], port: u16) -> Result<TcpStream, DeliveryError> {
        let Some((last, others)) = addresses.split_last() else { return Err(DeliveryError::ConnectionFailed) };
        for address in others {
            let connecting = TcpStream::connect(SocketAddr::new(*address, port));
            if let Ok(Ok(stream)) = timeout(self.time_limit / CONNECT_PART, connecting).await {
                return Ok(without_delay(stream));
            }
        }
        let stream = TcpStream::connect(SocketAddr::new(*last, port)).await;
        stream.map(without_delay).map_err(|_| DeliveryError::ConnectionFailed)
    }
}

#[async_trait]
impl WebhookSender for WebhookClient {
    async fn check(&self, url: &WebhookUrl) -> Result<(), InvalidValue> {
        let target = Target::new(url).ok_or(InvalidValue::Malformed)?;
        let found = timeout(CHECK_LIMIT.min(self.time_limit), self.addresses(&target, &self.checks)).await;
        let addresses = found.unwrap_or(Err(DeliveryError::Timeout)).unwrap_or_default();
        if !target.is_encrypted {
            let is_allowed = !addresses.is_empty() && addresses.iter().all(|address| self.allowed.contains(*address));
            return if is_allowed { Ok(()) } else { Err(InvalidValue::InsecureUrl) };
        }
        // A name without an address may get one.
        let is_allowed = addresses.is_empty() || addresses.iter().any(|address| self.allowed.may_reach(*address, true));
        if is_allowed { Ok(()) } else { Err(InvalidValue::AddressNotAllowed) }
    }

    async fn send(&self, message: &WebhookMessage) -> WebhookOutcome {
        let begin = Instant::now();
        let result = timeout(self.time_limit, self.request(message)).await.unwrap_or(Err(DeliveryError::Timeout));
        let (status, error) = match result {
            Ok(status) => (Some(status), DeliveryError::of_status(status)),
            Err(error) => (None, Some(error)),
        };
        WebhookOutcome { status, error, duration: begin.elapsed() }
    }
}

/// The parts of a URL, as browsers read it.
struct Target {
    is_encrypted: bool,
    host: Host<String>,
    port: u16,
    /// Host and port, as in the header.
    authority: String,
    /// Path and query.
    path: String,
}

impl Target {
    fn new(url: &WebhookUrl) -> Option<Self> {
        let url = Url::parse(url.as_str()).ok()?;
        let is_plain = url.username().is_empty() && url.password().is_none() && url.fragment().is_none();
        let host = url.host()?.to_owned();
        let authority = match url.port() {
            Some(port) => format!("{host}:{port}"),
            None => host.to_string(),
        };
        let path = match url.query() {
            Some(query) => format!("{}?{query}", url.path()),
            None => url.path().to_owned(),
        };
        is_plain.then_some(Self {
            is_encrypted: url.scheme() == "https",
            port: url.port_or_known_default()?,
            host,
            authority,
            path,
        })
    }
}

fn request(message: &WebhookMessage, target: &Target) -> Result<Request<Full<io::Cursor<Vec<u8>>>>, DeliveryError> {
    let (body, timestamp) = (body(message), message.sent_at.as_secs());
    let signature = signature(&message.secret, &message.id, timestamp, &body);
    let request = Request::post(&target.path)
        .header(HOST, &target.authority)
        .header(USER_AGENT, AGENT)
        .header(CONTENT_TYPE, "application/json")
        .header("webhook-id", &message.id)
        .header("webhook-timestamp", timestamp)
        .header("webhook-signature", signature)
        .body(Full::new(io::Cursor::new(body.into_bytes())));
    request.map_err(|_| DeliveryError::ConnectionFailed)
}

/// A message is one small write.
fn without_delay(stream: TcpStream) -> TcpStream {
    let _ = stream.set_nodelay(true);
    stream
}

/// Sends a request on a connection of its own. The body of the response is not read.
async fn exchange(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    request: Request<Full<io::Cursor<Vec<u8>>>>,
) -> Result<u16, DeliveryError> {
    let failed = |_: hyper::Error| DeliveryError::ConnectionFailed;
    let mut builder = http1::Builder::new();
    builder.max_buf_size(MAX_HEADER);
    let (mut sender, connection) = builder.handshake(TokioIo::new(stream)).await.map_err(failed)?;
    let driven = async {
        // Its error is that of the response, too.
        let _ = connection.await;
        pending::<Infallible>().await
    };
    tokio::select! {
        biased;
        response = sender.send_request(request) => Ok(response.map_err(failed)?.status().as_u16()),
        never = driven => match never {},
    }
}

/// The root certificates of the system, read when they are first needed, as that takes a while.
static ROOTS: LazyLock<Arc<RootCertStore>> = LazyLock::new(|| {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    Arc::new(roots)
});

fn tls() -> Result<TlsConnector, DeliveryError> {
    static CONFIG: LazyLock<Result<Arc<ClientConfig>, rustls::Error>> = LazyLock::new(|| {
        let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()?
            .with_root_certificates(ROOTS.clone())
            .with_no_client_auth();
        Ok(Arc::new(config))
    });
    CONFIG.as_ref().map(|config| TlsConnector::from(config.clone())).map_err(|_| DeliveryError::Tls)
}
