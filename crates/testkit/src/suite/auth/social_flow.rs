use std::time::Duration;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};

use super::social::{
    FLOW, SESSION, account, authorize, callback, come_in, depart, failed, flow, no_one_is_signed_in, sent_to,
    set_cookie, state, walk,
};
use crate::TestApp;

pub async fn a_browser_goes_back_to_where_it_wanted(app: TestApp) {
    for (number, path) in
        ["/", "/docs", "/docs/errors?tab=1&x=%2F%2Fevil.example#top", "/%0d%0aa", "/a//b"].into_iter().enumerate()
    {
        let user = app.acme.user(path, Some(&format!("alice-{number}@example.com")), true);
        sent_to(walk(&app.browser(), &app.acme, user, &[("return_to", path)]).await, path);
    }
}

pub async fn a_browser_is_never_sent_elsewhere(app: TestApp) {
    let long = format!("/{}", "a".repeat(4_000));
    let places = [
        "//evil.example",
        "///evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "/\t/evil.example",
        "/\n/evil.example",
        "https://evil.example",
        "HTTPS:evil.example",
        "https:/evil.example",
        "javascript:alert(1)",
        "data:text/html,a",
        "evil.example",
        "@evil.example",
        ".evil.example",
        " //evil.example",
        "\u{a0}//evil.example",
        "%2F%2Fevil.example",
        "/a\r\nLocation: https://evil.example",
        "/a\r\nSet-Cookie: memo_session=a",
        "/a\0",
        "/한글",
        "",
        &long,
    ];
    for place in places {
        let browser = app.browser();
        let user = app.acme.user("alice", Some("alice@example.com"), true);
        let answer = walk(&browser, &app.acme, user, &[("return_to", place)]).await;
        assert_eq!(answer.header("location"), Some("/"), "{place:?}");
        assert_eq!(answer.headers.get_all("location").iter().count(), 1);
        // Where a flow fails a browser goes to the same place.
        let state = depart(&browser, &app.acme, &[("return_to", place)]).await;
        failed(callback(&browser, "acme", &[("state", &state), ("error", "access_denied")]).await, "access_denied");
    }
    // What a callback says itself of where to go is nothing.
    let browser = app.browser();
    let state = depart(&browser, &app.acme, &[]).await;
    let code = app.acme.approve(&state, app.acme.user("bob", Some("bob@example.com"), true)).expect("a request");
    let query = [("state", &*state), ("code", &code), ("return_to", "https://evil.example")];
    sent_to(callback(&browser, "acme", &query).await, "/");
}

pub async fn an_error_stands_beside_what_the_path_has(app: TestApp) {
    let browser = app.browser();
    for (path, place) in
        [("/docs", "/docs?sign_in_error=access_denied"), ("/docs?a=b#c", "/docs?a=b&sign_in_error=access_denied#c")]
    {
        let state = depart(&browser, &app.acme, &[("return_to", path)]).await;
        sent_to(callback(&browser, "acme", &[("state", &state), ("error", "access_denied")]).await, place);
    }
}

pub async fn a_flow_is_kept_in_a_cookie_that_scripts_cannot_read(app: TestApp) {
    let answer = authorize(&app.browser(), "acme").await.expect_status(302);
    let cookie = set_cookie(&answer, FLOW).expect("a flow").to_owned();
    let mut attributes: Vec<_> = cookie.split("; ").skip(1).collect();
    attributes.sort_unstable();
    assert_eq!(attributes, ["HttpOnly", "Max-Age=600", "Path=/", "SameSite=Lax"]);
    // Neither the nonce nor the verifier of the provider can be read in it, nor what they are told by.
    let state = state(answer);
    let value = cookie.split([';', '=']).nth(1).expect("a value");
    let read = URL_SAFE_NO_PAD.decode(value).expect("base64url");
    let read = String::from_utf8_lossy(&read);
    assert!(!read.contains("nonce-1") && !read.contains("verifier-1") && !read.contains(&state));
}

