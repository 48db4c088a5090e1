//! Members sign in by their account at a social provider, and link it to theirs.

use std::{sync::Arc, time::Duration};

use memo_domain::{
    Access, AuditKind, Conflict, DisplayName, Email, Identity, Locale, ProviderError, Secret, SocialProvider,
    SocialUser, StoreError, Timestamp, User, UserId,
};

use crate::{
    CookieGrant, Device, Error, Ports, Resource, SignIn, SignUpPolicy, accounts, audit::Happened, read_secret,
    secret_text, tokens::bytes_text, unit::repeat,
};

/// How long somebody may take at the provider.
pub const FLOW_TTL: Duration = Duration::from_mins(10);
/// What the sealed state of a flow is bound to.
const CONTEXT: &str = "social";
/// The error that means a no of the member (RFC 6749, section 4.1.2.1); any other is the provider's.
const REFUSAL: &str = "access_denied";
/// The most of an error that is kept for the log.
const SHOWN: usize = 64;

/// What a browser is sent away with.
#[derive(Debug)]
pub struct Departure {
    /// Where it is sent.
    pub url: String,
    /// What it brings back.
    pub state: String,
    /// What it keeps in a cookie until it is back: sealed, and worth nothing without the state of the callback.
    pub flow: String,
}

/// What a browser comes back with.
#[derive(Debug, Clone, Default)]
pub struct Return {
    /// `state`.
    pub state: Option<String>,
    /// `code`.
    pub code: Option<String>,
    /// `iss` (RFC 9207).
    pub issuer: Option<String>,
    /// `error`.
    pub error: Option<String>,
    /// The language that the browser asks for: who signs up is written to in it.
    pub locale: Locale,
}

/// How a flow ended.
#[derive(Debug)]
pub struct Arrival {
    /// Where the browser goes: a path of this server.
    pub return_to: String,
    /// What came of it.
    pub outcome: Result<Arrived, SocialError>,
}

/// What came of a flow that went well.
#[derive(Debug)]
pub enum Arrived {
    /// Signed in.
    SignedIn(CookieGrant),
    /// The identity was linked to who began the flow.
    Linked,
}

/// Why a flow came to nothing, as the browser is told (`sign_in_error`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SocialError {
    /// The member said no at the provider.
    AccessDenied,
    /// The provider is away, ends the flow for a reason of its own, or says what does not hold.
    ProviderFailed,
    /// The answer is another provider's.
    ProviderMixUp,
    /// An account with this address exists: sign in to it and link.
    EmailTaken,
    /// The provider gives no address, and an account needs one.
    EmailMissing,
    /// Nobody may sign up.
    SignUpClosed,
    /// The member is shut out.
    AccountDisabled,
    /// The identity is another member's.
    IdentityTaken,
    /// The member has another identity at this provider.
    AlreadyLinked,
    /// A second factor is needed, which this way has none of: sign in by password.
    MfaRequired,
    /// A fault of the server.
    ServerError,
}

impl SocialError {
    /// Its name in the address.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::AccessDenied => "access_denied",
            Self::ProviderFailed => "provider_failed",
            Self::ProviderMixUp => "provider_mix_up",
            Self::EmailTaken => "email_taken",
            Self::EmailMissing => "email_missing",
            Self::SignUpClosed => "sign_up_closed",
            Self::AccountDisabled => "account_disabled",
            Self::IdentityTaken => "identity_taken",
            Self::AlreadyLinked => "already_linked",
            Self::MfaRequired => "mfa_required",
            Self::ServerError => "server_error",
        }
    }
}

/// A flow on its way: what the cookie holds, sealed.
struct Flow {
    provider: String,
    state: String,
    nonce: String,
    verifier: String,
    link: Option<UserId>,
    began: Timestamp,
    return_to: String,
}

/// Members sign in by social providers.
pub struct Social {
    ports: Arc<Ports>,
    sign_in: Arc<SignIn>,
    providers: Vec<Arc<dyn SocialProvider>>,
    policy: SignUpPolicy,
}

impl Social {
    #[must_use]
    pub const fn new(
        ports: Arc<Ports>,
        sign_in: Arc<SignIn>,
        providers: Vec<Arc<dyn SocialProvider>>,
        policy: SignUpPolicy,
    ) -> Self {
        Self { ports, sign_in, providers, policy }
    }

    /// The providers that are set up.
    #[must_use]
    pub fn providers(&self) -> &[Arc<dyn SocialProvider>] {
        &self.providers
    }

