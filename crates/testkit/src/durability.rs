//! Whether a server loses acknowledged writes when its process is killed.

use std::{
    ffi::{OsStr, OsString},
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use reqwest::{Client, StatusCode};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::{Child, Command},
    task::JoinSet,
    time::timeout,
};

/// A server that takes longer to start, to answer or to end counts as hanging.
const PATIENCE: Duration = Duration::from_secs(20);
const CLIENTS: u32 = 8;
const PASSWORD: &str = "correct horse battery";

/// Kills a server with SIGKILL while eight clients write, starts it again on the same data, and reads everything back.
///
/// ```no_run
/// # async fn example() {
/// let verdict = memo_testkit::Durability::of("target/release/my-store").run().await;
/// println!("{verdict:?}");
/// # }
/// ```
#[derive(Debug)]
pub struct Durability {
    binary: PathBuf,
    variables: Vec<(OsString, OsString)>,
    rounds: u32,
    writes_per_round: usize,
}

/// What [`Durability::run`] has found; a loss is a panic.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Verdict {
    /// How often the server was killed.
    pub kills: u32,
    /// The number of acknowledged memos, all of which were found.
    pub acknowledged: usize,
    /// The number of memos that were found: a write may be durable although its answer was lost.
    pub found: usize,
}

impl Durability {
    /// Tests this binary, which serves if it has no arguments, three times, with its defaults and a data folder of its own.
    #[must_use]
    pub fn of(binary: impl AsRef<Path>) -> Self {
        Self { binary: binary.as_ref().to_owned(), variables: Vec::new(), rounds: 3, writes_per_round: 100 }
    }

    /// Sets an environment variable of the server.
    #[must_use]
    pub fn variable(mut self, name: impl AsRef<OsStr>, value: impl AsRef<OsStr>) -> Self {
        self.variables.push((name.as_ref().to_owned(), value.as_ref().to_owned()));
        self
    }

    /// Sets how often the server is killed.
    #[must_use]
    pub fn rounds(mut self, rounds: u32) -> Self {
        self.rounds = rounds;
        self
    }

    /// Runs the test.
    ///
    /// # Panics
    /// If a memo or a number of the change feed is lost or doubled, or the server does not start, answer or end in time.
    pub async fn run(self) -> Verdict {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let mut acknowledged = Vec::new();
        for round in 0..self.rounds {
            let mut server = self.start(&folder).await;
            if round == 0 {
                server.sign_up().await;
            }
            server.sign_in().await;
            server.expect_all(&acknowledged).await;
            acknowledged.extend(server.write_until_killed(round, self.writes_per_round).await);
        }
        let mut server = self.start(&folder).await;
        server.sign_in().await;
        let found = server.expect_all(&acknowledged).await;
        server.child.kill().await.expect("the server is killed");
        Verdict { kills: self.rounds, acknowledged: acknowledged.len(), found }
    }

    async fn start(&self, folder: &TempDir) -> Server {
        let mut child = Command::new(&self.binary)
            .current_dir(folder)
            .env_clear()
            .env("MEMO_ENV", "test")
            .env("MEMO__SERVER__LISTEN", "127.0.0.1:0")
            .env("MEMO__LOG__FORMAT", "json")
            .env("MEMO__RATE_LIMIT__ENABLED", "false")
            .envs(self.variables.iter().cloned())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("the binary starts");
        let mut log = BufReader::new(child.stdout.take().expect("the standard output")).lines();
        let listening = async {
            loop {
                let line = log.next_line().await.expect("the log is read").expect("the server runs until it is killed");
                let line: Value = serde_json::from_str(&line).expect("each line of the log is JSON");
                if line["message"] == "listening" {
                    break line["address"].as_str().expect("an address").to_owned();
                }
            }
        };
        let address = timeout(PATIENCE, listening).await.expect("the server listens in time");
        // A log that is not read would block the server.
        tokio::spawn(async move { while let Ok(Some(_)) = log.next_line().await {} });
        let client = Client::builder().timeout(PATIENCE).build().expect("a client");
        Server { child, api: Api { client, base: format!("http://{address}/api/v1"), token: String::new() } }
    }
}

struct Server {
    child: Child,
    api: Api,
}

#[derive(Clone)]
struct Api {
    client: Client,
    base: String,
    token: String,
}

