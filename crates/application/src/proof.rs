//! A member proves once more that it is them, before something that a stolen sign-in must not do.

use std::{
    net::{IpAddr, Ipv6Addr},
    sync::Arc,
    time::Duration,
};

use memo_domain::{Access, AuditKind, Password, Session, SessionId, User, UserId};

use crate::{
    Device, Error, Ports, UnauthenticatedReason,
    audit::Happened,
    guesses::{Guesses, OF_ACCOUNT, OF_ADDRESS},
};

/// How long a sign-in by a social provider is as good as a password.
const RECENT: Duration = Duration::from_mins(10);

/// Takes proofs.
pub struct Proofs {
    ports: Arc<Ports>,
    of_accounts: Guesses,
    of_addresses: Guesses,
}

/// Who proves that it is them.
#[derive(Debug, Clone, Copy)]
pub struct Claimant {
    /// The member.
    pub user_id: UserId,
    /// The session that they prove it in, if any.
    pub session_id: Option<SessionId>,
}

impl Proofs {
    #[must_use]
    pub fn new(ports: Arc<Ports>) -> Self {
        Self { ports, of_accounts: Guesses::new(OF_ACCOUNT), of_addresses: Guesses::new(OF_ADDRESS) }
    }

    /// Takes the password, or where there is none a social sign-in of the last 10 minutes. The member as they are.
    pub(crate) async fn of_owner(
        &self,
        claimant: Claimant,
        password: Option<&str>,
        device: &Device,
    ) -> Result<User, Error> {
        let ended = Error::Unauthenticated(UnauthenticatedReason::SessionEnded);
        let mut unit = self.ports.store.begin(Access::Read).await?;
        let Some(user) = unit.users().lookup(claimant.user_id).await? else { return Err(ended) };
        if user.password_hash.is_none() {
            let Some(session_id) = claimant.session_id else { return Err(Error::RecentSignInRequired) };
            let session = unit.sessions().lookup(session_id).await?.ok_or(ended)?;
            return if self.is_recent(&session) { Ok(user) } else { Err(Error::RecentSignInRequired) };
        }
        drop(unit);
        self.count(user.email.key(), device)?;
        let verified = match password.map(Password::new) {
            Some(Ok(password)) => self.ports.hasher.verify(&password, user.password_hash.as_ref()).await,
            _ => Ok(false),
        };
        if !matches!(verified, Ok(false)) {
            // It was right, or it was not looked at.
            self.forgive(user.email.key(), device);
        }
        if verified? {
            return Ok(user);
        }
        self.failed(&user, device);
        Err(Error::PasswordWrong)
    }

    /// As [`of_owner`](Self::of_owner); of who has a password, too, a social sign-in of the last 10 minutes is taken in its
    /// place. One that is named all the same has to be right. The member as they are, where they proved it by that.
    pub(crate) async fn of_leaver(
        &self,
        claimant: Claimant,
        password: Option<&str>,
        device: &Device,
    ) -> Result<Option<User>, Error> {
        if let (None, Some(session_id)) = (password, claimant.session_id) {
            let session = self.ports.store.begin(Access::Read).await?.sessions().lookup(session_id).await?;
            if session.is_some_and(|session| self.is_recent(&session)) {
                return Ok(None);
            }
        }
        self.of_owner(claimant, password, device).await.map(Some)
    }

    fn is_recent(&self, session: &Session) -> bool {
        session.provider.is_some() && self.ports.now().since(session.created_at) <= RECENT
    }

    /// Counts a guess at an account, right or wrong.
    pub(crate) fn count(&self, account: &str, device: &Device) -> Result<(), Error> {
        let (now, address) = (self.ports.now(), address(device));
        if let Some(address) = &address {
            self.of_addresses.count(address, now)?;
        }
        self.of_accounts.count(account, now).inspect_err(|_| {
            // It was not looked at.
            if let Some(address) = &address {
                self.of_addresses.forgive(address);
            }
        })
    }

    /// The guess that was counted last was right, or was not looked at.
    pub(crate) fn forgive(&self, account: &str, device: &Device) {
        self.of_accounts.forgive(account);
        if let Some(address) = address(device) {
            self.of_addresses.forgive(&address);
        }
    }

    /// Writes down a wrong guess, beside the answer: its time shall not tell that there is such an account.
    pub(crate) fn failed(&self, user: &User, device: &Device) {
        let (ports, device, user_id) = (self.ports.clone(), device.clone(), user.id);
        self.ports.background.run(Box::pin(async move {
            let happened = Happened::to(user_id, AuditKind::SignInFailed, &device);
            let written = async {
                let mut unit = ports.store.begin(Access::Write).await?;
                happened.record(&mut *unit, &ports).await?;
                unit.commit().await
            };
            if let Err(error) = written.await {
                tracing::warn!(error = &error as &dyn std::error::Error, "a failed sign-in was not written down");
            }
        }));
    }
}

/// What was proved by a password is worth nothing where the member has another one by now.
pub fn check_same_password(proved: &User, now: &User) -> Result<(), Error> {
    if proved.password_hash == now.password_hash { Ok(()) } else { Err(Error::PasswordWrong) }
}

/// The address that somebody comes from; of IPv6 the network, since a host has all of one.
fn address(device: &Device) -> Option<String> {
    let address = device.ip.as_deref()?.parse().ok()?;
    Some(match address {
        IpAddr::V4(address) => address.to_string(),
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() >> 64 << 64).to_string(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_of_ipv6_is_one_address() {
        let of = |ip: &str| address(&Device { ip: Some(ip.to_owned()), ..Device::default() });
        assert_eq!(of("2001:db8:1:2:3::4"), of("2001:db8:1:2:ffff::1"));
        assert_ne!(of("2001:db8:1:2::1"), of("2001:db8:1:3::1"));
        assert_ne!(of("203.0.113.1"), of("203.0.113.2"));
        assert_eq!(of("somewhere"), None);
    }
}
