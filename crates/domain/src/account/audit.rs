use async_trait::async_trait;

use crate::{ApiKeyId, Id, Page, PageRequest, StoreError, Timestamp, UserId};

macro_rules! kinds {
    ($($(#[$doc:meta])* $kind:ident = $name:literal;)+) => {
        /// The kind of an audit event.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum AuditKind {
            $($(#[$doc])* $kind,)+
        }

        impl AuditKind {
            /// Every kind with its stable name, for stores and the log.
            pub const NAMES: &'static [(Self, &'static str)] = &[$((Self::$kind, $name)),+];

            /// The stable name, for stores and the log.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$kind => $name),+ }
            }
        }
    };
}

kinds! {
    /// The account was created.
    SignedUp = "account.signed_up";
    /// The account was deleted by its user, with all data.
    Withdrawn = "account.withdrawn";
    /// The data was exported.
    Exported = "account.exported";
    /// A sign-in succeeded.
    SignedIn = "sign_in.succeeded";
    /// A sign-in failed: wrong password or code, or a disabled account.
    SignInFailed = "sign_in.failed";
    /// A session was ended by its user.
    SignedOut = "sign_in.ended";
    /// A refresh token was used again; after the leeway, this ended its session.
    RefreshReused = "sign_in.refresh_reused";
    /// The password was changed.
    PasswordChanged = "password.changed";
    /// A password reset mail was requested.
    PasswordForgotten = "password.forgotten";
    /// The password was reset with a mailed token.
    PasswordReset = "password.reset";
    /// The e-mail address was changed.
    EmailChanged = "email.changed";
    /// The e-mail address was verified.
    EmailVerified = "email.verified";
    /// The second factor was enabled.
    MfaEnabled = "mfa.enabled";
    /// The second factor was disabled.
    MfaDisabled = "mfa.disabled";
    /// A recovery code was used.
    RecoveryCodeUsed = "mfa.recovery_code_used";
    /// A social account was linked.
    IdentityLinked = "identity.linked";
    /// A social account was unlinked.
    IdentityUnlinked = "identity.unlinked";
    /// An API key was created.
    ApiKeyCreated = "api_key.created";
    /// An API key was changed.
    ApiKeyChanged = "api_key.changed";
    /// An API key was removed by its user.
    ApiKeyRemoved = "api_key.removed";
    /// An API key was sent without encryption, and therefore removed.
    ApiKeyExposed = "api_key.exposed";
    /// A memo was shared.
    ShareCreated = "share.created";
    /// A share was revoked.
    ShareRevoked = "share.revoked";
    /// A webhook was created.
    WebhookCreated = "webhook.created";
    /// A webhook was changed.
    WebhookChanged = "webhook.changed";
    /// A webhook was removed by its user.
    WebhookRemoved = "webhook.removed";
    /// The server has disabled a webhook whose receiver fails.
    WebhookDisabled = "webhook.disabled";
    /// An administrator disabled the account.
    Disabled = "admin.disabled";
    /// An administrator enabled the account.
    Enabled = "admin.enabled";
    /// An administrator changed the role.
    RoleChanged = "admin.role_changed";
}

/// The id of an event of the audit log.
pub type AuditId = Id<AuditEvent>;

/// A security event of an account. It never contains a secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditEvent {
    /// The id; ids sort by time.
    pub id: AuditId,
    /// The user of the account.
    pub user_id: UserId,
    /// The administrator who acted; `None` if it was the user.
    pub actor_id: Option<UserId>,
    /// The kind.
    pub kind: AuditKind,
    /// The time.
    pub at: Timestamp,
    /// The client address.
    pub ip: Option<String>,
    /// The `User-Agent`, truncated to 200 characters.
    pub device: Option<String>,
    /// The id of the request.
    pub request_id: Option<String>,
    /// Further detail, such as the provider or the new role.
    pub detail: Option<String>,
    /// The API key that authenticated the request; `None` if none did.
    pub api_key_id: Option<ApiKeyId>,
}

impl AuditEvent {
    /// Returns what the user of the account may see: not the address, the device and the request of an administrator.
    #[must_use]
    pub fn for_its_user(self) -> Self {
        match self.actor_id {
            Some(actor) if actor != self.user_id => Self { ip: None, device: None, request_id: None, ..self },
            _ => self,
        }
    }
}

/// Stores the audit log.
///
/// # Contract
/// * `an_audit_event_reads_back_equal`: what was appended MUST read back equal.
/// * `an_append_with_a_taken_audit_id_conflicts`: [`append`](Self::append) MUST fail with
///   [`Conflict::Id`](crate::Conflict::Id) if the id is taken.
/// * `an_audit_event_needs_its_user`: [`append`](Self::append) MUST fail with
///   [`Conflict::Parent`](crate::Conflict::Parent) if the user does not exist.
/// * `audit_events_are_listed_newest_first`: [`list`](Self::list) MUST return the events of a user, or of all users, by
///   descending ids, in pages that neither skip nor repeat one, with [`Page::next`] `None` exactly on the last.
/// * `old_audit_events_are_removed`: [`remove_before`](Self::remove_before) MUST remove events from before that time, at
///   most `most`, and return how many.
#[async_trait]
pub trait AuditRepository: Send {
    /// Adds an event.
    async fn append(&mut self, event: &AuditEvent) -> Result<(), StoreError>;

    /// Returns a page of the events of a user, or of all users, newest first; its cursor is the id of the last one.
    async fn list(
        &mut self,
        user: Option<UserId>,
        page: &PageRequest<AuditId>,
    ) -> Result<Page<AuditEvent, AuditId>, StoreError>;

    /// Removes up to `most` events from before a time. Returns how many.
    async fn remove_before(&mut self, time: Timestamp, most: u32) -> Result<u64, StoreError>;
}
