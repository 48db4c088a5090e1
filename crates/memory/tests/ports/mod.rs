//! The adapters beside the store.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use async_trait::async_trait;
use memo_conformance::{
    ModelBehaviour, ReceiverBehaviour, TestMailer, TestModel, TestNotifier, TestProvider, TestReceiver, TestSecrets,
};
use memo_domain::{
    AuthorizationRequest, Clock, IdGenerator, LanguageModel, Mail, Mailer, MessageTokens, Notifier, Recipient,
    SocialProvider, SocialUser, Timestamp, WebhookSender, WebhookUrl,
};
use memo_memory::{
    CapturedMail, CapturedNotifications, CapturedWebhooks, FixedClock, MemoryModel, MemoryProvider, ModelEnding,
    SequentialIds, SequentialSecrets, WebhookReply,
};

fn time() -> Timestamp {
    Timestamp::parse("2026-01-31T09:00:00.123456Z").expect("a valid time")
}

async fn clock() -> Option<Arc<dyn Clock>> {
    Some(Arc::new(FixedClock::at(time())))
}

memo_conformance::clock_tests!(clock);

async fn ids() -> Option<Arc<dyn IdGenerator>> {
    Some(Arc::new(SequentialIds::new()))
}

memo_conformance::id_generator_tests!(ids);

async fn secrets() -> Option<TestSecrets> {
    Some(TestSecrets { secrets: Arc::new(SequentialSecrets::new()), is_predictable: true })
}

memo_conformance::secret_generator_tests!(secrets);

struct Captured(Arc<CapturedMail>);

#[async_trait]
impl TestMailer for Captured {
    fn mailer(&self) -> Arc<dyn Mailer> {
        self.0.clone()
    }

    async fn delivered(&self) -> Vec<String> {
        let message =
            |Mail { to, subject, text, .. }| format!("To: {}\r\nSubject: {subject}\r\n\r\n{text}", to.as_str());
        self.0.sent().into_iter().map(message).collect()
    }

    async fn fail(&self) {
        self.0.fail_temporarily(usize::MAX);
    }

    async fn hang(&self) -> bool {
        false
    }
}

async fn captured() -> Option<Box<dyn TestMailer>> {
    Some(Box::new(Captured(Arc::new(CapturedMail::new()))))
}

memo_conformance::mailer_tests!(captured);

struct Notified(Arc<CapturedNotifications>);

#[async_trait]
impl TestNotifier for Notified {
    fn notifier(&self) -> Arc<dyn Notifier> {
        self.0.clone()
    }

    fn recipient(&self) -> Recipient {
        Recipient::Messages { access_token: "token".to_owned() }
    }

    async fn delivered(&self) -> Vec<String> {
        self.0.texts()
    }

    async fn fail(&self) {
        self.0.be_away(true);
    }

    async fn hang(&self) -> bool {
        false
    }
}

async fn notified() -> Option<Box<dyn TestNotifier>> {
    let notifications = CapturedNotifications::new();
    notifications.accept("token");
    Some(Box::new(Notified(Arc::new(notifications))))
}

memo_conformance::notifier_tests!(notified);

/// A provider, and whether its users allow messages.
struct Acme(Arc<MemoryProvider>, AtomicBool);

fn message_tokens(access_token: &str) -> MessageTokens {
    let refresh_token = Some("refresh".to_owned());
    MessageTokens { access_token: access_token.to_owned(), refresh_token, expires_at: None }
}

impl TestProvider for Acme {
    fn provider(&self) -> Arc<dyn SocialProvider> {
        self.0.clone()
    }

    fn now(&self) -> Timestamp {
        time()
    }

    fn approve(&self, request: &AuthorizationRequest, state: &str, _: &str) -> String {
        assert!(request.url.ends_with(&format!("state={state}")), "{}", request.url);
        let message_tokens = self.1.load(Ordering::Relaxed).then(|| message_tokens("first"));
        let alice = SocialUser { message_tokens, ..self.0.user("alice", Some("alice@example.com"), true) };
        self.0.approve(state, alice).expect("there is such a request")
    }

    fn allow_messages(&self, are_allowed: bool) -> bool {
        self.1.store(are_allowed, Ordering::Relaxed);
        self.0.accept_refresh("refresh", message_tokens("second"));
        true
    }

    fn forgeries(&self) -> &'static [&'static str] {
        // It makes no statements that could be forged on their way.
        &[]
    }

    fn forge(&self, _: &str) {}

    fn hang(&self) -> bool {
        false
    }

    fn redirect(&self) -> bool {
        false
    }

    fn followed_redirects(&self) -> usize {
        0
    }
}

async fn acme() -> Option<Box<dyn TestProvider>> {
    Some(Box::new(Acme(Arc::new(MemoryProvider::new("acme")), AtomicBool::default())))
}

memo_conformance::social_provider_tests!(acme);

struct Told(Arc<MemoryModel>);

impl TestModel for Told {
    fn model(&self) -> Arc<dyn LanguageModel> {
        self.0.clone()
    }

    fn behave(&self, behaviour: ModelBehaviour) -> bool {
        let (parts, ending) = match behaviour {
            ModelBehaviour::Answers(parts) => (parts.to_vec(), ModelEnding::Complete),
            ModelBehaviour::BreaksOff(part) => (vec![part], ModelEnding::Fails(None)),
            ModelBehaviour::Silent => (Vec::new(), ModelEnding::TimesOut),
            ModelBehaviour::SilentAfter(part) => (vec![part], ModelEnding::TimesOut),
            ModelBehaviour::WaitsAfter(part) => (vec![part], ModelEnding::Waits),
            ModelBehaviour::Refuses(_) => (Vec::new(), ModelEnding::Fails(None)),
            ModelBehaviour::Endless | ModelBehaviour::Garbage(_) | ModelBehaviour::Redirects => return false,
        };
        self.0.answer_with(&parts, ending);
        true
    }

    fn running(&self) -> usize {
        self.0.running()
    }

    fn followed_redirects(&self) -> usize {
        0
    }

    fn credentials(&self) -> Vec<String> {
        Vec::new()
    }
}

async fn told() -> Option<Box<dyn TestModel>> {
    Some(Box::new(Told(Arc::new(MemoryModel::new()))))
}

memo_conformance::language_model_tests!(told);

const RECEIVER: &str = "https://example.com/in";

struct Receiver(Arc<CapturedWebhooks>);

impl TestReceiver for Receiver {
    fn sender(&self) -> Arc<dyn WebhookSender> {
        self.0.clone()
    }

    fn url(&self) -> WebhookUrl {
        WebhookUrl::new(RECEIVER).expect("a URL")
    }

    fn behave(&self, behaviour: ReceiverBehaviour) -> bool {
        let ReceiverBehaviour::Responds(status) = behaviour else { return false };
        self.0.reply(RECEIVER, WebhookReply::Status(status));
        true
    }

    fn received(&self) -> Vec<String> {
        self.0.sent_to(RECEIVER).into_iter().map(|message| message.id).collect()
    }
}

async fn receiver() -> Option<Box<dyn TestReceiver>> {
    Some(Box::new(Receiver(Arc::new(CapturedWebhooks::new()))))
}

memo_conformance::webhook_sender_tests!(receiver);
