//! `/api/v1/events` and `/api/v1/ws`.

use serde_json::json;

use crate::{
    TestApp, User,
    live::{EventStream, Frame, Socket},
    suite::me::api_keys::created,
};

/// The number of live connections that a user may have.
const LIMIT: usize = 20;

pub async fn events_follow_the_feed_from_now_on_or_after_the_last_event_id(app: TestApp) {
    let alice = app.user("alice").await;
    let id = alice.memo("a").await;
    let token = &alice.access_token;
    let mut live = EventStream::open(&app, token, "").await;
    let head = live.head.to_ascii_lowercase();
    assert!(head.starts_with("http/1.0 200 ") || head.starts_with("http/1.1 200 "), "{head}");
    assert!(head.contains("\r\ncontent-type: text/event-stream\r\n"), "{head}");
    assert!(head.contains("\r\nx-accel-buffering: no\r\n") && !head.contains("transfer-encoding"), "{head}");
    assert_eq!(live.block().await.as_deref(), Some("retry: 1000\nid: 1"), "the position");
    alice.patch_memo(&id, &json!({"title": "b"})).await.expect_status(200);
    alice.delete_memo(&id).await.expect_empty(204);
    let feed = alice.changes(0).await.expect_status(200);
    for seq in [2, 3] {
        let (number, data) = live.event().await.expect("an event");
        assert_eq!((number, &data), (seq, &feed["items"][usize::try_from(seq - 1).expect("few")]));
    }
    let mut again = EventStream::after(&app, token, 0).await;
    for seq in 1..=3 {
        let (number, data) = again.event().await.expect("an event");
        assert_eq!((number, &data["seq"]), (seq, &json!(seq)));
    }
    // The changes of others are not among them.
    app.user("bob").await.memo("b").await;
    alice.memo("c").await;
    for live in [&mut live, &mut again] {
        assert_eq!(live.event().await.expect("an event").0, 4);
    }
}

pub async fn invalid_position_is_rejected(app: TestApp) {
    let alice = app.user("alice").await;
    alice.memo("a").await;
    let events = || alice.get("/api/v1/events");
    for value in ["", "-1", "1.0", "x", "9007199254740992", "18446744073709551616"] {
        events().header("last-event-id", value).await.invalid_parameter("Last-Event-ID", "wrong_type");
    }
    let gone = events().header("last-event-id", "2").await.expect_status(410).problem("resync_required");
    assert_eq!(gone["next_since"], 1);
    let (_, head) = Socket::handshake(&app, "?since=2", &bearer(&alice)).await;
    assert!(head.starts_with("HTTP/1.1 410 "), "{head}");
    let (_, head) = Socket::handshake(&app, "?since=-1", &bearer(&alice)).await;
    assert!(head.starts_with("HTTP/1.1 422 "), "{head}");
    let head = alice.call("HEAD", "/api/v1/events").await.expect_empty(200);
    head.expect_header("content-type", "text/event-stream").expect_no_header("content-length");
}

fn bearer(user: &User) -> String {
    format!("Authorization: Bearer {}\r\n", user.access_token)
}

pub async fn live_connections_of_a_user_are_limited(app: TestApp) {
    let (alice, bob) = (app.user("alice").await, app.user("bob").await);
    let mut open = Vec::new();
    for _ in 0..LIMIT - 1 {
        open.push(EventStream::open(&app, &alice.access_token, "").await);
    }
    let socket = Socket::open(&app, &alice.access_token, "").await;
    let refused = alice.get("/api/v1/events").await.expect_status(429).problem("too_many_concurrent_requests");
    assert_eq!(refused.header("retry-after"), Some("2"));
    // Neither other requests nor other users are affected.
    alice.memo("a").await;
    assert_eq!(EventStream::open(&app, &bob.access_token, "").await.status(), "200");
    for stream in &mut open {
        assert_eq!(stream.event().await.expect("an event").0, 1);
    }
    // A client that is gone makes room, although nothing told the server so.
    drop((open.pop(), socket));
    for _ in 0..2 {
        let again = EventStream::open(&app, &alice.access_token, "").await;
        assert_eq!(again.status(), "200");
        open.push(again);
    }
}

