//! From the lists of cases of the ports beside the store to tests.

use std::sync::Arc;

use memo_domain::{Clock, IdGenerator, MailRenderer, OneTimeCodes, PasswordHasher, Sealer};

use crate::subjects::{
    TestMailer, TestMarkdown, TestModel, TestNotifier, TestProvider, TestReceiver, TestSecrets, TestSigners,
};

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

/// The names of all cases of these ports.
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
