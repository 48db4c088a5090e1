//! Deliveries to webhooks: in order, again after failures, on request.

use std::time::Duration;

use memo_conformance::eventually;
use memo_domain::{Timestamp, WebhookEvent, WebhookMessage};
use memo_memory::WebhookReply;
use serde_json::{Value, json};

use super::webhooks::{URL, created, deliveries, newest};
use crate::{Actor, TestApp, suite::DAY};

/// Waits until a number of messages were sent to a URL, and returns them.
async fn sent(app: &TestApp, url: &str, count: usize) -> Vec<WebhookMessage> {
    let what = format!("{count} messages to {url}");
    eventually(&what, async || Some(app.webhooks.sent_to(url)).filter(|sent| sent.len() >= count)).await
}

/// The numbers of the changes of messages.
pub fn seqs(messages: &[WebhookMessage]) -> Vec<u64> {
    messages.iter().filter_map(|message| message.event.seq()).collect()
}

/// Waits until the next attempt of the newest delivery is known, and moves the clock there.
async fn pass_the_wait(app: &TestApp, user: &Actor, id: &str, attempts: u64) {
    let next = eventually("a failed attempt", async || {
        let newest = deliveries(user, id).await.into_iter().next()?;
        (newest["attempts"] == attempts).then(|| newest["next_attempt_at"].as_str().map(str::to_owned))?
    });
    app.clock.set(Timestamp::parse(&next.await).expect("a time"));
}

pub async fn changes_are_delivered_in_order(app: TestApp) {
    let alice = app.user("alice").await;
    let before = alice.memo("before").await;
    let webhook = created(&alice, URL).await;
    let some = json!({"url": "https://some.example.com", "events": ["memo.trashed"]});
    let some = alice.create_webhook(&some).await.expect_status(201);
    for n in 0..30 {
        alice.patch_memo(&before, &json!({"title": format!("title {n}")})).await.expect_status(200);
    }
    alice.delete_memo(&before).await.expect_empty(204);
    let messages = sent(&app, URL, 31).await;
    assert_eq!(seqs(&messages), (2..=32).collect::<Vec<_>>(), "from the end of the feed on");
    let ids: Vec<_> = messages.iter().map(|message| message.id.clone()).collect();
    let prefix = format!("msg_{}_", webhook.id().replace('-', ""));
    assert_eq!(ids, (2..=32).map(|seq| format!("{prefix}{seq}")).collect::<Vec<_>>());
    let WebhookEvent::Change(change) = messages[0].event else { panic!("{:?}", messages[0].event) };
    assert_eq!((change.kind.name(), change.memo_id.to_string(), change.version.get()), ("memo.updated", before, 2));
    assert!(messages.iter().all(|message| message.secret == messages[0].secret));
    let trashed = sent(&app, "https://some.example.com", 1).await;
    assert_eq!(seqs(&trashed), [32]);
    assert_ne!(trashed[0].secret, messages[0].secret);
    let delivery = newest(&alice, some.id(), "succeeded").await;
    assert_eq!(
        (&delivery["type"], &delivery["seq"], &delivery["response_status"], &delivery["attempts"]),
        (&json!("memo.trashed"), &json!(32), &json!(200), &json!(1))
    );
    assert_eq!((&delivery["error"], &delivery["next_attempt_at"]), (&Value::Null, &Value::Null));
    assert_eq!(delivery["at"], app.now());
    assert_eq!(app.webhooks.sent_to("https://some.example.com").len(), 1);
}

