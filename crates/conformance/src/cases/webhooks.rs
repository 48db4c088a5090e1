use std::sync::Arc;

use memo_domain::{
    Access, Change, ChangeKind, Conflict, DeliveryError, DeliveryStatus, DisabledReason, Job, JobId, JobState,
    NewChange, Page, PageRequest, Store, StoreError, UserId, Version, Webhook, WebhookDelivery, WebhookDeliveryId,
    WebhookEvent, WebhookEvents, WebhookId, WebhookName, WebhookUrl,
};

use crate::{
    samples::{
        AWKWARD, EARLIEST, LATEST, at, job, memo, memo_id, sealed, user_id, webhook, webhook_delivery,
        webhook_delivery_id, webhook_id,
    },
    steps::{
        add_user, assert_conflict, assert_pages, assert_stale, begin, commit_before, committed, concurrently, dropped,
        read, try_write, write,
    },
};

async fn insert(store: &dyn Store, webhooks: &[Webhook]) {
    for webhook in webhooks {
        write(store, async |uow| uow.webhooks().insert(webhook).await).await;
    }
}

async fn deliver(store: &dyn Store, deliveries: &[WebhookDelivery]) {
    for delivery in deliveries {
        write(store, async |uow| uow.webhooks().insert_delivery(delivery).await).await;
    }
}

async fn lookup(store: &dyn Store, id: WebhookId) -> Option<Webhook> {
    read(store, Access::Read, async |uow| uow.webhooks().lookup(id).await).await
}

async fn lookup_delivery(store: &dyn Store, id: WebhookDeliveryId) -> Option<WebhookDelivery> {
    read(store, Access::Read, async |uow| uow.webhooks().lookup_delivery(id).await).await
}

async fn list(store: &dyn Store, user: UserId) -> Vec<Webhook> {
    read(store, Access::Read, async |uow| uow.webhooks().list_by_user(user).await).await
}

async fn behind(store: &dyn Store, after: Option<WebhookId>, limit: u32) -> Vec<WebhookId> {
    let behind = read(store, Access::Read, async |uow| uow.webhooks().list_behind(after, limit).await).await;
    behind.iter().map(|webhook| webhook.id).collect()
}

async fn page(
    store: &dyn Store,
    webhook: WebhookId,
    request: PageRequest<WebhookDeliveryId>,
) -> Page<WebhookDelivery, WebhookDeliveryId> {
    read(store, Access::Read, async |uow| uow.webhooks().list_deliveries(webhook, &request).await).await
}

fn newest_first<T>(mut list: Vec<T>, id: impl Fn(&T) -> memo_domain::Uuid) -> Vec<T> {
    list.sort_by_key(|item| std::cmp::Reverse(id(item)));
    list
}

/// A webhook in whose texts, numbers and times stores may err.
fn unusual(n: u32, user: UserId, text: &str) -> Webhook {
    let url = format!("https://example.com/?{}", "%\"'`".repeat(490));
    Webhook {
        name: WebhookName::new(text).ok(),
        url: WebhookUrl::new(url).expect("a valid URL"),
        events: WebhookEvents::new(ChangeKind::NAMES.map(|(_, kind)| kind)),
        secret: sealed(),
        enabled: false,
        disabled_reason: Some(DisabledReason::Failing),
        delivered_seq: i64::MAX.unsigned_abs(),
        failures: u32::MAX,
        failing_since: Some(EARLIEST),
        created_at: EARLIEST,
        updated_at: LATEST,
        ..webhook(n, user)
    }
}

pub(crate) async fn a_webhook_reads_back_equal(store: Arc<dyn Store>) {
    let user = add_user(&*store, 0).await;
    let longest = "𠮷".repeat(WebhookName::MAX);
    let texts = AWKWARD.into_iter().chain([&*longest]);
    let mut webhooks: Vec<_> = (1..).zip(texts).map(|(n, text)| unusual(n, user, text)).collect();
    webhooks.push(webhook(0, user));
    webhooks.push(Webhook { disabled_reason: Some(DisabledReason::Gone), ..webhook(100, user) });
    insert(&*store, &webhooks).await;
    for access in [Access::Read, Access::Snapshot, Access::Write] {
        for one in &webhooks {
            let found = read(&*store, access, async |uow| uow.webhooks().lookup(one.id).await).await;
            assert_eq!(found.as_ref(), Some(one), "{access:?}");
        }
    }
    assert_eq!(lookup(&*store, webhook_id(999)).await, None);
    let changed = unusual(0, user, "changed");
    dropped(&*store, async |uow| uow.webhooks().update(&changed).await).await;
    assert_eq!(lookup(&*store, changed.id).await, Some(webhook(0, user)));
    write(&*store, async |uow| uow.webhooks().update(&changed).await).await;
    assert_eq!(lookup(&*store, changed.id).await, Some(changed));
}

