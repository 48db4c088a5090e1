//! What an import or export of any shape may cost.

use std::time::Duration;

use memo_conformance::eventually;
use memo_domain::{JobKind, UserId};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::{Actor, Response, TestApp, User};

const NDJSON: &str = "application/x-ndjson";

pub(super) fn line(number: usize) -> Value {
    json!({
        "kind": "memo", "id": format!("0198c0de-7f00-7000-8000-{number:012x}"), "title": number.to_string(),
        "created_at": "2026-01-01T00:00:00Z", "updated_at": "2026-01-01T00:00:00Z",
    })
}

pub(super) async fn import(actor: &Actor, body: impl Into<Vec<u8>>) -> Response {
    actor.call("POST", "/api/v1/me/import").body(NDJSON, body).await
}

pub async fn import_of_empty_lines_is_cheap(app: TestApp) {
    let alice = app.user("alice").await;
    let report = import(&alice, vec![b'\n'; 8 << 20]).await.expect_status(200);
    assert_eq!(report["created"], 0);
    // Empty lines around a memo, and a byte order mark before them.
    let text = format!("\u{feff}{}\n\n\n{}", line(1), line(2));
    assert_eq!(import(&alice, text).await.expect_status(200)["created"], 2);
}

pub async fn export_has_memos_of_all_lists_once(app: TestApp) {
    let alice = app.user("alice").await;
    let mut lines = String::new();
    for number in 0..450 {
        let mut line = line(number);
        line["archived"] = (number % 3 == 1).into();
        if number % 3 == 2 {
            line["deleted_at"] = "2026-01-02T00:00:00Z".into();
        }
        lines.push_str(&line.to_string());
        lines.push('\n');
    }
    assert_eq!(import(&alice, lines).await.expect_status(200)["created"], 450);
    let export = alice.get("/api/v1/me/export").await.expect_status(200);
    let mut ids: Vec<_> = export
        .body
        .split(|byte| *byte == b'\n')
        .filter_map(|line| serde_json::from_slice::<Value>(line).ok())
        .filter(|line| line["kind"] == "memo")
        .map(|line| line["id"].as_str().expect("an id").to_owned())
        .collect();
    ids.sort();
    assert_eq!(ids, (0..450).map(|n| line(n)["id"].as_str().expect("an id").to_owned()).collect::<Vec<_>>());
}

pub(super) fn head(user: &User, request: &str) -> Vec<u8> {
    format!("{request}\r\nHost: localhost\r\nAuthorization: Bearer {}\r\n", user.access_token).into_bytes()
}

pub async fn user_has_one_import_at_a_time(app: TestApp) {
    let (alice, bob) = (app.user("alice").await, app.user("bob").await);
    let begin = format!("Content-Type: {NDJSON}\r\nContent-Length: 1000\r\n\r\n\n");
    let request = [head(&alice, "POST /api/v1/me/import HTTP/1.1"), begin.into_bytes()].concat();
    let (mut running, mut refused) = (None, None);
    for requests in 0..100 {
        running = Some(app.open(&request).await);
        // The more time passes, the surer it has begun; if it arrives while the other one is running, it is over.
        for _ in 0..requests {
            alice.call("GET", "/api/v1/me").await.expect_status(200);
        }
        let response = import(&alice, line(1).to_string()).await;
        if response.status == 409 {
            refused = Some(response);
            break;
        }
    }
    let refused = refused.expect("the second import is refused");
    refused.expect_status(409).problem("import_running");
    import(&bob, line(2).to_string()).await.expect_status(200);
    // A client that is gone does not import any more.
    drop(running);
    let mut status = 0;
    for _ in 0..1_000 {
        status = import(&alice, line(3).to_string()).await.status;
        if status == 200 {
            break;
        }
    }
    assert_eq!(status, 200);
}

pub async fn slow_import_keeps_others_waiting(app: TestApp) {
    let alice = app.user("alice").await;
    let lines = [1, 2, 3].map(|number| format!("{}\n", line(number)));
    let length: usize = lines.iter().map(String::len).sum();
    let begin = format!("Content-Type: {NDJSON}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{}", lines[0]);
    let request = [head(&alice, "POST /api/v1/me/import HTTP/1.1"), begin.into_bytes()].concat();
    let mut slow = app.open(&request).await;
    let user = UserId::parse(&alice.id).expect("an id");
    let lease_end = async || {
        let claims = app.read(async |unit| unit.jobs().list_waiting(user, &JobKind::IMPORT).await).await;
        claims.first().map(|claim| claim.run_at)
    };
    let first = eventually("the import has begun", lease_end).await;
    app.clock.advance(Duration::from_secs(90));
    slow.write_all(lines[1].as_bytes()).await.expect("it is sent");
    let is_renewed = async || lease_end().await.filter(|end| *end > first);
    eventually("the import goes on", is_renewed).await;
    app.clock.advance(Duration::from_secs(90));
    import(&alice, line(4).to_string()).await.expect_status(409).problem("import_running");
    slow.write_all(lines[2].as_bytes()).await.expect("it is sent");
    let mut response = String::new();
    slow.read_to_string(&mut response).await.expect("a response");
    assert!(response.starts_with("HTTP/1.1 200"), "{response}");
}

pub async fn import_that_updates_a_memo_says_when_its_owner_was_reminded(app: TestApp) {
    let alice = app.user("alice").await;
    import(&alice, line(1).to_string()).await.expect_status(200);
    let mut newer = line(1);
    newer["updated_at"] = app.now().into();
    (newer["remind_at"], newer["reminded_at"]) = ("2026-01-15T00:00:00Z".into(), "2026-01-15T00:01:00Z".into());
    assert_eq!(import(&alice, newer.to_string()).await.expect_status(200)["updated"], 1);
    let memo = alice.get_memo(newer["id"].as_str().expect("an id")).await.expect_status(200);
    assert_eq!(memo["reminded_at"], "2026-01-15T00:01:00Z");
}

pub async fn http_1_0_clients_get_a_body_without_chunks(app: TestApp) {
    let alice = app.user("alice").await;
    alice.memo("a").await;
    let response = app.exchange(&[head(&alice, "GET /api/v1/me/export HTTP/1.0"), b"\r\n".to_vec()].concat()).await;
    let (head, body) = response.split_once("\r\n\r\n").expect("a head");
    assert!(!head.to_ascii_lowercase().contains("transfer-encoding"), "{head}");
    let lines = body.lines().map(|line| serde_json::from_str::<Value>(line).expect("a line"));
    assert_eq!(lines.filter(|line| line["kind"] == "memo").count(), 1);
}
