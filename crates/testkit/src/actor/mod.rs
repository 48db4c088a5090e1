//! What the tests act through: clients that send requests.

mod account;
mod memos;
mod user;

use std::sync::Arc;

use crate::{Call, browser::Jar, call::Reach};
pub use user::User;

/// A client that sends requests, authenticated or not.
#[derive(Clone)]
pub struct Actor {
    reach: Arc<Reach>,
    token: Option<Arc<str>>,
    jar: Option<Arc<Jar>>,
}

impl Actor {
    pub(crate) const fn new(reach: Arc<Reach>, token: Option<Arc<str>>) -> Self {
        Self { reach, token, jar: None }
    }

    pub(crate) const fn in_browser(reach: Arc<Reach>, jar: Arc<Jar>) -> Self {
        Self { reach, token: None, jar: Some(jar) }
    }

    /// This actor with an access token.
    #[must_use]
    pub fn with_token(&self, token: &str) -> Self {
        Self::new(self.reach.clone(), Some(token.into()))
    }

    /// A request. The target is a path with an optional query.
    pub fn call(&self, method: &str, target: &str) -> Call {
        let call = Call::new(self.reach.clone(), method, target);
        let call = match &self.jar {
            Some(jar) => call.with_jar(jar.clone()).header("sec-fetch-site", "same-origin"),
            None => call,
        };
        match &self.token {
            Some(token) => call.header("authorization", format!("Bearer {token}")),
            None => call,
        }
    }

    /// A `GET` request.
    pub fn get(&self, target: &str) -> Call {
        self.call("GET", target)
    }
}
