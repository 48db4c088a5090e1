//! Shares: links by which anyone can read one memo without an account.

use async_trait::async_trait;

use crate::{Id, MemoId, PasswordHash, SecretDigest, StoreError, Timestamp};

/// The id of a share of a memo.
pub type ShareId = Id<Share>;

/// A link to a memo. Its token is shown once; a store keeps the digest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Share {
    /// The id.
    pub id: ShareId,
    /// The memo.
    pub memo_id: MemoId,
    /// The digest of the token.
    pub digest: SecretDigest,
    /// The hash of the password that a reader needs; `None` without one.
    pub password_hash: Option<PasswordHash>,
    /// When it ends to be valid; `None` if it does not.
    pub expires_at: Option<Timestamp>,
    /// When it was created.
    pub created_at: Timestamp,
    /// How often it was read.
    pub reads: u64,
}

impl Share {
    /// The maximum number of shares of a memo.
    pub const MAX_PER_MEMO: usize = 20;

    /// Whether it has expired.
    #[must_use]
    pub fn is_expired(&self, now: Timestamp) -> bool {
        self.expires_at.is_some_and(|end| end <= now)
    }
}

/// Stores shares.
///
/// # Contract
/// * `a_share_reads_back_equal`: what was inserted MUST read back equal, by its digest and in the list of its memo.
/// * `an_insert_with_a_taken_share_id_or_digest_conflicts`: [`insert`](Self::insert) MUST fail with
///   [`Conflict::Id`](crate::Conflict::Id) if the id or the digest is taken.
/// * `a_share_needs_its_memo`: [`insert`](Self::insert) MUST fail with [`Conflict::Parent`](crate::Conflict::Parent) if the memo
///   does not exist.
/// * `shares_are_listed_newest_first`: [`list`](Self::list) MUST return all shares of a memo by id, the greatest first.
/// * `shares_of_many_memos_are_found`: [`find_by_memos`](Self::find_by_memos) MUST return all shares of these memos, in any
///   order.
/// * `a_share_is_removed_once`: [`remove`](Self::remove) MUST remove the share if it is one of this memo, and return whether it
///   did. When a memo is removed, its shares MUST be.
/// * `reads_of_shares_are_added`: [`add_reads`](Self::add_reads) MUST add each number to the reads of its share, and ignore shares
///   that do not exist.
/// * `expired_shares_are_removed`: [`remove_expired`](Self::remove_expired) MUST remove up to `most` shares that expired before
///   the time, and return how many.
#[async_trait]
pub trait ShareRepository: Send {
    /// Returns the share whose token has this digest, expired or not.
    async fn find_by_digest(&mut self, digest: &SecretDigest) -> Result<Option<Share>, StoreError>;

    /// Returns the shares of a memo.
    async fn list(&mut self, memo: MemoId) -> Result<Vec<Share>, StoreError>;

    /// Returns the shares of up to 100 memos.
    async fn find_by_memos(&mut self, memos: &[MemoId]) -> Result<Vec<Share>, StoreError>;

    /// Adds a share.
    async fn insert(&mut self, share: &Share) -> Result<(), StoreError>;

    /// Removes a share of a memo. Returns whether there was one.
    async fn remove(&mut self, memo: MemoId, id: ShareId) -> Result<bool, StoreError>;

    /// Counts reads.
    async fn add_reads(&mut self, reads: &[(ShareId, u64)]) -> Result<(), StoreError>;

    /// Removes shares that expired before a time. Returns how many.
    async fn remove_expired(&mut self, time: Timestamp, most: u32) -> Result<u64, StoreError>;
}
