//! Two servers over one store. These tests start their own apps.

use std::time::Duration;

use memo_conformance::{SharedStore, TestStore, eventually};
use memo_domain::{Access, Email};
use serde_json::json;
use tokio::task::JoinSet;

use crate::{
    Browser, TestApp, User,
    live::EventStream,
    suite::{
        me::{
            webhook_deliveries::seqs,
            webhooks::{URL, created},
        },
        warm_session_cache,
    },
};

/// Two nodes with one clock.
pub(super) async fn two_nodes(store: Box<dyn TestStore>) -> (TestApp, TestApp) {
    let store = SharedStore::of(store);
    let one = TestApp::builder(store.boxed()).start().await;
    let other = TestApp::builder(store.boxed()).node_of(&one).start().await;
    (one, other)
}

/// A browser on each node with the same cookie, accepted by both and in their session caches.
async fn signed_in(one: &TestApp, other: &TestApp, user: &User) -> (Browser, Browser) {
    let (here, there) = (one.browser(), other.browser());
    here.sign_in_by_cookie(&user.email, &user.password).await.expect_status(200);
    there.set_session(&here.session());
    warm_session_cache(&[&here, &there]).await;
    (here, there)
}

pub async fn session_ended_on_one_node_ends_on_every_node(store: Box<dyn TestStore>) {
    let (one, other) = two_nodes(store).await;
    let (alice, bob, carol) = (one.user("alice").await, one.user("bob").await, one.user("carol").await);
    let root = one.admin("root").await;
    let (alice_one, alice_other) = signed_in(&one, &other, &alice).await;
    let (_, bob_other) = signed_in(&one, &other, &bob).await;
    let (carol_one, carol_other) = signed_in(&one, &other, &carol).await;
    alice_one.sign_out().await.expect_empty(204);
    root.patch_user(&bob.id, &json!({"disabled": true})).await.expect_status(200);
    carol_one.withdraw(&carol.password).await.expect_empty(204);
    one.clock.advance(Duration::from_secs(5));
    for browser in [alice_other, bob_other, carol_other] {
        browser.me().await.expect_status(401).problem("sign_in_ended");
        browser.create_memo(&json!({"title": "a"})).await.problem("sign_in_ended");
    }
}

pub async fn api_key_changed_on_one_node_changes_on_every_node(store: Box<dyn TestStore>) {
    let (one, other) = two_nodes(store).await;
    let (alice, root) = (one.user("alice").await, one.admin("root").await);
    let created = async || {
        let created = alice.create_api_key(&json!({"name": "a", "scopes": ["account:read"]})).await.expect_status(201);
        let (here, there) = (one.anonymous(), other.anonymous());
        let (here, there) = (here.with_token(created.text("secret")), there.with_token(created.text("secret")));
        warm_session_cache(&[&here, &there]).await;
        (created.id().to_owned(), here, there)
    };
    let ((removed, _, of_removed), (changed, _, of_changed)) = (created().await, created().await);
    alice.delete_api_key(&removed).await.expect_empty(204);
    alice.patch_api_key(&changed, &json!({"scopes": ["memos:read"]})).await.expect_status(200);
    one.clock.advance(Duration::from_secs(5));
    of_removed.me().await.expect_status(401).problem("api_key_invalid");
    of_changed.me().await.expect_status(403).problem("insufficient_scope");
    of_changed.list_memos(&[]).await.expect_status(200);
    root.patch_user(&alice.id, &json!({"disabled": true})).await.expect_status(200);
    one.clock.advance(Duration::from_secs(5));
    of_changed.list_memos(&[]).await.expect_status(401).problem("api_key_invalid");
}

pub async fn password_is_rehashed_if_the_cost_setting_changed(store: Box<dyn TestStore>) {
    let store = SharedStore::of(store);
    let keys = tempfile::tempdir().expect("a folder");
    let node = |cost: u32| {
        let pepper = keys.path().join("pepper.key");
        TestApp::builder(store.boxed()).settings(|settings| {
            settings.auth.bcrypt_cost = cost;
            settings.auth.pepper_file = Some(pepper);
        })
    };
    let old = node(4).start().await;
    let new = node(5).node_of(&old).start().await;
    let alice = old.user("alice").await;
    let email = Email::new(&alice.email).expect("an address");
    let stored_hash = async || {
        let mut unit = store.store().begin(Access::Read).await.expect("a unit of work");
        let user = unit.users().find_by_email(&email).await.expect("the store answers").expect("the user exists");
        user.password_hash.expect("a hash").as_str().to_owned()
    };
    let first = stored_hash().await;
    assert!(first.contains("$04$"), "{first}");
    new.anonymous().sign_in(&alice.email, "a wrong password").await.expect_status(400);
    assert_eq!(stored_hash().await, first);
    for _ in 0..2 {
        new.anonymous().sign_in(&alice.email, &alice.password).await.expect_status(200);
        assert!(stored_hash().await.contains("$05$"), "{}", stored_hash().await);
    }
}

