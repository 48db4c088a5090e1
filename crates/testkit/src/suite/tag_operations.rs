//! Changes of a tag in many memos are done in steps.

use std::time::Duration;

use memo_conformance::pause;
use serde_json::{Value, json};

use crate::{
    Actor, Response, TestApp,
    suite::{
        changes::changes_after,
        tags::{counts, tag_counts},
    },
};

/// Creates this many memos with a tag.
async fn create_many(actor: &Actor, memos: usize, tag: &str) {
    for first in (0..memos).step_by(100) {
        let memo = |n: usize| json!({"op": "create", "memo": {"title": n.to_string(), "tags": [tag, "rest"]}});
        actor.batch(&(first..memos.min(first + 100)).map(memo).collect()).await.expect_status(200);
    }
}

/// Follows an operation until it has ended. The time limit of the case bounds it: how many requests pass meanwhile
/// depends on the machine.
async fn ended(actor: &Actor, accepted: &Response) -> Value {
    let target = accepted.header("location").expect("a location").to_owned();
    loop {
        let operation = actor.get(&target).await.expect_status(200);
        assert!(target.ends_with(operation.id()), "{target}");
        if operation["status"] != "running" {
            return operation.json.clone();
        }
        assert!(operation["done"].as_u64() <= operation["total"].as_u64());
        // The server works on the same cores.
        pause(Duration::from_millis(20)).await;
    }
}

pub async fn changing_a_tag_of_long_memos_is_an_operation(app: TestApp) {
    // 400 kB each: together more than one transaction writes.
    const MEMOS: usize = 12;
    let alice = app.user("alice").await;
    let content = "𠮷".repeat(100_000);
    for _ in 0..MEMOS {
        let memo = json!({"title": "long", "tags": ["work"], "content": content});
        alice.create_memo(&memo).await.expect_status(201);
    }
    let accepted = alice.patch_tag("work", "job").await.expect_status(202);
    let done = ended(&alice, &accepted).await;
    assert_eq!((&done["status"], &done["done"], &done["total"]), (&json!("done"), &json!(MEMOS), &json!(MEMOS)));
    assert_eq!(tag_counts(&alice).await, counts(&[("job", MEMOS as u64)]));
}

pub async fn changing_a_tag_of_more_than_500_memos_is_an_operation(app: TestApp) {
    const MEMOS: usize = 501;
    let (alice, bob) = (app.user("alice").await, app.user("bob").await);
    create_many(&alice, MEMOS, "Work").await;
    let accepted = alice.patch_tag("work", "job").await.expect_status(202);
    let target = accepted.header("location").expect("a location").to_owned();
    // Another change of the same tag waits for its end.
    let other = alice.patch_tag("work", "x").await;
    assert!(matches!(other.status, 404 | 409), "{}", other.status);
    if other.status == 409 {
        other.problem("operation_running");
    }
    let done = ended(&alice, &accepted).await;
    let id = target.rsplit('/').next().expect("an id");
    assert_eq!(done, json!({"id": id, "status": "done", "done": MEMOS, "total": MEMOS}));
    assert_eq!(tag_counts(&alice).await, counts(&[("job", MEMOS as u64), ("rest", MEMOS as u64)]));
    let mut since = MEMOS as u64;
    while since < 2 * MEMOS as u64 {
        let page = changes_after(&alice, since).await;
        assert!(!page.is_empty() && page.iter().all(|(kind, _, version)| kind == "memo.updated" && *version == 2));
        since += page.len() as u64;
    }
    assert_eq!(changes_after(&alice, since).await, []);
    // Only its owner sees it.
    for (actor, target) in [
        (&*bob, target.clone()),
        (&*alice, "/api/v1/operations/0198c0de-7f00-7000-8000-00000000000a".to_owned()),
        (&*alice, "/api/v1/operations/x".to_owned()),
    ] {
        actor.get(&target).await.expect_status(404).problem("operation_not_found");
    }
    alice.with_scope("memos:write").await.get(&target).await.problem("insufficient_scope");
    alice.with_scope("memos:read").await.get(&target).await.expect_status(200);

    let accepted = alice.delete_tag("JOB").await.expect_status(202);
    assert_eq!(ended(&alice, &accepted).await["status"], "done");
    assert_eq!(tag_counts(&alice).await, counts(&[("rest", MEMOS as u64)]));
    alice.delete_tag("job").await.expect_status(404).problem("not_found");
}
