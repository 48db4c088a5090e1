//! What follows from an acknowledged change, webhooks and reminders, over kills of the process: each message is sent at least
//! once, and a kill repeats only those that were being sent.

use std::{
    collections::{HashMap, HashSet},
    path::Path,
    sync::{Arc, Mutex},
    time::Duration,
};

use memo_conformance::eventually;
use memo_domain::{Clock, Timestamp};
use memo_system::SystemClock;
use reqwest::StatusCode;
use rusqlite::Connection;
use rustix::process::Signal;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::mpsc,
    task::JoinSet,
    time::timeout,
};

use crate::running::{PATIENCE, Running};

const CLIENTS: usize = 4;
const VARIABLES: [(&str, &str); 4] = [
    ("MEMO__RATE_LIMIT__ENABLED", "false"),
    ("MEMO__WEBHOOKS__ALLOWED_NETWORKS", "127.0.0.0/8"),
    // Tokens stay valid when the port changes.
    ("MEMO__SERVER__PUBLIC_URL", "http://memo.example"),
    ("MEMO__SERVER__TRUSTED_HOSTS", "*"),
];

/// Opens the database of a server that does not run.
fn database(folder: &Path) -> Connection {
    Connection::open(folder.join("data/memo.db")).expect("the file is opened")
}

/// Has the leases of a killed process end, which last longer than a test.
fn end_leases(folder: &Path) {
    database(folder).execute("UPDATE jobs SET run_at = created_at WHERE begun > 0", ()).expect("leases are ended");
}

async fn kill(server: &mut Running) {
    server.child.start_kill().expect("it is killed");
    timeout(PATIENCE, server.child.wait()).await.expect("it ends in time").expect("the exit status");
}

/// When the server is killed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Moment {
    /// The receiver has a message, and has not answered it.
    Received,
    /// The receiver has answered a message.
    Answered,
    /// Any.
    Written,
}

/// A webhook's receiver, and the messages that it has got: id, and number in the change feed.
#[derive(Default)]
struct Receiver {
    messages: Mutex<Vec<(String, u64)>>,
}

impl Receiver {
    /// Serves, and reports each moment of a message.
    async fn start(moments: mpsc::UnboundedSender<Moment>) -> (Arc<Self>, String) {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
        let url = format!("http://{}/", listener.local_addr().expect("an address"));
        let receiver = Arc::new(Self::default());
        let server = receiver.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(server.clone().receive(stream, moments.clone()));
            }
        });
        (receiver, url)
    }

    async fn receive(self: Arc<Self>, mut stream: TcpStream, moments: mpsc::UnboundedSender<Moment>) {
        let mut request = Vec::new();
        loop {
            if stream.read_buf(&mut request).await.unwrap_or_default() == 0 {
                return; // Killed before it has sent a message.
            }
            let text = String::from_utf8_lossy(&request);
            if let Some((head, body)) = text.split_once("\r\n\r\n")
                && let Ok(body) = serde_json::from_str::<Value>(body)
            {
                let id = head.lines().find_map(|line| line.strip_prefix("webhook-id: ")).expect("an id").to_owned();
                let seq = body["data"]["seq"].as_u64().expect("a number");
                self.messages.lock().expect("no test has panicked").push((id, seq));
                break;
            }
        }
        let _ = moments.send(Moment::Received);
        let _ = stream.write_all(b"HTTP/1.1 204 No Content\r\n\r\n").await;
        let _ = moments.send(Moment::Answered);
    }
}

