use std::time::Duration;

use serde_json::json;

use super::social::{
    SESSION, account, authorize, callback, come_in, depart, failed, identities, link, no_one_is_signed_in, sent_to,
    set_cookie, state, unlink, walk,
};
use crate::{
    Actor, Browser, TestApp,
    call::Call,
    suite::{assert_json, at_once},
};

fn withdraw(browser: &Browser) -> Call {
    browser.call("DELETE", "/api/v1/me").json(&json!({}))
}

pub async fn linking_needs_an_interactive_sign_in(app: TestApp) {
    let alice = app.user("alice").await;
    let link = |actor: &Actor| authorize(actor, "acme").query(&[("link", "true")]);
    link(&app.browser()).await.expect_status(401).problem("authentication_required");
    let narrow = alice.with_scope("memos:read memos:write account:read account:write").await;
    link(&narrow).await.expect_status(403).problem("interactive_sign_in_required");
    narrow.get("/api/v1/me/identities").await.expect_status(403).problem("interactive_sign_in_required");
    unlink(&narrow, "acme").await.expect_status(403).problem("interactive_sign_in_required");
    let browser = app.browser();
    browser.set_cookie(SESSION, &"A".repeat(43));
    link(&browser).await.expect_status(401);
    authorize(&app.browser(), "acme").query(&[("link", "maybe")]).await.problem("validation_failed");
    state(link(&alice).await);
}

