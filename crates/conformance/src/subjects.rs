//! What the suites of the ports beside the store are given: an adapter, and what a case needs to know or change around it.

use std::sync::Arc;

use async_trait::async_trait;
use memo_domain::{
    AccessClaims, AuthorizationRequest, LanguageModel, Mailer, Markdown, Notifier, Recipient, Secret, SecretGenerator,
    SocialProvider, Timestamp, TokenSigner, WebhookSender, WebhookUrl,
};

/// A generator of secrets.
pub struct TestSecrets {
    /// The generator.
    pub secrets: Arc<dyn SecretGenerator>,
    /// Whether it is a generator for tests, whose secrets may be predictable.
    pub is_predictable: bool,
}

/// Creates signers of one kind.
pub trait TestSigners: Send + Sync {
    /// Returns a signer with these keys. The first one signs, all of them verify.
    fn signer(&self, keys: &[Secret]) -> Arc<dyn TokenSigner>;

    /// Returns tokens that `signer(&[key])` must refuse, each with what is wrong with it. They are signed with `key` if
    /// that is possible; among them are a wrong `algorithm`, `type`, `issuer` and `audience`.
    fn foreign(&self, key: &Secret, claims: &AccessClaims) -> Vec<(&'static str, String)>;
}

/// A mailer and its next hop: a folder or a server.
#[async_trait]
pub trait TestMailer: Send + Sync {
    /// Returns the mailer.
    fn mailer(&self) -> Arc<dyn Mailer>;

    /// Returns the messages that the next hop has, each with header and body.
    async fn delivered(&self) -> Vec<String>;

    /// Makes the next hop refuse mail from now on.
    async fn fail(&self);

    /// Makes the next hop stop responding. Returns `false` if it always responds.
    async fn hang(&self) -> bool;
}

/// A notifier and its service.
#[async_trait]
pub trait TestNotifier: Send + Sync {
    /// Returns the notifier.
    fn notifier(&self) -> Arc<dyn Notifier>;

    /// Returns a recipient of the kind that it knows.
    fn recipient(&self) -> Recipient;

    /// Returns the text of the notifications that the service has.
    async fn delivered(&self) -> Vec<String>;

    /// Makes the service fail from now on.
    async fn fail(&self);

    /// Makes the service stop responding. Returns `false` if it always responds.
    async fn hang(&self) -> bool;
}

/// A social provider and what it talks to.
pub trait TestProvider: Send + Sync {
    /// Returns the provider.
    fn provider(&self) -> Arc<dyn SocialProvider>;

    /// Returns the time at which codes are redeemed.
    fn now(&self) -> Timestamp;

    /// Acts as a user's browser: checks that the request is one of the authorization code flow with PKCE S256 and these
    /// parameters, and returns the code that the user's consent yields.
    fn approve(&self, request: &AuthorizationRequest, state: &str, redirect_uri: &str) -> String;

    /// Lets users allow messages from now on, or not. Returns `false` if the provider sends none.
    fn allow_messages(&self, are_allowed: bool) -> bool;

    /// Returns what can be wrong with the provider's statements about a user.
    fn forgeries(&self) -> &'static [&'static str];

    /// Makes the next statements about a user wrong in this way.
    fn forge(&self, forgery: &str);

    /// Makes the provider stop responding. Returns `false` if it always responds.
    fn hang(&self) -> bool;

    /// Makes the provider respond with redirects to another address. Returns `false` if it has no addresses.
    fn redirect(&self) -> bool;

    /// Returns how many requests that other address got.
    fn followed_redirects(&self) -> usize;
}

/// A reader of Markdown.
pub struct TestMarkdown {
    /// The reader.
    pub markdown: Arc<dyn Markdown>,
    /// The URL of its server.
    pub public_url: &'static str,
}

/// How a language model behaves.
#[derive(Debug, Clone, Copy)]
pub enum ModelBehaviour {
    /// It answers with these parts.
    Answers(&'static [&'static str]),
    /// It begins an answer, and its connection ends.
    BreaksOff(&'static str),
    /// It does not respond.
    Silent,
    /// It begins an answer, and sends no more for longer than the adapter waits.
    SilentAfter(&'static str),
    /// It begins an answer, and works on it until the call is dropped.
    WaitsAfter(&'static str),
    /// Its answer has no end.
    Endless,
    /// It refuses the call, with this text.
    Refuses(&'static str),
    /// Its response is no answer, and contains this text.
    Garbage(&'static str),
    /// It responds with a redirect to another address.
    Redirects,
}

/// A language model and what its adapter talks to.
pub trait TestModel: Send + Sync {
    /// Returns the adapter. It waits for a few seconds at most.
    fn model(&self) -> Arc<dyn LanguageModel>;

    /// Makes the model behave so from now on. Returns `false` if it never does.
    fn behave(&self, behaviour: ModelBehaviour) -> bool;

    /// Returns how many calls the model is working on.
    fn running(&self) -> usize;

    /// Returns how many requests the address of the redirects got.
    fn followed_redirects(&self) -> usize;

    /// Returns what the adapter authenticates with.
    fn credentials(&self) -> Vec<String>;
}

/// How the receiver of a webhook behaves.
#[derive(Debug, Clone, Copy)]
pub enum ReceiverBehaviour {
    /// It responds with this status.
    Responds(u16),
    /// It does not respond.
    Silent,
    /// Its response comes byte by byte, and has no end.
    Slow,
    /// It responds with 200, and a body without an end.
    Endless,
    /// It responds with a redirect to itself.
    Redirects,
}

/// The receiver of a webhook, and what sends to it.
pub trait TestReceiver: Send + Sync {
    /// Returns the adapter.
    fn sender(&self) -> Arc<dyn WebhookSender>;

    /// Returns the URL of the receiver.
    fn url(&self) -> WebhookUrl;

    /// Makes the receiver behave so from now on. Returns `false` if it never does.
    fn behave(&self, behaviour: ReceiverBehaviour) -> bool;

    /// Returns the ids of the messages of all requests that it got.
    fn received(&self) -> Vec<String>;
}
