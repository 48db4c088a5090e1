use std::time::Duration;

use serde_json::json;

use super::social::{
    SESSION, account, approve, assert_flow_failed, assert_redirected, assert_signed_out, authorize, callback,
    complete_flow, identities, link, set_cookie, social_sign_in, start_flow, state, unlink,
};
use crate::{
    Actor, Browser, TestApp,
    call::Call,
    suite::{assert_json, send_concurrently},
};

fn withdraw(browser: &Browser) -> Call {
    browser.call("DELETE", "/api/v1/me").json(&json!({}))
}

pub async fn linking_needs_an_interactive_session(app: TestApp) {
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

pub async fn identity_can_be_linked_and_unlinked(app: TestApp) {
    let alice = app.user("alice").await;
    let browser = app.browser();
    browser.sign_in_by_cookie(&alice.email, &alice.password).await.expect_status(200);
    let cookie = browser.cookie(SESSION);
    let acme_user = || app.acme.user("alice-at-acme", Some("alice@acme.example"), true);
    let response = complete_flow(&browser, &app.acme, acme_user(), &[("link", "true"), ("return_to", "/docs")]).await;
    let response = assert_redirected(response, "/docs");
    assert_eq!((set_cookie(&response, SESSION), browser.cookie(SESSION)), (None, cookie), "the session continues");
    // Linking the same account again succeeds.
    assert_redirected(link(&browser, &app.acme, acme_user()).await, "/");
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
    assert_redirected(social_sign_in(&elsewhere, &app.acme, acme_user()).await, "/");
    let user = account(&elsewhere).await;
    // The account keeps its own e-mail address.
    assert_eq!((&user["id"], &user["email"]), (&json!(alice.id), &json!(alice.email)));
    assert_eq!(user["email_verified"], false);

    unlink(&browser, "other").await.expect_status(404).problem("identity_not_found");
    unlink(&browser, "acme").await.expect_empty(204);
    unlink(&browser, "acme").await.expect_status(404).problem("identity_not_found");
    assert!(identities(&alice).await.is_empty());
    let elsewhere = app.browser();
    assert_redirected(social_sign_in(&elsewhere, &app.acme, acme_user()).await, "/");
    assert_ne!(account(&elsewhere).await["id"], alice.id);
    assert!(identities(&alice).await.is_empty());
}

pub async fn cross_site_unlink_is_rejected(app: TestApp) {
    let browser = app.browser();
    assert_redirected(social_sign_in(&browser, &app.acme, app.acme.user("a", Some("a@example.com"), true)).await, "/");
    assert_redirected(link(&browser, &app.other, app.other.user("a", None, false)).await, "/");
    for site in ["cross-site", "same-site"] {
        let call = unlink(&browser, "acme").without_header("sec-fetch-site").header("sec-fetch-site", site);
        call.await.expect_status(403).problem("cross_site_request");
    }
    assert_eq!(identities(&browser).await.len(), 2);
}

pub async fn cross_site_start_of_a_link_is_rejected(app: TestApp) {
    let browser = app.browser();
    assert_redirected(social_sign_in(&browser, &app.acme, app.acme.user("a", Some("a@example.com"), true)).await, "/");
    let begin = |site: &str| {
        let call = authorize(&browser, "other").query(&[("link", "true")]).without_header("sec-fetch-site");
        call.header("sec-fetch-site", site)
    };
    // The browser may be signed in at the provider as the attacker, who could then sign in to this account.
    for site in ["cross-site", "same-site", "SAME-ORIGIN", ""] {
        begin(site).await.expect_status(403).problem("cross_site_request").expect_no_header("set-cookie");
    }
    for site in ["same-origin", "none"] {
        state(begin(site).await);
    }
    // Older browsers do not send the header. Signing in, unlike linking, may start from anywhere.
    state(begin("none").without_header("sec-fetch-site").await);
    let plain = authorize(&browser, "other").without_header("sec-fetch-site").header("sec-fetch-site", "cross-site");
    state(plain.await);
}

pub async fn last_way_to_sign_in_cannot_be_unlinked(app: TestApp) {
    let browser = app.browser();
    assert_redirected(social_sign_in(&browser, &app.acme, app.acme.user("a", Some("a@example.com"), true)).await, "/");
    unlink(&browser, "acme").await.expect_status(409).problem("last_way_to_sign_in");
    assert_redirected(link(&browser, &app.other, app.other.user("b", None, false)).await, "/");
    assert_eq!(identities(&browser).await.len(), 2);
    unlink(&browser, "acme").await.expect_empty(204);
    unlink(&browser, "other").await.expect_status(409).problem("last_way_to_sign_in");
    assert_eq!(identities(&browser).await, [("other".to_owned(), json!(null))]);
    // The remaining identity still signs in.
    let elsewhere = app.browser();
    assert_redirected(social_sign_in(&elsewhere, &app.other, app.other.user("b", None, false)).await, "/");
    assert_eq!(account(&elsewhere).await["email"], "a@example.com");
}

pub async fn identity_has_one_user_and_user_has_one_identity_per_provider(app: TestApp) {
    let (alice, bob) = (app.user("alice").await, app.user("bob").await);
    let (alice_browser, bob_browser) = (app.browser(), app.browser());
    alice_browser.sign_in_by_cookie(&alice.email, &alice.password).await.expect_status(200);
    bob_browser.sign_in_by_cookie(&bob.email, &bob.password).await.expect_status(200);
    assert_redirected(link(&alice_browser, &app.acme, app.acme.user("a", None, false)).await, "/");
    assert_flow_failed(link(&bob_browser, &app.acme, app.acme.user("a", None, false)).await, "identity_taken");
    assert_flow_failed(link(&alice_browser, &app.acme, app.acme.user("b", None, false)).await, "already_linked");
    assert!(identities(&bob).await.is_empty());
    assert_eq!(identities(&alice).await, [("acme".to_owned(), json!(null))]);
    // The rejected identity can be linked by its rightful user.
    assert_redirected(link(&bob_browser, &app.acme, app.acme.user("b", None, false)).await, "/");
    assert_redirected(link(&alice_browser, &app.other, app.other.user("a", None, false)).await, "/");
    // No session has changed its user on the way.
    assert_eq!(
        (&account(&alice_browser).await["id"], &account(&bob_browser).await["id"]),
        (&json!(alice.id), &json!(bob.id))
    );
}

pub async fn link_is_bound_to_the_user_who_started_it(app: TestApp) {
    let (alice, bob) = (app.user("alice").await, app.user("bob").await);
    let browser = app.browser();
    let begin = async || {
        browser.forget();
        browser.sign_in_by_cookie(&alice.email, &alice.password).await.expect_status(200);
        let state = start_flow(&browser, &app.acme, &[("link", "true")]).await;
        let code = approve(&app.acme, &state, app.acme.user("a", None, false));
        (state, code)
    };
    // Another user has signed in meanwhile.
    let (state, code) = begin().await;
    browser.sign_in_by_cookie(&bob.email, &bob.password).await.expect_status(200);
    callback(&browser, "acme", &[("state", &state), ("code", &code)]).await.expect_status(400).problem("state_invalid");
    // The user has signed out meanwhile.
    let (state, code) = begin().await;
    browser.call("DELETE", "/api/v1/auth/session").await.expect_status(204);
    callback(&browser, "acme", &[("state", &state), ("code", &code)]).await.expect_status(400).problem("state_invalid");
    assert_signed_out(&browser).await;
    for user in [&alice, &bob] {
        assert!(identities(user).await.is_empty());
    }
    // The same user has signed in again.
    let (state, code) = begin().await;
    browser.sign_in_by_cookie(&alice.email, &alice.password).await.expect_status(200);
    assert_redirected(callback(&browser, "acme", &[("state", &state), ("code", &code)]).await, "/");
    assert_eq!(identities(&alice).await.len(), 1);
}

pub async fn social_sign_in_without_link_does_not_link(app: TestApp) {
    let alice = app.user("alice").await;
    let browser = app.browser();
    browser.sign_in_by_cookie(&alice.email, &alice.password).await.expect_status(200);
    for query in [&[][..], &[("link", "false")]] {
        let user = app.acme.user("mallory", Some("mallory@example.com"), true);
        assert_redirected(complete_flow(&browser, &app.acme, user, query).await, "/");
        assert_eq!(account(&browser).await["email"], "mallory@example.com");
    }
    assert!(identities(&alice).await.is_empty());
}

pub async fn user_without_a_password_needs_a_recent_session_to_withdraw(app: TestApp) {
    let browser = app.browser();
    let user = || app.acme.user("alice", Some("alice@example.com"), true);
    assert_redirected(social_sign_in(&browser, &app.acme, user()).await, "/");
    let id = account(&browser).await["id"].clone();
    app.clock.advance(Duration::from_secs(601));
    withdraw(&browser).await.expect_status(403).problem("recent_sign_in_required");
    let guess = json!({"password": "correct horse"});
    browser.call("DELETE", "/api/v1/me").json(&guess).await.expect_status(403).problem("recent_sign_in_required");
    assert_redirected(social_sign_in(&browser, &app.acme, user()).await, "/");
    app.clock.advance(Duration::from_secs(599));
    let elsewhere = app.browser();
    assert_redirected(social_sign_in(&elsewhere, &app.acme, user()).await, "/");
    withdraw(&browser).await.expect_empty(204);
    assert_signed_out(&browser).await;
    assert_signed_out(&elsewhere).await;
    // The identity and the address are free again.
    assert_redirected(social_sign_in(&browser, &app.acme, user()).await, "/");
    assert_ne!(account(&browser).await["id"], id);
}

pub async fn recent_social_session_allows_withdrawal_without_the_password(app: TestApp) {
    let alice = app.user("alice").await;
    let browser = app.browser();
    let user = || app.acme.user("alice-at-acme", None, false);
    browser.sign_in_by_cookie(&alice.email, &alice.password).await.expect_status(200);
    assert_redirected(link(&browser, &app.acme, user()).await, "/");
    // Neither a session by password nor the linking itself counts as a social session.
    withdraw(&browser).await.expect_status(403).problem("password_wrong");
    alice.call("DELETE", "/api/v1/me").json(&json!({})).await.expect_status(403).problem("password_wrong");
    let elsewhere = app.browser();
    assert_redirected(social_sign_in(&elsewhere, &app.acme, user()).await, "/");
    // The older session of the same user gains nothing from the newer one.
    withdraw(&browser).await.expect_status(403).problem("password_wrong");
    let wrong = |password| elsewhere.call("DELETE", "/api/v1/me").json(&json!({"password": password}));
    for password in ["a wrong password", ""] {
        wrong(password).await.expect_status(403).problem("password_wrong");
    }
    // The social session replaces the password for withdrawal only.
    let new = json!({"new_password": "another horse battery"});
    elsewhere.call("PUT", "/api/v1/me/password").json(&new).await.expect_status(403).problem("password_wrong");
    elsewhere.patch_me(&json!({"email": "a@example.org"})).await.expect_status(403).problem("password_wrong");
    app.clock.advance(Duration::from_secs(601));
    withdraw(&elsewhere).await.expect_status(403).problem("password_wrong");
    assert_redirected(social_sign_in(&elsewhere, &app.acme, user()).await, "/");
    app.clock.advance(Duration::from_mins(10));
    withdraw(&elsewhere).await.expect_empty(204);
    assert_signed_out(&elsewhere).await;
    assert_signed_out(&browser).await;
    let response = app.anonymous().sign_in(&alice.email, &alice.password).await.expect_status(400);
    assert_eq!(response["error"], "invalid_grant");
}

pub async fn concurrent_links_of_one_identity_leave_one_user(app: TestApp) {
    let (alice, bob) = (app.user("alice").await, app.user("bob").await);
    let mut calls = Vec::new();
    for user in [&alice, &bob, &alice, &bob] {
        let browser = app.browser();
        browser.sign_in_by_cookie(&user.email, &user.password).await.expect_status(200);
        let state = start_flow(&browser, &app.acme, &[("link", "true")]).await;
        let code = approve(&app.acme, &state, app.acme.user("a", None, false));
        calls.push(callback(&browser, "acme", &[("state", &state), ("code", &code)]));
    }
    let responses = send_concurrently(calls).await;
    let locations: Vec<_> = responses.iter().map(|response| response.header("location")).collect();
    let linked = locations.iter().filter(|location| **location == Some("/")).count();
    assert_eq!(linked, 2, "both flows of one user: {locations:?}");
    for response in responses.into_iter().filter(|response| response.header("location") != Some("/")) {
        assert_flow_failed(response, "identity_taken");
    }
    assert_eq!(identities(&alice).await.len() + identities(&bob).await.len(), 1);
}

pub async fn password_reset_of_an_unverified_account_removes_identities(app: TestApp) {
    let attacker = || app.acme.user("thief", Some("victim@example.com"), false);
    let thief = app.browser();
    assert_redirected(social_sign_in(&thief, &app.acme, attacker()).await, "/");
    let account_id = account(&thief).await["id"].clone();
    let forgot = json!({"email": "victim@example.com"});
    app.anonymous().call("POST", "/api/v1/auth/password/forgot").json(&forgot).await.expect_status(202);
    let token = app.reset_link("victim@example.com").await;
    app.anonymous().reset_password(&token, "a password of the victim").await.expect_empty(204);
    thief.me().await.expect_status(401);
    assert_flow_failed(social_sign_in(&thief, &app.acme, attacker()).await, "email_taken");
    let victim = app.browser();
    victim.sign_in_by_cookie("victim@example.com", "a password of the victim").await.expect_status(200);
    assert_eq!(account(&victim).await["id"], account_id);
    // Now the address is verified, and a reset no longer removes linked identities.
    assert_redirected(link(&victim, &app.other, app.other.user("victim", None, false)).await, "/");
    app.anonymous().call("POST", "/api/v1/auth/password/forgot").json(&forgot).await.expect_status(202);
    let token = app.reset_link("victim@example.com").await;
    app.anonymous().reset_password(&token, "another of the victim").await.expect_empty(204);
    assert_redirected(social_sign_in(&app.browser(), &app.other, app.other.user("victim", None, false)).await, "/");
}
