//! The audit log: security events of accounts, in the store and in the server's log.

use std::sync::Arc;

use memo_domain::{AuditEvent, AuditId, AuditKind, Page, PageRequest, Timestamp, UserId};

use crate::{Device, Error, Ports, roles};

/// An audit event that has no id and no time yet.
pub struct AuditEntry<'a> {
    user_id: UserId,
    kind: AuditKind,
    device: &'a Device,
    actor_id: Option<UserId>,
    detail: Option<String>,
}

impl<'a> AuditEntry<'a> {
    pub const fn new(user_id: UserId, kind: AuditKind, device: &'a Device) -> Self {
        Self { user_id, kind, device, actor_id: None, detail: None }
    }

    /// Adds a detail for readers of the log.
    pub fn with_detail(self, detail: impl Into<String>) -> Self {
        Self { detail: Some(detail.into()), ..self }
    }

    /// Names the administrator who did it.
    pub fn by(self, actor_id: Option<UserId>) -> Self {
        Self { actor_id, ..self }
    }

    pub(crate) fn into_event(self, id: AuditId, at: Timestamp) -> AuditEvent {
        AuditEvent {
            id,
            user_id: self.user_id,
            actor_id: self.actor_id,
            kind: self.kind,
            at,
            ip: self.device.ip.clone(),
            device: self.device.name.clone(),
            request_id: self.device.request_id.clone(),
            detail: self.detail,
            api_key_id: self.device.api_key_id,
        }
    }
}

/// Writes an event to the server's log.
pub fn log(event: &AuditEvent) {
    tracing::info!(
        target: "memo::audit",
        kind = event.kind.name(),
        user_id = %event.user_id,
        actor_id = event.actor_id.map(|id| id.to_string()),
        client = event.ip.as_deref(),
        request_id = event.request_id.as_deref(),
        detail = event.detail.as_deref(),
        api_key_id = event.api_key_id.map(|id| id.to_string()),
        "security event"
    );
}

/// Reads the audit log.
pub struct AuditLog {
    ports: Arc<Ports>,
}

impl AuditLog {
    #[must_use]
    pub const fn new(ports: Arc<Ports>) -> Self {
        Self { ports }
    }

    /// Returns a page of a user's own events, the newest first, without the address, device and request of an administrator.
    ///
    /// # Errors
    /// Only those of the store.
    pub async fn own(&self, user: UserId, page: &PageRequest<AuditId>) -> Result<Page<AuditEvent, AuditId>, Error> {
        let transactions = self.ports.transactions.on_behalf_of(user);
        let found = transactions.read(async |unit| Ok(unit.audit().list(Some(user), page).await?));
        let Page { items, next } = found.await?;
        Ok(Page { items: items.into_iter().map(AuditEvent::for_its_user).collect(), next })
    }

    /// Returns a page of the events of one user, or of all users, for an administrator.
    ///
    /// # Errors
    /// [`Error::NotAdministrator`].
    pub async fn all(
        &self,
        administrator: UserId,
        user: Option<UserId>,
        page: &PageRequest<AuditId>,
    ) -> Result<Page<AuditEvent, AuditId>, Error> {
        let transactions = self.ports.transactions.on_behalf_of(administrator);
        let work = transactions.read(async |unit| {
            roles::require_administrator(unit, administrator).await?;
            Ok(unit.audit().list(user, page).await?)
        });
        work.await
    }
}
