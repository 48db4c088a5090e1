//! The tests of what is the same on all paths, of the other paths, and of the settings.

#[doc(hidden)]
#[macro_export]
macro_rules! __each_server_test {
    ($expand:ident, $argument:tt) => {
        $crate::$expand! {
            $argument
            housekeeping(store) {
                server_removes_old_changes_in_the_background
                data_is_removed_after_its_retention
            }
            [shared_state] nodes(store) {
                session_ended_on_one_node_ends_on_every_node
                api_key_changed_on_one_node_changes_on_every_node
                password_is_rehashed_if_the_cost_setting_changed
                refresh_token_has_the_same_successor_on_every_node
                request_that_is_repeated_on_another_node_is_done_once
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
                live_connections_end_when_the_networks_of_their_api_key_leave_out_the_client
                websocket_follows_the_feed_and_answers_pings
                websocket_needs_a_handshake_from_an_allowed_origin
                websocket_handshake_is_a_get_without_a_body
                websocket_messages_of_the_client_are_limited
                websocket_frame_is_refused_by_its_header
            }
            live_settings(store) {
                quiet_connections_are_kept_alive_within_the_request_timeout
                busy_websocket_is_pinged_and_judged_by_its_answers
                live_connections_are_told_to_reconnect_when_the_node_stops
            }
            every_operation(app) {
                unknown_parameter_is_rejected_by_name
                unusual_parameter_name_is_reported_verbatim
                unknown_json_field_is_rejected_by_name
                unknown_field_is_rejected_by_operations_without_a_body
                private_json_is_revalidated
                null_is_rejected_unless_the_schema_allows_it
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
                requests_whose_body_is_not_read_are_counted_as_well
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
                stored_responses_of_a_user_are_bounded
                allowed_origin_gets_cors_headers
                ids_come_from_the_id_generator
                stopping_node_reports_draining_and_still_serves
                unreachable_store_is_reported_without_details
                outage_does_not_count_as_a_wrong_password
            }
        }
    };
}
