//! Lists of search results: with filters, by relevance, in pages.

use std::time::Duration;

use serde_json::json;

use super::search::create;
use crate::{TestApp, suite::merged};

const NONE: [&str; 0] = [];

pub async fn search_combines_with_filters(app: TestApp) {
    let alice = app.user("alice").await;
    for (title, fields) in [
        ("회의 plain", json!({})),
        ("회의 tagged", json!({"tags": ["work"]})),
        ("other tagged", json!({"tags": ["work"]})),
        ("회의 archived", json!({"archived": true})),
        ("회의 pinned", json!({"pinned": true})),
        ("회의 public", json!({"visibility": "public"})),
    ] {
        alice.create_memo(&merged(json!({"title": title}), &fields)).await.expect_status(201);
        app.clock.advance(Duration::from_secs(1));
    }
    let trashed = alice.memo("회의 trashed").await;
    alice.delete_memo(&trashed).await.expect_empty(204);
    for (query, expected) in [
        (&[][..], &["plain", "tagged", "pinned", "public"][..]),
        (&[("tag", "WORK")], &["tagged"]),
        (&[("tag", "none")], &[]),
        (&[("archived", "true")], &["archived"]),
        (&[("pinned", "true")], &["pinned"]),
        (&[("visibility", "private")], &["plain", "tagged", "pinned"]),
        (&[("trashed", "true")], &["trashed"]),
        (&[("scope", "public")], &["public"]),
        (&[("created_after", "2026-01-31T09:00:03Z")], &["pinned", "public"]),
        (&[("updated_before", "2026-01-31T09:00:01Z")], &["plain"]),
    ] {
        let mut query = query.to_vec();
        query.extend([("q", "회의"), ("sort", "created_at"), ("include_total", "true")]);
        let list = alice.list_memos(&query).await.expect_status(200);
        let expected: Vec<_> = expected.iter().map(|title| format!("회의 {title}")).collect();
        assert_eq!((list.titles(), &list["total"]), (expected.clone(), &json!(expected.len())), "{query:?}");
        // The total counts the whole list, whatever the page.
        query.extend([("limit", "1"), ("offset", "1")]);
        let page = alice.list_memos(&query).await.expect_status(200);
        assert_eq!(page["total"], expected.len(), "{query:?}");
        assert_eq!(page.titles(), expected.get(1).into_iter().cloned().collect::<Vec<_>>(), "{query:?}");
    }
}

pub async fn search_finds_public_memos_of_others_in_the_public_scope(app: TestApp) {
    let (alice, bob) = (app.user("alice").await, app.user("bob").await);
    create(&alice, "alice, private", "회의").await;
    let body = json!({"title": "alice, public", "content": "회의", "visibility": "public"});
    let public = alice.create_memo(&body).await.expect_status(201).id().to_owned();
    create(&bob, "bob", "회의").await;
    assert_eq!(bob.found("회의").await, ["bob"]);
    assert_eq!(alice.found("회의").await, ["alice, public", "alice, private"]);
    let query = [("q", "회의"), ("scope", "public"), ("include_total", "true")];
    for user in [&alice, &bob] {
        let list = user.list_memos(&query).await.expect_status(200);
        assert_eq!((list.titles(), &list["total"]), (vec!["alice, public".to_owned()], &json!(1)));
    }
    assert_eq!(bob.titles(&[("q", "-없음"), ("scope", "public")]).await, ["alice, public"]);
    alice.patch_memo(&public, &json!({"visibility": "private"})).await.expect_status(200);
    assert_eq!(bob.titles(&query).await, NONE);
}

pub async fn search_reflects_changes_immediately(app: TestApp) {
    let alice = app.user("alice").await;
    let id = create(&alice, "first", "사과").await;
    assert_eq!(alice.found("사과").await, ["first"]);
    alice.patch_memo(&id, &json!({"content": "바나나"})).await.expect_status(200);
    assert_eq!((alice.found("사과").await, alice.found("바나").await), (vec![], vec!["first".to_owned()]));
    alice.put_memo(&id, &json!({"title": "second"})).await.expect_status(200);
    assert_eq!((alice.found("바나나").await, alice.found("first").await), (vec![], vec![]));
    assert_eq!(alice.found("econ").await, ["second"]);
    alice.delete_memo(&id).await.expect_empty(204);
    assert_eq!(alice.found("second").await, NONE);
    assert_eq!(alice.titles(&[("q", "second"), ("trashed", "true")]).await, ["second"]);
    alice.restore_memo(&id).await.expect_status(200);
    assert_eq!(alice.found("second").await, ["second"]);
    alice.delete_memo_for_good(&id).await.expect_empty(204);
    assert_eq!(alice.found("second").await, NONE);
    assert_eq!(alice.titles(&[("q", "second"), ("trashed", "true")]).await, NONE);
}