    /// Sends a browser to a provider. With `link` the identity is linked to that member.
    ///
    /// # Errors
    /// [`Error::NotFound`] where there is no such provider, or [`Error::ProviderUnavailable`].
    pub async fn depart(&self, name: &str, return_to: Option<&str>, link: Option<UserId>) -> Result<Departure, Error> {
        let provider = self.provider(name)?;
        let state = secret_text(&self.ports.secrets.next());
        let request = provider.authorize(&state, &self.redirect_uri(name)).await;
        let request = request.map_err(|error| match error {
            ProviderError::Unavailable { source } | ProviderError::Refused { source } => {
                Error::ProviderUnavailable { source }
            }
        })?;
        let flow = Flow {
            provider: name.to_owned(),
            state: state.clone(),
            nonce: request.nonce,
            verifier: request.verifier,
            link,
            began: self.ports.now(),
            return_to: own_path(return_to).to_owned(),
        };
        Ok(Departure { url: request.url, state, flow: flow.seal(&self.ports)? })
    }

    /// Takes a browser that comes back from a provider. `caller` is who it is signed in as now.
    ///
    /// # Errors
    /// [`Error::StateInvalid`] where the browser did not begin this flow, or it has ended. Whatever else fails is for the
    /// browser to be told.
    pub async fn arrive(
        &self,
        name: &str,
        flow: Option<&str>,
        back: Return,
        caller: Option<UserId>,
        before: Option<&Secret>,
        device: &Device,
    ) -> Result<Arrival, Error> {
        let provider = self.provider(name)?;
        let flow = flow.and_then(|flow| Flow::unseal(&self.ports, flow)).ok_or(Error::StateInvalid)?;
        let state = back.state.as_deref().and_then(read_secret).ok_or(Error::StateInvalid)?;
        let is_same = read_secret(&flow.state).is_some_and(|own| own.digest() == state.digest());
        let is_in_time = self.ports.now().since(flow.began) < FLOW_TTL;
        // Another member may have signed in to this browser since.
        let is_theirs = flow.link.is_none() || flow.link == caller;
        if !is_same || !is_in_time || !is_theirs || flow.provider != name {
            return Err(Error::StateInvalid);
        }
        // A state is good once.
        if !self.ports.cache.claim(&format!("state:{}", bytes_text(state.digest().as_bytes())), FLOW_TTL).await? {
            return Err(Error::StateInvalid);
        }
        let outcome = self.finish(&**provider, &flow, back, before, device).await;
        Ok(Arrival { return_to: flow.return_to, outcome })
    }

    async fn finish(
        &self,
        provider: &dyn SocialProvider,
        flow: &Flow,
        back: Return,
        before: Option<&Secret>,
        device: &Device,
    ) -> Result<Arrived, SocialError> {
        if back.issuer.is_some_and(|issuer| issuer != provider.issuer()) {
            return Err(SocialError::ProviderMixUp);
        }
        let code = match (back.error.as_deref(), back.code) {
            (Some(REFUSAL), _) => return Err(SocialError::AccessDenied),
            (Some(error), _) => {
                tracing::warn!(provider = flow.provider, error = shown(error), "a provider ended a social sign-in");
                return Err(SocialError::ProviderFailed);
            }
            (None, None) => {
                tracing::warn!(provider = flow.provider, "a provider sent a browser back with nothing");
                return Err(SocialError::ProviderFailed);
            }
            (None, Some(code)) => code,
        };
        let redirect_uri = self.redirect_uri(&flow.provider);
        let user = provider.redeem(&code, &flow.nonce, &flow.verifier, &redirect_uri, self.ports.now()).await;
        let user = user.map_err(|error| {
            tracing::warn!(
                provider = flow.provider,
                error = &error as &dyn std::error::Error,
                "a social sign-in failed"
            );
            SocialError::ProviderFailed
        })?;
        if !is_sound(&user) {
            tracing::warn!(provider = flow.provider, "a provider names its user by what is no name");
            return Err(SocialError::ProviderFailed);
        }
        let result = match flow.link {
            Some(member) => repeat(async || self.link(&flow.provider, member, &user, device).await).await,
            None => self.enter(&flow.provider, user, back.locale, before, device).await,
        };
        result.unwrap_or_else(|error| {
            tracing::error!(error = &error as &dyn std::error::Error, "a social sign-in failed");
            Err(SocialError::ServerError)
        })
    }

    async fn enter(
        &self,
        provider: &str,
        social: SocialUser,
        locale: Locale,
        before: Option<&Secret>,
        device: &Device,
    ) -> Result<Result<Arrived, SocialError>, Error> {
        let user = match self.member_of(&social, Access::Read).await? {
            Some(user) => user,
            None => match repeat(async || self.sign_up(provider, &social, locale, device).await).await? {
                Ok(user) => user,
                // The same account may have come in by another tab since.
                Err(error) => match self.member_of(&social, Access::Write).await? {
                    Some(user) => user,
                    None => return Ok(Err(error)),
                },
            },
        };
        if user.disabled_at.is_some() {
            return Ok(Err(SocialError::AccountDisabled));
        }
        let factor = self.ports.store.begin(Access::Read).await?.second_factors().lookup(user.id).await?;
        if factor.is_some_and(|factor| factor.confirmed_at.is_some()) {
            return Ok(Err(SocialError::MfaRequired));
        }
        match self.sign_in.grant_cookie(&user, Some(provider), before, device).await {
            // Since they were looked up they were shut out, or all their sign-ins ended with their password.
            Err(Error::InvalidGrant) => Ok(Err(SocialError::AccountDisabled)),
            grant => Ok(Ok(Arrived::SignedIn(grant?))),
        }
    }

