//! Mail by SMTP.

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

/// Time limit of a call: less than the 30 s of the contract.
const LIMIT: Duration = Duration::from_secs(25);
/// Time limit of `QUIT`, when the server has the mail.
const QUIT_LIMIT: Duration = Duration::from_secs(1);
/// The default ports: submission (RFC 6409), and submission with implicit TLS (RFC 8314).
const PORTS: (u16, u16) = (587, 465);
/// Maximum number of characters of a server's response that are logged.
const MAX_QUOTE: usize = 300;

/// Sends each mail to a server, over its own connection.
pub struct SmtpMailer {
    composer: Composer,
    host: String,
    port: u16,
    encryption: Encryption,
    credentials: Option<Credentials>,
    /// The name in `EHLO`.
    name: ClientId,
    /// Root certificates in addition to those of the system.
    roots: Vec<Certificate>,
    limit: Duration,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Encryption {
    /// TLS from the first byte (`smtps:`).
    Implicit,
    /// STARTTLS; without it, nothing is sent.
    Required,
    /// STARTTLS if the server offers it.
    Offered,
}

impl SmtpMailer {
    /// Returns a mailer for a URL such as `smtp://user:password@host:587` or `smtps://host`.
    ///
    /// `smtp:` uses STARTTLS if the server offers it. STARTTLS is required if there is a password and the server is not on this
    /// machine, as an attacker in between could remove the offer and read the password. `?tls=required` always requires it,
    /// `?tls=opportunistic` never.
    ///
    /// # Errors
    /// [`MailSettingsError`].
    pub fn new(settings: &MailSettings, clock: Arc<dyn Clock>) -> Result<Self, MailSettingsError> {
        let composer = Composer::new(&settings.from, clock)?;
        let url = Url::parse(&settings.url).map_err(|_| MailSettingsError::Url("malformed"))?;
        let host = url.host_str().filter(|host| !host.is_empty()).ok_or(MailSettingsError::Url("no host"))?;
        let host = host.trim_start_matches('[').trim_end_matches(']').to_owned();
        if !matches!(url.path(), "" | "/") || url.fragment().is_some() {
            return Err(MailSettingsError::Url("a path after the host"));
        }
        let credentials = credentials(&url, settings.password.as_deref())?;
        let is_implicit = url.scheme() == "smtps";
        let encryption = match (is_implicit, url.query()) {
            (true, None) => Encryption::Implicit,
            (false, Some("tls=required")) => Encryption::Required,
            (false, None) if credentials.is_some() && !is_loopback(&host) => Encryption::Required,
            (false, None | Some("tls=opportunistic")) => Encryption::Offered,
            _ => {
                return Err(MailSettingsError::Url("smtp: may have tls=required or tls=opportunistic, smtps: nothing"));
            }
        };
        let port = match url.port() {
            Some(0) => return Err(MailSettingsError::Url("port 0")),
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

    /// Connects, encrypted and authenticated as configured.
    async fn connect(&self) -> Result<AsyncSmtpConnection, Source> {
        let tls = match self.encryption {
            Encryption::Implicit => Some(self.tls().await?),
            Encryption::Required | Encryption::Offered => None,
        };
        let address = (self.host.as_str(), self.port);
        let mut connection = AsyncSmtpConnection::connect_tokio1(address, Some(self.limit), &self.name, tls, None)
            .await
            .map_err(|error| quote(&error))?;
        if !connection.is_encrypted() && (self.encryption == Encryption::Required || connection.can_starttls()) {
            connection.starttls(self.tls().await?, &self.name).await.map_err(|error| quote(&error))?;
        }
        if let Some(credentials) = &self.credentials {
            connection.auth(DEFAULT_MECHANISMS, credentials).await.map_err(|error| refusal(&error))?;
        }
        Ok(connection)
    }

    /// Reads the current root certificates of the system.
    async fn tls(&self) -> Result<TlsParameters, Source> {
        let (host, roots) = (self.host.clone(), self.roots.clone());
        let parameters = spawn_blocking(move || {
            roots.into_iter().fold(TlsParameters::builder(host), TlsParametersBuilder::add_root_certificate).build()
        });
        Ok(parameters.await??)
    }

    async fn deliver(&self, envelope: &Envelope, message: &[u8]) -> Result<AsyncSmtpConnection, MailError> {
        // Before the server has seen the mail, no response is about the mail.
        let mut connection = self.connect().await.map_err(|source| MailError::Temporary { source })?;
        match connection.send(envelope, message).await {
            Ok(_) => Ok(connection),
            Err(error) if is_permanent(&error) => Err(MailError::Permanent { source: quote(&error) }),
            Err(error) => Err(MailError::Temporary { source: quote(&error) }),
        }
    }

    /// Runs a call within the time limit.
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
        quit(connection).await;
        Ok(())
    }

    async fn check(&self) -> Result<(), MailError> {
        let connect = async { self.connect().await.map_err(|source| MailError::Temporary { source }) };
        let connection = self.in_time(connect).await?;
        quit(connection).await;
        Ok(())
    }
}

/// Ends the connection. The server has the mail, so its response to `QUIT` does not matter.
async fn quit(mut connection: AsyncSmtpConnection) {
    let _ = timeout(QUIT_LIMIT, connection.quit()).await;
}

fn credentials(url: &Url, password: Option<&str>) -> Result<Option<Credentials>, MailSettingsError> {
    let decode = |text: &str| {
        let text = percent_decode_str(text).decode_utf8().ok().filter(|text| !text.contains(char::is_control));
        text.map(String::from).ok_or(MailSettingsError::Url("control characters or invalid UTF-8 in user or password"))
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

/// Returns whether retrying is useless. Responses about authentication or encryption are not about the mail (RFC 4954,
/// section 6); an address that the client cannot encode stays so.
fn is_permanent(error: &Error) -> bool {
    match error.status().map(u16::from) {
        Some(code) => error.is_permanent() && !matches!(code, 530 | 534 | 535 | 538),
        None => error.is_client(),
    }
}

/// Returns why the user and the password were refused. What the server says is left out: it may repeat them.
fn refusal(error: &Error) -> Source {
    error.status().map_or_else(
        || quote(error),
        |code| format!("the server has refused the user and the password, with code {code}").into(),
    )
}

/// Returns the server's response as a short line for the log.
fn quote(error: &Error) -> Source {
    let text = error.to_string();
    let mut line: String =
        text.chars().map(|char| if char.is_control() { ' ' } else { char }).take(MAX_QUOTE).collect();
    if line.len() < text.len() {
        line.push('…');
    }
    line.into()
}

#[cfg(test)]
pub(crate) mod tests;
