//! The attempt limiter: guessing passwords is slowed down.

use std::time::Duration;

use serde_json::{Value, json};

use crate::{Response, TestApp, suite::send_concurrently};

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

pub async fn ten_wrong_passwords_lock_the_account_for_fifteen_minutes(app: TestApp) {
    let (alice, bob, anonymous) = (app.user("alice").await, app.user("bob").await, app.anonymous());
    for attempt in 0..10 {
        // By every way to enter a password, and however the address is written.
        match attempt % 4 {
            0 => assert_invalid_grant(anonymous.sign_in(&alice.email, WRONG).await),
            1 => assert_invalid_grant(anonymous.sign_in(&alice.email.to_uppercase(), WRONG).await),
            2 => drop(app.browser().sign_in_by_cookie(&alice.email, WRONG).await.problem("credentials_wrong")),
            _ => drop(alice.change_password(WRONG, "another horse battery").await.problem("password_wrong")),
        }
        app.clock.advance(Duration::from_secs(30));
    }
    // The first attempt is 5 minutes old.
    assert_eq!(assert_locked(anonymous.sign_in(&alice.email, WRONG).await), 10 * 60);
    // The right password is assert_locked out, too, everywhere.
    assert_locked(anonymous.sign_in(&alice.email, &alice.password).await);
    assert_locked(app.browser().sign_in_by_cookie(&alice.email, &alice.password).await);
    assert_locked(alice.change_password(&alice.password, "another horse battery").await);
    assert_locked(alice.withdraw(&alice.password).await);
    assert_locked(alice.patch_me(&json!({"email": "a@example.com", "current_password": alice.password})).await);
    // Existing sessions and other users are not affected.
    alice.me().await.expect_status(200);
    anonymous.refresh(&alice.refresh_token).await.expect_status(200);
    bob.sign_in_again("").await;

    app.clock.advance(Duration::from_mins(10) - Duration::from_secs(1));
    assert_eq!(assert_locked(anonymous.sign_in(&alice.email, &alice.password).await), 1);
    app.clock.advance(Duration::from_secs(1));
    anonymous.sign_in(&alice.email, &alice.password).await.expect_status(200);
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
            responses.push((response.status, response.header("retry-after").map(str::to_owned), body));
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
