//! What a response may hold, and what a user may have.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Value, json};

use crate::{Actor, Response, TestApp};

/// The maximum size of a page of memos, in bytes.
const MAX_PAGE: usize = 4 << 20;

fn next_cursor(page: &Response) -> Option<String> {
    page["page"]["next_cursor"].as_str().map(str::to_owned)
}

/// Creates memos with this many distinct tags, 20 each.
async fn create_tags(actor: &Actor, tags: usize) {
    let memo = |first: usize| {
        let tags: Vec<_> = (first..tags.min(first + 20)).map(|n| format!("tag {n}")).collect();
        json!({"op": "create", "memo": {"title": "a", "tags": tags}})
    };
    let memos: Vec<_> = (0..tags).step_by(20).map(memo).collect();
    for batch in memos.chunks(100) {
        actor.batch(&batch.to_vec().into()).await.expect_status(200);
    }
}

pub async fn tags_are_listed_in_pages(app: TestApp) {
    let alice = app.user("alice").await;
    create_tags(&alice, 45).await;
    let (mut tags, mut sizes, mut query) = (Vec::new(), Vec::new(), String::new());
    loop {
        let page = alice.get(&format!("/api/v1/tags?limit=20{query}")).await.expect_status(200);
        let items = page["items"].as_array().expect("a list");
        tags.extend(items.iter().map(|item| item["tag"].as_str().expect("a tag").to_owned()));
        sizes.push(items.len());
        let Some(cursor) = next_cursor(&page) else { break };
        assert!(page.header("link").is_some_and(|link| link.contains("rel=\"next\"") && link.contains(&cursor)));
        query = format!("&cursor={cursor}");
    }
    let mut expected: Vec<_> = (0..45).map(|n| format!("tag {n}")).collect();
    expected.sort();
    assert_eq!((tags, sizes), (expected, vec![20, 20, 5]));
    alice.get("/api/v1/tags?limit=0").await.expect_status(422);
    alice.get("/api/v1/tags?limit=101").await.expect_status(422);
    alice.get("/api/v1/tags?offset=1").await.expect_status(422);
    alice.get("/api/v1/tags?cursor=x").await.expect_status(422);
}

pub async fn user_has_at_most_5000_tags(app: TestApp) {
    let alice = app.user("alice").await;
    create_tags(&alice, 5_000).await;
    let plain = alice.memo("a").await;
    let refused = |response: Response| response.expect_status(409).problem("too_many_tags");
    let new = json!({"title": "b", "tags": ["TAG 7", "new"]});
    refused(alice.create_memo(&new).await);
    refused(alice.patch_memo(&plain, &json!({"tags": ["new"]})).await);
    refused(alice.put_memo(&plain, &new).await);
    let batch = alice.batch(&json!([{"op": "create", "memo": {"title": "c"}}, {"op": "create", "memo": new}])).await;
    assert_eq!(batch.expect_status(409)["code"], "too_many_tags");
    let line = json!({
        "kind": "memo", "id": "0198c0de-7f00-7000-8000-00000000000a", "title": "a", "tags": ["new"],
        "created_at": app.now(), "updated_at": app.now(),
    });
    let import = alice.call("POST", "/api/v1/me/import").body("application/x-ndjson", line.to_string().into_bytes());
    refused(import.await);
    assert_eq!(alice.get_memo(&plain).await["version"], 1);
    // Tags that the user has already, and other names.
    alice.create_memo(&json!({"title": "b", "tags": ["TAG 7", "tag 4999"]})).await.expect_status(201);
    alice.patch_tag("tag 7", "new").await.expect_status(200);
    refused(alice.patch_memo(&plain, &json!({"tags": ["tag 7"]})).await);
    // A memo in the trash has its tags again when it is restored.
    alice.delete_memo(&plain).await.expect_empty(204);
    let trashed = alice.create_memo(&json!({"title": "c", "tags": ["tag 8"]})).await.expect_status(201).id().to_owned();
    alice.delete_memo(&trashed).await.expect_empty(204);
    alice.restore_memo(&trashed).await.expect_status(200);
    alice.delete_memo(&trashed).await.expect_empty(204);
    alice.restore_memo(&plain).await.expect_status(200);
    alice.delete_tag("tag 8").await.expect_empty(204);
    alice.patch_memo(&plain, &json!({"tags": ["tag 7"]})).await.expect_status(200);
    refused(alice.restore_memo(&trashed).await);
    alice.patch_memo(&plain, &json!({"tags": []})).await.expect_status(200);
    alice.restore_memo(&trashed).await.expect_status(200);
    alice.delete_tag("tag 8").await.expect_empty(204);
    alice.patch_memo(&plain, &json!({"tags": ["tag 7"]})).await.expect_status(200);
    // The last memo with a tag may have another one instead.
    refused(alice.patch_memo(&plain, &json!({"tags": ["tag 7", "last"]})).await);
    alice.patch_memo(&plain, &json!({"tags": ["last"]})).await.expect_status(200);
    let update = |id: &str, tag: &str| json!({"op": "update", "id": id, "memo": {"tags": [tag]}});
    let batch = json!([update(&plain, "tag 7"), update(&plain, "last"), update(&trashed, "tag 7")]);
    assert_eq!(alice.batch(&batch).await.expect_status(409)["code"], "too_many_tags");
    alice.batch(&json!([update(&plain, "tag 7"), update(&trashed, "tag 7")])).await.expect_status(200);
}

