use std::time::Duration;

use crate::{
    Actor, Response, TestApp,
    suite::{DAY, send_concurrently},
};

#[track_caller]
fn assert_invalid_grant(response: Response) {
    assert_eq!(response.expect_status(400)["error"], "invalid_grant");
}

/// Refreshes, and returns the new access token (as an actor) and refresh token.
async fn next(anonymous: &Actor, refresh_token: &str) -> (Actor, String) {
    let tokens = anonymous.refresh(refresh_token).await.expect_status(200);
    let tokens = tokens.expect_header("cache-control", "no-store");
    (anonymous.with_token(tokens.text("access_token")), tokens.text("refresh_token").to_owned())
}

pub async fn refresh_token_returns_a_new_pair(app: TestApp) {
    let (alice, anonymous) = (app.user("alice").await, app.anonymous());
    let mut refresh_token = alice.refresh_token.clone();
    for _ in 0..3 {
        app.clock.advance(DAY);
        let (actor, next) = next(&anonymous, &refresh_token).await;
        assert_eq!(actor.me().await.expect_status(200).id(), alice.id);
        assert_ne!(next, refresh_token);
        refresh_token = next;
    }
}

pub async fn refresh_token_reused_within_the_leeway_returns_the_same_successor(app: TestApp) {
    let (alice, anonymous) = (app.user("alice").await, app.anonymous());
    let (first, successor) = next(&anonymous, &alice.refresh_token).await;
    app.clock.advance(Duration::from_secs(9));
    let again = anonymous.refresh(&alice.refresh_token).header("x-request-id", "the-reuse").await.expect_status(200);
    assert_eq!(again["refresh_token"], successor);
    let second = anonymous.with_token(again.text("access_token"));
    for actor in [&first, &second] {
        actor.me().await.expect_status(200);
    }
    let list = first.audit().await.expect_status(200);
    let event = &list["items"][0];
    let found = [&event["kind"], &event["detail"], &event["request_id"]];
    assert_eq!(found, ["sign_in.refresh_reused", "within the leeway", "the-reuse"]);
    // Also if the successor was used meanwhile.
    next(&anonymous, &successor).await;
    let again = anonymous.refresh(&alice.refresh_token).await.expect_status(200);
    assert_eq!(again["refresh_token"], successor);
}

pub async fn two_holders_of_a_refresh_token_collide_at_the_next_use(app: TestApp) {
    let (alice, anonymous) = (app.user("alice").await, app.anonymous());
    let (_, stolen) = next(&anonymous, &alice.refresh_token).await;
    let (_, own) = next(&anonymous, &alice.refresh_token).await;
    app.clock.advance(Duration::from_mins(14));
    let (actor, _) = next(&anonymous, &stolen).await;
    app.clock.advance(Duration::from_mins(1));
    assert_invalid_grant(anonymous.refresh(&own).await);
    actor.me().await.problem("sign_in_ended");
}

pub async fn refresh_token_reused_after_the_leeway_ends_the_family(app: TestApp) {
    let (alice, anonymous) = (app.user("alice").await, app.anonymous());
    let elsewhere = alice.sign_in_again("").await;
    let (second, second_token) = next(&anonymous, &alice.refresh_token).await;
    let (third, third_token) = next(&anonymous, &second_token).await;
    app.clock.advance(Duration::from_secs(11));
    assert_invalid_grant(anonymous.refresh(&alice.refresh_token).await);
    for actor in [&*alice, &second, &third] {
        actor.me().await.problem("sign_in_ended");
    }
    for token in [&alice.refresh_token, &second_token, &third_token] {
        assert_invalid_grant(anonymous.refresh(token).await);
    }
    // Another session of the same user is another family.
    alice.with_token(elsewhere.text("access_token")).me().await.expect_status(200);
    anonymous.refresh(elsewhere.text("refresh_token")).await.expect_status(200);
}

pub async fn reused_refresh_token_ends_the_family_even_after_it_expired(app: TestApp) {
    let (alice, anonymous) = (app.user("alice").await, app.anonymous());
    let mut token = alice.refresh_token.clone();
    for _ in 0..2 {
        app.clock.advance(20 * DAY);
        token = next(&anonymous, &token).await.1;
    }
    let (actor, token) = next(&anonymous, &token).await;
    actor.me().await.expect_status(200);
    // It was valid for 30 days, and 40 have passed.
    assert_invalid_grant(anonymous.refresh(&alice.refresh_token).await);
    actor.me().await.problem("sign_in_ended");
    assert_invalid_grant(anonymous.refresh(&token).await);
}

