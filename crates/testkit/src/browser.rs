use std::{
    collections::BTreeMap,
    ops::Deref,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use reqwest::header::{HeaderMap, SET_COOKIE};
use serde_json::json;

use crate::{Actor, Answer, call::Reach};

/// The cookies of a browser.
#[derive(Debug, Default)]
pub struct Jar(Mutex<BTreeMap<String, String>>);

impl Jar {
    /// What it sends.
    pub fn header(&self) -> Option<String> {
        let cookies = self.lock();
        let pairs: Vec<_> = cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        (!pairs.is_empty()).then(|| pairs.join("; "))
    }

    /// Does what an answer says.
    pub fn keep(&self, headers: &HeaderMap) {
        for cookie in headers.get_all(SET_COOKIE) {
            let cookie = cookie.to_str().expect("a cookie is ASCII");
            let (name, value) = cookie.split(';').next().and_then(|pair| pair.split_once('=')).expect("a pair");
            let is_over = cookie.split(';').any(|attribute| attribute.trim().eq_ignore_ascii_case("max-age=0"));
            if is_over {
                self.lock().remove(name);
            } else {
                self.lock().insert(name.to_owned(), value.to_owned());
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, String>> {
        // A test that panicked says enough.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A browser with a page of the server in it: it keeps cookies, and says of each request that it comes from that page. Can do
/// all that an [`Actor`] can.
#[derive(Clone)]
pub struct Browser {
    actor: Actor,
    jar: Arc<Jar>,
}

impl Browser {
    pub(crate) fn new(reach: Arc<Reach>) -> Self {
        let jar = Arc::new(Jar::default());
        Self { actor: Actor::in_browser(reach, jar.clone()), jar }
    }

    /// Signs in with a cookie: `POST /api/v1/auth/session`.
    pub async fn sign_in_by_cookie(&self, email: &str, password: &str) -> Answer {
        self.create_session(&json!({"email": email, "password": password})).await
    }

    /// A cookie that it keeps.
    #[must_use]
    pub fn cookie(&self, name: &str) -> Option<String> {
        self.jar.lock().get(name).cloned()
    }

    /// The cookies that it keeps whose names begin so.
    #[must_use]
    pub fn cookies(&self, begin: &str) -> Vec<(String, String)> {
        let cookies = self.jar.lock();
        cookies
            .iter()
            .filter(|(name, _)| name.starts_with(begin))
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect()
    }

    /// Puts a cookie into it, as somebody who has got hold of the browser, or of a sibling's domain, may.
    pub fn set_cookie(&self, name: &str, value: &str) {
        self.jar.lock().insert(name.to_owned(), value.to_owned());
    }

    /// The cookie of the sign-in, where the server's public URL is not https.
    #[track_caller]
    #[must_use]
    pub fn session(&self) -> String {
        self.cookie("memo_session").expect("a browser that is signed in")
    }

    /// Puts such a cookie into it.
    pub fn set_session(&self, value: &str) {
        self.set_cookie("memo_session", value);
    }

    /// Takes all cookies out of it.
    pub fn forget(&self) {
        self.jar.lock().clear();
    }
}

impl Deref for Browser {
    type Target = Actor;

    fn deref(&self) -> &Actor {
        &self.actor
    }
}
