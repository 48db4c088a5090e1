//! The attempt limiter: guessing passwords is slowed down.

use serde_json::{Value, json};

use crate::{Response, TestApp, User, suite::send_concurrently};

const WRONG: &str = "a wrong password";

/// The seconds of `Retry-After`.
#[track_caller]
fn assert_locked(response: Response) -> u32 {
    let response = response.expect_status(429).problem("rate_limited");
    response.header("retry-after").and_then(|value| value.parse().ok()).expect("seconds")
}

#[track_caller]
fn assert_invalid_grant(response: Response) {
    assert_eq!(response.expect_status(400)["error"], "invalid_grant");
}

/// Uses up the attempts of clients that have not signed in to the account before.
async fn lock(app: &TestApp, user: &User) {
    for _ in 0..10 {
        assert_invalid_grant(app.anonymous().sign_in(&user.email, WRONG).await);
    }
}

pub async fn ten_wrong_passwords_lock_the_account(app: TestApp) {
    let (alice, bob, anonymous) = (app.user("alice").await, app.user("bob").await, app.anonymous());
    for attempt in 0..10 {
        // By every way to sign in, and however the address is written.
        match attempt % 3 {
            0 => assert_invalid_grant(anonymous.sign_in(&alice.email, WRONG).await),
            1 => assert_invalid_grant(anonymous.sign_in(&alice.email.to_uppercase(), WRONG).await),
            _ => drop(app.browser().sign_in_by_cookie(&alice.email, WRONG).await.problem("credentials_wrong")),
        }
    }
    let response = anonymous.sign_in(&alice.email, WRONG).await;
    assert_eq!(response["violated_policies"], json!(["account"]));
    assert!((1..=90).contains(&assert_locked(response)));
    // The right password is refused, too, and a session of someone else does not help.
    assert_locked(anonymous.sign_in(&alice.email, &alice.password).await);
    assert_locked(app.browser().sign_in_by_cookie(&alice.email, &alice.password).await);
    assert_locked(bob.sign_in(&alice.email, &alice.password).await);
    // Existing sessions and other users are not affected.
    alice.me().await.expect_status(200);
    anonymous.refresh(&alice.refresh_token).await.expect_status(200);
    anonymous.sign_in(&bob.email, &bob.password).await.expect_status(200);
}

pub async fn live_session_is_not_locked_out(app: TestApp) {
    let (alice, browser) = (app.user("alice").await, app.browser());
    browser.sign_in_by_cookie(&alice.email, &alice.password).await.expect_status(200);
    lock(&app, &alice).await;
    alice.sign_in_again("").await;
    browser.sign_in_by_cookie(&alice.email, &alice.password).await.expect_status(200);
    alice.change_password(&alice.password, "another horse battery").await.expect_empty(204);
    // Its own attempts are limited.
    for _ in 0..10 {
        alice.change_password(WRONG, "yet another horse").await.problem("password_wrong");
    }
    assert_locked(alice.change_password("another horse battery", "yet another horse").await);
    assert_locked(alice.withdraw("another horse battery").await);
    let moved = json!({"email": "a@example.com", "current_password": "another horse battery"});
    assert_locked(alice.patch_me(&moved).await);
}

pub async fn known_device_is_not_locked_out(app: TestApp) {
    let (alice, browser) = (app.user("alice").await, app.browser());
    let response = browser.sign_in_by_cookie(&alice.email, &alice.password).await.expect_status(200);
    let cookie = response.headers.get_all("set-cookie").iter().nth(1).and_then(|cookie| cookie.to_str().ok());
    let cookie = cookie.expect("a second cookie");
    assert!(cookie.starts_with("memo_device="), "{cookie}");
    for attribute in ["; HttpOnly", "; SameSite=Lax", "; Path=/", "; Max-Age=31536000"] {
        assert!(cookie.contains(attribute), "{cookie}");
    }
    browser.sign_out().await.expect_empty(204);
    lock(&app, &alice).await;
    assert_locked(app.browser().sign_in_by_cookie(&alice.email, &alice.password).await);
    browser.sign_in_by_cookie(&alice.email, &alice.password).await.expect_status(200);
    let known = format!("memo_device={}", browser.cookie("memo_device").expect("a known device"));
    let by_token = || app.anonymous().sign_in(&alice.email, &alice.password);
    assert_locked(by_token().await);
    by_token().header("cookie", &known).await.expect_status(200);
    // It is no credential.
    app.anonymous().me().header("cookie", &known).await.expect_status(401);
    alice.me().header("cookie", &known).await.expect_status(200);
}

pub async fn stolen_device_cookie_allows_ten_attempts(app: TestApp) {
    let (alice, bob, anonymous) = (app.user("alice").await, app.user("bob").await, app.anonymous());
    let device = async |user: &User| {
        let browser = app.browser();
        browser.sign_in_by_cookie(&user.email, &user.password).await.expect_status(200);
        format!("memo_device={}", browser.cookie("memo_device").expect("a known device"))
    };
    let stolen = device(&alice).await;
    for _ in 0..10 {
        assert_invalid_grant(anonymous.sign_in(&alice.email, WRONG).header("cookie", &stolen).await);
    }
    assert_locked(anonymous.sign_in(&alice.email, &alice.password).header("cookie", &stolen).await);
    anonymous.sign_in(&alice.email, &alice.password).await.expect_status(200);
    // That of another user, and a forged one, are invalid.
    lock(&app, &alice).await;
    let forged = format!("memo_device={}", "A".repeat(120));
    for useless in [&device(&bob).await, &forged] {
        assert_locked(anonymous.sign_in(&alice.email, &alice.password).header("cookie", useless).await);
    }
}

pub async fn unknown_address_is_locked_like_a_known_one(app: TestApp) {
    let (alice, anonymous) = (app.user("alice").await, app.anonymous());
    let mut seen = Vec::new();
    for email in [&*alice.email, "nobody@example.com"] {
        let mut responses = Vec::new();
        for attempt in 0..12 {
            let by_cookie = attempt % 2 == 0;
            let response = if by_cookie {
                app.browser().sign_in_by_cookie(email, WRONG).await
            } else {
                anonymous.sign_in(email, WRONG).await
            };
            let mut body = response.json.clone();
            body["request_id"] = Value::Null;
            responses.push((response.status, response.header("retry-after").is_some(), body));
        }
        assert_eq!(responses[11].0, 429);
        seen.push(responses);
    }
    assert_eq!(seen[0], seen[1]);
}

pub async fn concurrent_wrong_passwords_all_count(app: TestApp) {
    let (alice, anonymous) = (app.user("alice").await, app.anonymous());
    let responses = send_concurrently((0..30).map(|_| anonymous.sign_in(&alice.email, WRONG))).await;
    let checked = responses.iter().filter(|response| response.status == 400).count();
    assert_eq!(checked, 10);
    for response in responses.into_iter().filter(|response| response.status != 400) {
        assert_locked(response);
    }
    assert_locked(anonymous.sign_in(&alice.email, &alice.password).await);
}

pub async fn right_passwords_neither_lock_nor_reset_the_count(app: TestApp) {
    let (alice, anonymous) = (app.user("alice").await, app.anonymous());
    for _ in 0..9 {
        assert_invalid_grant(anonymous.sign_in(&alice.email, WRONG).await);
    }
    for _ in 0..5 {
        anonymous.sign_in(&alice.email, &alice.password).await.expect_status(200);
    }
    // A right password in between does not reset the count.
    assert_invalid_grant(anonymous.sign_in(&alice.email, WRONG).await);
    assert_locked(anonymous.sign_in(&alice.email, WRONG).await);
}
