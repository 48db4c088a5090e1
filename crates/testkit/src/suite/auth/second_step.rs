//! The second step of signing in, for users with a second factor.

use std::time::Duration;

use serde_json::json;

use crate::{
    Authenticator, Response, TestApp, User,
    suite::{me::mfa::with_second_factor, send_concurrently},
};

/// Signs in with the right password and returns the token for the second step.
async fn first_step(app: &TestApp, user: &User) -> String {
    let response = app.anonymous().sign_in(&user.email, &user.password).await.expect_status(400);
    assert_eq!(response["error"], "mfa_required");
    response.text("mfa_token").to_owned()
}

#[track_caller]
fn assert_invalid_grant(response: Response) {
    let response = response.expect_status(400);
    assert_eq!(response["error"], "invalid_grant");
    assert!(response["mfa_token"].is_null());
}

/// Alice with a second factor. Her last used code is outside the accepted window.
async fn alice(app: &TestApp) -> (User, Authenticator, Vec<String>) {
    let alice = app.verified_user("alice").await;
    let (authenticator, codes) = with_second_factor(app, &alice).await;
    app.clock.advance(Duration::from_mins(10));
    (alice, authenticator, codes)
}

pub async fn token_request_with_a_second_factor_needs_a_code(app: TestApp) {
    let (alice, authenticator, _) = alice(&app).await;
    let anonymous = app.anonymous();
    let first = anonymous.sign_in(&alice.email, &alice.password).await.expect_status(400);
    let first = first.expect_header("cache-control", "no-store");
    assert_eq!((&first["error"], &first["access_token"]), (&json!("mfa_required"), &json!(null)));
    let mfa_token = first.text("mfa_token");
    let tokens = anonymous.second_step(mfa_token, &authenticator.code(&app.clock)).await.expect_status(200);
    let tokens = tokens.expect_header("cache-control", "no-store");
    assert_eq!(anonymous.with_token(tokens.text("access_token")).me().await.expect_status(200).id(), alice.id);
    anonymous.refresh(tokens.text("refresh_token")).await.expect_status(200);
    // The token of the first step is used up.
    app.clock.advance(Duration::from_mins(1));
    assert_invalid_grant(anonymous.second_step(mfa_token, &authenticator.code(&app.clock)).await);
    // A wrong password looks the same as for users without a second factor.
    assert_invalid_grant(anonymous.sign_in(&alice.email, "a wrong password").await);
}

pub async fn codes_are_accepted_after_the_clock_was_ahead(app: TestApp) {
    let (alice, authenticator, _) = alice(&app).await;
    let (anonymous, now) = (app.anonymous(), memo_domain::Timestamp::parse(&app.now()).expect("a time"));
    app.clock.set(now + Duration::from_hours(24));
    let code = authenticator.code(&app.clock);
    anonymous.second_step(&first_step(&app, &alice).await, &code).await.expect_status(200);
    app.clock.set(now);
    let code = authenticator.code(&app.clock);
    anonymous.second_step(&first_step(&app, &alice).await, &code).await.expect_status(200);
    // Each is still accepted once.
    assert_invalid_grant(anonymous.second_step(&first_step(&app, &alice).await, &code).await);
}

pub async fn cookie_request_with_a_second_factor_needs_a_code(app: TestApp) {
    let (alice, authenticator, _) = alice(&app).await;
    let (mallory, browser) = (app.user("mallory").await, app.browser());
    // A session that an attacker planted in the browser ends with the second step.
    browser.sign_in_by_cookie(&mallory.email, &mallory.password).await.expect_status(200);
    let planted = browser.session();
    let first = browser.sign_in_by_cookie(&alice.email, &alice.password).await;
    let first = first.expect_status(401).problem("mfa_required").expect_no_header("set-cookie");
    let first = first.expect_header("cache-control", "no-store");
    let mfa_token = first.text("mfa_token");
    assert_eq!(browser.me().await.expect_status(200).id(), mallory.id);
    let wrong = json!({"mfa_token": mfa_token, "otp": authenticator.wrong_code(&app.clock)});
    browser.create_session(&wrong).await.expect_status(401).problem("credentials_wrong").expect_no_header("set-cookie");
    let right = json!({"mfa_token": mfa_token, "otp": authenticator.code(&app.clock)});
    let me = browser.create_session(&right).await.expect_status(200);
    assert_eq!(me.id(), alice.id);
    assert_eq!(browser.me().await.expect_status(200).id(), alice.id);
    assert_ne!(browser.session(), planted);
    browser.set_session(&planted);
    browser.me().await.problem("sign_in_ended");
    app.browser().create_session(&right).await.problem("credentials_wrong");
}

