//! Requests that are signed with an API key (RFC 9421).

use std::time::Duration;

use memo_conformance::eventually;
use memo_domain::{Clock as _, Timestamp};
use serde_json::json;

use crate::{Actor, Call, Response, Signer, TestApp, content_digest};

const SCOPES: [&str; 3] = ["memos:read", "memos:write", "account:read"];

async fn signed_key(user: &Actor) -> Response {
    user.create_api_key(&json!({"name": "s", "kind": "signed", "scopes": SCOPES})).await.expect_status(201)
}

fn now(app: &TestApp) -> i64 {
    app.clock.now().as_secs()
}

fn assert_invalid(response: Response) {
    response.expect_status(401).problem("signature_invalid");
}

pub async fn signed_request_acts_for_the_user_of_its_key(app: TestApp) {
    let alice = app.user("alice").await;
    let (key, anonymous) = (signed_key(&alice).await, app.anonymous());
    let signer = |nonce: &str| Signer::new(&key, now(&app), nonce);
    let created = signer("1").sign(anonymous.create_memo(&json!({"title": "주간"}))).await.expect_status(201);
    assert_eq!(created["owner"]["id"], alice.id);
    let listed = signer("2").sign(anonymous.list_memos(&[("q", "주간"), ("limit", "7")])).await.expect_status(200);
    assert_eq!(listed.titles(), ["주간"]);
    let apart = signer("3").covering(&["@path", "@query", "@method", "accept"]);
    apart.sign(anonymous.me().header("accept", "application/json")).await.expect_status(200);
    // An empty query, a HEAD, a change without a body, no algorithm, the public URL.
    signer("4").covering(&["@method", "@path", "@query", "@authority"]).sign(anonymous.me()).await.expect_status(200);
    signer("5").sign(anonymous.call("HEAD", "/api/v1/me")).await.expect_empty(200);
    signer("6").sign(anonymous.delete_memo(created.id())).await.expect_empty(204);
    signer("7").parameters(";tag=\"memo\"").sign(anonymous.me()).await.expect_status(200);
    signer("8").origin(app.url()).sign(anonymous.me()).await.expect_status(200);
    signer("9")
        .sign(anonymous.patch_me(&json!({"display_name": "b"})))
        .await
        .expect_status(403)
        .problem("insufficient_scope");
    signer("10").sign(anonymous.api_keys()).await.expect_status(403).problem("interactive_sign_in_required");
    eventually("the use is recorded", async || {
        let list = alice.api_keys().await.expect_status(200);
        list["items"][0]["last_used_at"].is_string().then_some(())
    })
    .await;
}

pub async fn signature_of_another_request_is_invalid(app: TestApp) {
    let alice = app.user("alice").await;
    let (key, anonymous) = (signed_key(&alice).await, app.anonymous());
    let memo = alice.memo("a").await;
    let signer = |nonce: &str| Signer::new(&key, now(&app), nonce);
    let of = |other: Call, signed: &Call| {
        ["signature-input", "signature", "content-digest"].into_iter().fold(other, |call, name| {
            match signed.sent_header(name) {
                Some(value) => call.header(name, value),
                None => call,
            }
        })
    };
    let list = signer("1").sign(anonymous.list_memos(&[("q", "a")]));
    of(anonymous.call("HEAD", "/api/v1/memos?q=a"), &list).await.expect_empty(401);
    assert_invalid(of(anonymous.list_memos(&[("q", "b")]), &list).await);
    assert_invalid(of(anonymous.get("/api/v1/memos?q=%61"), &list).await);
    assert_invalid(of(anonymous.get("/api/v1/memos"), &list).await);
    assert_invalid(of(anonymous.get("/api/v1/tags?q=a"), &list).await);
    assert_invalid(of(anonymous.list_memos(&[("q", "a")]).header("host", "localhost:1"), &list).await);
    assert_invalid(signer("2").origin("http://evil.example").sign(anonymous.me()).await);
    assert_invalid(signer("2").origin("https://memo.test").sign(anonymous.me()).await);
    let delete = signer("3").sign(anonymous.delete_memo(&memo));
    assert_invalid(of(anonymous.get_memo(&memo), &delete).await);
    // A body that was changed has another digest, and a digest that was changed another signature.
    let patch = signer("4").sign(anonymous.patch_memo(&memo, &json!({"title": "b"})));
    let changed = json!({"title": "c"});
    of(anonymous.patch_memo(&memo, &changed), &patch).await.expect_status(400).problem("digest_mismatch");
    let digest = content_digest(changed.to_string().as_bytes());
    let forged = of(anonymous.patch_memo(&memo, &changed), &patch).without_header("content-digest");
    assert_invalid(forged.header("content-digest", digest).await);
    assert_eq!(alice.titles(&[]).await, ["a"]);
    // What was not used up by others still works.
    list.await.expect_status(200);
}

