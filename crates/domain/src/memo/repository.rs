use async_trait::async_trait;

use crate::{
    Memo, MemoCursor, MemoFilter, MemoId, MemoSort, MemoView, Page, PageRequest, StoreError, Tag, TagCount, UserId,
    Version,
};

/// Keeps memos.
///
/// # Contract
/// * `a_memo_reads_back_equal`: what was inserted or updated MUST read back equal, every text byte for byte, every time
///   to the microsecond.
/// * `an_insert_with_a_taken_memo_id_conflicts`: [`insert`](Self::insert) MUST fail with
///   [`Conflict::Id`](crate::Conflict::Id) where the id is taken.
/// * `a_memo_needs_its_owner`: [`insert`](Self::insert) MUST fail with [`Conflict::Parent`](crate::Conflict::Parent)
///   where the owner does not exist.
/// * `an_update_from_another_version_is_stale`: [`update`](Self::update) and [`remove`](Self::remove) MUST fail with
///   [`StoreError::Stale`] and change nothing unless the kept version is `from`.
/// * `no_update_changes_the_owner`: [`update`](Self::update) MUST fail with [`StoreError::Stale`] where the kept memo has
///   another owner.
/// * `a_list_has_what_fits_its_filter`: [`list`](Self::list) and [`count`](Self::count) MUST agree with
///   [`MemoFilter::matches`].
/// * `a_list_is_sorted`: [`list`](Self::list) MUST sort by the field, then by id, both in the direction asked for;
///   titles by [`Title::sort_key`](crate::Title::sort_key), byte by byte.
/// * `pages_by_cursor_are_stable`: pages by cursor MUST give each memo once, under equal values of the sorted field and
///   under inserts between two pages.
/// * `a_page_knows_whether_there_are_more`: [`Page::next`] MUST be `None` on the last page and only there.
/// * `a_search_finds_what_its_query_says`: with a query in the filter, too: a memo MUST be found as soon as it is
///   committed, whatever its script and Unicode form. The same unit of work need not find it before.
/// * `tags_are_counted`: [`list_tags`](Self::list_tags) MUST give what [`TagCount::join`] makes of the tags of all memos that
///   [`MemoFilter::of`] the member has, archived ones, too, and no memo in the trash.
/// * `memos_are_found_by_their_tag`: [`find_by_tag`](Self::find_by_tag) MUST give each of these memos that has the tag,
///   once, sorted by id.
/// * `a_view_has_its_owners_name`: a view MUST carry the owner's present display name.
#[async_trait]
pub trait MemoRepository: Send {
    /// The memo with this id, whoever owns it, in the trash or not.
    async fn lookup(&mut self, id: MemoId) -> Result<Option<MemoView>, StoreError>;

    /// A page of the memos that fit a filter.
    async fn list(
        &mut self,
        filter: &MemoFilter,
        sort: MemoSort,
        page: &PageRequest<MemoCursor>,
    ) -> Result<Page<MemoView, MemoCursor>, StoreError>;

    /// How many memos fit a filter.
    async fn count(&mut self, filter: &MemoFilter) -> Result<u64, StoreError>;

    /// The tags of a member's memos that are not in the trash, and how many of these memos have each.
    async fn list_tags(&mut self, owner: UserId) -> Result<Vec<TagCount>, StoreError>;

    /// The ids of a member's memos that are not in the trash and have a tag, whatever its case; all of them.
    async fn find_by_tag(&mut self, owner: UserId, tag: &Tag) -> Result<Vec<MemoId>, StoreError>;

    /// Adds a memo. As it is read from now on.
    async fn insert(&mut self, memo: &Memo) -> Result<MemoView, StoreError>;

    /// Replaces the memo with this id and owner, which must still be in version `from`. Its creation stays.
    async fn update(&mut self, memo: &Memo, from: Version) -> Result<(), StoreError>;

    /// Removes a memo for good, which must still be in version `from`.
    async fn remove(&mut self, id: MemoId, from: Version) -> Result<(), StoreError>;
}
