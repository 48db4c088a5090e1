//! Sign-in with Kakao, and reminders as its messages, by a fake of Kakao on this machine.

use std::{
    collections::BTreeMap,
    path::Path,
    sync::{Arc, Mutex},
    time::Duration,
};

use jsonwebtoken::{Algorithm, EncodingKey, Header};
use memo_conformance::eventually;
use memo_domain::Clock;
use memo_system::SystemClock;
use reqwest::{Client, RequestBuilder, Response, StatusCode, header::SET_COOKIE, redirect::Policy};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};
use url::Url;

use crate::running::{PASSWORD, Running};

/// The key pair of RFC 8037, section A.1: PKCS#8, and the public part.
const KEY: &[u8] =
    b"\x30\x2e\x02\x01\x00\x30\x05\x06\x03\x2b\x65\x70\x04\x22\x04\x20\x9d\x61\xb1\x9d\xef\xfd\x5a\x60\xba\
    \x84\x4a\xf4\x92\xec\x2c\xc4\x44\x49\xc5\x69\x7b\x32\x69\x19\x70\x3b\xac\x03\x1c\xae\x7f\x60";
const PUBLIC_KEY: &str = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";
const CALLBACK: &str = "/api/v1/auth/providers/kakao/callback";

/// What Kakao knows, and what it was sent.
#[derive(Default)]
struct State {
    url: String,
    /// The `nonce` of the authorization request, which the user has approved.
    nonce: String,
    /// What a code is exchanged for, next.
    tokens: Value,
    /// The number of refreshes so far; the access token is named by it.
    refreshes: usize,
    /// The only access token that is valid, unless the message API is out of order.
    valid: Option<String>,
    /// The messages: access token, template, and the status of the response.
    messages: Vec<(String, Value, u16)>,
}

type Kakao = Arc<Mutex<State>>;

async fn start() -> Kakao {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    let kakao = Kakao::new(Mutex::new(State { url, ..State::default() }));
    let state = kakao.clone();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(serve(stream, state.clone()));
        }
    });
    kakao
}

/// Answers one request.
async fn serve(mut stream: TcpStream, kakao: Kakao) {
    let mut request = Vec::new();
    let (head, body) = loop {
        assert_ne!(stream.read_buf(&mut request).await.expect("a request"), 0);
        let text = String::from_utf8_lossy(&request);
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let length = header(head, "content-length").map_or(0, |length| length.parse().expect("a length"));
        if body.len() >= length {
            break (head.to_owned(), body.to_owned());
        }
    };
    let (status, answer) = kakao.lock().expect("no test has panicked").answer(&head, &body);
    let answer = answer.to_string();
    let head = format!("HTTP/1.1 {status} Status\r\nContent-Type: application/json;charset=UTF-8\r\n");
    let head = format!("{head}Content-Length: {}\r\nConnection: close\r\n\r\n", answer.len());
    stream.write_all((head + &answer).as_bytes()).await.expect("it is sent");
}

fn header<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    let lines = head.lines().filter_map(|line| line.split_once(": "));
    lines.into_iter().find(|(other, _)| other.eq_ignore_ascii_case(name)).map(|(_, value)| value)
}

