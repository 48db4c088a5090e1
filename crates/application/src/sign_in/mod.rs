//! Users sign in, stay signed in and sign out.

mod browser_sessions;
mod cookies;
mod devices;
mod password;
mod second_step;
mod sessions;
mod tokens;

use std::{
    net::{IpAddr, Ipv6Addr},
    sync::Arc,
    time::Duration,
};

use memo_domain::{
    ApiKeyId, AuditKind, HashLane, HashPurpose, MailMessage, PublicKey, Scopes, Secret, SecretDigest, Session,
    SessionId, Timestamp, User, UserId,
};

use crate::{
    Error, Ports, Recognized, UnauthenticatedReason, audit::AuditEntry, jobs::mail, live::LiveSessions,
    reauthentication::Reauthentication, transaction::Transaction,
};
pub use browser_sessions::StoredBrowserSessions;
pub use cookies::CookieGrant;
pub use devices::DEVICE_TTL;
pub use tokens::Grant;

/// The maximum number of live sessions of a user. Beyond it the oldest one ends: all of them must end at once when the user says so.
const MAX_SESSIONS: usize = 1_000;

/// Lifetimes of sessions and tokens.
#[derive(Debug, Clone, Copy)]
pub struct SignInSettings {
    /// Of an access token.
    pub access_token_ttl: Duration,
    /// Of an unused refresh token.
    pub refresh_token_ttl: Duration,
    /// Of an unused session cookie.
    pub session_ttl: Duration,
    /// How long after its first use a refresh token can be used again: two tabs or a lost response sign no one out.
    pub refresh_reuse_leeway: Duration,
}

/// The client of a request, as its user recognises it.
#[derive(Debug, Clone, Default)]
pub struct Device {
    /// The `User-Agent`, cut to 200 characters.
    pub name: Option<String>,
    /// The IP address.
    pub ip: Option<String>,
    /// The id of the request.
    pub request_id: Option<String>,
    /// The API key that authenticated the request; `None` if none did.
    pub api_key_id: Option<ApiKeyId>,
    /// What shows that the client has signed in before.
    pub recognized: Vec<Recognized>,
}

impl Device {
    /// The IP address; for IPv6 its network, since a host has all addresses of it.
    pub(crate) fn network(&self) -> Option<IpAddr> {
        Some(match self.ip.as_deref()?.parse().ok()? {
            IpAddr::V4(address) => address.into(),
            IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() >> 64 << 64).into(),
        })
    }

    /// Where a password of this client waits to be hashed.
    pub(crate) fn lane(&self, purpose: HashPurpose) -> HashLane {
        HashLane { purpose, client: self.network() }
    }
}

/// The result of a sign-in with a correct password.
#[derive(Debug)]
pub enum SignedIn<T> {
    /// The user is signed in.
    Done(T),
    /// The second factor is needed, with this token, within 5 minutes.
    SecondFactorNeeded(Secret),
}

/// Signs users in.
pub struct SignIn {
    ports: Arc<Ports>,
    settings: SignInSettings,
    live: Arc<LiveSessions>,
    reauthentication: Arc<Reauthentication>,
}

/// A session that is not stored yet.
struct NewSession<'a> {
    user: &'a User,
    device: &'a Device,
    session: Session,
    /// Whether the user has other live sessions, none of them on such a device.
    is_new_device: bool,
    proof: Proof<'a>,
}

/// How a user has proved who they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Proof<'a> {
    /// By the password alone.
    Password,
    /// By the password and the second factor.
    SecondFactor,
    /// By the social account of a provider, alone.
    Provider(&'a str),
}

impl SignIn {
    #[must_use]
    pub const fn new(
        ports: Arc<Ports>,
        settings: SignInSettings,
        live: Arc<LiveSessions>,
        reauthentication: Arc<Reauthentication>,
    ) -> Self {
        Self { ports, settings, live, reauthentication }
    }

    /// Returns the public keys that verify access tokens without a request to this server; the first one signs.
    #[must_use]
    pub fn public_keys(&self) -> &[PublicKey] {
        self.ports.signer.public_keys()
    }

