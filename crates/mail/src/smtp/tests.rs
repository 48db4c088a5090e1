use std::{
    future::pending,
    sync::{Mutex, PoisonError},
    time::Instant,
};

use memo_domain::Email;
use rustls::{
    ServerConfig,
    crypto::ring,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
};
use tokio::{
    io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
};
use tokio_rustls::TlsAcceptor;

use super::*;
use crate::tests::{clock, mail};

/// A key and a certificate of `localhost` that were made for these tests alone.
const KEY: &str = "-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgKeqDz5E0rTtO+J7x
TDOXHQgi4uOP3DN2NkfZKGoJhWuhRANCAAQecFSe9jXKaeOSXt1KSTPljp9x+RtD
FWSKMshSgH+PpfgT++XdRzWeElrF48aP8GMqADabFVA29TuAhDrcpQVR
-----END PRIVATE KEY-----";
const CERTIFICATE: &str = "-----BEGIN CERTIFICATE-----
MIIBYDCCAQagAwIBAgIBATAKBggqhkjOPQQDAjAVMRMwEQYDVQQDDAptZW1vIHRl
c3RzMCAXDTIwMDEwMTAwMDAwMFoYDzIxMjAwMTAxMDAwMDAwWjAVMRMwEQYDVQQD
DAptZW1vIHRlc3RzMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEHnBUnvY1ymnj
kl7dSkkz5Y6fcfkbQxVkijLIUoB/j6X4E/vl3Uc1nhJaxePGj/BjKgA2mxVQNvU7
gIQ63KUFUaNFMEMwDAYDVR0TAQH/BAIwADAUBgNVHREEDTALgglsb2NhbGhvc3Qw
HQYDVR0OBBYEFOnh8cXXy+fyAgHVUHlhE4Oe5CZjMAoGCCqGSM49BAMCA0gAMEUC
IFUDY1TKNN3LSrWeirvjsp1gS+Rp8PCy6lX0RJ2QytBCAiEA9Oq0qh43EseSFCLR
evGyvREjlFR6FLWidk7GHeumEZQ=
-----END CERTIFICATE-----";

/// What a server does instead of answering as it should.
#[derive(Debug, Clone, Copy)]
pub enum Act {
    Say(&'static str),
    HangUp,
    Hang,
}

/// A small SMTP server that can be told to misbehave.
#[derive(Default)]
pub struct Server {
    /// What it does at a command that begins so; `.` is the end of a mail.
    acts: Mutex<Vec<(&'static str, Act)>>,
    /// What it offers.
    offers: Vec<&'static str>,
    tls: bool,
    /// Every line that it got, decrypted ones behind a `tls`.
    heard: Mutex<Vec<String>>,
}

impl Server {
    pub fn new(acts: &[(&'static str, Act)], offers: &[&'static str]) -> Self {
        Self { acts: Mutex::new(acts.to_vec()), offers: offers.to_vec(), ..Self::default() }
    }

    /// Replaces what it does at some commands.
    pub fn act(&self, acts: &[(&'static str, Act)]) {
        *self.acts.lock().unwrap_or_else(PoisonError::into_inner) = acts.to_vec();
    }

    pub async fn start(self) -> (u16, Arc<Self>) {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let server = Arc::new(self);
        let task = server.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(task.clone().serve(stream));
            }
        });
        (port, server)
    }

    async fn serve(self: Arc<Self>, stream: TcpStream) {
        if self.tls {
            return self.serve_tls(stream, true).await;
        }
        let mut stream = BufReader::new(stream);
        if self.talk(&mut stream, true, "").await {
            self.serve_tls(stream.into_inner(), false).await;
        }
    }

    async fn serve_tls(&self, stream: TcpStream, greets: bool) {
        let key = PrivateKeyDer::from_pem_slice(KEY.as_bytes()).expect("a key");
        let certificate = CertificateDer::from_pem_slice(CERTIFICATE.as_bytes()).expect("a certificate");
        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .expect("versions")
            .with_no_client_auth()
            .with_single_cert(vec![certificate], key)
            .expect("they fit");
        // A client that does not trust the certificate leaves.
        if let Ok(stream) = TlsAcceptor::from(Arc::new(config)).accept(stream).await {
            self.talk(&mut BufReader::new(stream), greets, "tls ").await;
        }
    }