impl State {
    fn answer(&mut self, head: &str, body: &str) -> (u16, Value) {
        let form: BTreeMap<String, String> = url::form_urlencoded::parse(body.as_bytes()).into_owned().collect();
        match head.split(' ').take(2).collect::<Vec<_>>()[..] {
            ["GET", "/.well-known/openid-configuration"] => (
                200,
                json!({
                    "issuer": self.url,
                    "authorization_endpoint": format!("{}/oauth/authorize", self.url),
                    "token_endpoint": format!("{}/oauth/token", self.url),
                    "jwks_uri": format!("{}/keys", self.url),
                    "id_token_signing_alg_values_supported": ["EdDSA"],
                }),
            ),
            ["GET", "/keys"] => {
                (200, json!({"keys": [{"kty": "OKP", "crv": "Ed25519", "use": "sig", "kid": "k", "x": PUBLIC_KEY}]}))
            }
            ["POST", "/oauth/token"] => {
                assert_eq!((&*form["client_id"], &*form["client_secret"]), ("rest-api-key", "hunter2-client"));
                if form["grant_type"] == "authorization_code" {
                    assert!(form["code"] == "a-code" && form.contains_key("code_verifier"), "{form:?}");
                    let mut tokens = self.tokens.clone();
                    tokens["id_token"] = json!(self.id_token());
                    self.valid = tokens["access_token"].as_str().map(str::to_owned);
                    return (200, tokens);
                }
                assert_eq!((&*form["grant_type"], &*form["refresh_token"]), ("refresh_token", "hunter2-refresh"));
                self.refreshes += 1;
                let token = format!("hunter2-refreshed-{}", self.refreshes);
                self.valid = Some(token.clone());
                (200, json!({"access_token": token, "token_type": "bearer", "expires_in": 21_599}))
            }
            ["POST", "/v2/api/talk/memo/default/send"] => {
                let media_type = header(head, "content-type").expect("a media type");
                assert!(media_type.starts_with("application/x-www-form-urlencoded"), "{media_type}");
                assert_eq!(form.keys().collect::<Vec<_>>(), ["template_object"]);
                let template = serde_json::from_str(&form["template_object"]).expect("JSON");
                let token = header(head, "authorization").and_then(|value| value.strip_prefix("Bearer "));
                let token = token.expect("a token").to_owned();
                let (status, answer) = match &self.valid {
                    Some(valid) if *valid == token => (200, json!({"result_code": 0})),
                    Some(_) => (401, json!({"msg": "this access token does not exist", "code": -401})),
                    None => (500, json!({"msg": "internal", "code": -1})),
                };
                self.messages.push((token, template, status));
                (status, answer)
            }
            _ => (404, json!({})),
        }
    }

    fn id_token(&self) -> String {
        let now = SystemClock.now().as_secs();
        let claims = json!({
            "iss": self.url, "aud": "rest-api-key", "sub": "4711", "iat": now, "exp": now + 3_600, "nonce": self.nonce,
            "nickname": "앨리스", "email": "alice@kakao.example",
        });
        let header = Header { kid: Some("k".to_owned()), ..Header::new(Algorithm::EdDSA) };
        jsonwebtoken::encode(&header, &claims, &EncodingKey::from_ed_der(KEY)).expect("it is signed")
    }
}

/// A browser, with its cookies.
struct Browser<'a> {
    server: &'a Running,
    client: Client,
    cookies: BTreeMap<String, String>,
}

impl<'a> Browser<'a> {
    fn new(server: &'a Running) -> Self {
        let client = Client::builder().no_proxy().redirect(Policy::none()).build().expect("a client");
        Self { server, client, cookies: BTreeMap::new() }
    }

    fn request(&self, method: &str, path: &str) -> RequestBuilder {
        let cookies: Vec<_> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let request = self.client.request(method.parse().expect("a method"), format!("{}{path}", self.server.url));
        request.header("cookie", cookies.join("; ")).header("sec-fetch-site", "same-origin")
    }

    async fn send(&mut self, request: RequestBuilder, status: StatusCode) -> Response {
        let response = request.send().await.expect("a response");
        assert_eq!(response.status(), status, "{response:?}");
        for cookie in response.headers().get_all(SET_COOKIE) {
            let cookie = cookie.to_str().expect("ASCII").split(';').next().expect("a pair");
            let (name, value) = cookie.split_once('=').expect("a pair");
            self.cookies.insert(name.to_owned(), value.to_owned());
        }
        response
    }

    /// Goes to Kakao, where the user agrees, and back; the code is exchanged for these tokens.
    async fn flow(&mut self, kakao: &Kakao, query: &str, access_token: &str, expires_in: u64) {
        let path = format!("/api/v1/auth/providers/kakao/authorize{query}");
        let response = self.send(self.request("GET", &path), StatusCode::FOUND).await;
        let location = response.headers()["location"].to_str().expect("ASCII").to_owned();
        let query: BTreeMap<String, String> =
            Url::parse(&location).expect("a URL").query_pairs().into_owned().collect();
        {
            let mut kakao = kakao.lock().expect("no test has panicked");
            assert!(location.starts_with(&format!("{}/oauth/authorize?", kakao.url)), "{location}");
            assert!(query["scope"].split(' ').any(|scope| scope == "talk_message"), "{location}");
            assert_eq!(query["redirect_uri"], format!("{}{CALLBACK}", self.server.url));
            kakao.nonce.clone_from(&query["nonce"]);
            kakao.tokens = json!({
                "access_token": access_token, "token_type": "bearer", "refresh_token": "hunter2-refresh",
                "expires_in": expires_in, "scope": "openid account_email talk_message",
            });
        }
        let callback = self.request("GET", CALLBACK).query(&[("code", "a-code"), ("state", &query["state"])]);
        let response = self.send(callback, StatusCode::SEE_OTHER).await;
        assert_eq!(response.headers()["location"], "/");
    }

