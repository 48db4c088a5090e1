//! The second step of a sign-in, where a member has a second factor.

use std::time::Duration;

use serde_json::json;

use crate::{
    Answer, Authenticator, Member, TestApp,
    suite::{at_once, me::mfa::with_second_factor},
};

/// The token for the second step, after a right password.
async fn first_step(app: &TestApp, member: &Member) -> String {
    let answer = app.anonymous().sign_in(&member.email, &member.password).await.expect_status(400);
    assert_eq!(answer["error"], "mfa_required");
    answer.text("mfa_token").to_owned()
}

#[track_caller]
fn refused(answer: Answer) {
    let answer = answer.expect_status(400);
    assert_eq!(answer["error"], "invalid_grant");
    assert!(answer["mfa_token"].is_null());
}

/// Alice with a second factor whose last code is well past.
async fn alice(app: &TestApp) -> (Member, Authenticator, Vec<String>) {
    let alice = app.user("alice").await;
    let (authenticator, codes) = with_second_factor(app, &alice).await;
    app.clock.advance(Duration::from_mins(10));
    (alice, authenticator, codes)
}

pub async fn a_right_password_needs_a_code_for_tokens(app: TestApp) {
    let (alice, authenticator, _) = alice(&app).await;
    let anyone = app.anonymous();
    let first = anyone.sign_in(&alice.email, &alice.password).await.expect_status(400);
    let first = first.expect_header("cache-control", "no-store");
    assert_eq!((&first["error"], &first["access_token"]), (&json!("mfa_required"), &json!(null)));
    let mfa_token = first.text("mfa_token");
    let tokens = anyone.second_step(mfa_token, &authenticator.code(&app.clock)).await.expect_status(200);
    let tokens = tokens.expect_header("cache-control", "no-store");
    assert_eq!(anyone.with_token(tokens.text("access_token")).me().await.expect_status(200).id(), alice.id);
    anyone.refresh(tokens.text("refresh_token")).await.expect_status(200);
    // The first step is used up.
    app.clock.advance(Duration::from_mins(1));
    refused(anyone.second_step(mfa_token, &authenticator.code(&app.clock)).await);
    // A wrong password is told apart by nothing.
    refused(anyone.sign_in(&alice.email, "a wrong password").await);
}

