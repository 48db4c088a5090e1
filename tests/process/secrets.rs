//! No secrets in the log.

use memo_conformance::eventually;
use memo_domain::Clock;
use memo_memory::FixedClock;
use memo_system::SystemClock;
use memo_testkit::Authenticator;
use reqwest::StatusCode;
use rustix::process::Signal;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::AsyncReadExt;

use crate::running::{PASSWORD, Running};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_secret_reaches_the_log() {
    let folder = TempDir::new().expect("a folder");
    let mut server = Running::start(folder.path(), &[("MEMO__LOG__LEVEL", "trace"), ("MEMO__LOG__SQL", "true")]).await;
    server.sign_up().await;
    let tokens = server.sign_in().await;
    let (access, refresh) = (tokens["access_token"].as_str(), tokens["refresh_token"].as_str());
    let (access, refresh) = (access.expect("a token"), refresh.expect("a token"));
    server.post("/memos", access, &json!({"title": "a private thing"})).await.expect("a response");
    let form = [("grant_type", "refresh_token"), ("refresh_token", refresh)];
    let url = format!("{}/api/v1/auth/token", server.url);
    let renewed: Value =
        server.client.post(url).form(&form).send().await.expect("a response").json().await.expect("tokens");
    let (_, me) = server.get("/api/v1/me", access).await;
    assert_eq!(me["email"], "alice@example.com");
    server.signal(Signal::TERM);
    server.child.wait().await.expect("the exit status");

    let mut log = server.log.lock().expect("the reader has not panicked").clone();
    let mut errors = String::new();
    server.child.stderr.take().expect("the standard error").read_to_string(&mut errors).await.expect("UTF-8");
    log.push_str(&errors);
    assert!(
        log.contains("\"route\":\"/api/v1/memos\"") && log.contains("INSERT"),
        "the log has entries of the requests"
    );
    let events = log.lines().filter(|line| line.contains("memo::audit") && line.contains("security event")).count();
    assert_eq!(events, 2, "signing up and signing in are logged once each");
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

/// Calls of one user that remember every secret sent or received.
struct Calls<'a> {
    server: &'a Running,
    mail: std::path::PathBuf,
    secrets: Vec<(&'static str, String)>,
}

impl Calls<'_> {
    fn remember(&mut self, name: &'static str, secret: impl Into<String>) -> String {
        let secret = secret.into();
        assert!(secret.len() >= 6, "{name}: {secret}");
        self.secrets.push((name, secret.clone()));
        secret
    }

    fn call(&self, method: &str, path: &str, body: &Value) -> reqwest::RequestBuilder {
        let method = method.parse().expect("a method");
        self.server.client.request(method, format!("{}/api/v1{path}", self.server.url)).json(body)
    }

    async fn send(&self, request: reqwest::RequestBuilder, status: u16) -> Value {
        let response = request.send().await.expect("a response");
        let (actual, text) = (response.status().as_u16(), response.text().await.expect("UTF-8"));
        assert_eq!(actual, status, "{text}");
        serde_json::from_str(&text).unwrap_or_default()
    }

    /// Calls the token endpoint and remembers the tokens of the response.
    async fn token(&mut self, form: &[(&str, &str)], status: u16) -> Value {
        let url = format!("{}/api/v1/auth/token", self.server.url);
        let response = self.send(self.server.client.post(url).form(form), status).await;
        for name in ["access_token", "refresh_token", "mfa_token"] {
            if let Some(token) = response[name].as_str() {
                self.remember(name, token);
            }
        }
        response
    }

    /// Signs in with a cookie and returns it.
    async fn cookie(&mut self, body: &Value) -> String {
        let response = self.call("POST", "/auth/session", body).send().await.expect("a response");
        assert_eq!(response.status(), StatusCode::OK);
        let cookie =
            response.headers()["set-cookie"].to_str().expect("ASCII").split(';').next().expect("a pair").to_owned();
        self.remember("cookie", cookie.split_once('=').expect("a pair").1);
        cookie
    }

    fn by_cookie(&self, method: &str, path: &str, cookie: &str, body: &Value) -> reqwest::RequestBuilder {
        self.call(method, path, body).header("cookie", cookie).header("sec-fetch-site", "same-origin")
    }

    /// Waits for a mail to this address with a link to this page, and returns its token.
    async fn link(&mut self, to: &str, page: &str) -> String {
        let begin = format!("{page}?token=");
        let token = eventually(&format!("a mail to {to} with a link to {page}"), async || {
            std::fs::read_dir(&self.mail).into_iter().flatten().flatten().find_map(|file| {
                let text =
                    std::fs::read_to_string(file.path()).ok().filter(|text| text.contains(&format!("To: {to}")))?;
                let (_, rest) = text.split_once(&begin)?;
                Some(rest.split_whitespace().next().expect("a token").to_owned())
            })
        })
        .await;
        self.remember("link token", token)
    }
}