pub async fn a_flow_needs_its_own_state(app: TestApp) {
    let browser = app.browser();
    let user = || app.acme.user("alice", Some("alice@example.com"), true);
    let elsewhere = depart(&app.browser(), &app.acme, &[]).await;
    let state = depart(&browser, &app.acme, &[]).await;
    let code = app.acme.approve(&state, user()).expect("a request");
    let code_elsewhere = app.acme.approve(&elsewhere, user()).expect("a request");
    let (cut, longer) = (state[..42].to_owned(), format!("{state}A"));
    let altered = state.replacen(|c: char| c != 'A', "A", 1);
    let queries: [&[(&str, &str)]; 10] = [
        &[],
        &[("code", &code)],
        &[("state", ""), ("code", &code)],
        &[("state", &cut), ("code", &code)],
        &[("state", &longer), ("code", &code)],
        &[("state", &altered), ("code", &code)],
        &[("state", &elsewhere), ("code", &code_elsewhere)],
        &[("state", "한"), ("code", &code)],
        &[("error", "access_denied")],
        &[("state", &altered), ("error", "access_denied")],
    ];
    for query in queries {
        let answer = callback(&browser, "acme", query).await.expect_status(400).problem("state_invalid");
        answer.expect_no_header("location").expect_no_header("set-cookie");
    }
    for other in [&altered, &state, ""] {
        let twice = [("state", other), ("state", &state), ("code", &code)];
        callback(&browser, "acme", &twice).await.expect_status(400).problem("state_invalid");
    }
    no_one_is_signed_in(&browser).await;
    // None of this has ended the flow itself.
    sent_to(callback(&browser, "acme", &[("state", &state), ("code", &code)]).await, "/");
}

pub async fn a_flow_needs_the_browser_that_began_it(app: TestApp) {
    let (mallory, alice) = (app.browser(), app.browser());
    let state = depart(&mallory, &app.acme, &[]).await;
    let code = app.acme.approve(&state, app.acme.user("mallory", Some("m@example.com"), true)).expect("a request");
    let query = [("state", &*state), ("code", &code)];
    // Somebody is made to open the address of another one's flow: without a flow of their own, and with one.
    callback(&alice, "acme", &query).await.expect_status(400).problem("state_invalid");
    depart(&alice, &app.acme, &[]).await;
    callback(&alice, "acme", &query).await.expect_status(400).problem("state_invalid");
    no_one_is_signed_in(&alice).await;
    // Nor is a cookie good that is not quite the one.
    let (name, flow) = flow(&mallory);
    let middle = flow.len() / 2;
    let flipped = if flow.as_bytes()[middle] == b'A' { "B" } else { "A" };
    for altered in [
        String::new(),
        "x".to_owned(),
        flow[..flow.len() - 4].to_owned(),
        format!("{flow}AAAA"),
        format!("{}{flipped}{}", &flow[..middle], &flow[middle + 1..]),
        format!("A{flow}"),
    ] {
        alice.set_cookie(&name, &altered);
        callback(&alice, "acme", &query).await.expect_status(400).problem("state_invalid");
    }
    sent_to(callback(&mallory, "acme", &query).await, "/");
}

pub async fn a_flow_ends_once(app: TestApp) {
    let browser = app.browser();
    let state = depart(&browser, &app.acme, &[]).await;
    let (name, kept) = flow(&browser);
    let approve = || app.acme.approve(&state, app.acme.user("alice", Some("a@example.com"), true)).expect("a request");
    sent_to(callback(&browser, "acme", &[("state", &state), ("code", &approve())]).await, "/");
    assert_eq!(browser.cookies(FLOW), []);
    callback(&browser, "acme", &[("state", &state), ("code", &approve())]).await.problem("state_invalid");
    // Whoever has kept the cookie comes no further.
    browser.set_cookie(&name, &kept);
    callback(&browser, "acme", &[("state", &state), ("code", &approve())]).await.problem("state_invalid");
    // A flow that has failed is over, too.
    browser.forget();
    let state = depart(&browser, &app.acme, &[]).await;
    let (name, kept) = flow(&browser);
    failed(callback(&browser, "acme", &[("state", &state), ("code", "made up")]).await, "provider_failed");
    browser.set_cookie(&name, &kept);
    let code = app.acme.approve(&state, app.acme.user("alice", None, true)).expect("a request");
    callback(&browser, "acme", &[("state", &state), ("code", &code)]).await.problem("state_invalid");
}