pub async fn a_right_password_needs_a_code_for_a_cookie(app: TestApp) {
    let (alice, authenticator, _) = alice(&app).await;
    let (mallory, browser) = (app.user("mallory").await, app.browser());
    // A sign-in that somebody planted ends with the second step.
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

pub async fn a_code_works_once(app: TestApp) {
    let (alice, authenticator, _) = alice(&app).await;
    let code = authenticator.code(&app.clock);
    app.anonymous().second_step(&first_step(&app, &alice).await, &code).await.expect_status(200);
    refused(app.anonymous().second_step(&first_step(&app, &alice).await, &code).await);
    app.clock.advance(Duration::from_secs(30));
    let mfa_token = first_step(&app, &alice).await;
    refused(app.anonymous().second_step(&mfa_token, &code).await);
    app.anonymous().second_step(&mfa_token, &authenticator.code(&app.clock)).await.expect_status(200);
}

pub async fn the_code_that_confirmed_is_used_up(app: TestApp) {
    let alice = app.user("alice").await;
    let (authenticator, _) = with_second_factor(&app, &alice).await;
    let mfa_token = first_step(&app, &alice).await;
    refused(app.anonymous().second_step(&mfa_token, &authenticator.code(&app.clock)).await);
    app.anonymous().second_step(&mfa_token, &authenticator.code_beside(&app.clock, 1)).await.expect_status(200);
}

pub async fn one_step_either_side_is_accepted(app: TestApp) {
    let (alice, authenticator, _) = alice(&app).await;
    for (steps, is_good) in [(-2, false), (2, false), (-1, true), (0, true), (-1, false), (1, true), (0, false)] {
        let mfa_token = first_step(&app, &alice).await;
        let answer = app.anonymous().second_step(&mfa_token, &authenticator.code_beside(&app.clock, steps)).await;
        if is_good {
            answer.expect_status(200);
        } else {
            refused(answer);
        }
    }
}

pub async fn of_many_uses_of_a_code_at_once_one_counts(app: TestApp) {
    let (alice, authenticator, recovery) = alice(&app).await;
    for code in [authenticator.code(&app.clock), recovery[0].clone()] {
        let mut tokens = Vec::new();
        for _ in 0..4 {
            tokens.push(first_step(&app, &alice).await);
        }
        let answers = at_once(tokens.iter().map(|token| app.anonymous().second_step(token, &code))).await;
        let (done, others): (Vec<_>, Vec<_>) = answers.into_iter().partition(|answer| answer.status == 200);
        assert_eq!(done.len(), 1);
        others.into_iter().for_each(refused);
    }
}

pub async fn recovery_codes_work_once_each(app: TestApp) {
    let (alice, _, codes) = alice(&app).await;
    let anyone = app.anonymous();
    for (used, code) in codes.iter().enumerate() {
        // However they are typed.
        let typed = match used {
            0 => code.to_uppercase(),
            1 => code.replace('-', ""),
            2 => format!(" {} ", code.replace('-', " ")),
            _ => code.clone(),
        };
        let mfa_token = first_step(&app, &alice).await;
        anyone.second_step(&mfa_token, &typed).await.expect_status(200);
        refused(anyone.second_step(&first_step(&app, &alice).await, code).await);
        // So that wrong ones don't lock her out.
        app.clock.advance(Duration::from_mins(2));
    }
}

pub async fn a_first_step_takes_five_tries(app: TestApp) {
    let (alice, authenticator, recovery) = alice(&app).await;
    let (anyone, wrong) = (app.anonymous(), authenticator.wrong_code(&app.clock));
    let mfa_token = first_step(&app, &alice).await;
    for _ in 0..4 {
        refused(anyone.second_step(&mfa_token, &wrong).await);
    }
    let second = first_step(&app, &alice).await;
    refused(anyone.second_step(&mfa_token, "no code").await);
    for code in [&authenticator.code(&app.clock), &recovery[0]] {
        refused(anyone.second_step(&mfa_token, code).await);
    }
    // Neither was used up.
    anyone.second_step(&second, &authenticator.code(&app.clock)).await.expect_status(200);
    anyone.second_step(&first_step(&app, &alice).await, &recovery[0]).await.expect_status(200);
}

pub async fn ten_wrong_codes_lock_the_second_step(app: TestApp) {
    let (alice, authenticator, recovery) = alice(&app).await;
    let (anyone, wrong) = (app.anonymous(), authenticator.wrong_code(&app.clock));
    for _ in 0..5 {
        let mfa_token = first_step(&app, &alice).await;
        for _ in 0..2 {
            refused(anyone.second_step(&mfa_token, &wrong).await);
        }
    }
    let mfa_token = first_step(&app, &alice).await;
    for code in [&wrong, &authenticator.code(&app.clock), &recovery[0]] {
        let locked = anyone.second_step(&mfa_token, code).await.expect_status(429).problem("too_many_attempts");
        assert_eq!(locked.header("retry-after"), Some("900"));
    }
    let body = json!({"mfa_token": mfa_token, "otp": authenticator.code(&app.clock)});
    app.browser().create_session(&body).await.expect_status(429).problem("too_many_attempts");
    app.clock.advance(Duration::from_mins(15));
    let mfa_token = first_step(&app, &alice).await;
    anyone.second_step(&mfa_token, &authenticator.code(&app.clock)).await.expect_status(200);
}

pub async fn the_second_step_may_take_five_minutes(app: TestApp) {
    let (alice, authenticator, _) = alice(&app).await;
    let (first, second) = (first_step(&app, &alice).await, first_step(&app, &alice).await);
    app.clock.advance(Duration::from_mins(5) - Duration::from_secs(1));
    app.anonymous().second_step(&first, &authenticator.code(&app.clock)).await.expect_status(200);
    app.clock.advance(Duration::from_secs(1));
    refused(app.anonymous().second_step(&second, &authenticator.code_beside(&app.clock, 1)).await);
}

pub async fn a_first_step_is_of_one_member(app: TestApp) {
    let (alice, of_alice, recovery) = alice(&app).await;
    let bob = app.user("bob").await;
    let (of_bob, _) = with_second_factor(&app, &bob).await;
    app.clock.advance(Duration::from_mins(10));
    let mfa_token = first_step(&app, &bob).await;
    refused(app.anonymous().second_step(&mfa_token, &of_alice.code(&app.clock)).await);
    refused(app.anonymous().second_step(&mfa_token, &recovery[0]).await);
    // It is no other kind of token, and no other kind of token is it.
    let anyone = app.anonymous();
    anyone.with_token(&mfa_token).me().await.problem("access_token_invalid");
    refused(anyone.refresh(&mfa_token).await);
    anyone.verify_email(&mfa_token).await.problem("token_invalid");
    anyone.reset_password(&mfa_token, "another horse battery").await.problem("token_invalid");
    let browser = app.browser();
    browser.set_session(&mfa_token);
    browser.me().await.problem("sign_in_ended");
    let verification = app.verification(&bob.email).await;
    for token in ["x", &*bob.refresh_token, &*bob.access_token, &*verification, &"A".repeat(43)] {
        let code = of_bob.code(&app.clock);
        refused(anyone.second_step(token, &code).await);
        app.browser().create_session(&json!({"mfa_token": token, "otp": code})).await.problem("credentials_wrong");
    }
    anyone.second_step(&mfa_token, &of_bob.code(&app.clock)).await.expect_status(200);
    drop(alice);
}

pub async fn the_second_step_gives_what_the_first_asked_for(app: TestApp) {
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

pub async fn another_password_or_a_shut_account_ends_the_first_step(app: TestApp) {
    let (alice, authenticator, _) = alice(&app).await;
    let admin = app.admin("root").await;
    let old = first_step(&app, &alice).await;
    let alice_now = alice.with_token(&alice_tokens(&app, &alice, &authenticator).await);
    app.clock.advance(Duration::from_secs(30));
    alice_now.change_password(&alice.password, "another horse battery").await.expect_empty(204);
    refused(app.anonymous().second_step(&old, &authenticator.code(&app.clock)).await);
    let answer = app.anonymous().sign_in(&alice.email, "another horse battery").await.expect_status(400);
    let mfa_token = answer.text("mfa_token");
    admin.patch_user(&alice.id, &json!({"disabled": true})).await.expect_status(200);
    refused(app.anonymous().second_step(mfa_token, &authenticator.code(&app.clock)).await);
}

/// A fresh access token of hers.
async fn alice_tokens(app: &TestApp, alice: &Member, authenticator: &Authenticator) -> String {
    let mfa_token = first_step(app, alice).await;
    let tokens = app.anonymous().second_step(&mfa_token, &authenticator.code(&app.clock)).await.expect_status(200);
    tokens.text("access_token").to_owned()
}

pub async fn a_reset_password_does_not_replace_a_code(app: TestApp) {
    let (alice, authenticator, _) = alice(&app).await;
    app.anonymous().forgot_password(&alice.email).await.expect_empty(202);
    let token = app.reset_link(&alice.email).await;
    app.anonymous().reset_password(&token, "another horse battery").await.expect_empty(204);
    let answer = app.anonymous().sign_in(&alice.email, "another horse battery").await.expect_status(400);
    assert_eq!(answer["error"], "mfa_required");
    let code = authenticator.code(&app.clock);
    app.anonymous().second_step(answer.text("mfa_token"), &code).await.expect_status(200);
}
