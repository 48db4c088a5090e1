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

/// Like [`conformance_tests!`](crate::conformance_tests), for a [`Clock`](memo_domain::Clock):
/// `async fn() -> Option<Arc<dyn Clock>>`.
#[macro_export]
macro_rules! clock_tests {
    ($factory:path) => {
        $crate::__each_port_case!(clock, __tests, [$factory, __fresh_clock, clock_entries, $crate::ClockGiven]);
    };
}

/// Like [`conformance_tests!`](crate::conformance_tests), for an [`IdGenerator`](memo_domain::IdGenerator):
/// `async fn() -> Option<Arc<dyn IdGenerator>>`.
#[macro_export]
macro_rules! id_generator_tests {
    ($factory:path) => {
        $crate::__each_port_case!(
            id_generator,
            __tests,
            [$factory, __fresh_id_generator, id_generator_entries, $crate::IdGeneratorGiven]
        );
    };
}

/// Like [`conformance_tests!`](crate::conformance_tests), for a [`SecretGenerator`](memo_domain::SecretGenerator):
/// `async fn() -> Option<TestSecrets>`.
#[macro_export]
macro_rules! secret_generator_tests {
    ($factory:path) => {
        $crate::__each_port_case!(
            secret_generator,
            __tests,
            [$factory, __fresh_secret_generator, secret_generator_entries, $crate::SecretGeneratorGiven]
        );
    };
}

/// Like [`conformance_tests!`](crate::conformance_tests), for a [`PasswordHasher`](memo_domain::PasswordHasher):
/// `async fn() -> Option<Arc<dyn PasswordHasher>>`. The hasher should be cheap, and let
/// some dozens of passwords wait, but fewer than 1,000.
#[macro_export]
macro_rules! password_hasher_tests {
    ($factory:path) => {
        $crate::__each_port_case!(
            password_hasher,
            __tests,
            [$factory, __fresh_password_hasher, password_hasher_entries, $crate::PasswordHasherGiven]
        );
    };
}

/// Like [`conformance_tests!`](crate::conformance_tests), for a [`TokenSigner`](memo_domain::TokenSigner):
/// `async fn() -> Option<Box<dyn TestSigners>>`.
#[macro_export]
macro_rules! token_signer_tests {
    ($factory:path) => {
        $crate::__each_port_case!(
            token_signer,
            __tests,
            [$factory, __fresh_token_signer, token_signer_entries, $crate::TokenSignerGiven]
        );
    };
}

/// Like [`conformance_tests!`](crate::conformance_tests), for a [`Mailer`](memo_domain::Mailer):
/// `async fn() -> Option<Box<dyn TestMailer>>`.
#[macro_export]
macro_rules! mailer_tests {
    ($factory:path) => {
        $crate::__each_port_case!(mailer, __tests, [$factory, __fresh_mailer, mailer_entries, $crate::MailerGiven]);
    };
}

/// Like [`conformance_tests!`](crate::conformance_tests), for a [`MailRenderer`](memo_domain::MailRenderer):
/// `async fn() -> Option<Arc<dyn MailRenderer>>`.
#[macro_export]
macro_rules! mail_renderer_tests {
    ($factory:path) => {
        $crate::__each_port_case!(
            mail_renderer,
            __tests,
            [$factory, __fresh_mail_renderer, mail_renderer_entries, $crate::MailRendererGiven]
        );
    };
}

/// Like [`conformance_tests!`](crate::conformance_tests), for a [`Notifier`](memo_domain::Notifier):
/// `async fn() -> Option<Box<dyn TestNotifier>>`.
#[macro_export]
macro_rules! notifier_tests {
    ($factory:path) => {
        $crate::__each_port_case!(
            notifier,
            __tests,
            [$factory, __fresh_notifier, notifier_entries, $crate::NotifierGiven]
        );
    };
}

/// Like [`conformance_tests!`](crate::conformance_tests), for a [`SocialProvider`](memo_domain::SocialProvider):
/// `async fn() -> Option<Box<dyn TestProvider>>`.
#[macro_export]
macro_rules! social_provider_tests {
    ($factory:path) => {
        $crate::__each_port_case!(
            social_provider,
            __tests,
            [$factory, __fresh_social_provider, social_provider_entries, $crate::SocialProviderGiven]
        );
    };
}

/// Like [`conformance_tests!`](crate::conformance_tests), for a [`LanguageModel`](memo_domain::LanguageModel):
/// `async fn() -> Option<Box<dyn TestModel>>`.
#[macro_export]
macro_rules! language_model_tests {
    ($factory:path) => {
        $crate::__each_port_case!(
            language_model,
            __tests,
            [$factory, __fresh_language_model, language_model_entries, $crate::LanguageModelGiven]
        );
    };
}

/// Like [`conformance_tests!`](crate::conformance_tests), for a [`WebhookSender`](memo_domain::WebhookSender):
/// `async fn() -> Option<Box<dyn TestReceiver>>`.
#[macro_export]
macro_rules! webhook_sender_tests {
    ($factory:path) => {
        $crate::__each_port_case!(
            webhook_sender,
            __tests,
            [$factory, __fresh_webhook_sender, webhook_sender_entries, $crate::WebhookSenderGiven]
        );
    };
}

/// Like [`conformance_tests!`](crate::conformance_tests), for a [`Sealer`](memo_domain::Sealer), given twice with
/// different keys: `async fn() -> Option<[Arc<dyn Sealer>; 2]>`.
#[macro_export]
macro_rules! sealer_tests {
    ($factory:path) => {
        $crate::__each_port_case!(sealer, __tests, [$factory, __fresh_sealer, sealer_entries, $crate::SealerGiven]);
    };
}

