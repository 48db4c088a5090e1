//! Several changes in one transaction: all of them, or none.

use std::time::Duration;

use serde_json::{Value, json};

use crate::{
    Response, TestApp,
    suite::{assert_json, merged, send_concurrently},
};

const MIB: usize = 1024 * 1024;
pub(super) fn create(title: &str) -> Value {
    json!({"op": "create", "memo": {"title": title}})
}

pub(super) fn update(id: &str, memo: &Value) -> Value {
    json!({"op": "update", "id": id, "memo": memo})
}

pub(super) fn delete(id: &str) -> Value {
    json!({"op": "delete", "id": id})
}

/// The status of each result.
fn statuses(response: &Response) -> Vec<u64> {
    let results = response["results"].as_array().unwrap_or_else(|| panic!("no `results`: {}", response.shown()));
    results.iter().map(|result| result["status"].as_u64().expect("a status")).collect()
}

pub async fn batch_applies_each_operation_as_if_sent_alone(app: TestApp) {
    let alice = app.user("Alice").await;
    let kept = alice.create_memo(&json!({"title": "kept", "tags": ["a"]})).await.expect_status(201);
    let (deleted, trashed) = (alice.memo("deleted").await, alice.memo("trashed").await);
    alice.delete_memo(&trashed).await.expect_empty(204);
    app.clock.advance(Duration::from_secs(1));
    let body =
        json!({"title": "주간회의록", "content": "# 안건\n", "tags": ["work"], "remind_at": "2026-03-01T00:00:00Z"});
    let response = alice
        .batch(&json!([
            {"op": "create", "memo": body},
            update(kept.id(), &json!({"pinned": true})),
            delete(&deleted),
            // Like a single DELETE, this succeeds for a memo that is already in the trash.
            delete(&trashed),
        ]))
        .await
        .expect_status(200)
        .expect_header("cache-control", "private, no-cache");
    assert_json!(response.json, @r##"
    {
      "results": [
        {
          "memo": {
            "archived": false,
            "content": "# 안건\n",
            "created_at": "2026-01-31T09:00:01.123456Z",
            "deleted_at": null,
            "has_tasks": false,
            "id": "019c1347-d6e3-7000-8000-000000000011",
            "like_count": 0,
            "liked": false,
            "open_tasks": 0,
            "owner": {
              "display_name": "Alice",
              "id": "019c1347-d2fb-7000-8000-000000000002"
            },
            "pinned": false,
            "remind_at": "2026-03-01T00:00:00Z",
            "reminded_at": null,
            "snippet": "안건",
            "tags": [
              "work"
            ],
            "title": "주간회의록",
            "updated_at": "2026-01-31T09:00:01.123456Z",
            "version": 1,
            "visibility": "private"
          },
          "status": 201
        },
        {
          "memo": {
            "archived": false,
            "content": "",
            "created_at": "2026-01-31T09:00:00.123456Z",
            "deleted_at": null,
            "has_tasks": false,
            "id": "019c1347-d2fb-7000-8000-00000000000a",
            "like_count": 0,
            "liked": false,
            "open_tasks": 0,
            "owner": {
              "display_name": "Alice",
              "id": "019c1347-d2fb-7000-8000-000000000002"
            },
            "pinned": true,
            "remind_at": null,
            "reminded_at": null,
            "snippet": "",
            "tags": [
              "a"
            ],
            "title": "kept",
            "updated_at": "2026-01-31T09:00:01.123456Z",
            "version": 2,
            "visibility": "private"
          },
          "status": 200
        },
        {
          "status": 204
        },
        {
          "status": 204
        }
      ]
    }
    "##);
    for result in &response["results"].as_array().expect("results")[..2] {
        let id = result["memo"]["id"].as_str().expect("an id");
        assert_eq!(alice.get_memo(id).await.expect_status(200).json, result["memo"]);
    }
    assert_eq!(alice.get_memo(&deleted).await.expect_status(200)["deleted_at"], app.now());
    assert_eq!(alice.found("회의").await, ["주간회의록"]);
}

pub async fn batch_operations_see_the_previous_ones(app: TestApp) {
    let alice = app.user("alice").await;
    let id = alice.memo("a").await;
    let versions = json!([
        merged(update(&id, &json!({"content": "b"})), &json!({"if_version": 1})),
        merged(update(&id, &json!({"pinned": true})), &json!({"if_version": 2})),
        delete(&id),
        delete(&id),
    ]);
    let response = alice.batch(&versions).await.expect_status(200);
    assert_eq!(statuses(&response), [200, 200, 204, 204]);
    let memo = alice.get_memo(&id).await.expect_status(200);
    assert_eq!((&memo["content"], &memo["pinned"], &memo["version"]), (&json!("b"), &json!(true), &json!(4)));
    // Each takes from a memo that this batch has created what it leaves as it is.
    let new = "0198c0de-7f00-7000-8000-00000000000b";
    let operations = json!([
        {"op": "create", "id": new, "memo": {"title": "a", "content": "b"}},
        merged(update(new, &json!({"title": "c"})), &json!({"if_version": 1})),
        update(new, &json!({"content": "d"})),
        update(new, &json!({"title": "e"})),
    ]);
    let response = alice.batch(&operations).await.expect_status(200);
    let memo = alice.get_memo(new).await.expect_status(200);
    assert_eq!((&memo["title"], &memo["content"], &memo["version"]), (&json!("e"), &json!("d"), &json!(4)));
    assert_eq!(response["results"][3]["memo"], memo.json);
}

pub async fn batch_takes_1_to_100_operations(app: TestApp) {
    let alice = app.user("alice").await;
    let many = |number: usize| Value::Array((0..number).map(|n| create(&format!("{n:03}"))).collect());
    let response = alice.batch(&many(100)).await.expect_status(200);
    assert_eq!(statuses(&response), [201; 100]);
    let results = response["results"].as_array().expect("results");
    assert!((0..100).all(|n| results[n]["memo"]["title"] == format!("{n:03}")));
    // All have the same creation time, but are listed in the order of their creation.
    let list = alice.list_memos(&[("sort", "created_at"), ("limit", "100")]).await.expect_status(200);
    assert!(list.titles().is_sorted());
    for number in [101, 1_000] {
        alice.batch(&many(number)).await.invalid("/operations", "too_many");
    }
    alice.batch(&json!([])).await.invalid("/operations", "required");
    for value in [json!(null), json!({}), json!("create"), json!(1), create("a")] {
        alice.batch(&value).await.invalid("/operations", "wrong_type");
    }
    let bare = alice.call("POST", "/api/v1/memos/batch");
    bare.json(&json!({})).await.invalid("/operations", "required");
    let list = alice.list_memos(&[("include_total", "true")]).await.expect_status(200);
    assert_eq!(list["total"], 100);
}

pub async fn batch_checks_the_given_versions(app: TestApp) {
    let alice = app.user("alice").await;
    let memo = alice.create_memo(&json!({"title": "a"})).await.expect_status(201);
    let with = |version: Value| {
        let memo = update(memo.id(), &json!({"content": version.to_string()}));
        json!([merged(memo, &json!({"if_version": version}))])
    };
    assert_eq!(statuses(&alice.batch(&with(json!(1))).await.expect_status(200)), [200]);
    // In JSON, 2.0 is the same number as 2.
    assert_eq!(statuses(&alice.batch(&with(json!(2.0))).await.expect_status(200)), [200]);
    for version in [1, 2, 4, 4_294_967_295_u32] {
        alice.batch(&with(json!(version))).await.expect_status(412).problem("precondition_failed");
    }
    for (version, code) in [
        (json!(0), "too_small"),
        (json!(-1), "too_small"),
        (json!(4_294_967_296_u64), "too_large"),
        (json!(u64::MAX), "too_large"),
        (json!(1e300), "too_large"),
        (json!(1.5), "wrong_type"),
        (json!("2"), "wrong_type"),
        (json!(memo.tag()), "wrong_type"),
        (json!(null), "wrong_type"),
        (json!([2]), "wrong_type"),
    ] {
        alice.batch(&with(version)).await.invalid("/operations/0/if_version", code);
    }
    assert_eq!(alice.get_memo(memo.id()).await["version"], 3);
}

pub async fn batch_update_is_a_merge_patch(app: TestApp) {
    let alice = app.user("alice").await;
    let full = json!({
        "title": "a", "content": "b", "tags": ["c"], "pinned": true, "archived": true, "visibility": "public",
        "remind_at": "2026-03-01T00:00:00Z",
    });
    for patch in [
        json!({}),
        json!({"remind_at": null}),
        json!({"content": null, "tags": null}),
        json!({"pinned": null, "archived": null, "visibility": null}),
        json!({"title": "b", "tags": ["d", "D", " e "], "remind_at": "2026-04-01T09:00:00+09:00"}),
    ] {
        let one = alice.create_memo(&full).await.expect_status(201);
        let other = alice.create_memo(&full).await.expect_status(201);
        let expected = alice.patch_memo(one.id(), &patch).await.expect_status(200);
        let response = alice.batch(&json!([update(other.id(), &patch)])).await.expect_status(200);
        let memo = merged(response["results"][0]["memo"].clone(), &json!({"id": one.id()}));
        assert_eq!(memo, expected.json, "{patch}");
    }
    // An unchanged reminder may be in the past.
    let id = alice.create_memo(&full).await.expect_status(201).id().to_owned();
    app.clock.advance(Duration::from_hours(24 * 60));
    let alice = alice.with_scope("").await;
    let same = json!([update(&id, &json!({"remind_at": "2026-03-01T00:00:00Z", "title": "b"}))]);
    alice.batch(&same).await.expect_status(200);
}

pub async fn batch_changes_are_in_the_feed_in_order(app: TestApp) {
    let alice = app.user("alice").await;
    let (one, two) = (alice.memo("one").await, alice.memo("two").await);
    let operations = json!([
        create("three"),
        delete(&two),
        update(&one, &json!({"pinned": true})),
        create("four"),
        update(&one, &json!({"pinned": false})),
        delete(&two),
    ]);
    let response = alice.batch(&operations).await.expect_status(200);
    let created = |n: usize| response["results"][n]["memo"]["id"].clone();
    let changes = alice.changes(2).await.expect_status(200);
    let items = changes["items"].as_array().expect("changes").iter();
    let changes: Vec<_> =
        items.map(|item| json!([item["seq"], item["kind"], item["memo_id"], item["version"]])).collect();
    let expected = [
        json!([3, "memo.created", created(0), 1]),
        json!([4, "memo.trashed", two, 2]),
        json!([5, "memo.updated", one, 2]),
        json!([6, "memo.created", created(3), 1]),
        json!([7, "memo.updated", one, 3]),
    ];
    assert_eq!(changes, expected);
}

pub async fn batch_body_may_have_16_mib(app: TestApp) {
    let alice = app.user("alice").await;
    let batch = |body: String| alice.call("POST", "/api/v1/memos/batch").body("application/json", body);
    let padded = |length: usize| {
        let body = json!({"operations": [create("padded")]}).to_string();
        " ".repeat(length - body.len()) + &body
    };
    batch(padded(16 * MIB)).await.expect_status(200);
    for length in [16 * MIB + 1, 20 * MIB] {
        batch(padded(length)).await.expect_status(413).problem("body_too_large");
    }
    alice.call("POST", "/api/v1/memos").body("application/json", padded(2 * MIB + 1)).await.expect_status(413);
    // Together, these memos exceed the limit of any other body.
    let content = "가".repeat(100_000);
    let mut operations: Vec<_> =
        (0..20).map(|n| json!({"op": "create", "memo": {"title": n.to_string(), "content": content}})).collect();
    let response = alice.batch(&json!(operations)).await.expect_status(200);
    assert_eq!(response["results"][19]["memo"]["content"], content);
    operations.push(json!({"op": "create", "memo": {"title": "one too many", "content": "가"}}));
    alice.batch(&json!(operations)).await.expect_status(413).problem("batch_too_large");
    let list = alice.list_memos(&[("include_total", "true"), ("limit", "1")]).await.expect_status(200);
    assert_eq!(list["total"], 21);
}

pub async fn concurrent_batches_with_one_version_succeed_once(app: TestApp) {
    let alice = app.user("alice").await;
    let id = alice.memo("a").await;
    for version in 1..=15 {
        let calls = ["left", "right"].map(|title| {
            let title = format!("{version} {title}");
            let change = merged(update(&id, &json!({"title": title})), &json!({"if_version": version}));
            alice.batch(&json!([create(&title), change]))
        });
        let mut statuses: Vec<_> = send_concurrently(calls).await.iter().map(|response| response.status).collect();
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 412], "version {version}");
    }
    let list = alice.list_memos(&[("include_total", "true"), ("limit", "1")]).await.expect_status(200);
    assert_eq!(list["total"], 16);
}

pub async fn concurrent_batches_all_apply(app: TestApp) {
    let alice = app.user("alice").await;
    let id = alice.memo("a").await;
    let calls = (0..12).map(|n| {
        alice.batch(&json!([create(&format!("{n}")), update(&id, &json!({"content": n.to_string()})), create("more")]))
    });
    for response in send_concurrently(calls).await {
        assert_eq!(statuses(&response.expect_status(200)), [201, 200, 201]);
    }
    let list = alice.list_memos(&[("include_total", "true"), ("limit", "1")]).await.expect_status(200);
    assert_eq!(list["total"], 25);
    assert_eq!(alice.get_memo(&id).await["version"], 13);
    // The changes of each batch are contiguous in the feed.
    let changes = alice.changes(1).query(&[("limit", "100")]).await.expect_status(200);
    let kinds: Vec<_> = changes["items"].as_array().expect("changes").iter().map(|item| &item["kind"]).collect();
    let expected = ["memo.created", "memo.updated", "memo.created"];
    assert!(kinds.len() == 36 && kinds.chunks(3).all(|kinds| kinds == expected), "{kinds:?}");
}
