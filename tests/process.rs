//! The binary as a process: how it starts, how it ends, and what a kill leaves behind.

use std::{
    path::Path,
    process::Stdio,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use jsonwebtoken::{Algorithm, DecodingKey, Validation, jwk::JwkSet};
use memo_domain::Clock;
use memo_infrastructure::system::SystemClock;
use memo_memory::FixedClock;
use memo_test_databases::{Proxy, Server};
use memo_testkit::Authenticator;
use reqwest::{Client, StatusCode};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, BufReader},
    process::{Child, Command},
    time::timeout,
};

/// A hang is a failure: nothing here takes longer.
const PATIENCE: Duration = Duration::from_secs(20);

fn command(folder: &Path, variables: &[(&str, &str)]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_memo"));
    command
        .current_dir(folder)
        .env_clear()
        .env("MEMO_ENV", "test")
        .env("MEMO__SERVER__LISTEN", "127.0.0.1:0")
        .env("MEMO__LOG__FORMAT", "json")
        .envs(variables.iter().copied())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    command
}

/// A running server, and what it has logged.
struct Running {
    child: Child,
    url: String,
    log: Arc<Mutex<String>>,
    client: Client,
}

impl Running {
    async fn start(folder: &Path, variables: &[(&str, &str)]) -> Self {
        let mut child = command(folder, variables).spawn().expect("the binary starts");
        let mut lines = BufReader::new(child.stdout.take().expect("its output")).lines();
        let log = Arc::new(Mutex::new(String::new()));
        let (found, url) = tokio::sync::oneshot::channel();
        let kept = log.clone();
        tokio::spawn(async move {
            let mut found = Some(found);
            while let Ok(Some(line)) = lines.next_line().await {
                let entry: Value = serde_json::from_str(&line).expect("each line of the log is JSON");
                if entry["message"] == "listening"
                    && let Some(found) = found.take()
                {
                    let _ = found.send(format!("http://{}", entry["address"].as_str().expect("an address")));
                }
                let mut log = kept.lock().expect("nobody panicked");
                log.push_str(&line);
                log.push('\n');
            }
        });
        let url = timeout(PATIENCE, url).await.expect("it listens in time").expect("it says where");
        Self { child, url, log, client: Client::new() }
    }

    async fn post(&self, path: &str, token: &str, body: &Value) -> reqwest::Result<(StatusCode, Value)> {
        let request = self.client.post(format!("{}/api/v1{path}", self.url)).bearer_auth(token).json(body);
        let answer = request.send().await?;
        Ok((answer.status(), answer.json().await?))
    }

    async fn get(&self, path: &str, token: &str) -> (StatusCode, Value) {
        let request = self.client.get(format!("{}{path}", self.url)).bearer_auth(token);
        let answer = request.send().await.expect("an answer");
        (answer.status(), answer.json().await.expect("JSON"))
    }

    async fn sign_up(&self) {
        let body = json!({"email": "alice@example.com", "password": PASSWORD, "display_name": "Alice"});
        let request = self.client.post(format!("{}/api/v1/auth/sign-up", self.url)).json(&body);
        assert_eq!(request.send().await.expect("an answer").status(), StatusCode::CREATED);
    }

    async fn sign_in(&self) -> Value {
        let form = [("grant_type", "password"), ("username", "alice@example.com"), ("password", PASSWORD)];
        let request = self.client.post(format!("{}/api/v1/auth/token", self.url)).form(&form);
        let answer = request.send().await.expect("an answer");
        assert_eq!(answer.status(), StatusCode::OK);
        answer.json().await.expect("tokens")
    }

    fn signal(&self, signal: Signal) {
        let pid = self.child.id().and_then(|pid| Pid::from_raw(pid.cast_signed())).expect("it runs");
        kill_process(pid, signal).expect("it can be signalled");
    }
}

const PASSWORD: &str = "correct horse battery";

