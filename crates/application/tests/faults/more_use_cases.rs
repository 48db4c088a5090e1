//! Use cases of likes, shares, revisions and webhooks, and some that find nothing to do.

use memo_application::{Precondition, WebhookChange};
use memo_domain::Version;

use crate::{
    deliveries::new_webhook,
    use_cases::{UseCase, device, idle, writes},
};

pub const MORE: &[UseCase] = &[
    writes("taking back of a like", |world| Box::pin(async { world.likes.unlike(world.alice, world.changed).await })),
    writes("revocation of a share", |world| {
        Box::pin(async { world.shares.revoke(world.alice, world.memo, world.share, &device()).await })
    }),
    writes("restoration of an earlier text", |world| {
        Box::pin(async {
            let (memo, first) = (world.changed, Version::FIRST);
            world.memos.restore_revision(world.alice, memo, first, &Precondition::None).await.map(drop)
        })
    }),
    writes("creation of a webhook", |world| {
        Box::pin(async { world.webhooks.create(world.alice, new_webhook(), &device(), None).await.map(drop) })
    }),
    writes("change of a webhook", |world| {
        Box::pin(async {
            let url = Some(new_webhook().url);
            let change = WebhookChange { url, enabled: Some(false), rotates_secret: true, ..WebhookChange::default() };
            world.webhooks.change(world.alice, world.webhook, change, &device()).await.map(drop)
        })
    }),
    idle("change of a webhook to what it is", |world| {
        Box::pin(async {
            let change = WebhookChange::default();
            world.webhooks.change(world.alice, world.webhook, change, &device()).await.map(drop)
        })
    }),
    writes("removal of a webhook", |world| {
        Box::pin(async { world.webhooks.remove(world.alice, world.webhook, &device()).await })
    }),
    writes("ping of a webhook", |world| {
        Box::pin(async { world.webhooks.ping(world.alice, world.webhook).await.map(drop) })
    }),
    writes("repetition of a message", |world| {
        Box::pin(async { world.webhooks.redeliver(world.alice, world.webhook, world.delivery).await.map(drop) })
    }),
    idle("sign-out of an ended session", |world| {
        Box::pin(async { world.sign_in.sign_out(world.ended, &device()).await })
    }),
    idle("removal of no sessions and events", |world| Box::pin(async { world.retention.sweep().await.map(drop) })),
    idle("removal of no changes", |world| Box::pin(async { world.changes.sweep().await.map(drop) })),
];