pub async fn totp_code_is_accepted_once(app: TestApp) {
    let (alice, authenticator, _) = alice(&app).await;
    let code = authenticator.code(&app.clock);
    app.anonymous().second_step(&first_step(&app, &alice).await, &code).await.expect_status(200);
    assert_invalid_grant(app.anonymous().second_step(&first_step(&app, &alice).await, &code).await);
    app.clock.advance(Duration::from_secs(30));
    let mfa_token = first_step(&app, &alice).await;
    assert_invalid_grant(app.anonymous().second_step(&mfa_token, &code).await);
    app.anonymous().second_step(&mfa_token, &authenticator.code(&app.clock)).await.expect_status(200);
}

pub async fn code_that_confirmed_the_factor_is_used_up(app: TestApp) {
    let alice = app.verified_user("alice").await;
    let (authenticator, _) = with_second_factor(&app, &alice).await;
    let mfa_token = first_step(&app, &alice).await;
    assert_invalid_grant(app.anonymous().second_step(&mfa_token, &authenticator.code(&app.clock)).await);
    app.anonymous().second_step(&mfa_token, &authenticator.code_at(&app.clock, 1)).await.expect_status(200);
}

pub async fn totp_code_of_the_previous_or_next_step_is_accepted(app: TestApp) {
    let (alice, authenticator, _) = alice(&app).await;
    for (steps, is_accepted) in [(-2, false), (2, false), (-1, true), (0, true), (-1, false), (1, true), (0, false)] {
        let mfa_token = first_step(&app, &alice).await;
        let response = app.anonymous().second_step(&mfa_token, &authenticator.code_at(&app.clock, steps)).await;
        if is_accepted {
            response.expect_status(200);
        } else {
            assert_invalid_grant(response);
        }
    }
}

pub async fn concurrent_uses_of_one_code_succeed_once(app: TestApp) {
    let (alice, authenticator, recovery) = alice(&app).await;
    for code in [authenticator.code(&app.clock), recovery[0].clone()] {
        let mut tokens = Vec::new();
        for _ in 0..4 {
            tokens.push(first_step(&app, &alice).await);
        }
        let responses = send_concurrently(tokens.iter().map(|token| app.anonymous().second_step(token, &code))).await;
        let (done, others): (Vec<_>, Vec<_>) = responses.into_iter().partition(|response| response.status == 200);
        assert_eq!(done.len(), 1);
        others.into_iter().for_each(assert_invalid_grant);
    }
}

pub async fn each_recovery_code_is_accepted_once(app: TestApp) {
    let (alice, _, codes) = alice(&app).await;
    let anonymous = app.anonymous();
    for (used, code) in codes.iter().enumerate() {
        // Case, hyphens and spaces do not matter.
        let typed = match used {
            0 => code.to_uppercase(),
            1 => code.replace('-', ""),
            2 => format!(" {} ", code.replace('-', " ")),
            _ => code.clone(),
        };
        let mfa_token = first_step(&app, &alice).await;
        anonymous.second_step(&mfa_token, &typed).await.expect_status(200);
        assert_invalid_grant(anonymous.second_step(&first_step(&app, &alice).await, code).await);
        // Let the failed attempts expire, so that they do not lock her out.
        app.clock.advance(Duration::from_mins(2));
    }
}

