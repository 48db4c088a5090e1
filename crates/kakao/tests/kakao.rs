//! The message API of Kakao, by a server in this process.

use std::{
    collections::BTreeMap,
    future::pending,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use memo_conformance::TestNotifier;
use memo_domain::{
    JobId, Locale, Notification, Notifier, NotifyError, Recipient, Reminder, TimeZone, Timestamp, Title, Uuid,
};
use memo_kakao::KakaoMessages;
use serde_json::Value;
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
};

const TOKEN: &str = "hunter2-token";

/// What the server responds.
#[derive(Debug, Clone)]
enum Reply {
    Accepts,
    Status(u16, &'static str),
    Redirects,
    Hangs,
    Endless,
}

struct Fake {
    url: String,
    reply: Mutex<Reply>,
    /// The first line of each request, its `Authorization`, and its body.
    requests: Mutex<Vec<(String, String, String)>>,
}

impl Fake {
    async fn start() -> Arc<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let fake = Arc::new(Self { url, reply: Mutex::new(Reply::Accepts), requests: Mutex::default() });
        let task = fake.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(task.clone().serve(stream));
            }
        });
        fake
    }

    fn reply(&self, reply: Reply) {
        *self.reply.lock().unwrap_or_else(PoisonError::into_inner) = reply;
    }

    fn requests(&self) -> Vec<(String, String, String)> {
        self.requests.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The templates that were accepted, if all requests were.
    fn templates(&self) -> Vec<Value> {
        let template = |(_, _, body): &(String, String, String)| {
            let form: BTreeMap<_, _> = url::form_urlencoded::parse(body.as_bytes()).into_owned().collect();
            assert_eq!(form.len(), 1);
            serde_json::from_str(&form["template_object"]).expect("JSON")
        };
        self.requests().iter().map(template).collect()
    }

    async fn serve(self: Arc<Self>, stream: TcpStream) {
        let mut stream = BufReader::new(stream);
        let mut line = String::new();
        stream.read_line(&mut line).await.expect("a request");
        let (mut length, mut credentials) = (0, String::new());
        loop {
            let mut header = String::new();
            stream.read_line(&mut header).await.expect("a header");
            match header.trim_end().split_once(": ").map(|(name, value)| (name.to_ascii_lowercase(), value)) {
                None => break,
                Some((name, value)) if name == "content-length" => length = value.parse().expect("a length"),
                Some((name, value)) if name == "authorization" => value.clone_into(&mut credentials),
                Some(_) => {}
            }
        }
        let mut body = vec![0; length];
        stream.read_exact(&mut body).await.expect("a body");
        let body = String::from_utf8(body).expect("UTF-8");
        let reply = self.reply.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if !matches!(reply, Reply::Status(500, _) | Reply::Hangs) {
            self.requests.lock().unwrap_or_else(PoisonError::into_inner).push((
                line.trim().to_owned(),
                credentials,
                body,
            ));
        }
        let (status, extra, text) = match reply {
            Reply::Accepts => (200, String::new(), "{\"result_code\":0}"),
            Reply::Status(status, text) => (status, String::new(), text),
            Reply::Redirects => (307, format!("Location: {}/elsewhere\r\n", self.url), ""),
            Reply::Hangs => pending().await,
            Reply::Endless => {
                let mut open = stream.write_all(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n").await.is_ok();
                while open {
                    open = stream.write_all(&[b' '; 8_192]).await.is_ok();
                }
                return;
            }
        };
        let length = text.len();
        let reply =
            format!("HTTP/1.1 {status} Status\r\n{extra}Content-Length: {length}\r\nConnection: close\r\n\r\n{text}");
        let _ = stream.write_all(reply.as_bytes()).await;
    }
}

fn messages(fake: &Fake) -> KakaoMessages {
    KakaoMessages::new(&fake.url, "https://memo.example".into()).expect("a base").within(Duration::from_millis(500))
}

fn notification(access_token: &str) -> Notification {
    let reminder = Reminder {
        title: Title::new("회의 & <점심>").expect("a title"),
        remind_at: Timestamp::parse("2026-01-31T15:00:00Z").expect("a time"),
        time_zone: TimeZone::new("Asia/Seoul").expect("a zone"),
        is_late: false,
    };
    let to = Recipient::Messages { access_token: access_token.to_owned() };
    Notification { id: JobId::new(Uuid::from_u128(1)), to, locale: Locale::Ko, reminder }
}

#[tokio::test]
async fn a_message_is_a_text_template_to_oneself() {
    let fake = Fake::start().await;
    messages(&fake).notify(&notification(TOKEN)).await.expect("sent");
    let [(line, credentials, _)] = &fake.requests()[..] else { panic!("one request") };
    assert_eq!(line, "POST /v2/api/talk/memo/default/send HTTP/1.1");
    assert_eq!(credentials, &format!("Bearer {TOKEN}"));
    let [template] = &fake.templates()[..] else { panic!("one template") };
    assert_eq!(template["object_type"], "text");
    assert_eq!(template["text"], "메모 알림\n회의 & <점심>\n2026-02-01 00:00 (Asia/Seoul)");
    assert_eq!(template["link"]["web_url"], "https://memo.example");
}

#[tokio::test]
async fn an_answer_decides_what_follows() {
    let fake = Fake::start().await;
    let mut results = Vec::new();
    for reply in [
        Reply::Status(401, "{\"code\":-401}"),
        Reply::Status(400, "{\"code\":-2}"),
        Reply::Status(403, "{\"code\":-402}"),
        Reply::Status(429, ""),
        Reply::Status(500, "hunter2"),
        Reply::Status(200, "<html>"),
        Reply::Status(200, "{\"result_code\":1}"),
        Reply::Redirects,
        Reply::Hangs,
        Reply::Endless,
    ] {
        fake.reply(reply);
        let error = messages(&fake).notify(&notification(TOKEN)).await.expect_err("not sent");
        assert!(!format!("{error:?}").contains("hunter2"), "{error:?}");
        results.push(match error {
            NotifyError::Unauthorized => 'u',
            NotifyError::Permanent { .. } => 'p',
            NotifyError::Temporary { .. } => 't',
        });
    }
    assert_eq!(results, "uppttttttt".chars().collect::<Vec<_>>());
    assert!(fake.requests().iter().all(|(line, ..)| !line.contains("elsewhere")), "a redirect was followed");
}

struct Kakao(Arc<Fake>);

#[async_trait]
impl TestNotifier for Kakao {
    fn notifier(&self) -> Arc<dyn Notifier> {
        Arc::new(messages(&self.0))
    }

    fn recipient(&self) -> Recipient {
        Recipient::Messages { access_token: TOKEN.to_owned() }
    }

    async fn delivered(&self) -> Vec<String> {
        let text = |template: Value| template["text"].as_str().expect("a text").to_owned();
        self.0.templates().into_iter().map(text).collect()
    }

    async fn fail(&self) {
        self.0.reply(Reply::Status(500, ""));
    }

    async fn hang(&self) -> bool {
        self.0.reply(Reply::Hangs);
        true
    }
}

async fn kakao() -> Option<Box<dyn TestNotifier>> {
    Some(Box::new(Kakao(Fake::start().await)))
}

memo_conformance::notifier_tests!(kakao);
