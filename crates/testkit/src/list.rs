//! The one list of tests.
//!
//! Tests are visible in this crate alone and reachable through the list alone, so that one that is missing here is
//! reported by the compiler as never used.

/// Hands the list to another macro, behind an argument for it.
///
/// In parentheses stands what the tests of a module take: an app that runs, or the store to start one over.
#[doc(hidden)]
#[macro_export]
macro_rules! __each_api_test {
    ($expand:ident, $argument:tt) => {
        $crate::$expand! {
            $argument
            auth::sign_up(app) {
                a_member_signs_up
                who_signs_up_is_written_to_in_their_language
                an_email_signs_up_once_whatever_its_case
                an_account_shows_its_values_in_nfc_and_trimmed
                sign_up_says_which_value_it_refuses
                sign_up_says_which_value_is_missing
                sign_up_names_all_that_is_wrong
                common_passwords_are_refused
                an_email_is_no_password
                a_long_password_is_never_cut
                a_password_is_compared_in_nfc
                one_of_many_sign_ups_at_once_gets_the_email
            }
            auth::token(app) {
                a_password_gets_tokens
                an_access_token_is_a_jwt_of_rfc_9068
                an_email_signs_in_whatever_its_case
                wrong_credentials_are_told_apart_by_nothing
                refusals_have_the_form_of_rfc_6749
                unknown_token_parameters_are_ignored
                a_token_has_the_scopes_asked_for
                an_access_token_lives_fifteen_minutes
                a_token_of_the_future_is_refused
                what_is_no_access_token_is_refused
                the_scheme_of_a_token_is_read_without_case
                the_token_endpoints_take_forms_alone
            }
            auth::refresh(app) {
                a_refresh_token_gets_the_next_pair
                a_refresh_token_used_twice_at_once_gets_fresh_pairs
                a_refresh_token_used_late_ends_the_family
                a_used_refresh_token_ends_the_family_however_old_it_is
                a_used_refresh_token_ends_the_family_whatever_it_asks_for
                the_leeway_is_counted_from_the_first_use
                many_refreshes_at_once_all_get_a_pair
                a_refresh_token_lives_thirty_days_unused
                a_family_ends_after_ninety_days
                a_refresh_narrows_scopes_and_never_widens_them
                what_is_no_refresh_token_gets_nothing
            }
            auth::revoke(app) {
                a_refresh_token_ends_its_sign_in
                an_access_token_ends_its_sign_in
                a_used_refresh_token_ends_its_sign_in_too
                an_access_token_that_has_expired_ends_its_sign_in_too
                revoking_what_is_no_token_is_no_error
                revoke_ignores_what_it_does_not_know
                who_is_signed_out_while_tokens_are_refreshed_stays_so
            }
            transfer(app) {
                an_export_has_all_that_is_theirs
                what_was_exported_is_imported_and_stays_the_same
                an_id_of_another_member_is_replaced_by_the_same_each_time
                of_a_memo_that_is_there_the_later_state_stays
                a_line_that_is_refused_keeps_all_of_them_out
                an_import_is_larger_than_any_other_body
            }
            auth::session(app) {
                a_password_gets_a_cookie
                wrong_credentials_get_no_cookie
                a_sign_in_says_which_member_it_refuses
                a_cookie_from_before_the_sign_in_is_worth_nothing
                a_sign_in_ends_the_one_that_the_browser_had
                sign_out_ends_a_cookie
                sign_out_ends_an_access_token_at_once
                a_cookie_lives_fourteen_days_unused
                a_cookie_ends_after_ninety_days
                what_is_no_cookie_of_a_sign_in_is_refused
                a_cookie_beside_a_token_is_ambiguous
                two_cookies_are_ambiguous
                cookies_of_others_are_in_nobodys_way
            }
            auth::away(store) {
                nobody_is_told_that_they_are_signed_out_who_is_not
            }
            auth::cross_site(store) {
                every_change_asks_where_a_cookie_comes_from
                tokens_are_sent_by_no_other_site
                an_origin_that_may_call_gets_no_cookies
                other_sites_change_nothing_with_a_cookie
                own_pages_change_what_they_like
                what_changes_nothing_is_read_from_anywhere
            }
            auth::sessions(app) {
                sign_ins_are_listed
                a_refreshed_sign_in_is_still_one
                a_sign_in_is_ended
                nobody_ends_anothers_sign_in
                all_sign_ins_are_ended
                all_other_sign_ins_are_ended
            }
            auth::verification(app) {
                a_sign_up_is_proved_by_mail
                a_link_proves_an_address_for_a_day
                a_link_is_sent_once_more
                what_is_no_token_of_a_link_proves_nothing
                of_many_uses_of_a_link_at_once_one_counts
                mail_speaks_the_language_of_the_member
                no_text_of_a_member_gets_into_the_headers_of_mail
                what_a_device_calls_itself_is_no_link
                pages_of_links_keep_their_tokens
            }
            auth::password(app) {
                who_forgot_a_password_is_told_nothing
                a_link_sets_a_new_password
                a_link_sets_a_password_for_an_hour
                a_new_link_replaces_the_one_before
                a_link_is_worth_nothing_after_another_password_or_address
                a_link_is_not_used_up_by_what_is_refused
                of_many_new_passwords_by_one_link_one_counts
            }
            auth::guesses(app) {
                ten_wrong_passwords_lock_an_account
                an_address_that_nobody_has_is_locked_alike
                guesses_at_once_all_count
                right_passwords_lock_nobody
            }
            auth::second_step(app) {
                a_right_password_needs_a_code_for_tokens
                a_right_password_needs_a_code_for_a_cookie
                a_code_works_once
                the_code_that_confirmed_is_used_up
                one_step_either_side_is_accepted
                of_many_uses_of_a_code_at_once_one_counts
                recovery_codes_work_once_each
                a_first_step_takes_five_tries
                ten_wrong_codes_lock_the_second_step
                the_second_step_may_take_five_minutes
                a_first_step_is_of_one_member
                the_second_step_gives_what_the_first_asked_for
                another_password_or_a_shut_account_ends_the_first_step
                a_reset_password_does_not_replace_a_code
            }
            auth::hostile(store) {
                a_token_that_is_not_quite_one_of_ours_is_refused
                a_token_is_of_a_sign_in_that_there_is
                a_token_signed_with_another_key_is_refused
                an_altered_token_is_refused
                a_huge_token_is_refused
                the_tokens_of_a_member_end_with_them
                a_token_ends_with_its_sign_in
                a_credential_is_good_for_its_own_purpose_alone
                no_part_of_a_long_password_is_left_out
                an_address_signs_in_in_any_form_and_is_one_account
            }
            auth::keys(store) {
                a_secret_that_is_shared_is_in_no_set
                a_token_is_checked_by_the_set_of_keys_alone
                the_first_key_signs_and_the_others_verify
                a_signed_token_that_is_not_quite_one_of_ours_is_refused
                a_key_that_the_token_brings_is_not_taken
                a_public_key_is_no_secret
                a_signed_token_is_refused_where_secrets_are_shared
            }
            auth::social(app) {
                providers_are_listed
                an_unknown_provider_is_not_found
                a_social_account_makes_an_account_and_signs_in
                the_same_social_account_comes_back_whatever_its_address
                social_accounts_are_told_apart_to_the_letter
                one_social_account_that_comes_in_at_once_makes_one_account
                any_name_that_a_provider_gives_is_a_display_name
                an_address_that_somebody_has_joins_no_accounts
                an_address_in_another_unicode_form_is_taken_too
                an_address_is_as_proved_as_the_provider_says
                an_address_that_the_provider_does_not_vouch_for_is_proved_by_mail
                who_comes_in_by_a_social_account_is_written_to_in_the_language_of_the_browser
                an_account_needs_an_address
            }
            auth::social_flow(app) {
                a_browser_goes_back_to_where_it_wanted
                a_browser_is_never_sent_elsewhere
                an_error_stands_beside_what_the_path_has
                a_flow_is_kept_in_a_cookie_that_scripts_cannot_read
                a_flow_needs_its_own_state
                a_flow_needs_the_browser_that_began_it
                a_flow_ends_once
                a_flow_takes_ten_minutes_at_most
                the_answer_of_another_provider_is_none
                a_code_is_good_in_its_own_flow_alone
                a_no_at_the_provider_signs_nobody_in
                whatever_else_a_provider_says_is_no_refusal_of_the_member
                a_provider_that_is_away_is_said
                a_cookie_from_before_is_worth_nothing_afterwards
                each_tab_has_a_flow_of_its_own
                flows_that_were_given_up_do_not_fill_a_browser
                what_a_provider_says_twice_signs_nobody_in
            }
            auth::social_link(app) {
                linking_needs_an_interactive_sign_in
                a_social_account_is_linked_and_unlinked
                a_page_elsewhere_cannot_unlink
                a_page_elsewhere_cannot_begin_a_link
                the_last_way_to_sign_in_stays
                a_social_account_has_one_member_and_a_member_one_at_each_provider
                one_social_account_that_is_linked_at_once_has_one_member
                a_link_is_for_who_began_it
                a_flow_without_a_link_links_nothing
                a_member_without_a_password_withdraws_after_a_recent_sign_in
                a_member_with_a_password_withdraws_after_a_recent_social_sign_in
                who_proves_an_address_first_has_the_account_alone
            }
            auth::social_settings(store) {
                cookies_of_a_server_behind_https_are_its_own_alone
                a_disabled_member_does_not_come_in
                a_social_account_is_no_way_around_a_second_factor
                a_closed_server_makes_no_accounts_of_social_ones
            }
            me::profile(app) {
                a_member_reads_their_account
                a_display_name_changes
                a_locale_changes_and_null_resets_it
                a_patch_of_nothing_changes_nothing
                a_patch_of_the_account_says_what_it_refuses
                a_patch_of_the_account_has_one_of_two_media_types
                members_see_their_own_account_alone
            }
            me::mfa(app) {
                a_second_factor_is_added
                a_second_factor_is_added_once
                codes_to_confirm_are_not_guessed
                of_many_confirmations_at_once_one_counts
                recovery_codes_are_counted
                a_second_factor_is_taken_away_with_the_password
            }
            me::password(app) {
                a_password_changes
                a_sign_in_by_token_outlives_its_change_of_password
                a_password_changes_with_the_one_before_alone
                of_two_changes_of_a_password_at_once_one_counts
            }
            me::email(app) {
                an_address_changes_and_is_proved_anew
                an_address_changes_with_the_password_alone
                a_link_to_an_address_proves_no_other
                an_address_in_other_letters_is_the_same
                one_of_many_who_want_an_address_at_once_gets_it
            }
            me::withdrawal(app) {
                nothing_is_left_of_who_withdraws
                who_withdraws_proves_who_they_are
                the_last_administrator_does_not_withdraw
            }
            me::audit(app) {
                events_say_who_what_when_and_from_where
                every_kind_of_event_is_told
                a_late_use_of_a_refresh_token_leaves_its_event
                members_read_their_own_events_alone
                events_come_in_pages_the_newest_first
                no_event_has_a_secret
            }
            admin(app) {
                members_are_listed
                members_are_searched
                members_come_in_pages
                members_do_not_administer
                a_member_is_made_an_administrator_and_back
                a_patch_of_a_member_says_what_it_refuses
                who_is_shut_out_is_out_at_once
                the_last_administrator_stays_one
                of_two_administrators_who_oust_each_other_one_stays
                of_two_administrators_who_step_down_at_once_one_stays
                mail_that_is_refused_is_listed
                mail_that_may_have_been_sent_twice_is_listed
                mail_of_a_node_that_dies_once_is_sent
                mail_that_can_not_go_now_goes_later
            }
            memos::create(app) {
                a_memo_is_created
                a_title_is_enough
                create_says_what_it_refuses
                create_names_all_values_that_it_refuses
                a_refusal_is_a_problem_document
                the_greatest_values_are_taken
                tags_are_trimmed_normalized_and_joined
                a_reminder_lies_in_the_future
                ids_sort_by_creation
                a_hundred_creates_at_once_are_a_hundred_memos
            }
            memos::texts(app) {
                awkward_texts_come_back_byte_for_byte
                any_text_comes_back_byte_for_byte
                escapes_are_read_as_what_they_mean
                what_is_no_text_is_refused
                any_tag_comes_back_in_nfc
            }
            memos::read(app) {
                a_private_memo_is_absent_for_others
                a_condition_tells_nothing_of_anothers_memo
                a_public_memo_is_read_by_others_and_changed_by_its_owner
                a_trashed_public_memo_is_absent_for_others
                a_memo_needs_a_sign_in_even_if_public
                what_is_no_id_names_no_memo
                a_memo_is_read_again_only_where_it_has_changed
                a_tag_covers_the_whole_memo
            }
            memos::list(app) {
                a_list_is_empty_at_first
                a_list_has_whole_memos
                a_page_has_twenty_items_by_default
                pages_by_offset_are_linked
                an_offset_past_the_end_gives_an_empty_page
                pages_by_cursor_have_each_memo_once
                a_page_by_cursor_counts_the_items_before_it
                pages_by_cursor_are_stable_under_inserts
                a_list_is_sorted_as_asked_for
                a_cursor_is_good_for_its_list_alone
                a_list_is_read_again_only_where_it_has_changed
            }
            memos::filters(app) {
                a_list_has_the_members_own_memos
                the_public_scope_has_everyones_public_memos
                flags_filter
                tags_filter_and_all_are_needed
                filters_have_no_wildcards
                times_filter_and_bounds_are_exclusive
                a_list_says_which_parameter_it_refuses
            }
            memos::change(app) {
                a_memo_is_replaced
                a_patch_changes_what_it_names
                null_in_a_patch_gives_the_default
                any_patch_is_merged_as_rfc_7396_says
                a_change_says_what_it_refuses
                a_patch_has_one_of_two_media_types
                an_unchanged_reminder_may_be_past
                a_trashed_memo_is_changed_by_nobody
                changes_at_once_are_all_made
            }
            memos::search(app) {
                a_word_is_found_inside_a_word
                the_form_of_letters_makes_no_difference
                any_script_is_searched
                one_character_is_searched
                all_words_are_needed_in_any_order
                a_phrase_is_found_as_a_whole
                a_minus_sign_excludes
                no_query_is_an_error
                what_is_searched_is_no_pattern
                any_part_of_a_text_is_found
                awkward_texts_are_found_by_themselves
                a_long_text_is_searched_to_its_end
                a_blank_query_is_none
                a_query_is_bounded
            }
            memos::found(app) {
                a_search_is_combined_with_filters
                another_members_memos_are_found_where_they_are_public
                a_search_sees_changes_at_once
                a_title_with_more_of_the_words_is_more_relevant
                pages_of_a_search_have_each_memo_once
                a_cursor_is_good_for_its_search_alone
            }
            memos::batch(app) {
                a_batch_does_what_its_operations_would_do
                each_operation_sees_those_before_it
                a_batch_has_one_to_a_hundred_operations
                a_batch_needs_the_versions_that_it_names
                a_patch_in_a_batch_is_a_merge_patch
                a_batch_tells_its_changes_in_order
                a_batch_has_a_body_of_16_mib
                of_two_batches_with_one_version_exactly_one_wins
                batches_at_once_are_all_done
            }
            memos::batch_refusals(app) {
                a_batch_that_fails_leaves_nothing
                the_first_operation_that_fails_is_named
                what_is_wrong_is_said_of_all_operations
                an_operation_says_what_it_refuses
                unknown_members_are_refused_at_every_level
                what_is_no_operation_is_refused
                a_refusal_is_bounded_whatever_was_sent
            }
            memos::conditions(app) {
                a_change_to_a_state_that_is_gone_is_refused
                a_change_to_the_state_seen_is_made
                each_change_gives_the_tag_for_the_next
                a_star_matches_every_state
                a_list_of_tags_matches_where_one_does
                a_tag_that_is_not_of_a_memo_matches_nothing
                what_is_wrong_anyway_is_said_before_a_lost_race
                of_two_writers_with_one_tag_exactly_one_wins
                of_many_deleters_with_one_tag_at_most_one_wins
            }
            memos::remove(app) {
                a_memo_goes_to_the_trash
                deleting_again_destroys_nothing
                a_memo_is_deleted_for_good_from_the_trash_or_not
                a_memo_comes_out_of_the_trash
                restoring_what_is_not_in_the_trash_changes_nothing
                a_restore_takes_no_members
                permanent_is_true_or_false
            }
            tags(app) {
                tags_are_listed_with_their_counts
                the_commonest_spelling_is_listed
                tags_are_read_again_only_where_they_have_changed
                members_have_tags_of_their_own_alone
                a_tag_is_renamed_in_all_memos
                a_memo_with_both_tags_keeps_one
                a_tag_is_spelled_otherwise
                a_patch_of_a_tag_with_nothing_changes_nothing
                the_path_may_have_any_tag
                what_is_no_tag_is_not_found
                the_trash_keeps_its_tags
                a_tag_is_removed
                a_new_tag_says_what_it_refuses
                hundreds_of_memos_are_renamed_at_once
                renames_and_changes_at_once_are_all_made
            }
            changes(app) {
                nothing_has_changed_at_first
                each_kind_of_change_is_told
                changes_are_walked_by_their_numbers
                members_follow_their_own_changes_alone
                what_changes_nothing_is_no_change
                a_number_that_no_change_has_had_is_refused
                changes_are_kept_for_180_days
                no_reader_sees_a_gap_while_writers_run
                changes_are_read_again_only_where_there_are_more
                the_feed_says_which_parameter_it_refuses
            }
            housekeeping(store) {
                a_server_removes_old_changes
            }
            nodes(store) {
                what_ends_a_sign_in_ends_it_on_every_node
                a_password_is_hashed_anew_where_the_cost_is_another
            }
            operations(app) {
                a_server_that_runs_is_alive_and_ready
                operations_look_at_no_credentials
            }
            docs(app) {
                the_document_is_openapi_3_1
                every_operation_is_described
                every_reference_of_the_document_leads_somewhere
                every_code_of_the_document_is_explained
                pages_load_own_files_alone
                the_docs_have_no_other_files
            }
            every_operation(app) {
                unknown_parameters_are_named
                awkward_names_of_parameters_are_named_as_they_are
                unknown_members_are_named
                a_sign_in_is_asked_for
                a_missing_scope_is_named
                the_scopes_are_those_of_the_contract
                two_credentials_are_ambiguous
                bodies_have_a_media_type
                bodies_are_objects
                other_methods_are_refused_and_the_right_ones_named
                a_head_is_a_get_without_its_body
            }
            errors(app) {
                an_unknown_path_is_a_problem
                a_problem_is_whole
                bad_json_is_a_problem
                a_sane_request_id_is_kept
                another_request_id_is_replaced
                a_problem_speaks_the_language_asked_for
                another_host_is_not_answered_for
                other_origins_are_told_nothing
                what_is_no_http_is_refused
                a_request_without_a_host_is_not_answered
                a_body_that_ends_early_is_no_memo
            }
            limits(app) {
                a_body_is_bounded
                a_body_of_unknown_length_is_bounded
                a_body_where_none_is_needed_does_no_harm
                json_is_nested_64_deep_at_most
                a_uri_is_bounded
                headers_are_bounded
            }
            hostile(app) {
                no_value_of_a_member_is_a_server_error
                no_value_in_a_batch_is_a_server_error
                no_bytes_in_a_body_are_a_server_error
                no_query_is_a_server_error
                no_header_is_a_server_error
                no_path_is_a_server_error
                no_form_is_a_server_error
            }
            settings(store) {
                a_closed_server_takes_no_sign_ups
                without_a_leeway_a_refresh_token_is_used_once
                tokens_live_as_long_as_the_settings_say
                the_public_url_is_what_links_name
                what_is_known_of_a_member_or_the_server_is_no_password
                behind_https_a_cookie_is_of_its_host_alone
                a_body_may_be_as_large_as_the_settings_say
                a_batch_is_bounded_by_the_greater_limit
                allowed_origins_may_call
                ids_come_from_the_port
                a_node_that_stops_says_so_first
                a_store_out_of_reach_is_said
                an_outage_is_no_guess
            }
        }
    };
}

