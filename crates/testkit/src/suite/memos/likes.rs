//! Likes of memos.

use serde_json::json;

use crate::{Actor, Response, TestApp, suite::send_concurrently};

const UNKNOWN: &str = "0198c0de-7f00-7000-8000-0000000000ff";

/// Creates a public memo and returns its id.
async fn public(owner: &Actor, title: &str) -> String {
    let body = json!({"title": title, "visibility": "public"});
    owner.create_memo(&body).await.expect_status(201).id().to_owned()
}

/// How often a memo is liked, and whether the caller likes it.
async fn likes(reader: &Actor, id: &str) -> (u64, bool) {
    of(&reader.get_memo(id).await.expect_status(200))
}

fn of(memo: &Response) -> (u64, bool) {
    (memo["like_count"].as_u64().expect("a number"), memo["liked"].as_bool().expect("a flag"))
}

pub async fn like_counts_once_and_changes_the_tag_but_not_the_version(app: TestApp) {
    let (alice, bob) = (app.user("alice").await, app.user("bob").await);
    let id = public(&alice, "a").await;
    let before = alice.get_memo(&id).await.expect_status(200);
    assert_eq!(of(&before), (0, false));
    for _ in 0..2 {
        bob.like(&id).await.expect_empty(204);
    }
    let liked = alice.get_memo(&id).if_none_match(before.tag()).await.expect_status(200);
    assert_eq!((of(&liked), likes(&bob, &id).await), ((1, false), (1, true)));
    assert_eq!((&liked["version"], &liked["updated_at"]), (&before["version"], &before["updated_at"]));
    assert_ne!(liked.tag(), before.tag());
    alice.like(&id).await.expect_empty(204);
    assert_eq!((likes(&alice, &id).await, likes(&bob, &id).await), ((2, true), (2, true)));
    // `If-Match` compares the version, and a changed memo keeps its likes.
    let patched = alice.patch_memo(&id, &json!({"title": "b"})).if_match(before.tag()).await.expect_status(200);
    assert_eq!((of(&patched), &patched["version"]), ((2, true), &json!(2)));
    for _ in 0..2 {
        bob.unlike(&id).await.expect_empty(204);
    }
    alice.unlike(&id).await.expect_empty(204);
    assert_eq!((likes(&alice, &id).await, likes(&bob, &id).await), ((0, false), (0, false)));
    // The owner is told of each, and who did not read the memo of none.
    let changes = alice.changes(0).await.expect_status(200);
    let kinds: Vec<_> = changes["items"].as_array().expect("items").iter().map(|change| &change["kind"]).collect();
    let expected = ["memo.created", "memo.liked", "memo.liked", "memo.updated", "memo.unliked", "memo.unliked"]
        .map(|kind| json!(kind));
    assert_eq!(kinds, expected.each_ref());
    assert_eq!(changes["items"][2]["version"], 1);
    assert_eq!(bob.changes(0).await.expect_status(200)["items"], json!([]));
}

pub async fn memo_that_can_not_be_read_can_not_be_liked(app: TestApp) {
    let (alice, bob) = (app.user("alice").await, app.user("bob").await);
    let (private, trashed) = (alice.memo("private").await, public(&alice, "trashed").await);
    bob.like(&trashed).await.expect_empty(204);
    alice.delete_memo(&trashed).await.expect_empty(204);
    for id in [&*private, &*trashed, UNKNOWN, "x"] {
        for call in [bob.like(id), bob.unlike(id), bob.likes(id)] {
            call.await.expect_status(404).problem("memo_not_found");
        }
    }
    for call in [alice.like(&trashed), alice.unlike(&trashed)] {
        call.await.expect_status(409).problem("memo_trashed");
    }
    assert_eq!(alice.likes(&trashed).await.expect_status(200)["items"][0]["id"], bob.id);
    assert_eq!(likes(&alice, &trashed).await, (1, false));
    assert_eq!(likes(&alice, &private).await, (0, false));
    alice.like(&private).json(&json!({"a": 1})).await.invalid("/a", "unknown_member");
    let reader = bob.with_scope("memos:read").await;
    reader.like(&private).await.expect_status(403).problem("insufficient_scope");
}

pub async fn liked_scope_lists_what_the_caller_likes_and_may_read(app: TestApp) {
    let (alice, bob) = (app.user("alice").await, app.user("bob").await);
    let (first, second) = (public(&alice, "first 회의록").await, public(&alice, "second").await);
    let (own, other) = (bob.memo("own 회의록").await, public(&bob, "other").await);
    for id in [&first, &second, &own] {
        bob.like(id).await.expect_empty(204);
    }
    alice.like(&other).await.expect_empty(204);
    let liked = [("scope", "liked"), ("sort", "title")];
    let page = bob.list_memos(&liked).query(&[("include_total", "true")]).await.expect_status(200);
    assert_eq!(
        (page.titles(), &page["total"]),
        (vec!["first 회의록".into(), "own 회의록".into(), "second".into()], &json!(3))
    );
    assert!(
        page["items"].as_array().expect("items").iter().all(|memo| memo["liked"] == true && memo["like_count"] == 1)
    );
    assert_eq!(alice.titles(&liked).await, ["other"]);
    assert_eq!(
        bob.titles(&[("scope", "liked"), ("q", "회의"), ("sort", "-title")]).await,
        ["own 회의록", "first 회의록"]
    );
    assert_eq!(bob.titles(&[("scope", "liked"), ("visibility", "private")]).await, ["own 회의록"]);
    // A memo that is no longer shown is neither listed nor counted, and returns with its likes.
    alice.patch_memo(&first, &json!({"visibility": "private"})).await.expect_status(200);
    alice.delete_memo(&second).await.expect_empty(204);
    assert_eq!(bob.titles(&liked).await, ["own 회의록"]);
    assert!(bob.titles(&[("scope", "liked"), ("trashed", "true")]).await.is_empty());
    assert_eq!(bob.titles(&[("scope", "liked"), ("q", "회의")]).await, ["own 회의록"]);
    alice.patch_memo(&first, &json!({"visibility": "public"})).await.expect_status(200);
    assert_eq!((bob.titles(&liked).await.len(), likes(&bob, &first).await), (2, (1, true)));
}