pub async fn failed_delivery_is_retried_with_growing_waits(app: TestApp) {
    let alice = app.user("alice").await;
    let webhook = created(&alice, URL).await;
    app.webhooks.reply(URL, WebhookReply::Status(500));
    alice.memo("a").await;
    alice.memo("b").await;
    pass_the_wait(&app, &alice, webhook.id(), 1).await;
    app.webhooks.reply(URL, WebhookReply::Fails(memo_domain::DeliveryError::ConnectionFailed));
    pass_the_wait(&app, &alice, webhook.id(), 2).await;
    let failing = alice.webhooks().await;
    assert_ne!(failing["items"][0]["failing_since"], Value::Null);
    let delivery = eventually("the third attempt", async || {
        deliveries(&alice, webhook.id()).await.into_iter().next().filter(|one| one["attempts"] == 3)
    });
    let delivery = delivery.await;
    assert_eq!((&delivery["status"], &delivery["error"]), (&json!("pending"), &json!("connection_failed")));
    assert_eq!((&delivery["response_status"], &delivery["seq"]), (&Value::Null, &json!(1)));
    app.webhooks.reply(URL, WebhookReply::Status(204));
    pass_the_wait(&app, &alice, webhook.id(), 3).await;
    let messages = sent(&app, URL, 5).await;
    assert_eq!(seqs(&messages), [1, 1, 1, 1, 2], "the next change waits");
    assert!(messages[..4].iter().all(|message| message.id == messages[0].id && message.event == messages[0].event));
    let waits: Vec<_> = messages.windows(2).map(|pair| pair[1].sent_at.since(pair[0].sent_at)).collect();
    for (wait, seconds) in waits.iter().zip([5, 10, 20]) {
        let range = Duration::from_secs(seconds).mul_f64(0.8)..=Duration::from_secs(seconds).mul_f64(1.2);
        assert!(range.contains(wait), "{waits:?}");
    }
    let both = eventually("the second delivery", async || {
        Some(deliveries(&alice, webhook.id()).await).filter(|all| all[0]["seq"] == 2)
    });
    assert_eq!(both.await.len(), 2, "one for each change");
    assert_eq!(alice.webhooks().await["items"][0]["failing_since"], Value::Null);
}

pub async fn failing_webhook_is_disabled_after_three_days(app: TestApp) {
    let alice = app.user("alice").await;
    alice.patch_me(&json!({"locale": "ko"})).await.expect_status(200);
    let webhook = created(&alice, URL).await;
    app.webhooks.reply(URL, WebhookReply::Status(503));
    let begin = memo_domain::Clock::now(&*app.clock);
    alice.memo("a").await;
    let mut user = (*alice).clone();
    let mut attempts = 1;
    loop {
        let newest = eventually("an attempt", async || {
            deliveries(&user, webhook.id()).await.into_iter().next().filter(|one| one["attempts"] == attempts)
        });
        let newest = newest.await;
        let Some(next) = newest["next_attempt_at"].as_str() else {
            assert_eq!(newest["status"], "failed");
            break;
        };
        app.clock.set(Timestamp::parse(next).expect("a time"));
        user = alice.with_new_token().await;
        attempts += 1;
    }
    let now = memo_domain::Clock::now(&*app.clock);
    assert_eq!(now.since(begin), 3 * DAY);
    assert!((20..40).contains(&attempts), "{attempts} attempts");
    let shown = user.webhooks().await.expect_status(200);
    assert_eq!(
        (&shown["items"][0]["enabled"], &shown["items"][0]["disabled_reason"]),
        (&json!(false), &json!("failing"))
    );
    let mail = app.mail_to(&alice.email, "웹훅이 비활성화되었습니다").await;
    assert!(mail.text.contains("hooks.example.com") && !mail.text.contains("hunter2"), "{}", mail.text);
    let audit = user.audit().await;
    // The user has signed in again after it.
    let newest = audit["items"].as_array().expect("events").iter().find(|event| event["kind"] != "sign_in.succeeded");
    assert_eq!(newest.expect("an event")["kind"], "webhook.disabled");
    // It continues after the last change that was sent.
    user.memo("b").await;
    app.webhooks.reply(URL, WebhookReply::Status(200));
    let enabled = user.patch_webhook(webhook.id(), &json!({"enabled": true})).await.expect_status(200);
    assert_eq!((&enabled["disabled_reason"], &enabled["failing_since"]), (&Value::Null, &Value::Null));
    let count = usize::try_from(attempts).expect("few");
    assert_eq!(seqs(&sent(&app, URL, count + 2).await)[count..], [1, 2]);
}