pub async fn refresh_token_has_the_same_successor_on_every_node(store: Box<dyn TestStore>) {
    let store = SharedStore::of(store);
    let keys = tempfile::tempdir().expect("a folder");
    let node = || {
        let signing = keys.path().join("signing.key");
        let builder = TestApp::builder(store.boxed());
        builder.settings(|settings| settings.auth.signing_key_file = Some(signing))
    };
    let (one, other) = (node().start().await, node().start().await);
    let alice = one.user("alice").await;
    let here = one.anonymous().refresh(&alice.refresh_token).await.expect_status(200);
    let there = other.anonymous().refresh(&alice.refresh_token).await.expect_status(200);
    assert_eq!(here["refresh_token"], there["refresh_token"]);
}

pub async fn request_that_is_repeated_on_another_node_is_done_once(store: Box<dyn TestStore>) {
    let (one, other) = two_nodes(store).await;
    let (here, there) = signed_in(&one, &other, &one.user("alice").await).await;
    let memo = here.create_memo(&json!({"title": "0"})).await.expect_status(201).id().to_owned();
    for version in 1..=20 {
        let change =
            json!([{"op": "update", "id": memo, "if_version": version, "memo": {"title": version.to_string()}}]);
        let key = version.to_string();
        let (first, second) = tokio::join!(
            here.batch(&change).header("idempotency-key", &key),
            there.batch(&change).header("idempotency-key", &key)
        );
        let (first, second) = (first.expect_status(200), second.expect_status(200));
        assert_eq!(first.body, second.body);
        let replayed =
            [&first, &second].into_iter().filter(|response| response.header("idempotent-replayed").is_some());
        assert_eq!(replayed.count(), 1);
    }
}

pub async fn memo_changed_on_one_node_is_read_on_every_node(store: Box<dyn TestStore>) {
    let (one, other) = two_nodes(store).await;
    let (here, there) = signed_in(&one, &other, &one.user("alice").await).await;
    let memo = here.create_memo(&json!({"title": "0"})).await.expect_status(201);
    for n in 1..4 {
        // Often enough that the response is cached.
        for _ in 0..3 {
            assert_eq!(there.get_memo(memo.id()).await.expect_status(200)["version"], n);
        }
        here.patch_memo(memo.id(), &json!({"title": n.to_string()})).await.expect_status(200);
    }
    here.delete_memo_for_good(memo.id()).await.expect_empty(204);
    there.get_memo(memo.id()).await.problem("memo_not_found");
}

const WRITERS: usize = 16;
/// Written by each writer.
const MEMOS: usize = 3;

pub async fn readers_that_disconnect_get_each_change_once_and_in_order_on_any_node(store: Box<dyn TestStore>) {
    let store = SharedStore::of(store);
    let keys = tempfile::tempdir().expect("a folder");
    let node = || {
        let signing = keys.path().join("signing.key");
        let builder = TestApp::builder(store.boxed());
        builder.settings(|settings| settings.auth.signing_key_file = Some(signing))
    };
    let one = node().start().await;
    let other = node().node_of(&one).start().await;
    let alice = one.user("alice").await;
    let there = other.anonymous().with_token(&alice.access_token);
    let last = (WRITERS * MEMOS) as u64;
    let write = async {
        let mut writers = JoinSet::new();
        for number in 0..WRITERS {
            let actor = if number % 2 == 0 { (*alice).clone() } else { there.clone() };
            writers.spawn(async move {
                for _ in 0..MEMOS {
                    actor.create_memo(&json!({"title": number.to_string()})).await.expect_status(201);
                }
            });
        }
        writers.join_all().await;
    };
    // Each reader reads some events of one node, then continues on another one.
    let read = async |reader: u64| {
        let (mut random, mut seen) = (reader + 1, Vec::new());
        while seen.len() < WRITERS * MEMOS {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let node = if random >> 63 == 0 { &one } else { &other };
            let mut events = EventStream::after(node, &alice.access_token, seen.len() as u64).await;
            for _ in 0..(random >> 40) % (last / 2) {
                if seen.len() == WRITERS * MEMOS {
                    break;
                }
                seen.push(events.event().await.expect("an event").1);
            }
        }
        seen
    };
    let ((), a, b, c, d) = tokio::join!(write, read(0), read(1), read(2), read(3));
    let feed = alice.get("/api/v1/changes?limit=100").await.expect_status(200);
    for seen in [a, b, c, d] {
        assert_eq!(json!(seen), feed["items"]);
    }
}

pub async fn two_nodes_deliver_each_change_once(store: Box<dyn TestStore>) {
    let (one, other) = two_nodes(store).await;
    let alice = one.user("alice").await;
    created(&alice, URL).await;
    let (_, there) = signed_in(&one, &other, &alice).await;
    for _ in 0..10 {
        alice.memo("a").await;
        there.memo("b").await;
    }
    // Of both nodes, in their order.
    let sent = || seqs(&one.webhooks.sent_to(URL));
    eventually("twenty messages", async || (sent().len() >= 20).then_some(())).await;
    assert_eq!(sent(), (1..=20).collect::<Vec<_>>());
}
