use async_trait::async_trait;

use crate::{Change, Limit, NewChange, Stamp, StoreError, Timestamp, UserId};

/// Keeps what has changed, for each member in an order of its own.
///
/// # Contract
/// * `a_change_reads_back_equal`: what was appended MUST read back equal, with its number.
/// * `changes_are_numbered_from_one_without_a_gap`: the changes of a member MUST have the numbers 1, 2, 3 and so on, in the
///   order in which they were appended, whatever other members do. A number MUST NOT be used twice, also where the
///   change that had it was removed.
/// * `a_change_that_was_rolled_back_leaves_no_gap`: a unit of work that is not committed MUST NOT use a number up.
/// * `no_reader_sees_a_gap_while_writers_run`: where a reader sees a number, it MUST see all smaller ones that were not
///   removed: the order of the numbers is the order of the commits.
/// * `a_change_needs_its_member`: [`append`](Self::append) MUST fail with
///   [`Conflict::Parent`](crate::Conflict::Parent) where the member does not exist.
/// * `old_changes_are_removed`: [`remove_before`](Self::remove_before) MUST remove the changes before a time, and
///   [`last_seq`](Self::last_seq) MUST still know the greatest number.
/// * `a_stamp_follows_the_feed_and_the_member`: [`lookup_stamp`](Self::lookup_stamp) MUST have the greatest number and the version of the
///   member as they were committed last.
#[async_trait]
pub trait ChangeRepository: Send {
    /// Appends changes in their order to those of a member. Until the unit of work ends, no other one can append to them.
    async fn append(&mut self, owner: UserId, changes: &[NewChange]) -> Result<(), StoreError>;

    /// The changes of a member with a number greater than `since`, the smallest first, at most as many as the limit.
    async fn list(&mut self, owner: UserId, since: u64, limit: Limit) -> Result<Vec<Change>, StoreError>;

    /// The greatest number that a change of this member ever had; 0 where there was none.
    async fn last_seq(&mut self, owner: UserId) -> Result<u64, StoreError>;

    /// What names the state of all that a member reads of their own memos, in one read; `None` where there is no such member.
    async fn lookup_stamp(&mut self, owner: UserId) -> Result<Option<Stamp>, StoreError>;

    /// Removes changes of any member made before a time, at most so many of them. How many it removed.
    async fn remove_before(&mut self, time: Timestamp, most: u32) -> Result<u64, StoreError>;
}
