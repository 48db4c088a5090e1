//! The tests of `/api/v1/me` and `/api/v1/admin`.

#[doc(hidden)]
#[macro_export]
macro_rules! __each_account_test {
    ($expand:ident, $argument:tt) => {
        $crate::$expand! {
            $argument
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
                slow_import_keeps_others_waiting
                import_that_updates_a_memo_says_when_its_owner_was_reminded
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
                import_stores_nothing_after_its_user_has_signed_out
                export_ends_after_its_user_has_signed_out
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
                    error_of_the_former_url_of_a_webhook_does_not_count
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
        }
    };
}