pub async fn webhook_that_is_gone_is_disabled_at_once(app: TestApp) {
    let alice = app.user("alice").await;
    let webhook = alice.create_webhook(&json!({"url": URL, "name": "build"})).await.expect_status(201);
    app.webhooks.reply(URL, WebhookReply::Status(410));
    alice.memo("a").await;
    let delivery = newest(&alice, webhook.id(), "failed").await;
    assert_eq!((&delivery["response_status"], &delivery["attempts"]), (&json!(410), &json!(1)));
    assert_eq!(alice.webhooks().await["items"][0]["disabled_reason"], "gone");
    assert!(app.mail_to(&alice.email, "A webhook was disabled").await.text.contains("build"));
    alice.memo("b").await;
    assert_eq!(app.webhooks.sent_to(URL).len(), 1);
}

pub async fn error_of_the_former_url_of_a_webhook_does_not_count(app: TestApp) {
    const NEW: &str = "https://new.example.com/in";
    let alice = app.user("alice").await;
    let webhook = created(&alice, URL).await;
    app.webhooks.reply(URL, WebhookReply::Late);
    alice.memo("a").await;
    sent(&app, URL, 1).await;
    alice.patch_webhook(webhook.id(), &json!({"url": NEW})).await.expect_status(200);
    app.webhooks.reply(URL, WebhookReply::Status(410));
    assert_eq!(seqs(&sent(&app, NEW, 1).await), [1]);
    newest(&alice, webhook.id(), "succeeded").await;
    assert_eq!(alice.webhooks().await["items"][0]["enabled"], true);
}

pub async fn slow_receiver_delays_no_other(app: TestApp) {
    let (alice, bob) = (app.user("alice").await, app.user("bob").await);
    for n in 0..10 {
        let url = format!("https://slow.example.com/{n}");
        app.webhooks.reply(&url, WebhookReply::Waits);
        created(&bob, &url).await;
    }
    bob.memo("a").await;
    for n in 0..10 {
        sent(&app, &format!("https://slow.example.com/{n}"), 1).await;
    }
    created(&alice, URL).await;
    alice.memo("a").await;
    sent(&app, URL, 1).await;
    // Mail is not delayed either.
    app.anonymous().forgot_password(&alice.email).await.expect_status(202);
    app.reset_link(&alice.email).await;
}

pub async fn delivery_of_a_crashed_node_is_repeated_once(app: TestApp) {
    let alice = app.user("alice").await;
    let webhook = created(&alice, URL).await;
    // The attempt has no outcome, as if its node had crashed.
    app.webhooks.reply(URL, WebhookReply::Waits);
    alice.memo("a").await;
    sent(&app, URL, 1).await;
    app.webhooks.reply(URL, WebhookReply::Status(200));
    alice.memo("b").await;
    app.clock.advance(Duration::from_mins(3));
    let messages = sent(&app, URL, 3).await;
    assert_eq!(seqs(&messages), [1, 1, 2]);
    assert_eq!(messages[0].id, messages[1].id);
    let newest = newest(&alice, webhook.id(), "succeeded").await;
    assert_eq!(newest["attempts"], 1);
}

