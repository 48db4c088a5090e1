//! Shares of memos.

use std::time::Duration;

use memo_domain::Clock;
use serde_json::{Value, json};

use crate::{Actor, Call, Response, TestApp, suite::DAY};

const BROWSER: &str = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";
/// Of the right form, but of no share.
const UNKNOWN: &str = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// Shares a memo, and returns the response and the token.
async fn share(owner: &Actor, id: &str, body: &Value) -> (Response, String) {
    let share = owner.share(id, body).await.expect_status(201);
    let token = share.text("token").to_owned();
    (share, token)
}

/// The time after this one, as text.
fn after(app: &TestApp, time: Duration) -> String {
    (app.clock.now() + time).to_string()
}

fn page(response: &Response) -> String {
    assert_eq!(response.header("content-type"), Some("text/html; charset=utf-8"), "{}", response.shown());
    let csp = response.header("content-security-policy").expect("a policy");
    for part in
        ["default-src 'none'", "style-src 'self'", "form-action 'self'", "base-uri 'none'", "frame-ancestors 'none'"]
    {
        assert!(csp.contains(part) && !csp.contains("script"), "{csp}");
    }
    check_headers(response);
    String::from_utf8(response.body.clone()).expect("a page in UTF-8")
}

fn check_headers(response: &Response) {
    for (name, value) in
        [("cache-control", "no-store"), ("referrer-policy", "no-referrer"), ("x-robots-tag", "noindex")]
    {
        assert_eq!(response.header(name), Some(value), "{name}: {}", response.shown());
    }
    let varies =
        response.headers.get_all("vary").iter().any(|value| value.to_str().is_ok_and(|value| value == "Accept"));
    assert!(varies, "{}", response.shown());
}

fn with_password(call: Call, password: &str) -> Call {
    call.header("x-share-password", password)
}

pub async fn share_is_read_by_anyone_until_it_is_revoked(app: TestApp) {
    let (alice, anonymous) = (app.user("alice").await, app.anonymous());
    let memo = json!({"title": "회의", "content": "# 안건\n", "tags": ["work"], "remind_at": "2026-02-01T09:00:00Z"});
    let memo = alice.create_memo(&memo).await.expect_status(201);
    let (created, token) = share(&alice, memo.id(), &json!({})).await;
    let location = created.header("location").expect("Location").to_owned();
    assert_eq!(location, format!("/api/v1/memos/{}/shares/{}", memo.id(), created.id()));
    assert_eq!(created["url"], format!("{}/api/v1/shared/{token}", created.public_url));
    assert_eq!((token.len(), created.header("cache-control")), (43, Some("no-store")));
    let shown = anonymous.shared(&token).await.expect_status(200);
    check_headers(&shown);
    let expected = json!({
        "id": memo.id(), "title": "회의", "content": "# 안건\n", "tags": ["work"], "owner": {"display_name": "alice"},
        "created_at": memo["created_at"], "updated_at": memo["updated_at"],
    });
    assert_eq!(shown.json, expected);
    // Credentials make no difference, and a HEAD is no read.
    alice.shared(&token).await.expect_status(200);
    anonymous.with_token("x").shared(&token).await.expect_status(200);
    anonymous.call("HEAD", &format!("/api/v1/shared/{token}")).await.expect_empty(200);
    let listed = alice.shares(memo.id()).await.expect_status(200);
    let expected = json!([{
        "id": created["id"], "expires_at": null, "has_password": false, "reads": 3, "created_at": created["created_at"],
    }]);
    assert_eq!(listed["items"], expected);
    // The share is one of the memo as it is now.
    alice.patch_memo(memo.id(), &json!({"title": "새 제목", "archived": true})).await.expect_status(200);
    assert_eq!(anonymous.shared(&token).await.expect_status(200)["title"], "새 제목");
    alice.call("DELETE", &location).await.expect_empty(204);
    alice.call("DELETE", &location).await.expect_status(404).problem("share_not_found");
    let gone = anonymous.shared(&token).await.expect_status(404).problem("share_not_found");
    check_headers(&gone);
    assert_eq!(alice.shares(memo.id()).await.expect_status(200)["items"], json!([]));
}