    /// Talks until the client leaves, or wants TLS.
    async fn talk(&self, stream: &mut BufReader<impl AsyncRead + AsyncWrite + Unpin>, greets: bool, how: &str) -> bool {
        let mut command = if greets { "greeting".to_owned() } else { String::new() };
        let mut in_mail = false;
        loop {
            let act = self.act_at(&command);
            let said = match act {
                Some(Act::Say(text)) => format!("{text}\r\n"),
                Some(Act::HangUp) => return false,
                Some(Act::Hang) => pending().await,
                None => self.answer(&command, in_mail),
            };
            if stream.write_all(said.as_bytes()).await.is_err() || command == "QUIT" {
                return false;
            }
            if command == "STARTTLS" && act.is_none() {
                return true;
            }
            in_mail = said.starts_with("354") || in_mail && command != ".";
            let mut line = String::new();
            if stream.read_line(&mut line).await.unwrap_or(0) == 0 {
                return false;
            }
            command = line.trim_end().to_owned();
            self.heard.lock().unwrap_or_else(PoisonError::into_inner).push(format!("{how}{command}"));
        }
    }

    fn answer(&self, command: &str, in_mail: bool) -> String {
        if command == "." {
            return "250 2.0.0 queued\r\n".into();
        }
        if in_mail {
            return String::new();
        }
        match command.split([' ', ':']).next().unwrap_or_default() {
            "" => String::new(),
            "greeting" => "220 mail.example ESMTP\r\n".into(),
            "EHLO" => {
                let offers = self.offers.iter().fold(String::new(), |offers, offer| offers + "250-" + offer + "\r\n");
                format!("250-mail.example\r\n{offers}250 HELP\r\n")
            }
            "DATA" => "354 go on\r\n".into(),
            "AUTH" => "235 2.7.0 welcome\r\n".into(),
            "QUIT" => "221 2.0.0 bye\r\n".into(),
            _ => "250 2.1.0 fine\r\n".into(),
        }
    }

    fn act_at(&self, command: &str) -> Option<Act> {
        let acts = self.acts.lock().unwrap_or_else(PoisonError::into_inner);
        let act = acts.iter().find(|(begin, _)| !command.is_empty() && command.starts_with(begin));
        act.map(|(_, act)| *act)
    }