pub(crate) async fn an_insert_with_a_taken_webhook_id_conflicts(store: Arc<dyn Store>) {
    let (user, other) = (add_user(&*store, 0).await, add_user(&*store, 1).await);
    insert(&*store, &[webhook(0, user), webhook(1, other)]).await;
    deliver(&*store, &[webhook_delivery(0, webhook_id(0))]).await;
    let taken = unusual(0, other, "taken");
    assert_conflict(try_write(&*store, async |uow| uow.webhooks().insert(&taken).await).await, Conflict::Id);
    let taken = webhook_delivery(0, webhook_id(1));
    assert_conflict(try_write(&*store, async |uow| uow.webhooks().insert_delivery(&taken).await).await, Conflict::Id);
    assert_eq!(lookup(&*store, webhook_id(0)).await, Some(webhook(0, user)));
    assert_eq!(lookup_delivery(&*store, taken.id).await, Some(webhook_delivery(0, webhook_id(0))));
}

pub(crate) async fn a_webhook_needs_its_user(store: Arc<dyn Store>) {
    add_user(&*store, 0).await;
    let orphan = webhook(0, user_id(9));
    assert_conflict(try_write(&*store, async |uow| uow.webhooks().insert(&orphan).await).await, Conflict::Parent);
    assert_eq!(lookup(&*store, orphan.id).await, None);
}

pub(crate) async fn an_update_of_an_absent_webhook_is_stale(store: Arc<dyn Store>) {
    let user = add_user(&*store, 0).await;
    assert_stale(try_write(&*store, async |uow| uow.webhooks().update(&webhook(0, user)).await).await);
    assert_eq!(lookup(&*store, webhook_id(0)).await, None);
}

pub(crate) async fn webhooks_are_listed_newest_first(store: Arc<dyn Store>) {
    let (user, other) = (add_user(&*store, 0).await, add_user(&*store, 1).await);
    let webhooks: Vec<_> = (0..10)
        .map(|n| Webhook { created_at: at(i64::from(n * 7 % 10)), ..webhook(n, if n == 3 { other } else { user }) })
        .collect();
    insert(&*store, &webhooks).await;
    for of in [user, other] {
        let expected = webhooks.iter().filter(|one| one.user_id == of).cloned().collect();
        assert_eq!(list(&*store, of).await, newest_first(expected, |one: &Webhook| one.id.as_uuid()));
    }
    assert_eq!(list(&*store, user_id(9)).await, []);
}

pub(crate) async fn webhooks_that_are_behind_are_listed(store: Arc<dyn Store>) {
    let (user, other) = (add_user(&*store, 0).await, add_user(&*store, 1).await);
    let webhooks = [
        webhook(0, user),
        Webhook { delivered_seq: 2, ..webhook(1, user) },
        Webhook { delivered_seq: 1, ..webhook(2, user) },
        Webhook { enabled: false, ..webhook(3, user) },
        webhook(4, user),
        webhook(5, user),
        webhook(6, other),
    ];
    insert(&*store, &webhooks).await;
    assert_eq!(behind(&*store, None, 9).await, [], "there are no changes");
    let change = NewChange::of(&memo(0, user), ChangeKind::Created, at(0));
    write(&*store, async |uow| uow.changes().append(user, &[change; 2]).await).await;
    let job_of = |n, state| Job { id: JobId::new(webhook_id(n).as_uuid()), state, ..job(n, user) };
    write(&*store, async |uow| {
        uow.jobs().insert(&job_of(4, JobState::Waiting)).await?;
        uow.jobs().insert(&job_of(5, JobState::Dead)).await
    })
    .await;
    let mut expected = [0, 2, 5].map(webhook_id);
    expected.sort_unstable();
    assert_eq!(behind(&*store, None, 9).await, expected);
    assert_eq!(behind(&*store, None, 2).await, expected[..2]);
    assert_eq!(behind(&*store, Some(expected[0]), 9).await, expected[1..]);
    assert_eq!(behind(&*store, Some(expected[2]), 9).await, []);
    write(&*store, async |uow| uow.jobs().remove(JobId::new(webhook_id(4).as_uuid())).await).await;
    assert!(behind(&*store, None, 9).await.contains(&webhook_id(4)));
}

