//! Who may do what with a memo: every operation, for every kind of caller, in every state of the memo.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::{Actor, Call, TestApp, contract::known};

/// The states of a memo. The one in the trash was public.
const STATES: [&str; 4] = ["private", "public", "trashed", "archived"];

/// The statuses of one operation, for each of [`STATES`].
struct Row {
    method: &'static str,
    path: &'static str,
    body: fn(&Shared) -> Value,
    owner: [u16; 4],
    /// Another user, and an administrator, who is one.
    others: [u16; 4],
    /// A client with the token of a share, and no other credential.
    holder: [u16; 4],
    anonymous: [u16; 4],
}

/// A memo and a share of it.
struct Shared {
    id: String,
    share_id: String,
    token: String,
}

fn nothing(_: &Shared) -> Value {
    Value::Null
}

const ALL_REFUSED: [u16; 4] = [401; 4];
const READ: [u16; 4] = [404, 200, 404, 200];
/// That a public memo exists is no secret.
const NOT_OWNED: [u16; 4] = [404, 403, 404, 403];

const fn row(method: &'static str, path: &'static str, owner: [u16; 4], others: [u16; 4]) -> Row {
    Row { method, path, body: nothing, owner, others, holder: ALL_REFUSED, anonymous: ALL_REFUSED }
}

/// A change of what the owner writes: not in the trash.
const fn change(method: &'static str, path: &'static str, done: u16, body: fn(&Shared) -> Value) -> Row {
    Row { body, ..row(method, path, [done, done, 409, done], NOT_OWNED) }
}

/// A read by the token of a share.
const fn shared(method: &'static str) -> Row {
    let by_token = [200, 200, 404, 200];
    let row = row(method, "/api/v1/shared/{token}", by_token, [404; 4]);
    Row { holder: by_token, anonymous: [404; 4], ..row }
}

/// The operations on one memo, and on what belongs to it.
const TABLE: &[Row] = &[
    row("get", "/api/v1/memos/{id}", [200; 4], READ),
    change("put", "/api/v1/memos/{id}", 200, |_| json!({"title": "b"})),
    change("patch", "/api/v1/memos/{id}", 200, |_| json!({"pinned": true})),
    row("delete", "/api/v1/memos/{id}", [204; 4], NOT_OWNED),
    Row { body: |_| json!({}), ..row("post", "/api/v1/memos/{id}/restore", [200; 4], NOT_OWNED) },
    change("post", "/api/v1/memos/{id}/tasks/{n}", 200, |_| json!({"done": true})),
    Row { body: |_| json!({"task": "title"}), ..row("post", "/api/v1/memos/{id}/completions", [200; 4], READ) },
    row("put", "/api/v1/memos/{id}/like", [204, 204, 409, 204], [404, 204, 404, 204]),
    row("delete", "/api/v1/memos/{id}/like", [204, 204, 409, 204], [404, 204, 404, 204]),
    row("get", "/api/v1/memos/{id}/likes", [200; 4], READ),
    row("get", "/api/v1/memos/{id}/backlinks", [200; 4], READ),
    row("get", "/api/v1/memos/{id}/shares", [200; 4], NOT_OWNED),
    change("post", "/api/v1/memos/{id}/shares", 201, |_| json!({})),
    row("delete", "/api/v1/memos/{id}/shares/{share_id}", [204; 4], NOT_OWNED),
    row("get", "/api/v1/memos/{id}/revisions", [200; 4], NOT_OWNED),
    row("get", "/api/v1/memos/{id}/revisions/{version}", [200; 4], NOT_OWNED),
    row("get", "/api/v1/memos/{id}/revisions/{a}/diff/{b}", [200; 4], NOT_OWNED),
    change("post", "/api/v1/memos/{id}/revisions/{version}/restore", 200, |_| json!({})),
    shared("get"),
    shared("post"),
    change(
        "post",
        "/api/v1/memos/batch",
        200,
        |shared| json!({"operations": [{"op": "update", "id": shared.id, "memo": {"pinned": true}}]}),
    ),
];

