//! A running server process.

use std::{
    path::Path,
    process::Stdio,
    sync::{Arc, Mutex},
    time::Duration,
};

use memo_conformance::eventually;
use reqwest::{Client, StatusCode};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::{Child, Command},
    time::timeout,
};

/// A process that takes longer counts as hanging.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// The command `memo`, with these environment variables only.
pub fn command(folder: &Path, variables: &[(&str, &str)]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_memo"));
    prepare(&mut command, folder, variables);
    command
}

/// Like [`command`], on a file system of its own of this size at `disk` in the folder; `None` if that is not permitted. It ends
/// with the process.
pub async fn command_on_small_disk(folder: &Path, size: &str, variables: &[(&str, &str)]) -> Option<Command> {
    let mount = format!("mkdir -p disk && mount -t tmpfs -o size={size} tmpfs disk && exec \"$@\"");
    let on_disk = |program: &str| {
        let mut command = Command::new("unshare");
        command.args(["--map-root-user", "--mount", "sh", "-c", &mount, "sh", program]);
        prepare(&mut command, folder, variables);
        command
    };
    let is_permitted = on_disk("true").status().await.is_ok_and(|status| status.success());
    is_permitted.then(|| on_disk(env!("CARGO_BIN_EXE_memo")))
}

fn prepare(command: &mut Command, folder: &Path, variables: &[(&str, &str)]) {
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
}

/// A running server and its log.
pub struct Running {
    pub child: Child,
    pub url: String,
    pub log: Arc<Mutex<String>>,
    pub client: Client,
}

impl Running {
    pub async fn start(folder: &Path, variables: &[(&str, &str)]) -> Self {
        Self::spawn(command(folder, variables)).await
    }

    pub async fn spawn(mut command: Command) -> Self {
        let mut child = command.spawn().expect("the binary starts");
        let mut lines = BufReader::new(child.stdout.take().expect("the standard output")).lines();
        let log = Arc::new(Mutex::new(String::new()));
        let (sender, url) = tokio::sync::oneshot::channel();
        let log_of_reader = log.clone();
        tokio::spawn(async move {
            let mut sender = Some(sender);
            while let Ok(Some(line)) = lines.next_line().await {
                let entry: Value = serde_json::from_str(&line).expect("each line of the log is JSON");
                if entry["message"] == "listening"
                    && let Some(sender) = sender.take()
                {
                    let _ = sender.send(format!("http://{}", entry["address"].as_str().expect("an address")));
                }
                let mut log = log_of_reader.lock().expect("no test has panicked");
                log.push_str(&line);
                log.push('\n');
            }
        });
        let url = timeout(PATIENCE, url).await.expect("the server listens in time").expect("the log names the address");
        Self { child, url, log, client: Client::builder().no_proxy().build().expect("a client") }
    }

    pub async fn post(&self, path: &str, token: &str, body: &Value) -> reqwest::Result<(StatusCode, Value)> {
        let request = self.client.post(format!("{}/api/v1{path}", self.url)).bearer_auth(token).json(body);
        let response = request.send().await?;
        Ok((response.status(), response.json().await?))
    }

    pub async fn get(&self, path: &str, token: &str) -> (StatusCode, Value) {
        let request = self.client.get(format!("{}{path}", self.url)).bearer_auth(token);
        let response = request.send().await.expect("a response");
        (response.status(), response.json().await.expect("JSON"))
    }

    pub async fn sign_up(&self) {
        let body = json!({"email": "alice@example.com", "password": PASSWORD, "display_name": "Alice"});
        let request = self.client.post(format!("{}/api/v1/auth/sign-up", self.url)).json(&body);
        assert_eq!(request.send().await.expect("a response").status(), StatusCode::CREATED);
    }

    pub async fn sign_in(&self) -> Value {
        let form = [("grant_type", "password"), ("username", "alice@example.com"), ("password", PASSWORD)];
        let request = self.client.post(format!("{}/api/v1/auth/token", self.url)).form(&form);
        let response = request.send().await.expect("a response");
        assert_eq!(response.status(), StatusCode::OK);
        response.json().await.expect("tokens")
    }

    /// Verifies the address of the user by the link in the mail.
    pub async fn verify(&self, folder: &Path) {
        let token = eventually("a mail with a link", async || {
            std::fs::read_dir(folder.join("data/mail")).into_iter().flatten().flatten().find_map(|file| {
                let text = std::fs::read_to_string(file.path()).ok()?;
                let (_, rest) = text.split_once("verify-email?token=")?;
                Some(rest.split_whitespace().next()?.to_owned())
            })
        });
        let request = self.client.post(format!("{}/api/v1/auth/email/verify", self.url));
        let response = request.json(&json!({"token": token.await})).send().await.expect("a response");
        assert_eq!(response.status(), StatusCode::NO_CONTENT);
    }

    /// The log once it contains this text. Its lines come some milliseconds after what they tell.
    pub async fn log_with(&self, text: &str) -> String {
        eventually(&format!("{text:?} in the log"), async || {
            let log = self.log.lock().expect("the reader has not panicked").clone();
            log.contains(text).then_some(log)
        })
        .await
    }

    pub fn signal(&self, signal: Signal) {
        let pid = self.child.id().and_then(|pid| Pid::from_raw(pid.cast_signed())).expect("the server runs");
        kill_process(pid, signal).expect("the signal is sent");
    }
}

pub const PASSWORD: &str = "correct horse battery";