pub async fn share_that_leads_nowhere_does_not_tell_why(app: TestApp) {
    let (alice, anonymous) = (app.user("alice").await, app.anonymous());
    let id = alice.memo("a").await;
    let ends = after(&app, Duration::from_mins(1));
    let (_, expiring) = share(&alice, &id, &json!({"expires_at": ends})).await;
    let (revoked, gone) = share(&alice, &id, &json!({})).await;
    alice.revoke_share(&id, revoked.id()).await.expect_empty(204);
    let (trashed, removed) = (alice.memo("b").await, alice.memo("c").await);
    let (_, of_trashed) = share(&alice, &trashed, &json!({"password": "a"})).await;
    let (_, of_removed) = share(&alice, &removed, &json!({})).await;
    alice.delete_memo(&trashed).await.expect_empty(204);
    alice.delete_memo_for_good(&removed).await.expect_empty(204);
    let bob = app.user("bob").await;
    let (_, of_withdrawn) = share(&bob, &bob.memo("d").await, &json!({})).await;
    bob.withdraw(&bob.password).await.expect_empty(204);
    anonymous.shared(&expiring).await.expect_status(200);
    app.clock.advance(Duration::from_mins(1));
    let mut details = Vec::new();
    for token in [&*expiring, &*gone, &*of_trashed, &*of_removed, &*of_withdrawn, UNKNOWN, "x", "%ff"] {
        let response = anonymous.shared(token).await.expect_status(404).problem("share_not_found");
        details.push(response.text("detail").to_owned());
        let shown = page(&anonymous.shared(token).header("accept", BROWSER).await.expect_status(404));
        assert!(shown.contains("Memo not found") && !shown.contains(UNKNOWN), "{shown}");
    }
    details.dedup();
    assert_eq!(details.len(), 1);
    alice.restore_memo(&trashed).await.expect_status(200);
    anonymous.shared(&of_trashed).await.expect_status(401);
    // An expired share is listed for a week.
    assert_eq!(alice.shares(&id).await.expect_status(200)["items"][0]["expires_at"], json!(ends));
}

pub async fn shares_belong_to_the_owner_and_are_limited(app: TestApp) {
    let (alice, bob) = (app.user("alice").await, app.user("bob").await);
    let memo = json!({"title": "a", "visibility": "public"});
    let id = alice.create_memo(&memo).await.expect_status(201).id().to_owned();
    let soon = after(&app, DAY);
    let first = share(&alice, &id, &json!({"expires_at": soon})).await.0;
    let second = alice.memo("b").await;
    for (status, code) in [(403, "not_owner"), (404, "memo_not_found")] {
        for call in [bob.share(&id, &json!({})), bob.shares(&id), bob.revoke_share(&id, first.id())] {
            call.await.expect_status(status).problem(code);
        }
        alice.patch_memo(&id, &json!({"visibility": "private"})).await.expect_status(200);
    }
    // A share is one of its memo.
    alice.revoke_share(&second, first.id()).await.expect_status(404).problem("share_not_found");
    alice.revoke_share(&id, "x").await.expect_status(404).problem("share_not_found");
    for _ in 1..20 {
        share(&alice, &id, &json!({})).await;
    }
    alice.share(&id, &json!({})).await.expect_status(409).problem("share_limit_reached");
    share(&alice, &second, &json!({})).await;
    // An expired one leaves its place.
    app.clock.advance(DAY);
    let alice = alice.with_scope("").await;
    share(&alice, &id, &json!({})).await;
    alice.share(&id, &json!({})).await.expect_status(409).problem("share_limit_reached");
    let listed = alice.shares(&id).await.expect_status(200);
    let ids: Vec<_> =
        listed["items"].as_array().expect("items").iter().map(|one| one["id"].as_str().expect("an id")).collect();
    assert!(ids.len() == 20 && ids.is_sorted_by(|one, next| one > next) && !ids.contains(&first.id()), "{ids:?}");
    alice.delete_memo(&id).await.expect_empty(204);
    alice.share(&id, &json!({})).await.expect_status(409).problem("memo_trashed");
    alice.revoke_share(&id, ids[0]).await.expect_empty(204);
    assert_eq!(alice.shares(&id).await.expect_status(200)["items"].as_array().expect("items").len(), 19);
}

pub async fn invalid_share_is_rejected_with_its_pointer(app: TestApp) {
    let alice = app.user("alice").await;
    let id = alice.memo("a").await;
    for (body, pointer, code) in [
        (json!({"expires_at": "2026-01-31T09:00:00.123456Z"}), "/expires_at", "not_in_future"),
        (json!({"expires_at": "tomorrow"}), "/expires_at", "malformed"),
        (json!({"password": ""}), "/password", "too_short"),
        (json!({"password": "가".repeat(129)}), "/password", "too_long"),
        (json!({"password": "a\0"}), "/password", "nul_character"),
        (json!({"password": 1}), "/password", "wrong_type"),
        (json!({"token": "x"}), "/token", "unknown_member"),
    ] {
        alice.share(&id, &body).await.expect_status(422).invalid(pointer, code);
    }
    share(&alice, &id, &json!({"expires_at": null, "password": null})).await;
    share(&alice, &id, &json!({"password": "가".repeat(128)})).await;
    assert_eq!(alice.shares(&id).await.expect_status(200)["items"].as_array().expect("items").len(), 2);
}

