//! The list of all cases.
//!
//! A case is reachable only through this list, so the compiler reports one that is missing here as unused.

/// Passes the list to another macro, after an argument for that macro.
///
/// The word in parentheses is what the cases of a module take: the store, or the whole value of the factory.
#[doc(hidden)]
#[macro_export]
macro_rules! __each_case {
    ($expand:ident, $argument:tt) => {
        $crate::$expand! {
            $argument
            memos(store) {
                a_memo_reads_back_equal
                a_memo_of_awkward_text_reads_back_equal
                an_update_replaces_all_but_the_creation_time
                an_update_by_another_owner_is_stale
                a_removed_memo_is_not_found
                an_insert_with_a_taken_memo_id_conflicts
                a_memo_needs_its_owner
                memos_are_looked_up_together
                memos_are_inserted_together
                an_update_from_another_version_is_stale
                an_update_of_an_absent_memo_is_stale
                trashed_memos_are_listed_oldest_first
                a_view_has_the_owners_display_name
            }
            filters(store) {
                a_list_has_the_memos_that_match_its_filter
                a_tag_filter_needs_all_tags_ignoring_case
                a_tag_filter_has_no_wildcards
                a_tag_filter_distinguishes_accents
                time_bounds_are_exclusive
                time_bounds_may_be_the_minimum_and_maximum
                the_public_scope_has_public_memos_of_all_users
            }
            likes(store) {
                a_memo_is_liked_once
                a_like_needs_its_memo_and_its_user
                likes_are_counted
                likes_of_many_users_at_once_are_all_counted
                likes_go_with_their_memo_and_their_user
                liked_memos_are_found
                likes_of_a_user_are_listed_by_memo
                users_who_like_a_memo_are_listed_by_id
                the_liked_scope_has_the_visible_memos_that_the_viewer_likes
            }
            shares(store) {
                a_share_reads_back_equal
                an_insert_with_a_taken_share_id_or_digest_conflicts
                a_share_needs_its_memo
                shares_are_listed_newest_first
                shares_of_many_memos_are_found
                a_share_is_removed_once
                reads_of_shares_are_added
                expired_shares_are_removed
            }
            webhooks(store) {
                a_webhook_reads_back_equal
                an_insert_with_a_taken_webhook_id_conflicts
                a_webhook_needs_its_user
                an_update_of_an_absent_webhook_is_stale
                webhooks_are_listed_newest_first
                webhooks_that_are_behind_are_listed
                a_looked_up_webhook_does_not_change_until_the_commit
                a_webhook_is_removed_once
                a_delivery_reads_back_equal
                a_delivery_needs_its_webhook
                an_absent_delivery_is_not_updated
                deliveries_are_listed_newest_first
                the_newest_deliveries_are_kept
            }
            revisions(store) {
                a_revision_reads_back_equal
                a_memo_has_one_revision_of_a_version
                a_revision_needs_its_memo
                revisions_are_listed_newest_first
                revisions_are_read_down_to_a_version
                oldest_revisions_are_removed
                oldest_revisions_are_removed_by_size
                revisions_are_removed_with_their_memo
            }
            tags(store) {
                tags_are_counted
                tags_are_counted_per_user
                awkward_tags_are_counted
                tag_counts_follow_changes
                tags_are_listed_in_pages
                distinct_tags_are_counted
                a_tag_is_found_with_its_count
                memos_are_found_by_their_tag
            }
            links(store) {
                a_link_needs_its_memo
                backlinks_are_the_visible_memos_that_link_to_a_memo
                backlinks_are_listed_in_pages
                links_are_removed_with_their_memo
            }
            pages(store) {
                a_list_is_sorted
                titles_are_sorted_by_the_bytes_of_their_key
                pages_by_cursor_are_stable
                pages_by_cursor_are_stable_under_inserts
                a_cursor_stays_valid_after_its_memo_is_removed
                pages_by_offset_are_slices_of_the_list
                a_page_says_whether_there_is_a_next_one
                a_cursor_takes_the_longest_title
            }
            search(store) {
                a_search_finds_what_its_query_matches
                a_search_ignores_case_and_unicode_form
                a_search_supports_phrases_and_exclusions
                a_search_rejects_near_misses
                a_search_treats_operators_as_text
                a_search_accepts_the_longest_queries
                a_search_covers_the_longest_texts
                a_search_covers_a_text_up_to_its_bound
                a_search_combines_with_the_rest_of_its_filter
                a_search_is_limited_to_its_user
                search_results_are_sorted
                relevance_ranks_by_words_in_the_title
                pages_of_a_search_are_slices_of_its_list
                pages_of_a_search_are_stable_under_inserts
                a_search_compares_the_stored_text
                a_search_follows_changes
                a_search_ignores_rolled_back_changes
                concurrent_writes_are_found_immediately
            }
            users(store) {
                a_user_reads_back_equal
                an_insert_with_a_taken_user_id_conflicts
                an_email_is_unique_ignoring_case
                an_email_with_another_accent_is_a_different_one
                a_user_may_change_the_case_of_their_email
                a_user_is_found_by_email_ignoring_case
                a_user_update_from_another_version_is_stale
                one_of_many_concurrent_sign_ups_gets_the_email
            }
            user_lists(store) {
                users_are_listed_oldest_first
                a_user_is_found_by_any_part_of_their_name_or_address
                locked_administrators_do_not_change_until_the_commit
                a_looked_up_user_does_not_change_until_the_commit
                concurrent_demotions_leave_one_administrator
            }
            swept_users(store) {
                a_users_rows_are_swept_in_steps
            }
            removed_users(store) {
                a_removed_user_leaves_no_data
                a_removal_from_another_version_is_stale
                an_insert_for_a_removed_user_conflicts
                concurrent_removals_remove_a_user_once
                writes_concurrent_with_a_removal_leave_no_data
            }
            sessions(store) {
                a_session_reads_back_equal
                every_set_of_scopes_reads_back_equal
                an_insert_with_a_taken_session_id_conflicts
                a_session_needs_its_user
                an_update_of_an_absent_session_is_stale
                a_session_is_found_by_its_cookie
                an_insert_with_a_taken_cookie_conflicts
                a_looked_up_session_does_not_change_until_the_commit
            }
            session_lists(store) {
                live_sessions_are_listed_newest_first
                all_sessions_but_one_are_ended
                long_expired_sessions_are_removed
            }
            refresh_tokens(store) {
                a_refresh_token_reads_back_equal
                an_insert_with_a_taken_digest_conflicts
                a_refresh_token_needs_its_session
                a_refresh_token_is_claimed_once
                one_of_many_concurrent_claims_gets_the_token
                a_refresh_token_is_claimed_at_any_time
                an_absent_refresh_token_is_not_claimed
                a_rolled_back_claim_leaves_the_token_unused
                refresh_tokens_of_ended_sessions_are_removed
            }
            identities(store) {
                an_identity_is_found_by_issuer_and_subject
                an_identity_is_linked_once
                an_identity_needs_its_user
                identities_are_listed_by_provider
                concurrent_removals_leave_one_identity
                message_tokens_are_replaced
                an_identity_is_removed_once
            }
            one_time_tokens(store) {
                a_one_time_token_reads_back_equal
                an_insert_with_a_taken_one_time_digest_conflicts
                a_one_time_token_needs_its_user
                a_one_time_token_is_taken_once
                one_of_many_concurrent_takes_gets_the_token
                tries_are_counted
                concurrent_tries_are_all_counted
                one_time_tokens_of_a_purpose_are_removed
                expired_one_time_tokens_are_removed
            }
            second_factors(store) {
                a_second_factor_reads_back_equal
                a_second_factor_needs_its_user
                an_upsert_keeps_the_recovery_codes
                recovery_codes_need_a_second_factor
                equal_recovery_codes_count_once
                a_step_is_claimed_once
                a_step_may_be_any_number
                one_of_many_concurrent_claims_gets_the_step
                a_recovery_code_is_claimed_once
                one_of_many_concurrent_claims_gets_the_code
                a_removed_second_factor_has_no_codes
            }
            jobs(store) {
                a_job_reads_back_equal
                an_insert_with_a_taken_job_id_conflicts
                a_job_needs_its_owner
                a_job_without_an_owner_stays
                due_jobs_are_claimed_once
                a_due_job_is_noticed
                a_claim_may_be_at_the_ends_of_time
                only_jobs_of_these_kinds_are_claimed
                the_earliest_of_several_kinds_is_claimed_first
                a_claim_counts_as_begun
                a_job_is_updated_or_gone
                dead_jobs_are_listed_newest_first
            }
            leases(store) {
                one_of_many_concurrent_workers_gets_the_lease
                an_expired_lease_can_be_claimed
                a_lease_is_held_until_its_job_changes
                an_outcome_is_recorded_by_the_last_of_many_workers
            }
            ended_jobs(store) {
                a_done_job_stays_until_it_is_removed
                a_job_is_found_by_its_id
                waiting_jobs_are_listed_by_owner
                ended_jobs_are_removed_in_steps
            }
            api_keys(store) {
                an_api_key_reads_back_equal
                an_insert_with_a_taken_api_key_id_conflicts
                an_api_key_needs_its_user
                an_update_of_an_absent_api_key_is_stale
                api_keys_are_listed_newest_first
                a_use_of_an_api_key_is_never_set_back
                an_api_key_is_removed_once
                a_looked_up_api_key_does_not_change_until_the_commit
            }
            audit(store) {
                an_audit_event_reads_back_equal
                an_append_with_a_taken_audit_id_conflicts
                an_audit_event_needs_its_user
                audit_events_are_listed_newest_first
                old_audit_events_are_removed
            }
            idempotency(store) {
                an_idempotent_response_reads_back_equal
                a_taken_idempotency_key_conflicts
                one_of_many_concurrent_inserts_gets_the_key
                an_idempotent_response_needs_its_user
                an_expired_idempotency_key_is_free
                old_idempotent_responses_are_removed
            }
            usage(store) {
                usage_reads_back_equal
                usage_is_added
                usage_of_many_nodes_at_once_is_all_added
                usage_of_an_absent_user_is_ignored
                usage_is_listed_by_day_operation_and_api_key
                usage_of_all_users_is_listed_by_user
                old_usage_is_removed
            }
            changes(store) {
                a_change_reads_back_equal
                changes_are_numbered_from_one_without_a_gap
                a_feed_is_read_in_pages
                a_change_that_was_rolled_back_leaves_no_gap
                a_change_needs_its_user
                an_empty_append_changes_nothing
                changes_outlive_their_memo
                old_changes_are_removed
                a_stamp_follows_the_feed_and_the_user
            }
            feed_races(store) {
                no_reader_sees_a_gap_while_writers_run
                feeds_are_numbered_per_user
            }
            units_of_work(store) {
                an_open_store_passes_its_check
                committed_writes_are_seen
                a_dropped_unit_of_work_leaves_nothing
                a_failed_unit_of_work_leaves_nothing
                a_cancelled_unit_of_work_leaves_nothing
                a_dropped_commit_is_kept_whole_or_not_at_all
                two_repositories_commit_together
                uncommitted_writes_are_not_seen
                a_unit_of_work_sees_its_own_writes
                a_snapshot_sees_one_state
            }
            concurrency(store) {
                writers_wait_for_each_other
                concurrent_inserts_all_succeed
                a_first_write_that_matches_nothing_is_stale
                snapshots_see_whole_commits_among_writers
                a_list_among_writers_has_matching_memos_only
            }
            writers(store) {
                a_writer_sees_nothing_of_a_dropped_writer
                what_a_writer_saw_is_committed_with_it
            }
            refusals(store) {
                a_reader_cannot_write
                a_commit_after_a_failed_write_fails
                a_closed_store_begins_nothing
            }
            reopening(whole) {
                committed_writes_survive_reopening
            }
        }
    };
}

