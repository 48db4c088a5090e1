use memo_domain::{SocialProvider, SocialUser};
use memo_memory::MemoryProvider;
use reqwest::{Url, header::SET_COOKIE};
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::{Actor, Browser, Response, TestApp, call::Call, suite::assert_json};

pub(super) const SESSION: &str = "memo_session";
/// The prefix of the cookies that carry a flow: one authorization request, from the redirect to its callback.
pub(super) const FLOW: &str = "memo_sign_in_";

/// The request that starts a flow: it redirects to the provider.
pub(super) fn authorize(actor: &Actor, provider: &str) -> Call {
    actor.get(&format!("/api/v1/auth/providers/{provider}/authorize"))
}

/// The callback, as sent by a browser that comes from the provider's page.
pub(super) fn callback(browser: &Browser, provider: &str, query: &[(&str, &str)]) -> Call {
    let call = browser.get(&format!("/api/v1/auth/providers/{provider}/callback")).query(query);
    call.without_header("sec-fetch-site").header("sec-fetch-site", "cross-site")
}

/// The `state` parameter of a redirect to a provider.
#[track_caller]
pub(super) fn state(response: Response) -> String {
    let response = response.expect_status(302).expect_header("cache-control", "no-store");
    let url = Url::parse(response.header("location").expect("a URL")).expect("a URL");
    let state = url.query_pairs().find(|(name, _)| name == "state").expect("a `state` parameter").1.into_owned();
    assert_eq!(state.len(), 43, "the state is 43 characters (256 bits) long");
    state
}

/// Starts a flow and returns its `state`.
pub(super) async fn start_flow(browser: &Browser, provider: &MemoryProvider, query: &[(&str, &str)]) -> String {
    state(authorize(browser, provider.name()).query(query).await)
}

/// Consents at the provider to the pending flow of this `state`; returns the code for the callback.
pub(super) fn approve(provider: &MemoryProvider, state: &str, user: SocialUser) -> String {
    provider.approve(state, user).expect("a pending request")
}

/// Completes a whole flow in which the user consents at the provider.
pub(super) async fn complete_flow(
    browser: &Browser,
    provider: &MemoryProvider,
    user: SocialUser,
    query: &[(&str, &str)],
) -> Response {
    let state = start_flow(browser, provider, query).await;
    let code = approve(provider, &state, user);
    callback(browser, provider.name(), &[("state", &state), ("code", &code)]).await
}

/// Signs in, or up, by a social account.
pub(super) async fn social_sign_in(browser: &Browser, provider: &MemoryProvider, user: SocialUser) -> Response {
    complete_flow(browser, provider, user, &[]).await
}

/// Links a social account to the user who is signed in.
pub(in crate::suite) async fn link(browser: &Browser, provider: &MemoryProvider, user: SocialUser) -> Response {
    complete_flow(browser, provider, user, &[("link", "true")]).await
}

/// Asserts that the response redirects to this path and clears the cookie of the flow.
#[track_caller]
pub(in crate::suite) fn assert_redirected(response: Response, location: &str) -> Response {
    let response =
        response.expect_status(303).expect_header("location", location).expect_header("cache-control", "no-store");
    let cookie = set_cookie(&response, FLOW).expect("the flow's cookie is cleared");
    assert!(cookie.contains("Max-Age=0"), "{cookie}");
    response
}

/// Asserts that the flow failed with this error and set no session cookie.
#[track_caller]
pub(super) fn assert_flow_failed(response: Response, error: &str) {
    let response = assert_redirected(response, &format!("/?sign_in_error={error}"));
    assert_eq!(set_cookie(&response, SESSION), None);
}

/// The `Set-Cookie` header whose cookie name has this prefix. At most one may have it.
pub(super) fn set_cookie<'a>(response: &'a Response, name: &str) -> Option<&'a str> {
    let cookies = response.headers.get_all(SET_COOKIE).iter().filter_map(|cookie| cookie.to_str().ok());
    let mut cookies = cookies.filter(|cookie| cookie.starts_with(name));
    let cookie = cookies.next();
    assert_eq!(cookies.next(), None, "{name} is set twice");
    cookie
}

