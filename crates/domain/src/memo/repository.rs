use async_trait::async_trait;

use crate::{
    Memo, MemoCursor, MemoFilter, MemoId, MemoSort, MemoView, Page, PageRequest, SearchText, StoreError, Tag, TagCount,
    Timestamp, UserId, Version,
};

/// Stores memos.
///
/// # Contract
/// * `a_memo_reads_back_equal`: what was inserted or updated MUST read back equal, every text byte for byte, every time
///   to the microsecond.
/// * `an_insert_with_a_taken_memo_id_conflicts`: [`insert`](Self::insert) MUST fail with
///   [`Conflict::Id`](crate::Conflict::Id) if the id is taken.
/// * `a_memo_needs_its_owner`: [`insert`](Self::insert) MUST fail with [`Conflict::Parent`](crate::Conflict::Parent)
///   if the owner does not exist.
/// * `memos_are_looked_up_together`: [`lookup_all`](Self::lookup_all) MUST return what [`lookup`](Self::lookup) returns for
///   each of the ids, which differ, in any order.
/// * `memos_are_inserted_together`: [`insert_all`](Self::insert_all) MUST do what [`insert`](Self::insert) does for each of the
///   memos, and fail as it does.
/// * `an_update_from_another_version_is_stale`: [`update`](Self::update) and [`remove`](Self::remove) MUST fail with
///   [`StoreError::Stale`] and change nothing unless the stored version is `from`.
/// * `an_update_by_another_owner_is_stale`: [`update`](Self::update) MUST fail with [`StoreError::Stale`] if the stored memo has
///   another owner.
/// * `a_list_has_the_memos_that_match_its_filter`: [`list`](Self::list) and [`count`](Self::count) MUST agree with
///   [`MemoFilter::matches`].
/// * `the_liked_scope_has_the_visible_memos_that_the_viewer_likes`: with [`MemoScope::Liked`](crate::MemoScope::Liked), they MUST
///   return those of these memos that the viewer likes.
/// * `a_list_is_sorted`: [`list`](Self::list) MUST sort by the field, then by id, both in the requested direction;
///   titles by [`Title::sort_key`](crate::Title::sort_key), byte by byte.
/// * `pages_by_cursor_are_stable`: pages by cursor MUST return each memo once, also for equal values of the sorted field
///   and with inserts between two pages.
/// * `a_page_says_whether_there_is_a_next_one`: [`Page::next`] MUST be `None` exactly on the last page.
/// * `a_search_finds_what_its_query_matches`: the same holds with a query in the filter: a memo MUST be found as soon
///   as it is committed, in any script and Unicode form. The same unit of work need not find it before.
/// * `a_search_compares_the_stored_text`: a search MUST compare the [`SearchText`] of the memo's last
///   [`insert`](Self::insert) or [`update`](Self::update) with one, as it was given.
/// * `a_search_covers_a_text_up_to_its_bound`: that text MUST be stored whole, also one of [`SearchText::MAX`] bytes.
/// * `tags_are_counted`: [`list_tags`](Self::list_tags) MUST return what [`TagCount::join`] makes of the tags of all memos
///   of [`MemoFilter::of`] the user: archived ones included, trashed ones not.
/// * `tags_are_listed_in_pages`: of these tags, [`list_tags`](Self::list_tags) MUST return the first `limit` ones, those after
///   the tag if one is given, also if no memo has that one.
/// * `distinct_tags_are_counted`: [`count_tags`](Self::count_tags) MUST return the number of these tags, and
///   [`has_tags`](Self::has_tags) whether all of the given ones are among them.
/// * `a_tag_is_found_with_its_count`: [`find_tag`](Self::find_tag) MUST return what [`list_tags`](Self::list_tags) has for the
///   tag.
/// * `memos_are_found_by_their_tag`: [`find_by_tag`](Self::find_by_tag) MUST return each of these memos that has the tag,
///   once, sorted by id: the first `limit` ones, those after the id if one is given.
/// * `trashed_memos_are_listed_oldest_first`: [`list_trashed`](Self::list_trashed) MUST return the first `limit` memos of all
///   users that were moved to the trash before the time, sorted by that time, then by id.
/// * `a_view_has_the_owners_display_name`: a view MUST have the owner's current display name.
#[async_trait]
pub trait MemoRepository: Send {
    /// Returns the memo with this id, of any owner, in the trash or not.
    async fn lookup(&mut self, id: MemoId) -> Result<Option<MemoView>, StoreError>;

    /// Returns the memos with these ids, as [`lookup`](Self::lookup) does.
    async fn lookup_all(&mut self, ids: &[MemoId]) -> Result<Vec<MemoView>, StoreError> {
        let mut found = Vec::new();
        for id in ids {
            found.extend(self.lookup(*id).await?);
        }
        Ok(found)
    }

    /// Returns a page of the memos that match a filter.
    async fn list(
        &mut self,
        filter: &MemoFilter,
        sort: MemoSort,
        page: &PageRequest<MemoCursor>,
    ) -> Result<Page<MemoView, MemoCursor>, StoreError>;

    /// Returns how many memos match a filter.
    async fn count(&mut self, filter: &MemoFilter) -> Result<u64, StoreError>;

    /// Returns up to `limit` tags of a user's memos outside the trash, with the number of memos for each.
    async fn list_tags(&mut self, owner: UserId, after: Option<&Tag>, limit: u32) -> Result<Vec<TagCount>, StoreError>;

    /// Returns the number of these tags.
    async fn count_tags(&mut self, owner: UserId) -> Result<u64, StoreError>;

    /// Returns whether all of these tags are among them.
    async fn has_tags(&mut self, owner: UserId, tags: &[Tag]) -> Result<bool, StoreError>;

    /// Returns one of these tags, ignoring case.
    async fn find_tag(&mut self, owner: UserId, tag: &Tag) -> Result<Option<TagCount>, StoreError>;

    /// Returns the ids of up to `limit` of a user's memos outside the trash that have a tag, ignoring case, after an id.
    async fn find_by_tag(
        &mut self,
        owner: UserId,
        tag: &Tag,
        after: Option<MemoId>,
        limit: u32,
    ) -> Result<Vec<MemoId>, StoreError>;

    /// Returns the ids of up to `limit` memos of any user that were moved to the trash before a time.
    async fn list_trashed(&mut self, before: Timestamp, limit: u32) -> Result<Vec<MemoId>, StoreError>;

    /// Adds a memo, with the form of its texts. Returns its view.
    async fn insert(&mut self, memo: &Memo, text: &SearchText) -> Result<MemoView, StoreError>;

    /// Adds memos with different ids, as [`insert`](Self::insert) does.
    async fn insert_all(&mut self, memos: &[(&Memo, &SearchText)]) -> Result<(), StoreError> {
        for (memo, text) in memos {
            self.insert(memo, text).await?;
        }
        Ok(())
    }

    /// Replaces the memo with this id and owner, whose stored version must be `from`. `created_at` is kept. Without a `text`
    /// its texts are unchanged.
    async fn update(&mut self, memo: &Memo, from: Version, text: Option<&SearchText>) -> Result<(), StoreError>;

    /// Removes a memo for good, whose stored version must be `from`.
    async fn remove(&mut self, id: MemoId, from: Version) -> Result<(), StoreError>;
}