pub async fn share_with_a_password_needs_it(app: TestApp) {
    let (alice, anonymous) = (app.user("alice").await, app.anonymous());
    let id = alice.memo("비밀").await;
    let (created, token) = share(&alice, &id, &json!({"password": "열려라 참깨"})).await;
    assert_eq!((&created["has_password"], &created["password"]), (&json!(true), &Value::Null));
    let get = || anonymous.shared(&token);
    let needed = get().await.expect_status(401).problem("share_password_required");
    assert_eq!(needed.header("www-authenticate"), Some("SharePassword realm=\"memo\""));
    let right = "%EC%97%B4%EB%A0%A4%EB%9D%BC%20%EC%B0%B8%EA%B9%A8";
    // The same in NFD.
    let nfd = "%E1%84%8B%E1%85%A7%E1%86%AF%E1%84%85%E1%85%A7%E1%84%85%E1%85%A1%20%E1%84%8E%E1%85%A1%E1%86%B7%E1%84%81%E1%85%A2";
    for password in [right, nfd] {
        assert_eq!(with_password(get(), password).await.expect_status(200)["title"], "비밀");
    }
    with_password(get(), "%ff").await.expect_status(401).problem("share_password_required");
    // In a browser, by the form of the page.
    let asked = page(&get().header("accept", BROWSER).header("accept-language", "ko").await.expect_status(401));
    let form = format!("<form method=\"post\" action=\"/api/v1/shared/{token}\">");
    assert!(asked.contains(&form) && asked.contains("lang=\"ko\"") && !asked.contains("role=\"alert\""), "{asked}");
    let open = |password| {
        let call = anonymous.call("POST", &format!("/api/v1/shared/{token}")).header("accept", BROWSER);
        call.form(&[("password", password)])
    };
    let wrong = page(&open("참깨").await.expect_status(401));
    assert!(wrong.contains("role=\"alert\"") && !wrong.contains("비밀</"), "{wrong}");
    assert!(page(&open("열려라 참깨").await.expect_status(200)).contains("<h1>비밀</h1>"));
    open("").await.expect_status(401);
    // Neither the missing nor the right ones were wrong attempts.
    for _ in 0..8 {
        with_password(get(), "wrong").await.expect_status(401).problem("share_password_required");
    }
    with_password(get(), right).await.expect_status(429).problem("rate_limited");
    // Another share has attempts of its own.
    let (_, other) = share(&alice, &id, &json!({"password": "a"})).await;
    with_password(anonymous.shared(&other), "a").await.expect_status(200);
    app.clock.advance(Duration::from_mins(15));
    with_password(get(), right).await.expect_status(200);
    let reads: Vec<_> = alice.with_scope("").await.shares(&id).await.expect_status(200)["items"]
        .as_array()
        .expect("items")
        .iter()
        .map(|share| share["reads"].as_u64().expect("a number"))
        .collect();
    assert_eq!(reads, [1, 4], "only memos that were shown are counted");
}

pub async fn shared_memo_is_a_safe_page_for_browsers(app: TestApp) {
    let (alice, anonymous) = (app.user("alice").await, app.anonymous());
    let hostile = "</title><script>alert(1)</script><img src=x onerror=alert(1)>";
    let content = format!(
        "# A\n\n**bold** <script>alert(1)</script> [a](javascript:alert(1)) [b](https://example.org)\n\n- [x] done\n\n{hostile}"
    );
    let memo = json!({"title": hostile, "content": content, "tags": [hostile.chars().take(50).collect::<String>()]});
    let id = alice.create_memo(&memo).await.expect_status(201).id().to_owned();
    let (_, token) = share(&alice, &id, &json!({})).await;
    let html = page(&anonymous.shared(&token).header("accept", BROWSER).await.expect_status(200));
    for part in
        ["<strong>bold</strong>", "href=\"https://example.org\"", "alice", "2026-01-31", "href=\"/shared/style.css\""]
    {
        assert!(html.contains(part), "{part}: {html}");
    }
    let lower = html.to_lowercase();
    for part in ["<script", "<img", "javascript:", " onerror=\"", " style="] {
        assert!(!lower.contains(part), "{part}: {html}");
    }
    let style = anonymous.get("/shared/style.css").await.expect_status(200);
    assert_eq!(style.header("content-type"), Some("text/css; charset=utf-8"));
    for (accept, is_page) in [("*/*", false), ("application/json", false), ("text/html", true)] {
        let shown = anonymous.shared(&token).header("accept", accept).await.expect_status(200);
        assert_eq!(shown.media_type() == Some("text/html"), is_page, "{accept}");
    }
}
