//! A memo that runs.

use std::{
    path::Path,
    process::Stdio,
    sync::{Arc, Mutex},
    time::Duration,
};

use reqwest::{Client, StatusCode};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::{Child, Command},
    time::timeout,
};

/// A hang is a failure: nothing here takes longer.
pub const PATIENCE: Duration = Duration::from_secs(20);

pub fn command(folder: &Path, variables: &[(&str, &str)]) -> Command {
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
pub struct Running {
    pub child: Child,
    pub url: String,
    pub log: Arc<Mutex<String>>,
    pub client: Client,
}

impl Running {
    pub async fn start(folder: &Path, variables: &[(&str, &str)]) -> Self {
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

    pub async fn post(&self, path: &str, token: &str, body: &Value) -> reqwest::Result<(StatusCode, Value)> {
        let request = self.client.post(format!("{}/api/v1{path}", self.url)).bearer_auth(token).json(body);
        let answer = request.send().await?;
        Ok((answer.status(), answer.json().await?))
    }

    pub async fn get(&self, path: &str, token: &str) -> (StatusCode, Value) {
        let request = self.client.get(format!("{}{path}", self.url)).bearer_auth(token);
        let answer = request.send().await.expect("an answer");
        (answer.status(), answer.json().await.expect("JSON"))
    }

    pub async fn sign_up(&self) {
        let body = json!({"email": "alice@example.com", "password": PASSWORD, "display_name": "Alice"});
        let request = self.client.post(format!("{}/api/v1/auth/sign-up", self.url)).json(&body);
        assert_eq!(request.send().await.expect("an answer").status(), StatusCode::CREATED);
    }

    pub async fn sign_in(&self) -> Value {
        let form = [("grant_type", "password"), ("username", "alice@example.com"), ("password", PASSWORD)];
        let request = self.client.post(format!("{}/api/v1/auth/token", self.url)).form(&form);
        let answer = request.send().await.expect("an answer");
        assert_eq!(answer.status(), StatusCode::OK);
        answer.json().await.expect("tokens")
    }

    pub fn signal(&self, signal: Signal) {
        let pid = self.child.id().and_then(|pid| Pid::from_raw(pid.cast_signed())).expect("it runs");
        kill_process(pid, signal).expect("it can be signalled");
    }
}

pub const PASSWORD: &str = "correct horse battery";
