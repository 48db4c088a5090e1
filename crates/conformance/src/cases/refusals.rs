//! What a store refuses: writes of readers, commits after a failed write, and work after it was closed.

use std::sync::Arc;

use memo_domain::{
    Access, ChangeKind, Conflict, Day, Job, JobKind, Like, LinkTarget, Memo, MemoLink, NewChange, PageRequest, Share,
    Store, StoreError, Sweep, UnitOfWork, UserId, Version, Visibility, Webhook, WebhookDelivery,
};

use crate::{
    everything::Everything,
    samples::{
        LATEST, api_key, at, digest_of, idempotent_response, identity, job, memo, one_time_token, refresh_token,
        revision, sealed, session, share, user, webhook, webhook_delivery,
    },
    steps::{add_user, assert_conflict, assert_stale, begin, read, write},
};

/// Rows in addition to those of [`Everything`], so that each write of a reader has one to change.
struct More {
    /// A public memo with a share, a link and two revisions.
    memo: Memo,
    /// It has expired.
    share: Share,
    link: LinkTarget,
    /// It is due.
    job: Job,
    hook: Webhook,
    delivery: WebhookDelivery,
}

impl More {
    /// Adds the rows: the webhook to this user, the others to another one.
    async fn add(store: &dyn Store, user: UserId, linked: &Memo) -> Self {
        let owner = add_user(store, 9).await;
        let mut memo = memo(9, owner);
        memo.state.visibility = Visibility::Public;
        let hook = webhook(6, user);
        let more = Self {
            share: Share { expires_at: Some(at(0)), ..share(9, memo.id) },
            link: LinkTarget::of(owner, &MemoLink::Id(linked.id)),
            job: job(9, owner),
            delivery: webhook_delivery(6, hook.id),
            memo,
            hook,
        };
        write(store, async |uow| more.insert(uow).await).await;
        more
    }

    async fn insert(&self, uow: &mut dyn UnitOfWork) -> Result<(), StoreError> {
        uow.memos().insert(&self.memo, &self.memo.search_text()).await?;
        uow.shares().insert(&self.share).await?;
        for version in [1, 2] {
            uow.revisions().insert(&revision(version, self.memo.id)).await?;
        }
        uow.links().insert_all(&[(self.memo.id, self.link)]).await?;
        uow.jobs().insert(&self.job).await?;
        uow.webhooks().insert(&self.hook).await?;
        uow.webhooks().insert_delivery(&self.delivery).await
    }

    /// All that the store has of these rows, and of those that a reader tries to add to them.
    async fn read_back(&self, store: &dyn Store, linked: &Memo) -> impl PartialEq + std::fmt::Debug {
        let (id, viewer) = (self.memo.id, linked.owner_id);
        read(store, Access::Read, async |uow| {
            let memo = uow.memos().lookup(id).await?;
            let links = uow.links().list_backlinks(linked, viewer, &PageRequest::default()).await?;
            let new_links = uow.links().list_backlinks(&self.memo, viewer, &PageRequest::default()).await?;
            let revisions = uow.revisions().list_down_to(id, Version::new(u32::MAX), Version::new(0), 9).await?;
            let shares = uow.shares().list(id).await?;
            let job = uow.jobs().lookup(self.job.id).await?;
            let hooks = uow.webhooks().list_by_user(self.hook.user_id).await?;
            let deliveries = uow.webhooks().list_deliveries(self.hook.id, &PageRequest::default()).await?;
            Ok((memo, [links, new_links], revisions, shares, job, hooks, deliveries))
        })
        .await
    }
}

pub(crate) async fn a_reader_cannot_write(store: Arc<dyn Store>) {
    let stored = Everything::add(&*store, 0).await;
    let (new, changed) = (Everything::new(1), stored.changed());
    let id = stored.user.id;
    let change = NewChange::of(&stored.memo, ChangeKind::Updated, at(1));
    let new_response = idempotent_response(5, id);
    let (added, added_later, opened, key, waiting) =
        (memo(5, id), memo(6, id), session(5, id), api_key(5, id), job(5, id));
    let (text, text_later) = (added.search_text(), added_later.search_text());
    let more = More::add(&*store, id, &stored.memo).await;
    let More { memo: public, hook, delivery, .. } = &more;
    let (owner, shared) = (public.owner_id, &stored.shares[0]);
    let new_link = (stored.memo.id, LinkTarget::of(id, &MemoLink::Id(public.id)));
    let like = Like { memo_id: stored.memo.id, user_id: owner, at: at(1) };
    // The first of the two codes.
    let code = digest_of(2_000);
    let before = more.read_back(&*store, &stored.memo).await;
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
            users.sweep(id, Sweep::All, 9);
            users.sweep(owner, Sweep::PublicMemos, 9);
            sessions.insert(&opened);
            sessions.update(&changed.session);
            sessions.end_all(id, None, at(1));
            sessions.remove_before(LATEST, 9);
            refresh_tokens.insert(&refresh_token(5, stored.session.id));
            refresh_tokens.claim(&stored.token.digest, at(1));
            refresh_tokens.remove_of_ended(LATEST, 9);
            memos.insert(&added, &text);
            memos.insert_all(&[(&added, &text), (&added_later, &text_later)]);
            memos.update(&changed.memo, Version::FIRST, None);
            memos.remove(stored.memo.id, Version::FIRST);
            likes.insert(&like);
            likes.remove(stored.memo.id, id);
            shares.insert(&share(5, public.id));
            shares.remove(stored.memo.id, shared.id);
            shares.add_reads(&[(shared.id, 1)]);
            shares.remove_expired(LATEST, 9);
            revisions.insert(&revision(3, public.id));
            revisions.remove_all_but(public.id, 1);
            revisions.remove_over(public.id, 0);
            links.insert_all(&[new_link]);
            links.remove_all(public.id);
            changes.append(id, &[change]);
            changes.remove_before(LATEST, 9);
            identities.insert(&identity(5, id));
            identities.set_message_tokens(id, &stored.identity.provider, Some(&sealed()));
            identities.remove(id, &stored.identity.provider);
            one_time_tokens.insert(&one_time_token(5, id));
            one_time_tokens.take(&stored.one_time.digest, stored.one_time.purpose);
            one_time_tokens.count_try(&stored.one_time.digest);
            one_time_tokens.remove_all(id, stored.one_time.purpose);
            one_time_tokens.remove_before(LATEST, 9);
            second_factors.upsert(&changed.factor);
            second_factors.replace_codes(id, &[]);
            second_factors.claim_step(id, i64::MAX);
            second_factors.claim_code(id, &code);
            second_factors.remove(id);
            api_keys.insert(&key);
            api_keys.update(&changed.key);
            api_keys.touch(stored.key.id, at(1));
            api_keys.remove(stored.key.id);
            jobs.insert(&waiting);
            jobs.claim(&[JobKind::MAIL], at(1), at(9), 9);
            jobs.update(&changed.job);
            jobs.remove(stored.job.id);
            jobs.remove_ended(&JobKind::MAIL, LATEST, 9);
            webhooks.insert(&webhook(5, id));
            webhooks.update(&Webhook { failures: 1, ..hook.clone() });
            webhooks.remove(hook.id);
            webhooks.insert_delivery(&webhook_delivery(7, hook.id));
            webhooks.update_delivery(&WebhookDelivery { attempts: 1, ..delivery.clone() });
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
        assert_eq!(more.read_back(&*store, &stored.memo).await, before, "{access:?}");
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