pub async fn five_wrong_codes_end_the_first_step(app: TestApp) {
    let (alice, authenticator, recovery) = alice(&app).await;
    let (anonymous, wrong) = (app.anonymous(), authenticator.wrong_code(&app.clock));
    let mfa_token = first_step(&app, &alice).await;
    for _ in 0..4 {
        assert_invalid_grant(anonymous.second_step(&mfa_token, &wrong).await);
    }
    let second = first_step(&app, &alice).await;
    assert_invalid_grant(anonymous.second_step(&mfa_token, "no code").await);
    for code in [&authenticator.code(&app.clock), &recovery[0]] {
        assert_invalid_grant(anonymous.second_step(&mfa_token, code).await);
    }
    // Neither code was used up by the rejected attempts.
    anonymous.second_step(&second, &authenticator.code(&app.clock)).await.expect_status(200);
    anonymous.second_step(&first_step(&app, &alice).await, &recovery[0]).await.expect_status(200);
}

pub async fn ten_wrong_codes_lock_the_second_step(app: TestApp) {
    let (alice, authenticator, recovery) = alice(&app).await;
    let (anonymous, wrong) = (app.anonymous(), authenticator.wrong_code(&app.clock));
    for _ in 0..5 {
        let mfa_token = first_step(&app, &alice).await;
        for _ in 0..2 {
            assert_invalid_grant(anonymous.second_step(&mfa_token, &wrong).await);
        }
    }
    let mfa_token = first_step(&app, &alice).await;
    for code in [&wrong, &authenticator.code(&app.clock), &recovery[0]] {
        let locked = anonymous.second_step(&mfa_token, code).await.expect_status(429).problem("rate_limited");
        assert!(locked.header("retry-after").is_some());
    }
    let browser = app.browser();
    let first = browser.sign_in_by_cookie(&alice.email, &alice.password).await.problem("mfa_required");
    let body = json!({"mfa_token": first["mfa_token"], "otp": authenticator.code(&app.clock)});
    browser.create_session(&body).await.expect_status(429).problem("rate_limited");
}

pub async fn second_step_expires_after_five_minutes(app: TestApp) {
    let (alice, authenticator, _) = alice(&app).await;
    let (first, second) = (first_step(&app, &alice).await, first_step(&app, &alice).await);
    app.clock.advance(Duration::from_mins(5) - Duration::from_secs(1));
    app.anonymous().second_step(&first, &authenticator.code(&app.clock)).await.expect_status(200);
    app.clock.advance(Duration::from_secs(1));
    assert_invalid_grant(app.anonymous().second_step(&second, &authenticator.code_at(&app.clock, 1)).await);
}

pub async fn second_step_token_is_bound_to_its_user_and_purpose(app: TestApp) {
    let (alice, alice_app, recovery) = alice(&app).await;
    let bob = app.verified_user("bob").await;
    let (bob_app, _) = with_second_factor(&app, &bob).await;
    app.clock.advance(Duration::from_mins(10));
    let mfa_token = first_step(&app, &bob).await;
    assert_invalid_grant(app.anonymous().second_step(&mfa_token, &alice_app.code(&app.clock)).await);
    assert_invalid_grant(app.anonymous().second_step(&mfa_token, &recovery[0]).await);
    // Tokens of different kinds are not interchangeable.
    let anonymous = app.anonymous();
    anonymous.with_token(&mfa_token).me().await.problem("access_token_invalid");
    assert_invalid_grant(anonymous.refresh(&mfa_token).await);
    anonymous.verify_email(&mfa_token).await.problem("token_invalid");
    anonymous.reset_password(&mfa_token, "another horse battery").await.problem("token_invalid");
    let browser = app.browser();
    browser.set_session(&mfa_token);
    browser.me().await.problem("sign_in_ended");
    let verification = app.verification(&app.user("carol").await.email).await;
    for token in ["x", &*bob.refresh_token, &*bob.access_token, &*verification, &"A".repeat(43)] {
        let code = bob_app.code(&app.clock);
        assert_invalid_grant(anonymous.second_step(token, &code).await);
        app.browser().create_session(&json!({"mfa_token": token, "otp": code})).await.problem("credentials_wrong");
    }
    anonymous.second_step(&mfa_token, &bob_app.code(&app.clock)).await.expect_status(200);
    drop(alice);
}

