//! A message to a webhook and a reminder run again if their outcome is not recorded, and no change is lost.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use memo_application::{JobWorker, NewWebhook, Ports, ReminderHandler, WebhookHandler};
use memo_conformance::faults::Fault;
use memo_domain::{
    Access, Clock, DeliveryError, DeliveryStatus, IdGenerator, InvalidValue, MemoState, Notification, Notifier,
    NotifyError, OneTimeToken, Secret, Store, StoreError, TokenPurpose, UserId, WebhookDelivery, WebhookDeliveryId,
    WebhookEvent, WebhookEvents, WebhookId, WebhookMessage, WebhookOutcome, WebhookSender, WebhookUrl,
};
use memo_memory::{MemoryStore, SequentialIds};

use crate::world::{CREATED, World, state};

/// Longer than a job is leased.
const LEASE: Duration = Duration::from_secs(151);

/// Accepts all messages, unless it fails.
#[derive(Default)]
pub struct Receiver {
    ids: Mutex<Vec<String>>,
    fails: AtomicBool,
}

impl Receiver {
    /// The ids of the messages so far.
    fn ids(&self) -> Vec<String> {
        self.ids.lock().expect("no test has panicked").clone()
    }
}

#[async_trait]
impl WebhookSender for Receiver {
    async fn check(&self, _: &WebhookUrl) -> Result<(), InvalidValue> {
        Ok(())
    }

    async fn send(&self, message: &WebhookMessage) -> WebhookOutcome {
        if self.fails.load(Ordering::Relaxed) {
            return WebhookOutcome {
                status: Some(500),
                error: Some(DeliveryError::UnexpectedStatus),
                duration: Duration::ZERO,
            };
        }
        self.ids.lock().expect("no test has panicked").push(message.id.clone());
        WebhookOutcome { status: Some(204), error: None, duration: Duration::ZERO }
    }
}

/// Sends reminders as nothing but their ids.
struct Reminded(Arc<Receiver>);

#[async_trait]
impl Notifier for Reminded {
    async fn notify(&self, notification: &Notification) -> Result<(), NotifyError> {
        self.0.ids.lock().expect("no test has panicked").push(notification.id.to_string());
        Ok(())
    }
}

pub fn new_webhook() -> NewWebhook {
    let url = WebhookUrl::new("https://hooks.example/").expect("a URL");
    NewWebhook { name: None, url, events: WebhookEvents::new([]), enabled: true }
}

/// The worker that sends to webhooks, and reminders to the same receiver.
pub fn worker(ports: &Arc<Ports>, webhooks: &Arc<WebhookHandler>, receiver: &Arc<Receiver>) -> JobWorker {
    let reminders = ReminderHandler::new(ports.clone(), Arc::new(Reminded(receiver.clone())), None, Vec::new());
    JobWorker::new(ports.clone(), vec![webhooks.clone(), Arc::new(reminders)])
}

/// Inserts a ping that was sent to a webhook.
pub async fn insert_sent(store: &MemoryStore, webhook_id: WebhookId) -> WebhookDeliveryId {
    let ids = SequentialIds::new();
    let id = WebhookDeliveryId::new((0..200).map(|_| ids.next(CREATED)).last().expect("an id"));
    let delivery = WebhookDelivery {
        id,
        webhook_id,
        event: WebhookEvent::Ping { at: CREATED },
        status: DeliveryStatus::Succeeded,
        response_status: Some(204),
        duration_ms: Some(1),
        error: None,
        attempts: 1,
        at: CREATED,
        next_attempt_at: None,
    };
    let mut unit = store.begin(Access::Write).await.expect("a unit of work");
    unit.webhooks().insert_delivery(&delivery).await.expect("it is inserted");
    unit.commit().await.expect("the commit succeeds");
    id
}

/// Inserts the token of a link for a new password.
pub async fn insert_reset(store: &MemoryStore, user_id: UserId, secret: &Secret) {
    let expires_at = CREATED + Duration::from_hours(1);
    let purpose = TokenPurpose::ResetPassword;
    let token = OneTimeToken {
        digest: secret.digest(),
        user_id,
        purpose,
        email_key: Some("alice@example.com".to_owned()),
        scopes: None,
        tries: 0,
        created_at: CREATED,
        expires_at,
    };
    let mut unit = store.begin(Access::Write).await.expect("a unit of work");
    unit.one_time_tokens().insert(&token).await.expect("it is inserted");
    unit.commit().await.expect("the commit succeeds");
}

/// Runs one job that is due, if there is any.
async fn run(world: &World) -> Result<bool, memo_application::Error> {
    match world.deliveries.lease().await? {
        Some(job) => world.deliveries.run(job).await.map(|()| true),
        None => Ok(false),
    }
}

async fn run_all(world: &World) {
    while run(world).await.expect("it runs") {}
}