pub async fn ping_is_sent_once(app: TestApp) {
    let alice = app.user("alice").await;
    let webhook = alice.create_webhook(&json!({"url": URL, "enabled": false})).await.expect_status(201);
    alice.memo("a").await;
    let ping = alice.ping_webhook(webhook.id()).await.expect_status(202);
    assert_eq!((&ping["type"], &ping["status"], &ping["seq"]), (&json!("ping"), &json!("pending"), &Value::Null));
    let delivery = newest(&alice, webhook.id(), "succeeded").await;
    assert_eq!((&delivery["id"], &delivery["attempts"]), (&ping["id"], &json!(1)));
    assert_eq!(app.webhooks.sent_to(URL).len(), 1, "the webhook is disabled");
    app.webhooks.reply(URL, WebhookReply::Fails(memo_domain::DeliveryError::Tls));
    alice.ping_webhook(webhook.id()).await.expect_status(202);
    let delivery = newest(&alice, webhook.id(), "failed").await;
    assert_eq!((&delivery["error"], &delivery["next_attempt_at"]), (&json!("tls"), &Value::Null));
    let ids: Vec<_> = app.webhooks.sent_to(URL).into_iter().map(|message| message.id).collect();
    assert_ne!(ids[0], ids[1]);
    app.webhooks.reply(URL, WebhookReply::Waits);
    for _ in 0..5 {
        alice.ping_webhook(webhook.id()).await.expect_status(202);
    }
    alice.ping_webhook(webhook.id()).await.expect_status(409).problem("webhook_busy");
}

pub async fn delivery_is_repeated_with_its_id(app: TestApp) {
    let alice = app.user("alice").await;
    let webhook = created(&alice, URL).await;
    alice.memo("a").await;
    let delivery = newest(&alice, webhook.id(), "succeeded").await;
    let id = delivery["id"].as_str().expect("an id");
    let again = alice.redeliver(webhook.id(), id).await.expect_status(202);
    assert_eq!((&again["id"], &again["status"]), (&delivery["id"], &json!("pending")));
    let messages = sent(&app, URL, 2).await;
    assert_eq!((&messages[0].id, messages[0].event), (&messages[1].id, messages[1].event));
    eventually("the second attempt", async || {
        (deliveries(&alice, webhook.id()).await[0]["attempts"] == 2).then_some(())
    })
    .await;
    // One that waits is attempted at once.
    app.webhooks.reply(URL, WebhookReply::Status(500));
    alice.memo("b").await;
    let waiting = eventually("a failed attempt", async || {
        deliveries(&alice, webhook.id()).await.into_iter().next().filter(|one| one["next_attempt_at"] != Value::Null)
    });
    let waiting = waiting.await;
    app.webhooks.reply(URL, WebhookReply::Status(200));
    alice.redeliver(webhook.id(), waiting["id"].as_str().expect("an id")).await.expect_status(202);
    assert_eq!(newest(&alice, webhook.id(), "succeeded").await["id"], waiting["id"]);
    // A new URL is tried at once, too.
    app.webhooks.reply(URL, WebhookReply::Status(500));
    alice.memo("c").await;
    sent(&app, URL, 5).await;
    newest(&alice, webhook.id(), "pending").await;
    alice.patch_webhook(webhook.id(), &json!({"url": "https://moved.example.com"})).await.expect_status(200);
    assert_eq!(seqs(&sent(&app, "https://moved.example.com", 1).await), [3]);
}