pub async fn a_social_account_is_linked_and_unlinked(app: TestApp) {
    let alice = app.user("alice").await;
    let browser = app.browser();
    browser.sign_in_by_cookie(&alice.email, &alice.password).await.expect_status(200);
    let cookie = browser.cookie(SESSION);
    let there = || app.acme.user("alice-there", Some("alice@acme.example"), true);
    let answer = walk(&browser, &app.acme, there(), &[("link", "true"), ("return_to", "/docs")]).await;
    let answer = sent_to(answer, "/docs");
    assert_eq!((set_cookie(&answer, SESSION), browser.cookie(SESSION)), (None, cookie), "the same sign-in goes on");
    // Once more is no error.
    sent_to(link(&browser, &app.acme, there()).await, "/");
    let list = browser.get("/api/v1/me/identities").await.expect_status(200);
    assert_json!(list.json, @r#"
    {
      "items": [
        {
          "created_at": "2026-01-31T09:00:00.123456Z",
          "email": "alice@acme.example",
          "provider": "acme"
        }
      ]
    }
    "#);
    let elsewhere = app.browser();
    sent_to(come_in(&elsewhere, &app.acme, there()).await, "/");
    let member = account(&elsewhere).await;
    // The account keeps its own address.
    assert_eq!((&member["id"], &member["email"]), (&json!(alice.id), &json!(alice.email)));
    assert_eq!(member["email_verified"], false);

    unlink(&browser, "other").await.expect_status(404).problem("identity_not_found");
    unlink(&browser, "acme").await.expect_empty(204);
    unlink(&browser, "acme").await.expect_status(404).problem("identity_not_found");
    assert!(identities(&alice).await.is_empty());
    let elsewhere = app.browser();
    sent_to(come_in(&elsewhere, &app.acme, there()).await, "/");
    assert_ne!(account(&elsewhere).await["id"], alice.id);
    assert!(identities(&alice).await.is_empty());
}

pub async fn a_page_elsewhere_cannot_unlink(app: TestApp) {
    let browser = app.browser();
    sent_to(come_in(&browser, &app.acme, app.acme.user("a", Some("a@example.com"), true)).await, "/");
    sent_to(link(&browser, &app.other, app.other.user("a", None, false)).await, "/");
    for site in ["cross-site", "same-site"] {
        let call = unlink(&browser, "acme").without_header("sec-fetch-site").header("sec-fetch-site", site);
        call.await.expect_status(403).problem("cross_site_request");
    }
    assert_eq!(identities(&browser).await.len(), 2);
}

pub async fn a_page_elsewhere_cannot_begin_a_link(app: TestApp) {
    let browser = app.browser();
    sent_to(come_in(&browser, &app.acme, app.acme.user("a", Some("a@example.com"), true)).await, "/");
    let begin = |site: &str| {
        let call = authorize(&browser, "other").query(&[("link", "true")]).without_header("sec-fetch-site");
        call.header("sec-fetch-site", site)
    };
    // At the provider the browser may be signed in as whom such a page likes: that one would come in here from then on.
    for site in ["cross-site", "same-site", "SAME-ORIGIN", ""] {
        begin(site).await.expect_status(403).problem("cross_site_request").expect_no_header("set-cookie");
    }
    for site in ["same-origin", "none"] {
        state(begin(site).await);
    }
    // Older browsers don't say; and a sign-in is begun from anywhere.
    state(begin("none").without_header("sec-fetch-site").await);
    let plain = authorize(&browser, "other").without_header("sec-fetch-site").header("sec-fetch-site", "cross-site");
    state(plain.await);
}

pub async fn the_last_way_to_sign_in_stays(app: TestApp) {
    let browser = app.browser();
    sent_to(come_in(&browser, &app.acme, app.acme.user("a", Some("a@example.com"), true)).await, "/");
    unlink(&browser, "acme").await.expect_status(409).problem("last_way_to_sign_in");
    sent_to(link(&browser, &app.other, app.other.user("b", None, false)).await, "/");
    assert_eq!(identities(&browser).await.len(), 2);
    unlink(&browser, "acme").await.expect_empty(204);
    unlink(&browser, "other").await.expect_status(409).problem("last_way_to_sign_in");
    assert_eq!(identities(&browser).await, [("other".to_owned(), json!(null))]);
    // What is left does sign in.
    let elsewhere = app.browser();
    sent_to(come_in(&elsewhere, &app.other, app.other.user("b", None, false)).await, "/");
    assert_eq!(account(&elsewhere).await["email"], "a@example.com");
}

pub async fn a_social_account_has_one_member_and_a_member_one_at_each_provider(app: TestApp) {
    let (alice, bob) = (app.user("alice").await, app.user("bob").await);
    let (alices, bobs) = (app.browser(), app.browser());
    alices.sign_in_by_cookie(&alice.email, &alice.password).await.expect_status(200);
    bobs.sign_in_by_cookie(&bob.email, &bob.password).await.expect_status(200);
    sent_to(link(&alices, &app.acme, app.acme.user("a", None, false)).await, "/");
    failed(link(&bobs, &app.acme, app.acme.user("a", None, false)).await, "identity_taken");
    failed(link(&alices, &app.acme, app.acme.user("b", None, false)).await, "already_linked");
    assert!(identities(&bob).await.is_empty());
    assert_eq!(identities(&alice).await, [("acme".to_owned(), json!(null))]);
    // What was refused is free.
    sent_to(link(&bobs, &app.acme, app.acme.user("b", None, false)).await, "/");
    sent_to(link(&alices, &app.other, app.other.user("a", None, false)).await, "/");
    // Nobody's session became another one's on the way.
    assert_eq!((&account(&alices).await["id"], &account(&bobs).await["id"]), (&json!(alice.id), &json!(bob.id)));
}

pub async fn a_link_is_for_who_began_it(app: TestApp) {
    let (alice, bob) = (app.user("alice").await, app.user("bob").await);
    let browser = app.browser();
    let begin = async || {
        browser.forget();
        browser.sign_in_by_cookie(&alice.email, &alice.password).await.expect_status(200);
        let state = depart(&browser, &app.acme, &[("link", "true")]).await;
        let code = app.acme.approve(&state, app.acme.user("a", None, false)).expect("a request");
        (state, code)
    };
    // Another member signed in meanwhile.
    let (state, code) = begin().await;
    browser.sign_in_by_cookie(&bob.email, &bob.password).await.expect_status(200);
    callback(&browser, "acme", &[("state", &state), ("code", &code)]).await.expect_status(400).problem("state_invalid");
    // They signed out meanwhile.
    let (state, code) = begin().await;
    browser.call("DELETE", "/api/v1/auth/session").await.expect_status(204);
    callback(&browser, "acme", &[("state", &state), ("code", &code)]).await.expect_status(400).problem("state_invalid");
    no_one_is_signed_in(&browser).await;
    for member in [&alice, &bob] {
        assert!(identities(member).await.is_empty());
    }
    // The same member, signed in anew.
    let (state, code) = begin().await;
    browser.sign_in_by_cookie(&alice.email, &alice.password).await.expect_status(200);
    sent_to(callback(&browser, "acme", &[("state", &state), ("code", &code)]).await, "/");
    assert_eq!(identities(&alice).await.len(), 1);
}

pub async fn a_flow_without_a_link_links_nothing(app: TestApp) {
    let alice = app.user("alice").await;
    let browser = app.browser();
    browser.sign_in_by_cookie(&alice.email, &alice.password).await.expect_status(200);
    for query in [&[][..], &[("link", "false")]] {
        let user = app.acme.user("mallory", Some("mallory@example.com"), true);
        sent_to(walk(&browser, &app.acme, user, query).await, "/");
        assert_eq!(account(&browser).await["email"], "mallory@example.com");
    }
    assert!(identities(&alice).await.is_empty());
}

pub async fn a_member_without_a_password_withdraws_after_a_recent_sign_in(app: TestApp) {
    let browser = app.browser();
    let user = || app.acme.user("alice", Some("alice@example.com"), true);
    sent_to(come_in(&browser, &app.acme, user()).await, "/");
    let id = account(&browser).await["id"].clone();
    app.clock.advance(Duration::from_secs(601));
    withdraw(&browser).await.expect_status(403).problem("recent_sign_in_required");
    let guess = json!({"password": "correct horse"});
    browser.call("DELETE", "/api/v1/me").json(&guess).await.expect_status(403).problem("recent_sign_in_required");
    sent_to(come_in(&browser, &app.acme, user()).await, "/");
    app.clock.advance(Duration::from_secs(599));
    let elsewhere = app.browser();
    sent_to(come_in(&elsewhere, &app.acme, user()).await, "/");
    withdraw(&browser).await.expect_empty(204);
    no_one_is_signed_in(&browser).await;
    no_one_is_signed_in(&elsewhere).await;
    // The social account is nobody's now, and so is the address.
    sent_to(come_in(&browser, &app.acme, user()).await, "/");
    assert_ne!(account(&browser).await["id"], id);
}

pub async fn a_member_with_a_password_withdraws_after_a_recent_social_sign_in(app: TestApp) {
    let alice = app.user("alice").await;
    let browser = app.browser();
    let user = || app.acme.user("alice-there", None, false);
    browser.sign_in_by_cookie(&alice.email, &alice.password).await.expect_status(200);
    sent_to(link(&browser, &app.acme, user()).await, "/");
    // Neither a sign-in by password, nor that the account was linked, is a social sign-in.
    withdraw(&browser).await.expect_status(403).problem("password_wrong");
    alice.call("DELETE", "/api/v1/me").json(&json!({})).await.expect_status(403).problem("password_wrong");
    let elsewhere = app.browser();
    sent_to(come_in(&elsewhere, &app.acme, user()).await, "/");
    // Another sign-in of the same member becomes no better by it.
    withdraw(&browser).await.expect_status(403).problem("password_wrong");
    let wrong = |password| elsewhere.call("DELETE", "/api/v1/me").json(&json!({"password": password}));
    for password in ["a wrong password", ""] {
        wrong(password).await.expect_status(403).problem("password_wrong");
    }
    // What it opens is withdrawal alone.
    let new = json!({"new_password": "another horse battery"});
    elsewhere.call("PUT", "/api/v1/me/password").json(&new).await.expect_status(403).problem("password_wrong");
    elsewhere.patch_me(&json!({"email": "a@example.org"})).await.expect_status(403).problem("password_wrong");
    app.clock.advance(Duration::from_secs(601));
    withdraw(&elsewhere).await.expect_status(403).problem("password_wrong");
    sent_to(come_in(&elsewhere, &app.acme, user()).await, "/");
    app.clock.advance(Duration::from_mins(10));
    withdraw(&elsewhere).await.expect_empty(204);
    no_one_is_signed_in(&elsewhere).await;
    no_one_is_signed_in(&browser).await;
    let answer = app.anonymous().sign_in(&alice.email, &alice.password).await.expect_status(400);
    assert_eq!(answer["error"], "invalid_grant");
}

pub async fn one_social_account_that_is_linked_at_once_has_one_member(app: TestApp) {
    let (alice, bob) = (app.user("alice").await, app.user("bob").await);
    let mut calls = Vec::new();
    for member in [&alice, &bob, &alice, &bob] {
        let browser = app.browser();
        browser.sign_in_by_cookie(&member.email, &member.password).await.expect_status(200);
        let state = depart(&browser, &app.acme, &[("link", "true")]).await;
        let code = app.acme.approve(&state, app.acme.user("a", None, false)).expect("a request");
        calls.push(callback(&browser, "acme", &[("state", &state), ("code", &code)]));
    }
    let answers = at_once(calls).await;
    let places: Vec<_> = answers.iter().map(|answer| answer.header("location")).collect();
    let linked = places.iter().filter(|place| **place == Some("/")).count();
    assert_eq!(linked, 2, "those of one member: {places:?}");
    for answer in answers.into_iter().filter(|answer| answer.header("location") != Some("/")) {
        failed(answer, "identity_taken");
    }
    assert_eq!(identities(&alice).await.len() + identities(&bob).await.len(), 1);
}

pub async fn who_proves_an_address_first_has_the_account_alone(app: TestApp) {
    let planted = || app.acme.user("thief", Some("victim@example.com"), false);
    let thief = app.browser();
    sent_to(come_in(&thief, &app.acme, planted()).await, "/");
    let account_id = account(&thief).await["id"].clone();
    let forgot = json!({"email": "victim@example.com"});
    app.anonymous().call("POST", "/api/v1/auth/password/forgot").json(&forgot).await.expect_status(202);
    let token = app.reset_link("victim@example.com").await;
    app.anonymous().reset_password(&token, "a password of the victim").await.expect_empty(204);
    thief.me().await.expect_status(401);
    failed(come_in(&thief, &app.acme, planted()).await, "email_taken");
    let victim = app.browser();
    victim.sign_in_by_cookie("victim@example.com", "a password of the victim").await.expect_status(200);
    assert_eq!(account(&victim).await["id"], account_id);
    // From then on the address is proved, and a forgotten password takes nothing away.
    sent_to(link(&victim, &app.other, app.other.user("victim", None, false)).await, "/");
    app.anonymous().call("POST", "/api/v1/auth/password/forgot").json(&forgot).await.expect_status(202);
    let token = app.reset_link("victim@example.com").await;
    app.anonymous().reset_password(&token, "another of the victim").await.expect_empty(204);
    sent_to(come_in(&app.browser(), &app.other, app.other.user("victim", None, false)).await, "/");
}
