//! `If-Match`: a change applies to the state that the client has seen, or not at all.

use serde_json::json;

use crate::{Call, TestApp, User, suite::send_concurrently};

/// Every call that evaluates `If-Match`.
fn changes(user: &User, id: &str) -> Vec<Call> {
    vec![
        user.put_memo(id, &json!({"title": "changed"})),
        user.patch_memo(id, &json!({"title": "changed"})),
        user.delete_memo(id),
        user.delete_memo_for_good(id),
    ]
}

pub async fn outdated_if_match_is_rejected(app: TestApp) {
    let alice = app.user("alice").await;
    let memo = alice.create_memo(&json!({"title": "a"})).await.expect_status(201);
    let newer = alice.patch_memo(memo.id(), &json!({"content": "b"})).await.expect_status(200);
    for call in changes(&alice, memo.id()) {
        call.if_match(memo.tag()).await.expect_status(412).problem("precondition_failed");
    }
    assert_eq!(alice.get_memo(memo.id()).await.expect_status(200).json, newer.json);
}

pub async fn current_if_match_is_accepted(app: TestApp) {
    let alice = app.user("alice").await;
    for (n, status) in [200, 200, 204, 204].into_iter().enumerate() {
        let memo = alice.create_memo(&json!({"title": "a"})).await.expect_status(201);
        let call = changes(&alice, memo.id()).swap_remove(n);
        call.if_match(memo.tag()).await.expect_status(status);
    }
}

pub async fn each_change_returns_the_next_etag(app: TestApp) {
    let alice = app.user("alice").await;
    let mut memo = alice.create_memo(&json!({"title": "a"})).await.expect_status(201);
    for n in 0..3 {
        let title = json!({"title": n.to_string()});
        memo = alice.put_memo(memo.id(), &title).if_match(memo.tag()).await.expect_status(200);
        memo = alice.patch_memo(memo.id(), &title).if_match(memo.tag()).await.expect_status(200);
    }
    alice.delete_memo(memo.id()).if_match(memo.tag()).await.expect_empty(204);
    let memo = alice.restore_memo(memo.id()).await.expect_status(200);
    alice.delete_memo_for_good(memo.id()).if_match(memo.tag()).await.expect_empty(204);
}

pub async fn if_match_star_matches_every_version(app: TestApp) {
    let alice = app.user("alice").await;
    for (n, status) in [200, 200, 204, 204].into_iter().enumerate() {
        let id = alice.memo("a").await;
        let call = changes(&alice, &id).swap_remove(n);
        call.if_match("*").await.expect_status(status);
    }
    alice
        .put_memo("0198c0de-7f00-7000-8000-0000000000ff", &json!({"title": "a"}))
        .if_match("*")
        .await
        .problem("memo_not_found");
}

pub async fn if_match_list_matches_if_one_tag_does(app: TestApp) {
    let alice = app.user("alice").await;
    let memo = alice.create_memo(&json!({"title": "a"})).await.expect_status(201);
    let mut tags = vec![memo.tag().to_owned()];
    for title in ["b", "c"] {
        tags.push(alice.put_memo(memo.id(), &json!({"title": title})).await.expect_status(200).tag().to_owned());
    }
    // RFC 9110, section 13.1.1: the condition is true if any listed tag matches, in whatever order.
    let (first, second, third) = (&tags[0], &tags[1], &tags[2]);
    let patch = || alice.patch_memo(memo.id(), &json!({"title": "d"}));
    patch().if_match(&format!("{first}, {second}")).await.expect_status(412).problem("precondition_failed");
    let fourth = patch().if_match(&format!("{first},{third} , \"x\"")).await.expect_status(200).tag().to_owned();
    let fifth = patch().if_match(&format!("{fourth}, {first}")).await.expect_status(200).tag().to_owned();
    patch().if_match(&fifth).await.expect_status(200);
    // After a restored backup, a client may have seen a newer version than the memo now has.
    let (other, id) = (alice.memo("other").await, alice.memo("a").await);
    for _ in 0..3 {
        alice.put_memo(&other, &json!({"title": "newer"})).await.expect_status(200);
    }
    let (newer, seen) = (alice.get_memo(&other).await, alice.get_memo(&id).await);
    let tags = format!("{}, {}", seen.tag(), newer.tag());
    alice.patch_memo(&id, &json!({"title": "b"})).if_match(&tags).await.expect_status(200);
}

