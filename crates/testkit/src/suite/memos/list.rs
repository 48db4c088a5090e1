use std::time::Duration;

use serde_json::json;

use crate::{Actor, Response, TestApp, suite::assert_json};

/// Creates memos titled "1" to `number`, a second apart.
async fn add(app: &TestApp, actor: &Actor, number: usize) {
    for n in 1..=number {
        app.clock.advance(Duration::from_secs(1));
        actor.memo(&n.to_string()).await;
    }
}

/// The titles of all pages, following `next_cursor`.
async fn all_titles(actor: &Actor, query: &[(&str, &str)]) -> Vec<String> {
    let (mut titles, mut cursor) = (Vec::new(), None::<String>);
    loop {
        let mut query = query.to_vec();
        query.extend(cursor.as_deref().map(|cursor| ("cursor", cursor)));
        let page = actor.list_memos(&query).await.expect_status(200);
        titles.extend(page.titles());
        match page["page"]["next_cursor"].as_str() {
            Some(next) => cursor = Some(next.to_owned()),
            None => return titles,
        }
    }
}

/// The titles, position and total of a page.
fn page(response: &Response) -> serde_json::Value {
    json!({"titles": response.titles(), "page": response["page"], "total": response["total"]})
}

pub async fn memo_list_is_empty_at_first(app: TestApp) {
    let list = app.user("alice").await.list_memos(&[]).await.expect_status(200);
    let list = list.expect_no_header("link").expect_header("cache-control", "private, no-cache");
    assert_json!(list.json, @r#"
    {
      "items": [],
      "page": {
        "limit": 20,
        "next_cursor": null,
        "offset": 0
      }
    }
    "#);
}

pub async fn memo_list_has_complete_memos(app: TestApp) {
    let alice = app.user("alice").await;
    let body = json!({"title": "a", "content": "b", "tags": ["c", "d"], "remind_at": "2026-03-01T00:00:00Z"});
    let memo = alice.create_memo(&body).await.expect_status(201);
    let list = alice.list_memos(&[("include_total", "true")]).await.expect_status(200);
    let info = json!({"limit": 20, "offset": 0, "next_cursor": null});
    assert_eq!(list.json, json!({"items": [memo.json], "page": info, "total": 1}));
}

pub async fn page_limit_defaults_to_twenty(app: TestApp) {
    let alice = app.user("alice").await;
    add(&app, &alice, 21).await;
    let list = alice.list_memos(&[]).await.expect_status(200);
    assert_eq!((list.titles().len(), &list["page"]["limit"]), (20, &json!(20)));
    let rest = alice.get(&list.link("next").expect("a next page")).await.expect_status(200);
    assert_eq!(rest.titles(), ["1"]);
}

pub async fn offset_pages_are_linked(app: TestApp) {
    let alice = app.user("alice").await;
    add(&app, &alice, 5).await;
    let query = [("limit", "2"), ("offset", "0"), ("sort", "created_at"), ("include_total", "true")];
    let first = alice.list_memos(&query).await.expect_status(200);
    assert_json!(page(&first), @r#"
    {
      "page": {
        "limit": 2,
        "next_cursor": "SWteAP0yGjAAAAAAAAAAAgGcE0fay3AAgAAAAAAAAAx0AAZJq1CuqsA",
        "offset": 0
      },
      "titles": [
        "1",
        "2"
      ],
      "total": 5
    }
    "#);
    assert_eq!((first.link("prev"), first.link("last")), (None, None));
    let second = alice.get(&first.link("next").expect("a next page")).await.expect_status(200);
    assert_eq!((second.titles(), &second["page"]["offset"]), (vec!["3".into(), "4".into()], &json!(2)));
    let third = alice.get(&second.link("next").expect("a next page")).await.expect_status(200);
    assert_eq!((third.titles(), third.link("next")), (vec!["5".into()], None));
    assert_eq!((&third["page"]["next_cursor"], &third["total"]), (&json!(null), &json!(5)));
    let back = alice.get(&third.link("prev").expect("a previous page")).await.expect_status(200);
    assert_eq!(back.json, second.json);
    for response in [&first, &second, &third] {
        let start = alice.get(&response.link("first").expect("the first page")).await.expect_status(200);
        assert_eq!(start.titles(), ["1", "2"]);
    }
    // A page that overlaps two: its previous page starts at offset 0.
    let query = [("limit", "2"), ("offset", "1"), ("sort", "created_at")];
    let between = alice.list_memos(&query).await.expect_status(200);
    assert_eq!(between.titles(), ["2", "3"]);
    let before = alice.get(&between.link("prev").expect("a previous page")).await.expect_status(200);
    assert_eq!((before.titles()[0].as_str(), &before["page"]["offset"]), ("1", &json!(0)));
}

pub async fn offset_past_the_end_gives_an_empty_page(app: TestApp) {
    let alice = app.user("alice").await;
    add(&app, &alice, 2).await;
    for offset in ["2", "1000000", "9007199254740991"] {
        let list = alice.list_memos(&[("offset", offset), ("include_total", "true")]).await.expect_status(200);
        assert_eq!((list.titles().len(), &list["total"], &list["page"]["next_cursor"]), (0, &json!(2), &json!(null)));
        assert_eq!(list.link("next"), None);
        assert_eq!(list["page"]["offset"].to_string(), offset);
    }
}

pub async fn cursor_pages_contain_each_memo_once(app: TestApp) {
    let alice = app.user("alice").await;
    // Several memos share a time and a title.
    for n in 0..11 {
        alice.memo(if n % 2 == 0 { "same" } else { "SAME" }).await;
        app.clock.advance(Duration::from_secs(n / 4 % 2));
    }
    for sort in ["-updated_at", "updated_at", "-created_at", "created_at", "title", "-title", "relevance"] {
        let whole = alice.list_memos(&[("sort", sort), ("limit", "100")]).await.expect_status(200);
        let ids = |response: &Response| -> Vec<_> {
            response["items"].as_array().expect("a list").iter().map(|item| item["id"].to_string()).collect()
        };
        let (mut paged, mut target) = (Vec::new(), Some(format!("/api/v1/memos?sort={sort}&limit=3")));
        while let Some(next) = target {
            let page = alice.get(&next).await.expect_status(200);
            paged.extend(ids(&page));
            target = page.link("next");
            assert_eq!(target.is_some(), page["page"]["next_cursor"].is_string());
        }
        assert_eq!(paged, ids(&whole), "{sort}");
    }
}

pub async fn cursor_page_reports_its_offset(app: TestApp) {
    let alice = app.user("alice").await;
    add(&app, &alice, 3).await;
    let first = alice.list_memos(&[("limit", "1"), ("include_total", "true")]).await.expect_status(200);
    let cursor = first["page"]["next_cursor"].as_str().expect("a next page");
    let query = [("limit", "1"), ("include_total", "true"), ("cursor", cursor)];
    let second = alice.list_memos(&query).await.expect_status(200);
    assert_eq!((&second["page"]["offset"], &second["total"]), (&json!(1), &json!(3)));
    assert_eq!((second.link("prev"), second.link("first")), (None, None));
    assert!(second.link("next").is_some());
    // The limit may change from page to page.
    let rest = alice.list_memos(&[("limit", "50"), ("cursor", cursor)]).await.expect_status(200);
    assert_eq!(rest.titles(), ["2", "1"]);
}

pub async fn cursor_pages_are_stable_under_inserts_and_deletes(app: TestApp) {
    let alice = app.user("alice").await;
    add(&app, &alice, 4).await;
    let first = alice.list_memos(&[("limit", "2")]).await.expect_status(200);
    assert_eq!(first.titles(), ["4", "3"]);
    let cursor = first["page"]["next_cursor"].as_str().expect("a next page");
    app.clock.advance(Duration::from_secs(1));
    alice.memo("new").await;
    let moved = alice.list_memos(&[("limit", "2"), ("offset", "1")]).await.expect_status(200);
    assert_eq!(moved.titles(), ["4", "3"]);
    // The memo that the cursor points to may be deleted.
    let last = first["items"][1]["id"].as_str().expect("an id");
    alice.delete_memo_for_good(last).await.expect_empty(204);
    let second = alice.list_memos(&[("limit", "2"), ("cursor", cursor)]).await.expect_status(200);
    assert_eq!(second.titles(), ["2", "1"]);
}

pub async fn memo_list_is_sorted_as_requested(app: TestApp) {
    let alice = app.user("alice").await;
    for title in ["banana", "나", "Apple", "가", "apple", "10", "Zebra", "9"] {
        app.clock.advance(Duration::from_secs(1));
        alice.memo(title).await;
    }
    app.clock.advance(Duration::from_secs(1));
    let list = alice.list_memos(&[("sort", "created_at"), ("limit", "1")]).await.expect_status(200);
    let banana = list["items"][0]["id"].as_str().expect("an id").to_owned();
    alice.patch_memo(&banana, &json!({"pinned": true})).await.expect_status(200);

    let by_creation = ["banana", "나", "Apple", "가", "apple", "10", "Zebra", "9"];
    let by_update = ["나", "Apple", "가", "apple", "10", "Zebra", "9", "banana"];
    let by_title = ["10", "9", "Apple", "apple", "banana", "Zebra", "가", "나"];
    for (sort, expected) in [("created_at", by_creation), ("updated_at", by_update), ("title", by_title)] {
        assert_eq!(alice.titles(&[("sort", sort)]).await, expected, "{sort}");
        assert_eq!(all_titles(&alice, &[("sort", sort), ("limit", "3")]).await, expected, "{sort}");
        let mut reversed = expected;
        reversed.reverse();
        assert_eq!(all_titles(&alice, &[("sort", &format!("-{sort}")), ("limit", "3")]).await, reversed, "-{sort}");
    }
    let mut latest = by_update;
    latest.reverse();
    assert_eq!(alice.titles(&[]).await, latest);
}

pub async fn cursor_of_another_list_is_rejected(app: TestApp) {
    let (alice, bob) = (app.user("alice").await, app.user("bob").await);
    add(&app, &alice, 3).await;
    add(&app, &bob, 3).await;
    let list = alice.list_memos(&[("limit", "1")]).await.expect_status(200);
    let cursor = list["page"]["next_cursor"].as_str().expect("a next page");
    let assert_cursor_rejected = |response: Response| response.invalid_parameter("cursor", "invalid_cursor");
    assert_cursor_rejected(bob.list_memos(&[("cursor", cursor)]).await);
    for other in [("sort", "title"), ("sort", "updated_at"), ("pinned", "true"), ("tag", "a"), ("trashed", "true")] {
        assert_cursor_rejected(alice.list_memos(&[("cursor", cursor), other]).await);
    }
    let mut damaged = cursor.to_owned();
    damaged.replace_range(0..1, if cursor.starts_with('A') { "B" } else { "A" });
    for garbage in ["", "x", "garbage!", "%00", "한", &damaged, &cursor[..cursor.len() - 4], &"A".repeat(4_000)] {
        assert_cursor_rejected(alice.list_memos(&[("cursor", garbage)]).await);
    }
    let both = [("cursor", cursor), ("offset", "0")];
    alice.list_memos(&both).await.invalid_parameter("cursor", "conflicting_parameters");
}

pub async fn unchanged_memo_list_is_not_sent_again(app: TestApp) {
    let alice = app.user("alice").await;
    let id = alice.memo("a").await;
    let list = alice.list_memos(&[]).await.expect_status(200);
    let again = alice.list_memos(&[]).if_none_match(list.tag()).await.expect_empty(304);
    assert_eq!(again.tag(), list.tag());
    alice.list_memos(&[("limit", "1")]).if_none_match(list.tag()).await.expect_status(200);
    alice.patch_memo(&id, &json!({"content": "b"})).await.expect_status(200);
    let changed = alice.list_memos(&[]).if_none_match(list.tag()).await.expect_status(200);
    assert_eq!(changed["items"][0]["content"], "b");
}