/// The position of the webhook, and the last number of the feed.
async fn position(world: &World) -> (u64, u64) {
    let mut unit = world.store.begin(Access::Read).await.expect("a unit of work");
    let webhook = unit.webhooks().lookup(world.webhook).await.expect("webhooks are read").expect("it is there");
    (webhook.delivered_seq, unit.changes().last_seq(world.alice).await.expect("a number"))
}

fn repeated(ids: &[String]) -> usize {
    let mut distinct = ids.to_vec();
    distinct.sort();
    distinct.dedup();
    ids.len() - distinct.len()
}

/// A world in which three changes wait for the webhook.
async fn with_changes() -> World {
    let world = World::later(Duration::ZERO).await;
    for title in ["하나", "둘", "셋"] {
        world.memos.create(world.alice, state(title), None).await.expect("it is created");
    }
    world.webhook_handler.schedule().await.expect("it is scheduled");
    world
}

#[tokio::test]
async fn webhook_sends_each_change_if_any_call_of_its_job_fails() {
    let world = with_changes().await;
    world.store.plan([]);
    run_all(&world).await;
    let calls = world.store.calls();
    let sent = world.receiver.ids();
    assert_eq!((sent.len(), repeated(&sent)), (3, 0));
    assert!(calls.len() > 20 && calls.iter().filter(|call| **call == "commit").count() > 3, "{calls:?}");
    for (number, call) in calls.iter().enumerate() {
        for is_lost in [false, true] {
            let away = StoreError::Unavailable { source: "planned".into() };
            let fault = if is_lost { Fault::after(number, away) } else { Fault::before(number, away) };
            let what = format!("call {number}, {call}, {is_lost}");
            let world = with_changes().await;
            world.store.plan([fault]);
            // The worker goes on after an error.
            while !matches!(run(&world).await, Ok(false)) {}
            world.clock.advance(LEASE);
            for _ in 0..3 {
                world.webhook_handler.schedule().await.expect("it is scheduled");
                run_all(&world).await;
                world.clock.advance(Duration::from_hours(4));
            }
            let ids = world.receiver.ids();
            assert!(sent.iter().all(|id| ids.contains(id)), "{what}: a change is lost");
            assert!(ids.len() - repeated(&ids) == 3 && repeated(&ids) <= 1, "{what}: {ids:?}");
            let (position, last) = position(&world).await;
            assert_eq!(position, last, "{what}");
        }
    }
}

/// A world like [`with_changes`], whose receiver has failed for half a day, and accepts messages again.
async fn with_changes_after_failures() -> World {
    let world = with_changes().await;
    world.receiver.fails.store(true, Ordering::Relaxed);
    for _ in 0..12 {
        run_all(&world).await;
        world.clock.advance(Duration::from_hours(1));
    }
    world.clock.advance(Duration::from_hours(2));
    world.receiver.fails.store(false, Ordering::Relaxed);
    world
}

#[tokio::test]
async fn error_of_the_store_after_many_failures_of_a_receiver_delays_a_webhook_by_minutes() {
    let world = with_changes_after_failures().await;
    assert!(world.receiver.ids().is_empty());
    world.store.plan([]);
    run_all(&world).await;
    for number in 0..world.store.calls().len() {
        let world = with_changes_after_failures().await;
        world.store.plan([Fault::before(number, StoreError::Unavailable { source: "planned".into() })]);
        while !matches!(run(&world).await, Ok(false)) {}
        for _ in 0..2 {
            world.clock.advance(LEASE);
            world.webhook_handler.schedule().await.expect("it is scheduled");
            run_all(&world).await;
        }
        let (position, last) = position(&world).await;
        assert_eq!(position, last, "call {number}");
    }
}

/// A world in which a reminder of Grace, whose address is verified, is due.
async fn with_reminder() -> World {
    let world = World::later(Duration::ZERO).await;
    let remind_at = Some(world.clock.now() + Duration::from_mins(1));
    let memo = MemoState { remind_at, ..state("알림") };
    world.memos.create(world.grace, memo, None).await.expect("it is created");
    world.clock.advance(Duration::from_mins(1));
    world
}

#[tokio::test]
async fn reminder_is_sent_if_any_call_of_its_job_fails_and_twice_at_most() {
    let world = with_reminder().await;
    world.store.plan([]);
    run_all(&world).await;
    let calls = world.store.calls();
    assert_eq!(world.receiver.ids().len(), 1);
    for (number, call) in calls.iter().enumerate() {
        for is_lost in [false, true] {
            let away = StoreError::Unavailable { source: "planned".into() };
            let fault = if is_lost { Fault::after(number, away) } else { Fault::before(number, away) };
            let what = format!("call {number}, {call}, {is_lost}");
            let world = with_reminder().await;
            world.store.plan([fault]);
            while !matches!(run(&world).await, Ok(false)) {}
            for _ in 0..3 {
                world.clock.advance(LEASE);
                run_all(&world).await;
            }
            let ids = world.receiver.ids();
            assert!((1..=2).contains(&ids.len()) && repeated(&ids) == ids.len() - 1, "{what}: {ids:?}");
        }
    }
}
