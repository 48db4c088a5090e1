use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::{Actor, Call, Response, TestApp, User, suite::merged};

/// Every call that takes the id of a memo.
fn calls(user: &User, id: &str) -> Vec<Call> {
    let mut calls = vec![user.get_memo(id)];
    calls.extend(writes(user, id));
    calls
}

/// Every call that changes a memo.
fn writes(user: &User, id: &str) -> Vec<Call> {
    vec![
        user.put_memo(id, &json!({"title": "mine now"})),
        user.patch_memo(id, &json!({"title": "mine now"})),
        user.delete_memo(id),
        user.delete_memo_for_good(id),
        user.restore_memo(id),
    ]
}

pub async fn private_memo_is_not_found_by_others(app: TestApp) {
    let (alice, bob) = (app.user("alice").await, app.user("bob").await);
    let memo = alice.create_memo(&json!({"title": "a", "content": "secret"})).await.expect_status(201);
    let unknown_id = "0198c0de-7f00-7000-8000-0000000000ff";
    for (private, absent) in calls(&bob, memo.id()).into_iter().zip(calls(&bob, unknown_id)) {
        let (private, absent) = (private.await, absent.await);
        // The responses do not reveal whether the memo exists.
        let (private, absent) =
            (private.expect_status(404).problem("memo_not_found"), absent.problem("memo_not_found"));
        assert_eq!((private.text("title"), private.text("detail")), (absent.text("title"), absent.text("detail")));
        let names = |response: &Response| response.headers.keys().map(ToString::to_string).collect::<BTreeSet<_>>();
        assert_eq!(names(&private), names(&absent));
    }
    assert_eq!(alice.get_memo(memo.id()).await.expect_status(200).json, memo.json);
}

pub async fn conditional_request_does_not_reveal_a_private_memo(app: TestApp) {
    let (alice, bob) = (app.user("alice").await, app.user("bob").await);
    let memo = alice.create_memo(&json!({"title": "a"})).await.expect_status(201);
    bob.get_memo(memo.id()).if_none_match("*").await.problem("memo_not_found");
    bob.get_memo(memo.id()).if_none_match(memo.tag()).await.problem("memo_not_found");
    for tag in [memo.tag(), "*", "\"other\""] {
        for call in writes(&bob, memo.id()) {
            call.if_match(tag).await.problem("memo_not_found");
        }
    }
}

pub async fn public_memo_can_be_read_by_others_and_changed_by_its_owner(app: TestApp) {
    let (alice, bob) = (app.user("alice").await, app.user("bob").await);
    let memo = alice.create_memo(&json!({"title": "a", "visibility": "public"})).await.expect_status(201);
    let read = bob.get_memo(memo.id()).await.expect_status(200);
    assert_eq!(read.json, memo.json);
    for call in writes(&bob, memo.id()) {
        call.await.expect_status(403).problem("not_owner");
    }
    assert_eq!(alice.get_memo(memo.id()).await.expect_status(200).json, memo.json);
    // Private again, it is not found by others.
    alice.patch_memo(memo.id(), &json!({"visibility": null})).await.expect_status(200);
    bob.get_memo(memo.id()).await.problem("memo_not_found");
}

pub async fn reminders_are_shown_to_the_owner_alone(app: TestApp) {
    let (alice, bob) = (app.user("alice").await, app.user("bob").await);
    let body = json!({"title": "a", "visibility": "public", "remind_at": "2026-03-01T00:00:00Z"});
    let memo = alice.create_memo(&body).await.expect_status(201);
    let list = [("scope", "public")];
    let (own, other) = (alice.get_memo(memo.id()).await, bob.get_memo(memo.id()).await.expect_status(200));
    let (own_list, other_list) = (alice.list_memos(&list).await, bob.list_memos(&list).await.expect_status(200));
    for shown in [&own.json, &own_list["items"][0]] {
        assert_eq!(*shown, memo.json);
    }
    for shown in [&other.json, &other_list["items"][0]] {
        assert_eq!(*shown, merged(memo.json.clone(), &json!({"remind_at": null, "reminded_at": null})));
    }
    assert_ne!((own.tag(), own_list.tag()), (other.tag(), other_list.tag()));
    bob.get_memo(memo.id()).if_none_match(other.tag()).await.expect_empty(304);
    bob.get_memo(memo.id()).if_none_match(own.tag()).await.expect_status(200);
}