/// Whether a number occurs in a text on its own, not as part of a time or a longer word.
fn has_number(text: &str, number: &str) -> bool {
    text.match_indices(number).any(|(start, _)| {
        let before = text[..start].chars().next_back();
        let after = text[start + number.len()..].chars().next();
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
        ("MEMO__RATE_LIMIT__ENABLED", "false"),
    ];
    let mut server = Running::start(folder.path(), &variables).await;
    let mut calls = Calls { server: &server, mail: folder.path().join("post"), secrets: Vec::new() };
    let (email, moved) = ("alice@example.com", "liddell@example.com");
    let first = calls.remember("password", "troubador-first-31");
    let second = calls.remember("new password", "troubador-second-32");
    let third = calls.remember("reset password", "troubador-third-33");
    let wrong = calls.remember("wrong password", "troubador-wrong-34");

    // Sign-up, verification, tokens, a reused refresh token.
    let account = json!({"email": email, "password": first, "display_name": "Alice"});
    calls.send(calls.call("POST", "/auth/sign-up", &account), 201).await;
    let verification = calls.link(email, "verify-email").await;
    calls.send(calls.call("POST", "/auth/email/verify", &json!({"token": verification})), 204).await;
    calls.send(calls.call("POST", "/auth/email/verify", &json!({"token": verification})), 422).await;
    calls.token(&[("grant_type", "password"), ("username", email), ("password", &wrong)], 400).await;
    let tokens = calls.token(&[("grant_type", "password"), ("username", email), ("password", &first)], 200).await;
    let refresh =
        [("grant_type", "refresh_token"), ("refresh_token", tokens["refresh_token"].as_str().expect("a token"))];
    calls.token(&refresh, 200).await;
    calls.token(&refresh, 400).await;

    // A cookie, a new password, a new address.
    calls.send(calls.call("POST", "/auth/session", &json!({"email": email, "password": wrong})), 401).await;
    let cookie = calls.cookie(&json!({"email": email, "password": first})).await;
    let change = |current: &str| json!({"current_password": current, "new_password": second});
    calls.send(calls.by_cookie("PUT", "/me/password", &cookie, &change(&wrong)), 403).await;
    calls.send(calls.by_cookie("PUT", "/me/password", &cookie, &change(&first)), 204).await;
    let patch = json!({"email": moved, "current_password": second});
    calls.send(calls.by_cookie("PATCH", "/me", &cookie, &patch), 200).await;
    let verification = calls.link(moved, "verify-email").await;
    calls.send(calls.call("POST", "/auth/email/verify", &json!({"token": verification})), 204).await;

    // A second factor, and both kinds of codes.
    let enrolment = calls.send(calls.by_cookie("POST", "/me/mfa/totp", &cookie, &json!({})), 200).await;
    let secret = calls.remember("secret", enrolment["secret"].as_str().expect("a secret"));
    let authenticator = Authenticator::with_secret(&secret);
    let clock = FixedClock::at(SystemClock.now());
    let codes = [-1, 0, 1].map(|steps| authenticator.code_at(&clock, steps));
    let confirmed = calls.by_cookie("POST", "/me/mfa/totp/confirm", &cookie, &json!({"code": codes[1]}));
    let confirmed = calls.send(confirmed, 200).await;
    for code in confirmed["recovery_codes"].as_array().expect("a list") {
        calls.remember("recovery code", code.as_str().expect("a code"));
    }
    let password = [("grant_type", "password"), ("username", moved), ("password", &*second)];
    let pending = calls.token(&password, 400).await;
    let step = [("grant_type", "mfa_otp"), ("mfa_token", pending["mfa_token"].as_str().expect("a token"))];
    calls.token(&[&step[..], &[("otp", &*codes[0])]].concat(), 400).await;
    calls.token(&[&step[..], &[("otp", &*codes[2])]].concat(), 200).await;
    let pending =
        calls.send(calls.call("POST", "/auth/session", &json!({"email": moved, "password": second})), 401).await;
    let mfa_token = calls.remember("mfa_token", pending["mfa_token"].as_str().expect("a token"));
    let cookie = calls.cookie(&json!({"mfa_token": mfa_token, "otp": confirmed["recovery_codes"][0]})).await;

    // A forgotten password; withdrawal.
    calls.send(calls.call("POST", "/auth/password/forgot", &json!({"email": moved})), 202).await;
    let reset = calls.link(moved, "reset-password").await;
    let weak = json!({"token": reset, "password": "password123"});
    calls.send(calls.call("POST", "/auth/password/reset", &weak), 422).await;
    calls.send(calls.call("POST", "/auth/password/reset", &json!({"token": reset, "password": third})), 204).await;
    calls.send(calls.by_cookie("GET", "/me", &cookie, &json!({})), 401).await;
    let pending =
        calls.send(calls.call("POST", "/auth/session", &json!({"email": moved, "password": third})), 401).await;
    let mfa_token = calls.remember("mfa_token", pending["mfa_token"].as_str().expect("a token"));
    let body = json!({"mfa_token": mfa_token, "otp": confirmed["recovery_codes"][1]});
    let cookie = calls.cookie(&body).await;
    calls.send(calls.by_cookie("DELETE", "/me", &cookie, &json!({"password": third})), 204).await;
    let secrets = std::mem::take(&mut calls.secrets);
    server.signal(Signal::TERM);
    server.child.wait().await.expect("the exit status");

    let mut log = server.log.lock().expect("the reader has not panicked").clone();
    let mut errors = String::new();
    server.child.stderr.take().expect("the standard error").read_to_string(&mut errors).await.expect("UTF-8");
    log.push_str(&errors);
    for entry in ["/api/v1/me/mfa/totp/confirm", "INSERT", "account.withdrawn", "sign_in.refresh_reused", "\"TRACE\""] {
        assert!(log.contains(entry), "the log has no entry {entry}");
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
