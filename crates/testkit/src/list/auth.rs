//! The tests of `/api/v1/auth`.

#[doc(hidden)]
#[macro_export]
macro_rules! __each_auth_test {
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
                    oldest_of_too_many_sessions_ends
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
        }
    };
}
