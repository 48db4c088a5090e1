//! Verification of an e-mail address by a link in a mail.

use std::time::Duration;

use serde_json::json;

use crate::{TestApp, User};

async fn is_verified(user: &User) -> bool {
    user.me().await.expect_status(200)["email_verified"].as_bool().expect("a boolean")
}

pub async fn verification_link_verifies_the_address_once(app: TestApp) {
    let alice = app.user("alice").await;
    assert!(!is_verified(&alice).await);
    let token = app.verification(&alice.email).await;
    // Link scanners of mail providers must not use up the token.
    for method in ["GET", "HEAD"] {
        app.anonymous().call(method, &format!("/verify-email?token={token}")).await.expect_status(200);
    }
    assert!(!is_verified(&alice).await);
    app.clock.advance(Duration::from_mins(1));
    let done = alice.verify_email(&token).await.expect_empty(204);
    done.expect_header("cache-control", "no-store").expect_no_header("set-cookie");
    assert!(is_verified(&alice).await);
    assert_eq!(alice.me().await["updated_at"], app.now());
    app.anonymous().verify_email(&token).await.expect_status(422).problem("token_invalid");
}

pub async fn verification_link_expires_after_a_day(app: TestApp) {
    let (alice, bob) = (app.user("alice").await, app.user("bob").await);
    let (alice_token, bob_token) = (app.verification(&alice.email).await, app.verification(&bob.email).await);
    app.clock.advance(Duration::from_secs(86_399));
    app.anonymous().verify_email(&alice_token).await.expect_empty(204);
    app.clock.advance(Duration::from_secs(1));
    app.anonymous().verify_email(&bob_token).await.problem("token_invalid");
    let (alice, bob) = (alice.sign_in_again("").await, bob.sign_in_again("").await);
    for (tokens, expected) in [(alice, true), (bob, false)] {
        let me = app.anonymous().with_token(tokens.text("access_token")).me().await;
        assert_eq!(me["email_verified"], expected);
    }
}

pub async fn invalid_verification_token_is_rejected(app: TestApp) {
    let alice = app.user("alice").await;
    let token = app.verification(&alice.email).await;
    app.anonymous().forgot_password(&alice.email).await.expect_empty(202);
    let reset = app.reset_link(&alice.email).await;
    let mut bodies = Vec::new();
    let damaged = token.replacen(|char: char| char != 'A', "A", 1);
    let long = "A".repeat(43);
    for wrong in ["", "x", "\u{0}", "' OR 1=1 --", &long, &damaged, &format!("{token}A"), &reset, &alice.refresh_token]
    {
        let rejected = app.anonymous().verify_email(wrong).await.expect_status(422).problem("token_invalid");
        assert_eq!(rejected.errors(), [("pointer", "/token", "token_invalid")]);
        let mut body = rejected.json;
        body["request_id"] = json!(null);
        bodies.push(body);
    }
    bodies.dedup();
    assert_eq!(bodies.len(), 1, "the responses differ: {bodies:?}");
    assert!(!is_verified(&alice).await);
    // The reset link was not used up, and a verification link does not reset a password.
    app.anonymous().reset_password(&token, "another horse battery").await.problem("token_invalid");
    app.anonymous().reset_password(&reset, "another horse battery").await.expect_empty(204);
}

pub async fn concurrent_uses_of_a_verification_link_succeed_once(app: TestApp) {
    let alice = app.user("alice").await;
    let token = app.verification(&alice.email).await;
    let responses = crate::suite::send_concurrently((0..8).map(|_| app.anonymous().verify_email(&token))).await;
    let (done, rejected): (Vec<_>, Vec<_>) = responses.into_iter().partition(|response| response.status == 204);
    assert_eq!(done.len(), 1);
    for response in rejected {
        response.problem("token_invalid");
    }
}

