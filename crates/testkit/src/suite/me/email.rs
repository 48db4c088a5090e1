//! Changes of the e-mail address.

use serde_json::{Value, json};

use crate::{TestApp, User, suite::send_concurrently};

/// The patch that changes the address to `email`.
fn change_to(email: &str, user: &User) -> Value {
    json!({"email": email, "current_password": user.password})
}

pub async fn changed_email_must_be_verified_again(app: TestApp) {
    let (alice, anonymous) = (app.user("alice").await, app.anonymous());
    alice.verify_email(&app.verification(&alice.email).await).await.expect_empty(204);
    let me = alice.patch_me(&change_to("Liddell@Example.com", &alice)).await.expect_status(200);
    assert_eq!((&me["email"], &me["email_verified"]), (&json!("Liddell@Example.com"), &json!(false)));
    assert_eq!(alice.me().await.json, me.json);
    // The old address is notified, and the new one gets a verification link.
    let alert = app.mail_to(&alice.email, "Your e-mail address was changed").await;
    assert!(!alert.text.contains("token=") && !alert.text.contains("Liddell"), "{}", alert.text);
    anonymous.verify_email(&app.verification("Liddell@Example.com").await).await.expect_empty(204);
    assert_eq!(alice.me().await["email_verified"], true);
    assert_eq!(anonymous.sign_in(&alice.email, &alice.password).await.expect_status(400)["error"], "invalid_grant");
    anonymous.sign_in("liddell@example.com", &alice.password).await.expect_status(200);
    // The old address is free.
    let bob = json!({"email": alice.email, "password": alice.password, "display_name": "Bob"});
    assert_ne!(anonymous.sign_up(&bob).await.expect_status(201).id(), alice.id);
}

pub async fn email_change_needs_the_password(app: TestApp) {
    let (alice, bob) = (app.user("alice").await, app.user("bob").await);
    let before = alice.me().await.json;
    for patch in [
        json!({"email": "liddell@example.com"}),
        json!({"email": "liddell@example.com", "current_password": "a wrong password"}),
        json!({"email": "liddell@example.com", "current_password": null}),
        json!({"email": "liddell@example.com", "current_password": "", "display_name": "Mallory"}),
        json!({"email": bob.email, "current_password": "a wrong password"}),
    ] {
        alice.patch_me(&patch).await.expect_status(403).problem("password_wrong");
    }
    for (email, code) in [("not an address", "malformed"), ("a@b.example\r\nBcc: m@b.example", "control_character")] {
        alice.patch_me(&change_to(email, &alice)).await.invalid("/email", code);
    }
    alice.patch_me(&json!({"email": null, "current_password": alice.password})).await.invalid("/email", "required");
    let taken =
        json!({"email": bob.email.to_uppercase(), "current_password": alice.password, "display_name": "Mallory"});
    alice.patch_me(&taken).await.expect_status(409).problem("email_taken");
    assert_eq!(alice.me().await.json, before);
    // No mail was sent but the verification links of the two users.
    for user in [&alice, &bob] {
        app.verification(&user.email).await;
    }
    assert!(app.mail.sent().is_empty());
}

pub async fn verification_link_is_bound_to_its_address(app: TestApp) {
    let (alice, anonymous) = (app.user("alice").await, app.anonymous());
    let old = app.verification(&alice.email).await;
    alice.patch_me(&change_to("victim@example.com", &alice)).await.expect_status(200);
    anonymous.verify_email(&old).await.problem("token_invalid");
    assert_eq!(alice.me().await["email_verified"], false);
    // A link for an address that was given up is invalid as well.
    let victim_token = app.verification("victim@example.com").await;
    alice.patch_me(&change_to(&alice.email, &alice)).await.expect_status(200);
    anonymous.verify_email(&victim_token).await.problem("token_invalid");
    assert_eq!(alice.me().await["email_verified"], false);
}

pub async fn email_change_of_case_only_stays_verified(app: TestApp) {
    let alice = app.user("alice").await;
    alice.verify_email(&app.verification(&alice.email).await).await.expect_empty(204);
    let email = alice.email.to_uppercase();
    let me = alice.patch_me(&change_to(&email, &alice)).await.expect_status(200);
    assert_eq!((&me["email"], &me["email_verified"]), (&json!(email), &json!(true)));
    alice.sign_in_again("").await;
}

pub async fn concurrent_changes_to_one_email_succeed_once(app: TestApp) {
    let mut users = Vec::new();
    for name in ["alice", "bob", "carol"] {
        users.push(app.user(name).await);
    }
    let wanted = |user: &User| user.patch_me(&change_to("wanted@example.com", user));
    let responses = send_concurrently(users.iter().map(wanted)).await;
    assert_eq!(responses.iter().filter(|response| response.status == 200).count(), 1);
    for response in responses.into_iter().filter(|response| response.status != 200) {
        response.problem("email_taken");
    }
}
