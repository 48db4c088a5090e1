//! The authorization code flow: the authorization request, and redeeming the code of the callback.

use std::{borrow::Cow, sync::Arc, time::Duration};

use async_trait::async_trait;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use memo_domain::{
    AuthorizationRequest, Clock, MessageTokens, ProviderError, SecretGenerator, SocialProvider, SocialRole, SocialUser,
    Timestamp,
};
use oauth2::{
    AuthType, AuthUrl, AuthorizationCode, ClientId, ClientSecret, CsrfToken, EndpointNotSet, EndpointSet,
    PkceCodeChallenge, PkceCodeVerifier, RedirectUrl, RefreshToken, RequestTokenError, Scope, StandardRevocableToken,
    TokenUrl,
    basic::{BasicErrorResponse, BasicRevocationErrorResponse, BasicTokenIntrospectionResponse},
};
use serde::Deserialize;
use serde_json::Value;
use tokio::{sync::Mutex, time::timeout};
use url::Url;

use super::{
    ProviderKind, ProviderSettings, ProviderSettingsError,
    discovery::Discovered,
    http::{CallError, Http},
    id_token::{Claims, Fault, Token},
    quote, refused,
    settings::Plan,
    tokens::Tokens,
    unavailable,
    user_info::{self, NaverResponse},
};

/// Time limit of a call: a little less than the 10 s of the contract.
const LIMIT: Duration = Duration::from_millis(9_500);

/// The scope of Kakao's messages of a user to themselves.
const MESSAGE_SCOPE: &str = "talk_message";

/// A social provider, by the authorization code flow with PKCE S256.
///
/// The document of an `OpenID` Connect provider is requested when it is first needed, and used for an hour; its keys are
/// requested again if a token was signed with an unknown one.
pub struct Provider {
    plan: Plan,
    http: Http,
    clock: Arc<dyn Clock>,
    secrets: Arc<dyn SecretGenerator>,
    discovered: Mutex<Option<Discovered>>,
    limit: Duration,
}

/// Two endpoints, and how this server authenticates there.
struct Endpoints {
    authorize: Url,
    token: Url,
    auth_type: AuthType,
}

type Client = oauth2::Client<
    BasicErrorResponse,
    Tokens,
    BasicTokenIntrospectionResponse,
    StandardRevocableToken,
    BasicRevocationErrorResponse,
    EndpointSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointSet,
>;

impl Provider {
    /// Returns a provider with these settings, without calling it.
    ///
    /// # Errors
    /// [`ProviderSettingsError`] if a setting is invalid.
    pub fn new(
        settings: ProviderSettings,
        clock: Arc<dyn Clock>,
        secrets: Arc<dyn SecretGenerator>,
    ) -> Result<Self, ProviderSettingsError> {
        let plan = settings.plan()?;
        let http = Http::new(plan.is_plain).map_err(|error| ProviderSettingsError::tls(&plan.name, error))?;
        Ok(Self { plan, http, clock, secrets, discovered: Mutex::new(None), limit: LIMIT })
    }

    /// Sets a shorter time limit for each call.
    #[must_use]
    pub fn within(mut self, limit: Duration) -> Self {
        self.limit = limit.min(LIMIT);
        self
    }

    /// Runs a call within the time limit.
    async fn in_time<T>(
        &self,
        work: impl Future<Output = Result<T, ProviderError>> + Send,
    ) -> Result<T, ProviderError> {
        timeout(self.limit, work).await.unwrap_or_else(|_| Err(unavailable("no response in time")))
    }

    /// Returns the discovered document. Concurrent callers share one request.
    async fn discovered(&self) -> Result<Discovered, ProviderError> {
        let mut known = self.discovered.lock().await;
        let now = self.clock.now();
        match &*known {
            Some(known) if known.is_fresh(now) => Ok(known.clone()),
            _ => Ok(known.insert(Discovered::request(&self.http, &self.plan, now).await?).clone()),
        }
    }

    /// Returns the document with new keys, unless they were requested a moment ago.
    async fn refreshed(&self) -> Result<Option<Discovered>, ProviderError> {
        let mut known = self.discovered.lock().await;
        let Some(known) = &mut *known else { return Ok(None) };
        let is_new = known.refresh(&self.http, self.clock.now()).await?;
        Ok(is_new.then(|| known.clone()))
    }

    async fn endpoints(&self) -> Result<Endpoints, ProviderError> {
        if self.plan.kind.is_open_id() {
            let known = self.discovered().await?;
            // Kakao needs the secret in the form, regardless of its document.
            let is_basic = known.is_basic && self.plan.kind != ProviderKind::Kakao;
            let auth_type = if is_basic { AuthType::BasicAuth } else { AuthType::RequestBody };
            return Ok(Endpoints { authorize: known.authorize, token: known.token, auth_type });
        }
        match (&self.plan.authorize, &self.plan.token) {
            (Some(authorize), Some(token)) => {
                let (authorize, token) = (authorize.clone(), token.clone());
                Ok(Endpoints { authorize, token, auth_type: AuthType::RequestBody })
            }
            _ => Err(unavailable("its endpoints are unknown")),
        }
    }

