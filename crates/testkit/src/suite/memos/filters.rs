use std::time::Duration;

use serde_json::json;

use crate::{Actor, TestApp};

/// The titles of a list, in order of creation. The total must equal the number of items.
async fn listed(actor: &Actor, query: &[(&str, &str)]) -> Vec<String> {
    let mut query = query.to_vec();
    query.extend([("sort", "created_at"), ("include_total", "true")]);
    let list = actor.list_memos(&query).await.expect_status(200);
    assert_eq!(list["total"], list.titles().len(), "{query:?}");
    list.titles()
}

pub async fn memo_list_has_own_memos_only(app: TestApp) {
    let (alice, bob) = (app.user("alice").await, app.user("bob").await);
    alice.memo("private").await;
    alice.create_memo(&json!({"title": "public", "visibility": "public"})).await.expect_status(201);
    assert_eq!(listed(&alice, &[]).await, ["private", "public"]);
    assert_eq!(listed(&alice, &[("scope", "mine")]).await, ["private", "public"]);
    assert_eq!(listed(&bob, &[]).await, Vec::<String>::new());
}

pub async fn public_scope_lists_public_memos_of_all_users(app: TestApp) {
    let (alice, bob) = (app.user("alice").await, app.user("bob").await);
    for (actor, title) in [(&alice, "hers"), (&bob, "his")] {
        actor.memo(&format!("{title}, private")).await;
        actor.create_memo(&json!({"title": title, "visibility": "public"})).await.expect_status(201);
        let body = json!({"title": format!("{title}, archived"), "visibility": "public", "archived": true});
        actor.create_memo(&body).await.expect_status(201);
        let body = json!({"title": format!("{title}, trashed"), "visibility": "public"});
        let id = actor.create_memo(&body).await.expect_status(201).id().to_owned();
        actor.delete_memo(&id).await.expect_empty(204);
    }
    for actor in [&alice, &bob] {
        assert_eq!(listed(actor, &[("scope", "public")]).await, ["hers", "his"]);
        assert_eq!(listed(actor, &[("scope", "public"), ("trashed", "true")]).await, Vec::<String>::new());
        assert_eq!(listed(actor, &[("scope", "public"), ("visibility", "private")]).await, Vec::<String>::new());
    }
    let list = alice.list_memos(&[("scope", "public"), ("sort", "-created_at")]).await.expect_status(200);
    assert_eq!(list["items"][0]["owner"], json!({"id": bob.id, "display_name": "bob"}));
}

pub async fn memo_list_filters_by_flags(app: TestApp) {
    let alice = app.user("alice").await;
    for body in [
        json!({"title": "plain"}),
        json!({"title": "pinned", "pinned": true}),
        json!({"title": "archived", "archived": true}),
        json!({"title": "both", "pinned": true, "archived": true}),
        json!({"title": "public", "visibility": "public"}),
    ] {
        alice.create_memo(&body).await.expect_status(201);
    }
    let trashed = alice.memo("trashed").await;
    alice.delete_memo(&trashed).await.expect_empty(204);
    for (query, expected) in [
        (&[][..], &["plain", "pinned", "public"][..]),
        (&[("pinned", "true")], &["pinned"]),
        (&[("pinned", "false")], &["plain", "public"]),
        (&[("archived", "true")], &["archived", "both"]),
        (&[("archived", "false")], &["plain", "pinned", "public"]),
        (&[("archived", "true"), ("pinned", "true")], &["both"]),
        (&[("visibility", "public")], &["public"]),
        (&[("visibility", "private")], &["plain", "pinned"]),
        (&[("trashed", "true")], &["trashed"]),
        (&[("trashed", "false")], &["plain", "pinned", "public"]),
        (&[("trashed", "true"), ("pinned", "true")], &[]),
    ] {
        assert_eq!(listed(&alice, query).await, expected, "{query:?}");
    }
}

