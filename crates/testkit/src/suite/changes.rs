//! The change feed: what an offline client needs to catch up.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::{
    Actor, Response, TestApp,
    suite::{DAY, assert_json},
};

/// The sequence numbers of a page. They must follow `since` without a gap.
#[track_caller]
fn numbers(page: &Response, since: u64) -> Vec<u64> {
    let items = page["items"].as_array().unwrap_or_else(|| panic!("no list: {}", page.shown()));
    let numbers: Vec<_> = items.iter().map(|item| item["seq"].as_u64().expect("a number")).collect();
    let expected: Vec<_> = (since + 1..).take(numbers.len()).collect();
    assert_eq!(numbers, expected, "{}", page.shown());
    assert_eq!(page["next_since"], numbers.last().copied().unwrap_or(since), "{}", page.shown());
    numbers
}

/// The kind, memo and version of each change after `since`.
pub(super) async fn changes_after(actor: &Actor, since: u64) -> Vec<(String, String, u64)> {
    let page = actor.changes(since).query(&[("limit", "100")]).await.expect_status(200);
    numbers(&page, since);
    let text = |item: &Value, field: &str| item[field].as_str().expect("a string").to_owned();
    let items = page["items"].as_array().into_iter().flatten();
    items
        .map(|item| (text(item, "kind"), text(item, "memo_id"), item["version"].as_u64().expect("a version")))
        .collect()
}

pub async fn change_feed_is_empty_at_first(app: TestApp) {
    let alice = app.user("alice").await;
    let page = alice.get("/api/v1/changes").await.expect_status(200);
    let page = page.expect_header("cache-control", "private, no-cache");
    assert_eq!(page.json, json!({"items": [], "next_since": 0}));
}

