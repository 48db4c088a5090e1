//! What is sent, and which addresses are reached.

use std::{
    future::pending,
    io,
    net::{IpAddr, Ipv4Addr},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use async_trait::async_trait;
use memo_domain::{
    DeliveryError, InvalidValue, Secret, Timestamp, WebhookEvent, WebhookMessage, WebhookSender, WebhookUrl,
};
use memo_webhooks::{Resolver, WebhookClient};
use tokio::{
    net::{TcpSocket, TcpStream},
    time::timeout,
};

use crate::receiver::{Receiver, Reply, TIME_LIMIT, client};

fn message(url: WebhookUrl) -> WebhookMessage {
    let at = Timestamp::parse("2026-01-31T09:00:00.9Z").expect("a time");
    let event = WebhookEvent::Ping { at };
    WebhookMessage { id: "msg_1".to_owned(), url, secret: Secret::new([7; 32]), sent_at: at, event }
}

/// A resolver with another answer each time; the last one stays.
struct Changing {
    answers: Vec<Vec<IpAddr>>,
    asked: AtomicUsize,
}

impl Changing {
    fn new(answers: &[&[&str]]) -> Arc<Self> {
        let read = |answer: &&[&str]| answer.iter().map(|text| text.parse().expect("an address")).collect();
        Arc::new(Self { answers: answers.iter().map(read).collect(), asked: AtomicUsize::new(0) })
    }
}

#[async_trait]
impl Resolver for Changing {
    async fn resolve(&self, name: &str) -> io::Result<Vec<IpAddr>> {
        assert_eq!(name, "hooks.example.com");
        let turn = self.asked.fetch_add(1, Ordering::SeqCst).min(self.answers.len() - 1);
        Ok(self.answers[turn].clone())
    }
}

#[tokio::test]
async fn request_is_that_of_standard_webhooks() {
    let receiver = Receiver::start().await;
    assert_eq!(client().send(&message(receiver.url())).await.status, Some(200));
    let request = receiver.requests().pop().expect("a request");
    assert_eq!(request.line, "POST /in?token=a HTTP/1.1");
    let header = |name: &str| request.header.get(name).map(String::as_str);
    assert_eq!(header("host"), Some(&*format!("127.0.0.1:{}", receiver.port)));
    assert_eq!((header("webhook-id"), header("webhook-timestamp")), (Some("msg_1"), Some("1769850000")));
    assert!(header("webhook-signature").is_some_and(|value| value.starts_with("v1,")));
    assert_eq!(header("content-type"), Some("application/json"));
    assert!(header("user-agent").is_some_and(|value| value.starts_with("memo/")));
    assert_eq!(header("content-length"), Some(&*request.body.len().to_string()));
    for part in [r#""type":"ping""#, r#""timestamp":"2026-01-31T09:00:00.900Z""#, r#""data":{}"#] {
        assert!(request.body.contains(part), "{}", request.body);
    }
}

#[tokio::test]
async fn addresses_of_this_machine_are_not_reached_unless_they_are_allowed() {
    let receiver = Receiver::start().await;
    let client = WebhookClient::new(Vec::new()).with_time_limit(TIME_LIMIT);
    for host in ["127.0.0.1", "127.1", "0x7f000001", "2130706433", "localhost", "[::ffff:127.0.0.1]", "0.0.0.0"] {
        for scheme in ["http", "https"] {
            let url = format!("{scheme}://{host}:{}/in", receiver.port);
            let url = WebhookUrl::new(url).expect("a URL");
            let outcome = client.send(&message(url)).await;
            assert_eq!(outcome.error, Some(DeliveryError::AddressNotAllowed), "{scheme} {host}");
        }
    }
    assert_eq!(receiver.connections(), 0);
}

#[tokio::test]
async fn name_with_another_address_than_before_is_checked_again() {
    let receiver = Receiver::start().await;
    // A public address when the URL is registered, this machine when a message is sent.
    let resolver = Changing::new(&[&["1.1.1.1"], &["127.0.0.1"]]);
    let client = WebhookClient::new(Vec::new()).with_time_limit(TIME_LIMIT).with_resolver(resolver.clone());
    let url = WebhookUrl::new(format!("https://hooks.example.com:{}/in", receiver.port)).expect("a URL");
    client.check(&url).await.expect("a public address");
    assert_eq!(client.send(&message(url)).await.error, Some(DeliveryError::AddressNotAllowed));
    assert_eq!((resolver.asked.load(Ordering::SeqCst), receiver.connections()), (2, 0), "asked once for an attempt");
}

#[tokio::test]
async fn only_the_checked_addresses_of_a_name_are_reached() {
    let receiver = Receiver::start().await;
    // An attempt asks once: the second answer would lead to another address.
    let resolver = Changing::new(&[&["10.0.0.1", "::1", "127.0.0.1"], &["10.0.0.1"]]);
    let client = client().with_resolver(resolver.clone());
    let outcome = client.send(&message(receiver.url_at("hooks.example.com"))).await;
    assert_eq!((outcome.status, resolver.asked.load(Ordering::SeqCst), receiver.connections()), (Some(200), 1, 1));
    assert_eq!(receiver.requests()[0].header["host"], format!("hooks.example.com:{}", receiver.port));
}

#[tokio::test]
async fn address_that_does_not_answer_leaves_time_for_the_others() {
    let receiver = Receiver::start().await;
    // At the same port: its queue holds one connection, and none is accepted.
    let silent = TcpSocket::new_v4().expect("a socket");
    silent.bind((Ipv4Addr::new(127, 0, 0, 2), receiver.port).into()).expect("a port");
    let silent = silent.listen(0).expect("it listens");
    let address = silent.local_addr().expect("an address");
    let mut waiting = Vec::new();
    while let Ok(stream) = timeout(Duration::from_millis(100), TcpStream::connect(address)).await {
        waiting.push(stream.expect("it waits to be accepted"));
    }
    let client = client().with_resolver(Changing::new(&[&["127.0.0.2", "127.0.0.1"]]));
    let outcome = client.send(&message(receiver.url_at("hooks.example.com"))).await;
    assert_eq!((outcome.status, outcome.error), (Some(200), None));
}

/// A resolver that does not answer for any name but one.
#[derive(Default)]
struct Silent(AtomicUsize);

#[async_trait]
impl Resolver for Silent {
    async fn resolve(&self, name: &str) -> io::Result<Vec<IpAddr>> {
        if name == "hooks.example.com" {
            return Ok(vec![Ipv4Addr::LOCALHOST.into()]);
        }
        self.0.fetch_add(1, Ordering::SeqCst);
        pending().await
    }
}

#[tokio::test(start_paused = true)]
async fn lookups_whose_callers_gave_up_are_bounded_and_delay_no_message() {
    let resolver = Arc::new(Silent::default());
    let client = WebhookClient::new(Vec::new()).with_resolver(resolver.clone());
    for number in 0..20 {
        let url = WebhookUrl::new(format!("https://hooks{number}.example.com")).expect("a URL");
        client.check(&url).await.expect("a name without an address may get one");
    }
    assert_eq!(resolver.0.load(Ordering::SeqCst), 4);
    let url = WebhookUrl::new("https://hooks.example.com").expect("a URL");
    assert_eq!(client.send(&message(url)).await.error, Some(DeliveryError::AddressNotAllowed), "it was looked up");
    for number in 0..20 {
        let url = WebhookUrl::new(format!("https://hooks{number}.example.com")).expect("a URL");
        assert_eq!(client.send(&message(url)).await.error, Some(DeliveryError::Timeout));
    }
    assert_eq!(resolver.0.load(Ordering::SeqCst), 4 + 16);
}

#[tokio::test]
async fn http_reaches_allowed_networks_only() {
    let client = |answer: &[&str]| client().with_resolver(Changing::new(&[answer]));
    let check = async |answer: &[&str], url: &str| client(answer).check(&WebhookUrl::new(url).expect("a URL")).await;
    for (answer, url, expected) in [
        (&["127.0.0.1"][..], "http://hooks.example.com", Ok(())),
        (&["127.0.0.1", "1.1.1.1"], "http://hooks.example.com", Err(InvalidValue::InsecureUrl)),
        (&["1.1.1.1"], "http://hooks.example.com", Err(InvalidValue::InsecureUrl)),
        (&[], "http://hooks.example.com", Err(InvalidValue::InsecureUrl)),
        (&[], "http://10.0.0.1", Err(InvalidValue::InsecureUrl)),
        (&["1.1.1.1"], "https://hooks.example.com", Ok(())),
        (&[], "https://hooks.example.com", Ok(())),
        (&["10.0.0.1", "1.1.1.1"], "https://hooks.example.com", Ok(())),
        (&["10.0.0.1"], "https://hooks.example.com", Err(InvalidValue::AddressNotAllowed)),
        (&[], "https://169.254.169.254", Err(InvalidValue::AddressNotAllowed)),
        (&[], "https://[fd00::1]:8443", Err(InvalidValue::AddressNotAllowed)),
        (&[], "https://127.1", Ok(())),
        (&[], "https://a:99999", Err(InvalidValue::Malformed)),
        (&[], "https://[::1", Err(InvalidValue::Malformed)),
    ] {
        assert_eq!(check(answer, url).await, expected, "{url} {answer:?}");
    }
    let sent = client(&["1.1.1.1"]).send(&message(WebhookUrl::new("http://hooks.example.com").expect("a URL"))).await;
    assert_eq!(sent.error, Some(DeliveryError::AddressNotAllowed));
}

#[tokio::test]
async fn failures_have_their_reason() {
    let receiver = Receiver::start().await;
    for (reply, error) in [
        (Reply::HangUp, DeliveryError::ConnectionFailed),
        (Reply::EndlessHeader, DeliveryError::ConnectionFailed),
        (Reply::Silent, DeliveryError::Timeout),
    ] {
        receiver.reply(reply);
        let begin = Instant::now();
        let outcome = client().send(&message(receiver.url())).await;
        assert_eq!((outcome.status, outcome.error), (None, Some(error)), "{reply:?}");
        assert!(outcome.duration <= begin.elapsed());
    }
    let url = WebhookUrl::new(format!("https://127.0.0.1:{}", receiver.port)).expect("a URL");
    assert_eq!(client().send(&message(url)).await.error, Some(DeliveryError::Tls), "it does not speak TLS");
    let closed = WebhookUrl::new("http://127.0.0.1:1/").expect("a URL");
    assert_eq!(client().send(&message(closed)).await.error, Some(DeliveryError::ConnectionFailed));
    let unknown = client().with_resolver(Changing::new(&[&[]]));
    let outcome = unknown.send(&message(receiver.url_at("hooks.example.com"))).await;
    assert_eq!(outcome.error, Some(DeliveryError::NameNotResolved));
}