pub(crate) async fn a_looked_up_webhook_does_not_change_until_the_commit(store: Arc<dyn Store>) {
    let user = add_user(&*store, 0).await;
    insert(&*store, &[webhook(0, user), webhook(1, user)]).await;
    // Neither changed nor removed by others.
    for n in 0..2 {
        let mut uow = begin(&*store, Access::Write).await;
        assert_eq!(uow.webhooks().lookup(webhook_id(n)).await.expect("it is read"), Some(webhook(n, user)));
        commit_before(uow, &store, move |store| async move {
            let mut uow = store.begin(Access::Write).await?;
            if n == 0 {
                uow.webhooks().update(&webhook(0, user)).await?;
            } else {
                uow.webhooks().remove(webhook_id(1)).await?;
            }
            committed(uow, ()).await
        })
        .await;
    }
    let results = concurrently(&store, 5, move |store, _| async move {
        let mut uow = store.begin(Access::Write).await?;
        let webhook = uow.webhooks().lookup(webhook_id(0)).await?.ok_or(StoreError::Stale)?;
        let failures = webhook.failures + 1;
        uow.webhooks().update(&Webhook { failures, ..webhook }).await?;
        committed(uow, ()).await
    });
    for result in results.await {
        result.expect("all of them succeed eventually");
    }
    assert_eq!(lookup(&*store, webhook_id(0)).await.map(|webhook| webhook.failures), Some(5));
}

pub(crate) async fn a_webhook_is_removed_once(store: Arc<dyn Store>) {
    let user = add_user(&*store, 0).await;
    insert(&*store, &[webhook(0, user), webhook(1, user)]).await;
    deliver(&*store, &[webhook_delivery(0, webhook_id(0)), webhook_delivery(1, webhook_id(1))]).await;
    let remove = async |id| write(&*store, async |uow| uow.webhooks().remove(id).await).await;
    assert!(!remove(webhook_id(9)).await);
    assert!(dropped(&*store, async |uow| uow.webhooks().remove(webhook_id(0)).await).await);
    assert!(remove(webhook_id(0)).await);
    assert!(!remove(webhook_id(0)).await);
    assert_eq!(list(&*store, user).await, [webhook(1, user)]);
    assert_eq!(lookup_delivery(&*store, webhook_delivery_id(0)).await, None);
    assert!(lookup_delivery(&*store, webhook_delivery_id(1)).await.is_some());
}