/// The cases of [`BrowserSessions`](memo_domain::BrowserSessions).
#[doc(hidden)]
#[macro_export]
macro_rules! __each_browser_sessions_case {
    ($expand:ident, $argument:tt) => {
        $crate::$expand! {
            $argument
            browser_sessions(whole) {
                a_browser_session_is_found_by_its_cookie
                a_session_without_a_cookie_is_in_the_store_only
                a_browser_session_missing_from_the_store_is_not_found
                a_browser_session_that_ended_is_found_as_ended
                a_touched_browser_session_expires_later
                an_expired_browser_session_is_not_touched
                live_browser_sessions_are_listed_newest_first
                concurrent_touches_of_a_browser_session_all_succeed
            }
        }
    };
}

/// The cases of [`Cache`](memo_domain::Cache).
#[doc(hidden)]
#[macro_export]
macro_rules! __each_cache_case {
    ($expand:ident, $argument:tt) => {
        $crate::$expand! {
            $argument
            cache(whole) {
                a_cache_passes_its_check
                a_name_is_claimed_once
                names_are_claimed_apart
                a_claim_ends
                a_quota_is_taken_at_once
                a_refused_take_is_not_counted
                a_take_may_count_as_several_uses
                a_use_is_regained_every_interval
                uses_given_back_can_be_taken_again
                concurrent_takes_share_one_quota
                a_smaller_quota_applies_at_once
                a_value_reads_back_equal
                a_value_ends
                claims_rates_and_values_are_apart
            }
        }
    };
}

/// The cases of [`Events`](memo_domain::Events).
#[doc(hidden)]
#[macro_export]
macro_rules! __each_events_case {
    ($expand:ident, $argument:tt) => {
        $crate::$expand! {
            $argument
            events(whole) {
                an_event_reaches_every_subscription
                a_subscription_has_its_topics_alone
                events_of_one_node_keep_their_order
                a_slow_subscription_is_told_that_it_missed_events
                a_cancelled_next_loses_nothing
                subscriptions_end_apart
            }
        }
    };
}
