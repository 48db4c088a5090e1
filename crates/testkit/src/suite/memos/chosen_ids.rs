//! Ids that clients choose for new memos.

use serde_json::json;

use crate::{
    TestApp,
    suite::{merged, send_concurrently},
};

/// A `UUIDv7` of the moment at which the clock of the tests starts, as a client would make it.
const ID: &str = "019c1347-d2fb-7abc-9000-0000000000aa";

pub async fn memo_is_created_with_a_chosen_id(app: TestApp) {
    let alice = app.user("alice").await;
    let body = json!({"title": "made offline", "tags": ["work"]});
    let created = alice.put_memo(&ID.to_uppercase(), &body).if_none_match("*").await.expect_status(201);
    let created = created.expect_header("location", &format!("/api/v1/memos/{ID}"));
    assert_eq!((created.id(), &created["title"], &created["version"]), (ID, &body["title"], &json!(1)));
    let read = alice.get_memo(ID).await.expect_status(200);
    assert_eq!((&read.json, read.tag()), (&created.json, created.tag()));
    let changes = alice.changes(0).await.expect_status(200);
    assert_eq!((&changes["items"][0]["kind"], &changes["items"][0]["memo_id"]), (&json!("memo.created"), &json!(ID)));
}

pub async fn chosen_id_of_any_memo_is_refused_and_changes_nothing(app: TestApp) {
    let (alice, bob) = (app.user("alice").await, app.user("bob").await);
    let body = json!({"title": "first"});
    alice.put_memo(ID, &body).if_none_match("*").await.expect_status(201);
    let again = json!({"title": "second"});
    alice.put_memo(ID, &again).if_none_match("*").await.problem("precondition_failed");
    // Nothing tells Bob whose memo it is.
    bob.put_memo(ID, &again).if_none_match("*").await.problem("precondition_failed");
    alice.delete_memo(ID).await.expect_empty(204);
    alice.put_memo(ID, &again).if_none_match("*").await.problem("precondition_failed");
    assert_eq!(alice.get_memo(ID).await.expect_status(200)["title"], "first");
    bob.get_memo(ID).await.problem("memo_not_found");
    // With a state that the memo must have, the request contradicts itself.
    let tag = alice.get_memo(ID).await.tag().to_owned();
    alice.put_memo(ID, &again).if_none_match("*").if_match(&tag).await.problem("precondition_failed");
    let free = "019c1347-d2fb-7abc-9000-0000000000ab";
    alice.put_memo(free, &again).if_none_match("*").if_match("*").await.problem("precondition_failed");
    alice.put_memo(ID, &again).if_none_match(&tag).await.problem("invalid_header");
}

pub async fn chosen_id_must_be_a_uuid_v7_that_is_not_ahead(app: TestApp) {
    let alice = app.user("alice").await;
    let body = json!({"title": "a"});
    for (id, code) in [
        ("019c1347-d2fb-4abc-9000-0000000000aa", "malformed"),
        ("00000000-0000-0000-0000-000000000000", "malformed"),
        ("not-an-id", "malformed"),
        // A day and a millisecond.
        ("019c186e-2efc-7abc-9000-0000000000aa", "too_far_ahead"),
    ] {
        alice.put_memo(id, &body).if_none_match("*").await.invalid_parameter("id", code);
        alice.batch(&json!([{"op": "create", "id": id, "memo": body}])).await.invalid("/operations/0/id", code);
    }
    alice.put_memo("019c186e-2efb-7abc-9000-0000000000aa", &body).if_none_match("*").await.expect_status(201);
    alice.put_memo("not-an-id", &body).await.problem("memo_not_found");
}

pub async fn batch_creates_with_chosen_ids(app: TestApp) {
    let alice = app.user("alice").await;
    let operation = json!({"op": "create", "id": ID, "memo": {"title": "a"}});
    let update = json!({"op": "update", "id": ID, "if_version": 1, "memo": {"pinned": true}});
    let results = alice.batch(&json!([operation, update])).await.expect_status(200);
    assert_eq!((&results["results"][0]["memo"]["id"], &results["results"][1]["memo"]["id"]), (&json!(ID), &json!(ID)));
    let other = merged(operation.clone(), &json!({"id": "019c1347-d2fb-7abc-9000-0000000000ab"}));
    let taken = alice.batch(&json!([other, operation])).await.problem("precondition_failed");
    assert_eq!(taken.errors(), [("pointer", "/operations/1", "precondition_failed")]);
    assert_eq!(alice.titles(&[]).await, ["a"]);
}

pub async fn concurrent_creates_with_one_chosen_id_make_one_memo(app: TestApp) {
    let alice = app.user("alice").await;
    let put = |n: usize| alice.put_memo(ID, &json!({"title": n.to_string()})).if_none_match("*");
    let mut statuses: Vec<_> =
        send_concurrently((0..8).map(put)).await.iter().map(|response| response.status).collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 412, 412, 412, 412, 412, 412, 412]);
    assert_eq!(alice.titles(&[]).await.len(), 1);
}