/// The name and value of the cookie of the browser's only flow.
#[track_caller]
pub(super) fn flow(browser: &Browser) -> (String, String) {
    let mut flows = browser.cookies(FLOW);
    assert_eq!(flows.len(), 1, "{flows:?}");
    flows.remove(0)
}

/// The account that the browser is signed in to.
pub(super) async fn account(browser: &Browser) -> Value {
    browser.me().await.expect_status(200).json
}

/// The provider and e-mail address of each linked identity.
pub(super) async fn identities(actor: &Actor) -> Vec<(String, Value)> {
    let list = actor.get("/api/v1/me/identities").await.expect_status(200);
    let items = list["items"].as_array().expect("a list");
    items.iter().map(|item| (item["provider"].as_str().expect("a name").to_owned(), item["email"].clone())).collect()
}

pub(in crate::suite) fn unlink(actor: &Actor, provider: &str) -> Call {
    actor.call("DELETE", &format!("/api/v1/me/identities/{provider}"))
}

pub(super) async fn assert_signed_out(browser: &Browser) {
    browser.me().await.expect_status(401);
}

pub async fn provider_list_has_authorize_urls(app: TestApp) {
    let list = app.anonymous().get("/api/v1/auth/providers").await.expect_status(200);
    assert_json!(list.json, @r#"
    {
      "items": [
        {
          "authorize_url": "/api/v1/auth/providers/acme/authorize",
          "display_name": "acme",
          "name": "acme"
        },
        {
          "authorize_url": "/api/v1/auth/providers/other/authorize",
          "display_name": "other",
          "name": "other"
        }
      ]
    }
    "#);
    for item in list["items"].as_array().expect("a list") {
        state(app.browser().get(item["authorize_url"].as_str().expect("a path")).await);
    }
}

pub async fn unknown_provider_is_not_found(app: TestApp) {
    for name in ["nobody", "ACME", "acme%20", "%2e%2e"] {
        authorize(&app.browser(), name).await.expect_status(404);
        callback(&app.browser(), name, &[("state", "a"), ("code", "b")]).await.expect_status(404);
    }
    authorize(&app.browser(), "nobody").await.problem("provider_not_found");
}

pub async fn first_social_sign_in_creates_an_account(app: TestApp) {
    let browser = app.browser();
    let response = social_sign_in(&browser, &app.acme, app.acme.user("alice", Some("alice@example.com"), true)).await;
    let response = assert_redirected(response, "/");
    let cookie = set_cookie(&response, SESSION).expect("a session cookie");
    for attribute in ["HttpOnly", "SameSite=Lax", "Path=/", "Max-Age="] {
        assert!(cookie.contains(attribute), "{attribute}: {cookie}");
    }
    assert!(!cookie.contains("Secure") && !cookie.contains("Domain"), "{cookie}");
    let user = account(&browser).await;
    assert_json!(user, @r#"
    {
      "created_at": "2026-01-31T09:00:00.123456Z",
      "display_name": "alice",
      "email": "alice@example.com",
      "email_verified": true,
      "id": "019c1347-d2fb-7000-8000-000000000003",
      "locale": "en",
      "role": "member",
      "time_zone": "UTC",
      "updated_at": "2026-01-31T09:00:00.123456Z"
    }
    "#);
    assert_eq!(identities(&browser).await, [("acme".to_owned(), json!("alice@example.com"))]);
    browser.create_memo(&json!({"title": "a"})).await.expect_status(201);
    // The account has no password, so none can be right.
    let response = app.anonymous().sign_in("alice@example.com", "correct horse").await.expect_status(400);
    assert_eq!(response["error"], "invalid_grant");
}

pub async fn social_account_is_recognized_by_subject_not_by_email(app: TestApp) {
    let browser = app.browser();
    assert_redirected(
        social_sign_in(&browser, &app.acme, app.acme.user("a-1", Some("alice@example.com"), true)).await,
        "/",
    );
    let first = account(&browser).await;
    let bob = app.user("bob").await;
    for email in [Some("alice@example.org"), Some(&*bob.email), Some("no address"), None] {
        let browser = app.browser();
        assert_redirected(social_sign_in(&browser, &app.acme, app.acme.user("a-1", email, true)).await, "/");
        assert_eq!(account(&browser).await, first, "{email:?}");
    }
    assert!(identities(&bob).await.is_empty());
}

pub async fn social_subjects_are_compared_byte_for_byte(app: TestApp) {
    let mut ids = Vec::new();
    let subjects = ["alice", "ALICE", "alice ", " alice", "\u{e1}lice", "a\u{301}lice", "alice\u{200b}", "0", "00"];
    for (number, subject) in subjects.into_iter().enumerate() {
        for provider in [&app.acme, &app.other] {
            let browser = app.browser();
            let email = format!("alice-{number}@{}.example.com", provider.name());
            assert_redirected(
                social_sign_in(&browser, provider, provider.user(subject, Some(&email), true)).await,
                "/",
            );
            ids.push(account(&browser).await["id"].to_string());
        }
    }
    let all = ids.len();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), all);
}