pub async fn mail_is_in_the_language_of_the_user(app: TestApp) {
    let alice = app.user("alice").await;
    let english = app.mail_to(&alice.email, "Confirm your e-mail address").await;
    assert!(english.html.contains("<html lang=\"en\">") && english.text.is_ascii());
    alice.patch_me(&json!({"locale": "ko"})).await.expect_status(200);
    app.clock.advance(Duration::from_mins(2));
    alice.resend_verification().await.expect_empty(202);
    let token = app.link_to(&alice.email, "이메일 주소를 확인해 주세요", "verify-email").await;
    app.anonymous().verify_email(&token).await.expect_empty(204);
    app.anonymous().forgot_password(&alice.email).await.expect_empty(202);
    let token = app.link_to(&alice.email, "비밀번호를 재설정해 주세요", "reset-password").await;
    app.anonymous().reset_password(&token, "another horse battery").await.expect_empty(204);
    let korean = app.mail_to(&alice.email, "비밀번호가 변경되었습니다").await;
    assert!(korean.html.contains("<html lang=\"ko\">") && korean.text.contains("계정의 비밀번호"));
}

pub async fn user_text_cannot_inject_mail_headers(app: TestApp) {
    let anonymous = app.anonymous();
    let account =
        |email: &str, name: &str| json!({"email": email, "password": "correct horse battery", "display_name": name});
    for line_break in ["\r\n", "\n", "\r", "\u{85}"] {
        let email = format!("alice@example.com{line_break}Bcc: mallory@example.com");
        anonymous.sign_up(&account(&email, "A")).await.invalid("/email", "control_character");
        anonymous.forgot_password(&email).await.invalid("/email", "control_character");
        let name = format!("A{line_break}Bcc: mallory@example.com");
        anonymous.sign_up(&account("alice@example.com", &name)).await.invalid("/display_name", "control_character");
    }
    for email in [
        "alice@example.com, mallory@example.com",
        "alice@example.com mallory@example.com",
        "<alice@example.com>",
        "Alice <alice@example.com>",
        "\"alice bcc: m\"@example.com",
        "alice@example.com\u{2028}Bcc:mallory@example.com",
        "alice@example.com;mallory@example.com",
    ] {
        anonymous.sign_up(&account(email, "A")).await.invalid("/email", "malformed");
    }
    let name = "Bcc: mallory@example.com =?utf-8?q?=0d=0aBcc:m@example.com?= <script>";
    anonymous.sign_up(&account("alice@example.com", name)).await.expect_status(201);
    anonymous.forgot_password("alice@example.com").await.expect_empty(202);
    for subject in ["Confirm your e-mail address", "Set a new password"] {
        let mail = app.mail_to("alice@example.com", subject).await;
        assert_eq!(mail.subject, subject);
        for text in [mail.text, mail.html] {
            assert!(!text.contains("mallory") && !text.contains("script"), "{text}");
        }
    }
}

pub async fn user_agent_in_mail_is_escaped_and_not_a_link(app: TestApp) {
    let alice = app.user("alice").await;
    let form = [("grant_type", "password"), ("username", &*alice.email), ("password", &*alice.password)];
    for name in ["http://evil.example/reset?a=<b>", "https://evil.example", "<a href=\"https://evil.example\">here</a>"]
    {
        app.anonymous().token(&form).header("user-agent", name).await.expect_status(200);
        let mail = app.mail_to(&alice.email, "New device").await;
        assert!(mail.text.contains(name) && mail.text.contains("127.0.0.1"), "{}", mail.text);
        // The only link leads to this server.
        assert_eq!(mail.html.matches("<a ").count(), 1, "{}", mail.html);
        assert!(mail.html.contains(&format!("<a href=\"{}", app.url())) && !mail.html.contains("<b>"), "{}", mail.html);
    }
}

pub async fn link_pages_do_not_leak_the_token(app: TestApp) {
    for page in ["/verify-email", "/reset-password"] {
        let response = app.anonymous().get(&format!("{page}?token=A-token-of-a-link")).await.expect_status(200);
        assert_eq!(response.media_type(), Some("text/html"));
        let policy = response.header("content-security-policy").expect("a policy");
        assert!(policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"), "{policy}");
        let response = response.expect_header("referrer-policy", "no-referrer");
        let body = String::from_utf8(response.body).expect("UTF-8");
        assert!(!body.contains("A-token") && !body.contains("http"), "{body}");
    }
}