    /// Who has this social account. To write waits for whoever is making one of it.
    async fn member_of(&self, social: &SocialUser, access: Access) -> Result<Option<User>, Error> {
        let mut unit = self.ports.store.begin(access).await?;
        let user = match unit.identities().find_by_subject(&social.issuer, &social.subject).await? {
            Some(identity) => unit.users().lookup(identity.user_id).await?,
            None => None,
        };
        unit.commit().await?;
        Ok(user)
    }

    /// Makes an account of who is not known yet. An address that somebody has is never joined, however well it is proved.
    async fn sign_up(
        &self,
        provider: &str,
        social: &SocialUser,
        locale: Locale,
        device: &Device,
    ) -> Result<Result<User, SocialError>, Error> {
        if self.policy == SignUpPolicy::Closed {
            return Ok(Err(SocialError::SignUpClosed));
        }
        let Some(email) = social.email.as_ref().and_then(|email| Email::new(email).ok()) else {
            return Ok(Err(SocialError::EmailMissing));
        };
        let now = self.ports.now();
        let local = email.as_str().split('@').next().unwrap_or_default();
        let name = social.name.as_deref().into_iter().chain([local, "Member"]).find_map(|name| {
            DisplayName::new(name.chars().filter(|char| !char.is_control()).take(100).collect::<String>()).ok()
        });
        let Some(name) = name else { return Ok(Err(SocialError::ServerError)) };
        let id = UserId::new(self.ports.id(now));
        let mut user = User::without_password(id, email, name, locale, now);
        user.email_verified = social.email_verified;
        let mut unit = self.ports.store.begin(Access::Write).await?;
        match unit.users().insert(&user).await {
            Err(StoreError::Conflict { what: Conflict::Email }) => return Ok(Err(SocialError::EmailTaken)),
            result => result.map_err(accounts::taken)?,
        }
        match unit.identities().insert(&identity(provider, user.id, social, now)).await {
            Err(StoreError::Conflict { what: Conflict::Id }) => return Ok(Err(SocialError::IdentityTaken)),
            result => result?,
        }
        Happened::to(user.id, AuditKind::SignedUp, device).with(provider).record(&mut *unit, &self.ports).await?;
        if !user.email_verified {
            accounts::ask_to_verify(&mut *unit, &self.ports, &user).await?;
        }
        self.ports.commit_mail(unit).await?;
        Ok(Ok(user))
    }

    async fn link(
        &self,
        provider: &str,
        member: UserId,
        social: &SocialUser,
        device: &Device,
    ) -> Result<Result<Arrived, SocialError>, Error> {
        let mut unit = self.ports.store.begin(Access::Write).await?;
        // In this order: what another tab links in between is then known to be the same.
        let own = unit.identities().list_by_user(member).await?;
        if let Some(known) = unit.identities().find_by_subject(&social.issuer, &social.subject).await? {
            let linked = known.user_id == member;
            return Ok(if linked { Ok(Arrived::Linked) } else { Err(SocialError::IdentityTaken) });
        }
        if own.iter().any(|identity| identity.provider == provider) {
            return Ok(Err(SocialError::AlreadyLinked));
        }
        let now = self.ports.now();
        match unit.identities().insert(&identity(provider, member, social, now)).await {
            // Somebody was faster: whose it is now is read anew.
            Err(StoreError::Conflict { what: Conflict::Id }) => return Err(StoreError::Stale.into()),
            result => result?,
        }
        Happened::to(member, AuditKind::IdentityLinked, device).with(provider).record(&mut *unit, &self.ports).await?;
        unit.commit().await?;
        Ok(Ok(Arrived::Linked))
    }

    /// A member's identities.
    ///
    /// # Errors
    /// Those of the store alone.
    pub async fn identities(&self, user: UserId) -> Result<Vec<Identity>, Error> {
        Ok(self.ports.store.begin(Access::Read).await?.identities().list_by_user(user).await?)
    }

