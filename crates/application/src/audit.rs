//! What happens to accounts is written down, in the store and in the log.

use std::sync::Arc;

use memo_domain::{Access, AuditEvent, AuditId, AuditKind, Page, PageRequest, Role, StoreError, UnitOfWork, UserId};

use crate::{Device, Error, Ports, administration};

/// An event on its way into both.
pub struct Happened<'a> {
    pub user_id: UserId,
    pub kind: AuditKind,
    pub device: &'a Device,
    pub actor_id: Option<UserId>,
    pub detail: Option<String>,
}

impl<'a> Happened<'a> {
    pub const fn to(user_id: UserId, kind: AuditKind, device: &'a Device) -> Self {
        Self { user_id, kind, device, actor_id: None, detail: None }
    }

    pub fn with(self, detail: impl Into<String>) -> Self {
        Self { detail: Some(detail.into()), ..self }
    }

    /// Writes it down in the same unit of work; [`AuditedStore`](crate::AuditedStore) says so in the log.
    pub async fn record(self, unit: &mut dyn UnitOfWork, ports: &Ports) -> Result<(), StoreError> {
        let event = self.event(ports);
        unit.audit().append(&event).await
    }

    /// Says so in the log alone: of somebody who is gone.
    pub fn tell(self, ports: &Ports) {
        tell(&self.event(ports));
    }

    fn event(self, ports: &Ports) -> AuditEvent {
        let at = ports.now();
        AuditEvent {
            id: AuditId::new(ports.id(at)),
            user_id: self.user_id,
            actor_id: self.actor_id,
            kind: self.kind,
            at,
            ip: self.device.ip.clone(),
            device: self.device.name.clone(),
            request_id: self.device.request_id.clone(),
            detail: self.detail,
        }
    }
}

/// Writes an event to the log.
pub fn tell(event: &AuditEvent) {
    tracing::info!(
        target: "memo::audit",
        kind = event.kind.name(),
        user_id = %event.user_id,
        actor_id = event.actor_id.map(|id| id.to_string()),
        client = event.ip.as_deref(),
        request_id = event.request_id.as_deref(),
        detail = event.detail.as_deref(),
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

    /// A page of one's own events, the newest first.
    ///
    /// # Errors
    /// Those of the store alone.
    pub async fn own(&self, user: UserId, page: &PageRequest<AuditId>) -> Result<Page<AuditEvent, AuditId>, Error> {
        Ok(self.ports.store.begin(Access::Read).await?.audit().list(Some(user), page).await?)
    }

    /// A page of the events of a member, or of all, for an administrator.
    ///
    /// # Errors
    /// [`Error::NotAdministrator`].
    pub async fn all(
        &self,
        administrator: UserId,
        user: Option<UserId>,
        page: &PageRequest<AuditId>,
    ) -> Result<Page<AuditEvent, AuditId>, Error> {
        let mut unit = self.ports.store.begin(Access::Read).await?;
        administration::require(&mut *unit, administrator, Role::Admin).await?;
        Ok(unit.audit().list(user, page).await?)
    }
}