/// Expands to one test for each behaviour of the HTTP interface.
///
/// The argument is the path of an `async fn() -> Option<Box<dyn TestStore>>` that makes a fresh store, or gives `None`
/// where the service that keeps it is not there: the tests say so and pass. It is the same factory that
/// `memo_conformance::conformance_tests!` takes.
#[macro_export]
macro_rules! api_tests {
    ($factory:path) => {
        $crate::__each_api_test!(__api_tests, [$factory]);
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __api_tests {
    ([$factory:path] $($module:ident $(:: $inner:ident)? ($kind:ident) { $($test:ident)* })*) => {$($(
        #[test]
        fn $test() {
            $crate::run(stringify!($test), $factory, $crate::entries::$test);
        }
    )*)*};
}

#[doc(hidden)]
#[macro_export]
macro_rules! __api_entries {
    ([] $($module:ident $(:: $inner:ident)? ($kind:ident) { $($test:ident)* })*) => {
        /// The tests in the form that they are run in.
        #[doc(hidden)]
        pub mod entries {
            use memo_conformance::TestStore;

            mod tests {
                $(pub use $crate::suite::$module$(::$inner)?::*;)*
            }

            $($(
                /// See the test of this name.
                pub async fn $test(store: Box<dyn TestStore>) {
                    $crate::__api_entries!(@call $kind store tests::$test);
                }
            )*)*
        }
    };
    (@call app $store:ident $test:path) => { $test($crate::TestApp::builder($store).start().await).await };
    (@call store $store:ident $test:path) => { $test($store).await };
}

crate::__each_api_test!(__api_entries, []);
