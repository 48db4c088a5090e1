//! Who guesses passwords is slowed down.

use std::time::Duration;

use serde_json::{Value, json};

use crate::{Answer, TestApp, suite::at_once};

const WRONG: &str = "a wrong password";

/// The seconds after which it is taken again.
#[track_caller]
fn locked(answer: Answer) -> u32 {
    let answer = answer.expect_status(429).problem("too_many_attempts");
    answer.header("retry-after").and_then(|value| value.parse().ok()).expect("seconds")
}

#[track_caller]
fn refused(answer: Answer) {
    assert_eq!(answer.expect_status(400)["error"], "invalid_grant");
}

pub async fn ten_wrong_passwords_lock_an_account(app: TestApp) {
    let (alice, bob, anyone) = (app.user("alice").await, app.user("bob").await, app.anonymous());
    for attempt in 0..10 {
        // Whatever way they come, and however the address is written.
        match attempt % 4 {
            0 => refused(anyone.sign_in(&alice.email, WRONG).await),
            1 => refused(anyone.sign_in(&alice.email.to_uppercase(), WRONG).await),
            2 => drop(app.browser().sign_in_by_cookie(&alice.email, WRONG).await.problem("credentials_wrong")),
            _ => drop(alice.change_password(WRONG, "another horse battery").await.problem("password_wrong")),
        }
        app.clock.advance(Duration::from_secs(30));
    }
    // The first is 5 minutes old.
    assert_eq!(locked(anyone.sign_in(&alice.email, WRONG).await), 10 * 60);
    // The right one waits, too, everywhere.
    locked(anyone.sign_in(&alice.email, &alice.password).await);
    locked(app.browser().sign_in_by_cookie(&alice.email, &alice.password).await);
    locked(alice.change_password(&alice.password, "another horse battery").await);
    locked(alice.withdraw(&alice.password).await);
    locked(alice.patch_me(&json!({"email": "a@example.com", "current_password": alice.password})).await);
    // Who is signed in goes on, and others are not concerned.
    alice.me().await.expect_status(200);
    anyone.refresh(&alice.refresh_token).await.expect_status(200);
    bob.sign_in_again("").await;

    app.clock.advance(Duration::from_mins(10) - Duration::from_secs(1));
    assert_eq!(locked(anyone.sign_in(&alice.email, &alice.password).await), 1);
    app.clock.advance(Duration::from_secs(1));
    anyone.sign_in(&alice.email, &alice.password).await.expect_status(200);
}

pub async fn an_address_that_nobody_has_is_locked_alike(app: TestApp) {
    let (alice, anyone) = (app.user("alice").await, app.anonymous());
    let mut seen = Vec::new();
    for email in [&*alice.email, "nobody@example.com"] {
        let mut answers = Vec::new();
        for attempt in 0..12 {
            let by_cookie = attempt % 2 == 0;
            let answer = if by_cookie {
                app.browser().sign_in_by_cookie(email, WRONG).await
            } else {
                anyone.sign_in(email, WRONG).await
            };
            let mut body = answer.json.clone();
            body["request_id"] = Value::Null;
            answers.push((answer.status, answer.header("retry-after").map(str::to_owned), body));
        }
        assert_eq!(answers[11].0, 429);
        seen.push(answers);
    }
    assert_eq!(seen[0], seen[1]);
}

pub async fn guesses_at_once_all_count(app: TestApp) {
    let (alice, anyone) = (app.user("alice").await, app.anonymous());
    let answers = at_once((0..30).map(|_| anyone.sign_in(&alice.email, WRONG))).await;
    let looked_at = answers.iter().filter(|answer| answer.status == 400).count();
    assert_eq!(looked_at, 10);
    for answer in answers.into_iter().filter(|answer| answer.status != 400) {
        locked(answer);
    }
    locked(anyone.sign_in(&alice.email, &alice.password).await);
}

pub async fn right_passwords_lock_nobody(app: TestApp) {
    let (alice, anyone) = (app.user("alice").await, app.anonymous());
    for _ in 0..9 {
        refused(anyone.sign_in(&alice.email, WRONG).await);
    }
    for _ in 0..5 {
        anyone.sign_in(&alice.email, &alice.password).await.expect_status(200);
    }
    // A right one in between does not buy ten more guesses.
    refused(anyone.sign_in(&alice.email, WRONG).await);
    locked(anyone.sign_in(&alice.email, WRONG).await);
}