pub async fn users_who_like_a_memo_are_listed_in_pages(app: TestApp) {
    let alice = app.user("alice").await;
    let id = public(&alice, "a").await;
    assert_eq!(alice.likes(&id).await.expect_status(200)["items"], json!([]));
    let mut users = Vec::new();
    for name in ["bob", "carol", "dave"] {
        let user = app.user(name).await;
        user.like(&id).await.expect_empty(204);
        users.push(user.id.clone());
    }
    let first = alice.likes(&id).query(&[("limit", "2")]).await.expect_status(200);
    let liker = json!({"id": users[0], "display_name": "bob", "liked_at": "2026-01-31T09:00:00.123456Z"});
    assert_eq!(first["items"][0], liker);
    let cursor = first["page"]["next_cursor"].as_str().expect("a next page");
    let second = alice.likes(&id).query(&[("limit", "2"), ("cursor", cursor)]).await.expect_status(200);
    assert_eq!(second["page"]["next_cursor"], json!(null));
    let ids: Vec<_> = [&first, &second].into_iter().flat_map(|page| page["items"].as_array().expect("items")).collect();
    assert_eq!(ids.iter().map(|liker| liker["id"].as_str().expect("an id")).collect::<Vec<_>>(), users);
    // A cursor is one of this memo's list.
    let other = public(&alice, "b").await;
    alice.likes(&other).query(&[("cursor", cursor)]).await.invalid_parameter("cursor", "invalid_cursor");
}

pub async fn cached_pages_follow_likes(app: TestApp) {
    let (alice, bob) = (app.user("alice").await, app.user("bob").await);
    let id = public(&alice, "a").await;
    let all = [("scope", "public")];
    let seen = async |reader: &Actor, query: &[(&str, &str)]| {
        let page = reader.list_memos(query).await.expect_status(200);
        (page["items"][0]["like_count"].as_u64().expect("a number"), page["items"][0]["liked"] == true)
    };
    // From the second request on, a response may be a cached one.
    let check = async |count, by_alice, by_bob| {
        for _ in 0..3 {
            assert_eq!((likes(&alice, &id).await, seen(&alice, &[]).await), ((count, by_alice), (count, by_alice)));
            assert_eq!((seen(&alice, &all).await, seen(&bob, &all).await), ((count, by_alice), (count, by_bob)));
            assert_eq!(likes(&bob, &id).await, (count, by_bob));
        }
    };
    check(0, false, false).await;
    bob.like(&id).await.expect_empty(204);
    check(1, false, true).await;
    alice.like(&id).await.expect_empty(204);
    check(2, true, true).await;
    let batch = alice.batch(&json!([{"op": "update", "id": id, "memo": {"pinned": true}}])).await.expect_status(200);
    assert_eq!(
        (&batch["results"][0]["memo"]["like_count"], &batch["results"][0]["memo"]["liked"]),
        (&json!(2), &json!(true))
    );
    bob.unlike(&id).await.expect_empty(204);
    check(1, true, false).await;
    alice.delete_memo(&id).await.expect_empty(204);
    assert_eq!(of(&alice.restore_memo(&id).await.expect_status(200)), (1, true));
}

pub async fn likes_of_many_users_at_once_are_all_counted(app: TestApp) {
    let alice = app.user("alice").await;
    let id = public(&alice, "a").await;
    let mut users = Vec::new();
    for n in 0..30 {
        users.push(app.user(&format!("user{n}")).await);
    }
    for response in send_concurrently(users.iter().map(|user| user.like(&id))).await {
        response.expect_empty(204);
    }
    assert_eq!(likes(&alice, &id).await, (30, false));
    // Half of them change their mind, while the others repeat what they did.
    let calls = (0..).zip(&users).map(|(n, user)| if n % 2 == 0 { user.like(&id) } else { user.unlike(&id) });
    for response in send_concurrently(calls).await {
        response.expect_empty(204);
    }
    assert_eq!((likes(&alice, &id).await, likes(&users[0], &id).await), ((15, false), (15, true)));
}

pub async fn likes_of_a_withdrawn_user_are_gone(app: TestApp) {
    let (alice, bob, carol) = (app.user("alice").await, app.user("bob").await, app.user("carol").await);
    let id = public(&alice, "a").await;
    for user in [&bob, &carol] {
        user.like(&id).await.expect_empty(204);
    }
    for _ in 0..3 {
        assert_eq!(likes(&alice, &id).await, (2, false));
    }
    bob.withdraw(&bob.password).await.expect_empty(204);
    assert_eq!(likes(&alice, &id).await, (1, false));
    let left = alice.likes(&id).await.expect_status(200);
    assert_eq!((&left["items"][0]["id"], &left["items"][1]), (&json!(carol.id), &json!(null)));
}
