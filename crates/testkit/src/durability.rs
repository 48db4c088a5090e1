//! Whether a server loses acknowledged writes when its process is killed.

use std::{
    collections::{HashMap, HashSet},
    ffi::{OsStr, OsString},
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use reqwest::{Client, RequestBuilder, StatusCode};
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
    after_each_kill: Option<fn(&Path)>,
}

/// What [`Durability::run`] has found; a loss is a panic.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Verdict {
    /// How often the server was killed.
    pub kills: u32,
    /// The number of memos of which a write was acknowledged, all of which were found.
    pub acknowledged: usize,
    /// The number of memos that were found: a write may be durable although its answer was lost.
    pub found: usize,
}

impl Durability {
    /// Tests this binary, which serves if it has no arguments, three times, with its defaults and a data folder of its own.
    #[must_use]
    pub fn of(binary: impl AsRef<Path>) -> Self {
        Self {
            binary: binary.as_ref().to_owned(),
            variables: Vec::new(),
            rounds: 3,
            writes_per_round: 100,
            after_each_kill: None,
        }
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

    /// Sets what is called after each kill, before the server starts again, with the folder in which it runs: a check of the
    /// data, which panics if it fails.
    #[must_use]
    pub fn after_each_kill(mut self, check: fn(&Path)) -> Self {
        self.after_each_kill = Some(check);
        self
    }

    /// Runs the test.
    ///
    /// # Panics
    /// If a memo, a change of it or a number of the change feed is lost or doubled, or the server does not start, answer or end
    /// in time.
    pub async fn run(self) -> Verdict {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let (mut acknowledged, mut lost) = (HashMap::new(), Vec::new());
        for round in 0..self.rounds {
            let mut server = self.start(&folder).await;
            if round == 0 {
                server.sign_up().await;
            }
            server.sign_in().await;
            server.expect_all(&acknowledged).await;
            server.repeat_all(&mut acknowledged, &mut lost).await;
            server.write_until_killed(round, self.writes_per_round, &mut acknowledged, &mut lost).await;
            if let Some(check) = self.after_each_kill {
                check(folder.path());
            }
        }
        let mut server = self.start(&folder).await;
        server.sign_in().await;
        let found = server.expect_all(&acknowledged).await;
        server.repeat_all(&mut acknowledged, &mut lost).await;
        server.expect_all(&acknowledged).await;
        server.child.kill().await.expect("the server is killed");
        Verdict { kills: self.rounds, acknowledged: acknowledged.len(), found: found.max(acknowledged.len()) }
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
        let client = Client::builder().no_proxy().timeout(PATIENCE).build().expect("a client");
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

/// An acknowledged write: the creation of a memo or a change.
struct Written {
    id: String,
    /// The title without the version, which it ends with.
    title: String,
    version: u64,
}

impl Written {
    fn title_of(title: &str, version: u64) -> String {
        format!("{title}, version {version}")
    }
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

    /// Writes with concurrent clients, kills the server after that number of answers, and notes the last acknowledged write of
    /// each memo.
    async fn write_until_killed(
        &mut self,
        round: u32,
        writes: usize,
        acknowledged: &mut HashMap<String, Written>,
        lost: &mut Vec<String>,
    ) {
        let (sender, mut answers) = tokio::sync::mpsc::unbounded_channel();
        let mut clients = JoinSet::new();
        for client in 0..CLIENTS {
            let (api, sender) = (self.api.clone(), sender.clone());
            clients.spawn(async move {
                for number in 0.. {
                    let title = format!("round {round}, client {client}, memo {number}");
                    let Some(id) = api.create_memo(&Written::title_of(&title, 1)).await else {
                        // No answer: the server was killed.
                        sender.send(Err(title)).expect("received");
                        break;
                    };
                    sender.send(Ok(Written { id: id.clone(), title: title.clone(), version: 1 })).expect("received");
                    if api.change_memo(&id, &Written::title_of(&title, 2)).await.is_none() {
                        break;
                    }
                    sender.send(Ok(Written { id, title, version: 2 })).expect("received");
                }
            });
        }
        drop(sender);
        let collects = async {
            let mut count = 0;
            while let Some(answer) = answers.recv().await {
                let written = match answer {
                    Ok(written) => written,
                    Err(title) => {
                        lost.push(title);
                        continue;
                    }
                };
                acknowledged.insert(written.id.clone(), written);
                count += 1;
                if count == writes {
                    self.child.start_kill().expect("the server is killed");
                }
            }
            count
        };
        let count = timeout(PATIENCE, collects).await.expect("the clients end with the server");
        clients.join_all().await;
        self.child.wait().await.expect("the exit status");
        assert!(count >= writes, "only {count} writes were acknowledged");
    }

    /// Repeats each creation with its key: an acknowledged one gets the same memo, one without an answer has a memo then.
    async fn repeat_all(&self, acknowledged: &mut HashMap<String, Written>, lost: &mut Vec<String>) {
        for Written { id, title, .. } in acknowledged.values() {
            let repeated = self.api.create_memo(&Written::title_of(title, 1)).await;
            assert_eq!(repeated.as_ref(), Some(id), "{title} is created twice");
        }
        for title in lost.drain(..) {
            let id = self.api.create_memo(&Written::title_of(&title, 1)).await.expect("a response");
            assert_eq!(self.api.create_memo(&Written::title_of(&title, 1)).await.as_ref(), Some(&id), "{title}");
            acknowledged.insert(id.clone(), Written { id, title, version: 1 });
        }
    }

    /// Checks that each memo is there as it was acknowledged or later, and that the change feed has each version of each memo
    /// once, in consecutive numbers. Returns the number of memos.
    async fn expect_all(&self, acknowledged: &HashMap<String, Written>) -> usize {
        let mut versions: HashMap<String, u64> = HashMap::new();
        let mut last = 0;
        loop {
            let page = self.api.get(&format!("/changes?limit=100&since={last}")).await;
            let items = page["items"].as_array().expect("changes");
            if items.is_empty() {
                break;
            }
            for item in items {
                last += 1;
                assert_eq!(item["seq"], last, "{item}");
                let version = versions.entry(item["memo_id"].as_str().expect("an id").to_owned()).or_default();
                *version += 1;
                assert_eq!(item["version"], *version, "{item}");
            }
        }
        let memos = self.api.list_memos().await;
        let found = memos
            .iter()
            .map(|memo| (memo["id"].as_str().expect("an id").to_owned(), memo["version"].as_u64().expect("a version")));
        assert_eq!(found.collect::<HashMap<_, _>>(), versions, "memos, and their versions in the change feed");
        assert_eq!(memos.len(), versions.len(), "a memo is listed twice");
        let names = memos.iter().map(|memo| memo["title"].as_str().and_then(|title| title.split_once(", version")));
        let names: HashSet<_> = names.map(|title| title.map(|(name, _)| name)).collect();
        assert_eq!(names.len(), memos.len(), "a request has created two memos");
        let titles: HashMap<_, _> = memos.iter().map(|memo| (memo["id"].as_str(), &memo["title"])).collect();
        for Written { id, title, version } in acknowledged.values() {
            let found = versions.get(id).copied().unwrap_or_default();
            assert!(found >= *version, "{title} has version {found}; {version} was acknowledged");
            assert_eq!(titles[&Some(id.as_str())], Written::title_of(title, found).as_str(), "{id}");
        }
        memos.len()
    }
}

impl Api {
    /// Creates a memo, with its title as the key of the request, and returns its id; `None` without an answer.
    async fn create_memo(&self, title: &str) -> Option<String> {
        let body = json!({"title": title, "tags": ["durable"]});
        let request = self.client.post(format!("{}/memos", self.base));
        let request = request.header("idempotency-key", title).json(&body);
        let memo = self.send(request, StatusCode::CREATED).await?;
        Some(memo["id"].as_str().expect("an id").to_owned())
    }

    /// Changes the title of a memo; `None` without an answer.
    async fn change_memo(&self, id: &str, title: &str) -> Option<Value> {
        let request = self.client.patch(format!("{}/memos/{id}", self.base));
        self.send(request.json(&json!({"title": title})), StatusCode::OK).await
    }

    async fn send(&self, request: RequestBuilder, expected: StatusCode) -> Option<Value> {
        let response = request.bearer_auth(&self.token).send().await.ok()?;
        let status = response.status();
        let memo: Value = response.json().await.ok()?;
        assert_eq!(status, expected, "{memo}");
        Some(memo)
    }

    /// Returns the memos of all pages of the list.
    async fn list_memos(&self) -> Vec<Value> {
        let (mut memos, mut cursor) = (Vec::new(), String::new());
        loop {
            let page = self.get(&format!("/memos?limit=100{cursor}")).await;
            memos.extend(page["items"].as_array().expect("memos").iter().cloned());
            let Some(next) = page["page"]["next_cursor"].as_str() else { return memos };
            cursor = format!("&cursor={next}");
        }
    }

    async fn get(&self, path: &str) -> Value {
        let request = self.client.get(format!("{}{path}", self.base)).bearer_auth(&self.token);
        let response = request.send().await.expect("a response");
        assert_eq!(response.status(), StatusCode::OK, "{path}");
        response.json().await.expect("JSON")
    }
}