    /// Creates a memo that is due soon, and waits until its owner was reminded.
    async fn remind(&mut self, title: &str) {
        let at = SystemClock.now() + Duration::from_secs(2);
        let memo = json!({"title": title, "remind_at": at.to_string()});
        let response = self.send(self.request("POST", "/api/v1/memos").json(&memo), StatusCode::CREATED).await;
        let path =
            format!("/api/v1/memos/{}", response.json::<Value>().await.expect("JSON")["id"].as_str().expect("an id"));
        eventually(&format!("a reminder of {title}"), async || {
            let memo =
                self.request("GET", &path).send().await.expect("a response").json::<Value>().await.expect("JSON");
            memo["reminded_at"].is_string().then_some(())
        })
        .await;
    }
}

fn reminders_by_mail(folder: &Path) -> Vec<String> {
    let files = std::fs::read_dir(folder.join("data/mail")).expect("the folder of mail").flatten();
    let mails = files.filter_map(|file| std::fs::read_to_string(file.path()).ok());
    let titles = ["first", "second", "third", "fourth"].map(|name| format!("memo-{name}"));
    mails.filter_map(|mail| titles.iter().find(|title| mail.contains(*title)).cloned()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn reminders_of_a_kakao_user_are_messages_and_mail_if_those_fail() {
    let kakao = start().await;
    let url = kakao.lock().expect("no test has panicked").url.clone();
    let folder = TempDir::new().expect("a folder");
    let variables = [
        ("MEMO__AUTH__PROVIDERS__KAKAO__KIND", "kakao"),
        ("MEMO__AUTH__PROVIDERS__KAKAO__CLIENT_ID", "rest-api-key"),
        ("MEMO__AUTH__PROVIDERS__KAKAO__CLIENT_SECRET", "hunter2-client"),
        ("MEMO__AUTH__PROVIDERS__KAKAO__ISSUER", &url),
        ("MEMO__KAKAO__API_BASE", &url),
        ("MEMO__LOG__LEVEL", "trace"),
    ];
    let server = Running::start(folder.path(), &variables).await;
    server.sign_up().await;
    server.verify(folder.path()).await;

    // The account is linked, and a message is sent with the tokens of the link.
    let mut browser = Browser::new(&server);
    let password = json!({"email": "alice@example.com", "password": PASSWORD});
    browser.send(browser.request("POST", "/api/v1/auth/session").json(&password), StatusCode::OK).await;
    browser.flow(&kakao, "?link=true", "hunter2-linked", 21_599).await;
    browser.remind("memo-first").await;

    // Another browser signs in with Kakao. The token has expired when the second memo is due.
    let mut browser = Browser::new(&server);
    browser.flow(&kakao, "", "hunter2-expired", 1).await;
    let me = browser.send(browser.request("GET", "/api/v1/me"), StatusCode::OK).await;
    assert_eq!(me.json::<Value>().await.expect("JSON")["email"], "alice@example.com");
    browser.remind("memo-second").await;

    // Kakao has revoked the token of the third.
    kakao.lock().expect("no test has panicked").valid = Some("hunter2-other".to_owned());
    browser.remind("memo-third").await;
    assert!(reminders_by_mail(folder.path()).is_empty());

    // The message API is out of order when the fourth is due.
    kakao.lock().expect("no test has panicked").valid = None;
    browser.remind("memo-fourth").await;
    assert_eq!(reminders_by_mail(folder.path()), ["memo-fourth"]);

    let messages = std::mem::take(&mut kakao.lock().expect("no test has panicked").messages);
    let sent: Vec<_> = messages
        .iter()
        .map(|(token, template, status)| {
            assert_eq!(template["object_type"], "text");
            (&**token, template["text"].as_str().and_then(|text| text.lines().nth(1)).expect("a title"), *status)
        })
        .collect();
    assert_eq!(
        sent,
        [
            ("hunter2-linked", "memo-first", 200),
            ("hunter2-refreshed-1", "memo-second", 200),
            ("hunter2-refreshed-1", "memo-third", 401),
            ("hunter2-refreshed-2", "memo-third", 200),
            ("hunter2-refreshed-2", "memo-fourth", 500),
        ]
    );
    let log = server.log_with("a reminder was not sent as a message").await;
    assert!(!log.contains("hunter2") && !log.contains("memo-first"), "no secret and no title is logged");
}
