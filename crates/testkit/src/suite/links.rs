//! How many mails with a link are sent to one address.

use std::{collections::BTreeSet, time::Duration};

use memo_conformance::eventually;
use serde_json::json;

use crate::{TestApp, suite::send_concurrently};

const NEW: &str = "another horse battery";
/// How long a link is not replaced.
const FRESH: Duration = Duration::from_mins(2);

/// The number of links that were sent to this address.
fn links(app: &TestApp, address: &str) -> usize {
    let links = ["Confirm your e-mail address", "Set a new password"];
    let sent = app.mail.sent().into_iter();
    let sent = sent.filter(|mail| mail.to.as_str() == address && links.contains(&&*mail.subject));
    // A mail may be sent twice, since its lease ends when the clock moves.
    sent.map(|mail| mail.text).collect::<BTreeSet<_>>().len()
}

/// Waits until as many links were sent to this address.
async fn wait_for_links(app: &TestApp, address: &str, expected: usize) {
    let sent = async || (links(app, address) >= expected).then_some(());
    eventually(&format!("{expected} links to {address}"), sent).await;
}

/// Asserts the number of links that are sent to this address, also after other mail that is requested now.
async fn assert_links(app: &TestApp, address: &str, expected: usize) {
    wait_for_links(app, address, expected).await;
    let last = app.user("last").await;
    app.anonymous().forgot_password(&last.email).await.expect_empty(202);
    app.reset_link(&last.email).await;
    assert_eq!(links(app, address), expected, "{address}");
}

pub async fn resent_verification_link_replaces_the_previous_one(app: TestApp) {
    let alice = app.user("alice").await;
    let first = app.verification(&alice.email).await;
    app.clock.advance(FRESH);
    alice.resend_verification().await.expect_empty(202);
    let second = app.verification(&alice.email).await;
    assert_ne!(first, second);
    app.anonymous().verify_email(&first).await.problem("token_invalid");
    alice.verify_email(&second).await.expect_empty(204);
    // Afterwards there is nothing to verify. Bob's mail is queued last, so hers would have been sent by now.
    alice.resend_verification().await.expect_empty(202);
    let bob = app.user("bob").await;
    app.verification(&bob.email).await;
    assert!(app.mail.sent().is_empty());
    app.anonymous().resend_verification().await.problem("authentication_required");
}

pub async fn new_reset_link_replaces_the_previous_one(app: TestApp) {
    let (alice, anonymous) = (app.user("alice").await, app.anonymous());
    anonymous.forgot_password(&alice.email).await.expect_empty(202);
    let first = app.reset_link(&alice.email).await;
    app.clock.advance(FRESH);
    anonymous.forgot_password(&alice.email).await.expect_empty(202);
    let second = app.reset_link(&alice.email).await;
    anonymous.reset_password(&first, NEW).await.problem("token_invalid");
    anonymous.reset_password(&second, NEW).await.expect_empty(204);
}

pub async fn fresh_reset_link_is_not_replaced(app: TestApp) {
    let (alice, anonymous) = (app.user("alice").await, app.anonymous());
    anonymous.forgot_password(&alice.email).await.expect_empty(202);
    let link = app.reset_link(&alice.email).await;
    for elapsed in [Duration::ZERO, Duration::from_secs(119)] {
        app.clock.advance(elapsed);
        let responses = send_concurrently((0..5).map(|_| anonymous.forgot_password(&alice.email))).await;
        for response in responses {
            response.expect_empty(202);
        }
    }
    // That of her sign-up.
    assert_links(&app, &alice.email, 1).await;
    anonymous.reset_password(&link, NEW).await.expect_empty(204);
}

pub async fn three_links_an_hour_are_sent_to_one_address(app: TestApp) {
    // The first one is that of her sign-up.
    let (alice, anonymous) = (app.user("alice").await, app.anonymous());
    for round in 0..6 {
        // A mail whose lease ends twice while it is sent is given up.
        wait_for_links(&app, &alice.email, if round == 0 { 1 } else { 3 }).await;
        app.clock.advance(FRESH);
        anonymous.forgot_password(&alice.email.to_uppercase()).await.expect_empty(202);
        alice.resend_verification().await.expect_empty(202);
    }
    // A link that was counted is not sent if the address changes meanwhile.
    assert_links(&app, &alice.email, 3).await;
    // Nor by an account of someone else.
    let mallory = app.user("mallory").await;
    let moved = json!({"email": "alice@example.net", "current_password": alice.password});
    alice.patch_me(&moved).await.expect_status(200);
    let taken = json!({"email": alice.email, "current_password": mallory.password});
    mallory.patch_me(&taken).await.expect_status(200);
    assert_links(&app, &alice.email, 3).await;
    // A taken address gets no mail, and none is counted.
    let bob = app.user("bob").await;
    for name in ["a", "b", "c"] {
        mallory.patch_me(&json!({"display_name": name})).await.expect_status(200);
        let taken = json!({"email": bob.email, "current_password": mallory.password});
        mallory.patch_me(&taken).await.expect_status(409).problem("email_taken");
    }
    for sent in [1, 2] {
        wait_for_links(&app, &bob.email, sent).await;
        app.clock.advance(FRESH);
        anonymous.forgot_password(&bob.email).await.expect_empty(202);
    }
    assert_links(&app, &bob.email, 3).await;
    // Notices are limited elsewhere.
    mallory.change_password(&mallory.password, NEW).await.expect_empty(204);
    app.mail_to(&alice.email, "Your password was changed").await;
    app.clock.advance(Duration::from_hours(1));
    drop(app.mail.take());
    anonymous.forgot_password(&alice.email).await.expect_empty(202);
    app.reset_link(&alice.email).await;
}