    /// Takes an identity away from its member.
    ///
    /// # Errors
    /// [`Error::NotFound`], or [`Error::LastWayToSignIn`] where they could not sign in any more.
    pub async fn unlink(&self, user: UserId, provider: &str, device: &Device) -> Result<(), Error> {
        let mut unit = self.ports.store.begin(Access::Write).await?;
        let all = unit.identities().list_by_user(user).await?;
        if all.iter().all(|identity| identity.provider != provider) {
            return Err(Error::NotFound(Resource::Identity));
        }
        let has_password = unit.users().lookup(user).await?.is_some_and(|user| user.password_hash.is_some());
        if !has_password && all.len() == 1 {
            return Err(Error::LastWayToSignIn);
        }
        unit.identities().remove(user, provider).await?;
        Happened::to(user, AuditKind::IdentityUnlinked, device).with(provider).record(&mut *unit, &self.ports).await?;
        Ok(unit.commit().await?)
    }

    fn provider(&self, name: &str) -> Result<&Arc<dyn SocialProvider>, Error> {
        let provider = self.providers.iter().find(|provider| provider.name() == name);
        provider.ok_or(Error::NotFound(Resource::Provider))
    }

    fn redirect_uri(&self, name: &str) -> String {
        format!("{}/api/v1/auth/providers/{name}/callback", self.ports.public_url)
    }
}

/// The most characters of an issuer and a subject (`OpenID` Connect Core 1.0, section 2).
const MAX_NAME: usize = 255;

/// Whether it can be kept: what names somebody must be something, and not without end.
fn is_sound(user: &SocialUser) -> bool {
    [&user.issuer, &user.subject].into_iter().all(|name| {
        let is_long = name.chars().count() > MAX_NAME;
        !name.is_empty() && !is_long && !name.chars().any(char::is_control)
    })
}

fn identity(provider: &str, user_id: UserId, social: &SocialUser, now: Timestamp) -> Identity {
    Identity {
        user_id,
        provider: provider.to_owned(),
        issuer: social.issuer.clone(),
        subject: social.subject.clone(),
        // It is shown, and nothing else depends on it.
        email: social.email.clone().filter(|email| Email::new(email).is_ok()),
        created_at: now,
    }
}

/// An error for the log: whatever came with the browser, it is a short word.
fn shown(error: &str) -> String {
    error.chars().map(|char| if char.is_ascii_graphic() { char } else { '_' }).take(SHOWN).collect()
}

/// A path of this server, or its root: whatever a browser could read as another host is none.
fn own_path(path: Option<&str>) -> &str {
    let is_own = |path: &&str| {
        path.starts_with('/')
            && !path.starts_with("//")
            && path.len() <= 2_000
            && path.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\')
    };
    path.filter(is_own).unwrap_or("/")
}

impl Flow {
    fn seal(&self, ports: &Ports) -> Result<String, Error> {
        let link = self.link.map(|id| id.to_string()).unwrap_or_default();
        let began = self.began.as_micros().to_string();
        let fields = [&self.provider, &self.state, &self.nonce, &self.verifier, &link, &began, &self.return_to];
        let plain = fields.map(String::as_str).join("\0");
        let sealed = ports.sealer.seal(CONTEXT, plain.as_bytes());
        Ok(bytes_text(sealed.map_err(|source| Error::Internal { source })?.as_bytes()))
    }

    fn unseal(ports: &Ports, text: &str) -> Option<Self> {
        let sealed = memo_domain::Sealed::new(crate::tokens::read_bytes(text)?);
        let plain = String::from_utf8(ports.sealer.open(CONTEXT, &sealed).ok()?).ok()?;
        let mut fields = plain.split('\0').map(str::to_owned);
        let mut next = || fields.next();
        Some(Self {
            provider: next()?,
            state: next()?,
            nonce: next()?,
            verifier: next()?,
            link: match next()? {
                link if link.is_empty() => None,
                link => Some(UserId::parse(&link).ok()?),
            },
            began: Timestamp::from_micros(next()?.parse().ok()?),
            return_to: next()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::{own_path, shown};

    #[test]
    fn an_error_in_the_log_is_a_short_word() {
        assert_eq!(shown("temporarily_unavailable"), "temporarily_unavailable");
        assert_eq!(shown("a\r\nb c\u{202e}\u{1b}[31m한"), "a__b_c__[31m_");
        assert_eq!(shown(&"x".repeat(10_000)).len(), 64);
    }

    #[test]
    fn a_browser_is_sent_to_own_paths_only() {
        for path in ["/", "/docs", "/notes?tab=1&x=%2F%2Fevil.example#top"] {
            assert_eq!(own_path(Some(path)), path);
        }
        for path in [
            "//evil.example",
            "/\\evil.example",
            "https://evil.example",
            "\\\\evil.example",
            "",
            "evil",
            "/a\r\nSet-Cookie: x",
            "/\t/evil.example",
            "javascript:alert(1)",
            "/a b",
            " /",
            "/한글",
        ] {
            assert_eq!(own_path(Some(path)), "/", "{path:?}");
        }
        assert_eq!(own_path(None), "/");
    }
}