pub async fn a_flow_takes_ten_minutes_at_most(app: TestApp) {
    for (time, is_good) in [(Duration::from_secs(599), true), (Duration::from_mins(10), false)] {
        let browser = app.browser();
        let state = depart(&browser, &app.acme, &[]).await;
        let code = app.acme.approve(&state, app.acme.user("alice", Some("a@example.com"), true)).expect("a request");
        app.clock.advance(time);
        let answer = callback(&browser, "acme", &[("state", &state), ("code", &code)]).await;
        if is_good {
            sent_to(answer, "/");
        } else {
            answer.expect_status(400).problem("state_invalid");
            no_one_is_signed_in(&browser).await;
        }
    }
}

pub async fn the_answer_of_another_provider_is_none(app: TestApp) {
    let browser = app.browser();
    let mallory = || app.other.user("mallory", Some("mallory@example.com"), true);
    // By the address of the callback.
    let state = depart(&browser, &app.acme, &[]).await;
    let code = app.acme.approve(&state, app.acme.user("alice", Some("a@example.com"), true)).expect("a request");
    callback(&browser, "other", &[("state", &state), ("code", &code)])
        .await
        .expect_status(400)
        .problem("state_invalid");
    // By what the answer says of who gives it (RFC 9207).
    for issuer in ["https://other.example", "https://acme.example/", "HTTPS://acme.example", ""] {
        let state = depart(&browser, &app.acme, &[]).await;
        let code = app.acme.approve(&state, app.acme.user("alice", Some("a@example.com"), true)).expect("a request");
        let query = [("state", &*state), ("code", &code), ("iss", issuer)];
        failed(callback(&browser, "acme", &query).await, "provider_mix_up");
    }
    // By the code.
    let state_there = depart(&app.browser(), &app.other, &[]).await;
    let code_there = app.other.approve(&state_there, mallory()).expect("a request");
    let state = depart(&browser, &app.acme, &[]).await;
    failed(callback(&browser, "acme", &[("state", &state), ("code", &code_there)]).await, "provider_failed");
    no_one_is_signed_in(&browser).await;

    let state = depart(&browser, &app.acme, &[]).await;
    let code = app.acme.approve(&state, app.acme.user("alice", Some("a@example.com"), true)).expect("a request");
    let query = [("state", &*state), ("code", &code), ("iss", "https://acme.example"), ("session_state", "x")];
    sent_to(callback(&browser, "acme", &query).await, "/");
}

pub async fn a_code_is_good_in_its_own_flow_alone(app: TestApp) {
    let (mallory, alice) = (app.browser(), app.browser());
    let mallorys_state = depart(&mallory, &app.acme, &[]).await;
    let alices_state = depart(&alice, &app.acme, &[]).await;
    let mallorys = app.acme.approve(&mallorys_state, app.acme.user("mallory", Some("m@example.com"), true));
    let alices = app.acme.approve(&alices_state, app.acme.user("alice", Some("a@example.com"), true));
    let (mallorys, alices) = (mallorys.expect("a request"), alices.expect("a request"));
    // A code that was stolen, in the thief's flow; and the thief's own in the flow of somebody else.
    let answer = callback(&mallory, "acme", &[("state", &mallorys_state), ("code", &alices)]).await;
    failed(answer, "provider_failed");
    let answer = callback(&alice, "acme", &[("state", &alices_state), ("code", &mallorys)]).await;
    failed(answer, "provider_failed");
    no_one_is_signed_in(&mallory).await;
    no_one_is_signed_in(&alice).await;
}

