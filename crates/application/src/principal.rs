use memo_domain::{ApiKeyId, Scope, Scopes, SessionId, UserId};

use crate::Error;

/// The user who calls, what they may do, and how they authenticated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Principal {
    /// The user.
    pub user_id: UserId,
    /// What the credential may be used for.
    pub scopes: Scopes,
    /// What the request authenticated with.
    pub credential: Credential,
}

/// What a request authenticated with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Credential {
    /// An access token of a session.
    AccessToken {
        /// The session.
        session_id: SessionId,
    },
    /// The cookie of a browser's session.
    Cookie {
        /// The session.
        session_id: SessionId,
    },
    /// An API key. It belongs to no session.
    ApiKey {
        /// The key.
        key_id: ApiKeyId,
    },
}

impl Principal {
    /// The session that the request belongs to; an API key has none.
    #[must_use]
    pub const fn session_id(&self) -> Option<SessionId> {
        match self.credential {
            Credential::AccessToken { session_id } | Credential::Cookie { session_id } => Some(session_id),
            Credential::ApiKey { .. } => None,
        }
    }

    /// # Errors
    /// [`Error::InsufficientScope`] if the scope is missing.
    pub const fn require(&self, scope: Scope) -> Result<(), Error> {
        if self.scopes.contains(scope) { Ok(()) } else { Err(Error::InsufficientScope(scope)) }
    }

    /// Requires a user who signed in themselves, with all scopes. An API key never passes, regardless of its scopes.
    ///
    /// # Errors
    /// [`Error::InteractiveSignInRequired`].
    pub fn require_interactive(&self) -> Result<(), Error> {
        let is_session = match self.credential {
            Credential::AccessToken { .. } | Credential::Cookie { .. } => true,
            Credential::ApiKey { .. } => false,
        };
        if is_session && self.scopes == Scopes::all() { Ok(()) } else { Err(Error::InteractiveSignInRequired) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const UUID: &str = "0198c0de-7f00-7000-8000-00000000000a";

    fn principal(credential: Credential, scopes: Scopes) -> Principal {
        Principal { user_id: UserId::parse(UUID).expect("an id"), scopes, credential }
    }

    #[test]
    fn only_a_session_with_all_scopes_is_interactive() {
        let session_id = SessionId::parse(UUID).expect("an id");
        let key_id = ApiKeyId::parse(UUID).expect("an id");
        for credential in [Credential::AccessToken { session_id }, Credential::Cookie { session_id }] {
            assert!(principal(credential, Scopes::all()).require_interactive().is_ok());
            let some = principal(credential, [Scope::AccountRead, Scope::AccountWrite].into_iter().collect());
            assert!(some.require_interactive().is_err());
            assert_eq!(some.session_id(), Some(session_id));
        }
        let key = principal(Credential::ApiKey { key_id }, Scopes::all());
        assert!(key.require_interactive().is_err(), "a key with all scopes");
        assert_eq!(key.session_id(), None);
    }
}
