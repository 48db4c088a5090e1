//! Mail to an SMTP server.

use std::{net::IpAddr, sync::Arc, time::Duration};

use async_trait::async_trait;
use lettre::{
    address::Envelope,
    transport::smtp::{
        Error,
        authentication::{Credentials, DEFAULT_MECHANISMS},
        client::{AsyncSmtpConnection, Certificate, TlsParameters, TlsParametersBuilder},
        extension::ClientId,
    },
};
use memo_domain::{Clock, Mail, MailError, Mailer, Source};
use percent_encoding::percent_decode_str;
use tokio::{task::spawn_blocking, time::timeout};
use url::Url;

use super::{
    MailSettings, MailSettingsError,
    message::{Composer, Way},
};

/// How long a mail may take, of the 30 s that it is given.
const LIMIT: Duration = Duration::from_secs(25);
/// How long the server may take to say goodbye, once it has the mail.
const GOODBYE: Duration = Duration::from_secs(1);
/// The port of submission (RFC 6409), and the one that is encrypted from the first byte (RFC 8314).
const PORTS: (u16, u16) = (587, 465);
/// The most of a server's answer that is kept.
const ANSWER: usize = 300;

/// Hands each mail to a server, in a connection of its own.
pub struct SmtpMailer {
    composer: Composer,
    host: String,
    port: u16,
    encryption: Encryption,
    credentials: Option<Credentials>,
    /// What the server is told that this is.
    name: ClientId,
    /// Trusted beside the certificates that the system trusts.
    roots: Vec<Certificate>,
    limit: Duration,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Encryption {
    /// From the first byte (`smtps:`).
    Implicit,
    /// By STARTTLS, or nothing is sent.
    Required,
    /// By STARTTLS where the server offers it.
    Offered,
}

impl SmtpMailer {
    /// For a URL such as `smtp://user:password@host:587` or `smtps://host`.
    ///
    /// `smtp:` is encrypted by STARTTLS where the server offers it. It has to, where there is a password and the server is
    /// not this machine: whoever stands between could take the offer out and read the password. `?tls=required` asks for
    /// it always, and `?tls=opportunistic` never.
    ///
    /// # Errors
    /// [`MailSettingsError`].
    pub fn new(settings: &MailSettings, clock: Arc<dyn Clock>) -> Result<Self, MailSettingsError> {
        let composer = Composer::new(&settings.from, clock)?;
        let url = Url::parse(&settings.url).map_err(|_| MailSettingsError::Url("it can't be read"))?;
        let host = url.host_str().filter(|host| !host.is_empty()).ok_or(MailSettingsError::Url("it names no host"))?;
        let host = host.trim_start_matches('[').trim_end_matches(']').to_owned();
        if !matches!(url.path(), "" | "/") || url.fragment().is_some() {
            return Err(MailSettingsError::Url("it has a path behind the host"));
        }
        let credentials = credentials(&url, settings.password.as_deref())?;
        let is_implicit = url.scheme() == "smtps";
        let encryption = match (is_implicit, url.query()) {
            (true, None) => Encryption::Implicit,
            (false, Some("tls=required")) => Encryption::Required,
            (false, None) if credentials.is_some() && !is_loopback(&host) => Encryption::Required,
            (false, None | Some("tls=opportunistic")) => Encryption::Offered,
            _ => {
                return Err(MailSettingsError::Url(
                    "of smtp: tls=required or tls=opportunistic may follow, of smtps: none",
                ));
            }
        };
        let port = match url.port() {
            Some(0) => return Err(MailSettingsError::Url("its port is 0")),
            Some(port) => port,
            None if is_implicit => PORTS.1,
            None => PORTS.0,
        };
        let name = ClientId::Domain(composer.domain().to_owned());
        Ok(Self { composer, host, port, encryption, credentials, name, roots: Vec::new(), limit: LIMIT })
    }

    /// Sets a shorter time limit for each call.
    #[must_use]
    pub fn within(mut self, limit: Duration) -> Self {
        self.limit = limit.min(LIMIT);
        self
    }