impl Row {
    fn call(&self, actor: &Actor, shared: &Shared, has_token: bool) -> Call {
        let token = if has_token { &*shared.token } else { "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA" };
        let target = self.path.replace("{id}", &shared.id).replace("{n}", "1");
        let target = ["{version}", "{a}", "{b}"].iter().fold(target, |target, name| target.replace(name, "1"));
        let target = target.replace("{share_id}", &shared.share_id).replace("{token}", token);
        let call = actor.call(&self.method.to_uppercase(), &target);
        match (self.body)(shared) {
            Value::Null if self.path.ends_with("{token}") && self.method == "post" => call.form(&[("password", "a")]),
            Value::Null => call,
            body if self.method == "patch" => call.merge_patch(&body),
            body => call.json(&body),
        }
    }
}

/// Creates a memo of the owner in a state, with a share.
async fn memo_in(state: &str, owner: &Actor) -> Shared {
    let visibility = if state == "private" { "private" } else { "public" };
    let body = json!({
        "title": "a", "content": "- [ ] a", "visibility": visibility, "archived": state == "archived",
    });
    let id = owner.create_memo(&body).await.expect_status(201).id().to_owned();
    owner.patch_memo(&id, &json!({"tags": ["a"]})).await.expect_status(200);
    let share = owner.share(&id, &json!({})).await.expect_status(201);
    if state == "trashed" {
        owner.delete_memo(&id).await.expect_empty(204);
    }
    Shared { id, share_id: share.id().to_owned(), token: share.text("token").to_owned() }
}

pub async fn every_operation_on_a_memo_admits_whom_it_should(app: TestApp) {
    let (owner, other, admin) = (app.user("alice").await, app.user("bob").await, app.admin("root").await);
    for row in TABLE {
        for (place, state) in STATES.into_iter().enumerate() {
            let shared = memo_in(state, &owner).await;
            let holder = app.anonymous().with_token(&shared.token);
            // The owner comes last, who changes the memo.
            for (name, actor, has_token, expected) in [
                ("anonymous", &app.anonymous(), false, row.anonymous),
                ("the holder of a share", &holder, true, row.holder),
                ("another user", &*other, false, row.others),
                ("an administrator", &*admin, false, row.others),
                ("the owner", &*owner, true, row.owner),
            ] {
                let response = row.call(actor, &shared, has_token).await;
                let what = format!("{name}, {} {} of a memo that is {state}", row.method, row.path);
                assert_eq!(response.status, expected[place], "{what}: {}", response.shown());
            }
        }
    }
}

pub async fn table_of_access_has_every_operation_on_a_memo(_: TestApp) {
    let is_of_memo = |path: &str| {
        ["/api/v1/memos/{id}", "/api/v1/shared/", "/api/v1/memos/batch"].iter().any(|start| path.starts_with(start))
    };
    let documented: BTreeSet<_> =
        known().operations().filter(|one| is_of_memo(one.path)).map(|one| (one.method, one.path)).collect();
    let in_table: BTreeSet<_> = TABLE.iter().map(|row| (row.method, row.path)).collect();
    assert_eq!(in_table, documented);
}

pub async fn private_memo_is_seen_in_no_list_of_another_user(app: TestApp) {
    let (alice, bob) = (app.user("alice").await, app.user("bob").await);
    let memo = json!({"title": "secret 회의록", "tags": ["hidden"], "visibility": "public"});
    let id = alice.create_memo(&memo).await.expect_status(201).id().to_owned();
    bob.like(&id).await.expect_empty(204);
    let queries: [&[(&str, &str)]; 5] = [
        &[("scope", "public")],
        &[("scope", "liked")],
        &[("scope", "public"), ("q", "회의")],
        &[("scope", "liked"), ("q", "secret")],
        &[("scope", "public"), ("tag", "hidden")],
    ];
    for query in queries {
        assert_eq!(bob.titles(query).await, ["secret 회의록"], "{query:?}");
    }
    alice.patch_memo(&id, &json!({"visibility": "private"})).await.expect_status(200);
    for query in queries {
        let page = bob.list_memos(query).query(&[("include_total", "true")]).await.expect_status(200);
        assert_eq!((page.titles().len(), &page["total"]), (0, &json!(0)), "{query:?}");
    }
    assert_eq!(bob.list_tags().await.expect_status(200)["items"], json!([]));
    assert_eq!(bob.changes(0).await.expect_status(200)["items"], json!([]));
}
