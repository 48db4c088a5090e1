//! Who adds a way to sign in has signed in, or proved who they are, within the last 10 minutes.

use std::time::Duration;

use serde_json::json;

use super::social::{assert_redirected, authorize, identities, link, social_sign_in, state, unlink};
use crate::{Authenticator, TestApp};

const NEW: &str = "another horse battery";
const TEN_MINUTES: Duration = Duration::from_mins(10);

pub async fn linking_needs_a_recent_sign_in_or_proof(app: TestApp) {
    let (alice, browser, other) = (app.user("alice").await, app.browser(), app.browser());
    for browser in [&browser, &other] {
        browser.sign_in_by_cookie(&alice.email, &alice.password).await.expect_status(200);
    }
    let link = |browser| authorize(browser, "acme").query(&[("link", "true")]);
    app.clock.advance(TEN_MINUTES);
    state(link(&browser).await);
    app.clock.advance(Duration::from_secs(1));
    link(&browser).await.expect_status(403).problem("proof_required").expect_no_header("set-cookie");
    // Signing in needs no proof.
    state(authorize(&browser, "acme").await);
    browser.prove("a wrong password").await.expect_status(403).problem("password_wrong");
    link(&browser).await.problem("proof_required");
    browser.prove(&alice.password).await.expect_empty(204).expect_header("cache-control", "no-store");
    state(link(&browser).await);
    // The proof counts for its own session only.
    link(&other).await.problem("proof_required");
    app.clock.advance(TEN_MINUTES + Duration::from_secs(1));
    link(&browser).await.problem("proof_required");
}

pub async fn second_factor_needs_a_recent_sign_in_or_proof(app: TestApp) {
    let alice = app.verified_user("alice").await;
    app.clock.advance(TEN_MINUTES + Duration::from_secs(1));
    alice.begin_totp().await.expect_status(403).problem("proof_required");
    // A new token of the same session is no proof.
    let tokens = app.anonymous().refresh(&alice.refresh_token).await.expect_status(200);
    let alice_again = app.anonymous().with_token(tokens.text("access_token"));
    alice_again.begin_totp().await.problem("proof_required");
    alice.prove(&alice.password).await.expect_empty(204);
    let enrolment = alice_again.begin_totp().await.expect_status(200);
    alice.confirm_totp(&Authenticator::of(&enrolment).code(&app.clock)).await.expect_status(200);
}

pub async fn proof_needs_the_password_and_an_interactive_session(app: TestApp) {
    let alice = app.user("alice").await;
    app.anonymous().prove(&alice.password).await.expect_status(401).problem("authentication_required");
    let narrow = alice.with_scope("memos:read memos:write account:read account:write").await;
    narrow.prove(&alice.password).await.expect_status(403).problem("interactive_sign_in_required");
    for wrong in ["", &alice.password.to_uppercase()] {
        alice.prove(wrong).await.expect_status(403).problem("password_wrong");
    }
    let call = |body| alice.call("POST", "/api/v1/auth/session/proof").json(&body);
    call(json!({})).await.invalid("/password", "required");
    call(json!({"password": alice.password, "scope": "memos:read"})).await.invalid("/scope", "unknown_member");
    alice.prove(&alice.password).await.expect_empty(204);
}

pub async fn user_without_a_password_proves_by_signing_in_again(app: TestApp) {
    let browser = app.browser();
    let user = || app.acme.user("alice", Some("alice@example.com"), true);
    assert_redirected(social_sign_in(&browser, &app.acme, user()).await, "/");
    // Otherwise one sign-in would count for ever.
    browser.prove("correct horse").await.expect_status(403).problem("recent_sign_in_required");
    app.clock.advance(TEN_MINUTES + Duration::from_secs(1));
    browser.prove("correct horse").await.expect_status(403).problem("recent_sign_in_required");
    browser.begin_totp().await.problem("proof_required");
    assert_redirected(social_sign_in(&browser, &app.acme, user()).await, "/");
    browser.begin_totp().await.expect_status(200);
}

pub async fn changes_of_the_ways_to_sign_in_are_told_by_mail(app: TestApp) {
    let (alice, browser) = (app.verified_user("alice").await, app.browser());
    browser.sign_in_by_cookie(&alice.email, &alice.password).await.expect_status(200);
    let subjects = [
        ("en", "linked to", "unlinked from", "turned on", "turned off"),
        ("ko", "연결되었습니다", "연결이 해제되었습니다", "2단계 인증이 설정", "2단계 인증이 해제"),
    ];
    for (locale, linked, unlinked, on, off) in subjects {
        alice.patch_me(&json!({"locale": locale})).await.expect_status(200);
        assert_redirected(link(&browser, &app.acme, app.acme.user("alice", None, false)).await, "/");
        // Linking it again changes nothing.
        assert_redirected(link(&browser, &app.acme, app.acme.user("alice", None, false)).await, "/");
        let mail = app.mail_to(&alice.email, linked).await;
        assert!(mail.text.contains("\n\nacme\n\n") && !mail.text.contains("token="), "{}", mail.text);
        unlink(&browser, "acme").await.expect_empty(204);
        app.mail_to(&alice.email, unlinked).await;
        let enrolment = alice.begin_totp().await.expect_status(200);
        alice.confirm_totp(&Authenticator::of(&enrolment).code(&app.clock)).await.expect_status(200);
        app.mail_to(&alice.email, on).await;
        alice.remove_totp(&alice.password).await.expect_empty(204);
        // There is nothing left to remove.
        alice.remove_totp(&alice.password).await.expect_empty(204);
        app.mail_to(&alice.email, off).await;
    }
    let more: Vec<_> = app.mail.sent().into_iter().map(|mail| mail.subject).collect();
    assert!(more.iter().all(|subject| subject.contains("device") || subject.contains("기기")), "{more:?}");
}

pub async fn new_password_can_unlink_all_identities(app: TestApp) {
    let (alice, browser) = (app.verified_user("alice").await, app.browser());
    browser.sign_in_by_cookie(&alice.email, &alice.password).await.expect_status(200);
    let link_both = async || {
        for provider in [&app.acme, &app.other] {
            assert_redirected(link(&browser, provider, provider.user("alice", None, false)).await, "/");
        }
    };
    link_both().await;
    let change = |old: &str, new: &str, unlink: bool| {
        let body = json!({"current_password": old, "new_password": new, "unlink_identities": unlink});
        browser.call("PUT", "/api/v1/me/password").json(&body)
    };
    change(&alice.password, NEW, false).await.expect_empty(204);
    assert_eq!(identities(&browser).await.len(), 2);
    change(NEW, &alice.password, true).await.expect_empty(204);
    assert!(identities(&browser).await.is_empty());
    for _ in 0..2 {
        app.mail_to(&alice.email, "unlinked from").await;
    }
    link_both().await;
    let reset = async |unlink: bool| {
        app.anonymous().forgot_password(&alice.email).await.expect_empty(202);
        let body = json!({"token": app.reset_link(&alice.email).await, "password": NEW, "unlink_identities": unlink});
        app.anonymous().call("POST", "/api/v1/auth/password/reset").json(&body).await.expect_empty(204);
        browser.sign_in_by_cookie(&alice.email, NEW).await.expect_status(200);
        identities(&browser).await.len()
    };
    assert_eq!(reset(false).await, 2);
    assert_eq!(reset(true).await, 0);
    for unlink in [json!("yes"), json!(1), json!(null)] {
        let body = json!({"current_password": NEW, "new_password": NEW, "unlink_identities": unlink});
        browser.call("PUT", "/api/v1/me/password").json(&body).await.invalid("/unlink_identities", "wrong_type");
    }
}