pub async fn last_hundred_deliveries_are_kept(app: TestApp) {
    let alice = app.user("alice").await;
    let webhook = created(&alice, URL).await;
    let create = |n: usize| json!({"op": "create", "memo": {"title": n.to_string()}});
    alice.batch(&(0..100).map(create).collect()).await.expect_status(200);
    alice.batch(&(0..7).map(create).collect()).await.expect_status(200);
    let last = async || newest(&alice, webhook.id(), "succeeded").await["seq"].clone();
    eventually("the last delivery", async || (last().await == 107).then_some(())).await;
    let mut found = Vec::new();
    let mut cursor = String::new();
    loop {
        let page = alice.webhook_deliveries(webhook.id(), &format!("?limit=30{cursor}")).await.expect_status(200);
        found.extend(page["items"].as_array().expect("a list").iter().filter_map(|one| one["seq"].as_u64()));
        match page["page"]["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    assert_eq!(found, (8..=107).rev().collect::<Vec<_>>());
    alice.webhook_deliveries(webhook.id(), "?cursor=x").await.expect_status(422);
}

pub async fn changes_that_are_not_kept_are_skipped(app: TestApp) {
    let alice = app.user("alice").await;
    let webhook = alice.create_webhook(&json!({"url": URL, "enabled": false})).await.expect_status(201);
    for title in ["a", "b", "c"] {
        alice.memo(title).await;
    }
    app.clock.advance(Duration::from_secs(1));
    let now = memo_domain::Clock::now(&*app.clock);
    app.write(async |unit| unit.changes().remove_before(now, 2).await).await;
    alice.patch_webhook(webhook.id(), &json!({"enabled": true})).await.expect_status(200);
    assert_eq!(seqs(&sent(&app, URL, 1).await), [3]);
    newest(&alice, webhook.id(), "succeeded").await;
    let skipped = deliveries(&alice, webhook.id()).await.swap_remove(1);
    assert_eq!(
        (&skipped["type"], &skipped["status"], &skipped["error"], &skipped["seq"]),
        (&json!("changes.expired"), &json!("failed"), &json!("expired"), &json!(2))
    );
    let id = skipped["id"].as_str().expect("an id");
    alice.redeliver(webhook.id(), id).await.expect_status(409).problem("webhook_event_expired");
    // All of them are gone.
    alice.patch_webhook(webhook.id(), &json!({"enabled": false})).await.expect_status(200);
    alice.memo("d").await;
    app.clock.advance(Duration::from_secs(1));
    let now = memo_domain::Clock::now(&*app.clock);
    app.write(async |unit| unit.changes().remove_before(now, 9).await).await;
    alice.patch_webhook(webhook.id(), &json!({"enabled": true})).await.expect_status(200);
    assert_eq!(newest(&alice, webhook.id(), "failed").await["seq"], 4);
    alice.memo("e").await;
    assert_eq!(seqs(&sent(&app, URL, 2).await), [3, 5]);
}

pub async fn webhooks_end_with_their_account(app: TestApp) {
    let (alice, bob, root) = (app.user("alice").await, app.user("bob").await, app.admin("root").await);
    let of_bob = "https://bob.example.com";
    let webhook = created(&bob, of_bob).await;
    app.webhooks.reply(URL, WebhookReply::Status(500));
    created(&alice, URL).await;
    alice.memo("a").await;
    sent(&app, URL, 1).await;
    alice.withdraw(&alice.password).await.expect_empty(204);
    app.webhooks.reply(URL, WebhookReply::Status(200));
    // Those of a disabled account rest.
    root.patch_user(&bob.id, &json!({"disabled": true})).await.expect_status(200);
    let id = memo_domain::UserId::parse(&bob.id).expect("an id");
    let memo = memo_domain::MemoId::parse("0198c0de-7f00-7000-8000-0000000000ff").expect("an id");
    let change = memo_domain::NewChange {
        kind: memo_domain::ChangeKind::Deleted,
        memo_id: memo,
        version: memo_domain::Version::FIRST,
        at: memo_domain::Clock::now(&*app.clock),
    };
    app.write(async |unit| unit.changes().append(id, &[change]).await).await;
    let carol = app.user("carol").await;
    created(&carol, "https://carol.example.com").await;
    app.clock.advance(Duration::from_mins(10));
    carol.memo("a").await;
    sent(&app, "https://carol.example.com", 1).await;
    assert_eq!((app.webhooks.sent_to(URL).len(), app.webhooks.sent_to(of_bob).len()), (1, 0));
    // One that finds the user disabled while the clock moves would rest an hour more.
    let job = memo_domain::JobId::parse(webhook.id()).expect("an id");
    eventually("a job that rests", async || {
        let job = app.read(async |unit| unit.jobs().lookup(job).await).await;
        job.filter(|job| job.begun == 0 && job.run_at > memo_domain::Clock::now(&*app.clock))
    })
    .await;
    root.patch_user(&bob.id, &json!({"disabled": false})).await.expect_status(200);
    app.clock.advance(Duration::from_hours(1));
    assert_eq!(seqs(&sent(&app, of_bob, 1).await), [1]);
}
