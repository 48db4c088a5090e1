//! The response of a token endpoint.

use std::{fmt, time::Duration};

use memo_domain::{MessageTokens, Timestamp};
use oauth2::{AccessToken, RefreshToken, Scope, TokenResponse, basic::BasicTokenType};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The longest lifetime of an access token that is believed, in seconds: ten years.
const MAX_LIFETIME: u64 = 10 * 366 * 24 * 60 * 60;

/// The token response. Other fields are ignored: Naver sends `expires_in` as a string, others have fields of their own.
#[derive(Serialize, Deserialize)]
pub struct Tokens {
    pub access_token: AccessToken,
    #[serde(default = "bearer")]
    token_type: BasicTokenType,
    pub id_token: Option<String>,
    // Other providers may send these in other forms, and they are not needed then.
    refresh_token: Option<Value>,
    expires_in: Option<Value>,
    pub scope: Option<Value>,
}

impl Tokens {
    /// The tokens for messages.
    pub fn for_messages(&self, now: Timestamp) -> MessageTokens {
        let seconds = self.expires_in.as_ref().and_then(Value::as_u64).filter(|seconds| *seconds <= MAX_LIFETIME);
        MessageTokens {
            access_token: self.access_token.secret().clone(),
            refresh_token: self.refresh_token.as_ref().and_then(Value::as_str).map(str::to_owned),
            expires_at: seconds.map(|seconds| now + Duration::from_secs(seconds)),
        }
    }
}

const fn bearer() -> BasicTokenType {
    BasicTokenType::Bearer
}

impl fmt::Debug for Tokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tokens(…)")
    }
}

impl TokenResponse for Tokens {
    type TokenType = BasicTokenType;

    fn access_token(&self) -> &AccessToken {
        &self.access_token
    }

    fn token_type(&self) -> &BasicTokenType {
        &self.token_type
    }

    fn expires_in(&self) -> Option<Duration> {
        None
    }

    fn refresh_token(&self) -> Option<&RefreshToken> {
        None
    }

    fn scopes(&self) -> Option<&Vec<Scope>> {
        None
    }
}
