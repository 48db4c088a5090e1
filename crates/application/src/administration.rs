//! Administrators list users, disable and enable them, and change their roles.

use std::{cmp::Reverse, sync::Arc};

use memo_domain::{Access, AuditKind, Job, JobId, JobKind, Limit, Page, PageRequest, Role, User, UserFilter, UserId};

use crate::{
    Device, Error, Ports, Resource,
    audit::AuditEntry,
    roles::{check_not_last, require_administrator},
    transaction::Transaction,
};

/// A change of some fields of a user by an administrator; `None` leaves a field as it is.
#[derive(Debug, Clone, Copy, Default)]
pub struct UserChange {
    /// The role.
    pub role: Option<Role>,
    /// Whether the account is disabled.
    pub disabled: Option<bool>,
}

/// What administrators do with users.
pub struct Administration {
    ports: Arc<Ports>,
}

impl Administration {
    #[must_use]
    pub const fn new(ports: Arc<Ports>) -> Self {
        Self { ports }
    }

    /// Returns a page of the users that match the filter, the oldest first, and the length of the whole list if that is asked
    /// for.
    ///
    /// # Errors
    /// [`Error::NotAdministrator`].
    pub async fn users(
        &self,
        administrator: UserId,
        filter: &UserFilter,
        page: &PageRequest<UserId>,
        with_total: bool,
    ) -> Result<(Page<User, UserId>, Option<u64>), Error> {
        let access = if with_total { Access::Snapshot } else { Access::Read };
        let transactions = self.ports.transactions.on_behalf_of(administrator);
        let users = transactions.read_with(access, async |unit| {
            require_administrator(unit, administrator).await?;
            let page = unit.users().list(filter, page).await?;
            let total = if with_total { Some(unit.users().count(filter).await?) } else { None };
            Ok((page, total))
        });
        users.await
    }

    /// Changes a user. A user who is disabled is signed out everywhere.
    ///
    /// # Errors
    /// [`Error::NotAdministrator`], [`Error::NotFound`], or [`Error::LastAdministrator`] if no administrator would remain.
    pub async fn change(
        &self,
        administrator: UserId,
        id: UserId,
        change: UserChange,
        device: &Device,
    ) -> Result<User, Error> {
        let transactions = self.ports.transactions.on_behalf_of(administrator);
        // Read first, so that other users can't keep writers waiting.
        transactions.read(async |unit| require_administrator(unit, administrator).await.map(drop)).await?;
        transactions.write(async |tx| apply(tx, Some(administrator), id, change, device).await).await
    }

    /// Like [`change`](Self::change), for the operator of the server.
    ///
    /// # Errors
    /// Like [`change`](Self::change).
    pub async fn change_by_operator(&self, id: UserId, change: UserChange) -> Result<User, Error> {
        let device = Device::default();
        self.ports.transactions.write(async |tx| apply(tx, None, id, change, &device).await).await
    }

    /// Returns undeliverable mail, the newest first.
    ///
    /// # Errors
    /// [`Error::NotAdministrator`].
    pub async fn dead_mail(
        &self,
        administrator: UserId,
        after: Option<JobId>,
        limit: Limit,
    ) -> Result<Vec<Job>, Error> {
        let transactions = self.ports.transactions.on_behalf_of(administrator);
        let mail = transactions.read(async |unit| {
            require_administrator(unit, administrator).await?;
            let mut mail = unit.jobs().list_dead(&JobKind::MAIL, after, limit).await?;
            mail.extend(unit.jobs().list_dead(&JobKind::URGENT_MAIL, after, limit).await?);
            mail.sort_by_key(|mail| Reverse(mail.id));
            mail.truncate(limit.get().into());
            Ok(mail)
        });
        mail.await
    }
}

/// Changes a user in this transaction. Without an `actor` it is the operator, or a provider that the operator trusts.
pub async fn apply(
    tx: &mut Transaction,
    actor: Option<UserId>,
    id: UserId,
    change: UserChange,
    device: &Device,
) -> Result<User, Error> {
    let administrators = tx.users().lock_administrators().await?;
    // They may have lost the role since it was checked.
    if actor.is_some_and(|actor| !administrators.contains(&actor)) {
        return Err(Error::NotAdministrator);
    }
    let mut user = tx.users().lookup(id).await?.ok_or(Error::NotFound(Resource::User))?;
    let before = (user.role, user.disabled_at);
    let (from, now) = (user.version, tx.now());
    user.role = change.role.unwrap_or(user.role);
    match change.disabled {
        Some(true) => user.disable(now),
        Some(false) => user.disabled_at = None,
        None => {}
    }
    if (user.role, user.disabled_at) == before {
        return Ok(user);
    }
    check_not_last(&administrators, &user)?;
    user.touch(now);
    tx.users().update(&user, from).await?;
    if user.role != before.0 {
        let name = Role::NAMES.into_iter().find(|(role, _)| *role == user.role).map_or("", |(_, name)| name);
        tx.record(AuditEntry::new(id, AuditKind::RoleChanged, device).with_detail(name).by(actor)).await?;
    }
    match (before.1, user.disabled_at) {
        (None, Some(_)) => {
            let ended = tx.sessions().end_all(id, None, now).await?;
            tx.end_sessions(ended);
            // They stay, and can be used again when the account is enabled.
            let keys = tx.api_keys().list_by_user(id).await?;
            tx.api_keys_changed(keys.iter().map(|key| key.id));
            tx.record(AuditEntry::new(id, AuditKind::Disabled, device).by(actor)).await?;
        }
        (Some(_), None) => tx.record(AuditEntry::new(id, AuditKind::Enabled, device).by(actor)).await?,
        _ => {}
    }
    Ok(user)
}