pub async fn page_of_large_memos_has_fewer_items(app: TestApp) {
    let alice = app.user("alice").await;
    // In JSON, each of these characters takes six bytes.
    let content = "\u{1}".repeat(100_000);
    let mut expected = Vec::new();
    for n in 0..9 {
        let body = json!({"title": n.to_string(), "content": content});
        expected.push(alice.create_memo(&body).await.expect_status(201).id().to_owned());
    }
    let ids = |page: &Response| -> Vec<String> {
        let items = page["items"].as_array().expect("a list").iter();
        items.map(|item| item["id"].as_str().expect("an id").to_owned()).collect()
    };
    let mut query = vec![("sort", "created_at".to_owned()), ("limit", "100".to_owned())];
    let mut found = Vec::new();
    loop {
        let page = alice.list_memos(&query.iter().map(|(name, value)| (*name, &**value)).collect::<Vec<_>>()).await;
        let page = page.expect_status(200);
        assert!(page.body.len() <= MAX_PAGE && (1..=6).contains(&ids(&page).len()), "{}", page.body.len());
        found.extend(ids(&page));
        let Some(cursor) = next_cursor(&page) else { break };
        query.truncate(2);
        query.push(("cursor", cursor));
    }
    assert_eq!(found, expected);
    // By offset, the next page begins after the last item.
    let first = alice.list_memos(&[("sort", "created_at"), ("offset", "0"), ("limit", "8")]).await.expect_status(200);
    let count = ids(&first).len();
    assert!(count < 8);
    assert!(first.header("link").is_some_and(|link| link.contains(&format!("offset={count}>; rel=\"next\""))));
    let rest = alice.list_memos(&[("sort", "created_at"), ("offset", &count.to_string()), ("limit", "3")]).await;
    assert_eq!(ids(&rest), expected[count..9.min(count + 3)]);
}

pub async fn repeated_parameters_are_merged_and_bounded(app: TestApp) {
    let alice = app.user("alice").await;
    alice.create_memo(&json!({"title": "a", "tags": ["x"]})).await.expect_status(201);
    let list = |tags: Vec<String>| {
        let query: Vec<_> = tags.into_iter().map(|tag| format!("tag={tag}")).collect();
        alice.get(&format!("/api/v1/memos?{}", query.join("&")))
    };
    let same = list((0..1_000).map(|n| if n % 2 == 0 { "x" } else { "X" }.to_owned()).collect()).await;
    assert_eq!(same.expect_status(200).titles(), ["a"]);
    list((0..20).map(|n| n.to_string()).collect()).await.expect_status(200);
    for count in [21, 1_000] {
        let refused = list((0..count).map(|n| n.to_string()).collect()).await.expect_status(422);
        assert_eq!(
            (&refused["errors"][0]["parameter"], &refused["errors"][0]["code"]),
            (&json!("tag"), &json!("too_many"))
        );
    }
    let unknown: Vec<_> = (0..50).map(|n| format!("unknown{n}=1")).collect();
    for path in ["/api/v1/memos", "/api/v1/me"] {
        let refused = alice.get(&format!("{path}?{}", unknown.join("&"))).await.expect_status(422);
        assert!(refused["errors"].as_array().is_some_and(|errors| (1..=20).contains(&errors.len())));
    }
}

pub async fn forged_cursor_is_refused(app: TestApp) {
    let alice = app.user("alice").await;
    for title in ["a", "b", "c"] {
        alice.memo(title).await;
    }
    for sort in ["updated_at", "-created_at", "title", "-title", "relevance"] {
        let list = async |cursor: &str| alice.list_memos(&[("sort", sort), ("limit", "1"), ("cursor", cursor)]).await;
        let page = alice.list_memos(&[("sort", sort), ("limit", "1")]).await.expect_status(200);
        let own = next_cursor(&page).expect("a cursor");
        list(&own).await.expect_status(200);
        // A checksum, the number of items before it, and the id: then the kind of position.
        let head = &URL_SAFE_NO_PAD.decode(own).expect("base64url")[..32];
        for position in [&b"t\0\0\0\0\0\0\0\0"[..], b"sabc", b"r\0\0\0\0\0\0\0\0\0\0\0\0", b"x", b""] {
            let forged = URL_SAFE_NO_PAD.encode([head, position].concat());
            let error: Value = list(&forged).await.expect_status(422)["errors"][0]["code"].clone();
            assert_eq!(error, "invalid_cursor", "{sort} {position:?}");
        }
    }
}