pub(crate) async fn a_delivery_reads_back_equal(store: Arc<dyn Store>) {
    let user = add_user(&*store, 0).await;
    insert(&*store, &[webhook(0, user), webhook(1, user)]).await;
    let change = |seq, kind| {
        WebhookEvent::Change(Change { seq, kind, memo_id: memo_id(7), version: Version::new(3), at: at(5) })
    };
    let full = WebhookDelivery {
        event: change(i64::MAX.unsigned_abs(), ChangeKind::Deleted),
        status: DeliveryStatus::Failed,
        response_status: Some(599),
        duration_ms: Some(u32::MAX),
        attempts: u32::MAX,
        at: EARLIEST,
        next_attempt_at: Some(LATEST),
        ..webhook_delivery(100, webhook_id(0))
    };
    let mut deliveries = vec![full, webhook_delivery(0, webhook_id(0))];
    deliveries.extend((1..).zip(DeliveryError::NAMES).map(|(n, (error, _))| WebhookDelivery {
        event: WebhookEvent::Expired { seq: u64::from(n), at: LATEST },
        error: Some(error),
        ..webhook_delivery(n, webhook_id(0))
    }));
    deliveries.extend((20..).zip(ChangeKind::NAMES).map(|(n, (_, kind))| WebhookDelivery {
        event: change(u64::from(n), kind),
        status: DeliveryStatus::Succeeded,
        ..webhook_delivery(n, webhook_id(0))
    }));
    deliver(&*store, &deliveries).await;
    for one in &deliveries {
        assert_eq!(lookup_delivery(&*store, one.id).await.as_ref(), Some(one));
        let Some(seq) = one.event.seq() else { continue };
        let found = async |webhook| {
            read(&*store, Access::Read, async |uow| uow.webhooks().find_delivery(webhook, seq).await).await
        };
        assert_eq!(found(webhook_id(0)).await.as_ref(), Some(one));
        assert_eq!(found(webhook_id(1)).await, None);
    }
    let changed = WebhookDelivery { id: webhook_delivery_id(0), ..deliveries[0].clone() };
    write(&*store, async |uow| uow.webhooks().update_delivery(&changed).await).await;
    assert_eq!(lookup_delivery(&*store, changed.id).await.as_ref(), Some(&changed));
    // The newest of two about the same change.
    let newest = if changed.id > deliveries[0].id { changed } else { deliveries[0].clone() };
    let seq = i64::MAX.unsigned_abs();
    let found = read(&*store, Access::Read, async |uow| uow.webhooks().find_delivery(webhook_id(0), seq).await).await;
    assert_eq!(found, Some(newest));
}

pub(crate) async fn a_delivery_needs_its_webhook(store: Arc<dyn Store>) {
    add_user(&*store, 0).await;
    let orphan = webhook_delivery(0, webhook_id(9));
    let inserted = try_write(&*store, async |uow| uow.webhooks().insert_delivery(&orphan).await).await;
    assert_conflict(inserted, Conflict::Parent);
    assert_eq!(lookup_delivery(&*store, orphan.id).await, None);
}

pub(crate) async fn an_absent_delivery_is_not_updated(store: Arc<dyn Store>) {
    let user = add_user(&*store, 0).await;
    insert(&*store, &[webhook(0, user)]).await;
    let absent = webhook_delivery(0, webhook_id(0));
    write(&*store, async |uow| uow.webhooks().update_delivery(&absent).await).await;
    assert_eq!(lookup_delivery(&*store, absent.id).await, None);
}

pub(crate) async fn deliveries_are_listed_newest_first(store: Arc<dyn Store>) {
    let user = add_user(&*store, 0).await;
    insert(&*store, &[webhook(0, user), webhook(1, user)]).await;
    let deliveries: Vec<_> = (0..25).map(|n| webhook_delivery(n, webhook_id(u32::from(n == 3)))).collect();
    deliver(&*store, &deliveries).await;
    let expected: Vec<_> = deliveries.iter().filter(|one| one.webhook_id == webhook_id(0)).cloned().collect();
    let expected = newest_first(expected, |one: &WebhookDelivery| one.id.as_uuid());
    for (webhook, expected) in [(webhook_id(0), &*expected), (webhook_id(9), &[])] {
        let ask = async |request| page(&*store, webhook, request).await;
        assert_pages(expected, |delivery| delivery.id, ask).await;
    }
}

pub(crate) async fn the_newest_deliveries_are_kept(store: Arc<dyn Store>) {
    let user = add_user(&*store, 0).await;
    insert(&*store, &[webhook(0, user), webhook(1, user)]).await;
    let deliveries: Vec<_> = (0..12).map(|n| webhook_delivery(n, webhook_id(u32::from(n == 3)))).collect();
    deliver(&*store, &deliveries).await;
    let all = page(&*store, webhook_id(0), PageRequest::default()).await.items;
    for (kept, left) in [(11, 11), (4, 4), (4, 4), (0, 0)] {
        write(&*store, async |uow| uow.webhooks().remove_old_deliveries(webhook_id(0), kept).await).await;
        assert_eq!(page(&*store, webhook_id(0), PageRequest::default()).await.items, all[..left], "{kept}");
    }
    assert_eq!(page(&*store, webhook_id(1), PageRequest::default()).await.items, deliveries[3..4]);
}
