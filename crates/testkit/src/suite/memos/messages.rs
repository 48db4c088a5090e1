//! Reminders as messages, to users with an identity that allows them.

use std::time::Duration;

use memo_domain::{MessageTokens, SocialUser, Timestamp};
use serde_json::json;

use super::reminders::settled;
use crate::{
    Browser, TestApp, User,
    suite::auth::social::{assert_redirected, link, unlink},
};

const AFTER: Duration = Duration::from_mins(11);

fn tokens(access_token: &str, expires_at: Option<&str>) -> MessageTokens {
    let expires_at = expires_at.map(|time| Timestamp::parse(time).expect("a time"));
    MessageTokens { access_token: access_token.to_owned(), refresh_token: Some("refresh-1".to_owned()), expires_at }
}

fn at_acme(app: &TestApp, tokens: Option<MessageTokens>) -> SocialUser {
    SocialUser { message_tokens: tokens, ..app.acme.user("alice-at-acme", Some("alice@acme.example"), true) }
}

/// Links an account with these tokens to a user; again, to the same one.
async fn link_with(app: &TestApp, user: &User, tokens: Option<MessageTokens>) -> Browser {
    let browser = app.browser();
    browser.sign_in_by_cookie(&user.email, &user.password).await.expect_status(200);
    assert_redirected(link(&browser, &app.acme, at_acme(app, tokens)).await, "/");
    browser
}

/// Lets a reminder of the user become due, and returns how many messages and mails it became.
async fn remind(app: &TestApp, user: &User) -> (usize, usize) {
    let (messages, mails) = (app.messages.sent().len(), reminders(app));
    let remind_at = (Timestamp::parse(&app.now()).expect("a time") + Duration::from_mins(10)).to_string();
    let owner = user.with_new_token().await;
    owner.create_memo(&json!({"title": "회의", "remind_at": remind_at})).await.expect_status(201);
    app.clock.advance(AFTER);
    settled(app, user).await;
    (app.messages.sent().len() - messages, reminders(app) - mails)
}

fn reminders(app: &TestApp) -> usize {
    app.mail.sent().iter().filter(|mail| mail.subject.contains("Reminder")).count()
}

pub async fn linked_user_who_allows_messages_gets_one(app: TestApp) {
    // Without a verified address, too.
    let alice = app.user("alice").await;
    app.messages.accept("token");
    assert_eq!(remind(&app, &alice).await, (0, 0));
    let browser = link_with(&app, &alice, Some(tokens("token", None))).await;
    assert_eq!(remind(&app, &alice).await, (1, 0));
    assert_eq!(app.messages.sent()[0].reminder.title.as_str(), "회의");
    let list = alice.with_new_token().await.list_memos(&[("sort", "-created_at")]).await.expect_status(200);
    assert_eq!(list["items"][0]["reminded_at"], app.now());
    // No identity shows its tokens, and no answer.
    let identities = browser.get("/api/v1/me/identities").await.expect_status(200);
    assert!(!identities.json.to_string().contains("token"), "{}", identities.json);
    unlink(&browser, "acme").await.expect_empty(204);
    assert_eq!(remind(&app, &alice).await, (0, 0));
}

pub async fn failed_message_becomes_a_mail(app: TestApp) {
    let alice = app.verified_user("alice").await;
    link_with(&app, &alice, Some(tokens("token", None))).await;
    app.messages.accept("token");
    app.messages.be_away(true);
    assert_eq!(remind(&app, &alice).await, (0, 1));
    app.messages.be_away(false);
    assert_eq!(remind(&app, &alice).await, (1, 0));
    // Who withdraws the permission at the provider gets mail after the next session there.
    link_with(&app, &alice, None).await;
    assert_eq!(remind(&app, &alice).await, (0, 1));
}

pub async fn expired_or_revoked_message_token_is_refreshed(app: TestApp) {
    let alice = app.verified_user("alice").await;
    link_with(&app, &alice, Some(tokens("first", Some("2026-01-31T09:01:00Z")))).await;
    for token in ["first", "second"] {
        app.messages.accept(token);
    }
    // Expired: the old one is not used, although it would be accepted.
    app.acme.accept_refresh("refresh-1", MessageTokens { refresh_token: None, ..tokens("second", None) });
    assert_eq!(remind(&app, &alice).await, (1, 0));
    // The new one is kept, with the refresh token that was not replaced.
    app.acme.be_away(true);
    assert_eq!(remind(&app, &alice).await, (1, 0));
    app.messages.revoke("second");
    assert_eq!(remind(&app, &alice).await, (0, 1));
    app.acme.be_away(false);
    app.messages.accept("third");
    app.acme.accept_refresh("refresh-1", MessageTokens { refresh_token: Some("2".into()), ..tokens("third", None) });
    assert_eq!(remind(&app, &alice).await, (1, 0));
    // A refresh token that is refused removes both.
    app.messages.revoke("third");
    assert_eq!(remind(&app, &alice).await, (0, 1));
    app.messages.accept("third");
    assert_eq!(remind(&app, &alice).await, (0, 1));
}