pub async fn signature_must_cover_the_whole_request(app: TestApp) {
    let alice = app.user("alice").await;
    let (key, anonymous) = (signed_key(&alice).await, app.anonymous());
    let signer = || Signer::new(&key, now(&app), "1");
    for covered in [
        &[][..],
        &["@method"],
        &["@target-uri"],
        &["@method", "@path"],
        &["@method", "@query"],
        &["@method", "@authority", "@query"],
    ] {
        assert_invalid(signer().sign_exactly(anonymous.me(), covered).await);
    }
    let whole = ["@method", "@target-uri", "content-digest"];
    let create = || anonymous.create_memo(&json!({"title": "a"}));
    assert_invalid(signer().sign_exactly(create(), &whole[..2]).await);
    let digest = content_digest(json!({"title": "a"}).to_string().as_bytes());
    assert_invalid(signer().sign_exactly(create().header("content-digest", &digest), &whole[..2]).await);
    // Covered, but absent, or without a digest of a known algorithm.
    assert_invalid(signer().sign_exactly(create(), &whole).await);
    let md5 = create().header("content-digest", "md5=:1B2M2Y8AsgTpgAmY7PhCfg==:");
    signer().sign_exactly(md5, &whole).await.expect_status(400).problem("digest_unsupported");
    assert_eq!(alice.titles(&[]).await, [""; 0]);
}

pub async fn malformed_signature_is_invalid(app: TestApp) {
    let alice = app.user("alice").await;
    let (key, anonymous) = (signed_key(&alice).await, app.anonymous());
    let bearer = alice.create_api_key(&json!({"name": "b", "scopes": SCOPES})).await.expect_status(201);
    let signer = || Signer::new(&key, now(&app), "1");
    assert_invalid(signer().secret("memo_").sign(anonymous.me()).await);
    assert_invalid(signer().secret(bearer.text("secret")).sign(anonymous.me()).await);
    // A bearer key signs nothing.
    assert_invalid(Signer::new(&bearer, now(&app), "1").sign(anonymous.me()).await);
    for parameters in
        [";alg=\"hmac-sha512\"", ";alg=hmac-sha256", ";keyid=\"x\"", ";nonce=\"\"", ";created=\"1\"", ";expires=x"]
    {
        assert_invalid(signer().parameters(parameters).sign(anonymous.me()).await);
    }
    assert_invalid(Signer::new(&key, now(&app), &"n".repeat(256)).sign(anonymous.me()).await);
    let call = signer().sign(anonymous.me());
    let (input, signature) = ("signature-input", "signature");
    for broken in [
        call.clone().without_header(signature),
        call.clone().without_header(input),
        call.clone().without_header(signature).header(signature, "sig=:AAAA:"),
        call.clone().without_header(signature).header(signature, "other=:AAAA:"),
        call.clone().without_header(signature).header(signature, "sig=\"AAAA\""),
        call.clone().without_header(signature).header(signature, "sig=:AAAA"),
        call.clone().without_header(input).header(input, "sig=1"),
        call.clone().without_header(input).header(input, "sig=("),
    ] {
        assert_invalid(broken.await);
    }
    let with_token = call.clone().header("authorization", format!("Bearer {}", alice.access_token));
    with_token.await.expect_status(400).problem("ambiguous_credentials");
    let twice = call.clone().header(input, "other=()").header(signature, "other=:AAAA:");
    twice.await.expect_status(400).problem("ambiguous_credentials");
    call.await.expect_status(200);
}

pub async fn signature_is_valid_for_five_minutes_and_once(app: TestApp) {
    let alice = app.user("alice").await;
    let (key, other, anonymous) = (signed_key(&alice).await, signed_key(&alice).await, app.anonymous());
    let at = |created: i64, nonce: &str| Signer::new(&key, created, nonce).sign(anonymous.me());
    let begin = now(&app);
    for (created, nonce) in [(begin - 301, "1"), (begin + 302, "2")] {
        at(created, nonce).await.expect_status(401).problem("signature_expired");
    }
    let early = Signer::new(&key, begin, "3").parameters(&format!(";expires={begin}"));
    early.sign(anonymous.me()).await.expect_status(401).problem("signature_expired");
    // A refused one does not use the nonce up.
    for (created, nonce) in [(begin - 299, "1"), (begin + 300, "2")] {
        at(created, nonce).await.expect_status(200);
        at(created, nonce).await.expect_status(401).problem("signature_replayed");
    }
    // Whatever else is signed.
    at(begin, "1").await.expect_status(401).problem("signature_replayed");
    Signer::new(&other, begin, "1").sign(anonymous.me()).await.expect_status(200);
    let latest = at(begin + 300, "2");
    app.clock.advance(Duration::from_secs(599));
    latest.clone().await.expect_status(401).problem("signature_replayed");
    app.clock.advance(Duration::from_secs(2));
    latest.await.expect_status(401).problem("signature_expired");
}

pub async fn signed_key_ends_like_any_other(app: TestApp) {
    let alice = app.user("alice").await;
    let (key, anonymous) = (signed_key(&alice).await, app.anonymous());
    let call = |nonce: &str| Signer::new(&key, now(&app), nonce).sign(anonymous.me());
    call("1").await.expect_status(200);
    let end = Timestamp::from_micros((now(&app) + 9) * 1_000_000).to_string();
    alice.patch_api_key(key.id(), &json!({"expires_at": end, "ip_allowlist": ["192.0.2.1"]})).await.expect_status(200);
    call("2").await.expect_status(403).problem("ip_not_allowed");
    alice.patch_api_key(key.id(), &json!({"ip_allowlist": []})).await.expect_status(200);
    call("2").await.expect_status(200);
    app.clock.advance(Duration::from_secs(9));
    call("3").await.expect_status(401).problem("api_key_expired");
    alice.delete_api_key(key.id()).await.expect_empty(204);
    assert_invalid(call("3").await);
}
