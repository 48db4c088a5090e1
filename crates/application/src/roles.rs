//! Who may administer.

use memo_domain::{Role, UnitOfWork, User, UserId};

use crate::{Error, UnauthenticatedReason};

/// Returns the user, if they are an enabled administrator.
///
/// # Errors
/// [`Error::Unauthenticated`] if the account is disabled or gone, or [`Error::NotAdministrator`].
pub async fn require_administrator(unit: &mut dyn UnitOfWork, id: UserId) -> Result<User, Error> {
    let user = unit.users().lookup(id).await?.filter(|user| user.disabled_at.is_none());
    let user = user.ok_or(Error::Unauthenticated(UnauthenticatedReason::SessionEnded))?;
    if user.role == Role::Admin { Ok(user) } else { Err(Error::NotAdministrator) }
}

/// Checks that an enabled administrator remains after a user has become what `changed` says.
///
/// # Errors
/// [`Error::LastAdministrator`].
pub fn check_not_last(administrators: &[UserId], changed: &User) -> Result<(), Error> {
    let remains = changed.role == Role::Admin && changed.disabled_at.is_none();
    if administrators == [changed.id] && !remains { Err(Error::LastAdministrator) } else { Ok(()) }
}
