use std::{
    collections::BTreeMap,
    ops::Deref,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use reqwest::header::{HeaderMap, SET_COOKIE};
use serde_json::json;

use crate::{Actor, Response, call::Reach};

/// The cookies of a browser.
#[derive(Debug, Default)]
pub struct Jar(Mutex<BTreeMap<String, String>>);

impl Jar {
    /// The `Cookie` header.
    pub fn header(&self) -> Option<String> {
        let cookies = self.lock();
        let pairs: Vec<_> = cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        (!pairs.is_empty()).then(|| pairs.join("; "))
    }

    /// Stores and removes cookies as the `Set-Cookie` headers of a response say.
    pub fn keep(&self, headers: &HeaderMap) {
        for cookie in headers.get_all(SET_COOKIE) {
            let cookie = cookie.to_str().expect("a cookie is ASCII");
            let (name, value) = cookie.split(';').next().and_then(|pair| pair.split_once('=')).expect("a pair");
            let is_removal = cookie.split(';').any(|attribute| attribute.trim().eq_ignore_ascii_case("max-age=0"));
            if is_removal {
                self.lock().remove(name);
            } else {
                self.lock().insert(name.to_owned(), value.to_owned());
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, String>> {
        // The test that poisoned the lock has failed already.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A browser that shows a page of the server: it stores cookies, and marks each request as same-origin. Dereferences to
/// an [`Actor`].
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
    pub async fn sign_in_by_cookie(&self, email: &str, password: &str) -> Response {
        self.create_session(&json!({"email": email, "password": password})).await
    }

    /// The value of a cookie.
    #[must_use]
    pub fn cookie(&self, name: &str) -> Option<String> {
        self.jar.lock().get(name).cloned()
    }

    /// The cookies whose names have this prefix.
    #[must_use]
    pub fn cookies(&self, prefix: &str) -> Vec<(String, String)> {
        let cookies = self.jar.lock();
        cookies
            .iter()
            .filter(|(name, _)| name.starts_with(prefix))
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect()
    }

    /// Sets a cookie, as an attacker with access to the browser or to a sibling domain can.
    pub fn set_cookie(&self, name: &str, value: &str) {
        self.jar.lock().insert(name.to_owned(), value.to_owned());
    }

    /// The session cookie of a server whose public URL is not https.
    #[track_caller]
    #[must_use]
    pub fn session(&self) -> String {
        self.cookie("memo_session").expect("a browser that is signed in")
    }

    /// Sets the session cookie of a server whose public URL is not https.
    pub fn set_session(&self, value: &str) {
        self.set_cookie("memo_session", value);
    }

    /// Removes all cookies.
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
