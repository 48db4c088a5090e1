//! Members see where they are signed in, and end that.

use std::time::Duration;

use serde_json::json;

use crate::{
    Actor, Answer, TestApp,
    suite::{assert_json, known_to_live},
};

/// The ids of a list.
fn ids(answer: &Answer) -> Vec<String> {
    let items = answer["items"].as_array().expect("a list");
    items.iter().map(|item| item["id"].as_str().expect("an id").to_owned()).collect()
}

/// The id of the sign-in that asks.
async fn current(actor: &Actor) -> String {
    let list = actor.sessions().await.expect_status(200);
    let items = list["items"].as_array().expect("a list");
    let current: Vec<_> = items.iter().filter(|item| item["current"] == true).collect();
    assert_eq!(current.len(), 1, "{items:?}");
    current[0]["id"].as_str().expect("an id").to_owned()
}

pub async fn sign_ins_are_listed(app: TestApp) {
    let (alice, bob, browser) = (app.user("alice").await, app.user("bob").await, app.browser());
    app.clock.advance(Duration::from_mins(1));
    let account = json!({"email": alice.email, "password": alice.password});
    browser.create_session(&account).header("user-agent", "Firefox/143.0").await.expect_status(200);
    app.clock.advance(Duration::from_mins(2));
    let list = browser.sessions().await.expect_status(200);
    assert_json!(list.json, {".items[].id" => "[id]"}, @r#"
    {
      "items": [
        {
          "created_at": "2026-01-31T09:01:00.123456Z",
          "current": true,
          "device": "Firefox/143.0",
          "id": "[id]",
          "ip": "127.0.0.1",
          "last_seen_at": "2026-01-31T09:03:00.123456Z"
        },
        {
          "created_at": "2026-01-31T09:00:00.123456Z",
          "current": false,
          "device": null,
          "id": "[id]",
          "ip": "127.0.0.1",
          "last_seen_at": "2026-01-31T09:00:00.123456Z"
        }
      ]
    }
    "#);
    assert_eq!(ids(&list), [current(&browser).await, current(&alice).await]);
    // Others have theirs.
    assert_eq!(ids(&bob.sessions().await.expect_status(200)), [current(&bob).await]);
    assert!(!String::from_utf8_lossy(&list.body).contains(&browser.session()));
}

pub async fn a_refreshed_sign_in_is_still_one(app: TestApp) {
    let alice = app.user("alice").await;
    let before = current(&alice).await;
    let next = app.anonymous().refresh(&alice.refresh_token).await.expect_status(200);
    let alice = alice.with_token(next.text("access_token"));
    assert_eq!(ids(&alice.sessions().await.expect_status(200)), [before]);
}

pub async fn a_sign_in_is_ended(app: TestApp) {
    let (alice, browser) = (app.user("alice").await, app.browser());
    browser.sign_in_by_cookie(&alice.email, &alice.password).await.expect_status(200);
    let (of_token, of_browser) = (current(&alice).await, current(&browser).await);
    alice.end_session(&of_browser).await.expect_empty(204);
    browser.me().await.expect_status(401).problem("sign_in_ended");
    assert_eq!(ids(&alice.sessions().await), [&*of_token]);
    alice.end_session(&of_browser).await.expect_status(404).problem("session_not_found");
    // Its own, too: the access token and the refresh token are dead at once.
    alice.end_session(&of_token).await.expect_empty(204);
    alice.me().await.problem("sign_in_ended");
    assert_eq!(app.anonymous().refresh(&alice.refresh_token).await.expect_status(400)["error"], "invalid_grant");
}

pub async fn nobody_ends_anothers_sign_in(app: TestApp) {
    let (alice, bob) = (app.user("alice").await, app.user("bob").await);
    let of_alice = current(&alice).await;
    for id in [&*of_alice, &*alice.id, "0198c0de-7f00-7000-8000-0000000000ff", "x", "%00", "current"] {
        let absent = bob.end_session(id).await.expect_status(404).problem("session_not_found");
        assert!(!String::from_utf8_lossy(&absent.body).contains("alice"));
    }
    bob.end_sessions().await.expect_empty(204);
    alice.me().await.expect_status(200);
    assert_eq!(ids(&alice.sessions().await), [of_alice]);
    app.anonymous().refresh(&alice.refresh_token).await.expect_status(200);
}

pub async fn all_sign_ins_are_ended(app: TestApp) {
    let (alice, browser) = (app.user("alice").await, app.browser());
    browser.sign_in_by_cookie(&alice.email, &alice.password).await.expect_status(200);
    let other = alice.with_token(alice.sign_in_again("").await.text("access_token"));
    known_to_live(&[&*alice, &*browser, &other]).await;
    let answer = browser.end_sessions().await.expect_empty(204);
    assert!(answer.header("clear-site-data").is_some());
    assert_eq!(browser.cookie("memo_session"), None);
    for actor in [&*alice, &other] {
        actor.me().await.problem("sign_in_ended");
    }
    browser.me().await.problem("authentication_required");
    assert_eq!(app.anonymous().refresh(&alice.refresh_token).await.expect_status(400)["error"], "invalid_grant");
    alice.sign_in_again("").await;
}

pub async fn all_other_sign_ins_are_ended(app: TestApp) {
    let (alice, browser) = (app.user("alice").await, app.browser());
    browser.sign_in_by_cookie(&alice.email, &alice.password).await.expect_status(200);
    known_to_live(&[&*alice, &*browser]).await;
    let answer = browser.end_sessions().query(&[("except_current", "true")]).await.expect_empty(204);
    answer.expect_no_header("clear-site-data").expect_no_header("set-cookie");
    browser.me().await.expect_status(200);
    alice.me().await.problem("sign_in_ended");
    for value in ["1", "yes", "", "TRUE"] {
        let refused = browser.end_sessions().query(&[("except_current", value)]).await;
        assert_eq!(refused.problem("validation_failed").errors()[0].1, "except_current");
    }
    browser.me().await.expect_status(200);
    browser.end_sessions().query(&[("except_current", "false")]).await.expect_empty(204);
    browser.me().await.problem("authentication_required");
}
