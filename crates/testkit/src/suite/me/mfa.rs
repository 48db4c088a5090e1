//! Users enable and disable a second factor.

use std::{collections::BTreeSet, time::Duration};

use serde_json::json;

use crate::{Authenticator, TestApp, User, suite::send_concurrently};

/// Enables a second factor; returns its authenticator and its recovery codes. The address must be verified.
pub(in crate::suite) async fn with_second_factor(app: &TestApp, user: &User) -> (Authenticator, Vec<String>) {
    let enrolment = user.begin_totp().await.expect_status(200);
    let authenticator = Authenticator::of(&enrolment);
    let response = user.confirm_totp(&authenticator.code(&app.clock)).await.expect_status(200);
    let codes = response["recovery_codes"].as_array().expect("a list");
    (authenticator, codes.iter().map(|code| code.as_str().expect("a code").to_owned()).collect())
}

pub async fn second_factor_is_enabled_by_its_first_code(app: TestApp) {
    let alice = app.verified_user("alice").await;
    assert_eq!(alice.mfa().await.expect_status(200).json, json!({"totp": false, "recovery_codes_left": 0}));
    let enrolment = alice.begin_totp().await.expect_status(200).expect_header("cache-control", "no-store");
    let (secret, uri) = (enrolment.text("secret"), enrolment.text("otpauth_uri"));
    // A secret has 160 bits (RFC 4226, section 4).
    assert!(
        secret.len() == 32 && secret.bytes().all(|byte| byte.is_ascii_uppercase() || (b'2'..=b'7').contains(&byte))
    );
    let account = alice.email.replace('@', "%40");
    assert!(uri.starts_with(&format!("otpauth://totp/memo:{account}?secret={secret}&issuer=memo")), "{uri}");
    // An unconfirmed factor is not required.
    assert_eq!(alice.mfa().await["totp"], false);
    alice.sign_in_again("").await;
    let authenticator = Authenticator::of(&enrolment);
    alice.confirm_totp(&authenticator.wrong_code(&app.clock)).await.expect_status(422).problem("code_wrong");
    alice.sign_in_again("").await;
    let confirmed = alice.confirm_totp(&authenticator.code(&app.clock)).await.expect_status(200);
    let confirmed = confirmed.expect_header("cache-control", "no-store");
    let codes: BTreeSet<_> =
        confirmed["recovery_codes"].as_array().expect("a list").iter().map(ToString::to_string).collect();
    assert_eq!(codes.len(), 10);
    assert_eq!(alice.mfa().await.expect_status(200).json, json!({"totp": true, "recovery_codes_left": 10}));
    // Existing sessions continue.
    alice.me().await.expect_status(200);
    let response = app.anonymous().sign_in(&alice.email, &alice.password).await.expect_status(400);
    assert_eq!(response["error"], "mfa_required");
}

pub async fn enabled_second_factor_cannot_be_replaced(app: TestApp) {
    let alice = app.verified_user("alice").await;
    alice.confirm_totp("123456").await.expect_status(409).problem("mfa_not_begun");
    let first = Authenticator::of(&alice.begin_totp().await.expect_status(200));
    // Starting again replaces the secret.
    let second = Authenticator::of(&alice.begin_totp().await.expect_status(200));
    let code = first.code(&app.clock);
    if code != second.code(&app.clock) {
        let rejected = alice.confirm_totp(&code).await.expect_status(422).problem("code_wrong");
        assert_eq!(rejected.errors(), [("pointer", "/code", "code_wrong")]);
    }
    alice.confirm_totp(&second.code(&app.clock)).await.expect_status(200);
    // A stolen session cannot replace the factor.
    alice.begin_totp().await.expect_status(409).problem("mfa_enabled");
    alice.confirm_totp(&second.code_at(&app.clock, 1)).await.expect_status(409).problem("mfa_enabled");
    assert_eq!(alice.mfa().await["recovery_codes_left"], 10);
}

