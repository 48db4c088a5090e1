//! Webhooks: users register URLs, and look at what was sent to them. [`WebhookHandler`](crate::WebhookHandler) sends.

mod requests;

use std::sync::Arc;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use memo_domain::{
    AuditKind, Job, JobId, OptionalChange, Sealed, Sealer, Secret, Source, UserId, Webhook, WebhookEvents, WebhookId,
    WebhookName, WebhookSender, WebhookUrl,
};

use crate::{Device, Error, Once, Ports, Resource, accounts::present, audit::AuditEntry, transaction::Transaction};

/// A new webhook.
#[derive(Debug, Clone)]
pub struct NewWebhook {
    /// Its name.
    pub name: Option<WebhookName>,
    /// Where to.
    pub url: WebhookUrl,
    /// Which changes.
    pub events: WebhookEvents,
    /// Whether changes are sent.
    pub enabled: bool,
}

/// A change of some fields of a webhook; `None` leaves a field as it is.
#[derive(Debug, Clone, Default)]
pub struct WebhookChange {
    /// The name.
    pub name: OptionalChange<WebhookName>,
    /// Where to.
    pub url: Option<WebhookUrl>,
    /// Which changes.
    pub events: Option<WebhookEvents>,
    /// Whether changes are sent.
    pub enabled: Option<bool>,
    /// Whether it gets another secret.
    pub rotates_secret: bool,
}

/// The webhooks of users.
pub struct Webhooks {
    ports: Arc<Ports>,
    sender: Arc<dyn WebhookSender>,
}

impl Webhooks {
    #[must_use]
    pub const fn new(ports: Arc<Ports>, sender: Arc<dyn WebhookSender>) -> Self {
        Self { ports, sender }
    }

    /// Returns the webhooks of a user, the newest first.
    ///
    /// # Errors
    /// Only those of the store.
    pub async fn list(&self, user: UserId) -> Result<Vec<Webhook>, Error> {
        let transactions = self.ports.transactions.on_behalf_of(user);
        transactions.read(async |unit| Ok(unit.webhooks().list_by_user(user).await?)).await
    }

    /// Creates a webhook, which gets the changes from now on. Returns it with its secret, which can't be read again.
    ///
    /// # Errors
    /// [`Error::Invalid`] if messages may not be sent to the URL, or [`Error::WebhookLimitReached`].
    pub async fn create(
        &self,
        user: UserId,
        new: NewWebhook,
        device: &Device,
        once: Option<&Once<'_, (Webhook, Secret)>>,
    ) -> Result<(Webhook, Secret), Error> {
        let transactions = self.ports.transactions.on_behalf_of(user);
        // Before names are looked up.
        transactions.read(async |unit| check_number(&unit.webhooks().list_by_user(user).await?)).await?;
        self.check(&new.url).await?;
        let secret = self.ports.secrets.next();
        let created = transactions.write(async |tx| {
            // Locks the user: of two webhooks created at once, the second one counts the first.
            present(tx.users().lookup(user).await?)?;
            check_number(&tx.webhooks().list_by_user(user).await?)?;
            let (id, now) = (WebhookId::new(tx.new_id()), tx.now());
            let NewWebhook { name, url, events, enabled } = new.clone();
            let webhook = Webhook {
                id,
                user_id: user,
                name,
                url,
                events,
                secret: seal(&*self.ports.sealer, id, &secret)?,
                enabled,
                disabled_reason: None,
                delivered_seq: tx.changes().last_seq(user).await?,
                failures: 0,
                failing_since: None,
                created_at: now,
                updated_at: now,
            };
            tx.webhooks().insert(&webhook).await?;
            record(tx, user, AuditKind::WebhookCreated, id, device).await?;
            let created = (webhook, secret.clone());
            tx.answer(once, &created).await?;
            Ok(created)
        });
        created.await
    }

    /// Changes a webhook of a user. Returns it with its secret, if that is another one. One that is enabled again continues
    /// after the last change that was sent.
    ///
    /// # Errors
    /// [`Error::NotFound`], or [`Error::Invalid`] if messages may not be sent to the URL.
    pub async fn change(
        &self,
        user: UserId,
        id: WebhookId,
        change: WebhookChange,
        device: &Device,
    ) -> Result<(Webhook, Option<Secret>), Error> {
        let transactions = self.ports.transactions.on_behalf_of(user);
        if let Some(url) = &change.url {
            // Before names are looked up.
            transactions.read(async |unit| own(unit.webhooks().lookup(id).await?, user).map(drop)).await?;
            self.check(url).await?;
        }
        let secret = change.rotates_secret.then(|| self.ports.secrets.next());
        let changed = transactions.write(async |tx| {
            let before = own(tx.webhooks().lookup(id).await?, user)?;
            let mut webhook = before.clone();
            change.clone().apply(&mut webhook);
            if let Some(secret) = &secret {
                webhook.secret = seal(&*self.ports.sealer, id, secret)?;
            }
            if webhook == before {
                return Ok(webhook);
            }
            webhook.updated_at = tx.now().not_before(before.updated_at);
            tx.webhooks().update(&webhook).await?;
            if webhook.enabled && (!before.enabled || webhook.url != before.url) {
                hurry(tx, id).await?;
            }
            record(tx, user, AuditKind::WebhookChanged, id, device).await?;
            Ok(webhook)
        });
        Ok((changed.await?, secret))
    }