/// Writes memos until the server is killed at the `count`-th of these moments; returns the ids of the acknowledged ones.
async fn write_until_killed(
    server: &mut Running,
    token: &str,
    (moment, count): (Moment, usize),
    moments: &mut mpsc::UnboundedReceiver<Moment>,
    sender: &mpsc::UnboundedSender<Moment>,
) -> Vec<String> {
    let mut clients = JoinSet::new();
    for _ in 0..CLIENTS {
        let request = server.client.post(format!("{}/api/v1/memos", server.url)).bearer_auth(token);
        let (request, sender) = (request.json(&json!({"title": "a"})), sender.clone());
        clients.spawn(async move {
            let mut acknowledged = Vec::new();
            while let Ok(response) = request.try_clone().expect("a body in memory").send().await {
                assert_eq!(response.status(), StatusCode::CREATED);
                let Ok(memo) = response.json::<Value>().await else { break };
                acknowledged.push(memo["id"].as_str().expect("an id").to_owned());
                let _ = sender.send(Moment::Written);
            }
            acknowledged
        });
    }
    let mut left = count;
    while left > 0 {
        let next = timeout(PATIENCE, moments.recv()).await.expect("memos are written, and messages arrive");
        left -= usize::from(next == Some(moment));
    }
    kill(server).await;
    clients.join_all().await.concat()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kill_loses_no_webhook_message_and_repeats_at_most_one() {
    let (sender, mut moments) = mpsc::unbounded_channel();
    let (receiver, url) = Receiver::start(sender.clone()).await;
    let folder = TempDir::new().expect("a folder");
    let mut server = Running::start(folder.path(), &VARIABLES).await;
    server.sign_up().await;
    let token = server.sign_in().await["access_token"].as_str().expect("a token").to_owned();
    let (status, _) = server.post("/me/webhooks", &token, &json!({"url": url})).await.expect("a response");
    assert_eq!(status, StatusCode::CREATED);

    let kills = [
        (Moment::Received, 7),
        (Moment::Answered, 11),
        (Moment::Written, 60),
        (Moment::Answered, 1),
        (Moment::Received, 23),
        (Moment::Written, 5),
    ];
    let mut acknowledged = HashSet::new();
    for at in kills {
        acknowledged.extend(write_until_killed(&mut server, &token, at, &mut moments, &sender).await);
        while moments.try_recv().is_ok() {}
        end_leases(folder.path());
        server = Running::start(folder.path(), &VARIABLES).await;
    }

    let mut feed = HashMap::new();
    loop {
        let (status, page) = server.get(&format!("/api/v1/changes?limit=100&since={}", feed.len()), &token).await;
        assert_eq!(status, StatusCode::OK);
        let items = page["items"].as_array().expect("changes");
        if items.is_empty() {
            break;
        }
        feed.extend(items.iter().map(|item| (item["seq"].as_u64().expect("a number"), item["memo_id"].clone())));
    }
    let memos: HashSet<_> = feed.values().map(|id| id.as_str().expect("an id").to_owned()).collect();
    assert!(acknowledged.is_subset(&memos), "an acknowledged memo is lost");
    eventually("each change is sent", async || {
        let arrived: HashSet<_> = receiver.messages.lock().expect("no test has panicked").iter().map(|m| m.1).collect();
        feed.keys().all(|seq| arrived.contains(seq)).then_some(())
    })
    .await;
    server.signal(Signal::TERM);
    timeout(PATIENCE, server.child.wait()).await.expect("it ends in time").expect("the exit status");
    let messages = receiver.messages.lock().expect("no test has panicked").clone();
    let ids: HashSet<_> = messages.iter().map(|(id, _)| id).collect();
    assert_eq!(ids.len(), feed.len(), "a message has one id");
    let repeated = messages.len() - ids.len();
    assert!(repeated <= kills.len(), "{repeated} messages were repeated");
    assert!(messages.iter().map(|(_, seq)| seq).is_sorted(), "in order");
}

/// Takes the reminders out of the folder of mail: their names and texts.
fn take_reminders(folder: &Path) -> Vec<(String, String)> {
    let files = std::fs::read_dir(folder.join("data/mail")).into_iter().flatten().flatten();
    let mails = files.filter(|file| file.path().extension().is_some_and(|extension| extension == "eml"));
    let mails = mails.map(|file| (file.path(), std::fs::read_to_string(file.path()).expect("a mail")));
    let reminders = mails.filter(|(_, text)| text.contains("reminder-of-"));
    let taken = reminders.map(|(path, text)| {
        std::fs::remove_file(&path).expect("it is removed");
        (path.file_name().expect("a name").to_string_lossy().into_owned(), text)
    });
    taken.collect()
}

/// Creates memos whose reminders are due at this time.
async fn remind(server: &Running, token: &str, names: &[String], at: Timestamp) {
    let memo = |name| json!({"title": format!("reminder-of-{name}"), "remind_at": at.to_string()});
    let operations: Vec<_> = names.iter().map(|name| json!({"op": "create", "memo": memo(name)})).collect();
    let created = server.post("/memos/batch", token, &json!({"operations": operations})).await.expect("a response");
    assert_eq!(created.0, StatusCode::OK, "{}", created.1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kill_loses_no_reminder_and_repeats_only_those_being_sent() {
    const KILLS: usize = 3;
    /// How many mails a node sends at once.
    const AT_ONCE: usize = 4;
    let folder = TempDir::new().expect("a folder");
    let mut server = Running::start(folder.path(), &VARIABLES).await;
    server.sign_up().await;
    server.verify(folder.path()).await;
    let token = server.sign_in().await["access_token"].as_str().expect("a token").to_owned();
    let mut sent: HashMap<String, usize> = HashMap::new();
    let mut names = HashSet::new();
    for kill_number in 0..KILLS {
        let round: Vec<_> = (0..12).map(|number| format!("{kill_number}-{number}")).collect();
        remind(&server, &token, &round, SystemClock.now() + Duration::from_secs(3)).await;
        // The first reminders are sent, others are not: the kill comes between them.
        let found = eventually("a reminder", async || {
            let mails = take_reminders(folder.path());
            (!mails.is_empty()).then_some(mails)
        });
        let mut mails = found.await;
        kill(&mut server).await;
        mails.extend(take_reminders(folder.path()));
        end_leases(folder.path());
        server = Running::start(folder.path(), &VARIABLES).await;
        names.extend(round);
        eventually("all reminders", async || {
            mails.extend(take_reminders(folder.path()));
            let all: HashSet<_> = mails.iter().map(|(name, _)| name).collect();
            (sent.len() + all.len() >= names.len()).then_some(())
        })
        .await;
        for (name, text) in mails {
            assert!(!text.contains("This reminder is late"), "{text}");
            *sent.entry(name).or_default() += 1;
        }
    }
    server.signal(Signal::TERM);
    timeout(PATIENCE, server.child.wait()).await.expect("it ends in time").expect("the exit status");
    for (name, _) in take_reminders(folder.path()) {
        *sent.entry(name).or_default() += 1;
    }
    assert_eq!(sent.len(), names.len(), "each memo has a reminder of its own");
    let repeated: Vec<_> = sent.values().map(|times| times - 1).filter(|times| *times > 0).collect();
    assert!(repeated.len() <= KILLS * AT_ONCE && repeated.iter().all(|times| *times == 1), "{repeated:?}");
    let left = "SELECT (SELECT count(*) FROM jobs WHERE kind = 'reminder'), \
                (SELECT count(*) FROM memos WHERE remind_at IS NOT NULL AND reminded_at IS NULL)";
    let left: (i64, i64) =
        database(folder.path()).query_row(left, (), |row| Ok((row.get(0)?, row.get(1)?))).expect("it is counted");
    assert_eq!(left, (0, 0), "reminders that wait");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn reminder_due_while_the_server_is_down_is_sent_once_and_late() {
    const DOWN: i64 = 10 * 60 * 1_000_000;
    let folder = TempDir::new().expect("a folder");
    let mut server = Running::start(folder.path(), &VARIABLES).await;
    server.sign_up().await;
    server.verify(folder.path()).await;
    let token = server.sign_in().await["access_token"].as_str().expect("a token").to_owned();
    let at = SystemClock.now() + Duration::from_mins(2);
    remind(&server, &token, &["downtime".to_owned()], at).await;
    kill(&mut server).await;
    // As if it had been due while the server was down: a memo, and a time.
    let past = at.as_micros() - DOWN;
    let file = database(folder.path());
    let mut payload: Vec<u8> =
        file.query_row("SELECT payload FROM jobs WHERE kind = 'reminder'", (), |row| row.get(0)).expect("one job");
    payload[16..].copy_from_slice(&past.to_be_bytes());
    let due = "UPDATE jobs SET run_at = ?1, payload = ?2 WHERE kind = 'reminder'";
    assert_eq!(file.execute(due, (past, payload)).expect("the job is moved"), 1);
    assert_eq!(file.execute("UPDATE memos SET remind_at = ?1 WHERE remind_at IS NOT NULL", [past]).expect("moved"), 1);
    drop(file);

    let mut sent = Vec::new();
    for _ in 0..2 {
        let mut server = Running::start(folder.path(), &VARIABLES).await;
        eventually("the owner is reminded", async || {
            let (_, memos) = server.get("/api/v1/memos", &token).await;
            memos["items"][0]["reminded_at"].is_string().then_some(())
        })
        .await;
        server.signal(Signal::TERM);
        timeout(PATIENCE, server.child.wait()).await.expect("it ends in time").expect("the exit status");
        sent.extend(take_reminders(folder.path()));
    }
    let [(_, text)] = &sent[..] else { panic!("one mail: {sent:?}") };
    assert!(text.contains("This reminder is late"), "{text}");
}