pub async fn second_step_grants_the_scope_of_the_first(app: TestApp) {
    let (alice, authenticator, _) = alice(&app).await;
    let form = [("grant_type", "password"), ("username", &*alice.email), ("password", &*alice.password)];
    let narrow = [&form[..], &[("scope", "memos:read")]].concat();
    let first = app.anonymous().token(&narrow).await.expect_status(400);
    let wide = [
        ("grant_type", "mfa_otp"),
        ("mfa_token", first.text("mfa_token")),
        ("otp", &authenticator.code(&app.clock)),
        ("scope", "memos:read memos:write account:write"),
    ];
    let tokens = app.anonymous().token(&wide).await.expect_status(200);
    assert_eq!(tokens["scope"], "memos:read");
}

pub async fn second_step_repeats_the_call_of_the_first(app: TestApp) {
    let (alice, authenticator, _) = alice(&app).await;
    let narrow = [
        ("grant_type", "password"),
        ("username", &*alice.email),
        ("password", &*alice.password),
        ("scope", "memos:read"),
    ];
    let of_token = app.anonymous().token(&narrow).await.expect_status(400);
    let of_cookie = app.browser().sign_in_by_cookie(&alice.email, &alice.password).await.expect_status(401);
    let (of_token, of_cookie) = (of_token.text("mfa_token"), of_cookie.text("mfa_token"));
    let code = authenticator.code(&app.clock);
    let cookie = |token: &str| app.browser().create_session(&json!({"mfa_token": token, "otp": code}));
    // A token for reading memos does not become a cookie for everything.
    cookie(of_token).await.problem("credentials_wrong").expect_no_header("set-cookie");
    assert_invalid_grant(app.anonymous().second_step(of_cookie, &code).await);
    // Neither is used up.
    assert_eq!(app.anonymous().second_step(of_token, &code).await.expect_status(200)["scope"], "memos:read");
    app.clock.advance(Duration::from_secs(30));
    let code = authenticator.code(&app.clock);
    app.browser().create_session(&json!({"mfa_token": of_cookie, "otp": code})).await.expect_status(200);
}

pub async fn password_change_or_disabling_ends_the_first_step(app: TestApp) {
    let (alice, authenticator, _) = alice(&app).await;
    let admin = app.admin("root").await;
    let old = first_step(&app, &alice).await;
    let alice_now = alice.with_token(&access_token_of(&app, &alice, &authenticator).await);
    app.clock.advance(Duration::from_secs(30));
    alice_now.change_password(&alice.password, "another horse battery").await.expect_empty(204);
    assert_invalid_grant(app.anonymous().second_step(&old, &authenticator.code(&app.clock)).await);
    let response = app.anonymous().sign_in(&alice.email, "another horse battery").await.expect_status(400);
    let mfa_token = response.text("mfa_token");
    admin.patch_user(&alice.id, &json!({"disabled": true})).await.expect_status(200);
    assert_invalid_grant(app.anonymous().second_step(mfa_token, &authenticator.code(&app.clock)).await);
}

/// A new access token of Alice.
async fn access_token_of(app: &TestApp, alice: &User, authenticator: &Authenticator) -> String {
    let mfa_token = first_step(app, alice).await;
    let tokens = app.anonymous().second_step(&mfa_token, &authenticator.code(&app.clock)).await.expect_status(200);
    tokens.text("access_token").to_owned()
}

pub async fn password_reset_does_not_bypass_the_second_factor(app: TestApp) {
    let (alice, authenticator, _) = alice(&app).await;
    app.anonymous().forgot_password(&alice.email).await.expect_empty(202);
    let token = app.reset_link(&alice.email).await;
    app.anonymous().reset_password(&token, "another horse battery").await.expect_empty(204);
    let response = app.anonymous().sign_in(&alice.email, "another horse battery").await.expect_status(400);
    assert_eq!(response["error"], "mfa_required");
    let code = authenticator.code(&app.clock);
    app.anonymous().second_step(response.text("mfa_token"), &code).await.expect_status(200);
}
