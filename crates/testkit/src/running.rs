use std::{net::SocketAddr, sync::Arc, thread};

use memo_domain::{
    IdGenerator, LanguageModel, Mailer, Notifier, SecretGenerator, SocialProvider, Store, WebhookSender,
};
use memo_memory::FixedClock;
use memo_server::{Cleaner, Server, Settings};
use tokio::sync::oneshot;

/// Arguments of the composition root.
pub struct Parts {
    pub settings: Settings,
    pub store: Arc<dyn Store>,
    pub clock: Arc<FixedClock>,
    pub ids: Arc<dyn IdGenerator>,
    pub secrets: Arc<dyn SecretGenerator>,
    pub mailer: Arc<dyn Mailer>,
    pub messages: Arc<dyn Notifier>,
    pub providers: Vec<Arc<dyn SocialProvider>>,
    pub model: Option<Arc<dyn LanguageModel>>,
    pub webhooks: Arc<dyn WebhookSender>,
}

/// A server on its own thread, so that `drop` can wait for its end.
pub struct Running {
    stop: Option<oneshot::Sender<()>>,
    thread: Option<thread::JoinHandle<()>>,
    cleaner: Cleaner,
}

/// What its thread tells of a server that listens: its address and public URL, and what cleans up.
type Listening = (SocketAddr, String, Cleaner);

impl Running {
    /// Starts the server; returns its address and public URL, too.
    pub async fn start(parts: Parts) -> (Self, SocketAddr, String) {
        let (ready, listening) = oneshot::channel();
        let (stop, stopped) = oneshot::channel();
        let thread = thread::Builder::new().name("memo".into()).spawn(move || serve(parts, ready, stopped));
        let thread = Some(thread.expect("a thread"));
        let (address, public_url, cleaner) = listening.await.expect("the server starts");
        (Self { stop: Some(stop), thread, cleaner }, address, public_url)
    }

    /// Removes what is older than it is kept.
    pub async fn clean_up(&self) {
        self.cleaner.clean_up().await;
    }

    /// Tells the server to stop, like a signal, and does not wait.
    pub fn announce_stop(&mut self) {
        self.stop.take();
    }
}

#[tokio::main(flavor = "current_thread")]
async fn serve(parts: Parts, ready: oneshot::Sender<Listening>, stopped: oneshot::Receiver<()>) {
    let builder = Server::builder(parts.settings).store(parts.store).clock(parts.clock.clone()).mailer(parts.mailer);
    let mut builder =
        builder.ids(parts.ids).secrets(parts.secrets).messages(parts.messages).webhook_sender(parts.webhooks);
    for provider in parts.providers {
        builder = builder.provider(provider);
    }
    if let Some(model) = parts.model {
        builder = builder.language_model(model);
    }
    let server = builder.build().await.unwrap_or_else(|error| panic!("the server cannot be built: {error}"));
    // Jobs that are due after a move of the clock run at once: a test that waits for them takes milliseconds.
    parts.clock.when_moved(server.waker());
    if ready.send((server.address(), server.public_url().to_owned(), server.cleaner())).is_ok() {
        let stop = async {
            // An error means that the sender was dropped, which counts as a stop, too.
            let _ = stopped.await;
        };
        server.run(stop).await.unwrap_or_else(|error| panic!("the server failed: {error}"));
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.announce_stop();
        let result = self.thread.take().map(thread::JoinHandle::join);
        assert!(thread::panicking() || !matches!(result, Some(Err(_))), "the server has panicked");
    }
}
