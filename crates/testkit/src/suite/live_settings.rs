//! Live connections and the settings of the server. These tests start their own apps.

use std::{
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use memo_conformance::TestStore;
use memo_server::Settings;
use serde_json::json;
use tokio::time::{interval, timeout};

use crate::{
    TestApp,
    live::{EventStream, Frame, Socket},
};

pub async fn quiet_connections_are_kept_alive_within_the_request_timeout(store: Box<dyn TestStore>) {
    let change = |settings: &mut Settings| {
        settings.server.request_timeout = Duration::from_secs(2).into();
    };
    let app = TestApp::builder(store).settings(change).start().await;
    let alice = app.user("alice").await;
    let mut events = EventStream::open(&app, &alice.access_token, "").await;
    assert_eq!(events.block().await.as_deref(), Some("retry: 1000\nid: 0"));
    // Together they take longer than the timeout.
    for _ in 0..3 {
        assert_eq!(events.block().await.as_deref(), Some(":"));
    }
    let mut answering = Socket::open(&app, &alice.access_token, "").await;
    let mut silent = Socket::open(&app, &alice.access_token, "").await;
    for _ in 0..3 {
        assert_eq!(answering.next().await, Some(Frame::Ping(Vec::new())));
        answering.send(10, b"").await;
    }
    while let Some(frame) = silent.next().await {
        assert_eq!(frame, Frame::Ping(Vec::new()));
    }
}

pub async fn busy_websocket_is_pinged_and_judged_by_its_answers(store: Box<dyn TestStore>) {
    let change = |settings: &mut Settings| {
        settings.server.request_timeout = Duration::from_secs(1).into();
    };
    let app = TestApp::builder(store).settings(change).start().await;
    let alice = app.user("alice").await;
    let id = alice.memo("a").await;
    let mut answering = Socket::open(&app, &alice.access_token, "").await;
    let mut silent = Socket::open(&app, &alice.access_token, "").await;
    let has_ended = AtomicBool::new(false);
    let silence = async {
        while silent.next().await.is_some() {}
        has_ended.store(true, Ordering::Relaxed);
    };
    let changes = async {
        // More often than a ping is due.
        let mut pause = interval(Duration::from_millis(50));
        for title in 0.. {
            pause.tick().await;
            if has_ended.load(Ordering::Relaxed) {
                return;
            }
            // The time limit is short for changes, too.
            let _ = alice.patch_memo(&id, &json!({"title": title.to_string()})).await;
        }
    };
    let answers = async {
        while !has_ended.load(Ordering::Relaxed) {
            answer_ping(&mut answering).await;
        }
    };
    let all = async { tokio::join!(silence, changes, answers) };
    timeout(Duration::from_secs(20), all).await.expect("the connection that does not answer ends");
    for _ in 0..3 {
        answer_ping(&mut answering).await;
    }
}

async fn answer_ping(socket: &mut Socket) {
    loop {
        match socket.next().await {
            Some(Frame::Text(_)) => {}
            Some(Frame::Ping(_)) => return socket.send(10, b"").await,
            other => panic!("{other:?} is no ping"),
        }
    }
}

pub async fn live_connections_are_told_to_reconnect_when_the_node_stops(store: Box<dyn TestStore>) {
    let change = |settings: &mut Settings| {
        settings.server.shutdown_grace = Duration::from_secs(10).into();
    };
    let mut app = TestApp::builder(store).settings(change).start().await;
    let alice = app.user("alice").await;
    alice.memo("a").await;
    let mut events = EventStream::after(&app, &alice.access_token, 0).await;
    let mut socket = Socket::open(&app, &alice.access_token, "").await;
    assert_eq!(events.event().await.expect("an event").0, 1);
    app.announce_stop();
    assert_eq!(events.event().await, None);
    assert_eq!(socket.closed().await, Some((1012, "reconnect".to_owned())));
}