    pub fn heard(&self) -> Vec<String> {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn heard_of(&self, begin: &str) -> usize {
        self.heard().iter().filter(|line| line.starts_with(begin)).count()
    }
}

fn mailer(url: &str) -> SmtpMailer {
    let settings = MailSettings { url: url.into(), from: "Memo <memo@example.org>".into(), password: None };
    SmtpMailer { limit: Duration::from_secs(20), ..SmtpMailer::new(&settings, clock()).expect("a mailer") }
}

/// One that trusts the certificate of the tests.
fn trusting(url: &str) -> SmtpMailer {
    let roots = vec![Certificate::from_pem(CERTIFICATE.as_bytes()).expect("a certificate")];
    SmtpMailer { roots, ..mailer(url) }
}

fn is_temporary(result: &Result<(), MailError>) -> bool {
    matches!(result, Err(MailError::Temporary { .. }))
}

fn is_refused(result: &Result<(), MailError>) -> bool {
    matches!(result, Err(MailError::Permanent { .. }))
}

#[tokio::test]
async fn a_mail_is_with_the_server() {
    let (port, server) = Server::new(&[], &["SIZE 1000000"]).start().await;
    mailer(&format!("smtp://127.0.0.1:{port}")).send(&mail()).await.expect("sent");
    let heard = server.heard();
    assert_eq!(heard[..4], ["EHLO example.org", "MAIL FROM:<memo@example.org>", "RCPT TO:<alice@example.com>", "DATA"]);
    assert_eq!(heard.last().map(String::as_str), Some("QUIT"));
    for line in [
        "Message-ID: <0198c0de-7f00-7000-8000-00000000000a@example.org>",
        "https://memo.example/verify?token=abc",
        "..",
    ] {
        assert!(heard.iter().any(|heard| heard == line), "{line} in {heard:?}");
    }
}

#[tokio::test]
async fn a_check_sends_nothing() {
    let (port, server) = Server::default().start().await;
    mailer(&format!("smtp://127.0.0.1:{port}")).check().await.expect("it is there");
    assert_eq!(server.heard(), ["EHLO example.org", "QUIT"]);
    let free = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port").local_addr().expect("an address").port();
    let mailer = mailer(&format!("smtp://127.0.0.1:{free}"));
    assert!(is_temporary(&mailer.check().await));
    assert!(is_temporary(&mailer.send(&mail()).await), "nobody listens");
}

#[tokio::test]
async fn the_code_says_whether_it_is_worth_another_try() {
    let (busy, refuses) = (Act::Say("451 4.3.0 busy"), Act::Say("550 5.1.1 no such user"));
    for place in ["MAIL", "RCPT", "DATA", "."] {
        for (act, is_expected) in [(busy, is_temporary as fn(&_) -> bool), (refuses, is_refused)] {
            let (port, _) = Server::new(&[(place, act)], &[]).start().await;
            let result = mailer(&format!("smtp://127.0.0.1:{port}")).send(&mail()).await;
            assert!(is_expected(&result), "{place}: {act:?}: {result:?}");
        }
    }
    // A refusal before the mail, or of the credentials, is not the mail's fault.
    for (place, act) in [
        ("greeting", Act::Say("554 5.7.1 go away")),
        ("greeting", Act::Say("hello?")),
        ("EHLO", refuses),
        ("AUTH", Act::Say("535 5.7.8 wrong password")),
        // base64 of NUL memo NUL hunter2
        ("AUTH", Act::Say("535 unknown: AUTH PLAIN AG1lbW8AaHVudGVyMg== hunter2")),
        ("MAIL", Act::Say("530 5.7.0 sign in first")),
        ("MAIL", Act::Say("421 4.3.2 shutting down")),
    ] {
        let (port, _) = Server::new(&[(place, act)], &["AUTH PLAIN LOGIN"]).start().await;
        let result = mailer(&format!("smtp://memo:hunter2@127.0.0.1:{port}")).send(&mail()).await;
        assert!(is_temporary(&result), "{place}: {act:?}: {result:?}");
        let shown = format!("{result:?}");
        assert!(!shown.contains("hunter2") && !shown.contains("AG1lbW8AaHVudGVyMg"), "{shown}");
    }
}

#[tokio::test]
async fn a_server_that_hangs_up_may_come_back() {
    for place in ["greeting", "EHLO", "MAIL", "RCPT", "DATA", "."] {
        let (port, _) = Server::new(&[(place, Act::HangUp)], &[]).start().await;
        let result = mailer(&format!("smtp://127.0.0.1:{port}")).send(&mail()).await;
        assert!(is_temporary(&result), "{place}: {result:?}");
    }
}

#[tokio::test]
async fn a_server_that_hangs_is_given_up_in_time() {
    for place in ["greeting", "EHLO", "RCPT", "."] {
        let (port, _) = Server::new(&[(place, Act::Hang)], &[]).start().await;
        let limit = Duration::from_millis(300);
        let mailer = SmtpMailer { limit, ..mailer(&format!("smtp://127.0.0.1:{port}")) };
        let begin = Instant::now();
        let result = mailer.send(&mail()).await;
        assert!(is_temporary(&result), "{place}: {result:?}");
        assert!(begin.elapsed() >= limit && begin.elapsed() < Duration::from_secs(5), "{place}");
    }
}

#[tokio::test]
async fn a_mail_that_is_taken_is_sent_whatever_the_goodbye() {
    for act in [Act::HangUp, Act::Hang, Act::Say("421 4.0.0 what?")] {
        let (port, _) = Server::new(&[("QUIT", act)], &[]).start().await;
        let mailer = SmtpMailer { limit: Duration::from_secs(20), ..mailer(&format!("smtp://127.0.0.1:{port}")) };
        mailer.send(&mail()).await.expect("sent");
    }
}

#[tokio::test]
async fn no_line_comes_from_outside() {
    let (port, server) = Server::default().start().await;
    let mailer = mailer(&format!("smtp://127.0.0.1:{port}"));
    let forged = Mail { subject: "a\r\nBcc: eve@example.com".into(), ..mail() };
    assert!(is_refused(&mailer.send(&forged).await));
    assert!(server.heard().is_empty(), "it is not even called");
    let smuggled = Mail { text: "a\r\n.\r\nMAIL FROM:<x@example.com>\n.\nb\r.\rc".into(), ..mail() };
    mailer.send(&smuggled).await.expect("sent");
    assert_eq!((server.heard_of("MAIL FROM:<m"), server.heard().iter().filter(|line| *line == ".").count()), (1, 1));
}

#[tokio::test]
async fn an_address_that_the_server_cannot_take_is_refused_for_good() {
    let korean = Mail { to: Email::new("홍길동@example.com").expect("an address"), ..mail() };
    let (port, _) = Server::default().start().await;
    assert!(is_refused(&mailer(&format!("smtp://127.0.0.1:{port}")).send(&korean).await));
    let (port, server) = Server::new(&[], &["SMTPUTF8", "8BITMIME"]).start().await;
    mailer(&format!("smtp://127.0.0.1:{port}")).send(&korean).await.expect("sent");
    assert_eq!(server.heard_of("RCPT TO:<홍길동@example.com>"), 1);
}

#[tokio::test]
async fn it_signs_in_with_user_and_password() {
    let (port, server) = Server::new(&[], &["AUTH PLAIN LOGIN"]).start().await;
    mailer(&format!("smtp://me%40x:p%20w@127.0.0.1:{port}")).send(&mail()).await.expect("sent");
    // base64 of NUL me@x NUL p w
    assert_eq!(server.heard_of("AUTH PLAIN AG1lQHgAcCB3"), 1);
    let settings = MailSettings {
        url: format!("smtp://me%40x:old@127.0.0.1:{port}"),
        from: "memo@example.org".into(),
        password: Some("p w".into()),
    };
    SmtpMailer::new(&settings, clock()).expect("a mailer").send(&mail()).await.expect("sent");
    assert_eq!(server.heard_of("AUTH PLAIN AG1lQHgAcCB3"), 2, "the setting comes before the URL");
}

#[tokio::test]
async fn an_offer_of_encryption_is_taken() {
    for url in ["smtp://localhost", "smtp://u:p@localhost"] {
        let (port, server) = Server::new(&[], &["STARTTLS", "AUTH PLAIN"]).start().await;
        trusting(&format!("{url}:{port}")).send(&mail()).await.expect("sent");
        assert_eq!(server.heard()[..3], ["EHLO example.org", "STARTTLS", "tls EHLO example.org"]);
        assert_eq!((server.heard_of("MAIL"), server.heard_of("tls MAIL"), server.heard_of("AUTH")), (0, 1, 0));
    }
    let server = Server { tls: true, ..Server::default() };
    let (port, server) = server.start().await;
    trusting(&format!("smtps://localhost:{port}")).send(&mail()).await.expect("sent");
    assert_eq!(server.heard_of("tls MAIL"), 1);
}

#[tokio::test]
async fn nothing_goes_to_who_cannot_show_a_certificate() {
    let (port, server) = Server::new(&[], &["STARTTLS"]).start().await;
    assert!(is_temporary(&mailer(&format!("smtp://localhost:{port}")).send(&mail()).await), "not trusted");
    assert!(is_temporary(&trusting(&format!("smtp://127.0.0.1:{port}")).send(&mail()).await), "another host's");
    let (implicit, other) = Server { tls: true, ..Server::default() }.start().await;
    assert!(is_temporary(&mailer(&format!("smtps://localhost:{implicit}")).send(&mail()).await), "not trusted");
    for server in [server, other] {
        assert_eq!((server.heard_of("MAIL"), server.heard_of("tls MAIL")), (0, 0));
    }
}

#[tokio::test]
async fn what_has_to_be_encrypted_is_never_sent_otherwise() {
    // Who stands between takes the offer out.
    let (port, server) = Server::new(&[], &["AUTH PLAIN"]).start().await;
    assert!(is_temporary(&mailer(&format!("smtp://localhost:{port}?tls=required")).send(&mail()).await));
    assert_eq!(server.heard_of("MAIL"), 0);
    for (url, encryption) in [
        ("smtp://mail.example.org", Encryption::Offered),
        ("smtp://u:p@mail.example.org", Encryption::Required),
        ("smtp://u:p@mail.example.org?tls=opportunistic", Encryption::Offered),
        ("smtp://u:p@localhost", Encryption::Offered),
        ("smtp://u:p@127.0.0.1", Encryption::Offered),
        ("smtp://u:p@[::1]", Encryption::Offered),
        ("smtps://u:p@mail.example.org", Encryption::Implicit),
    ] {
        assert_eq!(mailer(url).encryption, encryption, "{url}");
    }
    assert_eq!((mailer("smtp://h").port, mailer("smtps://h").port, mailer("smtps://h:1").port), (587, 465, 1));
}