pub async fn ids_are_read_in_upper_case_too(app: TestApp) {
    let alice = app.user("alice").await;
    let id = alice.memo("a").await;
    let upper = id.to_uppercase();
    assert_eq!(alice.get_memo(&upper).await.expect_status(200).id(), id);
    assert_eq!(alice.patch_memo(&upper, &json!({"pinned": true})).await.expect_status(200).id(), id);
    let batch = json!([{"op": "update", "id": upper, "memo": {"pinned": false}}, {"op": "delete", "id": upper}]);
    let batch = alice.batch(&batch).await.expect_status(200);
    assert_eq!(batch["results"][0]["memo"]["id"], id);
    assert_eq!(alice.restore_memo(&upper).await.expect_status(200).id(), id);
    let session = alice.sessions().await.expect_status(200)["items"][0]["id"].as_str().map(str::to_uppercase);
    alice.end_session(&session.expect("a session")).await.expect_empty(204);
}

pub async fn trashed_public_memo_is_not_found_by_others(app: TestApp) {
    let (alice, bob) = (app.user("alice").await, app.user("bob").await);
    let memo = alice.create_memo(&json!({"title": "a", "visibility": "public"})).await.expect_status(201);
    alice.delete_memo(memo.id()).await.expect_empty(204);
    for call in calls(&bob, memo.id()) {
        call.await.expect_status(404).problem("memo_not_found");
    }
    let read = alice.get_memo(memo.id()).await.expect_status(200);
    assert_eq!(read["deleted_at"], app.now());
}

pub async fn public_memo_needs_authentication(app: TestApp) {
    let alice = app.user("alice").await;
    let memo = alice.create_memo(&json!({"title": "a", "visibility": "public"})).await.expect_status(201);
    app.anonymous().get_memo(memo.id()).await.expect_status(401).problem("authentication_required");
}

pub async fn invalid_memo_id_is_not_found(app: TestApp) {
    let alice = app.user("alice").await;
    for id in ["1", "x", "%00", "..%2f..", "%ff", "0198c0de7f0070008000", "'%20OR%201=1--", "%ED%95%9C", "*"] {
        for call in calls(&alice, id) {
            call.await.expect_status(404).problem("memo_not_found");
        }
    }
}

pub async fn unchanged_memo_is_not_sent_again(app: TestApp) {
    let alice = app.user("alice").await;
    let memo = alice.create_memo(&json!({"title": "a"})).await.expect_status(201);
    let tag = memo.tag();
    for header in [tag, "*", &format!("W/{tag}"), &format!("\"other\", {tag}"), &format!("W/\"x\" , W/{tag}")] {
        let response = alice.get_memo(memo.id()).if_none_match(header).await.expect_empty(304);
        assert_eq!(response.tag(), tag);
        response.expect_header("cache-control", "private, no-cache").expect_no_header("content-type");
    }
    for header in ["\"other\"", "garbage", "", &tag.to_uppercase(), tag.trim_matches('"')] {
        let read = alice.get_memo(memo.id()).if_none_match(header).await.expect_status(200);
        assert_eq!(read.json, memo.json);
    }
    alice.patch_memo(memo.id(), &json!({"title": "b"})).await.expect_status(200);
    assert_eq!(alice.get_memo(memo.id()).if_none_match(tag).await.expect_status(200)["title"], "b");
}

