//! Lists of what was searched for: with other filters, by relevance, page by page.

use std::time::Duration;

use serde_json::json;

use super::search::keep;
use crate::{TestApp, suite::merged};

const NONE: [&str; 0] = [];

pub async fn a_search_is_combined_with_filters(app: TestApp) {
    let alice = app.user("alice").await;
    for (title, members) in [
        ("회의 plain", json!({})),
        ("회의 tagged", json!({"tags": ["work"]})),
        ("other tagged", json!({"tags": ["work"]})),
        ("회의 archived", json!({"archived": true})),
        ("회의 pinned", json!({"pinned": true})),
        ("회의 public", json!({"visibility": "public"})),
    ] {
        alice.create_memo(&merged(json!({"title": title}), &members)).await.expect_status(201);
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
        // The number is that of the whole list, whatever the page.
        query.extend([("limit", "1"), ("offset", "1")]);
        let page = alice.list_memos(&query).await.expect_status(200);
        assert_eq!(page["total"], expected.len(), "{query:?}");
        assert_eq!(page.titles(), expected.get(1).into_iter().cloned().collect::<Vec<_>>(), "{query:?}");
    }
}

pub async fn another_members_memos_are_found_where_they_are_public(app: TestApp) {
    let (alice, bob) = (app.user("alice").await, app.user("bob").await);
    keep(&alice, "alice, private", "회의").await;
    let body = json!({"title": "alice, public", "content": "회의", "visibility": "public"});
    let public = alice.create_memo(&body).await.expect_status(201).id().to_owned();
    keep(&bob, "bob", "회의").await;
    assert_eq!(bob.found("회의").await, ["bob"]);
    assert_eq!(alice.found("회의").await, ["alice, public", "alice, private"]);
    let of_all = [("q", "회의"), ("scope", "public"), ("include_total", "true")];
    for member in [&alice, &bob] {
        let list = member.list_memos(&of_all).await.expect_status(200);
        assert_eq!((list.titles(), &list["total"]), (vec!["alice, public".to_owned()], &json!(1)));
    }
    assert_eq!(bob.titles(&[("q", "-없음"), ("scope", "public")]).await, ["alice, public"]);
    alice.patch_memo(&public, &json!({"visibility": "private"})).await.expect_status(200);
    assert_eq!(bob.titles(&of_all).await, NONE);
}

pub async fn a_search_sees_changes_at_once(app: TestApp) {
    let alice = app.user("alice").await;
    let id = keep(&alice, "first", "사과").await;
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

pub async fn a_title_with_more_of_the_words_is_more_relevant(app: TestApp) {
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
        keep(&alice, title, content).await;
    }
    let expected =
        ["weekly 회의, too", "weekly 회의록", "WEEKLY plan", "회의 at noon", "also in the text", "in the text"];
    let query = [("q", "Weekly 회의 -draft"), ("sort", "relevance")];
    assert_eq!(alice.titles(&query).await, expected);
    for limit in ["1", "2", "4"] {
        let (mut walked, mut by_offset) = (Vec::new(), Vec::new());
        let mut page = alice.list_memos(&query).query(&[("limit", limit)]).await.expect_status(200);
        loop {
            walked.extend(page.titles());
            let offset = walked.len() - page.titles().len();
            let same = alice.list_memos(&query).query(&[("limit", limit), ("offset", &offset.to_string())]).await;
            by_offset.extend(same.expect_status(200).titles());
            match page.link("next") {
                Some(next) => page = alice.get(&next).await.expect_status(200),
                None => break,
            }
        }
        assert_eq!(walked, expected, "{limit}");
        assert_eq!(by_offset, expected, "{limit}");
    }
    // Where nothing is searched, or nothing but excluded, all are equally relevant: the latest comes first.
    let mut latest = alice.titles(&[]).await;
    assert_eq!(alice.titles(&[("sort", "relevance")]).await, latest);
    assert_eq!(alice.titles(&[("sort", "relevance"), ("q", "-nowhere")]).await, latest);
    latest.retain(|title| title.contains("회의"));
    assert_eq!(alice.titles(&[("sort", "relevance"), ("q", "회의 -text -plan")]).await, latest);
}

pub async fn pages_of_a_search_have_each_memo_once(app: TestApp) {
    let alice = app.user("alice").await;
    for n in 0..23_u64 {
        let title = ["회의", "other", "회의 team", "team"][usize::try_from(n % 4).unwrap_or(0)];
        keep(&alice, title, "회의 of the team").await;
        app.clock.advance(Duration::from_secs(n / 5 % 2));
    }
    alice.memo("not this one").await;
    let ids = |answer: &crate::Answer| -> Vec<_> {
        answer["items"].as_array().expect("a list").iter().map(|item| item["id"].to_string()).collect()
    };
    for sort in ["relevance", "-updated_at", "created_at", "title"] {
        let query = [("q", "TEAM 회의"), ("sort", sort), ("include_total", "true")];
        let whole = alice.list_memos(&query).query(&[("limit", "100")]).await.expect_status(200);
        assert_eq!((ids(&whole).len(), &whole["total"]), (23, &json!(23)));
        let mut page = alice.list_memos(&query).query(&[("limit", "4")]).await.expect_status(200);
        let mut walked = ids(&page);
        while let Some(next) = page.link("next") {
            // What comes or changes behind one's back moves nothing that is still to come.
            if walked.len() == 8 && sort == "relevance" {
                app.clock.advance(Duration::from_secs(1));
                keep(&alice, "team 회의", "new").await;
            }
            page = alice.get(&next).await.expect_status(200);
            walked.extend(ids(&page));
        }
        assert_eq!(walked, ids(&whole), "{sort}");
        for new in alice.list_memos(&[("q", "new")]).await["items"].as_array().into_iter().flatten() {
            alice.delete_memo_for_good(new["id"].as_str().expect("an id")).await.expect_empty(204);
        }
    }
}

pub async fn a_cursor_is_good_for_its_search_alone(app: TestApp) {
    let alice = app.user("alice").await;
    for _ in 0..3 {
        keep(&alice, "회의", "team").await;
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
