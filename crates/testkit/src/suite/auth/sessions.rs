//! Users list their sessions and end them.

use std::time::Duration;

use memo_domain::{Session, SessionId, Timestamp, UserId, Uuid};
use serde_json::json;

use crate::{
    Actor, Response, TestApp,
    suite::{assert_json, warm_session_cache},
};

/// The ids of the listed sessions.
fn ids(response: &Response) -> Vec<String> {
    let items = response["items"].as_array().expect("a list");
    items.iter().map(|item| item["id"].as_str().expect("an id").to_owned()).collect()
}

/// The id of the actor's own session.
async fn current(actor: &Actor) -> String {
    let list = actor.sessions().await.expect_status(200);
    let items = list["items"].as_array().expect("a list");
    let current: Vec<_> = items.iter().filter(|item| item["current"] == true).collect();
    assert_eq!(current.len(), 1, "{items:?}");
    current[0]["id"].as_str().expect("an id").to_owned()
}

pub async fn oldest_of_too_many_sessions_ends(app: TestApp) {
    const MAX: usize = 1_000;
    let alice = app.user("alice").await;
    let current = alice.sessions().await.expect_status(200)["items"][0]["id"].clone();
    let current = SessionId::parse(current.as_str().expect("an id")).expect("an id");
    let earlier = |n: usize| SessionId::new(Uuid::from_u128(current.as_uuid().as_u128() - n as u128));
    app.write(async |unit| {
        let session = unit.sessions().lookup(current).await?.expect("the session");
        for n in 1..MAX {
            let id = earlier(n);
            unit.sessions().insert(&Session { id, ..session.clone() }).await?;
        }
        Ok(())
    })
    .await;
    alice.sign_in_again("").await;
    let user = UserId::parse(&alice.id).expect("an id");
    let now = Timestamp::parse(&app.now()).expect("a time");
    let live = app.read(async |unit| unit.sessions().list_live(user, now).await).await;
    assert_eq!(live.len(), MAX);
    assert!(live.iter().all(|session| session.id != earlier(MAX - 1)), "it was the oldest one");
    alice.me().await.expect_status(200);
}

pub async fn session_list_shows_device_and_current_session(app: TestApp) {
    let (alice, bob, browser) = (app.user("alice").await, app.user("bob").await, app.browser());
    app.clock.advance(Duration::from_mins(1));
    let account = json!({"email": alice.email, "password": alice.password});
    browser.create_session(&account).header("user-agent", "Firefox/143.0").await.expect_status(200);
    app.clock.advance(Duration::from_mins(2));
    let list = browser.sessions().await.expect_status(200);
    assert_json!(list.json, @r#"
    {
      "items": [
        {
          "created_at": "2026-01-31T09:01:00.123456Z",
          "current": true,
          "device": "Firefox/143.0",
          "id": "019c1348-bd5b-7000-8000-000000000012",
          "ip": "127.0.0.1",
          "last_seen_at": "2026-01-31T09:03:00.123456Z"
        },
        {
          "created_at": "2026-01-31T09:00:00.123456Z",
          "current": false,
          "device": null,
          "id": "019c1347-d2fb-7000-8000-000000000006",
          "ip": "127.0.0.1",
          "last_seen_at": "2026-01-31T09:00:00.123456Z"
        }
      ]
    }
    "#);
    assert_eq!(ids(&list), [current(&browser).await, current(&alice).await]);
    // Each user sees their own sessions only.
    assert_eq!(ids(&bob.sessions().await.expect_status(200)), [current(&bob).await]);
    assert!(!String::from_utf8_lossy(&list.body).contains(&browser.session()));
}

pub async fn refreshing_keeps_the_session_id(app: TestApp) {
    let alice = app.user("alice").await;
    let before = current(&alice).await;
    let next = app.anonymous().refresh(&alice.refresh_token).await.expect_status(200);
    let alice = alice.with_token(next.text("access_token"));
    assert_eq!(ids(&alice.sessions().await.expect_status(200)), [before]);
}

pub async fn ending_a_session_revokes_its_tokens(app: TestApp) {
    let (alice, browser) = (app.user("alice").await, app.browser());
    browser.sign_in_by_cookie(&alice.email, &alice.password).await.expect_status(200);
    let (token_session, browser_session) = (current(&alice).await, current(&browser).await);
    alice.end_session(&browser_session).await.expect_empty(204);
    browser.me().await.expect_status(401).problem("sign_in_ended");
    assert_eq!(ids(&alice.sessions().await), [&*token_session]);
    alice.end_session(&browser_session).await.expect_status(404).problem("session_not_found");
    // The current session can be ended as well: its access and refresh tokens are revoked immediately.
    alice.end_session(&token_session).await.expect_empty(204);
    alice.me().await.problem("sign_in_ended");
    assert_eq!(app.anonymous().refresh(&alice.refresh_token).await.expect_status(400)["error"], "invalid_grant");
}

pub async fn session_of_another_user_is_not_found(app: TestApp) {
    let (alice, bob) = (app.user("alice").await, app.user("bob").await);
    let alice_session = current(&alice).await;
    for id in [&*alice_session, &*alice.id, "0198c0de-7f00-7000-8000-0000000000ff", "x", "%00", "current"] {
        let absent = bob.end_session(id).await.expect_status(404).problem("session_not_found");
        assert!(!String::from_utf8_lossy(&absent.body).contains("alice"));
    }
    bob.end_sessions().await.expect_empty(204);
    alice.me().await.expect_status(200);
    assert_eq!(ids(&alice.sessions().await), [alice_session]);
    app.anonymous().refresh(&alice.refresh_token).await.expect_status(200);
}

pub async fn ending_all_sessions_includes_the_current_one(app: TestApp) {
    let (alice, browser) = (app.user("alice").await, app.browser());
    browser.sign_in_by_cookie(&alice.email, &alice.password).await.expect_status(200);
    let other = alice.with_token(alice.sign_in_again("").await.text("access_token"));
    warm_session_cache(&[&*alice, &*browser, &other]).await;
    let response = browser.end_sessions().await.expect_empty(204);
    assert!(response.header("clear-site-data").is_some());
    assert_eq!(browser.cookie("memo_session"), None);
    for actor in [&*alice, &other] {
        actor.me().await.problem("sign_in_ended");
    }
    browser.me().await.problem("authentication_required");
    assert_eq!(app.anonymous().refresh(&alice.refresh_token).await.expect_status(400)["error"], "invalid_grant");
    alice.sign_in_again("").await;
}

pub async fn ending_other_sessions_keeps_the_current_one(app: TestApp) {
    let (alice, browser) = (app.user("alice").await, app.browser());
    browser.sign_in_by_cookie(&alice.email, &alice.password).await.expect_status(200);
    warm_session_cache(&[&*alice, &*browser]).await;
    let response = browser.end_sessions().query(&[("except_current", "true")]).await.expect_empty(204);
    response.expect_no_header("clear-site-data").expect_no_header("set-cookie");
    browser.me().await.expect_status(200);
    alice.me().await.problem("sign_in_ended");
    for value in ["1", "yes", "", "TRUE"] {
        let rejected = browser.end_sessions().query(&[("except_current", value)]).await;
        assert_eq!(rejected.problem("validation_failed").errors()[0].1, "except_current");
    }
    browser.me().await.expect_status(200);
    browser.end_sessions().query(&[("except_current", "false")]).await.expect_empty(204);
    browser.me().await.problem("authentication_required");
}
