use serde_json::{Value, json};

use crate::{
    TestApp,
    suite::{assert_json, merged, send_concurrently},
};

fn alice() -> Value {
    json!({"email": "alice@example.com", "password": "correct horse", "display_name": "Alice"})
}

pub async fn sign_up_creates_an_account(app: TestApp) {
    let anonymous = app.anonymous();
    let account = anonymous.sign_up(&alice()).await.expect_status(201);
    let account = account.expect_header("location", "/api/v1/me").expect_header("cache-control", "no-store");
    assert_json!(account.json, @r#"
    {
      "created_at": "2026-01-31T09:00:00.123456Z",
      "display_name": "Alice",
      "email": "alice@example.com",
      "email_verified": false,
      "id": "019c1347-d2fb-7000-8000-000000000002",
      "locale": "en",
      "role": "member",
      "time_zone": "UTC",
      "updated_at": "2026-01-31T09:00:00.123456Z"
    }
    "#);
    let tokens = anonymous.sign_in("alice@example.com", "correct horse").await.expect_status(200);
    let me = anonymous.with_token(tokens.text("access_token")).me().await.expect_status(200);
    assert_eq!(me.json, account.json);
}

pub async fn sign_up_takes_the_locale_from_accept_language(app: TestApp) {
    for (number, (language, locale, subject)) in [
        ("ko-KR,ko;q=0.9,en-US;q=0.8,en;q=0.7", "ko", "이메일 주소를 확인해 주세요"),
        ("en-US,ko;q=0.5", "en", "Confirm your e-mail address"),
        ("fr, *;q=0.1", "en", "Confirm your e-mail address"),
        (";;q=", "en", "Confirm your e-mail address"),
    ]
    .into_iter()
    .enumerate()
    {
        let (anonymous, email) = (app.anonymous(), format!("alice-{number}@example.com"));
        let body = merged(alice(), &json!({"email": email}));
        let account = anonymous.sign_up(&body).header("accept-language", language).await.expect_status(201);
        assert_eq!(account["locale"], locale, "{language}");
        app.link_to(&email, subject, "verify-email").await;
    }
    // The locale is not a field of the body.
    app.anonymous().sign_up(&merged(alice(), &json!({"locale": "ko"}))).await.invalid("/locale", "unknown_member");
}

pub async fn email_is_unique_regardless_of_case_and_unicode_form(app: TestApp) {
    let anonymous = app.anonymous();
    let bob = |email: &str| merged(alice(), &json!({"email": email, "display_name": "Bob"}));
    anonymous.sign_up(&bob("Jos\u{e9}@Example.com")).await.expect_status(201);
    for email in ["jos\u{e9}@example.com", "JOS\u{c9}@EXAMPLE.COM", "jose\u{301}@example.com"] {
        anonymous.sign_up(&bob(email)).await.expect_status(409).problem("email_taken");
    }
    anonymous.sign_up(&bob("jose@example.com")).await.expect_status(201);
}

pub async fn email_is_unique_in_all_spellings_of_its_domain(app: TestApp) {
    let anonymous = app.anonymous();
    let of = |email: &str| merged(alice(), &json!({"email": email}));
    let account = anonymous.sign_up(&of("alice@b\u{fc}cher.example")).await.expect_status(201);
    // It is shown as it was entered, and mailed in ASCII.
    assert_eq!(account["email"], "alice@b\u{fc}cher.example");
    for email in ["Alice@xn--bcher-kva.example", "alice@B\u{dc}CHER.\u{ff45}\u{ff58}ample"] {
        anonymous.sign_up(&of(email)).await.expect_status(409).problem("email_taken");
        let password = of(email)["password"].as_str().expect("a password").to_owned();
        anonymous.sign_in(email, &password).await.expect_status(200);
    }
}

pub async fn email_and_display_name_are_trimmed_and_in_nfc(app: TestApp) {
    let body = json!({"email": " Jose\u{301}@Example.com ", "display_name": "  \u{1112}\u{1161}\u{11ab} 글  "});
    let account = app.anonymous().sign_up(&merged(alice(), &body)).await.expect_status(201);
    assert_eq!(account["email"], "Jos\u{e9}@Example.com");
    assert_eq!(account["display_name"], "한 글");
}

pub async fn invalid_sign_up_value_is_rejected_with_its_pointer(app: TestApp) {
    let long = |length| "가".repeat(length);
    let refusals = [
        (json!({"email": "alice"}), "/email", "malformed"),
        (json!({"email": ""}), "/email", "malformed"),
        (json!({"email": "a b@example.com"}), "/email", "malformed"),
        (json!({"email": "a@example.com\r\nBcc: b@example.com"}), "/email", "control_character"),
        (json!({"email": format!("{}@example.com", long(250))}), "/email", "too_long"),
        (json!({"email": 7}), "/email", "wrong_type"),
        (json!({"password": "seven77"}), "/password", "too_short"),
        (json!({"password": "\u{1112}\u{1161}\u{11ab}".repeat(7)}), "/password", "too_short"),
        (json!({"password": long(129)}), "/password", "too_long"),
        (json!({"password": "correct\0horse"}), "/password", "nul_character"),
        (json!({"password": null}), "/password", "wrong_type"),
        (json!({"display_name": "  "}), "/display_name", "too_short"),
        (json!({"display_name": long(101)}), "/display_name", "too_long"),
        (json!({"display_name": "a\nb"}), "/display_name", "control_character"),
        (json!({"display_name": {}}), "/display_name", "wrong_type"),
        (json!({"role": "admin"}), "/role", "unknown_member"),
        (json!({"id": "0198c0de-7f00-7000-8000-00000000000a"}), "/id", "unknown_member"),
        (json!({"email_verified": true}), "/email_verified", "unknown_member"),
        (json!({"password_hash": "$2b$04$x"}), "/password_hash", "unknown_member"),
        (json!({"disabled_at": null}), "/disabled_at", "unknown_member"),
        (json!({"created_at": "2020-01-01T00:00:00Z"}), "/created_at", "unknown_member"),
    ];
    for (body, pointer, code) in refusals {
        app.anonymous().sign_up(&merged(alice(), &body)).await.invalid(pointer, code);
    }
    // None of these requests has created an account.
    app.anonymous().sign_up(&alice()).await.expect_status(201);
}

pub async fn missing_sign_up_value_is_rejected_with_its_pointer(app: TestApp) {
    for field in ["email", "password", "display_name"] {
        let mut body = alice();
        body.as_object_mut().expect("an object").remove(field);
        app.anonymous().sign_up(&body).await.invalid(&format!("/{field}"), "required");
    }
}

pub async fn all_invalid_sign_up_values_are_reported_together(app: TestApp) {
    let body = json!({"email": "alice", "password": "short", "display_name": ""});
    let response = app.anonymous().sign_up(&body).await.problem("validation_failed");
    let mut errors = response.errors();
    errors.sort_unstable();
    let pointers: Vec<_> = errors.into_iter().map(|(_, pointer, code)| (pointer, code)).collect();
    assert_eq!(pointers, [("/display_name", "too_short"), ("/email", "malformed"), ("/password", "too_short")]);
}

pub async fn common_password_is_rejected(app: TestApp) {
    for password in ["password", "12345678", "qwertyui", "PASSWORD1", "iloveyou"] {
        let body = merged(alice(), &json!({"password": password}));
        let response = app.anonymous().sign_up(&body).await.expect_status(422).problem("password_too_common");
        assert_eq!(response.errors(), [("pointer", "/password", "password_too_common")]);
    }
}

pub async fn email_as_password_is_rejected(app: TestApp) {
    for password in ["alice@example.com", "ALICE@example.com"] {
        let body = merged(alice(), &json!({"password": password}));
        let response = app.anonymous().sign_up(&body).await.expect_status(422).problem("password_too_common");
        assert_eq!(response.errors(), [("pointer", "/password", "password_too_common")]);
    }
}

pub async fn password_is_never_truncated(app: TestApp) {
    let anonymous = app.anonymous();
    // Three bytes per character: far more than the 72 bytes that bcrypt reads.
    let password = "한".repeat(128);
    anonymous.sign_up(&merged(alice(), &json!({"password": password}))).await.expect_status(201);
    anonymous.sign_in("alice@example.com", &password).await.expect_status(200);
    for wrong in ["한".repeat(127), format!("{}글", "한".repeat(127)), "한".repeat(24)] {
        assert_eq!(anonymous.sign_in("alice@example.com", &wrong).await.expect_status(400)["error"], "invalid_grant");
    }
}

pub async fn password_is_compared_in_nfc(app: TestApp) {
    let anonymous = app.anonymous();
    let nfd = "\u{1112}\u{1161}\u{11ab}".repeat(8);
    anonymous.sign_up(&merged(alice(), &json!({"password": nfd}))).await.expect_status(201);
    anonymous.sign_in("alice@example.com", &"한".repeat(8)).await.expect_status(200);
    anonymous.sign_in("alice@example.com", &nfd).await.expect_status(200);
}

pub async fn concurrent_sign_ups_with_one_email_succeed_once(app: TestApp) {
    let anonymous = app.anonymous();
    let responses = send_concurrently((0..10).map(|_| anonymous.sign_up(&alice()))).await;
    let (created, rejected): (Vec<_>, Vec<_>) = responses.into_iter().partition(|response| response.status == 201);
    assert_eq!(created.len(), 1);
    for response in rejected {
        response.problem("email_taken");
    }
}