pub async fn concurrent_first_social_sign_ins_create_one_account(app: TestApp) {
    let mut running = JoinSet::new();
    for _ in 0..8 {
        let browser = app.browser();
        let state = start_flow(&browser, &app.acme, &[]).await;
        let user = app.acme.user("alice", Some("alice@example.com"), true);
        let code = approve(&app.acme, &state, user);
        running.spawn(async move {
            assert_redirected(callback(&browser, "acme", &[("state", &state), ("code", &code)]).await, "/");
            account(&browser).await["id"].to_string()
        });
    }
    let mut ids = running.join_all().await;
    ids.dedup();
    assert_eq!(ids.len(), 1, "{ids:?}");
}

pub async fn provider_name_becomes_a_valid_display_name(app: TestApp) {
    let long = "한".repeat(300);
    let names = [Some("Alice"), Some(" 앨리스\r\n"), Some(" "), Some("\0\u{7}"), Some(&*long), None];
    for (number, name) in names.into_iter().enumerate() {
        let email = format!("alice-{number}@example.com");
        let user = app.acme.user(&email, Some(&email), true);
        let browser = app.browser();
        assert_redirected(
            social_sign_in(&browser, &app.acme, SocialUser { name: name.map(str::to_owned), ..user }).await,
            "/",
        );
        let long = "한".repeat(100);
        let expected = ["Alice", "앨리스", "alice-2", "alice-3", &long, "alice-5"][number];
        assert_eq!(account(&browser).await["display_name"], expected);
    }
}

pub async fn social_sign_in_with_a_taken_email_is_rejected(app: TestApp) {
    let alice = app.user("alice").await;
    for is_verified in [true, false] {
        for email in [alice.email.clone(), alice.email.to_uppercase(), format!(" {}", alice.email)] {
            let browser = app.browser();
            let user = app.acme.user("mallory", Some(&email), is_verified);
            assert_flow_failed(social_sign_in(&browser, &app.acme, user).await, "email_taken");
            assert_signed_out(&browser).await;
        }
    }
    assert!(identities(&alice).await.is_empty());
    assert_eq!(alice.me().await.expect_status(200)["email_verified"], false);
    // The failed attempts have stored nothing: with another address, a new account is created.
    let browser = app.browser();
    assert_redirected(
        social_sign_in(&browser, &app.acme, app.acme.user("mallory", Some("m@example.com"), true)).await,
        "/",
    );
    assert_ne!(account(&browser).await["id"], alice.id);
    // The address of an account created by a social account is reserved like any other, at every provider.
    let user = app.other.user("mallory", Some("M@example.com"), true);
    assert_flow_failed(social_sign_in(&app.browser(), &app.other, user).await, "email_taken");
    let body = json!({"email": "M@Example.com", "password": "correct horse", "display_name": "M"});
    app.anonymous().sign_up(&body).await.problem("email_taken");
}

pub async fn social_sign_in_with_an_equivalent_email_is_rejected(app: TestApp) {
    let body = json!({"email": "jos\u{e9}@example.com", "password": "correct horse", "display_name": "J"});
    app.anonymous().sign_up(&body).await.expect_status(201);
    for email in ["jose\u{301}@example.com", "JOSE\u{301}@example.com", "JOS\u{c9}@EXAMPLE.COM"] {
        let user = app.acme.user("mallory", Some(email), true);
        assert_flow_failed(social_sign_in(&app.browser(), &app.acme, user).await, "email_taken");
    }
}

