//! Members sign in, stay signed in, and sign out.

mod browser_sessions;
mod cookies;
mod password;
mod second_step;
mod sessions;
mod tokens;

use std::{sync::Arc, time::Duration};

use memo_domain::{
    AuditKind, PublicKey, Scopes, Secret, SecretDigest, Session, SessionId, Timestamp, UnitOfWork, User, UserId,
};

use crate::{
    Error, Ports, UnauthenticatedReason,
    audit::Happened,
    live::LiveSessions,
    mails::{self, Letter},
    proof::Proofs,
};
pub use browser_sessions::StoredBrowserSessions;
pub use cookies::CookieGrant;
pub use tokens::Grant;

/// How long what is issued lives.
#[derive(Debug, Clone, Copy)]
pub struct SignInSettings {
    /// An access token.
    pub access_token_ttl: Duration,
    /// A refresh token that is not used.
    pub refresh_token_ttl: Duration,
    /// A cookie that is not used.
    pub session_ttl: Duration,
    /// How long after its first use a refresh token still gets a fresh pair: two tabs or a lost answer log nobody out.
    pub refresh_reuse_leeway: Duration,
}

/// What a request is made from, for its owner to recognise it.
#[derive(Debug, Clone, Default)]
pub struct Device {
    /// What it calls itself (`User-Agent`), cut to 200 characters.
    pub name: Option<String>,
    /// Its address.
    pub ip: Option<String>,
    /// The request.
    pub request_id: Option<String>,
}

/// What a right password leads to.
#[derive(Debug)]
pub enum SignedIn<T> {
    /// Signed in.
    Done(T),
    /// The second factor is still to come, with this token, within 5 minutes.
    SecondFactorNeeded(Secret),
}

/// Members sign in.
pub struct SignIn {
    ports: Arc<Ports>,
    settings: SignInSettings,
    live: Arc<LiveSessions>,
    proofs: Arc<Proofs>,
}

/// A sign-in that is about to begin.
struct NewSession<'a> {
    user: &'a User,
    device: &'a Device,
    session: Session,
    /// Whether the member is signed in elsewhere, and nowhere from such a device.
    is_new_device: bool,
}

impl SignIn {
    #[must_use]
    pub const fn new(
        ports: Arc<Ports>,
        settings: SignInSettings,
        live: Arc<LiveSessions>,
        proofs: Arc<Proofs>,
    ) -> Self {
        Self { ports, settings, live, proofs }
    }

    /// The keys by which anybody can check an access token without asking here; the first one signs.
    #[must_use]
    pub fn public_keys(&self) -> &[PublicKey] {
        self.ports.signer.public_keys()
    }

    /// Makes ready for a sign-in of somebody who has proved who they are.
    async fn new_session<'a>(
        &self,
        user: &'a User,
        scopes: Scopes,
        cookie: Option<SecretDigest>,
        provider: Option<&str>,
        device: &'a Device,
    ) -> Result<NewSession<'a>, Error> {
        let now = self.ports.now();
        let ttl = if cookie.is_some() { self.settings.session_ttl } else { self.settings.refresh_token_ttl };
        let session = Session {
            id: SessionId::new(self.ports.id(now)),
            user_id: user.id,
            scopes,
            cookie,
            provider: provider.map(str::to_owned),
            device: device.name.clone(),
            ip: device.ip.clone(),
            created_at: now,
            last_seen_at: now,
            expires_at: now + ttl.min(Session::MAX_AGE),
            ended_at: None,
        };
        let others = self.ports.browser_sessions.list_live(user.id, now).await?;
        let is_new_device = !others.is_empty() && others.iter().all(|other| other.device != session.device);
        let session = self.ports.browser_sessions.prepare(&session).await?;
        Ok(NewSession { user, device, session, is_new_device })
    }

    /// Adds a sign-in, and tells its member where it is from something new.
    async fn begin_session(&self, unit: &mut dyn UnitOfWork, new: &NewSession<'_>) -> Result<(), Error> {
        let NewSession { user, device, session, is_new_device } = new;
        check_still(unit, user).await?;
        unit.sessions().insert(session).await?;
        Happened::to(user.id, AuditKind::SignedIn, device)
            .with(session.provider.as_deref().unwrap_or("password"))
            .record(&mut *unit, &self.ports)
            .await?;
        if *is_new_device {
            let letter = Letter::NewDevice { device: device.name.as_deref(), ip: device.ip.as_deref() };
            mails::enqueue(unit, &self.ports, user, letter).await?;
        }
        Ok(())
    }

    /// Commits a sign-in that was added.
    async fn commit_session(&self, unit: Box<dyn UnitOfWork>, new: &NewSession<'_>) -> Result<(), Error> {
        let committed = if new.is_new_device { self.ports.commit_mail(unit).await } else { unit.commit().await };
        Ok(committed?)
    }

    /// Whether a sign-in lives, by what was known a moment ago or by the store.
    async fn is_live(&self, session_id: SessionId, user_id: UserId, now: Timestamp) -> Result<bool, Error> {
        let Some(watch) = self.live.look(session_id, now) else { return Ok(true) };
        let session = self.ports.store.begin(memo_domain::Access::Read).await?.sessions().lookup(session_id).await?;
        let live = session.is_some_and(|session| session.user_id == user_id && session.is_live(now));
        if live {
            self.live.keep(session_id, now, &watch);
        }
        Ok(live)
    }

    async fn end(
        &self,
        mut unit: Box<dyn UnitOfWork>,
        mut session: Session,
        kind: AuditKind,
        device: &Device,
    ) -> Result<(), Error> {
        let id = session.id;
        session.ended_at = Some(self.ports.now());
        unit.sessions().update(&session).await?;
        Happened::to(session.user_id, kind, device).record(&mut *unit, &self.ports).await?;
        unit.commit().await?;
        self.live.forget(id);
        Ok(())
    }
}

/// What a member has proved is worth nothing any more where they were shut out since, or have another password: all their
/// sign-ins were ended, and one that was on its way shall not be left over. They stay as they are until the unit of work ends.
async fn check_still(unit: &mut dyn UnitOfWork, proved: &User) -> Result<(), Error> {
    let user = unit.users().lookup(proved.id).await?;
    let user = user.filter(|user| user.disabled_at.is_none() && user.password_hash == proved.password_hash);
    user.map(drop).ok_or(Error::InvalidGrant)
}

const fn ended() -> Error {
    Error::Unauthenticated(UnauthenticatedReason::SessionEnded)
}

/// When a sign-in ends that is used now.
fn prolonged(session: &Session, ttl: Duration, now: Timestamp) -> Timestamp {
    (now + ttl).min(session.ends_at_latest()).max(session.expires_at)
}