pub async fn if_match_with_a_foreign_tag_is_rejected(app: TestApp) {
    let alice = app.user("alice").await;
    let memo = alice.create_memo(&json!({"title": "a"})).await.expect_status(201);
    let list = alice.list_memos(&[]).await.expect_status(200);
    let weak = format!("W/{}", memo.tag());
    for tag in ["\"1\"", "\"\"", "\"other\"", &weak, list.tag()] {
        for call in changes(&alice, memo.id()) {
            call.if_match(tag).await.expect_status(412).problem("precondition_failed");
        }
    }
    for garbage in ["garbage", "1", "\"unclosed"] {
        for call in changes(&alice, memo.id()) {
            let response = call.if_match(garbage).await;
            assert!([400, 412].contains(&response.status), "{}", response.shown());
        }
    }
    assert_eq!(alice.get_memo(memo.id()).await.expect_status(200).json, memo.json);
}

pub async fn validation_comes_before_if_match(app: TestApp) {
    let alice = app.user("alice").await;
    let memo = alice.create_memo(&json!({"title": "a"})).await.expect_status(201);
    let put = |body| alice.put_memo(memo.id(), &body).if_match("\"other\"");
    put(json!({"title": ""})).await.invalid("/title", "too_short");
    put(json!({"title": "a", "remind_at": "2020-01-01T00:00:00Z"})).await.invalid("/remind_at", "not_in_future");
}

pub async fn concurrent_writers_with_one_etag_succeed_once(app: TestApp) {
    let alice = app.user("alice").await;
    let memo = alice.create_memo(&json!({"title": "a"})).await.expect_status(201);
    let mut tag = memo.tag().to_owned();
    for round in 0..30 {
        let writers = [format!("{round} left"), format!("{round} right")].map(|title| {
            let body = json!({"title": title});
            let call =
                if round % 3 == 0 { alice.put_memo(memo.id(), &body) } else { alice.patch_memo(memo.id(), &body) };
            call.if_match(&tag)
        });
        let responses = send_concurrently(writers).await;
        let (won, lost): (Vec<_>, Vec<_>) = responses.into_iter().partition(|response| response.status == 200);
        assert_eq!((won.len(), lost.len()), (1, 1), "round {round}");
        for response in lost {
            response.problem("precondition_failed");
        }
        assert_eq!(won[0]["version"], round + 2);
        assert_eq!(alice.get_memo(memo.id()).await.expect_status(200).json, won[0].json);
        won[0].tag().clone_into(&mut tag);
    }
}

pub async fn concurrent_deletes_with_one_etag_succeed_once(app: TestApp) {
    let alice = app.user("alice").await;
    for _ in 0..5 {
        let memo = alice.create_memo(&json!({"title": "a"})).await.expect_status(201);
        let call = alice.delete_memo_for_good(memo.id()).if_match(memo.tag());
        let patch = alice.patch_memo(memo.id(), &json!({"title": "b"})).if_match(memo.tag());
        let calls = std::iter::repeat_n(call, 4).chain([patch]);
        let responses = send_concurrently(calls).await;
        let won = responses.iter().filter(|response| response.status < 300).count();
        assert_eq!(won, 1, "{:?}", responses.iter().map(|response| response.status).collect::<Vec<_>>());
        for response in responses.into_iter().filter(|response| response.status >= 300) {
            assert!([404, 412].contains(&response.status), "{}", response.shown());
        }
    }
}