pub async fn reused_refresh_token_ends_the_family_whatever_scope_is_requested(app: TestApp) {
    let (alice, anonymous) = (app.user("alice").await, app.anonymous());
    let tokens = alice.sign_in_again("memos:read").await;
    let used = tokens.text("refresh_token");
    let (actor, token) = next(&anonymous, used).await;
    app.clock.advance(Duration::from_secs(11));
    let form = [("grant_type", "refresh_token"), ("refresh_token", used), ("scope", "memos:read account:write")];
    assert_invalid_grant(anonymous.token(&form).await);
    actor.list_memos(&[]).await.problem("sign_in_ended");
    assert_invalid_grant(anonymous.refresh(&token).await);
}

pub async fn refresh_leeway_is_counted_from_the_first_use(app: TestApp) {
    let (alice, anonymous) = (app.user("alice").await, app.anonymous());
    next(&anonymous, &alice.refresh_token).await;
    app.clock.advance(Duration::from_secs(7));
    next(&anonymous, &alice.refresh_token).await;
    app.clock.advance(Duration::from_secs(7));
    assert_invalid_grant(anonymous.refresh(&alice.refresh_token).await);
}

pub async fn concurrent_refreshes_all_return_the_same_successor(app: TestApp) {
    let (alice, anonymous) = (app.user("alice").await, app.anonymous());
    let responses = send_concurrently((0..16).map(|_| anonymous.refresh(&alice.refresh_token))).await;
    let successor = responses[0].text("refresh_token");
    for response in &responses {
        assert_eq!(response.text("refresh_token"), successor);
        anonymous.with_token(response.text("access_token")).me().await.expect_status(200);
    }
    next(&anonymous, successor).await;
}

pub async fn unused_refresh_token_expires_after_thirty_days(app: TestApp) {
    let (alice, anonymous) = (app.user("alice").await, app.anonymous());
    app.clock.advance(29 * DAY + Duration::from_hours(23));
    let (_, token) = next(&anonymous, &alice.refresh_token).await;
    app.clock.advance(30 * DAY + Duration::from_mins(1));
    assert_invalid_grant(anonymous.refresh(&token).await);
}

pub async fn refresh_token_family_expires_after_ninety_days(app: TestApp) {
    let (alice, anonymous) = (app.user("alice").await, app.anonymous());
    let mut token = alice.refresh_token.clone();
    for _ in 0..3 {
        app.clock.advance(29 * DAY);
        token = next(&anonymous, &token).await.1;
    }
    // Day 87, and two more days.
    app.clock.advance(2 * DAY);
    let (actor, token) = next(&anonymous, &token).await;
    actor.me().await.expect_status(200);
    app.clock.advance(DAY + Duration::from_secs(1));
    assert_invalid_grant(anonymous.refresh(&token).await);
}

pub async fn refresh_can_narrow_but_not_widen_the_scope(app: TestApp) {
    let (alice, anonymous) = (app.user("alice").await, app.anonymous());
    let tokens = alice.sign_in_again("memos:read memos:write").await;
    let with_scope = |token: &str, scope: &str| {
        anonymous.token(&[("grant_type", "refresh_token"), ("refresh_token", token), ("scope", scope)])
    };
    let narrow = with_scope(tokens.text("refresh_token"), "memos:read").await.expect_status(200);
    assert_eq!(narrow["scope"], "memos:read");
    let reader = anonymous.with_token(narrow.text("access_token"));
    reader.create_memo(&serde_json::json!({"title": "a"})).await.problem("insufficient_scope");
    let token = narrow.text("refresh_token");
    let response = with_scope(token, "memos:read account:read").await.expect_status(400);
    assert_eq!(response["error"], "invalid_scope");
    // The rejected request has not used up the token. Without a scope, a refresh grants all scopes of the session.
    let wide = anonymous.refresh(token).await.expect_status(200);
    assert_eq!(wide["scope"], "memos:read memos:write");
}

pub async fn malformed_or_foreign_refresh_token_is_rejected(app: TestApp) {
    let (alice, anonymous) = (app.user("alice").await, app.anonymous());
    let damaged = alice.refresh_token.replacen(|c: char| c != 'A', "A", 1);
    for token in ["x", "%00", &alice.access_token, &damaged, &format!("{}=", alice.refresh_token), &"A".repeat(43)] {
        assert_invalid_grant(anonymous.refresh(token).await);
    }
    anonymous.refresh(&alice.refresh_token).await.expect_status(200);
}