pub async fn relevance_ranks_memos_by_words_in_the_title(app: TestApp) {
    let alice = app.user("alice").await;
    for (title, content) in [
        ("weekly 회의록", ""),
        ("in the text", "weekly 회의"),
        ("회의 at noon", "weekly"),
        ("weekly 회의, too", ""),
        ("also in the text", "회의 weekly weekly weekly"),
        ("WEEKLY plan", "회의"),
    ] {
        app.clock.advance(Duration::from_secs(1));
        create(&alice, title, content).await;
    }
    let expected =
        ["weekly 회의, too", "weekly 회의록", "WEEKLY plan", "회의 at noon", "also in the text", "in the text"];
    let query = [("q", "Weekly 회의 -draft"), ("sort", "relevance")];
    assert_eq!(alice.titles(&query).await, expected);
    for limit in ["1", "2", "4"] {
        let (mut paged, mut by_offset) = (Vec::new(), Vec::new());
        let mut page = alice.list_memos(&query).query(&[("limit", limit)]).await.expect_status(200);
        loop {
            paged.extend(page.titles());
            let offset = paged.len() - page.titles().len();
            let same = alice.list_memos(&query).query(&[("limit", limit), ("offset", &offset.to_string())]).await;
            by_offset.extend(same.expect_status(200).titles());
            match page.link("next") {
                Some(next) => page = alice.get(&next).await.expect_status(200),
                None => break,
            }
        }
        assert_eq!(paged, expected, "{limit}");
        assert_eq!(by_offset, expected, "{limit}");
    }
    // If nothing is searched for, or if there are only exclusions, all memos are equally relevant: latest first.
    let mut latest = alice.titles(&[]).await;
    assert_eq!(alice.titles(&[("sort", "relevance")]).await, latest);
    assert_eq!(alice.titles(&[("sort", "relevance"), ("q", "-nowhere")]).await, latest);
    latest.retain(|title| title.contains("회의"));
    assert_eq!(alice.titles(&[("sort", "relevance"), ("q", "회의 -text -plan")]).await, latest);
}

pub async fn search_pages_contain_each_memo_once(app: TestApp) {
    let alice = app.user("alice").await;
    for n in 0..23_u64 {
        let title = ["회의", "other", "회의 team", "team"][usize::try_from(n % 4).unwrap_or(0)];
        create(&alice, title, "회의 of the team").await;
        app.clock.advance(Duration::from_secs(n / 5 % 2));
    }
    alice.memo("not this one").await;
    let ids = |response: &crate::Response| -> Vec<_> {
        response["items"].as_array().expect("a list").iter().map(|item| item["id"].to_string()).collect()
    };
    for sort in ["relevance", "-updated_at", "created_at", "title"] {
        let query = [("q", "TEAM 회의"), ("sort", sort), ("include_total", "true")];
        let whole = alice.list_memos(&query).query(&[("limit", "100")]).await.expect_status(200);
        assert_eq!((ids(&whole).len(), &whole["total"]), (23, &json!(23)));
        let mut page = alice.list_memos(&query).query(&[("limit", "4")]).await.expect_status(200);
        let mut paged = ids(&page);
        while let Some(next) = page.link("next") {
            // Memos that are added while paging do not shift the remaining pages.
            if paged.len() == 8 && sort == "relevance" {
                app.clock.advance(Duration::from_secs(1));
                create(&alice, "team 회의", "new").await;
            }
            page = alice.get(&next).await.expect_status(200);
            paged.extend(ids(&page));
        }
        assert_eq!(paged, ids(&whole), "{sort}");
        for new in alice.list_memos(&[("q", "new")]).await["items"].as_array().into_iter().flatten() {
            alice.delete_memo_for_good(new["id"].as_str().expect("an id")).await.expect_empty(204);
        }
    }
}

pub async fn cursor_of_another_search_is_rejected(app: TestApp) {
    let alice = app.user("alice").await;
    for _ in 0..3 {
        create(&alice, "회의", "team").await;
    }
    for sort in ["relevance", "title"] {
        let first = alice.list_memos(&[("q", "회의 team"), ("sort", sort), ("limit", "1")]).await.expect_status(200);
        let cursor = first["page"]["next_cursor"].as_str().expect("a next page");
        for other in ["회의", "team 회의", "\"회의 team\"", ""] {
            let query = [("q", other), ("sort", sort), ("cursor", cursor)];
            alice.list_memos(&query).await.invalid_parameter("cursor", "invalid_cursor");
        }
        let other = if sort == "title" { "relevance" } else { "title" };
        let query = [("q", "회의 team"), ("sort", other), ("cursor", cursor)];
        alice.list_memos(&query).await.invalid_parameter("cursor", "invalid_cursor");
        let same = alice.list_memos(&[("q", "회의  TEAM"), ("sort", sort), ("cursor", cursor)]).await;
        assert_eq!(same.expect_status(200).titles().len(), 2);
    }
}