    async fn client(&self) -> Result<Client, ProviderError> {
        let endpoints = self.endpoints().await?;
        let client = oauth2::Client::new(ClientId::new(self.plan.client_id.clone()))
            .set_auth_uri(AuthUrl::from_url(endpoints.authorize))
            .set_token_uri(TokenUrl::from_url(endpoints.token))
            .set_auth_type(endpoints.auth_type);
        Ok(match &self.plan.client_secret {
            Some(secret) => client.set_client_secret(ClientSecret::new(secret.clone())),
            None => client,
        })
    }

    /// Returns 256 random bits as text, as long as a PKCE verifier must be.
    fn secret(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.secrets.next().expose())
    }

    async fn begin(&self, state: &str, redirect_uri: &str) -> Result<AuthorizationRequest, ProviderError> {
        let client = self.client().await?;
        let (nonce, verifier) = (self.secret(), self.secret());
        let challenge = PkceCodeChallenge::from_code_verifier_sha256(&PkceCodeVerifier::new(verifier.clone()));
        let mut request = client
            .authorize_url(|| CsrfToken::new(state.to_owned()))
            .set_redirect_uri(Cow::Owned(redirect(redirect_uri)?))
            .set_pkce_challenge(challenge)
            .add_scopes(self.plan.scopes.iter().cloned().map(Scope::new));
        if self.plan.kind.is_open_id() {
            request = request.add_extra_param("nonce", &nonce);
        }
        let (url, _) = request.url();
        Ok(AuthorizationRequest { url: url.into(), nonce, verifier })
    }

    async fn end(
        &self,
        code: &str,
        nonce: &str,
        verifier: &str,
        redirect_uri: &str,
        now: Timestamp,
    ) -> Result<SocialUser, ProviderError> {
        let client = self.client().await?;
        let request = client
            .exchange_code(AuthorizationCode::new(code.to_owned()))
            .set_pkce_verifier(PkceCodeVerifier::new(verifier.to_owned()))
            .set_redirect_uri(Cow::Owned(redirect(redirect_uri)?));
        let tokens = request.request_async(&self.http).await.map_err(exchange_error)?;
        if self.plan.kind.is_open_id() {
            let user = self.open_id_user(&tokens, nonce, now).await?;
            let message_tokens = self.allows_messages(&tokens).then(|| tokens.for_messages(now));
            Ok(SocialUser { message_tokens, ..user })
        } else {
            let at = self.plan.user_info.as_ref().ok_or_else(|| unavailable("its endpoints are unknown"))?;
            let response: NaverResponse = user_info::request(&self.http, at, tokens.access_token.secret()).await?;
            response.user(&self.plan.issuer)
        }
    }

    /// Whether a user lets this server send messages. A response without scopes has those that were requested (RFC 6749,
    /// section 5.1).
    fn allows_messages(&self, tokens: &Tokens) -> bool {
        let is_granted = match tokens.scope.as_ref().and_then(Value::as_str) {
            Some(scopes) => scopes.split([' ', ',']).any(|scope| scope == MESSAGE_SCOPE),
            None => self.plan.scopes.iter().any(|scope| scope == MESSAGE_SCOPE),
        };
        self.plan.kind == ProviderKind::Kakao && is_granted
    }

    async fn refresh(&self, refresh_token: &str, now: Timestamp) -> Result<MessageTokens, ProviderError> {
        if self.plan.kind != ProviderKind::Kakao {
            return Err(refused("this provider sends no messages"));
        }
        let refresh_token = RefreshToken::new(refresh_token.to_owned());
        let client = self.client().await?;
        let tokens = client.exchange_refresh_token(&refresh_token).request_async(&self.http).await;
        let tokens = tokens.map_err(|error| match error {
            RequestTokenError::ServerResponse(error) if error.error().as_ref() != "invalid_grant" => {
                unavailable(format!("the refresh token was not exchanged: {}", quote(error.error().as_ref())))
            }
            error => exchange_error(error),
        })?;
        Ok(tokens.for_messages(now))
    }

    async fn open_id_user(&self, tokens: &Tokens, nonce: &str, now: Timestamp) -> Result<SocialUser, ProviderError> {
        let token = tokens.id_token.as_deref().ok_or_else(|| refused("the response has no ID token"))?;
        let known = self.discovered().await?;
        let claims = self.claims(&Token::read(token)?, &known, nonce, now).await?;
        let mut user = SocialUser {
            issuer: self.plan.issuer.clone(),
            subject: user_info::subject(claims.subject())?,
            email: claims.text("email").map(str::to_owned),
            email_verified: claims.is_email_verified(),
            name: claims.name().map(str::to_owned),
            role: SocialRole::Unmapped,
            message_tokens: None,
        };
        // The user info endpoint is called if the ID token lacks the address or the role, or the settings name the endpoint.
        let lacks_role = self.plan.roles.as_ref().is_some_and(|rule| claims.values(&rule.claim).is_none());
        let is_needed = self.plan.user_info.is_some() || user.email.is_none() || lacks_role;
        let mut others = None;
        if let Some(at) = known.user_info.as_ref().filter(|_| is_needed) {
            let info: Claims = user_info::request(&self.http, at, tokens.access_token.secret()).await?;
            // Data of another user would give access to that user's account.
            let subject = info.subject().ok_or_else(|| unavailable("the user data have no subject"))?;
            if subject != user.subject {
                return Err(refused("the user data have another subject"));
            }
            if user.email.is_none() {
                user.email_verified = info.is_email_verified();
                user.email = info.text("email").map(str::to_owned);
            }
            user.name = user.name.or_else(|| info.name().map(str::to_owned));
            others = Some(info);
        }
        if let Some(rule) = &self.plan.roles {
            user.role = rule.role([Some(&claims), others.as_ref()].into_iter().flatten());
        }
        // Kakao verifies an address once, and keeps it verified when another account has it later.
        user.email_verified &= user.email.is_some() && self.plan.kind != ProviderKind::Kakao;
        Ok(user)
    }

    /// Returns the claims of a token. Requests new keys if its key is unknown.
    async fn claims(
        &self,
        token: &Token<'_>,
        known: &Discovered,
        nonce: &str,
        now: Timestamp,
    ) -> Result<Claims, ProviderError> {
        let unknown = || refused("the ID token was not signed with a key of the provider");
        match token.check(&self.plan, known, nonce, now) {
            Ok(claims) => Ok(claims),
            Err(Fault::Other(error)) => Err(error),
            Err(Fault::UnknownKey) => {
                let known = self.refreshed().await?.ok_or_else(unknown)?;
                token.check(&self.plan, &known, nonce, now).map_err(|fault| match fault {
                    Fault::Other(error) => error,
                    Fault::UnknownKey => unknown(),
                })
            }
        }
    }

    async fn ping(&self) -> Result<(), ProviderError> {
        if self.plan.kind.is_open_id() {
            let now = self.clock.now();
            let found = Discovered::request(&self.http, &self.plan, now).await?;
            *self.discovered.lock().await = Some(found);
            return Ok(());
        }
        let token = self.endpoints().await?.token;
        // An error response shows that it is reachable, too.
        self.http.get(&token, None).await.map(drop).map_err(unavailable)
    }
}

