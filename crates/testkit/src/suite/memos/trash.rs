//! The trash empties itself. These tests start their own apps.

use std::time::Duration;

use memo_conformance::{TestStore, eventually};
use memo_domain::{Clock, JobKind};
use serde_json::{Value, json};

use crate::{
    Actor, User,
    suite::{DAY, changes::changes_after, nodes::two_nodes},
};

/// Creates this many memos, and moves them to the trash.
async fn trash_many(actor: &Actor, memos: usize) {
    let create = |n: usize| json!({"op": "create", "memo": {"title": n.to_string(), "tags": ["a"]}});
    let created = actor.batch(&(0..memos).map(create).collect()).await.expect_status(200);
    let delete = |result: &Value| json!({"op": "delete", "id": result["memo"]["id"]});
    let results = created["results"].as_array().expect("results");
    actor.batch(&results.iter().map(delete).collect()).await.expect_status(200);
}

async fn trashed(actor: &Actor) -> u64 {
    let list = actor.get("/api/v1/memos?trashed=true&limit=1&include_total=true").await.expect_status(200);
    list["total"].as_u64().expect("a number")
}

pub async fn trash_empties_itself_once_after_thirty_days(store: Box<dyn TestStore>) {
    // More than one step removes.
    const OLD: usize = 60;
    let (one, _other) = two_nodes(store).await;
    let (alice, bob) = (one.user("alice").await, one.user("bob").await);
    trash_many(&alice, OLD).await;
    trash_many(&bob, 1).await;
    alice.memo("kept").await;
    one.clock.advance(29 * DAY);
    trash_many(&alice.with_new_token().await, 1).await;
    // A node that crashes after it has leased the job.
    let (far, until) = (one.clock.now() + 2 * DAY, one.clock.now() + Duration::from_mins(2));
    one.write(async |unit| unit.jobs().claim(&[JobKind::TRASH], far, until, 1).await).await;
    one.clock.advance(Duration::from_mins(24 * 60 - 5));
    let left = async |user: &User| trashed(&user.with_new_token().await).await;
    assert_eq!((left(&alice).await, left(&bob).await), (OLD as u64 + 1, 1), "not yet");
    one.clock.advance(Duration::from_mins(70));
    let (alice, bob) = (alice.with_new_token().await, bob.with_new_token().await);
    eventually("an empty trash", async || (trashed(&alice).await + trashed(&bob).await == 1).then_some(())).await;
    let mut removed = Vec::new();
    let mut since = 0;
    loop {
        let some = changes_after(&alice, since).await;
        if some.is_empty() {
            break;
        }
        since += some.len() as u64;
        removed.extend(some.into_iter().filter(|(kind, _, _)| kind == "memo.deleted").map(|(_, id, _)| id));
    }
    let all = removed.len();
    removed.sort_unstable();
    removed.dedup();
    assert_eq!((removed.len(), all), (OLD, OLD), "each memo is removed once");
    assert_eq!(alice.get("/api/v1/memos?include_total=true").await.expect_status(200)["total"], 1);
    alice.get_memo(&removed[0]).await.problem("memo_not_found");
}
