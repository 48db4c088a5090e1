//! Administrators see members, shut them out, let them in and change their roles.

use std::sync::Arc;

use memo_domain::{
    Access, AuditKind, Job, JobId, JobKind, Limit, Page, PageRequest, Role, UnitOfWork, User, UserFilter, UserId,
};

use crate::{Device, Error, Ports, Resource, UnauthenticatedReason, audit::Happened, live::LiveSessions, unit::repeat};

/// What an administrator changes of a member; `None` leaves it as it is.
#[derive(Debug, Clone, Copy, Default)]
pub struct MemberChange {
    /// Their role.
    pub role: Option<Role>,
    /// Whether they are shut out.
    pub disabled: Option<bool>,
}

/// Administrators look after members.
pub struct Administration {
    ports: Arc<Ports>,
    live: Arc<LiveSessions>,
}

impl Administration {
    #[must_use]
    pub const fn new(ports: Arc<Ports>, live: Arc<LiveSessions>) -> Self {
        Self { ports, live }
    }

    /// A page of the members that fit, the oldest first, and how many there are in all where that is asked for.
    ///
    /// # Errors
    /// [`Error::NotAdministrator`].
    pub async fn members(
        &self,
        administrator: UserId,
        filter: &UserFilter,
        page: &PageRequest<UserId>,
        with_total: bool,
    ) -> Result<(Page<User, UserId>, Option<u64>), Error> {
        let access = if with_total { Access::Snapshot } else { Access::Read };
        let mut unit = self.ports.store.begin(access).await?;
        require(&mut *unit, administrator, Role::Admin).await?;
        let page = unit.users().list(filter, page).await?;
        let total = if with_total { Some(unit.users().count(filter).await?) } else { None };
        Ok((page, total))
    }

    /// Changes a member; who is shut out is signed out everywhere.
    ///
    /// # Errors
    /// [`Error::NotAdministrator`], [`Error::NotFound`], or [`Error::LastAdministrator`] where nobody would be left who
    /// administers.
    pub async fn change(
        &self,
        administrator: UserId,
        id: UserId,
        change: MemberChange,
        device: &Device,
    ) -> Result<User, Error> {
        // Who may not do this locks nobody.
        require(&mut *self.ports.store.begin(Access::Read).await?, administrator, Role::Admin).await?;
        repeat(async || {
            let unit = self.ports.store.begin(Access::Write).await?;
            self.apply(unit, Some(administrator), id, change, device).await
        })
        .await
    }

    /// As [`change`](Self::change), by whoever runs the server.
    ///
    /// # Errors
    /// As [`change`](Self::change).
    pub async fn change_by_operator(&self, id: UserId, change: MemberChange) -> Result<User, Error> {
        repeat(async || {
            let unit = self.ports.store.begin(Access::Write).await?;
            self.apply(unit, None, id, change, &Device::default()).await
        })
        .await
    }

    async fn apply(
        &self,
        mut unit: Box<dyn UnitOfWork>,
        actor: Option<UserId>,
        id: UserId,
        change: MemberChange,
        device: &Device,
    ) -> Result<User, Error> {
        let administrators = unit.users().lock_administrators().await?;
        // They may have been one a moment ago.
        if actor.is_some_and(|actor| !administrators.contains(&actor)) {
            return Err(Error::NotAdministrator);
        }
        let mut user = unit.users().lookup(id).await?.ok_or(Error::NotFound(Resource::User))?;
        let before = (user.role, user.disabled_at);
        let (from, now) = (user.version, self.ports.now());
        user.role = change.role.unwrap_or(user.role);
        user.disabled_at = match change.disabled {
            Some(true) => Some(user.disabled_at.unwrap_or(now)),
            Some(false) => None,
            None => user.disabled_at,
        };
        if (user.role, user.disabled_at) == before {
            return Ok(user);
        }
        check_not_last(&administrators, &user)?;
        user.touch(now);
        unit.users().update(&user, from).await?;
        let mut kinds = Vec::new();
        if user.role != before.0 {
            let name = Role::NAMES.into_iter().find(|(role, _)| *role == user.role).map_or("", |(_, name)| name);
            kinds.push(Happened::to(id, AuditKind::RoleChanged, device).with(name));
        }
        let ended = match (before.1, user.disabled_at) {
            (None, Some(_)) => {
                kinds.push(Happened::to(id, AuditKind::Disabled, device));
                unit.sessions().end_all(id, None, now).await?
            }
            (Some(_), None) => {
                kinds.push(Happened::to(id, AuditKind::Enabled, device));
                Vec::new()
            }
            _ => Vec::new(),
        };
        for happened in kinds {
            let happened = Happened { actor_id: actor, ..happened };
            happened.record(&mut *unit, &self.ports).await?;
        }
        unit.commit().await?;
        self.live.forget_all(&ended);
        Ok(user)
    }

    /// Mail that is not tried any more, the newest first.
    ///
    /// # Errors
    /// [`Error::NotAdministrator`].
    pub async fn dead_mail(
        &self,
        administrator: UserId,
        after: Option<JobId>,
        limit: Limit,
    ) -> Result<Vec<Job>, Error> {
        let mut unit = self.ports.store.begin(Access::Read).await?;
        require(&mut *unit, administrator, Role::Admin).await?;
        Ok(unit.jobs().list_dead(&JobKind::MAIL, after, limit).await?)
    }
}

/// Somebody who administers has to be left.
pub fn check_not_last(administrators: &[UserId], changed: &User) -> Result<(), Error> {
    let is_left = changed.role == Role::Admin && changed.disabled_at.is_none();
    if administrators == [changed.id] && !is_left { Err(Error::LastAdministrator) } else { Ok(()) }
}

/// The member, where they have a role and are not shut out.
pub async fn require(unit: &mut dyn UnitOfWork, id: UserId, role: Role) -> Result<User, Error> {
    let user = unit.users().lookup(id).await?.filter(|user| user.disabled_at.is_none());
    let user = user.ok_or(Error::Unauthenticated(UnauthenticatedReason::SessionEnded))?;
    if user.role == role { Ok(user) } else { Err(Error::NotAdministrator) }
}