pub async fn email_verification_follows_the_providers_claim(app: TestApp) {
    let browser = app.browser();
    for _ in 0..2 {
        assert_redirected(
            social_sign_in(&browser, &app.acme, app.acme.user("a", Some("a@example.com"), false)).await,
            "/",
        );
        assert_eq!(account(&browser).await["email_verified"], false);
    }
    // The address that the provider has verified meanwhile may be another one.
    assert_redirected(social_sign_in(&browser, &app.acme, app.acme.user("a", Some("b@example.com"), true)).await, "/");
    let user = account(&browser).await;
    assert_eq!((&user["email"], &user["email_verified"]), (&json!("a@example.com"), &json!(false)));
}

pub async fn unverified_social_email_gets_one_verification_mail(app: TestApp) {
    let browser = app.browser();
    assert_redirected(social_sign_in(&browser, &app.acme, app.acme.user("a", Some("a@example.com"), false)).await, "/");
    let token = app.verification("a@example.com").await;
    browser.verify_email(&token).await.expect_empty(204);
    assert_eq!(account(&browser).await["email_verified"], true);
    // Mail is sent only once, and only if the provider has not verified the address. Carol's mail is queued last.
    assert_redirected(social_sign_in(&browser, &app.acme, app.acme.user("a", Some("a@example.com"), false)).await, "/");
    assert_redirected(
        social_sign_in(&app.browser(), &app.acme, app.acme.user("b", Some("b@example.com"), true)).await,
        "/",
    );
    assert_redirected(
        social_sign_in(&app.browser(), &app.acme, app.acme.user("c", Some("c@example.com"), false)).await,
        "/",
    );
    app.verification("c@example.com").await;
    assert!(app.mail.sent().is_empty(), "{:?}", app.mail.sent());
    // No mail is sent if no account is created.
    assert_flow_failed(
        social_sign_in(&app.browser(), &app.acme, app.acme.user("d", Some("A@example.com"), false)).await,
        "email_taken",
    );
    assert_redirected(
        social_sign_in(&app.browser(), &app.acme, app.acme.user("e", Some("e@example.com"), false)).await,
        "/",
    );
    app.verification("e@example.com").await;
    assert!(app.mail.sent().is_empty(), "{:?}", app.mail.sent());
}

pub async fn social_sign_up_takes_the_locale_from_accept_language(app: TestApp) {
    for (number, (language, locale, subject)) in [
        ("ko-KR,ko;q=0.9,en;q=0.8", "ko", "이메일 주소를 확인해 주세요"),
        ("en,ko;q=0.8", "en", "Confirm your e-mail address"),
        ("fr", "en", "Confirm your e-mail address"),
    ]
    .into_iter()
    .enumerate()
    {
        let (browser, email) = (app.browser(), format!("alice-{number}@example.com"));
        let state = start_flow(&browser, &app.acme, &[]).await;
        let code = approve(&app.acme, &state, app.acme.user(&email, Some(&email), false));
        let query = [("state", &*state), ("code", &code)];
        assert_redirected(callback(&browser, "acme", &query).header("accept-language", language).await, "/");
        assert_eq!(account(&browser).await["locale"], locale, "{language}");
        app.link_to(&email, subject, "verify-email").await;
        // An existing account keeps the language that its user has chosen.
        browser.patch_me(&json!({"locale": "en"})).await.expect_status(200);
        let state = start_flow(&browser, &app.acme, &[]).await;
        let code = approve(&app.acme, &state, app.acme.user(&email, None, false));
        let query = [("state", &*state), ("code", &code)];
        assert_redirected(callback(&browser, "acme", &query).header("accept-language", "ko").await, "/");
        assert_eq!(account(&browser).await["locale"], "en");
    }
}

pub async fn social_sign_up_without_a_valid_email_is_rejected(app: TestApp) {
    for email in [None, Some(""), Some("no address"), Some("a@b\r\nBcc: c@example.com"), Some("\"a b\"@example.com")] {
        let browser = app.browser();
        assert_flow_failed(
            social_sign_in(&browser, &app.acme, app.acme.user("alice", email, true)).await,
            "email_missing",
        );
        assert_signed_out(&browser).await;
    }
}
