//! A provider in this process: OAuth 2.0 with PKCE, `OpenID` Connect, and Naver's user data.

use std::{
    collections::BTreeMap,
    future::pending,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use jsonwebtoken::{Algorithm, EncodingKey, crypto::sign};
use memo_domain::{AuthorizationRequest, Timestamp};
use memo_oidc::{ProviderKind, ProviderSettings};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
};
use url::{Url, form_urlencoded};

use crate::keys;

pub const CLIENT: &str = "memo-client";
pub const SECRET: &str = "hunter2+secret";
pub const ACCESS_TOKEN: &str = "hunter2-access-token";
pub const REFRESH_TOKEN: &str = "hunter2-refresh-token";
pub const CALLBACK: &str = "http://127.0.0.1:8080/api/v1/auth/providers/fake/callback";
pub const STATE: &str = "the-state";

/// The current time of these tests, in seconds.
pub const NOW: i64 = 1_800_000_000;

pub fn now() -> Timestamp {
    Timestamp::from_micros(NOW * 1_000_000)
}

/// How an ID token is signed.
#[derive(Debug, Clone, Copy)]
pub enum Signed {
    Rsa(Algorithm),
    OtherRsa,
    Ec,
    /// With this shared secret, as no provider should.
    Hmac(&'static str),
    /// Not at all.
    Unsigned,
}

/// A response in place of the regular one.
#[derive(Debug, Clone)]
pub enum Reply {
    Status(u16, String),
    Redirect,
    Hang,
    HangUp,
    Endless,
}

/// The parameters of an authorization request that the user has approved.
#[derive(Debug, Clone)]
struct Consent {
    challenge: String,
    nonce: Option<String>,
    redirect_uri: String,
}

/// The behaviour of the provider. Each test changes what it needs.
pub struct Behaviour {
    /// The id and the secret of the only client.
    pub client: (String, String),
    pub document: Value,
    pub keys: Value,
    /// Overrides claims of the ID token; `null` removes one.
    pub claims: Value,
    /// Overrides fields of its header.
    pub header: Value,
    pub signed: Signed,
    pub has_id_token: bool,
    /// Overrides fields of the token response.
    pub tokens: Value,
    pub user_info: Value,
    /// Replacement responses by path.
    pub replies: BTreeMap<&'static str, Reply>,
    consents: BTreeMap<String, Consent>,
    /// The requests so far: path, credentials, body.
    pub requests: Vec<(String, Option<String>, String)>,
}

pub struct Fake {
    pub url: String,
    behaviour: Mutex<Behaviour>,
}

pub fn rsa_key(id: &str, modulus: &str) -> Value {
    json!({"kty": "RSA", "use": "sig", "kid": id, "n": modulus, "e": "AQAB"})
}

pub fn ec_key(id: &str) -> Value {
    json!({"kty": "EC", "crv": "P-256", "use": "sig", "kid": id, "x": keys::EC_X, "y": keys::EC_Y})
}

impl Fake {
    pub async fn start() -> Arc<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let behaviour = Behaviour {
            client: (CLIENT.to_owned(), SECRET.to_owned()),
            document: json!({
                "issuer": url,
                "authorization_endpoint": format!("{url}/authorize?tenant=1"),
                "token_endpoint": format!("{url}/token"),
                "userinfo_endpoint": format!("{url}/me"),
                "jwks_uri": format!("{url}/keys"),
                "response_types_supported": ["code"],
                "subject_types_supported": ["public"],
                "id_token_signing_alg_values_supported": ["RS256", "RS512", "PS256", "ES256", "HS256", "none"],
            }),
            keys: json!({"keys": [rsa_key("rsa", keys::RSA_N), ec_key("ec")]}),
            claims: json!({}),
            header: json!({}),
            signed: Signed::Rsa(Algorithm::RS256),
            has_id_token: true,
            tokens: json!({}),
            user_info: json!({}),
            replies: BTreeMap::new(),
            consents: BTreeMap::new(),
            requests: Vec::new(),
        };
        let fake = Arc::new(Self { url, behaviour: Mutex::new(behaviour) });
        let task = fake.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(task.clone().serve(stream));
            }
        });
        fake
    }

    pub fn behaviour(&self) -> MutexGuard<'_, Behaviour> {
        self.behaviour.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn requests_to(&self, path: &str) -> usize {
        self.behaviour().requests.iter().filter(|(other, ..)| other == path).count()
    }

    /// Settings of this kind for this provider.
    pub fn settings(&self, kind: ProviderKind) -> ProviderSettings {
        let (id, secret) = self.behaviour().client.clone();
        let settings = ProviderSettings::new("fake", kind, &id, Some(&secret));
        if kind == ProviderKind::Naver {
            return ProviderSettings {
                authorize_url: Some(format!("{}/authorize", self.url)),
                token_url: Some(format!("{}/token", self.url)),
                userinfo_url: Some(format!("{}/v1/nid/me", self.url)),
                ..settings
            };
        }
        ProviderSettings { issuer: Some(self.url.clone()), ..settings }
    }

    /// Acts as the browser of a user who consents: follows the request and returns the code of the callback.
    pub fn approve(&self, request: &AuthorizationRequest) -> String {
        self.approve_request(request, STATE, CALLBACK)
    }

    /// Like [`approve`](Self::approve), for a request with this state and redirect URI.
    pub fn approve_request(&self, request: &AuthorizationRequest, state: &str, redirect_uri: &str) -> String {
        let url = Url::parse(&request.url).expect("an address");
        assert!(request.url.starts_with(&format!("{}/authorize", self.url)), "{}", request.url);
        let query: BTreeMap<_, _> = url.query_pairs().into_owned().collect();
        assert_eq!(query.len(), url.query_pairs().count(), "a parameter is repeated");
        let client = self.behaviour().client.0.clone();
        for (name, value) in [
            ("response_type", "code"),
            ("client_id", &*client),
            ("state", state),
            ("redirect_uri", redirect_uri),
            ("code_challenge_method", "S256"),
        ] {
            assert_eq!(query.get(name).map(String::as_str), Some(value), "{name}");
        }
        let consent = Consent {
            challenge: query["code_challenge"].clone(),
            nonce: query.get("nonce").cloned(),
            redirect_uri: query["redirect_uri"].clone(),
        };
        let mut behaviour = self.behaviour();
        let code = format!("hunter2-code-{}", behaviour.consents.len());
        behaviour.consents.insert(code.clone(), consent);
        code
    }

    async fn serve(self: Arc<Self>, stream: TcpStream) {
        let mut stream = BufReader::new(stream);
        let mut line = String::new();
        stream.read_line(&mut line).await.expect("a request");
        let path = line.split([' ', '?']).nth(1).unwrap_or_default().to_owned();
        let (mut length, mut credentials) = (0, None);
        loop {
            let mut header = String::new();
            stream.read_line(&mut header).await.expect("a header");
            match header.trim_end().split_once(": ").map(|(name, value)| (name.to_ascii_lowercase(), value)) {
                None => break,
                Some((name, value)) if name == "content-length" => length = value.parse().expect("a length"),
                Some((name, value)) if name == "authorization" => credentials = Some(value.to_owned()),
                Some(_) => {}
            }
        }
        let mut body = vec![0; length];
        stream.read_exact(&mut body).await.expect("a body");
        let body = String::from_utf8(body).expect("UTF-8");
        self.behaviour().requests.push((path.clone(), credentials.clone(), body.clone()));
        let reply = self.behaviour().replies.get(path.as_str()).cloned();
        let (status, extra, text) = match reply {
            None => {
                let (status, value) = self.reply(&path, credentials.as_deref(), &body);
                (status, String::new(), value.to_string())
            }
            Some(Reply::Status(status, text)) => (status, String::new(), text),
            Some(Reply::Redirect) => (302, format!("Location: {}/elsewhere\r\n", self.url), String::new()),
            Some(Reply::Hang) => pending().await,
            Some(Reply::HangUp) => return,
            Some(Reply::Endless) => {
                let head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n";
                let mut open = stream.write_all(head.as_bytes()).await.is_ok();
                while open {
                    open = stream.write_all(&[b' '; 8_192]).await.is_ok();
                }
                return;
            }
        };
        let head = format!("HTTP/1.1 {status} Status\r\nContent-Type: application/json;charset=UTF-8\r\n{extra}");
        let reply = format!("{head}Content-Length: {}\r\nConnection: close\r\n\r\n{text}", text.len());
        let _ = stream.write_all(reply.as_bytes()).await;
    }

    fn reply(&self, path: &str, credentials: Option<&str>, body: &str) -> (u16, Value) {
        match path {
            "/.well-known/openid-configuration" => (200, self.behaviour().document.clone()),
            "/keys" => (200, self.behaviour().keys.clone()),
            "/token" => self
                .redeem(credentials, body)
                .map_or_else(|error| (400, json!({"error": error, "error_description": "no"})), |tokens| (200, tokens)),
            "/me" | "/v1/nid/me" if credentials == Some(&format!("Bearer {ACCESS_TOKEN}")) => {
                (200, self.behaviour().user_info.clone())
            }
            "/me" | "/v1/nid/me" => (401, json!({"error": "invalid_token"})),
            _ => (404, json!({})),
        }
    }

    fn redeem(&self, credentials: Option<&str>, body: &str) -> Result<Value, &'static str> {
        let form: BTreeMap<_, _> = form_urlencoded::parse(body.as_bytes()).into_owned().collect();
        let named = match credentials {
            Some(credentials) => Some(basic(credentials).ok_or("invalid_client")?),
            None => form.get("client_id").cloned().zip(form.get("client_secret").cloned()),
        };
        if named.as_ref() != Some(&self.behaviour().client) {
            return Err("invalid_client");
        }
        if form.get("grant_type").is_some_and(|grant| grant == "refresh_token") {
            let is_known = form.get("refresh_token").is_some_and(|token| token == REFRESH_TOKEN);
            let tokens = json!({"access_token": "hunter2-refreshed", "token_type": "bearer", "expires_in": 21_599});
            return if is_known { Ok(tokens) } else { Err("invalid_grant") };
        }
        if form.get("grant_type").is_none_or(|grant| grant != "authorization_code") {
            return Err("unsupported_grant_type");
        }
        let code = form.get("code").ok_or("invalid_request")?;
        let consent = self.behaviour().consents.remove(code).ok_or("invalid_grant")?;
        let verifier = form.get("code_verifier").ok_or("invalid_request")?;
        let is_verified = URL_SAFE_NO_PAD.encode(Sha256::digest(verifier)) == consent.challenge;
        if !is_verified || form.get("redirect_uri") != Some(&consent.redirect_uri) {
            return Err("invalid_grant");
        }
        let mut tokens = json!({"access_token": ACCESS_TOKEN, "token_type": "bearer", "expires_in": 3600});
        let behaviour = self.behaviour();
        if behaviour.has_id_token {
            tokens["id_token"] = json!(self.id_token(&behaviour, consent.nonce.as_deref()));
        }
        merge(&mut tokens, &behaviour.tokens);
        Ok(tokens)
    }

    fn id_token(&self, behaviour: &Behaviour, nonce: Option<&str>) -> String {
        let (algorithm, id, key) = match behaviour.signed {
            Signed::Rsa(algorithm) => (algorithm, "rsa", EncodingKey::from_rsa_pem(keys::RSA.as_bytes())),
            Signed::OtherRsa => (Algorithm::RS256, "rsa", EncodingKey::from_rsa_pem(keys::OTHER_RSA.as_bytes())),
            Signed::Ec => (Algorithm::ES256, "ec", EncodingKey::from_ec_pem(keys::EC.as_bytes())),
            Signed::Hmac(secret) => (Algorithm::HS256, "rsa", Ok(EncodingKey::from_secret(secret.as_bytes()))),
            Signed::Unsigned => (Algorithm::HS256, "rsa", Ok(EncodingKey::from_secret(b""))),
        };
        let mut header = json!({"alg": algorithm, "kid": id, "typ": "JWT"});
        merge(&mut header, &behaviour.header);
        let mut claims = json!({
            "iss": self.url,
            "sub": "alice-at-fake",
            "aud": behaviour.client.0,
            "iat": NOW,
            "exp": NOW + 3600,
            "nonce": nonce,
            "email": "alice@example.com",
            "email_verified": true,
            "name": "Alice",
        });
        merge(&mut claims, &behaviour.claims);
        let signed = format!("{}.{}", encode(&header), encode(&claims));
        if matches!(behaviour.signed, Signed::Unsigned) {
            return format!("{signed}.");
        }
        let signature = sign(signed.as_bytes(), &key.expect("a key"), algorithm).expect("the token is signed");
        format!("{signed}.{signature}")
    }
}

/// The id and the secret of `Basic` credentials, each form-encoded before (RFC 6749, section 2.3.1).
fn basic(credentials: &str) -> Option<(String, String)> {
    let decoded = |text: &str| {
        assert!(text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"*-._+%".contains(&byte)), "not form-encoded");
        // Parsing the text as a form with one name decodes it.
        form_urlencoded::parse(text.as_bytes()).next().map(|(text, _)| text.into_owned())
    };
    let text = String::from_utf8(STANDARD.decode(credentials.strip_prefix("Basic ")?).ok()?).ok()?;
    let (id, secret) = text.split_once(':')?;
    Some((decoded(id)?, decoded(secret)?))
}

fn encode(value: &Value) -> String {
    URL_SAFE_NO_PAD.encode(value.to_string())
}

fn merge(value: &mut Value, overrides: &Value) {
    for (name, overrides) in overrides.as_object().expect("an object") {
        let object = value.as_object_mut().expect("an object");
        if overrides.is_null() {
            object.remove(name);
        } else {
            object.insert(name.clone(), overrides.clone());
        }
    }
}
