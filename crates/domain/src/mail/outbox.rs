use async_trait::async_trait;

use crate::{Limit, MailId, Sealed, StoreError, Timestamp, UserId};

/// Where a mail is on its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MailState {
    /// It waits to be sent.
    Waiting,
    /// It will not be tried again.
    Dead,
}

/// A mail that is still to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueuedMail {
    /// Its id.
    pub id: MailId,
    /// Whom it is about: it goes when they do.
    pub user_id: UserId,
    /// What it is, for administrators: `verify_email`.
    pub kind: String,
    /// Address, subject and texts: there may be a token among them.
    pub content: Sealed,
    /// Where it is.
    pub state: MailState,
    /// How often it was tried.
    pub tries: u32,
    /// How many attempts to send it were begun of which nobody knows how they ended: those of nodes that are gone, and the
    /// one that is being made.
    pub begun: u32,
    /// When it is tried next.
    pub due_at: Timestamp,
    /// When it was written.
    pub created_at: Timestamp,
    /// What went wrong last.
    pub error: Option<String>,
}

/// Keeps mail until it is sent.
///
/// # Contract
/// * `a_queued_mail_reads_back_equal`: what was inserted MUST come out of [`claim`](Self::claim) equal, but for the time at
///   which it is due and the attempt that is counted.
/// * `a_queued_mail_needs_its_user`: [`insert`](Self::insert) MUST fail with
///   [`Conflict::Parent`](crate::Conflict::Parent) where the member does not exist.
/// * `due_mail_is_claimed_once`: [`claim`](Self::claim) MUST give waiting mail that is due, the earliest due first, and make
///   it due `until`; of many at once no two that commit MUST give the same mail.
/// * `a_claim_counts_as_begun`: [`claim`](Self::claim) MUST add one to [`begun`](QueuedMail::begun) of what it gives, there
///   and in the store, in the same unit of work.
/// * `a_mail_is_updated_or_gone`: [`update`](Self::update) MUST replace the mail with this id and
///   [`remove`](Self::remove) remove it; both do nothing where it is gone.
/// * `dead_mail_is_listed_newest_first`: [`list_dead`](Self::list_dead) MUST give dead mail by descending ids, behind a place where
///   one is named.
#[async_trait]
pub trait OutboxRepository: Send {
    /// Adds a mail.
    async fn insert(&mut self, mail: &QueuedMail) -> Result<(), StoreError>;

    /// Takes mail that is due, for as long as until a time: after it, it is due again. An attempt to send it has begun.
    async fn claim(&mut self, now: Timestamp, until: Timestamp, most: u32) -> Result<Vec<QueuedMail>, StoreError>;

    /// Replaces a mail.
    async fn update(&mut self, mail: &QueuedMail) -> Result<(), StoreError>;

    /// Removes a mail, which was sent.
    async fn remove(&mut self, id: MailId) -> Result<(), StoreError>;

    /// Some of the mail that is not tried any more.
    async fn list_dead(&mut self, after: Option<MailId>, limit: Limit) -> Result<Vec<QueuedMail>, StoreError>;
}
