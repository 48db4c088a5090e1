use std::{collections::BTreeSet, time::Duration};

use serde_json::json;

use crate::{
    TestApp,
    suite::{assert_json, invalid_memo_fields, merged, send_concurrently},
};

pub async fn memo_is_created_with_all_fields(app: TestApp) {
    let alice = app.user("Alice").await;
    let body = json!({
        "title": "주간회의록",
        "content": "# 안건\n\n- 배포 일정\n",
        "tags": ["work", "2026"],
        "pinned": true,
        "archived": true,
        "visibility": "public",
        "remind_at": "2026-02-01T10:30:00.5+09:00",
    });
    let memo = alice.create_memo(&body).await.expect_status(201);
    let memo = memo.expect_header("cache-control", "private, no-cache");
    assert_json!(memo.json, @r##"
    {
      "archived": true,
      "content": "# 안건\n\n- 배포 일정\n",
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
      "remind_at": "2026-02-01T01:30:00.500Z",
      "reminded_at": null,
      "snippet": "안건 배포 일정",
      "tags": [
        "work",
        "2026"
      ],
      "title": "주간회의록",
      "updated_at": "2026-01-31T09:00:00.123456Z",
      "version": 1,
      "visibility": "public"
    }
    "##);
    assert_eq!(memo["owner"]["id"], *alice.id);
    let location = memo.header("location").expect("a `Location` header").to_owned();
    assert_eq!(location, format!("/api/v1/memos/{}", memo.id()));
    let read = alice.get(&location).await.expect_status(200);
    assert_eq!(read.json, memo.json);
    assert_eq!(read.tag(), memo.tag());
}

pub async fn memo_is_created_with_a_title_only(app: TestApp) {
    let alice = app.user("Alice").await;
    let memo = alice.create_memo(&json!({"title": "a"})).await.expect_status(201);
    assert_json!(memo.json, @r#"
    {
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
      "pinned": false,
      "remind_at": null,
      "reminded_at": null,
      "snippet": "",
      "tags": [],
      "title": "a",
      "updated_at": "2026-01-31T09:00:00.123456Z",
      "version": 1,
      "visibility": "private"
    }
    "#);
}

pub async fn invalid_new_memo_is_rejected_with_its_pointer(app: TestApp) {
    let alice = app.user("alice").await;
    for (fields, pointer, code) in invalid_memo_fields() {
        alice.create_memo(&merged(json!({"title": "a"}), &fields)).await.invalid(pointer, code);
    }
    alice.create_memo(&json!({})).await.invalid("/title", "required");
    alice.create_memo(&json!({"title": null})).await.invalid("/title", "wrong_type");
    assert_eq!(alice.list_memos(&[("include_total", "true")]).await["total"], 0);
}

pub async fn all_invalid_values_of_a_memo_are_reported_together(app: TestApp) {
    let alice = app.user("alice").await;
    let body = json!({"title": "", "tags": ["a", "", "b\0"], "remind_at": "soon"});
    let response = alice.create_memo(&body).await.problem("validation_failed");
    let mut errors = response.errors();
    errors.sort_unstable();
    let expected = [
        ("pointer", "/remind_at", "malformed"),
        ("pointer", "/tags/1", "too_short"),
        ("pointer", "/tags/2", "nul_character"),
        ("pointer", "/title", "too_short"),
    ];
    assert_eq!(errors, expected);
}

pub async fn validation_failure_is_a_problem_document(app: TestApp) {
    let alice = app.user("alice").await;
    let call = alice.create_memo(&json!({"title": "x".repeat(201)})).header("x-request-id", "mine");
    let response = call.await.problem("validation_failed");
    assert_json!(response.json, @r##"
    {
      "code": "validation_failed",
      "detail": "Nothing was changed. The field `errors` lists what to correct.",
      "errors": [
        {
          "code": "too_long",
          "detail": "Too long: at most 200 characters are allowed.",
          "pointer": "/title"
        }
      ],
      "instance": "/api/v1/memos",
      "request_id": "mine",
      "status": 422,
      "title": "Validation failed",
      "type": "http://memo.test/docs/errors#validation_failed"
    }
    "##);
}

pub async fn values_at_their_limits_are_accepted(app: TestApp) {
    let alice = app.user("alice").await;
    let tags: Vec<_> = (0..20).map(|n| format!("{n:02}{}", "나".repeat(48))).collect();
    let body = json!({"title": "🎈".repeat(200), "content": "🎈".repeat(100_000), "tags": tags});
    let memo = alice.create_memo(&body).await.expect_status(201);
    let read = alice.get_memo(memo.id()).await.expect_status(200);
    for field in ["title", "content", "tags"] {
        assert_eq!(read[field], body[field], "{field}");
    }
}

pub async fn tags_are_trimmed_normalized_and_deduplicated(app: TestApp) {
    let alice = app.user("alice").await;
    let mut tags = vec![" Work ".to_owned(), "work".into(), "WORK".into(), "\u{1112}\u{1161}\u{11ab}".into()];
    let body = json!({"title": "a", "tags": tags});
    assert_eq!(alice.create_memo(&body).await.expect_status(201)["tags"], json!(["Work", "한"]));
    // A tag may contain any character but control characters.
    let body = json!({"title": "a", "tags": ["a b", "#1", "50%", "a,b", "a_b", "🎈"]});
    assert_eq!(alice.create_memo(&body).await.expect_status(201)["tags"], body["tags"]);
    tags.clear();
    assert_eq!(alice.create_memo(&json!({"title": "a", "tags": tags})).await.expect_status(201)["tags"], json!([]));
}

pub async fn past_reminder_is_rejected(app: TestApp) {
    let alice = app.user("alice").await;
    let body = json!({"title": "a", "remind_at": "2026-01-31T09:00:00.123457Z"});
    alice.create_memo(&body).await.expect_status(201);
    app.clock.advance(Duration::from_micros(1));
    alice.create_memo(&body).await.invalid("/remind_at", "not_in_future");
}

pub async fn memo_ids_sort_by_creation(app: TestApp) {
    let alice = app.user("alice").await;
    let mut ids = Vec::new();
    for n in 0..20 {
        ids.push(alice.memo("a").await);
        app.clock.advance(Duration::from_millis(n % 2));
    }
    assert!(ids.is_sorted_by(|a, b| a < b), "{ids:?}");
    for id in ids {
        assert_eq!((id.len(), &id[14..15], id.to_lowercase()), (36, "7", id.clone()), "not a UUIDv7 in lower case");
    }
}

pub async fn concurrent_creates_all_succeed(app: TestApp) {
    let alice = app.user("alice").await;
    let titles: BTreeSet<_> = (0..100).map(|n| format!("memo {n:03}")).collect();
    let responses = send_concurrently(titles.iter().map(|title| alice.create_memo(&json!({"title": title})))).await;
    let ids: BTreeSet<_> = responses.into_iter().map(|response| response.expect_status(201).id().to_owned()).collect();
    assert_eq!(ids.len(), 100);
    let list = alice.list_memos(&[("limit", "100"), ("include_total", "true")]).await.expect_status(200);
    assert_eq!(list["total"], 100);
    assert_eq!(list.titles().into_iter().collect::<BTreeSet<_>>(), titles);
}
