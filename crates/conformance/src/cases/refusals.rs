//! What a store refuses: writes of readers, commits after a failed write, and work after it was closed.

use std::sync::Arc;

use memo_domain::{Access, ChangeKind, Conflict, Day, NewChange, Store, StoreError, Version};

use crate::{
    everything::Everything,
    samples::{
        LATEST, api_key, at, idempotent_response, job, memo, session, user, webhook, webhook_delivery, webhook_id,
    },
    steps::{assert_conflict, assert_stale, begin, write},
};

pub(crate) async fn a_reader_cannot_write(store: Arc<dyn Store>) {
    let stored = Everything::add(&*store, 0).await;
    let (new, changed) = (Everything::new(1), stored.changed());
    let id = stored.user.id;
    let change = NewChange::of(&stored.memo, ChangeKind::Updated, at(1));
    let new_response = idempotent_response(5, id);
    let (added, opened, key, waiting) = (memo(5, id), session(5, id), api_key(5, id), job(5, id));
    let (added_webhook, hook, delivery) = (webhook(5, id), webhook(6, id), webhook_delivery(6, webhook_id(6)));
    write(&*store, async |uow| {
        uow.webhooks().insert(&hook).await?;
        uow.webhooks().insert_delivery(&delivery).await
    })
    .await;
    for access in [Access::Read, Access::Snapshot] {
        // Each in a unit of work of its own, and each would succeed in one that may write.
        macro_rules! assert_refused {
            ($($repository:ident.$method:ident($($argument:expr),*);)+) => {$(
                let mut uow = begin(&*store, access).await;
                let result = uow.$repository().$method($($argument),*).await;
                assert!(
                    matches!(result, Err(StoreError::Other { .. })),
                    "{access:?}, {}.{}: {result:?}", stringify!($repository), stringify!($method)
                );
                drop(uow);
            )+};
        }
        assert_refused! {
            users.insert(&new.user);
            users.update(&changed.user, Version::FIRST);
            users.remove(id, Version::FIRST);
            sessions.insert(&opened);
            sessions.update(&changed.session);
            sessions.end_all(id, None, at(1));
            sessions.remove_before(LATEST, 9);
            refresh_tokens.claim(&stored.token.digest, at(1));
            memos.insert(&added, &added.search_text());
            memos.update(&changed.memo, Version::FIRST, None);
            memos.remove(stored.memo.id, Version::FIRST);
            changes.append(id, &[change]);
            changes.remove_before(LATEST, 9);
            identities.remove(id, &stored.identity.provider);
            one_time_tokens.take(&stored.one_time.digest, stored.one_time.purpose);
            one_time_tokens.count_try(&stored.one_time.digest);
            one_time_tokens.remove_all(id, stored.one_time.purpose);
            one_time_tokens.remove_before(LATEST, 9);
            second_factors.upsert(&changed.factor);
            second_factors.replace_codes(id, &[]);
            second_factors.claim_step(id, i64::MAX);
            second_factors.remove(id);
            api_keys.insert(&key);
            api_keys.update(&changed.key);
            api_keys.touch(stored.key.id, at(1));
            api_keys.remove(stored.key.id);
            jobs.insert(&waiting);
            jobs.update(&changed.job);
            jobs.remove(stored.job.id);
            webhooks.insert(&added_webhook);
            webhooks.update(&hook);
            webhooks.remove(hook.id);
            webhooks.insert_delivery(&webhook_delivery(7, hook.id));
            webhooks.update_delivery(&delivery);
            webhooks.remove_old_deliveries(hook.id, 0);
            audit.append(&changed.events[0]);
            audit.remove_before(LATEST, 9);
            idempotency.insert(&new_response);
            idempotency.remove_expired(&stored.response.request.id, LATEST);
            idempotency.remove_before(LATEST, 9);
            usage.add(&changed.usage);
            usage.remove_before(Day::of(LATEST), 9);
        }
        assert_eq!(stored.read_back(&*store, access).await.as_ref(), Some(&stored), "{access:?}");
        assert_eq!(new.read_back(&*store, access).await, None, "{access:?}");
    }
}

pub(crate) async fn a_commit_after_a_failed_write_fails(store: Arc<dyn Store>) {
    let stored = Everything::add(&*store, 0).await;
    let (new, changed) = (Everything::new(1), stored.changed());
    for failure in 0..4 {
        let mut uow = begin(&*store, Access::Write).await;
        new.insert(&mut *uow).await;
        match failure {
            0 => assert_conflict(uow.memos().insert(&stored.memo, &stored.memo.search_text()).await, Conflict::Id),
            1 => assert_conflict(
                uow.memos().insert(&memo(5, user(9).id), &memo(5, user(9).id).search_text()).await,
                Conflict::Parent,
            ),
            2 => assert_stale(
                uow.memos().update(&changed.memo, Version::new(7), Some(&changed.memo.search_text())).await,
            ),
            _ => assert_stale(uow.users().remove(stored.user.id, Version::new(7)).await),
        }
        uow.commit().await.expect_err("only dropping is left");
        assert_eq!(new.read_back(&*store, Access::Read).await, None, "failure {failure}");
        assert_eq!(stored.read_back(&*store, Access::Read).await.as_ref(), Some(&stored), "failure {failure}");
    }
    // The store is free for the next writer.
    let added = Everything::add(&*store, 1).await;
    assert_eq!(added.read_back(&*store, Access::Read).await, Some(new));
}

pub(crate) async fn a_closed_store_begins_nothing(store: Arc<dyn Store>) {
    let stored = Everything::add(&*store, 0).await;
    store.close().await;
    for access in [Access::Read, Access::Snapshot, Access::Write] {
        let result = match store.begin(access).await {
            // A store may take a connection only now.
            Ok(mut uow) => uow.users().lookup(stored.user.id).await,
            Err(error) => Err(error),
        };
        assert!(matches!(result, Err(StoreError::Unavailable { .. })), "{access:?}: {result:?}");
    }
}