    /// A connection that is encrypted and signed in to as it has to be.
    async fn connect(&self) -> Result<AsyncSmtpConnection, Source> {
        let tls = match self.encryption {
            Encryption::Implicit => Some(self.tls().await?),
            Encryption::Required | Encryption::Offered => None,
        };
        let address = (self.host.as_str(), self.port);
        let mut connection = AsyncSmtpConnection::connect_tokio1(address, Some(self.limit), &self.name, tls, None)
            .await
            .map_err(|error| said(&error))?;
        if !connection.is_encrypted() && (self.encryption == Encryption::Required || connection.can_starttls()) {
            connection.starttls(self.tls().await?, &self.name).await.map_err(|error| said(&error))?;
        }
        if let Some(credentials) = &self.credentials {
            connection.auth(DEFAULT_MECHANISMS, credentials).await.map_err(|error| said(&error))?;
        }
        Ok(connection)
    }

    /// Reads the certificates that the system trusts: those of this moment, and only where they are needed.
    async fn tls(&self) -> Result<TlsParameters, Source> {
        let (host, roots) = (self.host.clone(), self.roots.clone());
        let parameters = spawn_blocking(move || {
            roots.into_iter().fold(TlsParameters::builder(host), TlsParametersBuilder::add_root_certificate).build()
        });
        Ok(parameters.await??)
    }

    async fn deliver(&self, envelope: &Envelope, message: &[u8]) -> Result<AsyncSmtpConnection, MailError> {
        // Until it has heard of the mail, nothing that a server says is about the mail.
        let mut connection = self.connect().await.map_err(|source| MailError::Temporary { source })?;
        match connection.send(envelope, message).await {
            Ok(_) => Ok(connection),
            Err(error) if is_permanent(&error) => Err(MailError::Permanent { source: said(&error) }),
            Err(error) => Err(MailError::Temporary { source: said(&error) }),
        }
    }

    /// What comes of it in time.
    async fn in_time<T>(&self, work: impl Future<Output = Result<T, MailError>> + Send) -> Result<T, MailError> {
        timeout(self.limit, work).await.unwrap_or_else(|_| {
            let source = format!("the server was not done within {} s", self.limit.as_secs()).into();
            Err(MailError::Temporary { source })
        })
    }
}

#[async_trait]
impl Mailer for SmtpMailer {
    async fn send(&self, mail: &Mail) -> Result<(), MailError> {
        let message = self.composer.compose(mail, Way::SevenBit)?;
        let connection = self.in_time(self.deliver(message.envelope(), &message.formatted())).await?;
        leave(connection).await;
        Ok(())
    }

    async fn check(&self) -> Result<(), MailError> {
        let connect = async { self.connect().await.map_err(|source| MailError::Temporary { source }) };
        let connection = self.in_time(connect).await?;
        leave(connection).await;
        Ok(())
    }
}

/// Says goodbye. The server has the mail: whatever it says now, or leaves unsaid, changes nothing.
async fn leave(mut connection: AsyncSmtpConnection) {
    let _ = timeout(GOODBYE, connection.quit()).await;
}

fn credentials(url: &Url, password: Option<&str>) -> Result<Option<Credentials>, MailSettingsError> {
    let decode = |text: &str| {
        let text = percent_decode_str(text).decode_utf8().ok().filter(|text| !text.contains(char::is_control));
        text.map(String::from)
            .ok_or(MailSettingsError::Url("its user or password holds control characters, or is no text"))
    };
    let user = Some(url.username()).filter(|user| !user.is_empty()).map(decode).transpose()?;
    let password = match password.filter(|password| !password.is_empty()) {
        Some(password) => Some(password.to_owned()),
        None => url.password().map(decode).transpose()?,
    };
    match (user, password) {
        (Some(user), Some(password)) => Ok(Some(Credentials::new(user, password))),
        (None, None) => Ok(None),
        _ => Err(MailSettingsError::Credentials),
    }
}

fn is_loopback(host: &str) -> bool {
    host.eq_ignore_ascii_case("localhost") || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// Whether the mail will never pass. A server that wants another sign-in or encryption says nothing of the mail (RFC 4954,
/// section 6), and a client that can't write down the address will not learn it.
fn is_permanent(error: &Error) -> bool {
    match error.status().map(u16::from) {
        Some(code) => error.is_permanent() && !matches!(code, 530 | 534 | 535 | 538),
        None => error.is_client(),
    }
}

/// What was said, in a line that is not too long for a log.
fn said(error: &Error) -> Source {
    let text = error.to_string();
    let mut line: String = text.chars().map(|char| if char.is_control() { ' ' } else { char }).take(ANSWER).collect();
    if line.len() < text.len() {
        line.push('…');
    }
    line.into()
}

#[cfg(test)]
pub(crate) mod tests;