#[tokio::test]
async fn what_is_wrong_at_start_is_one_line() {
    let folder = TempDir::new().expect("a folder");
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = taken.local_addr().expect("its address").to_string();
    std::fs::write(folder.path().join("broken.key"), "hunter2\n").expect("written");
    std::fs::write(folder.path().join("garbage.db"), "this is no database at all, hunter2").expect("written");
    for (name, value, says) in [
        ("MEMO__SERVER__LISTEN", address.as_str(), "can't listen on"),
        ("MEMO__DATA_DIR", "/proc/memo", "/proc/memo"),
        ("MEMO__DATABASE__URL", "sqlite:/proc/memo/memo.db", "/proc/memo/memo.db"),
        ("MEMO__DATABASE__URL", "sqlite:garbage.db", "garbage.db"),
        ("MEMO__DATABASE__URL", "hunter2", "database.url"),
        ("MEMO__AUTH__SIGNING_KEY_FILE", "broken.key", "broken.key"),
        ("MEMO__AUTH__PEPPER_FILE", "broken.key", "broken.key"),
        ("MEMO__AUTH__ALGORITHM", "RS256", "auth.algorithm"),
        ("MEMO__SERVER__LISTENN", "x", "listenn"),
        ("MEMO__LOG__FILE", "/proc/memo", "/proc/memo"),
        ("MEMO_ENV", "staging", "MEMO_ENV"),
    ] {
        let ended = timeout(Duration::from_secs(5), command(folder.path(), &[(name, value)]).output());
        let ended = ended.await.expect("it ends within 5 seconds").expect("it starts");
        let error = String::from_utf8(ended.stderr).expect("UTF-8");
        assert_eq!(ended.status.code(), Some(1), "{name}={value}");
        assert!(error.starts_with("memo: ") && error.contains(says) && error.lines().count() == 1, "{name}: {error}");
        let output = String::from_utf8(ended.stdout).expect("UTF-8");
        assert!(!error.contains("hunter2") && !output.contains("hunter2"), "{name}: a secret is shown");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_kill_loses_nothing_that_was_acknowledged() {
    let folder = TempDir::new().expect("a folder");
    let mut acknowledged = Vec::new();
    for round in 0..3 {
        let mut server = Running::start(folder.path(), &[]).await;
        if round == 0 {
            server.sign_up().await;
        }
        let token = server.sign_in().await["access_token"].as_str().expect("a token").to_owned();
        for (id, title) in &acknowledged {
            let (status, memo) = server.get(&format!("/api/v1/memos/{id}"), &token).await;
            assert_eq!((status, memo["title"].as_str()), (StatusCode::OK, Some(String::as_str(title))), "{id} is lost");
        }
        let server = &mut server;
        let written = write_until_killed(server, &token, round).await;
        assert!(written.len() >= 100, "only {} writes were under way", written.len());
        acknowledged.extend(written);
    }
    let server = Running::start(folder.path(), &[]).await;
    let token = server.sign_in().await["access_token"].as_str().expect("a token").to_owned();
    let (_, page) = server.get("/api/v1/memos?include_total=true", &token).await;
    let total = page["total"].as_u64().expect("a total");
    assert!(total >= acknowledged.len() as u64, "{total} of {} are there", acknowledged.len());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tokens_signed_with_a_key_pair_hold_over_a_restart() {
    let folder = TempDir::new().expect("a folder");
    let eddsa = [("MEMO__AUTH__ALGORITHM", "EdDSA"), ("MEMO__SERVER__PUBLIC_URL", "http://memo.example")];
    let eddsa = [&eddsa[..], &[("MEMO__SERVER__TRUSTED_HOSTS", "*"), ("MEMO__LOG__LEVEL", "trace")]].concat();
    let mut server = Running::start(folder.path(), &eddsa).await;
    server.sign_up().await;
    let token = server.sign_in().await["access_token"].as_str().expect("a token").to_owned();
    let (status, set) = server.get("/.well-known/jwks.json", "").await;
    assert_eq!(status, StatusCode::OK);
    let file = folder.path().join("data/signing.pem");
    let made = std::fs::metadata(&file).expect("the key file");
    assert_eq!(std::os::unix::fs::PermissionsExt::mode(&made.permissions()) & 0o777, 0o600);
    assert!(!folder.path().join("data/signing.key").exists(), "one key is enough");

    // Whoever has nothing but the set of keys can tell.
    let keys: JwkSet = serde_json::from_value(set.clone()).expect("a set of keys");
    let header = jsonwebtoken::decode_header(&token).expect("a header");
    let key = keys.find(&header.kid.expect("the name of a key")).expect("the key of the token");
    let mut validation = Validation::new(Algorithm::EdDSA);
    validation.set_issuer(&["http://memo.example"]);
    validation.set_audience(&["http://memo.example/api/v1"]);
    let key = DecodingKey::from_jwk(key).expect("a key");
    let claims = jsonwebtoken::decode::<Value>(&token, &key, &validation).expect("a token that holds").claims;
    let (_, me) = server.get("/api/v1/me", &token).await;
    assert_eq!(claims["sub"], me["id"]);

    let private = std::fs::read_to_string(&file).expect("the key");
    let private = private.lines().nth(1).expect("the key").to_owned();
    server.signal(Signal::TERM);
    server.child.wait().await.expect("it has ended");
    assert!(!server.log.lock().expect("nobody panicked").contains(&private), "the key is in the log");
    let mut server = Running::start(folder.path(), &eddsa).await;
    assert_eq!(server.get("/.well-known/jwks.json", "").await.1, set);
    assert_eq!(server.get("/api/v1/me", &token).await, (StatusCode::OK, me));

    // The other algorithm has another file: a token of before is worth nothing, and nothing need be put aside.
    server.signal(Signal::TERM);
    server.child.wait().await.expect("it has ended");
    let server = Running::start(folder.path(), &eddsa[1..]).await;
    assert_eq!(server.get("/api/v1/me", &token).await.0, StatusCode::UNAUTHORIZED);
    assert_eq!(server.get("/.well-known/jwks.json", "").await.1, json!({"keys": []}));
    server.sign_in().await;
}

#[tokio::test]
async fn a_key_file_of_another_algorithm_is_named_and_not_shown() {
    let folder = TempDir::new().expect("a folder");
    let secret = "A".repeat(43);
    let seed = "MC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g";
    let block = format!("-----BEGIN PRIVATE KEY-----\n{seed}\n-----END PRIVATE KEY-----\n");
    for (algorithm, text) in [("EdDSA", format!("{secret}\n")), ("HS256", block)] {
        std::fs::write(folder.path().join("my.key"), &text).expect("written");
        let variables = [("MEMO__AUTH__ALGORITHM", algorithm), ("MEMO__AUTH__SIGNING_KEY_FILE", "my.key")];
        let ended = timeout(PATIENCE, command(folder.path(), &variables).output()).await.expect("it ends in time");
        let ended = ended.expect("it starts");
        let error = String::from_utf8(ended.stderr).expect("UTF-8");
        assert_eq!(ended.status.code(), Some(1), "{error}");
        assert!(error.starts_with("memo: settings: ") && error.lines().count() == 1, "{error}");
        for says in ["my.key", "auth.signing_key_file", "auth.algorithm", algorithm] {
            assert!(error.contains(says), "{error}");
        }
        let output = error + &String::from_utf8(ended.stdout).expect("UTF-8");
        assert!(!output.contains(&secret) && !output.contains(seed), "the key is shown: {output}");
        let kept = std::fs::read_to_string(folder.path().join("my.key")).expect("the file");
        assert_eq!(kept, text, "the file is as it was");
    }
}

/// Writes by eight clients at once, kills the server in the middle, and gives what was acknowledged.
async fn write_until_killed(server: &mut Running, token: &str, round: u32) -> Vec<(String, String)> {
    let acknowledged = Mutex::new(Vec::new());
    let killed = AtomicBool::new(false);
    let pid = server.child.id().and_then(|pid| Pid::from_raw(pid.cast_signed())).expect("it runs");
    let write = async |client: u32| {
        for number in 0.. {
            let title = format!("round {round}, client {client}, memo {number}");
            match server.post("/memos", token, &json!({"title": title, "tags": ["kill"]})).await {
                Ok((StatusCode::CREATED, memo)) => {
                    let id = memo["id"].as_str().expect("an id").to_owned();
                    let mut acknowledged = acknowledged.lock().expect("nobody panicked");
                    acknowledged.push((id, title));
                    if acknowledged.len() == 100 {
                        kill_process(pid, Signal::KILL).expect("it can be killed");
                        killed.store(true, Ordering::SeqCst);
                    }
                }
                Ok((status, body)) => panic!("{status} {body}"),
                Err(_) => break,
            }
        }
    };
    let all = async { tokio::join!(write(0), write(1), write(2), write(3), write(4), write(5), write(6), write(7)) };
    timeout(PATIENCE, all).await.expect("the writers end with the server");
    assert!(killed.load(Ordering::SeqCst));
    server.child.wait().await.expect("it has ended");
    acknowledged.into_inner().expect("nobody panicked")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sigterm_drains_and_ends_well() {
    let folder = TempDir::new().expect("a folder");
    let mut server = Running::start(folder.path(), &[("MEMO__SERVER__SHUTDOWN_DRAIN_DELAY", "2s")]).await;
    assert_eq!(server.get("/readyz", "").await.0, StatusCode::OK);
    server.signal(Signal::TERM);
    let turned = async {
        while server.get("/readyz", "").await.0 == StatusCode::OK {
            tokio::task::yield_now().await;
        }
    };
    timeout(PATIENCE, turned).await.expect("it says that it goes");
    let (status, problem) = server.get("/readyz", "").await;
    assert_eq!((status, problem["code"].as_str()), (StatusCode::SERVICE_UNAVAILABLE, Some("draining")));
    assert_eq!(server.get("/healthz", "").await.0, StatusCode::OK, "it still serves");
    let status = timeout(PATIENCE, server.child.wait()).await.expect("it ends").expect("its status");
    assert_eq!(status.code(), Some(0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_secret_reaches_the_log() {
    let folder = TempDir::new().expect("a folder");
    let mut server = Running::start(folder.path(), &[("MEMO__LOG__LEVEL", "trace"), ("MEMO__LOG__SQL", "true")]).await;
    server.sign_up().await;
    let tokens = server.sign_in().await;
    let (access, refresh) = (tokens["access_token"].as_str(), tokens["refresh_token"].as_str());
    let (access, refresh) = (access.expect("a token"), refresh.expect("a token"));
    server.post("/memos", access, &json!({"title": "a private thing"})).await.expect("an answer");
    let form = [("grant_type", "refresh_token"), ("refresh_token", refresh)];
    let url = format!("{}/api/v1/auth/token", server.url);
    let renewed: Value =
        server.client.post(url).form(&form).send().await.expect("an answer").json().await.expect("tokens");
    let (_, me) = server.get("/api/v1/me", access).await;
    assert_eq!(me["email"], "alice@example.com");
    server.signal(Signal::TERM);
    server.child.wait().await.expect("it has ended");

    let mut log = server.log.lock().expect("nobody panicked").clone();
    let mut errors = String::new();
    server.child.stderr.take().expect("its errors").read_to_string(&mut errors).await.expect("UTF-8");
    log.push_str(&errors);
    assert!(log.contains("\"route\":\"/api/v1/memos\"") && log.contains("INSERT"), "the log says what happened");
    let key = std::fs::read_to_string(folder.path().join("data/signing.key")).expect("the key");
    let pepper = std::fs::read_to_string(folder.path().join("data/pepper.key")).expect("the pepper");
    let renewed = (renewed["access_token"].as_str(), renewed["refresh_token"].as_str());
    for (name, secret) in [
        ("password", PASSWORD),
        ("access token", access),
        ("refresh token", refresh),
        ("second access token", renewed.0.expect("a token")),
        ("second refresh token", renewed.1.expect("a token")),
        ("signing key", key.trim()),
        ("pepper", pepper.trim()),
        ("hash", "$2b$"),
        ("memo", "a private thing"),
    ] {
        assert!(!log.contains(secret), "the {name} is in the log");
    }
}

/// A member's own calls, in which every secret that is sent or answered is remembered.
struct Life<'a> {
    server: &'a Running,
    mail: std::path::PathBuf,
    secrets: Vec<(&'static str, String)>,
}

impl Life<'_> {
    fn keep(&mut self, name: &'static str, secret: impl Into<String>) -> String {
        let secret = secret.into();
        assert!(secret.len() >= 6, "{name}: {secret}");
        self.secrets.push((name, secret.clone()));
        secret
    }

    fn call(&self, method: &str, path: &str, body: &Value) -> reqwest::RequestBuilder {
        let method = method.parse().expect("a method");
        self.server.client.request(method, format!("{}/api/v1{path}", self.server.url)).json(body)
    }

    async fn sent(&self, request: reqwest::RequestBuilder, status: u16) -> Value {
        let answer = request.send().await.expect("an answer");
        let (was, text) = (answer.status().as_u16(), answer.text().await.expect("UTF-8"));
        assert_eq!(was, status, "{text}");
        serde_json::from_str(&text).unwrap_or_default()
    }

    /// The token endpoint; what it gives is a secret.
    async fn token(&mut self, form: &[(&str, &str)], status: u16) -> Value {
        let url = format!("{}/api/v1/auth/token", self.server.url);
        let answer = self.sent(self.server.client.post(url).form(form), status).await;
        for name in ["access_token", "refresh_token", "mfa_token"] {
            if let Some(token) = answer[name].as_str() {
                self.keep(name, token);
            }
        }
        answer
    }

    /// The cookie that a browser gets.
    async fn cookie(&mut self, body: &Value) -> String {
        let answer = self.call("POST", "/auth/session", body).send().await.expect("an answer");
        assert_eq!(answer.status(), StatusCode::OK);
        let cookie =
            answer.headers()["set-cookie"].to_str().expect("ASCII").split(';').next().expect("a pair").to_owned();
        self.keep("cookie", cookie.split_once('=').expect("a pair").1);
        cookie
    }

    fn by_cookie(&self, method: &str, path: &str, cookie: &str, body: &Value) -> reqwest::RequestBuilder {
        self.call(method, path, body).header("cookie", cookie).header("sec-fetch-site", "same-origin")
    }

    /// The token of a link to this page, once a mail to this address has one.
    async fn link(&mut self, to: &str, page: &str) -> String {
        let begin = format!("{page}?token=");
        let read = async {
            loop {
                for file in std::fs::read_dir(&self.mail).into_iter().flatten().flatten() {
                    let text = std::fs::read_to_string(file.path()).unwrap_or_default();
                    if text.contains(&format!("To: {to}"))
                        && let Some((_, rest)) = text.split_once(&begin)
                    {
                        return rest.split_whitespace().next().expect("a token").to_owned();
                    }
                }
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        };
        let token = timeout(PATIENCE, read).await.expect("the mail comes");
        self.keep("token of a link", token)
    }
}

/// Whether a number stands in a text by itself: as part of a time it says nothing.
fn has_number(text: &str, number: &str) -> bool {
    text.match_indices(number).any(|(place, _)| {
        let before = text[..place].chars().next_back();
        let after = text[place + number.len()..].chars().next();
        let is_part = |char: Option<char>| char.is_some_and(|char| char.is_alphanumeric() || ".-:".contains(char));
        !is_part(before) && !is_part(after)
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_secret_of_an_account_reaches_the_log() {
    let folder = TempDir::new().expect("a folder");
    let variables = [
        ("MEMO__LOG__LEVEL", "trace"),
        ("MEMO__LOG__SQL", "true"),
        ("MEMO__MAIL__URL", "file:post"),
        ("MEMO__AUTH__REFRESH_REUSE_LEEWAY", "0s"),
    ];
    let mut server = Running::start(folder.path(), &variables).await;
    let mut life = Life { server: &server, mail: folder.path().join("post"), secrets: Vec::new() };
    let (email, moved) = ("alice@example.com", "liddell@example.com");
    let first = life.keep("password", "troubador-first-31");
    let second = life.keep("new password", "troubador-second-32");
    let third = life.keep("reset password", "troubador-third-33");
    let wrong = life.keep("wrong password", "troubador-wrong-34");

    // Sign-up, a proved address, tokens, a refresh that comes twice.
    let account = json!({"email": email, "password": first, "display_name": "Alice"});
    life.sent(life.call("POST", "/auth/sign-up", &account), 201).await;
    let verification = life.link(email, "verify-email").await;
    life.sent(life.call("POST", "/auth/email/verify", &json!({"token": verification})), 204).await;
    life.sent(life.call("POST", "/auth/email/verify", &json!({"token": verification})), 422).await;
    life.token(&[("grant_type", "password"), ("username", email), ("password", &wrong)], 400).await;
    let tokens = life.token(&[("grant_type", "password"), ("username", email), ("password", &first)], 200).await;
    let refresh =
        [("grant_type", "refresh_token"), ("refresh_token", tokens["refresh_token"].as_str().expect("a token"))];
    life.token(&refresh, 200).await;
    life.token(&refresh, 400).await;

    // A cookie, another password, another address.
    life.sent(life.call("POST", "/auth/session", &json!({"email": email, "password": wrong})), 401).await;
    let cookie = life.cookie(&json!({"email": email, "password": first})).await;
    let change = |current: &str| json!({"current_password": current, "new_password": second});
    life.sent(life.by_cookie("PUT", "/me/password", &cookie, &change(&wrong)), 403).await;
    life.sent(life.by_cookie("PUT", "/me/password", &cookie, &change(&first)), 204).await;
    let patch = json!({"email": moved, "current_password": second});
    life.sent(life.by_cookie("PATCH", "/me", &cookie, &patch), 200).await;
    life.link(moved, "verify-email").await;

    // A second factor, and both kinds of its codes.
    let enrolment = life.sent(life.by_cookie("POST", "/me/mfa/totp", &cookie, &json!({})), 200).await;
    let secret = life.keep("secret", enrolment["secret"].as_str().expect("a secret"));
    let authenticator = Authenticator::with_secret(&secret);
    let clock = FixedClock::at(SystemClock.now());
    let codes = [-1, 0, 1].map(|steps| authenticator.code_beside(&clock, steps));
    let confirmed = life.by_cookie("POST", "/me/mfa/totp/confirm", &cookie, &json!({"code": codes[1]}));
    let confirmed = life.sent(confirmed, 200).await;
    for code in confirmed["recovery_codes"].as_array().expect("a list") {
        life.keep("recovery code", code.as_str().expect("a code"));
    }
    let password = [("grant_type", "password"), ("username", moved), ("password", &*second)];
    let pending = life.token(&password, 400).await;
    let step = [("grant_type", "mfa_otp"), ("mfa_token", pending["mfa_token"].as_str().expect("a token"))];
    life.token(&[&step[..], &[("otp", &*codes[0])]].concat(), 400).await;
    life.token(&[&step[..], &[("otp", &*codes[2])]].concat(), 200).await;
    let pending =
        life.sent(life.call("POST", "/auth/session", &json!({"email": moved, "password": second})), 401).await;
    let mfa_token = life.keep("mfa_token", pending["mfa_token"].as_str().expect("a token"));
    let cookie = life.cookie(&json!({"mfa_token": mfa_token, "otp": confirmed["recovery_codes"][0]})).await;

    // A forgotten password; the end.
    life.sent(life.call("POST", "/auth/password/forgot", &json!({"email": moved})), 202).await;
    let reset = life.link(moved, "reset-password").await;
    let weak = json!({"token": reset, "password": "password123"});
    life.sent(life.call("POST", "/auth/password/reset", &weak), 422).await;
    life.sent(life.call("POST", "/auth/password/reset", &json!({"token": reset, "password": third})), 204).await;
    life.sent(life.by_cookie("GET", "/me", &cookie, &json!({})), 401).await;
    let pending = life.token(&[("grant_type", "password"), ("username", moved), ("password", &third)], 400).await;
    let mfa_token = pending["mfa_token"].as_str().expect("a token");
    let body = json!({"mfa_token": mfa_token, "otp": confirmed["recovery_codes"][1]});
    let cookie = life.cookie(&body).await;
    life.sent(life.by_cookie("DELETE", "/me", &cookie, &json!({"password": third})), 204).await;
    let secrets = std::mem::take(&mut life.secrets);
    server.signal(Signal::TERM);
    server.child.wait().await.expect("it has ended");

    let mut log = server.log.lock().expect("nobody panicked").clone();
    let mut errors = String::new();
    server.child.stderr.take().expect("its errors").read_to_string(&mut errors).await.expect("UTF-8");
    log.push_str(&errors);
    for said in ["/api/v1/me/mfa/totp/confirm", "INSERT", "account.withdrawn", "sign_in.refresh_reused", "\"TRACE\""] {
        assert!(log.contains(said), "the log says what happened: {said}");
    }
    assert!(secrets.len() > 25);
    for (name, secret) in &secrets {
        assert!(!log.contains(secret.as_str()), "the {name} is in the log");
        assert!(!log.contains(&secret.replace('-', "")), "the {name} is in the log");
    }
    for code in &codes {
        assert!(!has_number(&log, code), "a code is in the log");
    }
    for text in ["Please confirm that", "You can set a new password here", "$2b$", "otpauth", "alice@", "liddell@"] {
        assert!(!log.contains(text), "{text} is in the log");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_is_not_there_is_tried_for_ten_seconds() {
    let folder = TempDir::new().expect("a folder");
    let gives_up = async |url: &str| {
        let start = Instant::now();
        let ended = timeout(PATIENCE, command(folder.path(), &[("MEMO__DATABASE__URL", url)]).output());
        let ended = ended.await.expect("it ends").expect("it starts");
        let error = String::from_utf8(ended.stderr).expect("UTF-8");
        assert_eq!(ended.status.code(), Some(1), "{error}");
        assert!(error.starts_with("memo: ") && error.contains("127.0.0.1:1 ") && error.lines().count() == 1, "{error}");
        assert!(!error.contains("hunter2") && ended.stdout.is_empty(), "{error}");
        let seconds = start.elapsed().as_secs_f64();
        assert!((9.0..14.0).contains(&seconds), "{seconds} s");
    };
    tokio::join!(
        gives_up("postgres://memo:hunter2@127.0.0.1:1/memo"),
        gives_up("mysql://memo:hunter2@127.0.0.1:1/memo")
    );
}

async fn migrate(folder: &Path, url: &str, arguments: &[&str]) -> (bool, String) {
    let mut command = command(folder, &[("MEMO__DATABASE__URL", url)]);
    let ended = timeout(PATIENCE, command.arg("migrate").args(arguments).output()).await.expect("it ends in time");
    let ended = ended.expect("it starts");
    let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
    (ended.status.success(), text(ended.stdout) + &text(ended.stderr))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_migration_is_gone_on_with() {
    let folder = TempDir::new().expect("a folder");
    let databases = [Server::Postgres.database().await, Server::MySql.database().await];
    let urls = databases.iter().flatten().map(memo_test_databases::TestDatabase::url);
    for url in urls.chain(["sqlite:killed.db".to_owned()]) {
        for turn in 0..6 {
            let mut killed = command(folder.path(), &[("MEMO__DATABASE__URL", &url)]);
            let mut killed = killed.args(["migrate", "up"]).spawn().expect("it starts");
            tokio::time::sleep(Duration::from_millis(20 + 45 * turn)).await;
            killed.kill().await.expect("it is killed, or has ended");
            let (succeeded, text) = migrate(folder.path(), &url, &["up"]).await;
            assert!(succeeded && !text.contains("pending"), "{url}: {text}");
            let (succeeded, text) = migrate(folder.path(), &url, &["down", "--steps", "9"]).await;
            assert!(succeeded && !text.contains("applied"), "{url}: {text}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_outage_of_the_database_is_a_503_in_time_and_passes() {
    tokio::join!(an_outage_passes(Server::Postgres), an_outage_passes(Server::MySql));
}

async fn an_outage_passes(server: Server) {
    let Some(database) = server.database().await else { return };
    let proxy = Proxy::start(server.address()).await;
    let folder = TempDir::new().expect("a folder");
    let url = database.url_behind(proxy.port());
    let memo = Running::start(folder.path(), &[("MEMO__DATABASE__URL", &url), ("MEMO__LOG__SQL", "true")]).await;
    memo.sign_up().await;
    let token = memo.sign_in().await["access_token"].as_str().expect("a token").to_owned();
    let body = json!({"title": "during an outage"});
    for outage in [Proxy::freeze, Proxy::cut] {
        outage(&proxy);
        for path in ["/api/v1/me", "/readyz"] {
            let start = Instant::now();
            let request = memo.client.get(format!("{}{path}", memo.url)).bearer_auth(&token);
            let answer = request.send().await.expect("an answer");
            assert!(start.elapsed() < Duration::from_millis(2_500), "{path} took {:?}", start.elapsed());
            assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE, "{path}");
            assert!(answer.headers().contains_key("retry-after"), "{path}");
            let problem: Value = answer.json().await.expect("a problem");
            assert_eq!(problem["code"], "store_unavailable", "{path}");
        }
        let start = Instant::now();
        let (status, _) = memo.post("/memos", &token, &body).await.expect("an answer");
        assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
        assert!(start.elapsed() < Duration::from_millis(2_500), "a write took {:?}", start.elapsed());
        assert_eq!(memo.get("/healthz", "").await.0, StatusCode::OK);
        proxy.restore().await;
        assert_eq!(memo.get("/api/v1/me", &token).await.0, StatusCode::OK, "it works again at once");
        assert_eq!(memo.get("/readyz", "").await.0, StatusCode::OK);
        assert_eq!(memo.post("/memos", &token, &body).await.expect("an answer").0, StatusCode::CREATED);
    }
}
