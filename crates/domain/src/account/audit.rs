use async_trait::async_trait;

use crate::{AuditId, Page, PageRequest, StoreError, Timestamp, UserId};

macro_rules! kinds {
    ($($(#[$doc:meta])* $kind:ident = $name:literal;)+) => {
        /// What happened to an account.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum AuditKind {
            $($(#[$doc])* $kind,)+
        }

        impl AuditKind {
            /// Every kind with its name on the wire, in the log and in stores.
            pub const NAMES: &'static [(Self, &'static str)] = &[$((Self::$kind, $name)),+];

            /// The name on the wire, in the log and in stores.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$kind => $name),+ }
            }
        }
    };
}

kinds! {
    /// The account was made.
    SignedUp = "account.signed_up";
    /// Its owner left, and all that was theirs is gone.
    Withdrawn = "account.withdrawn";
    /// It was exported.
    Exported = "account.exported";
    /// Somebody signed in.
    SignedIn = "sign_in.succeeded";
    /// A password or a code was wrong, or the account is shut out.
    SignInFailed = "sign_in.failed";
    /// A sign-in was ended by its owner.
    SignedOut = "sign_in.ended";
    /// A refresh token was used a second time, and so its whole sign-in was ended.
    RefreshReused = "sign_in.refresh_reused";
    /// The password was changed.
    PasswordChanged = "password.changed";
    /// A mail to set a new password was asked for.
    PasswordForgotten = "password.forgotten";
    /// The password was set by such a mail.
    PasswordReset = "password.reset";
    /// The address was changed.
    EmailChanged = "email.changed";
    /// The address was proved.
    EmailVerified = "email.verified";
    /// A second factor was added.
    MfaEnabled = "mfa.enabled";
    /// The second factor was taken away.
    MfaDisabled = "mfa.disabled";
    /// A recovery code was used.
    RecoveryCodeUsed = "mfa.recovery_code_used";
    /// A social account was linked.
    IdentityLinked = "identity.linked";
    /// A social account was unlinked.
    IdentityUnlinked = "identity.unlinked";
    /// An administrator shut the account out.
    Disabled = "admin.disabled";
    /// An administrator let it in again.
    Enabled = "admin.enabled";
    /// An administrator changed its role.
    RoleChanged = "admin.role_changed";
}

/// Something that happened to an account. It never holds a secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditEvent {
    /// Its id; ids sort by time.
    pub id: AuditId,
    /// Whose account.
    pub user_id: UserId,
    /// Who did it, where it was not its owner: an administrator.
    pub actor_id: Option<UserId>,
    /// What.
    pub kind: AuditKind,
    /// When.
    pub at: Timestamp,
    /// From which address.
    pub ip: Option<String>,
    /// From what, as it names itself (`User-Agent`), cut to 200 characters.
    pub device: Option<String>,
    /// The request it happened in.
    pub request_id: Option<String>,
    /// What else is worth knowing, such as the provider or the new role.
    pub detail: Option<String>,
}

/// Keeps the audit log.
///
/// # Contract
/// * `an_audit_event_reads_back_equal`: what was appended MUST read back equal.
/// * `an_audit_event_needs_its_user`: [`append`](Self::append) MUST fail with
///   [`Conflict::Parent`](crate::Conflict::Parent) where the member does not exist.
/// * `audit_events_are_listed_newest_first`: [`list`](Self::list) MUST give a member's events, or everybody's, by
///   descending ids, in pages that neither skip nor repeat one.
/// * `old_audit_events_are_removed`: [`remove_before`](Self::remove_before) MUST remove events from before that time, no
///   more than `most`, and give how many.
#[async_trait]
pub trait AuditRepository: Send {
    /// Adds an event.
    async fn append(&mut self, event: &AuditEvent) -> Result<(), StoreError>;

    /// A page of the events of a member, or of all, the newest first; its cursor is the id of the last one.
    async fn list(
        &mut self,
        user: Option<UserId>,
        page: &PageRequest<AuditId>,
    ) -> Result<Page<AuditEvent, AuditId>, StoreError>;

    /// Removes some of the events from before a time. How many.
    async fn remove_before(&mut self, time: Timestamp, most: u32) -> Result<u64, StoreError>;
}