pub async fn ten_wrong_confirmation_codes_are_locked(app: TestApp) {
    let alice = app.verified_user("alice").await;
    let authenticator = Authenticator::of(&alice.begin_totp().await.expect_status(200));
    for _ in 0..10 {
        alice.confirm_totp(&authenticator.wrong_code(&app.clock)).await.problem("code_wrong");
    }
    alice.confirm_totp(&authenticator.code(&app.clock)).await.expect_status(429).problem("rate_limited");
    assert_eq!(alice.mfa().await["totp"], false);
}

pub async fn concurrent_confirmations_succeed_once(app: TestApp) {
    let alice = app.verified_user("alice").await;
    let authenticator = Authenticator::of(&alice.begin_totp().await.expect_status(200));
    let code = authenticator.code(&app.clock);
    // Starting again at the same time does not break the confirmation.
    let again = alice.begin_totp();
    let responses = send_concurrently((0..6).map(|_| alice.confirm_totp(&code)).chain([again])).await;
    let codes: Vec<_> = responses.iter().filter(|response| response.json["recovery_codes"].is_array()).collect();
    assert!(codes.len() <= 1, "{}", codes.len());
    assert_eq!(alice.mfa().await["totp"], codes.len() == 1);
    let Some(codes) = codes.first() else { return };
    // The recovery codes that were shown are valid.
    let first = app.anonymous().sign_in(&alice.email, &alice.password).await.expect_status(400);
    let recovery = codes["recovery_codes"][0].as_str().expect("a code");
    app.anonymous().second_step(first.text("mfa_token"), recovery).await.expect_status(200);
}

pub async fn used_recovery_codes_reduce_the_count(app: TestApp) {
    let alice = app.verified_user("alice").await;
    let (_, codes) = with_second_factor(&app, &alice).await;
    for (used, code) in codes.iter().take(3).enumerate() {
        let first = app.anonymous().sign_in(&alice.email, &alice.password).await.expect_status(400);
        app.anonymous().second_step(first.text("mfa_token"), code).await.expect_status(200);
        assert_eq!(alice.mfa().await["recovery_codes_left"], 9 - used);
    }
}

pub async fn disabling_the_second_factor_needs_the_password(app: TestApp) {
    let alice = app.verified_user("alice").await;
    let (authenticator, old_codes) = with_second_factor(&app, &alice).await;
    alice.remove_totp("a wrong password").await.expect_status(403).problem("password_wrong");
    alice.call("DELETE", "/api/v1/me/mfa/totp").json(&json!({})).await.problem("password_wrong");
    let null = json!({"current_password": null});
    alice.call("DELETE", "/api/v1/me/mfa/totp").json(&null).await.problem("password_wrong");
    assert_eq!(alice.mfa().await["totp"], true);
    let first = app.anonymous().sign_in(&alice.email, &alice.password).await.expect_status(400);
    alice.remove_totp(&alice.password).await.expect_empty(204);
    assert_eq!(alice.mfa().await.json, json!({"totp": false, "recovery_codes_left": 0}));
    alice.sign_in_again("").await;
    // A first step from before is invalid.
    app.clock.advance(Duration::from_secs(30));
    for code in [&authenticator.code(&app.clock), &old_codes[0]] {
        let response = app.anonymous().second_step(first.text("mfa_token"), code).await.expect_status(400);
        assert_eq!(response["error"], "invalid_grant");
    }
    // A new factor has new recovery codes.
    let (_, codes) = with_second_factor(&app, &alice).await;
    let first = app.anonymous().sign_in(&alice.email, &alice.password).await.expect_status(400);
    let rejected = app.anonymous().second_step(first.text("mfa_token"), &old_codes[0]).await.expect_status(400);
    assert_eq!(rejected["error"], "invalid_grant");
    app.anonymous().second_step(first.text("mfa_token"), &codes[0]).await.expect_status(200);
}
