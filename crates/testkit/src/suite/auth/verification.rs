//! Addresses are proved by a link in a mail.

use std::time::Duration;

use serde_json::json;

use crate::{Member, TestApp};

async fn is_verified(member: &Member) -> bool {
    member.me().await.expect_status(200)["email_verified"].as_bool().expect("a truth value")
}

pub async fn a_sign_up_is_proved_by_mail(app: TestApp) {
    let alice = app.user("alice").await;
    assert!(!is_verified(&alice).await);
    let token = app.verification(&alice.email).await;
    // Programs that look at links in mail use up none.
    for method in ["GET", "HEAD"] {
        app.anonymous().call(method, &format!("/verify-email?token={token}")).await.expect_status(200);
    }
    assert!(!is_verified(&alice).await);
    app.clock.advance(Duration::from_mins(1));
    let done = app.anonymous().verify_email(&token).await.expect_empty(204);
    done.expect_header("cache-control", "no-store").expect_no_header("set-cookie");
    assert!(is_verified(&alice).await);
    assert_eq!(alice.me().await["updated_at"], app.now());
    app.anonymous().verify_email(&token).await.expect_status(422).problem("token_invalid");
}

pub async fn a_link_proves_an_address_for_a_day(app: TestApp) {
    let (alice, bob) = (app.user("alice").await, app.user("bob").await);
    let (of_alice, of_bob) = (app.verification(&alice.email).await, app.verification(&bob.email).await);
    app.clock.advance(Duration::from_secs(86_399));
    app.anonymous().verify_email(&of_alice).await.expect_empty(204);
    app.clock.advance(Duration::from_secs(1));
    app.anonymous().verify_email(&of_bob).await.problem("token_invalid");
    let (alice, bob) = (alice.sign_in_again("").await, bob.sign_in_again("").await);
    for (tokens, expected) in [(alice, true), (bob, false)] {
        let me = app.anonymous().with_token(tokens.text("access_token")).me().await;
        assert_eq!(me["email_verified"], expected);
    }
}

pub async fn a_link_is_sent_once_more(app: TestApp) {
    let alice = app.user("alice").await;
    let first = app.verification(&alice.email).await;
    alice.resend_verification().await.expect_empty(202);
    let second = app.verification(&alice.email).await;
    assert_ne!(first, second);
    app.anonymous().verify_email(&first).await.problem("token_invalid");
    app.anonymous().verify_email(&second).await.expect_empty(204);
    // Then there is nothing left to prove. The mail for Bob is written after hers would have been.
    alice.resend_verification().await.expect_empty(202);
    let bob = app.user("bob").await;
    app.verification(&bob.email).await;
    assert!(app.mail.sent().is_empty());
    app.anonymous().resend_verification().await.problem("authentication_required");
}

pub async fn what_is_no_token_of_a_link_proves_nothing(app: TestApp) {
    let alice = app.user("alice").await;
    let token = app.verification(&alice.email).await;
    app.anonymous().forgot_password(&alice.email).await.expect_empty(202);
    let reset = app.reset_link(&alice.email).await;
    let mut bodies = Vec::new();
    let damaged = token.replacen(|char: char| char != 'A', "A", 1);
    let long = "A".repeat(43);
    for wrong in ["", "x", "\u{0}", "' OR 1=1 --", &long, &damaged, &format!("{token}A"), &reset, &alice.refresh_token]
    {
        let refused = app.anonymous().verify_email(wrong).await.expect_status(422).problem("token_invalid");
        assert_eq!(refused.errors(), [("pointer", "/token", "token_invalid")]);
        let mut body = refused.json;
        body["request_id"] = json!(null);
        bodies.push(body);
    }
    bodies.dedup();
    assert_eq!(bodies.len(), 1, "they are told apart: {bodies:?}");
    assert!(!is_verified(&alice).await);
    // The link to set a password was not used up by it, nor is the one that proves good for a password.
    app.anonymous().reset_password(&token, "another horse battery").await.problem("token_invalid");
    app.anonymous().reset_password(&reset, "another horse battery").await.expect_empty(204);
}