pub async fn etag_covers_the_owner_but_if_match_compares_versions(app: TestApp) {
    let (alice, bob) = (app.user("alice").await, app.user("bob").await);
    let memo = alice.create_memo(&json!({"title": "a", "visibility": "public"})).await.expect_status(201);
    alice.patch_me(&json!({"display_name": "Alice the Great"})).await.expect_status(200);
    // The owner's name is part of the representation, although it is not part of the version.
    let read = bob.get_memo(memo.id()).if_none_match(memo.tag()).await.expect_status(200);
    assert_eq!(read["owner"]["display_name"], "Alice the Great");
    assert_eq!(read["version"], memo["version"]);
    assert_ne!(read.tag(), memo.tag());
    // `If-Match` compares versions, so a change based on the older representation is accepted.
    alice.patch_memo(memo.id(), &json!({"title": "b"})).if_match(memo.tag()).await.expect_status(200);
}

/// Reads a memo often enough that the response is cached.
async fn read_repeatedly(user: &Actor, id: &str) -> Value {
    let first = user.get_memo(id).await.expect_status(200);
    for _ in 0..2 {
        let again = user.get_memo(id).await.expect_status(200);
        assert_eq!((&again.json, again.tag()), (&first.json, first.tag()));
        user.get_memo(id).if_none_match(first.tag()).await.expect_empty(304);
    }
    let head = user.call("HEAD", &format!("/api/v1/memos/{id}")).await.expect_status(200);
    assert_eq!(head.tag(), first.tag());
    first.json
}

pub async fn memo_that_is_read_repeatedly_is_never_outdated(app: TestApp) {
    let (alice, bob) = (app.user("alice").await, app.user("bob").await);
    let memo = json!({"title": "a", "tags": ["one"], "visibility": "public"});
    let memo = alice.create_memo(&memo).await.expect_status(201);
    let id = memo.id();
    let imported = json!({"kind": "memo", "id": id, "title": "imported", "created_at": "2025-01-01T00:00:00Z",
        "updated_at": "2025-01-02T00:00:00Z", "visibility": "public"});
    let import = |line: &Value| alice.call("POST", "/api/v1/me/import").body("application/x-ndjson", line.to_string());
    let changes = [
        (alice.put_memo(id, &json!({"title": "b", "tags": ["one"], "visibility": "public"})), "/title", json!("b")),
        (alice.patch_memo(id, &json!({"content": "c"})), "/content", json!("c")),
        (alice.patch_tag("one", "two"), "/tags", json!(["two"])),
        (alice.delete_tag("two"), "/tags", json!([])),
        (alice.batch(&json!([{"op": "update", "id": id, "memo": {"title": "d"}}])), "/title", json!("d")),
        (alice.patch_me(&json!({"display_name": "Alicia"})), "/owner/display_name", json!("Alicia")),
    ];
    for reader in [&alice, &bob] {
        assert_eq!(read_repeatedly(reader, id).await, memo.json);
    }
    for (change, pointer, value) in changes {
        let response = change.await;
        assert!(response.status < 300, "{}", response.shown());
        for reader in [&alice, &bob] {
            assert_eq!(read_repeatedly(reader, id).await.pointer(pointer), Some(&value));
        }
    }
    alice.delete_memo(id).await.expect_empty(204);
    assert_eq!(read_repeatedly(&alice, id).await["deleted_at"], app.now());
    bob.get_memo(id).await.problem("memo_not_found");
    alice.restore_memo(id).await.expect_status(200);
    for reader in [&alice, &bob] {
        assert_eq!(read_repeatedly(reader, id).await["deleted_at"], json!(null));
    }
    alice.delete_memo_for_good(id).await.expect_empty(204);
    for reader in [&alice, &bob] {
        reader.get_memo(id).await.problem("memo_not_found");
    }
    import(&imported).await.expect_status(200);
    for reader in [&alice, &bob] {
        assert_eq!(read_repeatedly(reader, id).await["title"], "imported");
    }
    alice.withdraw(&alice.password).await.expect_empty(204);
    alice.get_memo(id).await.expect_status(401);
    bob.get_memo(id).await.problem("memo_not_found");
}