#[async_trait]
impl SocialProvider for Provider {
    fn name(&self) -> &str {
        &self.plan.name
    }

    fn display_name(&self) -> &str {
        &self.plan.display_name
    }

    fn issuer(&self) -> &str {
        &self.plan.issuer
    }

    async fn authorize(&self, state: &str, redirect_uri: &str) -> Result<AuthorizationRequest, ProviderError> {
        self.in_time(self.begin(state, redirect_uri)).await
    }

    async fn redeem(
        &self,
        code: &str,
        nonce: &str,
        verifier: &str,
        redirect_uri: &str,
        now: Timestamp,
    ) -> Result<SocialUser, ProviderError> {
        self.in_time(Box::pin(self.end(code, nonce, verifier, redirect_uri, now))).await
    }

    async fn refresh_messages(&self, refresh_token: &str, now: Timestamp) -> Result<MessageTokens, ProviderError> {
        self.in_time(Box::pin(self.refresh(refresh_token, now))).await
    }

    async fn check(&self) -> Result<(), ProviderError> {
        self.in_time(self.ping()).await
    }
}

fn redirect(uri: &str) -> Result<RedirectUrl, ProviderError> {
    RedirectUrl::new(uri.to_owned()).map_err(refused)
}

/// Converts the error of a token request. A response that cannot be parsed may contain tokens, and is not shown.
fn exchange_error(error: RequestTokenError<CallError, BasicErrorResponse>) -> ProviderError {
    #[derive(Deserialize)]
    struct OAuthError {
        error: String,
    }
    let refused = |error: &str| refused(format!("the code or token was refused: {}", quote(error)));
    match error {
        RequestTokenError::ServerResponse(error) => refused(error.error().as_ref()),
        RequestTokenError::Request(error) => unavailable(error),
        // Naver sends errors with status 200.
        RequestTokenError::Parse(_, body) => match serde_json::from_slice::<OAuthError>(&body) {
            Ok(OAuthError { error }) => refused(&error),
            Err(_) => unavailable("the token response cannot be parsed"),
        },
        RequestTokenError::Other(text) => unavailable(quote(&text)),
    }
}