pub async fn of_many_uses_of_a_link_at_once_one_counts(app: TestApp) {
    let alice = app.user("alice").await;
    let token = app.verification(&alice.email).await;
    let answers = crate::suite::at_once((0..8).map(|_| app.anonymous().verify_email(&token))).await;
    let (done, refused): (Vec<_>, Vec<_>) = answers.into_iter().partition(|answer| answer.status == 204);
    assert_eq!(done.len(), 1);
    for answer in refused {
        answer.problem("token_invalid");
    }
}

pub async fn mail_speaks_the_language_of_the_member(app: TestApp) {
    let alice = app.user("alice").await;
    let english = app.mail_to(&alice.email, "Confirm your e-mail address").await;
    assert!(english.html.contains("<html lang=\"en\">") && english.text.is_ascii());
    alice.patch_me(&json!({"locale": "ko"})).await.expect_status(200);
    alice.resend_verification().await.expect_empty(202);
    let token = app.link_to(&alice.email, "이메일 주소를 확인해 주세요", "verify-email").await;
    app.anonymous().verify_email(&token).await.expect_empty(204);
    app.anonymous().forgot_password(&alice.email).await.expect_empty(202);
    let token = app.link_to(&alice.email, "새 비밀번호를 정하세요", "reset-password").await;
    app.anonymous().reset_password(&token, "another horse battery").await.expect_empty(204);
    let korean = app.mail_to(&alice.email, "비밀번호가 바뀌었습니다").await;
    assert!(korean.html.contains("<html lang=\"ko\">") && korean.text.contains("계정의 비밀번호"));
}

pub async fn no_text_of_a_member_gets_into_the_headers_of_mail(app: TestApp) {
    let anyone = app.anonymous();
    let account =
        |email: &str, name: &str| json!({"email": email, "password": "correct horse battery", "display_name": name});
    for break_ in ["\r\n", "\n", "\r", "\u{85}"] {
        let email = format!("alice@example.com{break_}Bcc: mallory@example.com");
        anyone.sign_up(&account(&email, "A")).await.invalid("/email", "control_character");
        anyone.forgot_password(&email).await.invalid("/email", "control_character");
        let name = format!("A{break_}Bcc: mallory@example.com");
        anyone.sign_up(&account("alice@example.com", &name)).await.invalid("/display_name", "control_character");
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
        anyone.sign_up(&account(email, "A")).await.invalid("/email", "malformed");
    }
    let name = "Bcc: mallory@example.com =?utf-8?q?=0d=0aBcc:m@example.com?= <script>";
    anyone.sign_up(&account("alice@example.com", name)).await.expect_status(201);
    anyone.forgot_password("alice@example.com").await.expect_empty(202);
    for subject in ["Confirm your e-mail address", "Set a new password"] {
        let mail = app.mail_to("alice@example.com", subject).await;
        assert_eq!(mail.subject, subject);
        for text in [mail.text, mail.html] {
            assert!(!text.contains("mallory") && !text.contains("script"), "{text}");
        }
    }
}

pub async fn what_a_device_calls_itself_is_no_link(app: TestApp) {
    let alice = app.user("alice").await;
    let form = [("grant_type", "password"), ("username", &*alice.email), ("password", &*alice.password)];
    for name in ["http://evil.example/reset?a=<b>", "https://evil.example", "<a href=\"https://evil.example\">here</a>"]
    {
        app.anonymous().token(&form).header("user-agent", name).await.expect_status(200);
        let mail = app.mail_to(&alice.email, "A new sign-in").await;
        assert!(mail.text.contains(name) && mail.text.contains("127.0.0.1"), "{}", mail.text);
        // One link, to this server.
        assert_eq!(mail.html.matches("<a ").count(), 1, "{}", mail.html);
        assert!(mail.html.contains(&format!("<a href=\"{}", app.url())) && !mail.html.contains("<b>"), "{}", mail.html);
    }
}

pub async fn pages_of_links_keep_their_tokens(app: TestApp) {
    for page in ["/verify-email", "/reset-password"] {
        let answer = app.anonymous().get(&format!("{page}?token=A-token-of-a-link")).await.expect_status(200);
        assert_eq!(answer.media_type(), Some("text/html"));
        let policy = answer.header("content-security-policy").expect("a policy");
        assert!(policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"), "{policy}");
        let answer = answer.expect_header("referrer-policy", "no-referrer");
        let body = String::from_utf8(answer.body).expect("UTF-8");
        assert!(!body.contains("A-token") && !body.contains("http"), "{body}");
    }
}
