//! Members change their address.

use serde_json::{Value, json};

use crate::{Member, TestApp, suite::at_once};

fn to(email: &str, member: &Member) -> Value {
    json!({"email": email, "current_password": member.password})
}

pub async fn an_address_changes_and_is_proved_anew(app: TestApp) {
    let (alice, anyone) = (app.user("alice").await, app.anonymous());
    anyone.verify_email(&app.verification(&alice.email).await).await.expect_empty(204);
    let me = alice.patch_me(&to("Liddell@Example.com", &alice)).await.expect_status(200);
    assert_eq!((&me["email"], &me["email_verified"]), (&json!("Liddell@Example.com"), &json!(false)));
    assert_eq!(alice.me().await.json, me.json);
    // The old address is told, and the new one asked.
    let alert = app.mail_to(&alice.email, "Your e-mail address was changed").await;
    assert!(!alert.text.contains("token=") && !alert.text.contains("Liddell"), "{}", alert.text);
    anyone.verify_email(&app.verification("Liddell@Example.com").await).await.expect_empty(204);
    assert_eq!(alice.me().await["email_verified"], true);
    assert_eq!(anyone.sign_in(&alice.email, &alice.password).await.expect_status(400)["error"], "invalid_grant");
    anyone.sign_in("liddell@example.com", &alice.password).await.expect_status(200);
    // The old one is free.
    let bob = json!({"email": alice.email, "password": alice.password, "display_name": "Bob"});
    assert_ne!(anyone.sign_up(&bob).await.expect_status(201).id(), alice.id);
}

pub async fn an_address_changes_with_the_password_alone(app: TestApp) {
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
        alice.patch_me(&to(email, &alice)).await.invalid("/email", code);
    }
    alice.patch_me(&json!({"email": null, "current_password": alice.password})).await.invalid("/email", "required");
    let taken =
        json!({"email": bob.email.to_uppercase(), "current_password": alice.password, "display_name": "Mallory"});
    alice.patch_me(&taken).await.expect_status(409).problem("email_taken");
    assert_eq!(alice.me().await.json, before);
    // Nothing but the links of the two sign-ups was sent.
    for member in [&alice, &bob] {
        app.verification(&member.email).await;
    }
    assert!(app.mail.sent().is_empty());
}

pub async fn a_link_to_an_address_proves_no_other(app: TestApp) {
    let (alice, anyone) = (app.user("alice").await, app.anonymous());
    let old = app.verification(&alice.email).await;
    alice.patch_me(&to("victim@example.com", &alice)).await.expect_status(200);
    anyone.verify_email(&old).await.problem("token_invalid");
    assert_eq!(alice.me().await["email_verified"], false);
    // Nor does one for an address that was given up, in another's hands or in her own.
    let of_victim = app.verification("victim@example.com").await;
    alice.patch_me(&to(&alice.email, &alice)).await.expect_status(200);
    anyone.verify_email(&of_victim).await.problem("token_invalid");
    assert_eq!(alice.me().await["email_verified"], false);
}

pub async fn an_address_in_other_letters_is_the_same(app: TestApp) {
    let (alice, anyone) = (app.user("alice").await, app.anonymous());
    anyone.verify_email(&app.verification(&alice.email).await).await.expect_empty(204);
    let email = alice.email.to_uppercase();
    let me = alice.patch_me(&to(&email, &alice)).await.expect_status(200);
    assert_eq!((&me["email"], &me["email_verified"]), (&json!(email), &json!(true)));
    alice.sign_in_again("").await;
}

pub async fn one_of_many_who_want_an_address_at_once_gets_it(app: TestApp) {
    let mut members = Vec::new();
    for name in ["alice", "bob", "carol"] {
        members.push(app.user(name).await);
    }
    let wanted = |member: &Member| member.patch_me(&to("wanted@example.com", member));
    let answers = at_once(members.iter().map(wanted)).await;
    assert_eq!(answers.iter().filter(|answer| answer.status == 200).count(), 1);
    for answer in answers.into_iter().filter(|answer| answer.status != 200) {
        answer.problem("email_taken");
    }
}