pub async fn change_feed_lists_every_kind_of_change(app: TestApp) {
    let alice = app.user("alice").await;
    let id = alice.memo("a").await;
    app.clock.advance(Duration::from_secs(1));
    let first = alice.get("/api/v1/changes").await.expect_status(200);
    assert_json!(first.json, @r#"
    {
      "items": [
        {
          "at": "2026-01-31T09:00:00.123456Z",
          "kind": "memo.created",
          "memo_id": "019c1347-d2fb-7000-8000-00000000000a",
          "seq": 1,
          "version": 1
        }
      ],
      "next_since": 1
    }
    "#);
    alice.patch_memo(&id, &json!({"pinned": true})).await.expect_status(200);
    alice.put_memo(&id, &json!({"title": "b"})).await.expect_status(200);
    alice.delete_memo(&id).await.expect_empty(204);
    alice.restore_memo(&id).await.expect_status(200);
    app.clock.advance(Duration::from_secs(1));
    alice.delete_memo_for_good(&id).await.expect_empty(204);
    let expected = [
        ("memo.created", 1),
        ("memo.updated", 2),
        ("memo.updated", 3),
        ("memo.trashed", 4),
        ("memo.restored", 5),
        // A deletion is the only trace of a deleted memo. It has the memo's last version.
        ("memo.deleted", 5),
    ];
    assert_eq!(changes_after(&alice, 0).await, expected.map(|(kind, version)| (kind.to_owned(), id.clone(), version)));
    let last = alice.changes(5).await.expect_status(200);
    assert_eq!(last["items"][0]["at"], app.now());
}

pub async fn change_feed_pages_are_gapless(app: TestApp) {
    let alice = app.user("alice").await;
    for n in 0..25 {
        alice.memo(&n.to_string()).await;
    }
    let whole = changes_after(&alice, 0).await;
    assert_eq!(whole.len(), 25);
    let first = alice.get("/api/v1/changes").await.expect_status(200);
    assert_eq!(numbers(&first, 0).len(), 20);
    assert_eq!(numbers(&alice.changes(20).await.expect_status(200), 20).len(), 5);
    for limit in [1, 7, 25, 100] {
        let (mut since, mut count) = (0, 0);
        loop {
            let page = alice.changes(since).query(&[("limit", &limit.to_string())]).await.expect_status(200);
            let page_numbers = numbers(&page, since);
            let Some(last) = page_numbers.last() else { break };
            assert!(page_numbers.len() == limit || *last == 25, "{}", page.shown());
            (since, count) = (*last, count + page_numbers.len());
        }
        assert_eq!((since, count), (25, 25), "limit {limit}");
    }
}

pub async fn change_feed_has_own_memos_only(app: TestApp) {
    let (alice, bob) = (app.user("alice").await, app.user("bob").await);
    let body = json!({"title": "a", "visibility": "public"});
    let public = alice.create_memo(&body).await.expect_status(201).id().to_owned();
    alice.memo("private").await;
    let bobs = bob.memo("bobs").await;
    bob.get_memo(&public).await.expect_status(200);
    alice.delete_memo(&public).await.expect_empty(204);
    assert_eq!(changes_after(&bob, 0).await, [("memo.created".to_owned(), bobs, 1)]);
    assert_eq!(changes_after(&alice, 0).await.len(), 3);
}

pub async fn failed_and_no_op_requests_add_no_change(app: TestApp) {
    let (alice, bob) = (app.user("alice").await, app.user("bob").await);
    let memo = alice.create_memo(&json!({"title": "a", "visibility": "public"})).await.expect_status(201);
    let (id, title) = (memo.id(), json!({"title": "b"}));
    let trashed = alice.memo("trashed").await;
    alice.delete_memo(&trashed).await.expect_empty(204);
    let before = changes_after(&alice, 0).await;
    alice.create_memo(&json!({"title": ""})).await.expect_status(422);
    alice.create_memo(&json!({"title": "a", "remind_at": "2020-01-01T00:00:00Z"})).await.expect_status(422);
    alice.patch_memo(id, &json!({"remind_at": "2020-01-01T00:00:00Z"})).await.expect_status(422);
    alice.put_memo(id, &title).if_match("\"other\"").await.expect_status(412);
    alice.patch_memo(&trashed, &title).await.expect_status(409);
    alice.delete_memo("0198c0de-7f00-7000-8000-0000000000ff").await.expect_status(404);
    bob.patch_memo(id, &title).await.expect_status(403);
    bob.delete_memo_for_good(id).await.expect_status(403);
    // Requests that succeed without changing anything add no change either.
    alice.delete_memo(&trashed).await.expect_empty(204);
    alice.restore_memo(id).await.expect_status(200);
    alice.get_memo(id).await.expect_status(200);
    alice.patch_me(&json!({"display_name": "A"})).await.expect_status(200);
    assert_eq!(changes_after(&alice, 0).await, before);
    assert_eq!(changes_after(&bob, 0).await, []);
}

pub async fn since_beyond_the_last_change_requires_a_resync(app: TestApp) {
    let alice = app.user("alice").await;
    let rejected = async |since: u64, next_since: u64| {
        let response = alice.changes(since).await.expect_status(410).problem("resync_required");
        assert_eq!(response["next_since"], next_since, "{}", response.shown());
        let page = alice.changes(next_since).await.expect_status(200);
        assert_eq!(page.json, json!({"items": [], "next_since": next_since}));
    };
    rejected(1, 0).await;
    for n in 0..3 {
        alice.memo(&n.to_string()).await;
    }
    assert_eq!(numbers(&alice.changes(2).await.expect_status(200), 2), [3]);
    assert!(numbers(&alice.changes(3).await.expect_status(200), 3).is_empty());
    rejected(4, 3).await;
    rejected(9_007_199_254_740_991, 3).await;
    let response = alice.changes(4).header("accept-language", "ko").await.problem("resync_required");
    let response = response.expect_header("content-language", "ko").expect_header("cache-control", "no-store");
    assert!(response.text("detail").contains("next_since"));
}

pub async fn changes_older_than_180_days_require_a_resync(app: TestApp) {
    let alice = app.user("alice").await;
    alice.memo("first").await;
    app.clock.advance(Duration::from_micros(1));
    alice.memo("second").await;
    app.clock.advance((180 * DAY).saturating_sub(Duration::from_micros(1)));
    let alice = alice.with_scope("").await;
    assert_eq!(changes_after(&alice, 0).await.len(), 2);
    app.clock.advance(Duration::from_micros(1));
    let response = alice.changes(0).await.expect_status(410).problem("resync_required");
    assert_eq!(response["next_since"], 2);
    // Newer changes can still be followed.
    assert_eq!(changes_after(&alice, 1).await.len(), 1);
    app.clock.advance(Duration::from_micros(1));
    alice.changes(1).await.problem("resync_required");
    // A client that has seen everything has missed nothing, no matter how long ago.
    assert_eq!(changes_after(&alice, 2).await, []);
    alice.memo("third").await;
    assert_eq!(changes_after(&alice, 2).await.len(), 1);
    assert_eq!(alice.changes(0).await.problem("resync_required")["next_since"], 3);
}

pub async fn change_feed_has_no_gaps_under_concurrent_writes(app: TestApp) {
    const WRITERS: u64 = 16;
    const MEMOS: u64 = 10;
    let alice = app.user("alice").await;
    let mut writers = JoinSet::new();
    for writer in 0..WRITERS {
        let alice = alice.clone();
        writers.spawn(async move {
            for n in 0..MEMOS {
                alice.memo(&format!("{writer}: {n}")).await;
            }
        });
    }
    let mut since = 0;
    while since < WRITERS * MEMOS {
        let are_writers_done = writers.is_empty();
        while writers.try_join_next().is_some_and(|result| result.is_ok()) {}
        let page = alice.changes(since).query(&[("limit", "100")]).await.expect_status(200);
        if let Some(last) = numbers(&page, since).last() {
            since = *last;
            // A change in the feed is committed.
            let newest = page["items"].as_array().and_then(|items| items.last()).expect("an item");
            alice.get_memo(newest["memo_id"].as_str().expect("an id")).await.expect_status(200);
        } else {
            assert!(!are_writers_done, "all writers are done, but the feed ends at {since}");
        }
    }
    let list = alice.list_memos(&[("include_total", "true"), ("limit", "1")]).await.expect_status(200);
    assert_eq!((since, &list["total"]), (WRITERS * MEMOS, &json!(WRITERS * MEMOS)));
}

pub async fn unchanged_feed_is_not_sent_again(app: TestApp) {
    let alice = app.user("alice").await;
    alice.memo("a").await;
    let page = alice.changes(1).await.expect_status(200);
    alice.changes(1).if_none_match(page.tag()).await.expect_empty(304);
    alice.changes(0).if_none_match(page.tag()).await.expect_status(200);
    alice.memo("b").await;
    let more = alice.changes(1).if_none_match(page.tag()).await.expect_status(200);
    assert_eq!(numbers(&more, 1), [2]);
}

pub async fn invalid_feed_parameter_is_rejected_by_name(app: TestApp) {
    let alice = app.user("alice").await;
    for (query, name, code) in [
        ("since=-1", "since", "too_small"),
        ("since=-9223372036854775808", "since", "too_small"),
        ("since=9007199254740992", "since", "too_large"),
        ("since=9223372036854775807", "since", "too_large"),
        ("since=9223372036854775808", "since", "wrong_type"),
        ("since=18446744073709551615", "since", "wrong_type"),
        ("since=", "since", "wrong_type"),
        ("since=abc", "since", "wrong_type"),
        ("since=1.0", "since", "wrong_type"),
        ("since=2026-01-31T09:00:00Z", "since", "wrong_type"),
        ("limit=0", "limit", "too_small"),
        ("limit=101", "limit", "too_large"),
        ("limit=x", "limit", "wrong_type"),
        ("cursor=x", "cursor", "unknown_member"),
        ("offset=0", "offset", "unknown_member"),
    ] {
        alice.get(&format!("/api/v1/changes?{query}")).await.invalid_parameter(name, code);
    }
    alice.get("/api/v1/changes?since=0&since=0").await.problem("validation_failed");
}