pub async fn memo_list_filters_by_all_given_tags(app: TestApp) {
    let alice = app.user("alice").await;
    for (title, tags) in [
        ("both", json!(["Work", "urgent"])),
        ("work", json!(["work"])),
        ("none", json!([])),
        ("korean", json!(["\u{1112}\u{1161}\u{11ab}글"])),
        ("worker", json!(["worker"])),
    ] {
        alice.create_memo(&json!({"title": title, "tags": tags})).await.expect_status(201);
    }
    for (tags, expected) in [
        (&["WORK"][..], &["both", "work"][..]),
        (&[" work "], &["both", "work"]),
        (&["work", "Urgent"], &["both"]),
        (&["work", "work"], &["both", "work"]),
        (&["urgent", "nowhere"], &[]),
        (&["한글"], &["korean"]),
        (&["wor"], &[]),
    ] {
        let query: Vec<_> = tags.iter().map(|tag| ("tag", *tag)).collect();
        assert_eq!(listed(&alice, &query).await, expected, "{tags:?}");
    }
    // Memos of another user with this tag are not listed.
    let bob = app.user("bob").await;
    assert_eq!(listed(&bob, &[("tag", "work")]).await, Vec::<String>::new());
}

pub async fn tag_filter_has_up_to_twenty_different_tags(app: TestApp) {
    let alice = app.user("alice").await;
    let tags: Vec<_> = (0..21).map(|n| format!("tag {n}")).collect();
    alice.create_memo(&json!({"title": "all", "tags": &tags[..20]})).await.expect_status(201);
    let query = |tags: &[String]| -> Vec<_> { tags.iter().map(|tag| ("tag", tag.clone())).collect() };
    let list = async |query: Vec<(&str, String)>| {
        let query: Vec<_> = query.iter().map(|(name, tag)| (*name, &**tag)).collect();
        alice.list_memos(&query).await
    };
    assert_eq!(list(query(&tags[..20])).await.expect_status(200).titles(), ["all"]);
    let twice = tags[..20].iter().chain(&tags[..20]).map(|tag| tag.to_uppercase()).collect::<Vec<_>>();
    assert_eq!(list(query(&twice)).await.expect_status(200).titles(), ["all"]);
    list(query(&tags)).await.invalid_parameter("tag", "too_many");
}

pub async fn tag_filter_has_no_wildcards(app: TestApp) {
    let alice = app.user("alice").await;
    for tag in ["a%c", "a_c", "abc", "a*c", "a\\c", "[a-c]", "a?c", "'"] {
        alice.create_memo(&json!({"title": tag, "tags": [tag]})).await.expect_status(201);
    }
    for tag in ["a%c", "a_c", "abc", "a*c", "a\\c", "[a-c]", "a?c", "'"] {
        assert_eq!(listed(&alice, &[("tag", tag)]).await, [tag]);
    }
    for tag in ["%", "_", "a%", "___", "*", "\\", "\\%", "' OR 1=1 --", "\"", "a__c"] {
        assert_eq!(listed(&alice, &[("tag", tag)]).await, Vec::<String>::new(), "{tag}");
    }
}

