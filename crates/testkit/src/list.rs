//! The list of all tests.
//!
//! A test is reachable only through this list, so the compiler reports one that is missing here as unused.

/// Passes the list to another macro, after an argument for that macro.
///
/// The word in parentheses is what the tests of a module take: a running app, or the store to start one over. Modules
/// marked `[shared_state]` begin, end or list sessions, or count attempts; the others only need a session that is alive.
#[doc(hidden)]
#[macro_export]
macro_rules! __each_api_test {
    ($expand:ident, $argument:tt) => {
        $crate::$expand! {
            $argument
            [shared_state] auth {
                sign_up(app) {
                    sign_up_creates_an_account
                    sign_up_takes_the_locale_from_accept_language
                    email_is_unique_regardless_of_case_and_unicode_form
                    email_is_unique_in_all_spellings_of_its_domain
                    email_and_display_name_are_trimmed_and_in_nfc
                    invalid_sign_up_value_is_rejected_with_its_pointer
                    missing_sign_up_value_is_rejected_with_its_pointer
                    all_invalid_sign_up_values_are_reported_together
                    common_password_is_rejected
                    email_as_password_is_rejected
                    password_is_never_truncated
                    password_is_compared_in_nfc
                    concurrent_sign_ups_with_one_email_succeed_once
                }
                token(app) {
                    right_password_returns_tokens
                    access_token_is_a_jwt_as_in_rfc_9068
                    email_for_signing_in_is_case_insensitive
                    wrong_email_and_wrong_password_look_alike
                    invalid_token_request_is_rejected_as_in_rfc_6749
                    unknown_token_parameters_are_ignored
                    token_has_the_requested_scopes
                    access_token_expires_after_fifteen_minutes
                    access_token_not_valid_yet_is_rejected
                    malformed_access_token_is_rejected
                    bearer_scheme_is_case_insensitive
                    token_endpoints_accept_only_forms
                }
                refresh(app) {
                    refresh_token_returns_a_new_pair
                    refresh_token_reused_within_the_leeway_returns_the_same_successor
                    two_holders_of_a_refresh_token_collide_at_the_next_use
                    refresh_token_reused_after_the_leeway_ends_the_family
                    reused_refresh_token_ends_the_family_even_after_it_expired
                    reused_refresh_token_ends_the_family_whatever_scope_is_requested
                    refresh_leeway_is_counted_from_the_first_use
                    concurrent_refreshes_all_return_the_same_successor
                    unused_refresh_token_expires_after_thirty_days
                    refresh_token_family_expires_after_ninety_days
                    refresh_can_narrow_but_not_widen_the_scope
                    malformed_or_foreign_refresh_token_is_rejected
                }
                revoke(app) {
                    revoking_a_refresh_token_ends_its_session
                    revoking_an_access_token_ends_its_session
                    revoking_a_used_refresh_token_ends_its_session
                    revoking_an_expired_access_token_ends_its_session
                    revoking_an_invalid_token_succeeds
                    revoke_ignores_unknown_parameters
                    revocation_wins_over_concurrent_refreshes
                }
                session(app) {
                    right_password_sets_a_session_cookie
                    wrong_credentials_set_no_cookie_and_look_alike
                    invalid_session_request_is_rejected_with_its_pointer
                    planted_cookie_is_replaced_when_signing_in
                    signing_in_ends_the_previous_session_of_the_browser
                    sign_out_ends_the_session_and_clears_the_cookie
                    sign_out_revokes_the_access_token_immediately
                    unused_cookie_expires_after_fourteen_days
                    cookie_expires_after_ninety_days
                    invalid_session_cookie_is_rejected
                    cookie_together_with_a_token_is_ambiguous
                    two_session_cookies_are_ambiguous
                    unrelated_and_malformed_cookies_are_ignored
                }
                store_outage(store) {
                    sign_out_while_the_store_is_down_keeps_the_session
                }
                cross_site(store) {
                    every_writing_operation_rejects_cross_site_requests_with_a_cookie
                    bearer_token_is_accepted_from_any_origin
                    allowed_cors_origin_cannot_use_the_cookie
                    cross_site_write_with_a_cookie_is_rejected
                    same_origin_write_with_a_cookie_is_accepted
                    cross_site_read_with_a_cookie_is_answered_without_cors_headers
                }
                sessions(app) {
                    session_list_shows_device_and_current_session
                    refreshing_keeps_the_session_id
                    ending_a_session_revokes_its_tokens
                    session_of_another_user_is_not_found
                    ending_all_sessions_includes_the_current_one
                    ending_other_sessions_keeps_the_current_one
                }
                first_proof(app) {
                    second_factor_needs_a_verified_address
                    first_verification_removes_what_came_before_it
                    first_verification_keeps_the_session_that_carries_it
                    first_verification_keeps_the_identity_of_the_session_that_carries_it
                    later_verification_and_reset_remove_nothing
                    account_of_a_vouching_provider_counts_as_proved
                }
                proof(app) {
                    linking_needs_a_recent_sign_in_or_proof
                    second_factor_needs_a_recent_sign_in_or_proof
                    proof_needs_the_password_and_an_interactive_session
                    user_without_a_password_proves_by_signing_in_again
                    changes_of_the_ways_to_sign_in_are_told_by_mail
                    new_password_can_unlink_all_identities
                }
                verification(app) {
                    verification_link_verifies_the_address_once
                    verification_link_expires_after_a_day
                    invalid_verification_token_is_rejected
                    concurrent_uses_of_a_verification_link_succeed_once
                    mail_is_in_the_language_of_the_user
                    user_text_cannot_inject_mail_headers
                    user_agent_in_mail_is_escaped_and_not_a_link
                    link_pages_do_not_leak_the_token
                }
                password(app) {
                    forgot_password_response_does_not_reveal_the_account
                    reset_link_sets_a_new_password_and_ends_all_sessions
                    reset_link_expires_after_an_hour
                    reset_link_is_revoked_by_a_change_of_password_or_address
                    rejected_reset_keeps_the_link_valid
                    concurrent_resets_by_one_link_succeed_once
                }
                signed(app) {
                    signed_request_acts_for_the_user_of_its_key
                    signature_of_another_request_is_invalid
                    signature_must_cover_the_whole_request
                    malformed_signature_is_invalid
                    signature_is_valid_for_five_minutes_and_once
                    signed_key_ends_like_any_other
                }
                attempt_limit(app) {
                    ten_wrong_passwords_lock_the_account
                    live_session_is_not_locked_out
                    known_device_is_not_locked_out
                    stolen_device_cookie_allows_ten_attempts
                    unknown_address_is_locked_like_a_known_one
                    concurrent_wrong_passwords_all_count
                    right_passwords_neither_lock_nor_reset_the_count
                }
                second_step(app) {
                    token_request_with_a_second_factor_needs_a_code
                    codes_are_accepted_after_the_clock_was_ahead
                    cookie_request_with_a_second_factor_needs_a_code
                    totp_code_is_accepted_once
                    code_that_confirmed_the_factor_is_used_up
                    totp_code_of_the_previous_or_next_step_is_accepted
                    concurrent_uses_of_one_code_succeed_once
                    each_recovery_code_is_accepted_once
                    five_wrong_codes_end_the_first_step
                    ten_wrong_codes_lock_the_second_step
                    second_step_expires_after_five_minutes
                    second_step_token_is_bound_to_its_user_and_purpose
                    second_step_grants_the_scope_of_the_first
                    second_step_repeats_the_call_of_the_first
                    password_change_or_disabling_ends_the_first_step
                    password_reset_does_not_bypass_the_second_factor
                }
                hostile(store) {
                    access_token_with_one_wrong_claim_or_header_is_rejected
                    access_token_with_unknown_subject_or_session_is_rejected
                    access_token_signed_with_another_secret_is_rejected
                    altered_access_token_is_rejected
                    huge_token_is_rejected
                    tokens_of_a_removed_or_disabled_user_are_revoked
                    tokens_end_with_their_session
                    credential_is_accepted_for_its_own_purpose_only
                    long_passwords_are_compared_whole
                    equivalent_forms_of_an_address_are_one_account
                }
                keys(store) {
                    key_set_is_empty_with_a_shared_secret
                    access_token_verifies_with_the_published_key_set
                    first_key_signs_and_all_keys_verify
                    eddsa_token_with_one_wrong_claim_or_header_is_rejected
                    key_embedded_in_the_token_is_ignored
                    public_key_is_not_accepted_as_a_shared_secret
                    eddsa_token_is_rejected_with_a_shared_secret
                }
                social(app) {
                    provider_list_has_authorize_urls
                    unknown_provider_is_not_found
                    first_social_sign_in_creates_an_account
                    social_account_is_recognized_by_subject_not_by_email
                    social_subjects_are_compared_byte_for_byte
                    concurrent_first_social_sign_ins_create_one_account
                    provider_name_becomes_a_valid_display_name
                    social_sign_in_with_a_taken_email_is_rejected
                    social_sign_in_with_an_equivalent_email_is_rejected
                    email_verification_follows_the_providers_claim
                    unverified_social_email_gets_one_verification_mail
                    social_sign_up_takes_the_locale_from_accept_language
                    social_sign_up_without_a_valid_email_is_rejected
                }
                social_flow(app) {
                    flow_returns_to_the_requested_path
                    return_to_another_site_is_ignored
                    flow_error_is_added_to_the_query_of_return_to
                    flow_cookie_is_http_only_and_encrypted
                    callback_with_a_wrong_state_is_rejected
                    callback_in_another_browser_is_rejected
                    callback_cannot_be_replayed
                    flow_expires_after_ten_minutes
                    callback_of_another_provider_is_rejected
                    code_is_accepted_in_its_own_flow_only
                    access_denied_at_the_provider_changes_no_session
                    other_provider_errors_are_reported_as_provider_failure
                    unreachable_provider_is_reported
                    social_sign_in_replaces_a_planted_or_old_session
                    concurrent_flows_in_one_browser_are_independent
                    abandoned_flow_cookies_are_limited
                    duplicate_callback_parameters_are_rejected
                }
                social_link(app) {
                    linking_needs_an_interactive_session
                    identity_can_be_linked_and_unlinked
                    cross_site_unlink_is_rejected
                    cross_site_start_of_a_link_is_rejected
                    last_way_to_sign_in_cannot_be_unlinked
                    identity_has_one_user_and_user_has_one_identity_per_provider
                    concurrent_links_of_one_identity_leave_one_user
                    link_is_bound_to_the_user_who_started_it
                    social_sign_in_without_link_does_not_link
                    user_without_a_password_needs_a_recent_session_to_withdraw
                    recent_social_session_allows_withdrawal_without_the_password
                    password_reset_of_an_unverified_account_removes_identities
                }
                social_roles(app) {
                    role_follows_the_provider_at_each_sign_in
                    last_administrator_stays_one_whatever_the_provider_says
                    user_whom_the_provider_does_not_let_in_is_refused
                }
                social_settings(store) {
                    social_cookies_have_the_host_prefix_over_https
                    disabled_user_cannot_sign_in_with_a_social_account
                    social_sign_in_does_not_bypass_the_second_factor
                    closed_sign_up_rejects_new_social_accounts
                }
            }
            transfer(app) {
                export_has_all_data_of_the_user_and_no_secrets
                export_without_all_scopes_has_no_sessions_and_identities
                export_imports_unchanged
                import_replaces_ids_of_other_users_deterministically
                export_has_likes_shares_and_settings
                import_restores_likes_and_settings
                import_leaves_out_likes_of_memos_that_cannot_be_read
                import_of_own_memos_with_other_ids_finds_them_for_their_likes
                import_makes_a_new_id_after_four_derived_ones
                import_keeps_the_newer_version_of_a_memo
                import_with_an_invalid_line_imports_nothing
                import_body_may_exceed_the_body_limit
            }
            transfer_limits(app) {
                import_of_empty_lines_is_cheap
                export_has_memos_of_all_lists_once
                user_has_one_import_at_a_time
                http_1_0_clients_get_a_body_without_chunks
            }
            transfer_revisions(store) {
                revisions_move_to_another_server_and_back
                revisions_of_long_memos_are_short_lines
                revisions_of_memos_that_exist_are_not_imported
                revisions_without_their_memo_before_them_are_left_out
                only_as_many_revisions_are_imported_as_are_kept
                revision_that_does_not_fit_is_invalid
            }
            transfer_secrets(app) {
                export_has_webhooks_and_api_keys_without_secrets
                import_leaves_out_webhooks_and_api_keys
            }
            archives(app) {
                archive_of_each_kind_is_imported_with_its_media_type
                hostile_archive_is_a_problem_and_imports_nothing
                dry_run_reports_and_changes_nothing
                markdown_export_imports_unchanged
            }
            transfer_settings(store) {
                import_size_is_limited
                archive_is_limited_by_the_size_of_an_import
                answer_that_is_not_read_ends
            }
            [shared_state] me {
                profile(app) {
                    own_account_is_returned_with_an_etag
                    display_name_can_be_changed
                    locale_can_be_changed_and_reset_by_null
                time_zone_can_be_changed_and_reset_by_null
                    empty_account_patch_changes_nothing
                    invalid_account_patch_is_rejected_with_its_pointer
                    account_patch_accepts_json_and_merge_patch
                    account_of_another_user_is_not_shown
                }
                mfa(app) {
                    second_factor_is_enabled_by_its_first_code
                    enabled_second_factor_cannot_be_replaced
                    ten_wrong_confirmation_codes_are_locked
                    concurrent_confirmations_succeed_once
                    used_recovery_codes_reduce_the_count
                    disabling_the_second_factor_needs_the_password
                }
                password(app) {
                    password_change_ends_all_other_sessions
                    password_change_keeps_the_current_token_session
                    password_change_needs_the_current_password
                    concurrent_password_changes_succeed_once
                }
                email(app) {
                    changed_email_must_be_verified_again
                    email_change_needs_the_password
                    verification_link_is_bound_to_its_address
                    email_change_of_case_only_stays_verified
                    concurrent_changes_to_one_email_succeed_once
                }
                withdrawal(app) {
                    withdrawal_removes_all_data_and_sessions
                    withdrawal_needs_the_password_and_an_interactive_session
                    last_administrator_cannot_withdraw
                }
                api_keys(app) {
                    api_key_is_shown_with_its_secret_once
                new_api_key_is_told_by_mail
                    invalid_api_key_is_rejected_with_its_pointer
                    api_key_may_do_exactly_what_its_scopes_allow
                    api_key_of_another_user_is_not_found
                    changed_api_key_takes_effect_at_once
                    api_key_ends_with_its_account
                    api_key_expires_by_the_clock
                    api_key_with_another_secret_is_invalid
                    concurrent_creations_respect_the_limit_of_api_keys
                    use_of_an_api_key_is_recorded_once_a_minute
                    audit_event_names_the_api_key
                    first_proof_of_an_account_removes_its_api_keys
                }
                webhooks(app) {
                    webhook_is_shown_with_its_secret_once
                    repeated_creation_of_a_webhook_has_its_effect_once
                    invalid_webhook_is_rejected_with_its_pointer
                    webhook_is_changed_and_removed
                    webhook_of_another_user_is_not_found
                    webhooks_of_a_user_are_limited
                    webhook_needs_the_scopes_of_the_account
                }
                webhook_deliveries(app) {
                    changes_are_delivered_in_order
                    failed_delivery_is_retried_with_growing_waits
                    failing_webhook_is_disabled_after_three_days
                    webhook_that_is_gone_is_disabled_at_once
                    slow_receiver_delays_no_other
                    delivery_of_a_crashed_node_is_repeated_once
                    ping_is_sent_once
                    delivery_is_repeated_with_its_id
                    last_hundred_deliveries_are_kept
                    changes_that_are_not_kept_are_skipped
                    webhooks_end_with_their_account
                }
                api_key_settings(store) {
                    api_key_is_accepted_from_its_networks_only
                    number_of_api_keys_is_a_setting
                }
                usage(app) {
                    usage_counts_each_request_with_its_errors_and_bytes
                    usage_is_added_up_by_api_key_and_by_operation
                    usage_is_added_up_by_the_day_in_utc
                    refused_requests_of_a_user_are_errors_of_theirs
                    bytes_of_streams_are_counted_when_they_end
                    invalid_usage_parameter_is_rejected_by_name
                    usage_of_other_users_is_for_administrators
                    usage_goes_with_its_user_and_outlives_its_api_key
                    usage_page_is_for_browsers
                }
                usage_nodes(store) {
                    usage_of_all_nodes_is_added_up
                    usage_is_stored_when_the_server_stops
                    usage_is_removed_after_its_retention_time
                    request_that_takes_too_long_is_an_error_of_its_user
                }
                audit(app) {
                    audit_event_has_kind_time_device_ip_and_request_id
                    every_kind_of_audit_event_is_recorded
                    refresh_token_reuse_is_recorded_once
                    audit_log_shows_own_events_only
                    user_does_not_see_from_where_an_administrator_acted
                    head_of_an_export_is_not_recorded
                    audit_pages_are_newest_first
                    audit_events_contain_no_secrets
                }
            }
            [shared_state] admin(app) {
                user_list_is_in_order_of_sign_up
                users_are_found_by_text_role_and_status
                user_list_pages_contain_each_user_once
                users_without_the_admin_role_are_forbidden
                role_change_takes_effect_immediately
                invalid_user_patch_is_rejected_with_its_pointer
                disabled_user_loses_all_access_immediately
                last_administrator_cannot_be_demoted_or_disabled
                administrators_who_demote_each_other_concurrently_leave_one
                administrators_who_step_down_concurrently_leave_one
                permanently_failed_mail_is_listed_as_dead
                mail_claimed_by_two_crashed_nodes_is_listed_as_dead
                mail_claimed_by_one_crashed_node_is_sent_again
                temporarily_failed_mail_is_retried
            }
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
                    likes_of_a_hundred_users_at_once_are_all_counted
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
            housekeeping(store) {
                server_removes_old_changes_in_the_background
            }
            [shared_state] nodes(store) {
                session_ended_on_one_node_ends_on_every_node
                api_key_changed_on_one_node_changes_on_every_node
                password_is_rehashed_if_the_cost_setting_changed
                refresh_token_has_the_same_successor_on_every_node
                memo_changed_on_one_node_is_read_on_every_node
                readers_that_disconnect_get_each_change_once_and_in_order_on_any_node
                two_nodes_deliver_each_change_once
            }
            digests(app) {
                digest_of_another_body_is_refused_by_every_operation
                refused_digest_says_why
                import_with_another_digest_imports_nothing
            }
            transport(store) {
                request_without_encryption_is_refused_whatever_its_credential
                bearer_key_sent_without_encryption_is_removed
                forwarded_header_says_whether_a_request_was_encrypted
                encryption_is_not_expected_of_an_http_server
                signed_request_passes_a_proxy
            }
            operations(app) {
                running_server_is_alive_and_ready
                public_operations_ignore_credentials
            }
            docs(app) {
                document_is_openapi_3_1
                every_operation_is_described
                every_reference_in_the_document_resolves
                every_error_code_is_explained
                doc_pages_load_only_own_files
                start_page_is_for_browsers_and_fields_are_for_programs
                unknown_doc_file_is_not_found
            }
            [shared_state] live(app) {
                events_follow_the_feed_from_now_on_or_after_the_last_event_id
                invalid_position_is_rejected
                live_connections_of_a_user_are_limited
                live_connections_end_with_their_session
                live_connections_end_with_their_api_key
                websocket_follows_the_feed_and_answers_pings
                websocket_needs_a_handshake_from_an_allowed_origin
                websocket_messages_of_the_client_are_limited
            }
            live_settings(store) {
                quiet_connections_are_kept_alive_within_the_request_timeout
                live_connections_are_told_to_reconnect_when_the_node_stops
            }
            every_operation(app) {
                unknown_parameter_is_rejected_by_name
                unusual_parameter_name_is_reported_verbatim
                unknown_json_field_is_rejected_by_name
                anonymous_request_is_unauthorized
                missing_scope_is_reported_by_name
                scopes_follow_from_path_and_method
                two_credentials_are_ambiguous
                body_with_another_media_type_is_rejected
                body_with_a_content_coding_is_rejected
                body_that_is_not_an_object_is_rejected
                unsupported_method_is_rejected_with_the_allowed_ones
                head_equals_get_without_the_body
            }
            errors(app) {
                unknown_path_is_a_problem_document
                problem_document_has_all_fields
                malformed_json_is_rejected
                valid_request_id_is_echoed
                invalid_request_id_is_replaced
                problem_is_in_the_requested_language
                untrusted_host_is_rejected
                foreign_origin_gets_no_cors_headers
                malformed_http_is_rejected
                request_without_a_trusted_host_is_rejected
                requests_after_the_last_one_are_not_processed
                truncated_body_creates_no_memo
            }
            compression(app) {
                large_response_has_the_coding_that_the_client_prefers
                tag_of_a_coded_response_names_the_same_version
                repeated_response_is_the_same_in_each_coding
                small_secret_and_streamed_responses_have_no_coding
            }
            idempotency(app) {
                repeated_request_gets_the_first_response
                key_of_another_request_is_rejected
                concurrent_requests_with_one_key_create_one_memo
                request_whose_connection_was_lost_can_be_repeated
                key_belongs_to_its_user
                failed_request_leaves_its_key_free
                key_expires_after_24_hours
                repeated_batch_and_text_get_the_first_response
                replayed_response_leaves_out_its_secret
                concurrent_requests_with_one_key_show_one_secret
                every_post_that_creates_reads_the_key
                invalid_key_is_rejected
                response_that_is_too_large_to_be_repeated_is_rejected
            }
            limits(app) {
                body_size_is_limited
                chunked_body_size_is_limited
                unneeded_body_is_harmless
                json_depth_is_limited_to_64
                uri_length_is_limited
                header_size_is_limited
            }
            hostile(app) {
                no_field_value_causes_a_server_error
                no_batch_value_causes_a_server_error
                no_body_causes_a_server_error
                no_query_causes_a_server_error
                no_header_causes_a_server_error
                no_path_causes_a_server_error
                no_form_causes_a_server_error
            }
            [shared_state] rates(store) {
                anonymous_requests_are_limited_by_address
                a_user_is_limited_whatever_address_and_token_they_use
                a_refused_credential_counts_as_anonymous
                attempts_to_sign_in_have_a_limit_of_their_own
                clients_that_have_signed_in_before_are_not_refused_by_the_limit_of_attempts
                heavy_requests_count_as_several
                health_checks_are_not_limited
                concurrent_requests_of_a_user_are_limited
                node_that_handles_too_many_requests_refuses_more
            }
            [shared_state] settings(store) {
                closed_sign_up_is_forbidden
                zero_leeway_ends_the_session_at_the_first_reuse
                token_lifetimes_follow_the_settings
                links_and_trusted_host_follow_the_public_url
                password_equal_to_a_name_email_or_host_is_rejected
                session_cookie_has_the_host_prefix_over_https
                body_limit_follows_the_settings
                larger_body_limit_applies_to_batches_too
                allowed_origin_gets_cors_headers
                ids_come_from_the_id_generator
                stopping_node_reports_draining_and_still_serves
                unreachable_store_is_reported_without_details
                outage_does_not_count_as_a_wrong_password
            }
        }
    };
}