pub async fn a_no_at_the_provider_signs_nobody_in(app: TestApp) {
    let browser = app.browser();
    let user = || app.acme.user("alice", Some("a@example.com"), true);
    let state = depart(&browser, &app.acme, &[]).await;
    let query = [("state", &*state), ("error", "access_denied"), ("error_description", "<script>")];
    failed(callback(&browser, "acme", &query).await, "access_denied");
    // An answer that says both is a no.
    let state = depart(&browser, &app.acme, &[]).await;
    let code = app.acme.approve(&state, user()).expect("a request");
    let query = [("state", &*state), ("code", &code), ("error", "access_denied")];
    failed(callback(&browser, "acme", &query).await, "access_denied");
    no_one_is_signed_in(&browser).await;
    // Whoever was signed in before still is.
    sent_to(come_in(&browser, &app.acme, user()).await, "/");
    let state = depart(&browser, &app.acme, &[]).await;
    failed(callback(&browser, "acme", &[("state", &state), ("error", "access_denied")]).await, "access_denied");
    account(&browser).await;
}

pub async fn whatever_else_a_provider_says_is_no_refusal_of_the_member(app: TestApp) {
    let browser = app.browser();
    let errors = [
        "server_error",
        "temporarily_unavailable",
        "invalid_scope",
        "interaction_required",
        "unauthorized_client",
        "ACCESS_DENIED",
        "access_denied ",
        "",
        "한\r\n\u{1b}[31m",
    ];
    for error in errors {
        let state = depart(&browser, &app.acme, &[]).await;
        let query = [("state", &*state), ("error", error), ("error_description", "<script>")];
        failed(callback(&browser, "acme", &query).await, "provider_failed");
    }
    // It counts also where there is a code beside it, and nothing at all is no refusal either.
    let state = depart(&browser, &app.acme, &[]).await;
    let code = app.acme.approve(&state, app.acme.user("alice", Some("a@example.com"), true)).expect("a request");
    let query = [("state", &*state), ("code", &code), ("error", "server_error")];
    failed(callback(&browser, "acme", &query).await, "provider_failed");
    let state = depart(&browser, &app.acme, &[]).await;
    failed(callback(&browser, "acme", &[("state", &state)]).await, "provider_failed");
    no_one_is_signed_in(&browser).await;
}

pub async fn a_provider_that_is_away_is_said(app: TestApp) {
    let browser = app.browser();
    let state = depart(&browser, &app.acme, &[]).await;
    let code = app.acme.approve(&state, app.acme.user("alice", Some("a@example.com"), true)).expect("a request");
    app.acme.be_away(true);
    let answer = authorize(&app.browser(), "acme").await.expect_status(503).problem("provider_unavailable");
    assert!(answer.header("retry-after").is_some());
    answer.expect_no_header("set-cookie").expect_no_header("location");
    failed(callback(&browser, "acme", &[("state", &state), ("code", &code)]).await, "provider_failed");
    no_one_is_signed_in(&browser).await;
    // Nothing else depends on it.
    sent_to(come_in(&browser, &app.other, app.other.user("alice", Some("a@example.com"), true)).await, "/");
    app.acme.be_away(false);
    sent_to(come_in(&app.browser(), &app.acme, app.acme.user("bob", Some("b@example.com"), true)).await, "/");
}

pub async fn a_cookie_from_before_is_worth_nothing_afterwards(app: TestApp) {
    let user = || app.acme.user("alice", Some("alice@example.com"), true);
    // Somebody plants the cookie of a sign-in of their own, or one that they have made up.
    let mallory = app.user("mallory").await;
    let mallorys = app.browser();
    mallorys.sign_in_by_cookie(&mallory.email, &mallory.password).await.expect_status(200);
    for planted in [mallorys.cookie(SESSION).expect("a sign-in"), "A".repeat(43), "planted".to_owned()] {
        let browser = app.browser();
        browser.set_cookie(SESSION, &planted);
        sent_to(come_in(&browser, &app.acme, user()).await, "/");
        assert_ne!(browser.cookie(SESSION), Some(planted.clone()));
        assert_eq!(account(&browser).await["email"], "alice@example.com");
        let thief = app.browser();
        thief.set_cookie(SESSION, &planted);
        no_one_is_signed_in(&thief).await;
    }
    // A member who comes in again has a new cookie, and the old one has ended.
    let browser = app.browser();
    sent_to(come_in(&browser, &app.acme, user()).await, "/");
    let before = browser.cookie(SESSION).expect("a sign-in");
    sent_to(come_in(&browser, &app.acme, user()).await, "/");
    assert_ne!(browser.cookie(SESSION).as_ref(), Some(&before));
    browser.set_cookie(SESSION, &before);
    no_one_is_signed_in(&browser).await;
}

