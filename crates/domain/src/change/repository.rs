use async_trait::async_trait;

use crate::{Change, Limit, NewChange, Stamp, StoreError, Timestamp, UserId};

/// Stores the change feeds, one per user.
///
/// # Contract
/// * `a_change_reads_back_equal`: what was appended MUST read back equal, with its number.
/// * `changes_are_numbered_from_one_without_a_gap`: the changes of a user MUST have the numbers 1, 2, 3 … in the order
///   in which they were appended, independent of other users. A number MUST NOT be reused, even after its change was
///   removed.
/// * `a_change_that_was_rolled_back_leaves_no_gap`: a unit of work that is not committed MUST NOT consume a number.
/// * `no_reader_sees_a_gap_while_writers_run`: a reader that sees a number MUST see all smaller ones that were not
///   removed: the order of the numbers is the order of the commits.
/// * `a_change_needs_its_user`: [`append`](Self::append) MUST fail with
///   [`Conflict::Parent`](crate::Conflict::Parent) if the user does not exist.
/// * `an_empty_append_changes_nothing`: an [`append`](Self::append) of an empty slice MUST succeed and change nothing, for
///   any user id.
/// * `old_changes_are_removed`: [`remove_before`](Self::remove_before) MUST remove the changes before a time, and
///   [`last_seq`](Self::last_seq) MUST still return the greatest number.
/// * `a_stamp_follows_the_feed_and_the_user`: [`lookup_stamp`](Self::lookup_stamp) MUST have the greatest number and the version of the
///   user as last committed.
#[async_trait]
pub trait ChangeRepository: Send {
    /// Appends changes to the feed of a user, in order. Until the unit of work ends, no other can append to this feed.
    async fn append(&mut self, owner: UserId, changes: &[NewChange]) -> Result<(), StoreError>;

    /// Returns the changes of a user with numbers greater than `since`, in ascending order, up to the limit.
    async fn list(&mut self, owner: UserId, since: u64, limit: Limit) -> Result<Vec<Change>, StoreError>;

    /// Returns the greatest number that a change of this user ever had; 0 before the first one.
    async fn last_seq(&mut self, owner: UserId) -> Result<u64, StoreError>;

    /// Returns the stamp of a user's memos, in one read; `None` if the user does not exist.
    async fn lookup_stamp(&mut self, owner: UserId) -> Result<Option<Stamp>, StoreError>;

    /// Removes up to `most` changes of any user made before a time. Returns how many.
    async fn remove_before(&mut self, time: Timestamp, most: u32) -> Result<u64, StoreError>;
}
