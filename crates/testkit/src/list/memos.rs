//! The tests of `/api/v1/memos`, `/api/v1/tags` and `/api/v1/changes`.

#[doc(hidden)]
#[macro_export]
macro_rules! __each_memos_test {
    ($expand:ident, $argument:tt) => {
        $crate::$expand! {
            $argument
            memos {
                create(app) {
                    memo_is_created_with_all_fields
                    memo_is_created_with_a_title_only
                    invalid_new_memo_is_rejected_with_its_pointer
                    all_invalid_values_of_a_memo_are_reported_together
                    validation_failure_is_a_problem_document
                    values_at_their_limits_are_accepted
                    tags_are_trimmed_normalized_and_deduplicated
                    past_reminder_is_rejected
                    memo_ids_sort_by_creation
                    concurrent_creates_all_succeed
                }
                captures(app) {
                    text_becomes_a_memo_titled_by_its_heading_or_first_line
                    captured_memo_has_the_tags_of_the_query
                    text_that_makes_no_memo_is_refused
                }
                backlinks(app) {
                    backlinks_follow_the_content_and_the_title
                    backlinks_are_memos_that_the_reader_may_read
                    backlinks_have_pages_and_the_first_links_of_a_memo_count
                }
                facts(app) {
                    facts_follow_the_content_however_it_is_written
                    facts_of_an_imported_memo_are_computed
                }
                tasks(app) {
                    checkbox_is_ticked_and_nothing_else_changes
                    checkbox_that_can_not_be_ticked_is_refused
                    checkboxes_ticked_at_once_are_all_ticked
                }
                access(app) {
                    every_operation_on_a_memo_admits_whom_it_should
                    table_of_access_has_every_operation_on_a_memo
                    private_memo_is_seen_in_no_list_of_another_user
                }
                revisions(app) {
                    change_of_a_text_keeps_the_text_before
                    revision_names_what_replaced_it
                    revision_is_restored_as_a_new_version
                    last_hundred_revisions_are_kept
                    revisions_of_a_memo_have_four_megabytes
                }
                shares(app) {
                    share_is_read_by_anyone_until_it_is_revoked
                    share_that_leads_nowhere_does_not_tell_why
                    shares_belong_to_the_owner_and_are_limited
                    invalid_share_is_rejected_with_its_pointer
                    share_with_a_password_needs_it
                    shared_memo_is_a_safe_page_for_browsers
                }
                likes(app) {
                    like_counts_once_and_changes_the_tag_but_not_the_version
                    memo_that_can_not_be_read_can_not_be_liked
                    liked_scope_lists_what_the_caller_likes_and_may_read
                    users_who_like_a_memo_are_listed_in_pages
                    cached_pages_follow_likes
                    likes_of_many_users_at_once_are_all_counted
                    likes_of_a_withdrawn_user_are_gone
                }
                chosen_ids(app) {
                    memo_is_created_with_a_chosen_id
                    chosen_id_of_any_memo_is_refused_and_changes_nothing
                    chosen_id_must_be_a_uuid_v7_that_is_not_ahead
                    batch_creates_with_chosen_ids
                    concurrent_creates_with_one_chosen_id_make_one_memo
                }
                texts(app) {
                    awkward_texts_are_stored_byte_for_byte
                    any_text_is_stored_byte_for_byte
                    json_escapes_are_decoded
                    invalid_unicode_is_rejected
                    any_tag_is_stored_in_nfc
                }
                read(app) {
                    private_memo_is_not_found_by_others
                    conditional_request_does_not_reveal_a_private_memo
                    public_memo_can_be_read_by_others_and_changed_by_its_owner
                    reminders_are_shown_to_the_owner_alone
                    ids_are_read_in_upper_case_too
                    trashed_public_memo_is_not_found_by_others
                    public_memo_needs_authentication
                    invalid_memo_id_is_not_found
                    unchanged_memo_is_not_sent_again
                    etag_covers_the_owner_but_if_match_compares_versions
                    memo_that_is_read_repeatedly_is_never_outdated
                }
                list(app) {
                    memo_list_is_empty_at_first
                    memo_list_has_complete_memos
                    page_limit_defaults_to_twenty
                    offset_pages_are_linked
                    offset_past_the_end_gives_an_empty_page
                    cursor_pages_contain_each_memo_once
                    cursor_page_reports_its_offset
                    cursor_pages_are_stable_under_inserts_and_deletes
                    memo_list_is_sorted_as_requested
                    cursor_of_another_list_is_rejected
                    unchanged_memo_list_is_not_sent_again
                }
                filters(app) {
                    memo_list_has_own_memos_only
                    public_scope_lists_public_memos_of_all_users
                    memo_list_filters_by_flags
                    memo_list_filters_by_all_given_tags
                    tag_filter_has_up_to_twenty_different_tags
                    tag_filter_has_no_wildcards
                    time_filters_have_exclusive_bounds
                    invalid_list_parameter_is_rejected_by_name
                }
                change(app) {
                    put_replaces_all_fields
                    patch_changes_only_the_given_fields
                    change_that_changes_nothing_makes_no_version
                    times_never_run_backwards
                    null_in_a_patch_resets_to_the_default
                    patches_merge_as_in_rfc_7396
                    invalid_memo_change_is_rejected_with_its_pointer
                    memo_patch_accepts_json_and_merge_patch
                    unchanged_past_reminder_is_accepted
                    trashed_memo_cannot_be_changed
                    concurrent_changes_all_apply
                }
                search(app) {
                    search_finds_a_word_inside_a_word
                    search_ignores_case_width_and_unicode_form
                    search_works_in_any_script
                    search_finds_a_single_character
                    search_needs_all_words_in_any_order
                    quoted_phrase_is_found_as_a_whole
                    minus_sign_excludes_a_term
                    operator_characters_are_searched_literally
                    search_has_no_wildcards
                    search_finds_any_part_of_a_text
                    awkward_texts_are_found_by_themselves
                    long_text_is_searched_to_its_end
                    blank_search_lists_everything
                    search_query_length_is_limited
                }
                search_results(app) {
                    search_combines_with_filters
                    search_finds_public_memos_of_others_in_the_public_scope
                    search_reflects_changes_immediately
                    relevance_ranks_memos_by_words_in_the_title
                    search_pages_contain_each_memo_once
                    cursor_of_another_search_is_rejected
                }
                batch(app) {
                    batch_applies_each_operation_as_if_sent_alone
                    batch_operations_see_the_previous_ones
                    batch_takes_1_to_100_operations
                    batch_checks_the_given_versions
                    batch_update_is_a_merge_patch
                    batch_changes_are_in_the_feed_in_order
                    batch_body_may_have_16_mib
                    concurrent_batches_with_one_version_succeed_once
                    concurrent_batches_all_apply
                }
                batch_errors(app) {
                    failed_batch_changes_nothing
                    first_failing_operation_is_reported
                    validation_errors_of_all_operations_are_reported
                    invalid_operation_is_rejected_with_its_pointer
                    unknown_batch_field_is_rejected_at_every_level
                    malformed_operation_is_rejected
                    validation_response_size_is_limited
                }
                conditions(app) {
                    outdated_if_match_is_rejected
                    current_if_match_is_accepted
                    each_change_returns_the_next_etag
                    if_match_star_matches_every_version
                    if_match_list_matches_if_one_tag_does
                    if_match_with_a_foreign_tag_is_rejected
                    validation_comes_before_if_match
                    concurrent_writers_with_one_etag_succeed_once
                    concurrent_deletes_with_one_etag_succeed_once
                }
                completions(app) {
                    completion_has_text_model_and_usage
                    streamed_completion_is_events_that_end_with_done
                    memo_is_sent_between_lines_that_it_cannot_contain
                    completion_options_are_those_of_the_call
                    invalid_completion_option_is_rejected_with_its_pointer
                    completion_is_for_users_who_may_read_the_memo
                    model_that_fails_or_is_slow_is_reported
                    http_1_0_clients_get_events_without_chunks
                }
                completion_settings(store) {
                    without_a_model_the_feature_is_disabled
                    client_that_is_gone_ends_the_call
                    completion_ends_after_its_user_has_signed_out
                    slow_body_of_a_completion_ends
                }
                remove(app) {
                    deleted_memo_moves_to_the_trash
                    deleting_a_trashed_memo_changes_nothing
                    permanent_delete_removes_the_memo_whether_trashed_or_not
                    restored_memo_leaves_the_trash
                    restoring_a_memo_outside_the_trash_changes_nothing
                    restore_accepts_no_fields
                    permanent_parameter_must_be_a_boolean
                }
                trash(store) {
                    trash_empties_itself_once_after_thirty_days
                }
                reminders(app) {
                    owner_is_reminded_once_at_the_time
                    reminder_has_the_language_and_the_time_zone_of_its_owner
                    only_memos_that_still_want_it_are_reminded_of
                    only_users_who_can_be_reached_are_reminded
                    every_way_to_set_a_reminder_is_followed
                    import_of_a_newer_state_sets_and_clears_reminders
                    restored_revision_keeps_the_reminder
                    reminder_that_fails_is_sent_later
                    reminders_of_a_user_are_limited_to_sixty_an_hour
                }
                reminder_nodes(store) {
                    reminder_is_sent_once_by_two_nodes
                }
                messages(app) {
                    linked_user_who_allows_messages_gets_one
                    failed_message_becomes_a_mail
                    expired_or_revoked_message_token_is_refreshed
                }
            }
            tags(app) {
                tag_list_counts_memos_outside_the_trash
                tags_are_compared_by_full_case_folding
                tag_list_shows_the_most_common_spelling
                unchanged_tag_list_is_not_sent_again
                tags_are_separate_per_user
                renaming_a_tag_updates_every_memo_with_it
                renaming_to_an_existing_tag_merges_both
                renaming_can_change_the_spelling_only
                empty_tag_patch_changes_nothing
                any_tag_can_be_addressed_in_the_path
                unknown_or_invalid_tag_is_not_found
                trashed_memos_keep_their_tags
                removing_a_tag_updates_every_memo_with_it
                invalid_new_tag_is_rejected_with_its_pointer
                renaming_a_tag_of_hundreds_of_memos_is_atomic
                concurrent_renames_and_changes_all_apply
            }
            bounds(app) {
                tags_are_listed_in_pages
                user_has_at_most_5000_tags
                page_of_large_memos_has_fewer_items
                repeated_parameters_are_merged_and_bounded
                forged_cursor_is_refused
            }
            tag_operations(app) {
                changing_a_tag_of_more_than_500_memos_is_an_operation
                changing_a_tag_of_long_memos_is_an_operation
            }
            changes(app) {
                change_feed_is_empty_at_first
                change_feed_lists_every_kind_of_change
                change_feed_pages_are_gapless
                change_feed_has_own_memos_only
                failed_and_no_op_requests_add_no_change
                since_beyond_the_last_change_requires_a_resync
                changes_older_than_180_days_require_a_resync
                change_feed_has_no_gaps_under_concurrent_writes
                unchanged_feed_is_not_sent_again
                invalid_feed_parameter_is_rejected_by_name
            }
            links(app) {
                resent_verification_link_replaces_the_previous_one
                new_reset_link_replaces_the_previous_one
                fresh_reset_link_is_not_replaced
                three_links_an_hour_are_sent_to_one_address
            }
        }
    };
}
