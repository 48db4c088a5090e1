//! The lists of cases of the ports beside the store, a list for each port.
//!
//! The cases of `BrowserSessions`, `Cache` and `Events` need no subject of their own and are in `list.rs`.

/// Hands the list of a port to another macro, after an argument for it.
#[doc(hidden)]
#[macro_export]
macro_rules! __each_port_case {
    (clock, $expand:ident, $argument:tt) => {
        $crate::$expand! {
            $argument
            clock(whole) {
                the_clock_does_not_block
            }
        }
    };
    (id_generator, $expand:ident, $argument:tt) => {
        $crate::$expand! {
            $argument
            ids(whole) {
                an_id_is_a_uuid_v7_of_its_moment
                no_two_ids_are_equal
                ids_of_one_moment_ascend
            }
        }
    };
    (secret_generator, $expand:ident, $argument:tt) => {
        $crate::$expand! {
            $argument
            secrets(whole) {
                no_two_secrets_are_equal
                secrets_are_unpredictable
            }
        }
    };
    (password_hasher, $expand:ident, $argument:tt) => {
        $crate::$expand! {
            $argument
            hashers(whole) {
                a_password_verifies_against_its_own_hash
                every_character_of_a_password_counts
                two_hashes_of_a_password_differ
                a_new_hash_is_not_outdated
                hashing_does_not_block
                waiting_hashes_are_bounded
                clients_share_a_queue
                each_purpose_has_a_queue_of_its_own
                a_missing_hash_takes_as_long_as_a_wrong_password
            }
        }
    };
    (token_signer, $expand:ident, $argument:tt) => {
        $crate::$expand! {
            $argument
            signers(whole) {
                an_access_token_reads_back_equal
                a_foreign_token_is_invalid
                a_token_is_valid_from_its_issue_to_its_expiry
                public_keys_are_those_that_verify
                a_successor_is_the_same_each_time
                successors_of_other_tokens_or_keys_differ
            }
        }
    };
    (mailer, $expand:ident, $argument:tt) => {
        $crate::$expand! {
            $argument
            mailers(whole) {
                a_sent_mail_is_at_the_next_hop
                a_header_cannot_be_injected
                a_send_ends_in_time
            }
        }
    };
    (mail_renderer, $expand:ident, $argument:tt) => {
        $crate::$expand! {
            $argument
            renderers(whole) {
                a_message_contains_its_token
                text_of_a_client_stays_text
            }
        }
    };
    (notifier, $expand:ident, $argument:tt) => {
        $crate::$expand! {
            $argument
            notifiers(whole) {
                a_sent_notification_is_at_the_service
                a_notification_says_what_and_when
                another_kind_of_recipient_is_refused
                a_failed_notification_is_an_error
                a_notification_ends_in_time
            }
        }
    };
    (social_provider, $expand:ident, $argument:tt) => {
        $crate::$expand! {
            $argument
            providers(whole) {
                a_code_is_redeemed_once_and_with_its_verifier
                a_forged_statement_about_a_user_is_refused
                message_tokens_need_the_consent_of_the_user
                a_provider_call_ends_in_time
                a_redirect_of_a_provider_is_not_followed
            }
        }
    };
    (language_model, $expand:ident, $argument:tt) => {
        $crate::$expand! {
            $argument
            models(whole) {
                an_answer_arrives_whole
                a_dropped_wait_loses_no_text
                an_answer_that_breaks_off_is_an_error
                a_silent_model_times_out
                an_endless_answer_is_refused
                a_redirect_of_a_model_is_not_followed
                a_dropped_answer_ends_the_call
                calls_of_a_model_are_bounded
                an_error_of_a_model_shows_no_text
            }
        }
    };
    (webhook_sender, $expand:ident, $argument:tt) => {
        $crate::$expand! {
            $argument
            webhook_senders(whole) {
                a_message_is_received_once
                only_a_status_from_200_to_299_is_a_success
                a_redirect_of_a_receiver_is_not_followed
                a_delivery_ends_in_time
                a_response_is_not_read
            }
        }
    };
    (sealer, $expand:ident, $argument:tt) => {
        $crate::$expand! {
            $argument
            sealers(whole) {
                a_sealed_value_opens
                a_changed_or_foreign_value_does_not_open
                a_sealed_value_opens_in_its_own_context_only
                the_same_value_sealed_twice_differs
            }
        }
    };
    (markdown, $expand:ident, $argument:tt) => {
        $crate::$expand! {
            $argument
            markdown(whole) {
                a_snippet_is_the_beginning_of_the_plain_text
                checkboxes_are_counted_outside_code
                links_to_memos_are_found_outside_code
                links_are_distinct_and_bounded
                a_task_changes_one_character
                an_absent_task_is_not_set
                a_title_is_the_first_heading_or_line
                html_has_the_structure_of_the_text
                html_is_safe
                hostile_markdown_costs_little
            }
        }
    };
    (one_time_codes, $expand:ident, $argument:tt) => {
        $crate::$expand! {
            $argument
            codes(whole) {
                one_time_codes_are_those_of_rfc_6238
                a_one_time_code_is_valid_one_step_before_and_after
                the_latest_step_of_one_time_codes_is_the_next_one
                a_wrong_one_time_code_has_no_step
                a_code_secret_is_base32_and_in_the_uri
            }
        }
    };
}
