use memo_domain::{ChangeOrigin, UserId};

use crate::{Credential, Principal};

/// The owner of memos that are changed, and what the changes come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Author {
    /// The owner.
    pub user_id: UserId,
    /// What revisions name.
    pub origin: ChangeOrigin,
}

impl From<Principal> for Author {
    fn from(Principal { user_id, credential, .. }: Principal) -> Self {
        let origin = match credential {
            Credential::AccessToken { session_id } | Credential::Cookie { session_id } => {
                ChangeOrigin::Session(session_id)
            }
            Credential::ApiKey { key_id } => ChangeOrigin::ApiKey(key_id),
        };
        Self { user_id, origin }
    }
}

/// What the server changes by itself in a user's memos.
impl From<UserId> for Author {
    fn from(user_id: UserId) -> Self {
        Self { user_id, origin: ChangeOrigin::Server }
    }
}