pub async fn time_filters_have_exclusive_bounds(app: TestApp) {
    let alice = app.user("alice").await;
    let mut ids = Vec::new();
    let mut times = Vec::new();
    for title in ["1", "2", "3"] {
        ids.push(alice.memo(title).await);
        times.push(app.now());
        app.clock.advance(Duration::from_secs(10));
    }
    alice.patch_memo(&ids[0], &json!({"content": "later"})).await.expect_status(200);
    let later = app.now();
    for (query, expected) in [
        (vec![("created_after", &*times[0])], &["2", "3"][..]),
        (vec![("created_after", &times[2])], &[]),
        (vec![("created_before", &times[2])], &["1", "2"]),
        (vec![("created_before", &times[0])], &[]),
        (vec![("created_after", &times[0]), ("created_before", &times[2])], &["2"]),
        (vec![("updated_after", &times[1])], &["1", "3"]),
        (vec![("updated_before", &later)], &["2", "3"]),
        (vec![("updated_after", &later)], &[]),
        // Other notations: an offset, fractions of other lengths, the limits of the range.
        (vec![("created_after", "2026-01-31T18:00:00.123456+09:00")], &["2", "3"]),
        (vec![("created_after", "2026-01-31T09:00:00.1Z")], &["1", "2", "3"]),
        (vec![("created_after", "2026-01-31T09:00:00.123455999Z")], &["1", "2", "3"]),
        (vec![("created_after", "0001-01-01T00:00:00Z")], &["1", "2", "3"]),
        (vec![("created_before", "9999-12-31T23:59:59.999999Z")], &["1", "2", "3"]),
        (vec![("updated_after", "9999-12-31T23:59:59Z")], &[]),
    ] {
        assert_eq!(listed(&alice, &query).await, expected, "{query:?}");
    }
}

pub async fn invalid_list_parameter_is_rejected_by_name(app: TestApp) {
    let alice = app.user("alice").await;
    for (query, name, code) in [
        ("limit=0", "limit", "too_small"),
        ("limit=-1", "limit", "too_small"),
        ("limit=-9223372036854775808", "limit", "too_small"),
        ("limit=101", "limit", "too_large"),
        ("limit=9223372036854775807", "limit", "too_large"),
        ("offset=9223372036854775807", "offset", "too_large"),
        ("limit=99999999999999999999", "limit", "wrong_type"),
        ("limit=abc", "limit", "wrong_type"),
        ("limit=", "limit", "wrong_type"),
        ("limit=1.5", "limit", "wrong_type"),
        ("offset=-1", "offset", "too_small"),
        ("offset=-99999999999999999999", "offset", "wrong_type"),
        ("offset=99999999999999999999", "offset", "wrong_type"),
        ("offset=x", "offset", "wrong_type"),
        ("include_total=1", "include_total", "wrong_type"),
        ("pinned=yes", "pinned", "wrong_type"),
        ("archived=null", "archived", "wrong_type"),
        ("archived=", "archived", "wrong_type"),
        ("trashed=TRUE", "trashed", "wrong_type"),
        ("visibility=secret", "visibility", "invalid_choice"),
        ("scope=everyones", "scope", "invalid_choice"),
        ("sort=titel", "sort", "invalid_choice"),
        ("sort=", "sort", "invalid_choice"),
        ("sort=title,created_at", "sort", "invalid_choice"),
        ("tag=", "tag", "too_short"),
        ("tag=%00", "tag", "nul_character"),
        ("tag=%0a", "tag", "control_character"),
        ("tag=ok&tag=%20", "tag", "too_short"),
        ("created_after=yesterday", "created_after", "malformed"),
        ("created_before=2026-01-31", "created_before", "malformed"),
        ("updated_after=2026-01-31T25:00:00Z", "updated_after", "malformed"),
        ("updated_before=", "updated_before", "malformed"),
        ("colour=red", "colour", "unknown_member"),
        ("Limit=1", "Limit", "unknown_member"),
        ("owner_id=0198c0de-7f00-7000-8000-00000000000a", "owner_id", "unknown_member"),
    ] {
        alice.get(&format!("/api/v1/memos?{query}")).await.invalid_parameter(name, code);
    }
    // A repeated parameter is ambiguous.
    for (query, name) in
        [("limit=1&limit=2", "limit"), ("sort=title&sort=title", "sort"), ("cursor=a&cursor=a", "cursor")]
    {
        let response = alice.get(&format!("/api/v1/memos?{query}")).await.problem("validation_failed");
        assert_eq!((response.errors().len(), response.errors()[0].1), (1, name), "{query}");
    }
    let long = "가".repeat(51);
    alice.list_memos(&[("tag", &long)]).await.invalid_parameter("tag", "too_long");
}