    /// Removes a webhook of a user.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub async fn remove(&self, user: UserId, id: WebhookId, device: &Device) -> Result<(), Error> {
        let transactions = self.ports.transactions.on_behalf_of(user);
        let removed = transactions.write(async |tx| {
            own(tx.webhooks().lookup(id).await?, user)?;
            tx.webhooks().remove(id).await?;
            tx.jobs().remove(job_id(id)).await?;
            record(tx, user, AuditKind::WebhookRemoved, id, device).await
        });
        removed.await
    }

    async fn check(&self, url: &WebhookUrl) -> Result<(), Error> {
        self.sender.check(url).await.map_err(|reason| Error::Invalid { field: "url", reason })
    }
}

impl WebhookChange {
    fn apply(self, webhook: &mut Webhook) {
        let Self { name, url, events, enabled, rotates_secret: _ } = self;
        name.apply(&mut webhook.name);
        if let Some(events) = events {
            webhook.events = events;
        }
        let is_moved = url.as_ref().is_some_and(|url| *url != webhook.url);
        if let Some(url) = url {
            webhook.url = url;
        }
        let is_enabled = enabled == Some(true) && !webhook.enabled;
        webhook.enabled = enabled.unwrap_or(webhook.enabled);
        if is_moved || is_enabled {
            (webhook.failures, webhook.failing_since) = (0, None);
        }
        if webhook.enabled {
            webhook.disabled_reason = None;
        }
    }
}

/// The text form of a secret, as Standard Webhooks defines it.
#[must_use]
pub fn webhook_secret_text(secret: &Secret) -> String {
    format!("whsec_{}", STANDARD.encode(secret.expose()))
}

/// Whether a user with these webhooks may have another one.
fn check_number(webhooks: &[Webhook]) -> Result<(), Error> {
    if webhooks.len() < Webhook::MAX_PER_USER { Ok(()) } else { Err(Error::WebhookLimitReached) }
}

/// Removes all webhooks of a user, and returns their ids.
pub(crate) async fn remove_all(tx: &mut Transaction, user: UserId) -> Result<Vec<WebhookId>, Error> {
    let webhooks = tx.webhooks().list_by_user(user).await?;
    for webhook in &webhooks {
        tx.webhooks().remove(webhook.id).await?;
        tx.jobs().remove(job_id(webhook.id)).await?;
    }
    Ok(webhooks.into_iter().map(|webhook| webhook.id).collect())
}

/// The id of the job that sends the changes of a webhook.
pub(crate) const fn job_id(webhook: WebhookId) -> JobId {
    JobId::new(webhook.as_uuid())
}

/// Opens the secret of a webhook.
pub(crate) fn open(sealer: &dyn Sealer, id: WebhookId, secret: &Sealed) -> Result<Secret, Source> {
    Ok(Secret::new(sealer.open(&context(id), secret)?.try_into().map_err(|_| "the secret of a webhook is damaged")?))
}

fn seal(sealer: &dyn Sealer, id: WebhookId, secret: &Secret) -> Result<Sealed, Error> {
    sealer.seal(&context(id), secret.expose()).map_err(|source| Error::Internal { source })
}

/// What the sealed secret of a webhook is bound to.
fn context(id: WebhookId) -> String {
    format!("webhook {id}")
}

/// A webhook of another user is absent.
fn own(webhook: Option<Webhook>, user: UserId) -> Result<Webhook, Error> {
    webhook.filter(|webhook| webhook.user_id == user).ok_or(Error::NotFound(Resource::Webhook))
}

/// Ends the wait of a webhook before its next attempt, unless one is under way.
async fn hurry(tx: &mut Transaction, id: WebhookId) -> Result<(), Error> {
    let now = tx.now();
    if let Some(job) = tx.jobs().lookup(job_id(id)).await?
        && job.begun == 0
        && tx.jobs().holds(&job).await?
    {
        tx.jobs().update(&Job { run_at: job.run_at.min(now), ..job }).await?;
    }
    tx.wake_deliveries();
    tx.wake_webhooks();
    Ok(())
}

async fn record(
    tx: &mut Transaction,
    user: UserId,
    kind: AuditKind,
    id: WebhookId,
    device: &Device,
) -> Result<(), Error> {
    tx.record(AuditEntry::new(user, kind, device).with_detail(id.to_string())).await
}