/// Like [`conformance_tests!`](crate::conformance_tests), for [`Markdown`](memo_domain::Markdown):
/// `async fn() -> Option<TestMarkdown>`.
#[macro_export]
macro_rules! markdown_tests {
    ($factory:path) => {
        $crate::__each_port_case!(
            markdown,
            __tests,
            [$factory, __fresh_markdown, markdown_entries, $crate::MarkdownGiven]
        );
    };
}

/// Like [`conformance_tests!`](crate::conformance_tests), for [`OneTimeCodes`](memo_domain::OneTimeCodes):
/// `async fn() -> Option<Arc<dyn OneTimeCodes>>`.
#[macro_export]
macro_rules! one_time_codes_tests {
    ($factory:path) => {
        $crate::__each_port_case!(
            one_time_codes,
            __tests,
            [$factory, __fresh_one_time_codes, one_time_codes_entries, $crate::OneTimeCodesGiven]
        );
    };
}

use std::sync::Arc;

use memo_domain::{Clock, IdGenerator, MailRenderer, OneTimeCodes, PasswordHasher, Sealer};

use crate::subjects::{
    TestMailer, TestMarkdown, TestModel, TestNotifier, TestProvider, TestReceiver, TestSecrets, TestSigners,
};

#[doc(hidden)]
pub type ClockGiven = Arc<dyn Clock>;
#[doc(hidden)]
pub type IdGeneratorGiven = Arc<dyn IdGenerator>;
#[doc(hidden)]
pub type SecretGeneratorGiven = TestSecrets;
#[doc(hidden)]
pub type PasswordHasherGiven = Arc<dyn PasswordHasher>;
#[doc(hidden)]
pub type TokenSignerGiven = Box<dyn TestSigners>;
#[doc(hidden)]
pub type MailerGiven = Box<dyn TestMailer>;
#[doc(hidden)]
pub type MailRendererGiven = Arc<dyn MailRenderer>;
#[doc(hidden)]
pub type NotifierGiven = Box<dyn TestNotifier>;
#[doc(hidden)]
pub type SocialProviderGiven = Box<dyn TestProvider>;
#[doc(hidden)]
pub type LanguageModelGiven = Box<dyn TestModel>;
#[doc(hidden)]
pub type WebhookSenderGiven = Box<dyn TestReceiver>;
#[doc(hidden)]
pub type SealerGiven = [Arc<dyn Sealer>; 2];
#[doc(hidden)]
pub type MarkdownGiven = TestMarkdown;
#[doc(hidden)]
pub type OneTimeCodesGiven = Arc<dyn OneTimeCodes>;

crate::__each_port_case!(clock, __entries, [clock_entries, CLOCK_NAMES, crate::ClockGiven]);
crate::__each_port_case!(id_generator, __entries, [id_generator_entries, ID_NAMES, crate::IdGeneratorGiven]);
crate::__each_port_case!(
    secret_generator,
    __entries,
    [secret_generator_entries, SECRET_NAMES, crate::SecretGeneratorGiven]
);
crate::__each_port_case!(
    password_hasher,
    __entries,
    [password_hasher_entries, HASHER_NAMES, crate::PasswordHasherGiven]
);
crate::__each_port_case!(token_signer, __entries, [token_signer_entries, SIGNER_NAMES, crate::TokenSignerGiven]);
crate::__each_port_case!(mailer, __entries, [mailer_entries, MAILER_NAMES, crate::MailerGiven]);
crate::__each_port_case!(mail_renderer, __entries, [mail_renderer_entries, RENDERER_NAMES, crate::MailRendererGiven]);
crate::__each_port_case!(notifier, __entries, [notifier_entries, NOTIFIER_NAMES, crate::NotifierGiven]);
crate::__each_port_case!(
    social_provider,
    __entries,
    [social_provider_entries, PROVIDER_NAMES, crate::SocialProviderGiven]
);
crate::__each_port_case!(language_model, __entries, [language_model_entries, MODEL_NAMES, crate::LanguageModelGiven]);
crate::__each_port_case!(
    webhook_sender,
    __entries,
    [webhook_sender_entries, WEBHOOK_SENDER_NAMES, crate::WebhookSenderGiven]
);
crate::__each_port_case!(sealer, __entries, [sealer_entries, SEALER_NAMES, crate::SealerGiven]);
crate::__each_port_case!(markdown, __entries, [markdown_entries, MARKDOWN_NAMES, crate::MarkdownGiven]);
crate::__each_port_case!(one_time_codes, __entries, [one_time_codes_entries, CODE_NAMES, crate::OneTimeCodesGiven]);

/// The names of all cases of this file.
#[cfg(test)]
pub(crate) fn names() -> impl Iterator<Item = &'static str> {
    let lists = [
        CLOCK_NAMES,
        ID_NAMES,
        SECRET_NAMES,
        HASHER_NAMES,
        SIGNER_NAMES,
        MAILER_NAMES,
        RENDERER_NAMES,
        NOTIFIER_NAMES,
        PROVIDER_NAMES,
        MODEL_NAMES,
        WEBHOOK_SENDER_NAMES,
        SEALER_NAMES,
        MARKDOWN_NAMES,
        CODE_NAMES,
    ];
    lists.into_iter().flatten().copied()
}