pub async fn each_tab_has_a_flow_of_its_own(app: TestApp) {
    let browser = app.browser();
    let user = |name: &str| app.acme.user(name, Some(&format!("{name}@example.com")), true);
    // Two tabs, and another provider in a third, come back in another order than they went.
    let one = depart(&browser, &app.acme, &[("return_to", "/docs")]).await;
    let other = depart(&browser, &app.acme, &[("return_to", "/docs/errors")]).await;
    let third = depart(&browser, &app.other, &[]).await;
    let code = app.other.approve(&third, app.other.user("carol", Some("carol@example.com"), true)).expect("a request");
    sent_to(callback(&browser, "other", &[("state", &third), ("code", &code)]).await, "/");
    let code = app.acme.approve(&one, user("alice")).expect("a request");
    sent_to(callback(&browser, "acme", &[("state", &one), ("code", &code)]).await, "/docs");
    assert_eq!(account(&browser).await["email"], "alice@example.com");
    // The state of the one is none of the other's, also where somebody has put its cookie there.
    let (name, kept) = flow(&browser);
    let stranger = app.browser();
    let theirs = depart(&stranger, &app.acme, &[]).await;
    stranger.set_cookie(&flow(&stranger).0, &kept);
    let code = app.acme.approve(&theirs, user("bob")).expect("a request");
    callback(&stranger, "acme", &[("state", &theirs), ("code", &code)]).await.problem("state_invalid");
    assert!(!name.contains(&other), "the state is a secret of the provider's answer");
    let code = app.acme.approve(&other, user("bob")).expect("a request");
    sent_to(callback(&browser, "acme", &[("state", &other), ("code", &code)]).await, "/docs/errors");
    assert_eq!(account(&browser).await["email"], "bob@example.com");
    assert_eq!(browser.cookies(FLOW), []);
}

pub async fn flows_that_were_given_up_do_not_fill_a_browser(app: TestApp) {
    let browser = app.browser();
    for _ in 0..20 {
        depart(&browser, &app.acme, &[("return_to", &format!("/{}", "a".repeat(1_900)))]).await;
        assert!(browser.cookies(FLOW).len() <= 4);
    }
    sent_to(come_in(&browser, &app.acme, app.acme.user("alice", Some("a@example.com"), true)).await, "/");
    assert_eq!(browser.cookies(FLOW).len(), 3);
    // What only begins like the name of one is nobody's here.
    let odd = ["é", "a b", "\"", "a\tb", "한"].map(|rest| format!("memo_sign_in_{rest}=x")).join("; ");
    let answer = authorize(&app.anonymous(), "acme").header("cookie", &odd).await;
    assert_eq!(answer.headers.get_all("set-cookie").iter().count(), 1);
    state(answer);
}

pub async fn what_a_provider_says_twice_signs_nobody_in(app: TestApp) {
    let browser = app.browser();
    let mallory = app.browser();
    let theirs = depart(&mallory, &app.acme, &[]).await;
    let planted = app.acme.approve(&theirs, app.acme.user("mallory", Some("m@example.com"), true)).expect("a request");
    for more in [("code", &*planted), ("iss", "https://acme.example"), ("error", "")] {
        let state = depart(&browser, &app.acme, &[]).await;
        let code = app.acme.approve(&state, app.acme.user("alice", Some("a@example.com"), true)).expect("a request");
        let query = [("state", &*state), ("code", &code), more, more];
        failed(callback(&browser, "acme", &query).await, "provider_failed");
        no_one_is_signed_in(&browser).await;
    }
}