/// An acknowledged memo.
struct Written {
    id: String,
    title: String,
}

impl Server {
    async fn sign_up(&self) {
        let body = json!({"email": "alice@example.com", "password": PASSWORD, "display_name": "Alice"});
        let request = self.api.client.post(format!("{}/auth/sign-up", self.api.base)).json(&body);
        assert_eq!(request.send().await.expect("a response").status(), StatusCode::CREATED);
    }

    async fn sign_in(&mut self) {
        let form = [("grant_type", "password"), ("username", "alice@example.com"), ("password", PASSWORD)];
        let request = self.api.client.post(format!("{}/auth/token", self.api.base)).form(&form);
        let response = request.send().await.expect("a response");
        assert_eq!(response.status(), StatusCode::OK, "signing in");
        let tokens: Value = response.json().await.expect("tokens");
        tokens["access_token"].as_str().expect("a token").clone_into(&mut self.api.token);
    }

    /// Writes with concurrent clients, kills the server after that number of answers, and returns the acknowledged memos.
    async fn write_until_killed(&mut self, round: u32, writes: usize) -> Vec<Written> {
        let (sender, mut answers) = tokio::sync::mpsc::unbounded_channel();
        let mut clients = JoinSet::new();
        for client in 0..CLIENTS {
            let (api, sender) = (self.api.clone(), sender.clone());
            clients.spawn(async move {
                for number in 0.. {
                    let title = format!("round {round}, client {client}, memo {number}");
                    // No answer: the server was killed.
                    let Some(id) = api.create_memo(&title).await else { break };
                    sender.send(Written { id, title }).expect("answers are received");
                }
            });
        }
        drop(sender);
        let mut acknowledged = Vec::new();
        let collects = async {
            while let Some(written) = answers.recv().await {
                acknowledged.push(written);
                if acknowledged.len() == writes {
                    self.child.start_kill().expect("the server is killed");
                }
            }
        };
        timeout(PATIENCE, collects).await.expect("the clients end with the server");
        clients.join_all().await;
        self.child.wait().await.expect("the exit status");
        assert!(acknowledged.len() >= writes, "only {} writes were acknowledged", acknowledged.len());
        acknowledged
    }

    /// Checks that each acknowledged memo is there, and that the change feed has the creation of each memo once, in
    /// consecutive numbers. Returns the number of memos.
    async fn expect_all(&self, acknowledged: &[Written]) -> usize {
        for Written { id, title } in acknowledged {
            let memo = self.api.get(&format!("/memos/{id}")).await;
            assert_eq!(memo["title"], title.as_str(), "{id}");
        }
        let mut created = Vec::new();
        loop {
            let page = self.api.get(&format!("/changes?limit=100&since={}", created.len())).await;
            let items = page["items"].as_array().expect("changes");
            if items.is_empty() {
                break;
            }
            for item in items {
                assert_eq!(item["seq"], created.len() + 1, "{item}");
                created.push(item["memo_id"].as_str().expect("an id").to_owned());
            }
        }
        let total = self.api.get("/memos?limit=1&include_total=true").await["total"].as_u64().expect("a total");
        let found = created.len();
        assert_eq!(total, found as u64, "memos, and their creations in the change feed");
        created.sort_unstable();
        created.dedup();
        assert_eq!(created.len(), found, "a memo was created twice");
        found
    }
}

impl Api {
    /// Creates a memo and returns its id; `None` without an answer.
    async fn create_memo(&self, title: &str) -> Option<String> {
        let body = json!({"title": title, "tags": ["durable"]});
        let request = self.client.post(format!("{}/memos", self.base)).bearer_auth(&self.token).json(&body);
        let response = request.send().await.ok()?;
        let status = response.status();
        let memo: Value = response.json().await.ok()?;
        assert_eq!(status, StatusCode::CREATED, "{memo}");
        Some(memo["id"].as_str().expect("an id").to_owned())
    }

    async fn get(&self, path: &str) -> Value {
        let request = self.client.get(format!("{}{path}", self.base)).bearer_auth(&self.token);
        let response = request.send().await.expect("a response");
        assert_eq!(response.status(), StatusCode::OK, "{path}");
        response.json().await.expect("JSON")
    }
}