    /// Prepares a session of a user who has proved who they are.
    async fn new_session<'a>(
        &self,
        user: &'a User,
        scopes: Scopes,
        cookie: Option<SecretDigest>,
        proof: Proof<'a>,
        device: &'a Device,
    ) -> Result<NewSession<'a>, Error> {
        let now = self.ports.now();
        let ttl = if cookie.is_some() { self.settings.session_ttl } else { self.settings.refresh_token_ttl };
        let provider = match proof {
            Proof::Provider(provider) => Some(provider.to_owned()),
            Proof::Password | Proof::SecondFactor => None,
        };
        let session = Session {
            id: SessionId::new(self.ports.id(now)),
            user_id: user.id,
            scopes,
            cookie,
            provider,
            device: device.name.clone(),
            ip: device.ip.clone(),
            created_at: now,
            proved_at: None,
            last_seen_at: now,
            expires_at: now + ttl.min(Session::MAX_AGE),
            ended_at: None,
        };
        let others = self.ports.browser_sessions.list_live(user.id, now).await?;
        let is_new_device = !others.is_empty() && others.iter().all(|other| other.device != session.device);
        let session = self.ports.browser_sessions.prepare(&session).await?;
        Ok(NewSession { user, device, session, is_new_device, proof })
    }

    /// Inserts a session, and notifies its user of a new device.
    async fn insert_session(&self, tx: &mut Transaction, new: &NewSession<'_>) -> Result<(), Error> {
        let NewSession { user, device, session, is_new_device, proof } = new;
        check_unchanged(tx, user).await?;
        check_suffices(tx, user.id, *proof).await?;
        let now = tx.now();
        let live = tx.sessions().list_live(user.id, now).await?;
        for oldest in live.into_iter().skip(MAX_SESSIONS - 1) {
            end(tx, oldest, AuditKind::SignedOut, device).await?;
        }
        tx.sessions().insert(session).await?;
        let provider = session.provider.as_deref().unwrap_or("password");
        tx.record(AuditEntry::new(user.id, AuditKind::SignedIn, device).with_detail(provider)).await?;
        if *is_new_device {
            let message = MailMessage::NewDevice { device: device.name.clone(), ip: device.ip.clone() };
            mail::send(tx, &self.ports, user, message).await?;
        }
        Ok(())
    }

    /// Returns whether a session is live, as remembered from a moment ago or by the store.
    async fn is_live(&self, session_id: SessionId, user_id: UserId, now: Timestamp) -> Result<bool, Error> {
        let Some(watch) = self.live.look(session_id, now) else { return Ok(true) };
        let transactions = self.ports.transactions.on_behalf_of(user_id);
        let session = transactions.read(async |unit| Ok(unit.sessions().lookup(session_id).await?)).await?;
        let live = session.is_some_and(|session| session.user_id == user_id && session.is_live(now));
        if live {
            self.live.keep(session_id, now, &watch);
        }
        Ok(live)
    }
}

/// Ends a session on every node.
async fn end(tx: &mut Transaction, mut session: Session, kind: AuditKind, device: &Device) -> Result<(), Error> {
    session.end(tx.now());
    tx.sessions().update(&session).await?;
    tx.record(AuditEntry::new(session.user_id, kind, device)).await?;
    tx.end_sessions([session.id]);
    Ok(())
}

/// Checks that the account is still enabled and has the password that was proved. If not, all its sessions were ended since,
/// and no new one must remain. The lookup locks the user until the transaction ends.
async fn check_unchanged(tx: &mut Transaction, proved: &User) -> Result<(), Error> {
    let user = tx.users().lookup(proved.id).await?;
    let user = user.filter(|user| user.disabled_at.is_none() && user.password_hash == proved.password_hash);
    user.map(drop).ok_or(Error::InvalidGrant)
}

/// Checks that the social account is still linked, and that no second factor was turned on meanwhile. The user is locked, as by
/// those changes.
async fn check_suffices(tx: &mut Transaction, user: UserId, proof: Proof<'_>) -> Result<(), Error> {
    let is_linked = match proof {
        Proof::Provider(provider) => {
            tx.identities().list_by_user(user).await?.iter().any(|identity| identity.provider == provider)
        }
        Proof::Password | Proof::SecondFactor => true,
    };
    let factor = match proof {
        Proof::Password | Proof::Provider(_) => tx.second_factors().lookup(user).await?,
        Proof::SecondFactor => None,
    };
    let needs_factor = factor.is_some_and(|factor| factor.confirmed_at.is_some());
    if is_linked && !needs_factor { Ok(()) } else { Err(Error::InvalidGrant) }
}

const fn ended() -> Error {
    Error::Unauthenticated(UnauthenticatedReason::SessionEnded)
}

/// Returns when a session expires that is used now.
fn prolonged(session: &Session, ttl: Duration, now: Timestamp) -> Timestamp {
    (now + ttl).min(session.ends_at_latest()).max(session.expires_at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_one_ipv6_network_count_as_one() {
        let of = |ip: &str| Device { ip: Some(ip.to_owned()), ..Device::default() }.network();
        assert_eq!(of("2001:db8:1:2:3::4"), of("2001:db8:1:2:ffff::1"));
        assert_ne!(of("2001:db8:1:2::1"), of("2001:db8:1:3::1"));
        assert_ne!(of("203.0.113.1"), of("203.0.113.2"));
        assert_eq!(of("somewhere"), None);
    }
}