pub async fn live_connections_end_with_their_session(app: TestApp) {
    let alice = app.user("alice").await;
    let tokens = alice.sign_in(&alice.email, &alice.password).await.expect_status(200);
    let token = tokens.text("access_token");
    let mut ending = EventStream::open(&app, token, "").await;
    let mut socket = Socket::open(&app, token, "").await;
    let mut staying = EventStream::open(&app, &alice.access_token, "").await;
    alice.revoke(token).await.expect_status(200);
    assert_eq!(ending.event().await, None);
    assert_eq!(socket.closed().await, Some((1008, "sign_in_ended".to_owned())));
    assert_eq!(socket.next().await, None, "the connection ends");
    alice.memo("a").await;
    assert_eq!(staying.event().await.expect("an event").0, 1);
    let browser = app.browser();
    browser.sign_in_by_cookie(&alice.email, &alice.password).await.expect_status(200);
    let cookie = format!("Cookie: memo_session={}\r\nOrigin: {}\r\n", browser.session(), app.url());
    let (mut socket, head) = Socket::handshake(&app, "", &cookie).await;
    assert!(head.starts_with("HTTP/1.1 101 "), "{head}");
    browser.sign_out().await.expect_empty(204);
    assert_eq!(socket.closed().await, Some((1008, "sign_in_ended".to_owned())));
}

pub async fn live_connections_end_with_their_api_key(app: TestApp) {
    let alice = app.user("alice").await;
    let key = created(&alice, &["events:read", "memos:read"]).await;
    let mut ending = EventStream::open(&app, key.text("secret"), "").await;
    let mut socket = Socket::open(&app, key.text("secret"), "").await;
    alice.memo("a").await;
    assert_eq!(ending.event().await.expect("an event").0, 1);
    alice.patch_api_key(key.id(), &json!({"note": "n"})).await.expect_status(200);
    alice.memo("b").await;
    assert_eq!(ending.event().await.expect("an event").0, 2);
    alice.patch_api_key(key.id(), &json!({"scopes": ["memos:read"]})).await.expect_status(200);
    assert_eq!(ending.event().await, None);
    assert!(socket.closed().await.is_some_and(|(code, _)| code == 1008));
    assert_eq!(EventStream::open(&app, key.text("secret"), "").await.status(), "403");
}

pub async fn live_connections_end_when_the_networks_of_their_api_key_leave_out_the_client(app: TestApp) {
    let alice = app.user("alice").await;
    let key = created(&alice, &["events:read"]).await;
    let mut events = EventStream::open(&app, key.text("secret"), "").await;
    let mut socket = Socket::open(&app, key.text("secret"), "").await;
    alice.patch_api_key(key.id(), &json!({"ip_allowlist": ["127.0.0.0/8"]})).await.expect_status(200);
    alice.memo("a").await;
    assert_eq!(events.event().await.expect("an event").0, 1);
    assert_eq!(socket.json().await["seq"], 1);
    alice.patch_api_key(key.id(), &json!({"ip_allowlist": ["203.0.113.0/24"]})).await.expect_status(200);
    assert_eq!(events.event().await, None);
    assert_eq!(socket.closed().await, Some((1008, "sign_in_ended".to_owned())));
}

pub async fn websocket_follows_the_feed_and_answers_pings(app: TestApp) {
    let alice = app.user("alice").await;
    alice.memo("a").await;
    let mut now = Socket::open(&app, &alice.access_token, "").await;
    let mut all = Socket::open(&app, &alice.access_token, "?since=0").await;
    now.send(9, b"hello").await;
    assert_eq!(now.next().await, Some(Frame::Pong(b"hello".to_vec())));
    // Texts are ignored.
    now.send(1, b"{}").await;
    alice.memo("b").await;
    let feed = alice.changes(0).await.expect_status(200);
    for index in 0..2 {
        assert_eq!(all.json().await, feed["items"][index]);
    }
    assert_eq!(now.json().await, feed["items"][1]);
    now.send(8, &1000_u16.to_be_bytes()).await;
    assert_eq!(now.closed().await, Some((1000, String::new())));
    assert_eq!(now.next().await, None);
}

pub async fn websocket_needs_a_handshake_from_an_allowed_origin(app: TestApp) {
    let alice = app.user("alice").await;
    let plain = alice.get("/api/v1/ws").await.expect_status(426).problem("upgrade_required");
    plain.expect_header("upgrade", "websocket");
    for (origin, status) in [("https://evil.example.com", "403"), ("null", "403"), (app.url(), "101")] {
        let (_, head) = Socket::handshake(&app, "", &format!("{}Origin: {origin}\r\n", bearer(&alice))).await;
        assert_eq!(head.split(' ').nth(1), Some(status), "{origin}: {head}");
    }
    let (_, head) = Socket::handshake(&app, "", "").await;
    assert_eq!(head.split(' ').nth(1), Some("401"), "{head}");
    let foreign = alice.get("/api/v1/ws").header("origin", "https://evil.example.com").await;
    let problem = foreign.expect_status(403).problem("cross_site_request");
    assert!(problem.text("detail").contains("WebSocket") && problem.text("detail").contains("`cors.allowed_origins`"));
}

/// What clients send that sign each request.
const EMPTY_DIGEST: &str = "Content-Digest: sha-256=:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=:\r\n";
const OTHER_DIGEST: &str = "Content-Digest: sha-256=:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFA=:\r\n";

pub async fn websocket_handshake_is_a_get_without_a_body(app: TestApp) {
    let alice = app.user("alice").await;
    for (request_line, line, status) in [
        ("GET /api/v1/ws HTTP/1.1", "Content-Length: 0\r\n", "101"),
        ("GET /api/v1/ws HTTP/1.1", EMPTY_DIGEST, "101"),
        ("GET /api/v1/ws HTTP/1.1", OTHER_DIGEST, "400"),
        ("GET /api/v1/ws HTTP/1.1", "Content-Length: 5\r\n", "426"),
        ("GET /api/v1/ws HTTP/1.1", "Transfer-Encoding: chunked\r\n", "426"),
        ("GET /api/v1/ws HTTP/1.0", "", "426"),
        ("HEAD /api/v1/ws HTTP/1.1", "", "426"),
    ] {
        let (_, head) = Socket::request(&app, request_line, &format!("{}{line}", bearer(&alice))).await;
        assert_eq!(head.split(' ').nth(1), Some(status), "{request_line}, {line}: {head}");
    }
}

pub async fn websocket_messages_of_the_client_are_limited(app: TestApp) {
    let alice = app.user("alice").await;
    let mut large = Socket::open(&app, &alice.access_token, "").await;
    large.send(1, &[b'a'; 1_024]).await;
    large.send(9, b"").await;
    assert_eq!(large.next().await, Some(Frame::Pong(Vec::new())));
    large.send(1, &[b'a'; 1_025]).await;
    assert_eq!(large.closed().await.map(|(code, _)| code), Some(1009));
    let mut fragmented = Socket::open(&app, &alice.access_token, "").await;
    for first in [0x01, 0x80, 0x01, 0x00, 0x80] {
        fragmented.send_frame(first, &[b'a'; 512]).await;
    }
    assert_eq!(fragmented.closed().await.map(|(code, _)| code), Some(1009));
    let mut many = Socket::open(&app, &alice.access_token, "").await;
    for _ in 0..60 {
        many.send(9, b"").await;
        assert_eq!(many.next().await, Some(Frame::Pong(Vec::new())));
    }
    many.send(9, b"").await;
    assert_eq!(many.closed().await, Some((1008, "rate_limited".to_owned())));
}

pub async fn websocket_frame_is_refused_by_its_header(app: TestApp) {
    let alice = app.user("alice").await;
    let mut endless = Socket::open(&app, &alice.access_token, "").await;
    let header = [&[0x82, 0xff][..], &(1_u64 << 62).to_be_bytes(), &[0; 4]].concat();
    endless.send_bytes(&[header, vec![b'a'; 2_048]].concat()).await;
    assert_eq!(endless.closed().await.map(|(code, _)| code), Some(1009));
    let mut reserved = Socket::open(&app, &alice.access_token, "").await;
    reserved.send_frame(0xc1, b"a").await;
    assert_eq!(reserved.closed().await.map(|(code, _)| code), Some(1002));
}
